"""A made corpus goes through every step, and a clip too many or twice is found."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.soak import corpus
from ser_core.soak.corpus import make, try_corpus


def test_every_step_of_a_small_corpus_is_timed_and_nothing_is_wrong(tmp_path):
    steps = []
    found = try_corpus(tmp_path, 130, seed=1, announce=steps.append)
    assert found.faults == []
    assert list(found.seconds) == list(found.memory_mb) == steps
    assert found.megabytes == round(130 * (44 + 2 * 3200) / 1e6, 1)
    assert {"open", "scan", "split speaker-disjoint", "checks", "browse"} <= found.seconds.keys()


def test_clips_have_speakers_sentences_and_emotions(tmp_path):
    from ser_core.corpora import open_corpus

    opened = open_corpus(make(tmp_path, 130))
    assert len(opened.speakers) == 4
    assert len(opened.emotions) > 5
    assert opened.usable["sentence"].nunique() > 3


def test_the_same_sound_twice_and_a_clip_that_is_not_ours_are_found(tmp_path, monkeypatch):
    def same(folder, clips, seed):
        opening = make(folder, clips, seed)
        first, second, *_ = sorted(folder.rglob("*.wav"))
        second.write_bytes(first.read_bytes())
        first.with_name("t999_0.wav").write_bytes(b"no sound")
        return opening

    monkeypatch.setattr(corpus, "make", same)
    faults = try_corpus(tmp_path, 130).faults
    assert "clips measured: 131, not 130" in faults
    assert "clips that could not be measured: 1, not 0" in faults
    assert any(fault.startswith("different sounds: ") for fault in faults)


def test_the_command_writes_figures_with_seed_and_machine(tmp_path):
    arguments = ["soak", "corpus", "--clips", "120", "--seed", "5", "--place", str(tmp_path)]
    done = CliRunner().invoke(app, [*arguments, "--json", str(tmp_path / "figures.json")])
    assert done.exception is None, done.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["seed"] == 5
    assert figures["machine"]["cores"] >= 1
    assert figures["parts"][0]["clips"] == 120
    assert [each.name for each in tmp_path.iterdir()] == ["figures.json"]
