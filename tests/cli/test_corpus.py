"""The corpus commands say what the library found, in text and in JSON."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import REPOSITORY, ParameterError, SerError, UnknownNameError, demo_corpus
from ser_core.corpora import Split, make_split, open_corpus
from tests.corpora.synthetic import sound

DEMO = str(demo_corpus())


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["corpus", *arguments])
    if result.exception:
        raise result.exception
    return result.stdout


def test_inspect_tells_what_is_in_it_and_what_is_wrong():
    text = run("inspect", DEMO)
    for words in ("corpus: nEMO", "clips: 53", "surprise: 8", "MK0 has no surprise."):
        assert words in text


def test_inspect_in_json_has_everything():
    result = json.loads(run("inspect", DEMO, "--json"))
    assert (result["reader"], result["usable"], result["licence"]) == (
        "nemo",
        53,
        "CC BY-NC-SA 4.0",
    )
    assert list(result["emotions"]) == [
        "anger", "fear", "happiness", "sadness", "surprise", "neutral",
    ]  # fmt: skip
    assert result["sample_rates"] == {"16000": 53}
    assert result["genders"] == {"female": 23, "male": 30}
    row = next(row for row in result["by_speaker"] if row["speaker"] == "MK0")
    assert (row["clips"], row["surprise"]) == (result["speakers"]["MK0"], 0)
    assert result["clips_a_speaker"]["greatest"] == max(result["speakers"].values())
    (issue,) = result["issues"]
    assert (issue["severity"], len(issue["clips"])) == ("warning", 5)


def test_inspect_without_a_scan_decodes_nothing(ser_home):
    result = json.loads(run("inspect", DEMO, "--no-scan", "--json"))
    assert "The sound was not checked" in [issue["title"] for issue in result["issues"]]
    assert not ser_home.exists()


def test_scan_writes_what_it_measured(tmp_path):
    out = tmp_path / "measures.csv"
    result = json.loads(run("scan", DEMO, "--include", "EB0_", "--out", str(out), "--json"))
    assert (result["clips"], result["measured"], result["problems"]) == (6, 6, {})
    assert 150 < result["median"]["f0"] < 350
    assert pd.read_csv(out, index_col="clip")["sha256"].nunique() == 6


def test_split_writes_what_the_library_makes(tmp_path):
    out = tmp_path / "split.json"
    arguments = ["--policy", "random", "--seed", "3", "--fractions", "0.6,0.2,0.2"]
    result = json.loads(run("split", DEMO, *arguments, "--out", str(out), "--json"))
    made = make_split(open_corpus(DEMO), "random", seed=3, fractions=(0.6, 0.2, 0.2))
    assert Split.load(out).hash == result["hash"] == made.hash
    assert result["parts"]["split"] == {k: len(v) for k, v in made.fold().items()}
    assert result["audit"]["grade"] == "E"


def test_split_keeps_copies_together(tmp_path):
    rows = ["file,emotion,speaker"]
    for number in range(20):
        noise = 0.1 * np.random.default_rng(number).standard_normal(24_000)
        for copy in range(2):
            name = f"{number}-{copy}.wav"
            soundfile.write(tmp_path / name, noise[copy * 800 :] / (1 + copy), 16_000)
            rows.append(f"{name},{('anger', 'fear')[number % 2]},s{number % 5}")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    arguments = ("split", str(tmp_path), "--policy", "random", "--fractions", "0.6,0.2,0.2")
    apart = json.loads(run(*arguments, "--json"))
    together = json.loads(run(*arguments, "--group-copies", "--json"))
    assert apart["audit"]["grade"] == "F"
    assert together["audit"]["grade"] != "F"
    assert together["copies"] == "together"


@pytest.mark.parametrize(
    ("policy", "grade"),
    [("speaker-disjoint", "B"), ("leave-one-speaker-out", "B"), ("grouped-k-fold", "B")],
)
def test_split_says_its_grade(policy, grade):
    text = run("split", DEMO, "--policy", policy)
    assert f"policy: {policy}" in text
    assert f"Grade {grade}" in text


def test_reader_labels_and_options_reach_the_corpus(tmp_path):
    sound(tmp_path / "a.wav")
    sound(tmp_path / "b.wav")
    (tmp_path / "t.csv").write_text("wav,felt,voice\na,a=b,s1\nb,sad,s2\n")
    arguments = [
        "--reader", "manifest", "--label", "a=b=fear", "--option", "columns.label=felt",
        "--option", "columns.speaker=voice", "--option", "table=t.csv",
    ]  # fmt: skip
    result = json.loads(run("inspect", str(tmp_path), *arguments, "--json"))
    assert result["emotions"] == {"fear": 1, "sadness": 1}
    assert result["speakers"] == {"s1": 1, "s2": 1}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["inspect", "nowhere"], SerError, "no such folder"),
        (["inspect", DEMO, "--label", "anger"], ParameterError, "name=value"),
        (["inspect", DEMO, "--option", "columns.path=x"], ParameterError, "no such option"),
        (["split", DEMO, "--fractions", "a"], ParameterError, "not a list of numbers"),
        (["split", DEMO, "--group-copies", "--no-scan"], ParameterError, "by measuring the clips"),
        (["split", DEMO, "--policy", "rando"], UnknownNameError, "Did you mean 'random'"),
    ],
)
def test_mistakes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        run(*arguments)


def test_an_error_is_one_line_and_no_traceback():
    result = subprocess.run(
        [sys.executable, "-m", "ser_core", "corpus", "inspect", "nowhere"],
        cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "Error nowhere: there is no such folder. Check the path of the corpus.\n"
    )


def test_map_writes_two_maps_of_every_clip(tmp_path):
    out = tmp_path / "map.csv"
    told = run("map", DEMO, "-r", "rms", "--by-speaker", "--workers", "1", "--out", str(out))
    assert "clips: 53" in told
    table = pd.read_csv(out, index_col="clip")
    assert len(table) == 53
    assert list(table) == ["tsne_1", "tsne_2", "pca_1", "pca_2"]
    with pytest.raises(ParameterError, match=r"\.csv or \.parquet"):
        run("map", DEMO, "--out", str(tmp_path / "map.txt"))
