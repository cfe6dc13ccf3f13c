"""Copies that are not identical have nearly the fingerprint of their original; others have not."""

import numpy as np
import pytest

from ser_core.audio import Waveform, load, resampled
from ser_core.augment.waveform.codec import FORMATS, transcoded
from ser_core.core import demo_corpus
from ser_core.corpora import fingerprints, open_corpus
from ser_core.corpora.fingerprints import FRAME, HOP, MOST_WORDS, fingerprint, near_copies
from ser_core.corpora.measure import sound_print

RATE = 16_000


def noise(seed: int, seconds: float = 3.0) -> np.ndarray:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.1 * samples).astype(np.float32)


@pytest.fixture(scope="module")
def demo() -> list[np.ndarray]:
    corpus = open_corpus(demo_corpus())
    return [load(corpus.path(clip)).samples for clip in corpus.usable.index]


@pytest.fixture(scope="module")
def prints(demo) -> list[bytes]:
    return [sound_print(Waveform(samples, RATE)) for samples in demo]


def pairs(prints: list[bytes]) -> list[tuple[int, int]]:
    found = near_copies(prints)
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


def narrow(samples):
    return resampled(resampled(Waveform(samples, RATE), 8_000), RATE).samples


@pytest.mark.parametrize(
    "change",
    [
        lambda samples: samples * np.float32(0.1),
        narrow,
        lambda samples: samples[3_333:-5_000],
        lambda samples: transcoded(samples, RATE, FORMATS["mp3"], 0.0),
    ],
    ids=["quieter", "8 kHz", "cut", "MP3"],
)
def test_a_copy_is_found_among_all_and_nothing_else(demo, prints, change):
    originals = list(range(0, len(demo), 5))
    made = [sound_print(Waveform(change(demo[number]), RATE)) for number in originals]
    expected = [(number, len(demo) + place) for place, number in enumerate(originals)]
    assert pairs([*prints, *made]) == expected


def test_clips_of_a_corpus_are_no_copies(prints):
    assert pairs(prints) == []


def test_the_shift_says_how_much_was_cut():
    samples = noise(0)
    found = near_copies([fingerprint(samples), fingerprint(samples[20 * HOP :])])
    assert found.shift.tolist() == [20]
    assert found.different.tolist() == [0.0]


def test_every_copy_of_many_is_reached():
    """More copies than neighbours are held against each other: a chain joins them."""
    made = [fingerprint(noise(0)[HOP * cut :]) for cut in range(20)]
    joined = {0}
    for _ in made:
        joined |= {other for pair in pairs(made) if joined & set(pair) for other in pair}
    assert joined == set(range(20))


def test_the_size_of_a_block_changes_nothing(demo, prints, monkeypatch):
    made = [sound_print(Waveform(narrow(samples), RATE)) for samples in demo[:10]]
    whole = near_copies([*prints, *made])
    monkeypatch.setattr(fingerprints, "BLOCK", 101)
    parts = near_copies([*prints, *made])
    assert len(whole.first) == 10
    for name in ("first", "second", "different", "shift"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_shared_silence_is_no_evidence():
    quiet = np.zeros(2 * RATE, np.float32)
    one, two = (np.concatenate([noise(seed, 1.0), quiet, noise(seed, 1.0)]) for seed in (1, 2))
    assert pairs([fingerprint(one), fingerprint(two)]) == []


def test_an_excerpt_is_found_in_what_it_was_cut_from():
    whole = noise(3, 6.0)
    assert pairs([fingerprint(whole), fingerprint(whole[2 * RATE : 4 * RATE])]) == [(0, 1)]


def test_little_sound_has_no_fingerprint_and_long_sound_one_of_its_beginning():
    assert fingerprint(np.zeros(RATE, np.float32)) == b""
    assert fingerprint(noise(0)[: FRAME + HOP - 1]) == b""
    assert len(fingerprint(noise(0)[: FRAME + HOP])) == 4
    assert len(fingerprint(noise(0, 20.0))) == 4 * MOST_WORDS


def test_nothing_has_no_copies():
    assert pairs([]) == pairs([b"", b""]) == []
