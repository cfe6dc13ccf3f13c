"""LIME: a linear model of which parts matter, fitted around one clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ser_core.core import parameter
from ser_core.explain.baselines import baseline_choice, baseline_input
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput

Images = npt.NDArray[np.float32]
Segments = npt.NDArray[np.intp]


@method("lime")
@dataclass(frozen=True, kw_only=True)
class Lime(Method):
    """LIME on a regular grid: parts are switched off at random, and a ridge regression is fitted.

    Ribeiro, Singh & Guestrin (2016), by the `lime` package with its defaults (cosine distance,
    kernel width 0.25, ridge of strength 1), on the very feature map that the network is given. The
    grid is regular, since sound has no outlines for a segmentation to find. A part that is switched
    off holds the baseline. Channels have parts of their own.
    """

    title = "LIME"
    describe = (
        "A linear surrogate model of which patches matter, fitted to the predictions for a "
        "thousand altered copies."
    )
    quick = False

    samples: int = parameter(1000, 50, 10_000, "Altered copies that are classified", "copies")
    bands: int = parameter(8, 1, 64, "Parts along frequency", "parts")
    pieces: int = parameter(12, 1, 128, "Parts along time", "parts")
    baseline: str = baseline_choice()
    seed: int = parameter(0, 0, 2**31 - 1, "Seed of the random choices")

    @property
    def label(self) -> str:
        grid = f"{self.bands} x {self.pieces} parts"
        return f"{self.title} over the {self.baseline} ({self.samples} samples, {grid})"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        from ser_core.explain.lime_sampling import Explainer  # scikit-image comes with it: slow

        channels, bins, frames = network_input.shape
        segments = grid(network_input.shape, self.bands, self.pieces)
        done = 0

        def classifier_fn(images: Images) -> npt.NDArray[np.float64]:
            nonlocal done
            batch = torch.from_numpy(images.reshape(-1, channels, bins, frames))
            logits: npt.NDArray[np.float64] = network_input.logits(batch).double().numpy()
            done += len(images)
            progress(done, self.samples)
            return logits

        # LIME's images have colours last and one grid for all: channels lie on top of each other.
        tall = (channels * bins, frames, 1)
        found: Any = Explainer(random_state=self.seed).explain_instance(
            network_input.seen.numpy().reshape(tall),
            classifier_fn,
            labels=(target,),
            top_labels=None,
            hide_color=baseline_input(network_input, self.baseline).numpy().reshape(tall),
            num_samples=self.samples,
            batch_size=network_input.batch,
            segmentation_fn=lambda _image: segments,
            random_seed=self.seed,
        )
        weights = np.zeros(segments.max() + 1, dtype=np.float32)
        for part, weight in found.local_exp[target]:
            weights[part] = weight
        values = torch.from_numpy(weights[segments].reshape(network_input.shape))
        return Relevance(values, {"r2": float(found.score), "parts": float(len(weights))})


def grid(shape: tuple[int, int, int], bands: int, pieces: int) -> Segments:
    """Numbers of the parts of a regular grid, (channels * bins, frames); channels have their own.

    >>> grid((1, 4, 4), bands=2, pieces=2).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    channels, bins, frames = shape
    bands, pieces = min(bands, bins), min(pieces, frames)
    rows, columns = np.arange(bins) * bands // bins, np.arange(frames) * pieces // frames
    one = rows[:, None] * pieces + columns
    return np.concatenate([one + channel * bands * pieces for channel in range(channels)])
