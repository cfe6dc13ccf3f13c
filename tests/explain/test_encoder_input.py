"""Models on a speech encoder are explained on what the encoder takes: its log-mel, or samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.core import ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.explain import METHODS, attribute, make, model_input
from ser_core.explain.attention import rollout, spread_over
from ser_core.explain.benchmark import checks_of, run
from ser_core.explain.benchmark_plan import plan, seen_by
from ser_core.explain.encoder_input import noise_like
from ser_core.explain.faithfulness import Terms, faithfulness
from ser_core.explain.masked_audio import deletion_test, mask_audio
from ser_core.explain.sanity_checks import Case, cascade
from ser_core.explain.speech_relevance import relevance_by_aspect
from ser_core.features.representations import make as make_representation
from ser_core.models.abilities import ATTENTION, GRADIENTS, PROPAGATION, STAGES
from tests.explain.nets import CLASSES, bundle_of, pair_of
from tests.features.encoders.conftest import untrained_on

WHISPER, SAMPLES = "whisper", "wav2vec2, layer norm"
BOTH = (WHISPER, SAMPLES)
SMALL = {
    "lime": {"samples": 60},
    "occlusion": {"bands": 4, "pieces": 4},
    "smoothgrad": {"samples": 4},
    "integrated_gradients": {"steps": 32},
}
APPLY = [name for name, method in METHODS.items() if not {STAGES, PROPAGATION} & set(method.needs)]


@pytest.fixture(scope="module")
def encoder_bundle(make_encoder):
    """Maker of an untrained model on a tiny encoder."""

    def make_bundle(kind=WHISPER, *, network="linear", normalise="corpus"):
        folder = make_encoder(kind, seconds=5)
        return untrained_on(folder, CLASSES, network=network, normalise=normalise)

    return make_bundle


@pytest.fixture(scope="module")
def clip():
    """Half a second of noise between two silences."""
    samples = np.zeros(8_000, np.float32)
    samples[2_400:7_000] = 0.1 * np.random.default_rng(0).standard_normal(4_600)
    return Waveform(samples, 16_000)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("normalise", ["corpus", "speaker"])
def test_what_follows_the_input_is_the_model(encoder_bundle, clip, kind, normalise):
    bundle = encoder_bundle(kind, normalise=normalise)
    speaker = bundle.enrol([Waveform(0.3 * clip.samples, 16_000)]) if bundle.enrols else None
    view = model_input(bundle, clip, speaker)
    np.testing.assert_allclose(view.probabilities(), bundle.predict([clip], speaker)[0], atol=1e-5)
    if speaker is not None:
        stranger = model_input(bundle, clip).probabilities()
        assert not np.allclose(view.probabilities(), stranger, atol=1e-3)
    (network_input,) = view.network_inputs
    padded = network_input.padded(0.25)
    torch.testing.assert_close(padded.logits(padded.seen), network_input.logits(network_input.seen))


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("baseline", ["mean", "silence", "blurred"])
def test_integrated_gradients_sum_to_the_gain_in_the_logit(encoder_bundle, clip, kind, baseline):
    if kind == SAMPLES and baseline != "mean":
        with pytest.raises(ModelError, match="compared with noise of the same spectrum alone"):
            attribute(encoder_bundle(kind), clip, "occlusion", baseline=baseline)
        return
    found = attribute(
        encoder_bundle(kind), clip, "integrated_gradients", "anger", steps=128, baseline=baseline
    )
    gained = found.details["clip"] - found.details["baseline"]
    assert abs(gained) > 0.05
    assert float(found.values.sum()) == pytest.approx(gained, rel=0.02)


@pytest.mark.parametrize("name", [name for name in APPLY if name not in ("lime",)])
def test_a_band_that_the_encoder_ignores_has_no_relevance(encoder_bundle, clip, name):
    bundle = encoder_bundle()
    bundle.model.front_end.layers.encoder.conv1.weight.data[:, 3] = 0
    parameters = {**SMALL.get(name, {}), **({"bands": 16} if name == "occlusion" else {})}
    values = attribute(bundle, clip, name, "anger", **parameters).values
    assert values.shape == (1, 16, 51)
    if name == "attention_rollout":
        assert np.ptp(values, axis=1).max() == 0
        return
    assert np.abs(values[0, 3]).max() < 1e-6
    assert np.abs(np.delete(values[0], 3, axis=0)).max() > 1e-3


class Weighted(torch.nn.Module):
    """One statistic: a weighted sum of the samples."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def forward(self, waveforms):
        return (waveforms * self.weights).sum(-1)[:, None, None, None].expand(-1, 2, 48, 1)


