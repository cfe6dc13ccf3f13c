"""Synthetic clips whose cue is known, and how well each method localises it.

Every clip has two bursts of noise. One, in the middle of the spectrum, is loud and in all
clips: it is no cue. The other is soft, and whether it is low or high tells the class; its
time is random. A network that was trained to tell the classes must use it, so a map that marks
the loud burst is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from ser_core.audio import Waveform
from ser_core.explain.attribution import attributed
from ser_core.explain.method import METHODS, Method, make
from ser_core.explain.model_input import Map, model_input
from ser_core.explain.summary_statistics import ClipMeans
from ser_core.features.representations import Representation, represent
from ser_core.features.representations import make as make_representation
from ser_core.models.abilities import of_network
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.models.normalisation import Moments

CLASSES = ("anger", "sadness")
CUES = {"anger": (3000.0, 4200.0), "sadness": (500.0, 900.0)}
LOUD = (1500.0, 2200.0)
RATE, SECONDS, BURST = 16_000, 1.0, 0.15
TRUTH_DB = 20.0
"""The cue is where its own feature map is within this of its loudest value."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """A clip whose cue is known.

    Attributes:
        waveform: The clip.
        emotion: Its class.
        cue: The cue alone.
    """

    waveform: Waveform
    emotion: str
    cue: Waveform

    def truth(self, rep: Representation) -> Mask:
        """Where the cue is in a feature map, (channels, bins, frames)."""
        (feature_map,) = represent(self.cue, [rep])
        return np.asarray(feature_map > feature_map.max() - TRUTH_DB)


def clips(count: int, seed: int) -> list[SyntheticClip]:
    """Clips of both classes by turns."""
    return [_clip(CLASSES[i % 2], np.random.default_rng([seed, i])) for i in range(count)]


def _clip(emotion: str, generator: np.random.Generator) -> SyntheticClip:
    cue = 0.05 * _burst(CUES[emotion], generator)
    loud = 0.4 * _burst(LOUD, generator)
    hiss = 0.002 * generator.standard_normal(round(SECONDS * RATE))
    sound = (cue + loud + hiss).astype(np.float32)
    return SyntheticClip(Waveform(sound, RATE), emotion, Waveform(cue.astype(np.float32), RATE))


def _burst(band: tuple[float, float], generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise of a band, of unit size, for a while that begins at random."""
    total, length = round(SECONDS * RATE), round(BURST * RATE)
    start = generator.integers(0, total - length)
    spectrum = np.fft.rfft(generator.standard_normal(total))
    hz = np.fft.rfftfreq(total, 1 / RATE)
    spectrum[(hz < band[0]) | (hz > band[1])] = 0
    noise = np.fft.irfft(spectrum, total)
    window = np.zeros(total)
    window[start : start + length] = np.hanning(length)
    burst: npt.NDArray[np.float64] = noise / noise.std() * window
    return burst


def trained_on_cues(*, steps: int = 32, seed: int = 0) -> Bundle:
    """A small residual network that has learned to tell the classes; some seconds of work."""
    rep = make_representation("melspectrogram", n_mels=40, hop_length=200)
    spec = ResNetSpec(depth="resnet10", width=8, dropout=0.0, channels=1, classes=len(CLASSES))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = EmotionClassifier(rep, "corpus", spec, CLASSES)
    _fit(model, clips(32 * steps, seed + 1), batch=32)
    return Bundle(model.eval(), architecture(model))


def _fit(model: EmotionClassifier, known: list[SyntheticClip], *, batch: int) -> None:
    """One pass over clips that are never seen twice."""
    waves = torch.from_numpy(np.stack([each.waveform.samples for each in known]))
    true = torch.tensor([CLASSES.index(each.emotion) for each in known])
    with torch.no_grad():
        features = torch.cat([model.front_end(part) for part in waves.split(256)])
        frames = torch.full((len(features),), features.shape[-1])
        model.normaliser.fit(Moments.of(features, frames))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=len(known) // batch)
    model.train()
    for part, labels in zip(features.split(batch), true.split(batch), strict=True):
        loss = nn.functional.cross_entropy(model.logits(part), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def localisation(values: Map, truth: Mask) -> dict[str, float]:
    """How well a map finds what is there.

    Args:
        values: Shape (channels, bins, frames).
        truth: Of the same shape.

    Returns:
        `auc`: chance that a value inside is larger than one outside (0.5 is guessing);
        `inside`: share of the positive relevance that is inside; `pointing`: 1 if the largest
        value is; `area`: share of the feature map that is.
    """
    from scipy.stats import rankdata

    ranks = rankdata(values.ravel())
    inside = truth.ravel()
    count, rest = int(inside.sum()), int((~inside).sum())
    auc = (ranks[inside].sum() - count * (count + 1) / 2) / (count * rest)
    positive = np.maximum(values, 0)
    total = float(positive.sum())
    return {
        "auc": float(auc),
        "inside": float(positive[truth].sum()) / total if total > 0 else 0.0,
        "pointing": float(inside[int(values.argmax())]),
        "area": count / inside.size,
    }


def own_methods() -> dict[str, Method]:
    """Methods that apply to the residual network, as fine as a feature map of one second asks."""
    lacks = of_network(ResNetSpec())
    return {
        name: make(name, **({"layer": "layer2"} if name == "grad_cam" else {}))
        for name, each in METHODS.items()
        if not lacks.keys() & set(each.needs)
    }


def measured(
    bundle: Bundle, known: Iterable[SyntheticClip], methods: dict[str, Method] | None = None
) -> pd.DataFrame:
    """Localisation of every method on clips that the network classifies correctly.

    Returns:
        A row a clip and method: `clip`, `method` and the figures of `localisation`.
    """
    rows = []
    for number, each in enumerate(known):
        view = model_input(bundle, each.waveform)
        target = view.target(each.emotion)
        if int(view.probabilities().argmax()) != target:
            continue
        truth = each.truth(bundle.model.representation)
        for name, method in (methods or own_methods()).items():
            values = attributed(view, method, target).values  # noqa: PD011  (no pandas)
            rows.append({"clip": number, "method": name, **localisation(values, truth)})
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means by method with the ends of the 95 % interval of `auc`, the best first."""
    wide = table.pivot_table(index="clip", columns="method", values="auc")
    means = ClipMeans.of(wide)
    found = table.groupby("method")[["auc", "inside", "pointing", "area"]].mean()
    ends = {name: means.mean(name) for name in found.index}
    low = pd.Series({name: each.low for name, each in ends.items()})
    high = pd.Series({name: each.high for name, each in ends.items()})
    ordered = found.assign(auc_low=low, auc_high=high).sort_values("auc", ascending=False)
    return ordered.assign(clips=len(wide))
