from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import ParameterError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.models.networks.lda import LdaNet
from ser_core.models.normalisation import LEAST_SHARE, MIN_SPREAD, PRIOR_FRAMES
from ser_core.recipes.recipe import parse
from ser_core.training import scikit_learn
from ser_core.training.sources import prepare

LDA = {
    "corpus": str(demo_corpus()),
    "representation": {"name": "functionals"},
    "normalise": "speaker",
    "network": {"name": "lda"},
}


def recipe(**changes):
    return parse({**LDA, **changes})


@pytest.fixture(scope="module")
def corpus():
    return open_corpus(demo_corpus())


@pytest.fixture
def fitted_on(monkeypatch):
    """Inputs and classes that networks were fitted on, by number of the fit."""
    seen = []
    plain = LdaNet.fit

    def fit(self, inputs, classes, **given):
        seen.append((inputs, classes))
        plain(self, inputs, classes, **given)

    monkeypatch.setattr(LdaNet, "fit", fit)
    return seen


def moments(rows):
    return rows.mean(0), np.maximum(rows.std(0), MIN_SPREAD)


def reference(features, voices, speakers):
    """Rows of all clips, not enrolled and enrolled, each by constants of the other voices."""
    found = []
    for row, voice, speaker in zip(features, voices, speakers, strict=True):
        mean, spread = moments(features[voices != voice])
        found.append((row - mean) / spread)
        own = features[speakers == speaker]
        theirs, scatter = moments(own)
        weight = len(own) / (len(own) + PRIOR_FRAMES)
        scale = np.sqrt(weight * scatter**2 + (1 - weight) * spread**2)
        found.append(
            (row - mean - weight * (theirs - mean)) / np.maximum(scale, LEAST_SHARE * spread)
        )
    return np.array(found)


def sorted_rows(rows):
    return rows[np.lexsort(rows.T[:3])]


def test_own_voice_out_rows_are_those_of_an_unseen_speaker(corpus, fitted_on):
    own = recipe(augment={"speeds": [1.25]}, train={"own_voice_out": True})
    prepared = prepare(corpus, own)
    clips = prepared.training(prepared.clips[:24])
    scikit_learn._fitted(own, prepared, clips, seed=0)
    features = torch.stack([prepared.data.source.whole(int(each)) for each in clips])
    name = corpus.usable["speaker"].loc[prepared.clips[:24]].to_numpy()
    voices, copies = np.tile(name, 2), np.repeat([0, 1], 24)
    speakers = np.array([f"{v} {copy}" for v, copy in zip(voices, copies, strict=True)])
    expected = reference(features.flatten(1).double().numpy(), voices, speakers)
    ((inputs, classes),) = fitted_on
    assert len(set(voices)) > 2
    np.testing.assert_allclose(sorted_rows(inputs), sorted_rows(expected), rtol=1e-3, atol=2e-3)
    assert np.bincount(classes).tolist() == (2 * prepared.data.targets[clips].bincount()).tolist()


def test_the_model_keeps_the_constants_of_all_training_clips(corpus):
    own, plain = recipe(train={"own_voice_out": True}), recipe()
    prepared = prepare(corpus, own)
    clips = prepared.training(prepared.clips[:24])
    one, other = (scikit_learn._fitted(each, prepared, clips, seed=0) for each in (own, plain))
    torch.testing.assert_close(one.normaliser.mean, other.normaliser.mean)
    assert not torch.allclose(one.network.fc.weight, other.network.fc.weight)


def test_a_training_part_of_one_voice_has_no_others_to_take_constants_from(corpus):
    own, plain = recipe(train={"own_voice_out": True}), recipe()
    prepared = prepare(corpus, own)
    name = corpus.usable["speaker"].loc[prepared.clips]
    clips = prepared.training([c for c in prepared.clips if name[c] == name.iloc[0]])
    one, other = (scikit_learn._fitted(each, prepared, clips, seed=0) for each in (own, plain))
    torch.testing.assert_close(one.network.fc.weight, other.network.fc.weight)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": {"own_voice_out": True}, "normalise": "corpus"}, "needs normalise = speaker"),
        ({"train": {"own_voice_out": True}, "network": {"name": "mlp"}}, "trained step by step"),
        ({"train": {"refit": True}, "network": {"name": "linear"}}, "trained step by step"),
    ],
)
def test_what_has_no_effect_is_refused(changes, said):
    with pytest.raises(ParameterError, match=said):
        recipe(**changes)


def test_recipes_without_them_keep_their_hashes():
    plain = recipe()
    assert recipe(train={"own_voice_out": False, "refit": False}).hash == plain.hash
    others = {recipe(train={name: True}).hash for name in ("own_voice_out", "refit")}
    assert len(others | {plain.hash}) == 3
