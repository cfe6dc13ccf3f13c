"""The emotion colours can be told apart and read, checked with colour science, not with taste."""

import itertools

import numpy as np
import plotly.colors
import plotly.graph_objects
import pytest

from ser_core.plots.palette import (
    ACCENT,
    BACKGROUNDS,
    DIVERGING,
    EMOTION_COLORS,
    NO_EMOTION,
    SEQUENTIAL,
    emotion_color,
)

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
MAIN = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def linear(color):
    channels = np.array(plotly.colors.hex_to_rgb(color)) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(color, sight):
    xyz = TO_XYZ @ np.clip(np.array(SIGHT[sight]) @ linear(color), 0, 1)
    ratio = xyz / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def smallest_distance(emotions, sight):
    seen = [lab(EMOTION_COLORS[emotion], sight) for emotion in emotions]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


def contrast(one, other):
    lighter, darker = sorted(((TO_XYZ @ linear(c))[1] for c in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
def test_no_two_emotions_look_alike(sight):
    assert smallest_distance(MAIN, sight) >= 18
    assert smallest_distance(EMOTION_COLORS, sight) >= 14


@pytest.mark.parametrize("background", BACKGROUNDS.values())
@pytest.mark.parametrize("color", [*EMOTION_COLORS.values(), NO_EMOTION, ACCENT])
def test_each_colour_is_legible_on_both_backgrounds(color, background):
    assert contrast(color, background) >= 3


def test_black_on_white_has_the_known_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_an_unknown_emotion_is_grey():
    assert emotion_color("no label") == emotion_color(None) == NO_EMOTION
    assert emotion_color("low") == emotion_color("low") != NO_EMOTION


@pytest.mark.parametrize("scale", [SEQUENTIAL, DIVERGING])
def test_colour_maps_are_plotlys(scale):
    assert plotly.graph_objects.Heatmap(colorscale=scale).colorscale[-1][0] == 1


def test_no_colour_is_one_that_streamlits_theme_replaces():
    """It takes #000001 to #000040 or so for places in its own palettes."""
    assert not [color for _, color in SEQUENTIAL if color.startswith("#0000")]


def test_levels_get_lighter_steadily():
    steps = plotly.colors.sample_colorscale(
        SEQUENTIAL, list(np.linspace(0, 1, 11)), colortype="tuple"
    )
    hexes = ["#" + "".join(f"{round(255 * value):02x}" for value in step) for step in steps]
    lightness = [lab(color, "normal")[0] for color in hexes]
    assert np.all(np.diff(lightness) > 0)