@pytest.mark.parametrize("name", ["gradient_x_input", "integrated_gradients", "occlusion"])
def test_steps_of_a_weighted_sum_of_samples_get_what_they_add(encoder_bundle, clip, name):
    bundle = encoder_bundle(SAMPLES)
    (network_input,) = model_input(bundle, clip).network_inputs
    start = network_input.encoder.start
    weights = 1e-3 * torch.randn(8_000, generator=torch.Generator().manual_seed(1))
    start.front_end = Weighted(weights)
    apart = (weights * (start.waveforms - start.noise))[0]
    sums = [apart[max(0, 320 * t - 160) : 320 * t + 160].sum() for t in range(26)]
    slope = bundle.model.network.fc.weight[0].sum() / 2.0  # spread of the normalisation
    parameters = {"pieces": 26} if name == "occlusion" else {}
    found = make(name, **parameters).relevance(network_input, 0).values
    torch.testing.assert_close(
        found[0, 0], torch.stack(sums) * slope.detach(), atol=1e-5, rtol=1e-3
    )


def test_noise_has_the_spectrum_of_the_clip_and_not_its_course(clip):
    samples = torch.from_numpy(clip.samples)[None]
    noise = noise_like(samples)
    torch.testing.assert_close(
        torch.fft.rfft(noise).abs()[:, 1:-1], torch.fft.rfft(samples).abs()[:, 1:-1],
        atol=1e-3, rtol=1e-3,
    )  # fmt: skip
    assert float(noise[0, :2_000].square().mean()) > 0.2 * float(noise.square().mean())


