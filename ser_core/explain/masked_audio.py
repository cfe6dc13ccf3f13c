"""Masked audio: keep or remove the most relevant part of a sound, and classify it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.audio import Waveform, resampled
from ser_core.core import ModelError, ParameterError
from ser_core.explain.attribution import Attribution
from ser_core.explain.audio_baselines import AUDIO_BASELINES, SILENCE, USUAL
from ser_core.explain.faithfulness import order_of
from ser_core.explain.filterbanks import to_spectrum
from ser_core.explain.model_input import Floats, Map, ModelInput
from ser_core.features.representations import HPSS, Analysis, Representation, filters

Mask = npt.NDArray[np.bool_]

OVERLAP = 4
"""Windows that lie over each sample when the sound is put together again."""


@dataclass(frozen=True, eq=False)
class MaskedAudio:
    """A sound of which a part was kept or removed, with its probabilities.

    Attributes:
        waveform: The new sound, as long as the old one.
        before: Probabilities of the whole sound, (classes,).
        after: Probabilities of the new one, (classes,).
        mapped_before: Those of the networks that the map explains, for the whole sound, (classes,);
            the same as `before` where the model is one network.
        mapped_after: Those of the same networks for the new sound, (classes,).
        energy: Share of the sound's energy that is left, 0 to 1.
        target: Index of the emotion that is explained.
    """

    waveform: Waveform
    before: Floats
    after: Floats
    mapped_before: Floats
    mapped_after: Floats
    energy: float
    target: int

    @property
    def explained(self) -> float:
        """Probability of the emotion in the new sound, by the networks that the map explains."""
        return float(self.mapped_after[self.target])


InputFunction = Callable[[Waveform], ModelInput]
"""The input of a model for a sound, with the enrolled speaker: `model_input`, partly applied."""


def mask_audio(
    input_of: InputFunction,
    waveform: Waveform,
    attribution: Attribution,
    share: float,
    *,
    keep: bool,
    rest: str = USUAL,
) -> MaskedAudio:
    """Keep only, or remove, the most relevant part of a sound, and classify it again.

    Features of the new sound are extracted and normalised anew.

    Args:
        input_of: The `ModelInput` of a sound.
        waveform: The sound that was explained.
        attribution: Its map.
        share: Of the feature map, 0 to 1, that counts as most relevant.
        keep: Keep that part; otherwise remove it.
        rest: What replaces removed parts, one of `AUDIO_BASELINES`.

    Raises:
        ModelError: If the representation's bins are no parts of the sound.
        ParameterError: If the share is not between 0 and 1.
    """
    chosen = most_relevant(attribution.values, share)
    rep = attribution.representation
    new = resynthesised(waveform, rep, chosen if keep else ~chosen, rest)
    before, after = input_of(waveform), input_of(new)
    return MaskedAudio(
        new,
        before.probabilities(),
        after.probabilities(),
        before.probabilities_through(rep.hash),
        after.probabilities_through(rep.hash),
        _left(waveform, new),
        after.target(attribution.emotion),
    )


DRAWS = 6
"""Shifts of the marked part that it is compared with."""


@dataclass(frozen=True)
class DeletionTest:
    """Deletion test of a map: the marked part against others of its shape and size.

    Attributes:
        kept: Probability of the emotion where nothing but the marked part is left.
        removed: Where all but that is left.
        kept_elsewhere: Mean where as much is left elsewhere.
        removed_elsewhere: Mean where as much is removed elsewhere.
        draws: Number of shifts.
    """

    kept: float
    removed: float
    kept_elsewhere: float
    removed_elsewhere: float
    draws: int

    @property
    def keeps_more(self) -> bool:
        """Whether the marked part alone leaves a higher probability than others."""
        return self.kept > self.kept_elsewhere

    @property
    def loses_more(self) -> bool:
        """Whether removing the marked part costs more probability than removing others."""
        return self.removed < self.removed_elsewhere

    @property
    def margin(self) -> float:
        """By how much the marked part does better than others, in the half where it is less."""
        kept, lost = self.kept - self.kept_elsewhere, self.removed_elsewhere - self.removed
        return min(kept, lost)

    @property
    def halves(self) -> int:
        """How many of the two comparisons support the map, 0 to 2."""
        return self.keeps_more + self.loses_more


def deletion_test(
    input_of: InputFunction,
    waveform: Waveform,
    attribution: Attribution,
    share: float,
    *,
    parts: tuple[MaskedAudio, MaskedAudio] | None = None,
    rest: str = USUAL,
    draws: int = DRAWS,
    seed: int = 0,
) -> DeletionTest:
    """Compare keeping and removing the marked part with the same marks elsewhere.

    The marks are moved along time and frequency together, so what is kept or removed elsewhere is
    as large and as broken up. Probabilities are those of the networks that the map is of.

    Args:
        input_of: The `ModelInput` of a sound.
        waveform: The sound that was explained.
        attribution: Its map.
        share: Of the feature map, 0 to 1, that counts as most relevant.
        parts: What `mask_audio` made of this share kept, and removed; made here when None.
        rest: What replaces removed parts, one of `AUDIO_BASELINES`.
        draws: Number of shifts.
        seed: Of the shifts.

    Raises:
        ModelError: If the representation's bins are no parts of the sound.
        ParameterError: If the share is not between 0 and 1.
    """
    rep, draw = attribution.representation, np.random.default_rng(seed)
    chosen = most_relevant(attribution.values, share)

    def probability(mask: Mask) -> float:
        view = input_of(resynthesised(waveform, rep, mask, rest))
        return float(view.probabilities_through(rep.hash)[view.target(attribution.emotion)])

    rows, columns = chosen.shape[-2:]
    moved = [
        np.roll(
            chosen, (int(draw.integers(rows)), int(draw.integers(1, max(2, columns)))), (-2, -1)
        )
        for _ in range(draws)
    ]
    kept, removed = (
        [each.explained for each in parts] if parts else [probability(chosen), probability(~chosen)]
    )
    return DeletionTest(
        kept,
        removed,
        float(np.mean([probability(each) for each in moved])),
        float(np.mean([probability(~each) for each in moved])),
        draws,
    )


def _left(old: Waveform, new: Waveform) -> float:
    """Share of the energy that is left."""
    before, after = (
        float(np.square(each.samples, dtype=np.float64).sum())
        for each in (resampled(old, new.sample_rate), new)
    )
    return after / before if before > 0 else 0.0


def most_relevant(values: Map, share: float) -> Mask:
    """Where the largest values are: this share of them, of equal ones some by chance.

    Raises:
        ParameterError: If the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ParameterError(f"a share of {share:g} is not between 0 and 1", subject="share")
    every = np.arange(values.size).reshape(values.shape)
    chosen = np.zeros(values.size, bool)
    chosen[order_of(values, every, 0)[: round(share * values.size)]] = True
    return chosen.reshape(values.shape)


