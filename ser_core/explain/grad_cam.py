"""Grad-CAM (Selvaraju et al. 2017): class activation maps by the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import nn

from ser_core.core import ModelError, choice
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput
from ser_core.models.abilities import GRADIENTS, STAGES

LAYERS = ("layer1", "layer2", "layer3", "layer4", "layer5")


@method("grad_cam")
@dataclass(frozen=True, kw_only=True)
class GradCam(Method):
    """Grad-CAM: feature maps of a layer, weighted by their mean gradient, negative values cut.

    Selvaraju et al. (2017). The map has the layer's resolution and is enlarged to that of the
    feature map by linear interpolation; each stage of a residual network halves it. All channels of
    a feature map share one map.
    """

    title = "Grad-CAM"
    describe = (
        "Feature maps of a convolutional layer, weighted by the gradient of the class; coarse."
    )
    signed = False
    needs = (GRADIENTS, STAGES)

    layer: str = choice(
        "layer3", LAYERS, ("Stage of the network: later ones are more abstract and coarser")
    )

    @property
    def label(self) -> str:
        return f"{self.title} at {self.layer}"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        self.require_applicable(network_input)
        if self.layer not in network_input.spec.stages:
            raise ModelError(
                f"the network has no stage {self.layer}",
                subject=self.name,
                remedy=f"Choose one of {', '.join(network_input.spec.stages)}",
            )
        stage = cast(nn.ModuleList, getattr(network_input.network, self.layer))
        cam: Any = LayerGradCam(network_input.score, stage[-1])
        coarse = cam.attribute(
            network_input.with_gradient, target=target, relu_attributions=True
        ).detach()
        _, bins, frames = network_input.shape
        fine = F.interpolate(coarse, (bins, frames), mode="bilinear", align_corners=False)
        progress(1, 1)
        cells = {"bins": float(coarse.shape[-2]), "frames": float(coarse.shape[-1])}
        return Relevance(fine[0].expand(network_input.shape).contiguous(), cells)
