"""Fine-tuning: what is trained changes and nothing else; resumed, it gives the same numbers."""

from __future__ import annotations

import pytest
import torch

from ser_core.features.encoders.masking import LONGEST, SpecAugment
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture, load_bundle
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.layer_attention import LayerAttentionSpec
from ser_core.models.networks.layer_weights import LayerWeightsSpec
from ser_core.models.networks.linear import LinearSpec
from ser_core.models.networks.mlp import MlpSpec
from ser_core.recipes.recipe import FineTuneChoice, OptimChoice, TrainChoice
from ser_core.training.checkpoint import Checkpoint
from ser_core.training.data import Data, Samples
from ser_core.training.fine_tuning import FineTuner, Memory, settle, unfreeze
from ser_core.training.precision import Precision
from ser_core.training.trainer import Callback, Stop

from ..features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)

CLASSES = ("anger", "sadness")
RATE = 16_000


@pytest.fixture
def sounds():
    """Forty clips: a low or a high tone in noise."""
    draw = torch.Generator().manual_seed(0)
    found = []
    for number in range(40):
        length = int(torch.randint(3_000, 9_000, (1,), generator=draw))
        tone = torch.sin(torch.arange(length) * (0.1 if number % 2 else 0.5))
        found.append(0.1 * tone + 0.02 * torch.randn(length, generator=draw))
    return found


@pytest.fixture
def tuner(make_encoder, sounds):  # noqa: F811
    """Maker of fine-tunings of a tiny encoder."""
    folders = {}

    def make_tuner(
        kind="whisper", callbacks=(), epochs=3, speakers=True, spec=LinearSpec, **choice
    ) -> FineTuner:
        folder = folders.setdefault(kind, make_encoder(kind))
        torch.manual_seed(0)
        rep = make("encoder", encoder=str(folder), first=1, last=2)
        channels, bins, _ = rep.silence.shape
        made = spec(channels=channels, bins=bins, classes=2, dropout=0.1)
        model = EmotionClassifier(rep, "speaker" if speakers else "corpus", made, CLASSES)
        places = torch.arange(40)
        data = Data(
            Samples(make("waveform", sample_rate=RATE), sounds),
            places % 2,
            classes=2,
            lengths=torch.tensor([len(each) for each in sounds]),
        )
        return FineTuner(
            model,
            data,
            places[:32],
            places[32:],
            speakers=places // 2 % 2 if speakers else None,
            choice=FineTuneChoice(**{"method": "layers", "lr": 1e-3, "probe_epochs": 0, **choice}),
            train=TrainChoice(epochs=epochs, batch=8, crop_s=None),
            optim=OptimChoice(lr=1e-2),
            seed=0,
            precision=Precision("float32"),
            callbacks=callbacks,
        )

    return make_tuner


def changed(before, model):
    """Names of the weights that are others than before."""
    return {n for n, v in model.state_dict().items() if not torch.equal(v.float(), before[n])}


