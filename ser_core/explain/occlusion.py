"""Occlusion: remove a part and measure the loss of the class."""

from __future__ import annotations

from dataclasses import dataclass

from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from ser_core.core import parameter
from ser_core.explain.baselines import baseline_choice, baseline_input
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput


@method("occlusion")
@dataclass(frozen=True, kw_only=True)
class Occlusion(Method):
    """Occlusion: what the logit loses when a window is covered, for windows over the whole input.

    Zeiler & Fergus (2014). Windows of one channel lie side by side, so each value of the feature
    map has the loss of the window that it is in.
    """

    title = "Occlusion"
    describe = (
        "How much the class score drops when a patch is covered: slow, but needs no gradient."
    )

    bands: int = parameter(12, 1, 64, "Windows along frequency", "windows")
    pieces: int = parameter(16, 1, 128, "Windows along time", "windows")
    baseline: str = baseline_choice()

    @property
    def label(self) -> str:
        return f"{self.title} by the {self.baseline} ({self.bands} x {self.pieces} windows)"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        channels, bins, frames = network_input.shape
        window = (1, -(-bins // self.bands), -(-frames // self.pieces))
        total = channels * -(-bins // window[1]) * -(-frames // window[2])
        done = 0

        def counted(batch: Tensor) -> Tensor:
            nonlocal done
            done += len(batch)
            progress(min(done, total), total)
            return network_input.logits(batch)

        values = CaptumOcclusion(counted).attribute(
            network_input.seen,
            sliding_window_shapes=window,
            strides=window,
            baselines=baseline_input(network_input, self.baseline),
            target=target,
            perturbations_per_eval=network_input.batch,
        )
        return Relevance(values[0].float(), {"windows": float(total)})