def is_invertible(rep: Representation) -> bool:
    """Whether parts of this representation are parts of the sound."""
    return to_spectrum(rep) is not None


def resynthesised(
    waveform: Waveform,
    rep: Representation,
    mask: npt.NDArray[np.generic],
    rest: str = SILENCE,
) -> Waveform:
    """The sound with nothing left but the masked part of a representation.

    The short-time spectrum is multiplied by the mask, brought from the representation's bins to
    those of the spectrum, and put together again with its own phase.

    Args:
        waveform: The sound.
        rep: What the mask is laid over.
        mask: 1 where the sound stays, 0 where it is removed, (channels, bins, frames).
        rest: What replaces removed parts, one of `AUDIO_BASELINES`.

    Returns:
        At the representation's sample rate; with a mask of ones the sound itself.

    Raises:
        ModelError: If the representation's bins are no parts of the sound.
    """
    weights = to_spectrum(rep)
    if weights is None:
        raise ModelError(
            "its bins mix all of the sound, so no part of it can be played alone",
            subject=rep.title,
            remedy="Choose a model on a spectrogram, mel spectrogram, HPSS, constant-Q or chroma",
        )
    samples = torch.from_numpy(resampled(waveform, rep.sample_rate).samples)[None]
    step, window = rep.n_fft // OVERLAP, filters.hann(rep.n_fft)
    spectrum = torch.stft(
        samples, rep.n_fft, step, window=window, pad_mode="constant", return_complex=True
    )
    times = torch.arange(spectrum.shape[-1]) * step / rep.hop_length
    gains = at_times(weights @ torch.from_numpy(mask.astype(np.float32)), times)
    gain = gains[0] if len(gains) == 1 else _shared_out(rep, samples, gains, times)
    amplitude = spectrum.abs()
    gain = gain + (1 - gain) * AUDIO_BASELINES[rest](amplitude) / amplitude.clamp(min=1e-12)
    new = torch.istft(spectrum * gain, rep.n_fft, step, window=window, length=samples.shape[1])
    return Waveform(new[0].numpy(), rep.sample_rate)


def at_times(values: Tensor, frames: Tensor) -> Tensor:
    """Values between frames, by linear interpolation; (..., n) -> (..., frames)."""
    last = values.shape[-1] - 1
    positions = frames.clamp(max=last)
    left = positions.floor().long()
    right = (left + 1).clamp(max=last)
    return torch.lerp(values[..., left], values[..., right], (positions - left).to(values.dtype))


def _shared_out(rep: Representation, samples: Tensor, gains: Tensor, times: Tensor) -> Tensor:
    """Gain where a harmonic and a percussive part have masks of their own."""
    share = at_times(harmonic_share(rep, samples), times)
    return share * gains[0] + (1 - share) * gains[1]


def harmonic_share(rep: Representation, samples: Tensor) -> Tensor:
    """Share of the harmonic part in the spectrum's amplitude, (n_fft // 2 + 1, frames)."""
    one, two = (part.sqrt() for part in parts_of(rep, samples))
    return (one + 1e-12) / (one + two + 2e-12)


def parts_of(rep: Representation, samples: Tensor) -> tuple[Tensor, Tensor]:
    """Power of the harmonic and of the percussive part, each (n_fft // 2 + 1, frames)."""
    own = {"sample_rate": rep.sample_rate, "n_fft": rep.n_fft, "hop_length": rep.hop_length}
    separation = rep if isinstance(rep, HPSS) else HPSS(**own, fmax=rep.sample_rate / 2, n_mels=8)
    harmonic, percussive = separation.parts(Analysis(samples, rep.sample_rate))
    return harmonic[0], percussive[0]


__all__ = [
    "DeletionTest",
    "MaskedAudio",
    "deletion_test",
    "is_invertible",
    "mask_audio",
    "most_relevant",
    "resynthesised",
]  # fmt: skip
