"""Made copies are counted as found, missed, or as false alarms."""

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.bench import copies
from ser_core.bench.copies import made_prints, search_copies, search_cost
from ser_core.corpora.measure import sound_print

RATE = 16_000


def noise(seed: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(2 * RATE)).astype(np.float32)


def test_found_missed_and_false_are_counted(monkeypatch):
    sounds = {f"{number}.wav": noise(number) for number in range(4)}
    prints = {clip: sound_print(Waveform(samples, RATE)) for clip, samples in sounds.items()}
    ways = {
        "half": lambda samples, _draw: samples / 2,
        "another": lambda samples, _draw: noise(9),  # each the same: copies of each other alone
    }
    monkeypatch.setattr(copies, "COPIES", ways)
    made = {clip: sounds[clip] for clip in ("0.wav", "2.wav")}
    half, another = search_copies(prints, made)
    assert (half.copies, half.missed, half.false_alarms, half.pairs) == (2, 0.0, 0, 13)
    assert (another.missed, another.false_alarms) == (1.0, 1)


def test_only_the_beginning_may_be_used(monkeypatch):
    sounds = {"a.wav": noise(0)}
    prints = {"a.wav": sound_print(Waveform(sounds["a.wav"], RATE))}
    monkeypatch.setattr(copies, "COPIES", {"same": lambda samples, _draw: samples})
    assert search_copies(prints, sounds, seconds=1.0)[0].missed == 0.0
    assert search_copies(prints, sounds, seconds=0.5)[0].missed == 1.0  # too short for a verdict


def test_made_fingerprints_are_like_those_they_are_made_of_and_no_copies():
    prints = [sound_print(Waveform(noise(seed), RATE)) for seed in range(6)]
    made = made_prints(prints, 20)
    assert {len(each) for each in made} <= {len(each) for each in prints}
    bits = np.mean([np.unpackbits(np.frombuffer(each, np.uint8)).mean() for each in made])
    assert bits == pytest.approx(0.5, abs=0.03)
    cost = search_cost([*prints, *made, prints[0]])
    assert (cost.clips, cost.found) == (27, 1)
    assert cost.megabytes > sum(map(len, made)) / 1e6
