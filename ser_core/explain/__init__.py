"""Which parts of a sound made a model say an emotion, and how far the picture can be believed.

    attribution = attribute(load(Path("model")), audio.load("clip.wav"), "lrp", target="anger")
    attribution.values          # relevance over (channels, bins, frames) of what the model sees

Captum and lime compute the maps; what is here besides are private copies of the networks, checks,
a comparison on equal terms, and ways to hear and to read a map.
"""

# The order of these imports is the order in which pages list the methods.
from ser_core.explain.method import METHODS, Method, make

# isort: split
from ser_core.explain.cam import GradCam

# isort: split
from ser_core.explain.lrp import LRP

# isort: split
from ser_core.explain.surrogate import Lime

# isort: split
from ser_core.explain.gradients import GradientTimesInput, Integrated, SmoothGrad

# isort: split
from ser_core.explain.occluding import Occlusion

# isort: split
from ser_core.explain.attribution import Attribution, attribute, attributed
from ser_core.explain.fills import FILLS
from ser_core.explain.view import Sight, View, look

__all__ = [
    "FILLS",
    "LRP",
    "METHODS",
    "Attribution",
    "GradCam",
    "GradientTimesInput",
    "Integrated",
    "Lime",
    "Method",
    "Occlusion",
    "Sight",
    "SmoothGrad",
    "View",
    "attribute",
    "attributed",
    "look",
    "make",
]
