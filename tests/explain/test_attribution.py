"""`attribute` by every method; models stay unchanged, ensembles are explained through members."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ser_core.core import ModelError, ParameterError
from ser_core.explain import METHODS, attribute, model_input
from ser_core.explain.baselines import baseline_input
from ser_core.explain.benchmark import checks_of
from ser_core.explain.model_input import named
from ser_core.features.representations import REPRESENTATIONS
from ser_core.inference.confidence import Confidence
from ser_core.models.abilities import ATTENTION, PROPAGATION, STAGES, of_file
from ser_core.models.pooling import Pool
from tests.explain.nets import CLASSES, CONVOLUTIONAL, bundle_of, linear_bundle, pair_of


def test_the_model_answers_the_same_through_its_view(bundle, speech):
    view = model_input(bundle, speech)
    np.testing.assert_allclose(view.probabilities(), bundle.predict([speech])[0], atol=1e-6)


@pytest.mark.parametrize("normalise", ["corpus", "clip", "speaker"])
def test_what_is_explained_is_what_the_network_is_given(normalise, speech):
    bundle = bundle_of(normalise=normalise)
    statistics = bundle.enrol([speech]) if bundle.enrols else None
    given = []
    hook = bundle.model.network.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    bundle.predict([speech], statistics)
    hook.remove()
    torch.testing.assert_close(
        model_input(bundle, speech, statistics).network_inputs[0].seen, given[0]
    )


@pytest.mark.parametrize("normalise", ["corpus", "clip", "speaker"])
def test_silence_is_what_silence_becomes_among_this_clip(normalise, speech):
    bundle = bundle_of(normalise=normalise)
    network_input = model_input(bundle, speech).network_inputs[0]
    normaliser = bundle.model.normaliser
    feature_map = torch.from_numpy(network_input.feature_map)[None]
    mean, spread = normaliser.constants(feature_map)
    undone = baseline_input(network_input, "silence") * spread.unsqueeze(-1) + mean.unsqueeze(-1)
    torch.testing.assert_close(
        undone,
        bundle.model.representation.silence.expand_as(feature_map[0])[None],
        atol=1e-3,
        rtol=0,
    )


def test_the_target_is_the_prediction_unless_one_is_named(bundle, speech):
    answer = CLASSES[int(bundle.predict([speech])[0].argmax())]
    assert attribute(bundle, speech, "gradient_x_input").emotion == answer
    assert attribute(bundle, speech, "gradient_x_input", "sadness").emotion == "sadness"
    assert attribute(bundle, speech, "gradient_x_input", 2).emotion == CLASSES[2]
    with pytest.raises(ParameterError, match="Did you mean 'sadness'"):
        attribute(bundle, speech, "gradient_x_input", "sadnes")


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_every_representation_can_be_explained(name, speech):
    bundle = bundle_of(name)
    found = attribute(bundle, speech, "gradient_x_input")
    assert found.values.shape == found.feature_map.shape
    assert np.isfinite(found.values).all()
    assert attribute(bundle, speech, "lrp").values.shape == found.feature_map.shape


def test_an_ensemble_is_explained_through_its_members_by_weight(speech):
    one, two = bundle_of(seed=0), bundle_of(seed=5)
    pair = pair_of(one, two, [0.75, 0.25])
    maps = [attribute(each, speech, "lrp", "anger").values for each in (one, two)]
    shares = [each / np.abs(each).sum() for each in maps]
    found = attribute(pair, speech, "lrp", "anger").values
    np.testing.assert_allclose(found, 0.75 * shares[0] + 0.25 * shares[1], atol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "log-linear"])
def test_an_ensemble_answers_the_same_through_its_view(kind, speech):
    pair = pair_of(bundle_of(seed=0), bundle_of("mfcc", seed=5), [0.75, 0.25], kind, 1.7)
    np.testing.assert_allclose(
        model_input(pair, speech).probabilities(), pair.predict([speech])[0], atol=1e-6
    )


def test_members_on_other_representations_have_a_map_of_their_own(speech):
    pair = pair_of(bundle_of(), bundle_of("spectrogram"), [0.4, 0.6])
    assert [rep.name for rep in model_input(pair, speech).representations.values()] == [
        "spectrogram",
        "melspectrogram",
    ]
    assert attribute(pair, speech, "gradient_x_input").representation.name == "spectrogram"
    other = attribute(pair, speech, "gradient_x_input", representation="melspectrogram")
    assert other.values.shape[1] == 16
    with pytest.raises(ModelError, match="does not use this representation"):
        attribute(pair, speech, "gradient_x_input", representation="mfcc")


def test_speakers_go_to_the_members_that_use_them(speech, others):
    speaker = bundle_of(normalise="speaker")
    pair = pair_of(bundle_of(), speaker, [0.5, 0.5])
    statistics = speaker.enrol(others)
    seen = model_input(pair, speech, statistics).network_inputs[1].seen
    torch.testing.assert_close(
        seen, model_input(speaker, speech, statistics).network_inputs[0].seen
    )
    with pytest.raises(ModelError, match="has 2 parts, and this model needs 1"):
        model_input(pair, speech, statistics * 2)


def test_with_an_enrolled_speaker_the_model_answers_the_same_through_its_view(speech, others):
    bundle = bundle_of(normalise="speaker")
    statistics = bundle.enrol(others)
    known, stranger = model_input(bundle, speech, statistics), model_input(bundle, speech)
    np.testing.assert_allclose(
        known.probabilities(), bundle.predict([speech], statistics)[0], atol=1e-6
    )
    assert not np.allclose(known.probabilities(), stranger.probabilities(), atol=1e-3)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_the_map_of_a_enrolled_speaker_is_not_that_of_an_unseen_speaker(name, speech, others):
    bundle = bundle_of(normalise="speaker")
    statistics = bundle.enrol(others)
    small = {"samples": 50} if name == "lime" else {}
    known = attribute(bundle, speech, name, "anger", speaker=statistics, **small)
    stranger = attribute(bundle, speech, name, "anger", **small)
    assert not np.allclose(known.values, stranger.values, rtol=0.01)
    if name == "integrated_gradients":
        model = bundle.model
        with torch.no_grad():
            logits = model(
                torch.from_numpy(speech.samples)[None], speakers=torch.tensor(statistics[0])[None]
            )
        assert known.details["clip"] == pytest.approx(float(logits[0, 0]), abs=1e-5)


def test_an_ensemble_has_the_weights_that_it_has_for_enrolled_speakers(speech, others):
    one, two = bundle_of(normalise="speaker"), bundle_of("mfcc", normalise="speaker", seed=5)
    plain = pair_of(one, two, [0.75, 0.25], temperature=1.3)
    pair = replace(
        plain, pool_enrolled=Pool("linear", (0.2, 0.8), 0.7), about={**plain.about, "enrolled": {}}
    )
    statistics = pair.enrol(others)
    known = model_input(pair, speech, statistics)
    np.testing.assert_allclose(
        known.probabilities(), pair.predict([speech], statistics)[0], atol=1e-6
    )
    assert known.weights == pytest.approx((0.2, 0.8))
    assert model_input(pair, speech).weights == pytest.approx((0.75, 0.25))


def test_what_people_are_reported_is_at_the_temperature_of_the_confidence(bundle, speech):
    view = model_input(bundle, speech)
    told = view.read(Confidence(temperature=2.0)).probabilities()
    expected = np.sqrt(view.probabilities())
    np.testing.assert_allclose(told, expected / expected.sum(), atol=1e-6)


def test_a_map_explains_the_prediction_of_those_that_see_its_feature_map(speech):
    one, two, three = bundle_of(seed=0), bundle_of(seed=5), bundle_of("spectrogram")
    view = model_input(pair_of(one, three, [0.3, 0.7]), speech)
    np.testing.assert_allclose(
        view.probabilities_through("melspectrogram"), one.predict([speech])[0], atol=1e-6
    )
    assert named(view, "melspectrogram") == "its network on log-mel spectrogram"
    view = model_input(pair_of(one, two, [0.75, 0.25]), speech)
    mean = 0.75 * one.predict([speech])[0] + 0.25 * two.predict([speech])[0]
    np.testing.assert_allclose(view.probabilities_through(), mean, atol=1e-6)
    assert named(view) == "its 2 networks on log-mel spectrogram"
    alone = model_input(one, speech)
    assert alone.probabilities_through() == pytest.approx(alone.probabilities())
    assert named(alone) == "the model"


def test_a_method_goes_to_what_it_applies_to(speech):
    linear, features = linear_bundle(), bundle_of()
    pair = pair_of(linear, features, [0.8, 0.2])
    assert attribute(pair, speech, "lrp").representation.name == "melspectrogram"
    assert attribute(pair, speech, "gradient_x_input").representation.name == "functionals"
    with pytest.raises(ModelError, match="this model is a linear layer on"):
        attribute(pair, speech, "lrp", representation="functionals")


def test_networks_without_weight_have_a_map_too(speech):
    pair = pair_of(bundle_of(), bundle_of("spectrogram"), [1.0, 0.0])
    found = attribute(pair, speech, "gradient_x_input", representation="spectrogram")
    assert np.isfinite(found.values).all()
    view = model_input(pair, speech)
    assert np.isfinite(view.probabilities_through("spectrogram")).all()


def test_a_model_without_networks_says_so(speech):
    file = SimpleNamespace(about={"name": "a file"}, enrols=False, lacks=of_file())
    with pytest.raises(ModelError, match="a file: has no network"):
        model_input(file, speech)


@pytest.mark.parametrize("name", list(METHODS))
def test_a_linear_model_on_functionals_is_explained_where_that_makes_sense(name, speech):
    bundle = linear_bundle()
    if {STAGES, PROPAGATION, ATTENTION} & set(METHODS[name].needs):
        with pytest.raises(ModelError, match="this model is a linear layer on"):
            attribute(bundle, speech, name)
        return
    small = {"samples": 50} if name == "lime" else {}
    found = attribute(bundle, speech, name, **small)
    assert found.values.shape == (1, bundle.model.representation.silence.shape[1], 1)
    view = model_input(bundle, speech)
    checks = checks_of(view, found, view.target(None), costly=True)
    assert "padding" not in {each.name for each in checks}


def test_explaining_disturbs_nobody(speech):
    """Many predictions while every method works on the same shared model."""
    bundle = bundle_of(width=4)
    expected = bundle.predict([speech])
    stop, answers = threading.Event(), []

    def predict():
        while not stop.is_set():
            answers.append(bundle.predict([speech]))

    watcher = threading.Thread(target=predict)
    watcher.start()
    try:
        for name in CONVOLUTIONAL:
            small = {"samples": 200} if name == "lime" else {}
            attribute(bundle, speech, name, **small)
    finally:
        stop.set()
        watcher.join()
    assert len(answers) > 5
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)
    hooks = [m._forward_hooks or m._forward_pre_hooks for m in bundle.model.modules()]
    assert not any(hooks)


def test_two_explain_the_same_model_at_once(speech):
    bundle = bundle_of(width=4)
    alone = {name: attribute(bundle, speech, name).values for name in ("lrp", "grad_cam")}
    found = {}

    def explain(name, times=4):
        found[name] = [attribute(bundle, speech, name).values for _ in range(times)]

    threads = [threading.Thread(target=explain, args=(name,)) for name in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, several in found.items():
        for each in several:
            np.testing.assert_allclose(each, alone[name], atol=1e-6)