def weights(model):
    return {name: value.float().clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("kind", ["whisper", "wav2vec2, layer norm", "data2vec"])
def test_layers_from_the_chosen_one_change_and_no_others(tuner, kind):
    training = tuner(kind, from_layer=2, epochs=1)
    before = weights(training.model)
    training.run()
    encoder = {n for n in changed(before, training.model) if n.startswith("front_end")}
    assert encoder
    assert all(".layers.1." in n or n.endswith(("layer_norm.weight", "layer_norm.bias"))
               for n in encoder)  # fmt: skip
    assert not any(".layers.0." in n or "conv" in n for n in encoder)


@pytest.mark.parametrize("spec", [MlpSpec, LayerWeightsSpec, LayerAttentionSpec])
def test_every_head_is_trained_together_with_the_encoder(tuner, spec):
    training = tuner(spec=spec, epochs=4)
    before = weights(training.model)
    training.run()
    names = changed(before, training.model)
    heads = {name for name, _ in training.model.named_parameters() if name.startswith("network")}
    assert heads <= names
    assert any(name.startswith("front_end") for name in names)
    assert training.history[-1]["train_loss"] < training.history[0]["train_loss"]


def test_convolutions_are_trained_only_when_asked_for(tuner):
    training = tuner(convolutions=True, epochs=1)
    before = weights(training.model)
    training.run()
    assert "front_end.layers.encoder.conv1.weight" in changed(before, training.model)


def test_lora_begins_as_the_encoder_and_ends_as_other_projections_alone(tuner, sounds):
    training = tuner(method="lora", epochs=2)
    plain = tuner().model
    wave = sounds[0][None]
    with torch.no_grad():
        torch.testing.assert_close(training.model.eval()(wave), plain.eval()(wave))
    before = weights(plain)
    training.run()
    model = settle(training.model)
    names = {n for n in changed(before, model) if n.startswith("front_end")}
    # Rounded to half precision all weights are others by a little; the projections by more.
    after = weights(model)
    moved = {n for n in names if not torch.equal(before[n].half().float(), after[n])}
    assert moved == {
        f"front_end.layers.encoder.layers.{layer}.self_attn.{place}.weight"
        for layer in (0, 1)
        for place in ("q_proj", "v_proj")
    }


class StopAfter(Callback):
    """As if the process was killed after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch(self, trainer, metrics):
        if trainer.epoch == self.epoch:
            raise Stop


@pytest.mark.parametrize("method", ["layers", "lora"])
def test_a_resumed_fine_tuning_gives_the_numbers_of_an_uninterrupted_one(tuner, tmp_path, method):
    whole = tuner(method=method)
    whole.run()
    tuner(callbacks=[Checkpoint(tmp_path, "x"), StopAfter(1)], method=method).run()
    resumed = tuner(callbacks=[Checkpoint(tmp_path, "x")], method=method)
    resumed.run()
    assert len(resumed.history) == 3
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_layers_that_are_computed_again_give_the_same_course(tuner):
    kept, again = tuner(epochs=1, masks=False), tuner(epochs=1, masks=False, checkpointing=True)
    kept.run()
    again.run()
    assert again.history[0]["train_loss"] == pytest.approx(kept.history[0]["train_loss"], abs=1e-5)


@pytest.mark.parametrize("speakers", [True, False])
def test_it_learns_what_tells_the_classes_apart(tuner, speakers):
    training = tuner(epochs=12, speakers=speakers)
    training.run()
    assert training.history[-1]["train_loss"] < 0.6 * training.history[0]["train_loss"]
    found = training.probabilities(training.training).argmax(-1)
    assert float((found == training.data.targets[:32]).float().mean()) > 0.9


def test_a_settled_model_is_known_by_its_weights_and_survives_being_saved(tuner, sounds, tmp_path):
    training = tuner(epochs=1)
    before = training.model.representation
    training.run()
    model = settle(training.model).eval()
    assert model.representation.hash != before.hash
    assert model.representation.tuned_from == before.weights
    assert not any(weight.requires_grad for weight in model.front_end.parameters())
    Bundle(model, architecture(model)).save(tmp_path / "bundle")
    wave = sounds[0][None]
    with torch.no_grad():
        opened = load_bundle(tmp_path / "bundle").model(wave)
        torch.testing.assert_close(opened, model(wave), atol=0, rtol=0)


def test_rates_fall_layer_by_layer(make_encoder):  # noqa: F811
    rep = make("encoder", encoder=str(make_encoder("whisper")), last=2)
    encoder = rep.layers().encoder
    found = unfreeze(encoder, FineTuneChoice(method="layers", from_layer=0, layer_decay=0.5))
    shares = {share for share, _ in found}
    assert shares == {1.0, 0.5, 0.25}


def test_a_network_that_was_trained_before_learns_at_the_rate_of_the_encoder(tuner):
    def rate(training):
        (network,) = (share for share, part in training.weights() if part is training.model.network)
        return training.optim.lr * network

    assert rate(tuner(probe_epochs=10)) == pytest.approx(1e-3)
    assert rate(tuner(probe_epochs=0)) == pytest.approx(1e-2)


def test_nothing_is_masked_outside_training():
    mask = SpecAugment()
    features, frames = torch.randn(3, 8, 50), torch.tensor([50, 40, 30])
    mask.enabled = True
    assert mask.eval()(features, frames) is features
    mask.enabled = False
    assert mask.train()(features, frames) is features


def test_masks_cover_no_more_than_their_share_and_follow_their_generator():
    mask = SpecAugment().train()
    mask.enabled = True
    frames = torch.tensor([400, 200, 100])
    runs = []
    for _ in range(2):
        mask.generator = torch.Generator().manual_seed(3)
        runs.append(mask.times(frames, 400))
    assert torch.equal(*runs)
    assert bool((runs[0].sum(1) <= LONGEST * frames + 1).all())
    for row, own in zip(runs[0], frames, strict=True):
        assert not row[own:].any()


def test_a_memory_carries_clips_along_with_those_that_were_seen():
    memory, clips = Memory(40, 1, 3), torch.arange(40)
    values = torch.randn(40, 1, 3, generator=torch.Generator().manual_seed(0))
    memory.start(clips, values)
    torch.testing.assert_close(memory.values(clips), values)
    drifted = 2 * values + 5
    for _ in range(200):  # steps in which half of the clips are seen
        memory.keep(clips[:20], drifted[:20])
        memory.follow(clips[:20])
    of_seen = drifted[:20]
    unseen = (values[20:] - values.mean(0)) / values.std(0, correction=0)
    carried = of_seen.mean(0) + unseen * of_seen.std(0, correction=0)
    torch.testing.assert_close(memory.values(clips[20:]), carried, atol=1e-2, rtol=1e-2)