def test_rollout_of_two_layers_is_the_product_of_their_halved_weights():
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # both frames look at the first
    second = torch.tensor([[0.0, 1.0], [0.0, 1.0]])  # both look at the second
    # (second + 1) / 2 @ (first + 1) / 2 = [[.5, .5], [0, 1]] @ [[1, 0], [.5, .5]]
    expected = torch.tensor([[0.75, 0.25], [0.5, 0.5]]).mean(dim=0)
    heads = [torch.stack([each, each])[None] for each in (first, second)]
    torch.testing.assert_close(rollout(heads), expected)
    assert float(spread_over(expected, 7).sum()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", BOTH)
def test_attention_rollout_is_of_no_class_and_sums_to_one(encoder_bundle, clip, kind):
    bundle = encoder_bundle(kind)
    one, two = (attribute(bundle, clip, "attention_rollout", name) for name in CLASSES[:2])
    np.testing.assert_array_equal(one.values, two.values)
    assert float(one.values.sum()) == pytest.approx(1.0, abs=1e-5)
    assert one.values.min() >= 0
    assert not one.method.specific
    with pytest.raises(ModelError, match="needs layers of self-attention; this model is resnet10"):
        attribute(bundle_of(), clip, "attention_rollout")


@pytest.mark.parametrize("kind", BOTH)
def test_what_cannot_be_is_refused_in_words(encoder_bundle, clip, kind):
    bundle = encoder_bundle(kind)
    for name in ("grad_cam", "lrp"):
        with pytest.raises(ModelError, match="this model is a speech encoder with a linear layer"):
            attribute(bundle, clip, name)
    assert bundle.lacks.keys() == {STAGES, PROPAGATION}
    assert ATTENTION in bundle_of().lacks


def test_a_head_without_gradients_leaves_methods_that_need_only_predictions(encoder_bundle, clip):
    bundle = encoder_bundle(network="logistic")
    model = bundle.model
    numbers = np.random.default_rng(0).standard_normal((12, 96))
    model.network.fit(numbers, np.arange(12) % 3, seed=0)
    view = model_input(bundle, clip)
    for name in APPLY:
        method = make(name, **SMALL.get(name, {}))
        if GRADIENTS in method.needs and not model.spec.differentiable:
            with pytest.raises(ModelError, match=r"a speech encoder with .* gives no gradients"):
                attribute(bundle, clip, method)
        else:
            found = attribute(bundle, clip, method)
            assert found.values.shape == (1, 16, 51)
            assert checks_of(view, found, 0, costly=True)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", APPLY)
def test_every_map_is_checked_and_reads_as_speech(encoder_bundle, clip, kind, name):
    bundle = encoder_bundle(kind)
    before = {key: value.clone() for key, value in bundle.model.state_dict().items()}
    view = model_input(bundle, clip)
    found = attribute(bundle, clip, name, "anger", **SMALL.get(name, {}))
    assert np.isfinite(found.values).all()
    checks = {each.name: each for each in checks_of(view, found, 0, costly=True)}
    assert name == "lime" or checks["padding"].passed  # so few copies fit by chance
    assert checks["randomisation"].value < 1
    reading = relevance_by_aspect(found, clip)
    aspects = {"frames", "part", "third"} | ({"frequency"} if kind == WHISPER else set())
    assert set(reading["aspect"]) == aspects
    for key, value in bundle.model.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize("kind", BOTH)
def test_faithfulness_on_the_input_and_on_the_sound(encoder_bundle, clip, kind):
    bundle = encoder_bundle(kind)
    view = model_input(bundle, clip)
    found = attribute(bundle, clip, "occlusion", "anger", bands=4, pieces=8)
    terms = Terms(bands=4, pieces=8, controls=4)
    scores = faithfulness(view, 0, {"occlusion": found.values}, terms)
    assert all(np.isfinite(list(each.values())).all() for each in scores.values())
    if kind == WHISPER:
        assert scores["occlusion"]["faithfulness"] > scores["chance, scattered"]["faithfulness"]

    def input_of(sound):
        return model_input(bundle, sound, like=view)

    whole = mask_audio(input_of, clip, found, 1.0, keep=True)
    np.testing.assert_allclose(whole.waveform.samples, clip.samples, atol=1e-4)
    tested = deletion_test(input_of, clip, found, 0.3, draws=2)
    assert 0 <= tested.kept <= 1
    nothing = mask_audio(input_of, clip, found, 1.0, keep=False, rest="silence")
    assert nothing.energy < 0.01


@pytest.mark.parametrize("kind", BOTH)
def test_maps_are_lost_from_the_output_down(encoder_bundle, clip, kind):
    (network_input,) = model_input(encoder_bundle(kind), clip).network_inputs
    method = make("gradient_x_input")
    curve = cascade(Case(network_input, method, 0, method.relevance(network_input, 0)))
    assert list(curve) == ["network", "layer 2", "layer 1", "first layers"]
    assert all(-1 <= value < 1 for value in curve.values())


def test_an_ensemble_is_explained_on_each_of_its_inputs(encoder_bundle, clip):
    pair = pair_of(encoder_bundle(), bundle_of(), [0.6, 0.4])
    names = [rep.name for rep in seen_by(pair).values()]
    assert sorted(names) == ["melspectrogram", "whisper_log_mel"]
    for name in names:
        found = attribute(pair, clip, "gradient_x_input", representation=name)
        assert found.representation.name == name


def test_a_benchmark_of_a_model_on_an_encoder(encoder_bundle, tmp_path):
    encoder_bundle().save(tmp_path / "model")
    chosen = plan(
        tmp_path / "model",
        open_corpus(demo_corpus()),
        clips=3,
        methods=("lrp", "gradient_x_input", "attention_rollout"),
        terms=Terms(bands=4, pieces=4, controls=2, elsewhere=2),
        checked=1,
    )
    found = run(chosen)
    assert found.methods == ["gradient_x_input", "attention_rollout"]
    assert "convolutional" in found.about["excused"]["lrp"]
    assert make_representation(**found.about["representation"]).title == "Encoder log-mel"
    assert found.deletion_tests.names
    assert set(found.readings["aspect"]) >= {"frequency", "third"}
