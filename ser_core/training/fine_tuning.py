"""Fine-tuning: the encoder in front of a network is trained together with it.

First the network alone is trained on what the frozen encoder gives, then both together, which
changes the encoder less than starting from a random network would: Kumar et al. (2022), "LP-FT".

A model that normalises by speaker needs the statistics of speakers by an encoder that changes with
every step. They come from a memory of what the encoder last gave for each training clip, which is
computed anew at the start of every epoch, so that a resumed training goes on with the same numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ser_core.core import ParameterError
from ser_core.features.representations import make
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.normalisation import MIN_SPREAD, Moments
from ser_core.recipes.augmentation import waveform_augmentation
from ser_core.recipes.recipe import FineTuneChoice, Recipe
from ser_core.training import seeds
from ser_core.training.data import Batch, Data, Samples, SpeakerMoments
from ser_core.training.distributed import current_group
from ser_core.training.sources import Prepared
from ser_core.training.trainer import Trainer

REFIT_STEPS = 16
"""Steps after which the constants of normalisation are fitted to the memory again."""

FOLLOWED = 0.05
"""Share of the way that mean and spread of the memory go towards those of each batch."""

LORA_PLACES = ("q_proj", "v_proj")
"""Projections of attention that LoRA changes, by their names in every family: Hu et al. (2022)."""


class EncoderNetwork(nn.Module):
    """Encoder and network of a model: what is trained, and what parts of a batch have copies of.

    Args:
        model: Whose modules these are.
    """

    def __init__(self, model: EmotionClassifier) -> None:
        super().__init__()
        self.layers, self.network = model.front_end.layers, model.network

    def statistics(self, waveforms: Tensor, lengths: Tensor | None) -> Tensor:
        """What the encoder gives: (batch, samples) -> (batch, channels, bins, 1)."""
        assert self.layers is not None  # noqa: S101  (a recipe without an encoder is refused)
        found: Tensor = self.layers(waveforms, lengths)
        return found.float()


class LowRank(nn.Module):
    """A weight plus a product of two thin matrices that are trained: LoRA, Hu et al. (2022).

    Args:
        weight: Shape (outputs, inputs).
        rank: Of the change.
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.down = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as it is used; at first it is unchanged."""
        return weight + self.up @ self.down


def unfreeze(encoder: Any, choice: FineTuneChoice) -> list[tuple[float, nn.Module]]:
    """Let an encoder be trained as a recipe says.

    Args:
        encoder: With `convolutions` and `depths`.
        choice: Which layers, and how.

    Returns:
        What is trained, each module with its share of the learning rate: 1 for the last layer,
        `layer_decay` times that for the one before it, and so on.
    """
    encoder.requires_grad_(requires_grad=False)
    depths = encoder.depths
    found = []
    for number, modules in enumerate(depths):
        if number < choice.from_layer:
            continue
        share = choice.layer_decay ** (len(depths) - 1 - number)
        for module in modules:
            if choice.method == "lora":
                _add_low_rank(module, choice.rank)
            else:
                module.requires_grad_(requires_grad=True)
            found.append((share, module))
    if choice.convolutions:
        share = choice.layer_decay ** len(depths)
        for module in encoder.convolutions:
            module.requires_grad_(requires_grad=True)
            found.append((share, module))
    encoder.mask.enabled = choice.masks
    encoder.checkpointing = choice.checkpointing
    return found


def _add_low_rank(module: nn.Module, rank: int) -> None:
    for name, inner in module.named_modules():
        if name.rpartition(".")[2] in LORA_PLACES and isinstance(inner, nn.Linear):
            parametrize.register_parametrization(inner, "weight", LowRank(inner.weight, rank))


def settle(model: EmotionClassifier) -> EmotionClassifier:
    """End a fine-tuning: the encoder is frozen again, and known by its new weights.

    LoRA's changes become part of the weights, and these are rounded to half precision, in which a
    bundle keeps them.

    Returns:
        A model with the same modules and a representation that names the new weights.
    """
    layers = model.front_end.layers
    assert layers is not None  # noqa: S101  (a recipe without an encoder is refused)
    for module in list(layers.modules()):
        if parametrize.is_parametrized(module, "weight") and _is_low_rank(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    with torch.no_grad():
        for weight in layers.parameters():
            weight.copy_(weight.half())
    layers.requires_grad_(requires_grad=False)
    encoder: Any = layers.encoder
    encoder.mask.enabled = encoder.checkpointing = False
    digest = hashlib.sha256()
    for name, value in sorted(layers.state_dict().items()):
        digest.update(name.encode() + value.detach().float().cpu().numpy().tobytes())
    representation: Any = model.representation
    tuned = representation.tuned(digest.hexdigest()[:16])
    model.representation = model.front_end.representation = tuned
    return model


def _is_low_rank(module: nn.Module) -> bool:
    held: Any = module.parametrizations
    return any(isinstance(each, LowRank) for each in held["weight"])


def sounds_of(prepared: Prepared, recipe: Recipe) -> Data:
    """Sounds of all clips and their copies, for an encoder that is trained."""
    rate = make(**recipe.representation).sample_rate
    change = waveform_augmentation(recipe.augment, rate)
    source = Samples(make("waveform", sample_rate=rate), prepared.sounds, change)
    lengths = torch.tensor([len(sound) for sound in prepared.sounds])
    return replace(prepared.data, source=source, speaker_moments=None, lengths=lengths)


class Memory:
    """What the encoder last gave for each clip, as moments of one frame a clip.

    The encoder changes with every step, and all that it gives drifts. What is kept of a clip is
    where it lay among the others when it was last seen, in their mean and spread; these follow the
    steps, and carry along the clips that were seen long ago.

    Args:
        clips: How many.
        channels: Of what the encoder gives.
        bins: Of what the encoder gives.
    """

    def __init__(self, clips: int, channels: int, bins: int) -> None:
        self.places = torch.zeros(clips, channels, bins)
        self.mean, self.spread = torch.zeros(channels, bins), torch.ones(channels, bins)

    def values(self, clips: Tensor) -> Tensor:
        """What the encoder would give for clips now, (clips, channels, bins)."""
        return self.places[clips] * self.spread + self.mean

    def keep(self, clips: Tensor, values: Tensor) -> None:
        """Keep what the encoder gave for clips, (clips, channels, bins)."""
        self.places[clips] = (values - self.mean) / self.spread

    def start(self, clips: Tensor, values: Tensor) -> None:
        """Keep what it gave for all that count, and their mean and spread."""
        self.mean = values.mean(0)
        self.spread = values.std(0, correction=0).clamp(min=MIN_SPREAD)
        self.keep(clips, values)

    def follow(self, clips: Tensor) -> None:
        """Let mean and spread follow those of clips that were kept last, by a small step."""
        values = self.values(clips)
        variance = (values - self.mean).square().mean(0)
        followed = torch.lerp(self.spread.square(), variance, FOLLOWED)
        self.mean = torch.lerp(self.mean, values.mean(0), FOLLOWED)
        self.spread = followed.sqrt().clamp(min=MIN_SPREAD)

    def __getitem__(self, clips: Tensor) -> Moments:
        """Moments of some of the clips."""
        own = self.values(clips).double()
        return Moments(torch.ones(len(own), dtype=torch.double), own, own.square())


class FineTuner(Trainer):
    """Trains the encoder of a model together with its network.

    Args:
        model: With an encoder in its front-end; its network is trained already.
        data: Sounds, from `sounds_of`.
        speakers: Number of the speaker of each clip, (clips,); None where the model does not
            normalise by speaker.
        choice: Which layers, and how.
        given: As for `Trainer`.
    """

    def __init__(
        self,
        model: EmotionClassifier,
        data: Data,
        *given: Tensor,
        speakers: Tensor | None,
        choice: FineTuneChoice,
        **more: Any,
    ) -> None:
        if current_group().world > 1:
            raise ParameterError(
                "an encoder is fine-tuned in one process", remedy="Start it without helpers"
            )
        layers: Any = model.front_end.layers
        self.choice, self.speakers = choice, speakers
        self.encoder_weights = unfreeze(layers.encoder, choice)
        super().__init__(model, data, *given, **more)
        channels, bins, _ = model.representation.silence.shape
        self.memory = Memory(len(data.targets), channels, bins)
        self.known: dict[int, tuple[Tensor, Tensor]] = {}
        self.remembered = False

    def trained_part(self) -> nn.Module:
        """Encoder and network."""
        return EncoderNetwork(self.model)

    def weights(self) -> list[tuple[float, nn.Module]]:
        """The encoder's layers at their rates, and the network at that of the last of them.

        A network that was not trained before learns at the recipe's own rate: one that was would
        forget at it what it has learned, and change the encoder for nothing meanwhile.
        """
        share = self.choice.lr / self.optim.lr
        own = [(share * each, module) for each, module in self.encoder_weights]
        return [(share if self.choice.probe_epochs else 1.0, self.model.network), *own]

    def _train_epoch(self) -> float:
        if not self.remembered:  # the first epoch, or the first one after a resume
            self._remember_training()
        loss = super()._train_epoch()
        # Steps leave what masked clips gave; constants and speakers are those of whole ones.
        self._remember_training()
        return loss

    def step(self, batch: Batch, number: int) -> float:
        """One change of the weights; returns the loss."""
        if number % REFIT_STEPS == 0:
            self._refit()
        known = replace(batch, speakers=self._drawn(batch.clips, number))
        loss = super().step(known, number)
        self.memory.follow(batch.clips)
        return loss

    def _part_loss(self, _number: int, network: nn.Module, batch: Batch, _part: int) -> Tensor:
        assert isinstance(network, EncoderNetwork)  # noqa: S101  (from `trained_part`)
        waveforms, lengths = _sounds(batch)
        with self.precision.autocast(self.device):
            statistics = network.statistics(waveforms.to(self.device), lengths.to(self.device))
        self.memory.keep(batch.clips, statistics.detach()[..., 0].cpu())
        return self._loss(self._decided(network, statistics, batch.speakers), batch.targets)

    def _decided(self, part: EncoderNetwork, values: Tensor, speakers: Tensor | None) -> Tensor:
        """Logits from what the encoder gave: (batch, channels, bins, 1) -> (batch, classes)."""
        own = torch.ones(len(values), dtype=torch.long, device=self.device)
        theirs = None if speakers is None else speakers.to(self.device)
        logits: Tensor = part.network(self.model.normaliser(values, own, theirs), own)
        return logits

    def probabilities(self, clips: Tensor, model: EmotionClassifier | None = None) -> Tensor:
        """Probability of each class for each clip, (clips, classes), in the order given."""
        self.memory.keep(clips, self._given(clips))
        speakers = None
        if self.speakers is not None:
            speakers = SpeakerMoments(self.speakers, self.memory).full(clips, clips)
        statistics = self.memory.values(clips).unsqueeze(-1).to(self.device)
        with torch.inference_mode():
            part = EncoderNetwork(model or self.model).eval()
            logits = self._decided(part, statistics, speakers)
        return logits.softmax(-1).cpu()

    def _remember_training(self) -> None:
        self.memory.start(self.training, self._given(self.training))
        self._refit()
        self.remembered = True

    def _given(self, clips: Tensor) -> Tensor:
        """What the encoder gives for whole clips, (clips, channels, bins)."""
        part = EncoderNetwork(self.model).eval()

        def work(batch: Batch) -> tuple[Tensor, Tensor]:
            waveforms, lengths = _sounds(batch)
            with torch.no_grad(), self.precision.autocast(self.device):
                found = part.statistics(waveforms.to(self.device), lengths.to(self.device))
            return batch.clips, found[..., 0].cpu()

        places = {int(clip): number for number, clip in enumerate(clips)}
        given = torch.empty(len(clips), *self.memory.mean.shape)
        for seen, found in self.parts.map(work, self.data.evaluation(clips)):
            given[[places[int(clip)] for clip in seen]] = found
        self.model.train()
        return given

    def _refit(self) -> None:
        """Constants of normalisation and statistics of speakers, as the memory has them now."""
        with torch.no_grad():
            self.model.normaliser.fit(self.memory[self.training])
        if self.speakers is not None:
            self.known = SpeakerMoments(self.speakers, self.memory).among(self.training)

    def _drawn(self, clips: Tensor, number: int) -> Tensor | None:
        """Statistics from a random number of clips of each clip's speaker."""
        if self.speakers is None:
            return None
        draw = seeds.generator(self.seed, "enrolled", number)
        return SpeakerMoments(self.speakers, self.memory).drawn(clips, self.known, draw)


def _sounds(batch: Batch) -> tuple[Tensor, Tensor]:
    """Samples (batch, samples) and lengths (batch,) of a batch of sounds."""
    waveforms = batch.features[:, 0, 0]
    full = torch.full((len(waveforms),), waveforms.shape[-1])
    return waveforms, full if batch.frames is None else batch.frames
