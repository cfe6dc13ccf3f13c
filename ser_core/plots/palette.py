"""Colours: one for each emotion, the same everywhere, and two colour maps.

The ten were searched for, not picked: each within its customary hue (anger red, sadness blue, ...),
each with a contrast of at least 3:1 on the light and on the dark page, and the smallest CIELAB
distance between any two as large as it gets for normal, deuteranopic and protanopic sight.
Colour is never the only sign: every chart and card also names the emotion.
"""

from __future__ import annotations

import zlib

EMOTION_COLORS = {
    "anger": "#e60037",
    "disgust": "#37732d",
    "fear": "#9b41fa",
    "happiness": "#c88205",
    "sadness": "#3c6ecd",
    "surprise": "#ff37aa",
    "neutral": "#556969",
    "calm": "#058ca0",
    "contempt": "#af8c7d",
    "boredom": "#91965a",
}
"""Emotion to colour, in the order of the vocabulary, which is also the order in every legend."""

NO_EMOTION = "#808890"
"""For a clip whose emotion is unknown."""

BACKGROUNDS = {"light": "#ffffff", "dark": "#14171d"}
"""The page's background in each theme, as in `.streamlit/config.toml`."""

ACCENT = "#17958c"
"""For a series that is not an emotion; legible on both backgrounds."""

_MAGMA = (
    "#010105 #0b0924 #20114b #3b0f70 #57157e #721f81 #8c2981 #a8327d "
    "#c43c75 #de4968 #f1605d #fa7f5e #fe9f6d #febf84 #fddea0 #fcfdbf"
)
SEQUENTIAL = [[index / 15, color] for index, color in enumerate(_MAGMA.split())]
"""Plotly colour scale for levels, Magma: perceptually uniform, dark is quiet.

Not by its name: its first colour, #000004, is one that streamlit's theme replaces by a pink.
"""

DIVERGING = [
    [0.0, "rgba(20, 92, 178, 1)"],
    [0.2, "rgba(45, 126, 210, 0.92)"],
    [0.5, "rgba(128, 140, 150, 0)"],
    [0.8, "rgba(222, 86, 60, 0.92)"],
    [1.0, "rgba(190, 30, 45, 1)"],
]
"""Plotly colour scale for values around zero: blue below, red above.

Zero is transparent, so that it is the page's colour in both themes.
"""


NO_LABEL = "no label"
"""What clips without a label are called in pictures."""


def pale(color: str) -> str:
    """A colour `#rrggbb` mixed with three times as much white, for what is less sure.

    >>> pale("#e60037")
    '#f8bfcd'
    """
    parts = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{(part + 3 * 255) // 4:02x}" for part in parts)


def emotion_color(emotion: object) -> str:
    """Colour of an emotion of the vocabulary; a grey for empty cells and clips without a label.

    A class that is no emotion has one of the same colours, always the same for its name.

    >>> emotion_color("anger")
    '#e60037'
    >>> emotion_color(None) == NO_EMOTION
    True
    """
    if not isinstance(emotion, str) or emotion in ("", NO_LABEL):
        return NO_EMOTION
    colors = list(EMOTION_COLORS.values())
    return EMOTION_COLORS.get(emotion) or colors[zlib.crc32(emotion.encode()) % len(colors)]
