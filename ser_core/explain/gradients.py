"""Methods that need only gradients, so they work on every network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from torch import Tensor

from ser_core.core import parameter
from ser_core.explain.baselines import baseline_choice, baseline_input
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput
from ser_core.models.abilities import GRADIENTS


@method("integrated_gradients")
@dataclass(frozen=True, kw_only=True)
class Integrated(Method):
    """Integrated gradients: the gradient summed on the way from a baseline to the clip.

    The values sum to the logit of the clip minus that of the baseline. Sundararajan, Taly & Yan
    (2017), "Axiomatic attribution for deep networks"; Gauss-Legendre quadrature by Captum.
    """

    title = "Integrated gradients"
    describe = (
        "Gradients summed along the way from a baseline to the clip, times the difference: what "
        "each value adds to the class score."
    )
    needs = (GRADIENTS,)

    steps: int = parameter(48, 8, 512, "Points on the way; more are more exact", "points")
    baseline: str = baseline_choice()

    @property
    def label(self) -> str:
        return f"{self.title} from the {self.baseline} ({self.steps} steps)"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        seen, baseline = network_input.with_gradient, baseline_input(network_input, self.baseline)
        done = 0

        def counted(batch: Tensor) -> Tensor:
            nonlocal done
            done += len(batch)
            progress(min(done, self.steps), self.steps)
            return network_input.score(batch)

        values = IntegratedGradients(counted).attribute(
            seen,
            baseline,
            target=target,
            n_steps=self.steps,
            internal_batch_size=network_input.batch,
        )
        at_clip, at_baseline = network_input.logits(torch.cat([network_input.seen, baseline]))[
            :, target
        ].tolist()
        return Relevance(values[0].detach().float(), {"clip": at_clip, "baseline": at_baseline})


@method("smoothgrad")
@dataclass(frozen=True, kw_only=True)
class SmoothGrad(Method):
    """SmoothGrad saliency: size of the mean gradient at noisy copies of the clip.

    Tells where the answer is sensitive, not in which direction. Smilkov et al. (2017); gradients by
    Captum, the noise has a seed of its own.
    """

    title = "SmoothGrad"
    describe = (
        "Gradients averaged over noisy copies: where small changes move the class score most."
    )
    needs = (GRADIENTS,)
    signed = False

    samples: int = parameter(32, 2, 256, "Noisy copies; more give a smoother map", "copies")
    noise: float = parameter(
        0.1, 0.0, 1.0, "Standard deviation of the noise, as a share of the clip's range"
    )
    seed: int = parameter(0, 0, 2**31 - 1, "Seed of the noise")

    @property
    def label(self) -> str:
        return f"{self.title} ({self.samples} copies, noise {self.noise:g})"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        seen = network_input.seen
        generator = torch.Generator().manual_seed(self.seed)
        spread = self.noise * network_input.range
        noise = torch.randn(self.samples, *seen.shape[1:], generator=generator) * spread
        saliency, total, done = Saliency(network_input.score), torch.zeros_like(seen[0]), 0
        for part in map(torch.clone, (seen + noise).split(network_input.batch)):
            total += saliency.attribute(part.requires_grad_(), target=target, abs=False).sum(dim=0)
            done += len(part)
            progress(done, self.samples)
        return Relevance((total / self.samples).abs())


@method("gradient_x_input")
@dataclass(frozen=True, kw_only=True)
class GradientTimesInput(Method):
    """Gradient times input: the first-order share of each value. The baseline to beat.

    Shrikumar et al. (2016). One backward pass; the input is the normalised feature map, so it
    compares with the mean.
    """

    title = "Gradient x input"
    describe = "Gradient times value: the simplest method, a baseline for the others."
    needs = (GRADIENTS,)

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        values = InputXGradient(network_input.score).attribute(
            network_input.with_gradient, target=target
        )
        progress(1, 1)
        return Relevance(values[0].detach())
