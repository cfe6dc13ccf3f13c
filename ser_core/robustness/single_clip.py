"""One clip under attack: feature map, sound and probabilities before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.core import ParameterError
from ser_core.models.abilities import GRADIENTS, explained_on
from ser_core.robustness import resynthesis
from ser_core.robustness.attack_domains import ATTACK_DOMAINS, as_file, attackable
from ser_core.robustness.attack_sweep import probabilities, statuses
from ser_core.robustness.attacks import ATTACKS
from ser_core.robustness.clip_predictions import probabilities_of

if TYPE_CHECKING:
    from ser_core.features.representations import Representation
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.predictor import Predictor

Values = npt.NDArray[np.float32]

CLEAN, SEEN, RESYNTHESISED = "clean", "attacked, as seen", "attacked, as heard"
"""What is classified: the clip, the changed feature map, and the changed sound."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """A clip before and after an attack.

    Attributes:
        clean: The sound as it was.
        sound: The attacked sound, as from a 16-bit file; None where none follows from the feature
            map.
        representation: What the model sees of it; for an attack on the sound of a model with a
            speech encoder, what the encoder takes.
        before: Feature map of the clean sound, shape (channels, bins, frames).
        after: The attacked feature map, or the feature map of the attacked sound.
        answers: Probabilities by input (`CLEAN`, `SEEN`, `RESYNTHESISED`) and emotion.
        status: Why it could not be attacked; empty where it could.
        snr: How far the difference lies below the clip, dB; None where there is none.
    """

    clean: Waveform
    sound: Waveform | None
    representation: Representation
    before: Values
    after: Values
    answers: Mapping[str, Mapping[str, float]]
    status: str
    snr: float | None

    @property
    def difference(self) -> Waveform | None:
        """Attacked minus clean sound; None where there is no attacked one, or nothing differs."""
        if self.sound is None:
            return None
        left = self.sound.samples - self.clean.samples
        return Waveform(left, self.clean.sample_rate) if np.any(left) else None


def attacked(
    predictor: Predictor,
    clip: EvaluationClips,
    attack: str,
    domain: str,
    level: float,
    *,
    seed: int = 0,
) -> Attacked:
    """Attack one clip.

    Args:
        predictor: A single trained network.
        clip: Subset of one clip.
        attack: Name in `ATTACKS`.
        domain: Name in `ATTACK_DOMAINS`.
        level: Epsilon in the domain's unit.
        seed: Of what is random in the attack.

    Raises:
        ParameterError: If the subset is of several clips.
        ModelError: If the model gives no gradient, or the sound cannot be attacked through it.
    """
    if len(clip) != 1:
        raise ParameterError(f"{len(clip)} clips", remedy="Choose one clip")
    model, where = attackable(predictor, GRADIENTS), ATTACK_DOMAINS[domain]
    (batch,) = where.batches(model, clip)
    changed = ATTACKS[attack](batch.target, where.epsilon(batch, level), seed=seed)
    (clean,), rep = clip.sounds, model.representation
    shown: Callable[[Tensor], Tensor] = model.front_end
    if domain == "sound":
        rep = explained_on(model)
        shown = model.front_end if rep is model.representation else rep
    with torch.no_grad():
        before = shown(torch.from_numpy(clean.samples)[None])[0]
    answers = {CLEAN: probabilities_of(predictor, clip, [clean])}
    sound: Waveform | None = None
    if domain == "sound":
        sound = as_file(changed[0], clean.sample_rate)
        with torch.no_grad():
            after = shown(torch.from_numpy(sound.samples)[None])[0]
    else:
        after = changed[0]
        answers[SEEN] = probabilities(batch, changed)
        if resynthesis.possible(rep):
            samples = torch.from_numpy(clean.samples)
            made = resynthesis.resynthesised(samples, after - before, rep)
            sound = as_file(made, clean.sample_rate)
    if sound is not None:
        answers[RESYNTHESISED] = probabilities_of(predictor, clip, [sound])
    return Attacked(
        clean,
        sound,
        rep,
        before.numpy(),
        after.numpy(),
        {
            name: dict(zip(model.classes, map(float, row[0]), strict=True))
            for name, row in answers.items()
        },
        statuses(batch)[0],
        _snr(clean, sound),
    )


def _snr(clean: Waveform, sound: Waveform | None) -> float | None:
    if sound is None:
        return None
    of_clip, of_change = (
        float(np.sum(np.square(each, dtype=np.float64)))
        for each in (clean.samples, sound.samples - clean.samples)
    )
    return 10 * float(np.log10(of_clip / of_change)) if of_clip and of_change else None
