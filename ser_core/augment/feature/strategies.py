"""How each representation is augmented: a table, and a chain made from its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ser_core.augment.base import Chain
from ser_core.augment.feature.base import make_feature
from ser_core.core import ParameterError
from ser_core.features.representations import Representation

Step = Mapping[str, Any]


def _step(name: str, probability: float, **parameters: Any) -> Step:
    return {"name": name, "probability": probability, **parameters}


def _noise(level: float) -> Step:
    return _step("picture_noise", 0.5, level=level)


_WARP = _step("frequency_warp", 0.7)
_EQUALISER = _step("picture_equaliser", 0.5)
_TIME = _step("time_mask", 0.8)
_BANDS = _step("frequency_mask", 0.8)
_LAGS = _step("frequency_mask", 0.8, count=5, widest=0.05)
_SHIFT = _step("picture_shift", 0.3)
_LEVELS = (_WARP, _EQUALISER, _noise(1.5), _BANDS, _TIME, _SHIFT)

STRATEGIES: dict[str, tuple[Step, ...]] = {
    "spectrogram": _LEVELS,
    "melspectrogram": _LEVELS,
    "cqt": _LEVELS,
    "hpss": _LEVELS,
    "spectral_contrast": (
        _noise(1.0),
        _step("scale", 0.5, reach=1.0),
        _step("frequency_mask", 0.5, count=1),
        _TIME,
        _SHIFT,
    ),
    # Orthonormal: independent noise of 1.5 dB in the mel bands has 1.5 in each coefficient. A
    # hidden coefficient is no band of frequencies, so only few are.
    "mfcc": (
        _WARP,
        _EQUALISER,
        _noise(1.5),
        _step("frequency_mask", 0.3, count=1, widest=0.1),
        _TIME,
        _SHIFT,
    ),
    # A slope over nine frames has 0.13 of the noise of what it is the slope of.
    "delta_mfcc": (
        _WARP,
        _step("scale", 0.5, reach=2.0),
        _noise(0.2),
        _step("frequency_mask", 0.3, count=1, widest=0.1),
        _TIME,
        _SHIFT,
    ),
    "chroma": (
        _step("transposition", 0.5),
        _noise(0.03),
        _step("harmonic_mask", 0.5, fill="silence"),
        _TIME,
        _SHIFT,
    ),
    "tonnetz": (
        _step("transposition", 0.5),
        _noise(0.02),
        _step("harmonic_mask", 0.3, count=1, fill="silence"),
        _TIME,
        _SHIFT,
    ),
    "zcr": (_step("scale", 0.7, reach=1.5), _noise(0.01), _TIME, _SHIFT),
    "rms": (_step("scale", 0.9, reach=6.0), _noise(0.002), _TIME, _SHIFT),
    # Its channels have different units and axes; time is all they share.
    "fusion": (_TIME, _SHIFT),
    # Long lags of short clips are empty: more and narrower masks, so that some hit something.
    "tempogram": (_step("tempo_warp", 0.7), _noise(0.03), _LAGS, _TIME, _SHIFT),
    "delta_tempogram": (_step("tempo_warp", 0.7), _noise(0.004), _LAGS, _TIME, _SHIFT),
}
"""Augmentations of each representation, in order, in its own unit."""


def feature_chain(representation: Representation, steps: Iterable[Step]) -> Chain:
    """Chain of augmentations of a representation from a list of names with parameters.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If a step has no name, an augmentation has no meaning for the
            representation, or refuses a parameter.
    """
    return Chain(tuple(_made(representation, dict(step)) for step in steps))


def _made(representation: Representation, step: dict[str, Any]) -> Any:
    if "name" not in step:
        raise ParameterError(f"{step} has no name", remedy="Say which augmentation it is")
    return make_feature(step.pop("name"), representation, **step)


def strategy(representation: Representation) -> Chain:
    """How training batches of a representation are augmented, unless a recipe says otherwise.

    Returns:
        A function of (feature maps, frames, generator) that gives both anew, in the
        representation's own unit, before any normalisation.

    Raises:
        ParameterError: If the table has no strategy for it. Nothing is left as it is silently.
    """
    if representation.name not in STRATEGIES:
        raise ParameterError(
            "there is no augmentation strategy for it",
            subject=representation.name,
            remedy="Set augment.picture to none, or list the augmentations in the recipe",
        )
    return feature_chain(representation, STRATEGIES[representation.name])
