"""Pages are driven by streamlit's AppTest, through `app.py` as in a browser."""

import os
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from ser_core.core import REPOSITORY, demo_corpus
from ser_core.inference import catalogue
from ser_core.runs.catalogue import runs
from ser_core.storage.opened import remember_opened

PLACES = {
    "corpus", "folder", "long-file", "long-turns", "representation.encoder", "split.file"
}  # fmt: skip
"""Parameters of an address that name a place on the disk."""

TINY = {
    "corpus": str(demo_corpus()),
    "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
    "network": {"name": "resnet10", "width": 4},
    "train": {"epochs": 2, "batch": 8, "threads": 1, "precision": "float32"},
}


@pytest.fixture(autouse=True, scope="module")
def nothing_bundled(tmp_path_factory):
    """Pages with the models that a test makes, and none beside."""
    empty = tmp_path_factory.mktemp("bundled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "bundled_folder", lambda: empty)
        yield


@pytest.fixture(autouse=True)
def plain_start(monkeypatch):
    monkeypatch.setenv("SER_WARM_UP", "0")
    monkeypatch.delenv("SER_CORPUS", raising=False)
    monkeypatch.chdir(REPOSITORY)  # streamlit reads .streamlit/config.toml from here


@pytest.fixture
def visit():
    """Open a page with query parameters and return the AppTest after its first run.

    Places in the address were opened before, unless `opened` is false.
    """

    def visit(page="", *, opened=True, **params):
        if opened:
            for name in PLACES & params.keys():
                remember_opened(params[name])
        app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=30)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if page:
            app.switch_page(f"pages/{page}/page.py")
            for name, value in params.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception
        return app

    return visit


@pytest.fixture
def said():
    """Everything a page says in words, as one string."""

    def said(app):
        kinds = ("title", "subheader", "markdown", "caption", "html", "info", "warning", "error")
        return "\n".join(str(e.value) for kind in kinds for e in app.get(kind) if e)

    return said


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Runtime folder with two tiny trainings of the demo, of two seeds each."""
    from ser_core.recipes.recipe import parse
    from ser_core.runs.execute import run

    home = tmp_path_factory.mktemp("trained")
    given = os.environ.get("SER_HOME")
    os.environ["SER_HOME"] = str(home)
    try:
        for policy in ("random", "speaker-disjoint"):
            own = {"name": f"tiny, {policy}", "split": {"policy": policy}, "seeds": [0, 1]}
            recipe = parse({**TINY, **own})
            run(recipe, home / "runs" / recipe.hash)
    finally:
        os.environ.pop("SER_HOME") if given is None else os.environ.update(SER_HOME=given)
    return home


@pytest.fixture
def with_runs(trained, ser_home):
    """The tiny trainings in this test's own runtime folder: hash by policy."""
    shutil.copytree(trained / "runs", ser_home / "runs")
    return {run.policy: run.id for run in runs(ser_home)}
