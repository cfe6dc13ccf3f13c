"""Plots of a waveform: an interactive one to read, and a small one to recognise a clip by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ser_core.plots.palette import ACCENT
from ser_core.plots.theme import finish

if TYPE_CHECKING:
    import numpy.typing as npt

    from ser_core.audio import Waveform

    Floats = npt.NDArray[np.float32]

ROOMY = 150
"""Least height in pixels for an axis title with its unit."""


def envelope(samples: Floats, bins: int) -> tuple[Floats, Floats]:
    """Lowest and highest sample in each of `bins` equal stretches, both shape (bins,).

    Nothing is lost that a screen of `bins` pixels could show: a click of one sample stays visible.
    With fewer samples than bins there is one bin a sample.

    >>> low, high = envelope(np.array([0, 1, -1, 0.5], dtype=np.float32), 2)
    >>> low.tolist(), high.tolist()
    ([0.0, -1.0], [1.0, 0.5])
    """
    starts = np.linspace(0, len(samples), min(bins, len(samples)), endpoint=False).astype(np.int64)
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


def reach_of(sound: Waveform) -> float:
    """Amplitude that the axis of a waveform goes up to: a little above its loudest sample."""
    return max(0.05, 1.08 * float(np.abs(sound.samples).max()))


def waveform_figure(
    sound: Waveform,
    *,
    color: str = ACCENT,
    height: int = 180,
    start: float = 0.0,
    lasting: float | None = None,
    reach: float | None = None,
) -> go.Figure:
    """Amplitude over time; hovering shows the time and the range of amplitudes there.

    Args:
        sound: What to draw.
        color: Of the wave.
        height: In pixels.
        start: Where it begins in a longer sound, in seconds.
        lasting: Seconds that the time axis covers; those of the sound when absent.
        reach: Amplitude that the other axis goes up to; from the sound when absent.
    """
    low, high = envelope(sound.samples, 900)
    time = start + (np.arange(len(low)) + 0.5) * sound.duration / len(low)
    edge = {"mode": "lines", "line": {"width": 0.8, "color": color}, "x": time}
    figure = go.Figure()
    figure.add_scatter(**edge, y=low, hoverinfo="skip")
    figure.add_scatter(
        **edge,
        y=high,
        customdata=low,
        fill="tonexty",
        fillcolor=color,
        hovertemplate="%{x:.2f} s<br>amplitude %{customdata:.2f} to %{y:.2f}<extra></extra>",
    )
    reach = reach or reach_of(sound)
    end = start + (lasting or sound.duration)
    figure.update_yaxes(range=[-reach, reach], title=_title(height), nticks=5)
    figure.update_xaxes(range=[start, end], title="Time (s)", showgrid=False, exponentformat="none")
    figure.update_layout(hovermode="x")
    return finish(figure, height=height, name="waveform")


def _title(height: int) -> str:
    """Of the axis of amplitudes, as long as there is room for."""
    return "Amplitude (±1)" if height >= ROOMY else "Amplitude"


def waveform_svg(sound: Waveform, *, color: str = ACCENT, bars: int = 90, height: int = 56) -> str:
    """The waveform as a small SVG that stretches to its container: light enough for many at once.

    Its loudest sample reaches the edge, since it shows shape, not level.
    """
    low, high = envelope(sound.samples, bars)
    half = height / 2
    scale = (half - 1) / max(1e-4, float(np.abs(sound.samples).max()))
    strokes = "".join(
        f"M{x + 0.5} {half - max(h * scale, 0.6):.1f}V{half - min(lo * scale, -0.6):.1f}"
        for x, (lo, h) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(low)} {height}" width="100%" '
        f'height="{height}" preserveAspectRatio="none" role="img" aria-label="waveform">'
        f'<path d="{strokes}" stroke="{color}" stroke-width="0.62" fill="none"/></svg>'
    )
