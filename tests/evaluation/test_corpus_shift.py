"""How corpora are told apart by level, bandwidth and length."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import corpus_shift
from tests.corpora.synthetic import acted, corpus_of


def joined(speakers=6):
    tables = []
    for name in ("a", "b"):
        clips = acted(speakers, 5).clips
        tables.append(
            clips.assign(
                corpus=pd.Series(name, index=clips.index, dtype="string"),
                speaker=f"{name}: " + clips["speaker"],
            ).set_axis(f"{name}/" + clips.index)
        )
    return corpus_of(pd.concat(tables))


def measured(corpus, **shift):
    """Unit noise for every measure; `shift` is added to corpus b."""
    draw = np.random.default_rng(0)
    clips = corpus.usable
    table = pd.DataFrame(
        {name: draw.standard_normal(len(clips)) for name in ("rms_db", "bandwidth", "duration")},
        index=clips.index,
    )
    for name, value in shift.items():
        table.loc[clips["corpus"] == "b", name] += value
    return table


def test_equal_corpora_cannot_be_told_apart():
    corpus = joined()
    found = corpus_shift(corpus, measured(corpus))
    assert found.told_apart.low < 0.5 < found.told_apart.high
    assert found.told_apart.over == "speakers"


def test_one_measure_tells_them_apart_and_the_others_do_not():
    corpus = joined()
    found = corpus_shift(corpus, measured(corpus, bandwidth=10.0))
    assert found.told_apart.value > 0.97
    assert found.alone["bandwidth"].value == 1.0
    assert found.alone["rms_db"].value < 0.65
    table = found.table.set_index(["corpus", "measure"])
    apart = table.loc[("b", "bandwidth"), "median"] - table.loc[("a", "bandwidth"), "median"]
    assert apart == pytest.approx(10, abs=0.5)
    assert table.loc[("a", "rms_db"), "clips"] == 90


def test_without_speakers_the_intervals_are_over_clips():
    corpus = joined()
    clips = corpus.clips.assign(speaker=pd.Series(pd.NA, index=corpus.clips.index, dtype="string"))
    found = corpus_shift(corpus_of(clips), measured(corpus, rms_db=3.0))
    assert found.told_apart.over == "clips"
    assert found.told_apart.value > 0.8


def test_one_corpus_or_none_measured_is_refused():
    with pytest.raises(EvaluationError, match="of one corpus"):
        corpus_shift(acted(4, 2), pd.DataFrame())
    corpus = joined()
    with pytest.raises(EvaluationError, match="fewer than 5 clips are measured"):
        corpus_shift(corpus, measured(corpus).assign(bandwidth=np.nan))
