"""Attack domains: the features that the network is given, or the waveform itself."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.core import ModelError, Registry
from ser_core.features.representations import FLOOR_DB
from ser_core.models.abilities import INSIDE, SINGLE, require
from ser_core.models.bundle import pad_batch
from ser_core.robustness.attacks import Target

if TYPE_CHECKING:
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.models.predictor import Predictor

BATCH = 16

CEILING_DB = 6.03
"""No STFT bin of a sound within full scale exceeds this: a constant has twice a sine's amplitude
in its one bin."""

BOUNDS = {
    **dict.fromkeys(("spectrogram", "melspectrogram", "hpss", "cqt"), (FLOOR_DB, CEILING_DB)),
    **dict.fromkeys(("chroma", "zcr", "rms"), (0.0, 1.0)),
}
"""Least and greatest value of a representation, by its name; others have none."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips of a subset that are attacked together.

    Attributes:
        rows: Their numbers in the subset.
        target: What is attacked.
        unit: Size of one unit of the domain's epsilon, broadcastable to the batch (see
            `AttackDomain`).
        lengths: Samples of each clip's own, shape (batch,).
    """

    rows: list[int]
    target: Target
    unit: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class AttackDomain:
    """Where an attack takes hold.

    Attributes:
        name: In commands and files.
        title: For people.
        describe: One plain sentence.
    """

    name: str
    title: str
    describe: str

    def unit(self, model: EmotionClassifier) -> str:
        """Unit of epsilon."""
        raise NotImplementedError

    def levels(self, model: EmotionClassifier) -> tuple[float, ...]:
        """Epsilons from mild to severe."""
        raise NotImplementedError

    def epsilon(self, batch: Batch, level: float) -> Tensor:
        """Largest change of a value, in the batch's own kind of values."""
        raise NotImplementedError

    def between(self, mild: float, severe: float) -> float:
        """Level halfway between two."""
        raise NotImplementedError

    def milder(self, levels: Sequence[float], number: int) -> float:
        """The level before one, or one far milder than the first."""
        raise NotImplementedError

    def target(
        self, model: EmotionClassifier, sounds: Tensor, lengths: Tensor, true: Tensor, enrolled: Any
    ) -> tuple[Target, Tensor]:
        """A batch of sounds as what is attacked, and the unit of its epsilon."""
        raise NotImplementedError

    def batches(self, model: EmotionClassifier, subset: EvaluationClips) -> Iterator[Batch]:
        """The clips of a subset, those of like length together."""
        order = sorted(range(len(subset)), key=lambda i: len(subset.sounds[i].samples))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            yield self._batch(model, subset, rows)

    def _batch(self, model: EmotionClassifier, subset: EvaluationClips, rows: list[int]) -> Batch:
        sounds = [torch.from_numpy(subset.sounds[row].samples) for row in rows]
        padded, _ = pad_batch(sounds)
        lengths = torch.tensor([len(sound) for sound in sounds])
        true = torch.tensor([model.classes.index(subset.clips["emotion"].iloc[r]) for r in rows])
        target, unit = self.target(model, padded, lengths, true, enrolled_rows(subset, rows))
        return Batch(rows, target, unit, lengths)


