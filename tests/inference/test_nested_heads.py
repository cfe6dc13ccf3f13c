"""Nested leave-one-group-out: against the plain loops, and on features with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import ParameterError
from ser_core.inference.nested_heads import VOICES, Clips, fits_needed, score
from ser_core.models.networks.logistic import LogisticSpec
from ser_core.models.normalisation import Moments, Normaliser

GRID = (0.001, 0.1)


def clips(groups=4, each=18, bins=5, signal=2.0, offset=0.0):
    draw = torch.Generator().manual_seed(0)
    count = groups * each
    number = torch.arange(count)
    targets, group = number % 3, number // each
    features = torch.randn(count, 2, bins, 1, generator=draw)
    features[:, 0, 0, 0] += signal * targets
    features[:, 0, 0, 0] += offset * group
    return Clips(features, targets, group, group, 3)


def plain(data, without, c, group, *, enrolled):
    """Probabilities of a group by a model without some groups, in the plainest way."""
    train = [i for i in range(len(data.targets)) if int(data.groups[i]) not in without]
    moments = Moments.of(data.features, torch.ones(len(data.features)))
    normaliser = Normaliser("speaker", 2, data.features.shape[2], summary=True)
    normaliser.fit(moments[torch.tensor(train)])

    def normal(chosen, own):
        rows = []
        for clip in chosen:
            same = [i for i in chosen if data.speakers[i] == data.speakers[clip]]
            given = moments[torch.tensor(same)].statistics()[None] if own else None
            rows.append(normaliser(data.features[[clip]], None, given))
        return torch.cat(rows)

    network = LogisticSpec(c=c, channels=2, bins=data.features.shape[2], classes=3).build()
    both = torch.cat([normal(train, own=False), normal(train, own=True)])
    classes = data.targets[train].repeat(2).numpy()
    network.fit(network.embed(both).numpy(), classes, seed=0)
    test = [i for i in range(len(data.targets)) if int(data.groups[i]) == group]
    return network(normal(test, own=enrolled)).softmax(-1).numpy()


def test_it_is_what_the_plain_nested_loops_give():
    data = clips(signal=0.8, offset=1.5)
    found = score(data, GRID, workers=1)
    for group in range(data.count):
        scores = {}
        for c in GRID:
            recalls = []
            for enrolled in VOICES:
                true, said = [], []
                for other in range(data.count):
                    if other != group:
                        table = plain(data, {group, other}, c, other, enrolled=enrolled)
                        said += table.argmax(-1).tolist()
                        true += data.targets[data.groups == other].tolist()
                pairs = np.array([true, said])
                recalls.append(np.mean([(pairs[1] == k)[pairs[0] == k].mean() for k in range(3)]))
            scores[c] = np.mean(recalls)
        assert found.inner[group] == pytest.approx(max(scores.values()))
        assert scores[found.c[group]] == max(scores.values())
        for enrolled in VOICES:
            wanted = plain(data, {group}, found.c[group], group, enrolled=enrolled)
            rows = (data.groups == group).numpy()
            np.testing.assert_allclose(found.probabilities[enrolled][rows], wanted, atol=1e-3)


def test_one_c_is_taken_as_it_is_and_fits_are_counted():
    told = []
    found = score(clips(), (0.1,), workers=1, on_fit=lambda: told.append(1))
    assert found.c == (0.1,) * 4
    assert found.inner == ()
    assert len(told) == fits_needed(4, (0.1,)) == 4
    told.clear()
    score(clips(), GRID, workers=1, on_fit=lambda: told.append(1))
    assert len(told) == fits_needed(4, GRID) == 10


def test_enrolment_takes_away_what_speakers_differ_by():
    data = clips(each=30, signal=3.0, offset=3.0)
    found = score(data, (0.1,), workers=1)
    right = {e: (found.probabilities[e].argmax(-1) == data.targets.numpy()).mean() for e in VOICES}
    assert right[True] > 0.6  # chance is a third
    assert right[True] > right[False] + 0.1


def test_too_few_speakers_are_refused():
    with pytest.raises(ParameterError, match="Give C instead"):
        score(clips(groups=2), GRID, workers=1)
    assert score(clips(groups=2), (0.1,), workers=1).probabilities[True].shape == (36, 3)
    with pytest.raises(ParameterError, match="Give more speakers"):
        score(clips(groups=1), (0.1,), workers=1)
