"""Commands on the clips of a run: slices and suspected label errors."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import ParameterError
from tests.runs.made import CONTRADICTED, made_run


def run(*arguments) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture
def made(ser_home):
    return made_run(ser_home, wrong_speaker="WR0")


def test_slices_are_of_the_corpus_of_the_run(made, tmp_path):
    file = tmp_path / "slices.csv"
    found = json.loads(run("results", "slices", made.id, "--csv", file, "--json"))
    assert {row["by"] for row in found["slices"]} == {"gender"}  # others have under 20 clips
    assert found["not_tested"] > 9
    assert pd.read_csv(file)["slice"].to_list() == [row["slice"] for row in found["slices"]]
    assert "slices were tested" in run("results", "slices", made.folder)


def test_the_clip_that_the_answers_contradict_comes_first(made, tmp_path):
    file = tmp_path / "suspects.csv"
    found = json.loads(run("results", "label-errors", made.id, "--csv", file, "--json"))
    first = found["suspects"][0]
    assert (first["clip"], first["label"], first["suggested"]) == (CONTRADICTED, "anger", "fear")
    assert found["clips"] == 53
    assert pd.read_csv(file)["clip"][0] == CONTRADICTED
    assert CONTRADICTED in run("results", "label-errors", made.id, "--method", "by class")


def test_a_run_without_enrolment_has_no_such_answers(made):
    with pytest.raises(ParameterError, match="enrols no speakers"):
        run("results", "slices", made.id, "--enrolled")
