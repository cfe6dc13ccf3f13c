"""What `import ser_core as ser` offers, and the page of the documentation that uses it."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import ser_core as ser
from ser_core.core import REPOSITORY, ModelError, ParameterError
from ser_core.runs.catalogue import runs

PAGE = REPOSITORY / "docs" / "python.md"
QUICK = {"representation": {"name": "rms"}, "network": {"name": "linear"},
         "train": {"epochs": 1, "threads": 1}}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return ser.load_model()


@pytest.fixture
def corpus():
    return ser.open_corpus(ser.demo_corpus())


def code_of(page: Path) -> str:
    """The Python of a page in Markdown."""
    _, block = page.read_text(encoding="utf-8").split("```python\n")
    return block.partition("```")[0]


def test_the_page_does_the_main_job_in_thirty_lines(
    tmp_path, monkeypatch, capsys, mlflow_store, ser_home
):
    code = code_of(PAGE)
    assert len([line for line in code.splitlines() if line.strip()]) <= 30
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102
    said = capsys.readouterr().out
    assert "53 clips of 9 speakers" in said
    assert "Grade B: Test speakers are not in training" in said
    assert "exported/model.onnx passed" in said
    assert [run.result.grade for run in runs(ser_home)] == ["B"]  # it stands among the results


def test_importing_is_cheap():
    heavy = "{'torch', 'pandas', 'numpy', 'librosa', 'pydantic'}"
    code = f"import sys, ser_core; dir(ser_core); print({heavy}.intersection(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_every_name_is_there_and_described():
    for name in ser.__all__:
        assert getattr(ser, name).__doc__, name
    assert set(ser.__all__) <= set(dir(ser))
    with pytest.raises(AttributeError, match="no attribute 'predct'"):
        _ = ser.predct


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(ser.__file__).read_text(encoding="utf-8"))
    seen = {
        (alias.asname or alias.name): f"{each.module}:{alias.name}"
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom) and each.module.startswith("ser_core")
        for alias in each.names
    }
    assert seen == ser.OFFERED
    assert sorted(seen) == ser.__all__


def test_no_module_takes_the_place_of_a_name():
    modules = {each.name for each in pkgutil.iter_modules(ser.__path__)}
    assert not modules & set(ser.__all__)


def test_a_sound_is_answered_alike_however_it_is_given(model, demo_clip):
    given = [str(demo_clip), demo_clip, demo_clip.read_bytes(), ser.load_audio(demo_clip)]
    table = ser.predict(model, given)
    assert list(table["file"]) == [str(demo_clip), str(demo_clip), "sound 2", "sound 3"]
    probabilities = table.filter(like="p_").to_numpy()
    assert np.abs(probabilities - probabilities[0]).max() < 1e-6
    assert ser.predict(model, demo_clip)["answer"].item() == "anger"


def test_an_enrolled_speaker_is_used(model, demo_clip):
    own = sorted(demo_clip.parent.glob("SM0_*"))
    known = ser.enrol(model, [each for each in own if each != demo_clip])
    stranger, table = ser.predict(model, demo_clip), ser.predict(model, demo_clip, speaker=known)
    assert not table["other_voice"].item()
    assert table["p_anger"].item() != stranger["p_anger"].item()


def test_a_given_split_is_the_one_that_trains(corpus):
    split = ser.split(corpus, "speaker-disjoint", seed=3)
    steps = []
    result = ser.train(QUICK, corpus, split=split, track=False, progress=lambda *n: steps.append(n))
    assert result.split.hash == split.hash
    assert result.report.badge == ""
    assert steps[-1] == (2, 2)
    again = ser.train(QUICK, corpus, split=split, track=False)
    assert again.folder == result.folder
    assert again.report.uar == result.report.uar


def test_a_bundled_recipe_is_known_by_its_name(corpus, tmp_path, monkeypatch):
    changes = {**QUICK, "normalise": "corpus", "augment": {}, "train.select": "uar"}
    result = ser.train("functionals-random", corpus, changes=changes, track=False)
    assert (result.folder / "recipe.yaml").read_text().startswith("name: functionals, random split")
    # A file of that name goes before.
    monkeypatch.chdir(tmp_path)
    Path("functionals-random").write_text("name: my own\n")
    result = ser.train("functionals-random", corpus, changes=changes, track=False)
    assert (result.folder / "recipe.yaml").read_text().startswith("name: my own")


def test_a_recipe_holds_how_its_corpus_was_opened():
    some = ser.open_corpus(ser.demo_corpus(), include="EB0|IC0|SM0", label_map={"fear": "anger"})
    dealt = {"split": {"fractions": [0.5, 0.25, 0.25]}}
    result = ser.train({**QUICK, **dealt}, some, track=False)
    kept = yaml.safe_load((result.folder / "recipe.yaml").read_text(encoding="utf-8"))
    assert kept["opening"] == {"include": "EB0|IC0|SM0", "labels": {"fear": "anger"}}
    assert kept["corpus"] == str(ser.demo_corpus())
    found = result.predictions.table
    assert set(found["clip"].str[8:12]) <= {"EB0_", "IC0_", "SM0_"}
    assert "fear" not in found["true"].to_list()


def test_a_corpus_that_a_recipe_cannot_hold_is_refused():
    corpus = ser.open_corpus(ser.demo_corpus())
    changed = replace(corpus, clips=corpus.clips.iloc[::2])
    with pytest.raises(ParameterError, match="changed after it was opened"):
        ser.train(QUICK, changed)


def test_a_run_of_several_networks_wants_one_named(corpus):
    result = ser.train({**QUICK, "seeds": [0, 1]}, corpus, track=False)
    with pytest.raises(ModelError, match="a run of 2 networks"):
        ser.load_model(result.folder)
    assert ser.load_model(result.folder / "fold-0-seed-1" / "bundle").classes


def test_one_sound_is_explained_at_a_time(model, demo_clip):
    with pytest.raises(ParameterError, match="2 sounds"):
        ser.attribute(model, [demo_clip, demo_clip])


def test_figures_with_enrolled_clips(model, corpus):
    found = ser.evaluate(model, corpus, enrolled=[0, 2], draws=1)
    assert found.reports[0].n == found.reports[2].n == 53 - 9 * 2