class FeatureDomain(AttackDomain):
    """Attack on the representation, between the front-end and the normalisation."""

    def unit(self, model: EmotionClassifier) -> str:
        """DB where the representation is in dB; otherwise sigma of the normaliser, bin by bin."""
        return "dB" if model.representation.unit == "dB" else "σ"

    def levels(self, model: EmotionClassifier) -> tuple[float, ...]:
        """Epsilons from mild to severe."""
        if self.unit(model) == "dB":
            return (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
        return (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)

    def epsilon(self, batch: Batch, level: float) -> Tensor:
        """Level times the unit."""
        return level * batch.unit

    def between(self, mild: float, severe: float) -> float:
        """Geometric mean."""
        return math.sqrt(mild * severe)

    def milder(self, levels: Sequence[float], number: int) -> float:
        """The level before, or a tenth of the first."""
        return levels[number - 1] if number else levels[0] / 10

    def target(
        self, model: EmotionClassifier, sounds: Tensor, lengths: Tensor, true: Tensor, enrolled: Any
    ) -> tuple[Target, Tensor]:
        """Feature maps, with one unit for all values or one a bin."""
        with torch.no_grad():
            features = model.front_end(sounds, lengths)
        frames = model.representation.frames(lengths)
        index = torch.arange(features.shape[-1])
        mask = (index < frames[:, None])[:, None, None, :].to(features)
        low, high = BOUNDS.get(model.representation.name, (-math.inf, math.inf))
        one = torch.ones(1, 1, 1, 1)
        unit = one if self.unit(model) == "dB" else model.normaliser.spread[None, ..., None]

        def forward(x: Tensor) -> Tensor:
            return model.logits(x, frames, enrolled)

        return Target(features, forward, true, mask, low, high), unit


class WaveformDomain(AttackDomain):
    """Attack on the waveform, through the differentiable front-end."""

    def unit(self, model: EmotionClassifier) -> str:  # noqa: ARG002
        """Signal-to-noise ratio in dB."""
        return "dB SNR"

    def levels(self, model: EmotionClassifier) -> tuple[float, ...]:  # noqa: ARG002
        """SNRs from mild to severe."""
        return (70.0, 60.0, 50.0, 40.0, 30.0, 20.0)

    def epsilon(self, batch: Batch, level: float) -> Tensor:
        """Amplitude whose power lies `level` dB below the clip's; 0 for a silent clip."""
        return batch.unit * 10 ** (-level / 20)

    def between(self, mild: float, severe: float) -> float:
        """Mean in dB."""
        return (mild + severe) / 2

    def milder(self, levels: Sequence[float], number: int) -> float:
        """The level before, or 20 dB fainter than the first."""
        return levels[number - 1] if number else levels[0] + 20

    def target(
        self, model: EmotionClassifier, sounds: Tensor, lengths: Tensor, true: Tensor, enrolled: Any
    ) -> tuple[Target, Tensor]:
        """Sounds, with the root mean square of each as its unit."""
        if not model.representation.differentiable:
            raise ModelError(
                f"{model.representation.title} has no gradient, so the sound cannot be attacked "
                "through it",
                subject="attack on the sound",
                remedy="Attack the representation, or choose a model of another representation",
            )
        mask = (torch.arange(sounds.shape[1]) < lengths[:, None]).to(sounds)
        loud = (sounds.square().sum(1, keepdim=True) / lengths[:, None]).sqrt()
        reach = max(1.0, float(sounds.abs().max()))

        def forward(x: Tensor) -> Tensor:
            logits: Tensor = model(x, lengths, enrolled)
            return logits

        return Target(sounds, forward, true, mask, -reach, reach), loud


ATTACK_DOMAINS: Registry[AttackDomain] = Registry("place of attack")
for _domain in (
    FeatureDomain(
        "representation",
        "on the representation",
        "Values of the representation change by at most epsilon each.",
    ),
    WaveformDomain(
        "sound",
        "on the sound",
        "Samples of the sound change; such an attack could be played to a microphone.",
    ),
):
    ATTACK_DOMAINS.register(_domain.name)(_domain)


def attackable(predictor: Predictor, *needed: str) -> EmotionClassifier:
    """Private copy of a model's network in evaluation mode, so that the model stays as it is.

    Args:
        predictor: The model.
        needed: Further abilities that it must have; gradients for an attack.

    Raises:
        ModelError: If the model is not one network (an ensemble, an exported file), or lacks an
            ability.
    """
    require(predictor, INSIDE, remedy="Attack the network that it was exported from")
    require(
        predictor,
        SINGLE,
        *needed,
        remedy="Choose a single trained network, such as a member of the ensemble",
    )
    model = predictor.members[0][0].model
    return copy.deepcopy(model).eval().requires_grad_(False)


def enrolled_rows(subset: EvaluationClips, rows: Sequence[int]) -> Tensor | None:
    """Statistics of the speakers of some clips, NaN for unseen ones; None without enrolment."""
    if not subset.enrolled:
        return None
    speakers = subset.speakers
    (nobody,) = (np.full_like(v[0], np.nan) for v in list(subset.enrolled.values())[:1])
    known = [subset.enrolled.get(speakers[row], (nobody,))[0] for row in rows]
    return torch.from_numpy(np.stack(known))


def mean_sigma(model: EmotionClassifier) -> float:
    """Mean standard deviation that the normaliser divides by, in the representation's unit."""
    return float(model.normaliser.spread.mean())


def as_file(samples: Tensor, sample_rate: int) -> Waveform:
    """Sound as it comes back from a 16-bit WAV file, which is how an attack would be played."""
    steps = (samples * 32768).round().clamp(-32768, 32767) / 32768
    return Waveform(steps.numpy(), sample_rate)
