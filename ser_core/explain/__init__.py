"""Attribution: which parts of a sound a prediction rests on, and how far a map can be trusted.

    attribution = attribute(load(Path("model")), audio.load("clip.wav"), "lrp", target="anger")
    attribution.values          # relevance over (channels, bins, frames) of what the model sees

Captum and lime compute the maps; what is here besides are private copies of the networks, checks,
a comparison on equal terms, masked audio and the reading of a map by acoustic aspects.
"""

# The order of these imports is the order in which pages list the methods.
from ser_core.explain.method import METHODS, Method, make

# isort: split
from ser_core.explain.grad_cam import GradCam

# isort: split
from ser_core.explain.lrp import LRP

# isort: split
from ser_core.explain.lime import Lime

# isort: split
from ser_core.explain.gradients import GradientTimesInput, Integrated, SmoothGrad

# isort: split
from ser_core.explain.occlusion import Occlusion

# isort: split
from ser_core.explain.attention import AttentionRollout

# isort: split
from ser_core.explain.attribution import Attribution, attribute, attributed
from ser_core.explain.baselines import BASELINES
from ser_core.explain.model_input import ModelInput, NetworkInput, model_input

__all__ = [
    "BASELINES",
    "LRP",
    "METHODS",
    "AttentionRollout",
    "Attribution",
    "GradCam",
    "GradientTimesInput",
    "Integrated",
    "Lime",
    "Method",
    "ModelInput",
    "NetworkInput",
    "Occlusion",
    "SmoothGrad",
    "attribute",
    "attributed",
    "make",
    "model_input",
]
