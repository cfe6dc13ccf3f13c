"""Grad-CAM: which of a layer's features speak for the class, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import nn

from ser_core.errors import ModelError
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.view import Sight
from ser_core.models.abilities import GRADIENTS, STAGES
from ser_core.parameters import choice

LAYERS = ("layer1", "layer2", "layer3", "layer4")


@method("grad_cam")
@dataclass(frozen=True, kw_only=True)
class GradCam(Method):
    """Grad-CAM: feature maps of a layer, weighted by their mean gradient, negative values cut.

    Selvaraju et al. (2017). The map has the layer's resolution and is enlarged to that of the
    picture by linear interpolation; each stage of a residual network halves it. All channels of a
    picture share one map.
    """

    title = "Grad-CAM"
    describe = "Where the features of a layer that speak for the emotion are found: coarse blobs."
    signed = False
    needs = (GRADIENTS, STAGES)

    layer: str = choice("layer3", LAYERS, "Stage of the network: later ones know more, see less")

    @property
    def label(self) -> str:
        return f"{self.title} at {self.layer}"

    def relevance(self, sight: Sight, target: int, progress: Progress = silently) -> Relevance:
        self.require_applicable(sight)
        if self.layer not in sight.spec.stages:
            raise ModelError(
                f"the network has no stage {self.layer}",
                subject=self.name,
                remedy=f"Choose one of {', '.join(sight.spec.stages)}",
            )
        stage = cast(nn.ModuleList, getattr(sight.network, self.layer))
        cam: Any = LayerGradCam(sight.score, stage[-1])
        coarse = cam.attribute(sight.with_gradient, target=target, relu_attributions=True).detach()
        _, bins, frames = sight.shape
        fine = F.interpolate(coarse, (bins, frames), mode="bilinear", align_corners=False)
        progress(1, 1)
        cells = {"bins": float(coarse.shape[-2]), "frames": float(coarse.shape[-1])}
        return Relevance(fine[0].expand(sight.shape).contiguous(), cells)
