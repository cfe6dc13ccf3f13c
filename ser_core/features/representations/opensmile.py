"""Feature sets of openSMILE: eGeMAPS and ComParE, of a whole clip; an optional extra."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ser_core.core import MissingPartError
from ser_core.features.licences import LICENCES, require_agreed
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import SUMMARY, Axis, Representation, model_input
from ser_core.features.representations.groups import grouped

SHORTEST_S = 0.1
"""Seconds that shorter clips are filled up to with silence; openSMILE gives nothing for them."""

GROUP_RULES = (
    ("loudnessPeaksPerSec", "rhythm"),
    ("VoicedSegmentsPerSec", "rhythm"),
    ("MeanVoicedSegmentLength", "rhythm"),
    ("MeanUnvoicedSegmentLength", "rhythm"),
    ("StddevVoicedSegmentLength", "rhythm"),
    ("StddevUnvoicedSegmentLength", "rhythm"),
    ("F0", "pitch"),
    ("loudness", "loudness"),
    ("equivalentSoundLevel", "loudness"),
    ("pcm_RMSenergy", "loudness"),
    ("audspec_length", "loudness"),
    ("audspecRasta_length", "loudness"),
    ("jitter", "voice quality"),
    ("shimmer", "voice quality"),
    ("HNR", "voice quality"),
    ("logHNR", "voice quality"),
    ("logRelF0", "voice quality"),
    ("alphaRatio", "voice quality"),
    ("hammarbergIndex", "voice quality"),
    ("slope", "voice quality"),
    ("voicing", "voice quality"),
)


@dataclass(frozen=True, kw_only=True)
class OpenSmileSet(Representation):
    """Functionals of openSMILE (Eyben et al., 2010) of a clip in one frame.

    Raises:
        MissingPartError: When it is computed, if opensmile is not installed.
        ParameterError: If its licence was not agreed to.
    """

    family = "Summary"
    unit = "various"
    licence = "opensmile"
    dtype = "float32"  # some features have values beyond 65,504

    feature_set: ClassVar[str]
    """Name in `opensmile.FeatureSet`."""
    count: ClassVar[int]
    """How many features it has."""

    n_fft: int = field(default=512, init=False, repr=False)
    hop_length: int = field(default=160, init=False, repr=False)

    @property
    def differentiable(self) -> bool:
        """No: a program of its own computes it."""
        return False

    @property
    def silence(self) -> Tensor:
        """Zeros: padding never reaches a clip's one frame."""
        return torch.zeros(1, self.count, 1)

    def frames(self, samples: Tensor) -> Tensor:
        """One each, however long."""
        return torch.ones_like(samples)

    def compute(self, sound: Analysis) -> Tensor:
        whole = sound.waveforms.detach().cpu().numpy()
        lengths = [whole.shape[1]] * len(whole) if sound.lengths is None else sound.lengths.tolist()
        rows = [self._features(wave[:n]) for wave, n in zip(whole, lengths, strict=True)]
        return torch.from_numpy(np.stack(rows)).to(sound.waveforms)[:, None, :, None]

    def _features(self, wave: Any) -> Any:
        """Features of one sound, (count,)."""
        least = int(SHORTEST_S * self.sample_rate)
        if len(wave) < least:
            wave = np.concatenate([wave, np.zeros(least - len(wave), wave.dtype)])
        return _smile(self.feature_set).process_signal(wave, self.sample_rate).to_numpy()[0]

    def bin_axis(self) -> Axis:
        return Axis("feature", "", np.array(_smile(self.feature_set).feature_names))

    def feature_groups(self) -> tuple[str, ...]:
        return grouped(_smile(self.feature_set).feature_names, GROUP_RULES)


@model_input("egemaps", SUMMARY)
@dataclass(frozen=True, kw_only=True)
class EGeMAPS(OpenSmileSet):
    """The extended Geneva minimalistic set, eGeMAPSv02: shape (batch, 1, 88, 1).

    Eyben et al. (2016), "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research
    and affective computing".
    """

    title = "eGeMAPSv02 (openSMILE)"
    describe = "88 features of pitch, loudness, spectrum and voice quality; research licence."
    feature_set = "eGeMAPSv02"
    count = 88


@model_input("compare2016", SUMMARY)
@dataclass(frozen=True, kw_only=True)
class ComParE2016(OpenSmileSet):
    """The set of the ComParE challenges, ComParE_2016: shape (batch, 1, 6373, 1).

    Schuller et al. (2016), "The INTERSPEECH 2016 computational paralinguistics challenge".
    """

    title = "ComParE 2016 (openSMILE)"
    describe = "6,373 features of the ComParE challenges; research licence."
    feature_set = "ComParE_2016"
    count = 6373


@lru_cache(maxsize=4)
def _smile(feature_set: str) -> Any:
    """Extractor of a feature set.

    Raises:
        MissingPartError: If opensmile is not installed.
        ParameterError: If its licence was not agreed to.
    """
    require_agreed("opensmile")
    try:
        import opensmile
    except ImportError as error:
        licence = LICENCES["opensmile"]
        raise MissingPartError(
            "is not installed",
            subject=licence.part,
            remedy=f"{licence.install} ({licence.terms})",
        ) from error
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
