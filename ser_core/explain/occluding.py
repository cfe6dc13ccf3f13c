"""Occlusion: take a part away and see what the answer loses."""

from __future__ import annotations

from dataclasses import dataclass

from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from ser_core.explain.fills import fill_choice, filled
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.view import Sight
from ser_core.parameters import parameter


@method("occlusion")
@dataclass(frozen=True, kw_only=True)
class Occlusion(Method):
    """Occlusion: what the logit loses when a window is covered, for windows all over the picture.

    Zeiler & Fergus (2014). Windows of one channel lie side by side, so each value of the picture
    has the loss of the window that it is in.
    """

    title = "Occlusion"
    describe = (
        "What the answer loses when a patch is covered: slow, and needs no inside of a model."
    )

    bands: int = parameter(12, 1, 64, "Windows from bottom to top", "windows")
    pieces: int = parameter(16, 1, 128, "Windows from beginning to end", "windows")
    baseline: str = fill_choice()

    @property
    def label(self) -> str:
        return f"{self.title} by the {self.baseline} ({self.bands} x {self.pieces} windows)"

    def relevance(self, sight: Sight, target: int, progress: Progress = silently) -> Relevance:
        channels, bins, frames = sight.shape
        window = (1, -(-bins // self.bands), -(-frames // self.pieces))
        total = channels * -(-bins // window[1]) * -(-frames // window[2])
        done = 0

        def counted(batch: Tensor) -> Tensor:
            nonlocal done
            done += len(batch)
            progress(min(done, total), total)
            return sight.logits(batch)

        values = CaptumOcclusion(counted).attribute(
            sight.seen,
            sliding_window_shapes=window,
            strides=window,
            baselines=filled(sight, self.baseline),
            target=target,
            perturbations_per_eval=32,
        )
        return Relevance(values[0].float(), {"windows": float(total)})
