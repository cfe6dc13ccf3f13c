"""A link shows what its user has opened before, and asks before it opens anything else."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from ser_core.core import demo_corpus
from ser_core.storage.opened import was_opened
from tests.pages.test_predict import bundled, ready  # noqa: F401  (models for the page Predict)

PLACES = [
    ("", "corpus", "corpus", {}),
    ("corpus", "corpus", "corpus", {"view": "Checks"}),
    ("predict", "folder", "folder of recordings", {"tab": "Many recordings"}),
    ("predict", "long-file", "recording", {"tab": "Long recording"}),
    ("train", "representation.encoder", "speech encoder", {"representation.name": "encoder"}),
    ("train", "split.file", "file of a split", {}),
]
every_place = pytest.mark.parametrize(("page", "name", "what", "more"), PLACES)


@pytest.fixture
def link(visit, bundled):  # noqa: F811
    """Open a page by a link to a place that was not opened before."""
    return lambda page, **params: visit(page, opened=False, **params)


@pytest.fixture
def touched():
    """Paths that are opened or listed, by anything in this process."""
    found = []

    def hook(event, arguments):
        if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str):
            found.append(arguments[0])

    sys.addaudithook(hook)  # for good: a hook cannot be taken away
    return found


def questions(app, what):
    return [each for each in app.button if each.label == f"Open this {what}"]


def told(app):
    return " ".join(each.value for kind in ("error", "warning") for each in app.get(kind))


@every_place
def test_a_place_that_was_not_opened_before_is_asked_for(
    link, tmp_path, touched, page, name, what, more, ser_home
):
    place = tmp_path / "strange" / "place"
    shutil.copytree(demo_corpus() / "samples", place)
    touched.clear()
    app = link(page, **{name: str(place)}, **more)
    assert f"This link opens a {what}" in told(app)
    assert [path for path in touched if path.startswith(str(place))] == []
    assert not was_opened(place)
    written = [file for file in ser_home.rglob("*") if file.is_file()]
    assert not any(str(place).encode() in file.read_bytes() for file in written)
    questions(app, what)[0].click().run()
    assert not questions(app, what)
    assert was_opened(place)


@every_place
def test_what_was_opened_before_is_shown_without_a_question(
    visit,
    bundled,  # noqa: F811
    tmp_path,
    page,
    name,
    what,
    more,
):
    app = visit(page, **{name: str(tmp_path / "known")}, **more)
    assert not questions(app, what)


def test_a_noise_folder_in_the_steps_of_a_recipe_is_asked_for(link, tmp_path):
    steps = f"[{{name: recorded, folder: {tmp_path / 'noises'}}}]"
    assert questions(link("train", **{"augment.waveform": steps}), "folder of noises")


@every_place
@pytest.mark.parametrize("place", ["/dev/zero", "/dev/stdin", "/proc/self/mem"])
def test_a_device_is_refused_even_when_the_user_agrees(link, page, name, what, more, place):
    app = link(page, **{name: place}, **more)
    questions(app, what)[0].click().run()
    assert "fault is the workbench" not in told(app)
    assert "This link" not in told(app)
    assert told(app)


@every_place
def test_a_pipe_does_not_stop_a_page(link, page, name, what, more, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    app = link(page, **{name: str(tmp_path / "pipe.csv")}, **more)
    questions(app, what)[0].click().run()
    assert "fault is the workbench" not in told(app)
    assert told(app)


@every_place
@pytest.mark.parametrize("place", ["/x" * 2_500, "a\0b"], ids=["long", "null"])
def test_a_path_that_can_be_none_is_an_error_in_words(link, page, name, what, more, place):
    app = link(page, **{name: place}, **more)
    for question in questions(app, what):
        question.click().run()
        break
    assert "fault is the workbench" not in told(app)
    assert told(app)
    assert len(told(app)) < 1_000
