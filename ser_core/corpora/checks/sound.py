"""The sound itself: level, length, rate and channels."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from ser_core.audio import CANCELLED_DB, LOUD, SAMPLE_RATE
from ser_core.corpora.issues import Evidence, Issue, Severity, check, listed, number, sentence

CLIPPED_SHARE = 0.001
QUIET_DB, QUIETER_DB, SILENT_DB = -50.0, 25.0, -80.0
"""Nearly silent is below the first and, in a corpus that is recorded at a low level, by the second
below its median; below the third always."""

SHORT_SECONDS = 0.3
LONG_SECONDS = 30.0
LONG_TIMES = 5


def _measured(
    evidence: Evidence, column: str, found: Callable[[pd.Series[float]], pd.Series[bool]]
) -> pd.Series[float]:
    """Values of the usable clips for which `found` holds; none when the column was not measured."""
    if column not in evidence.usable:
        return pd.Series(dtype=float)
    values = evidence.usable[column].dropna()
    return values[found(values)]


def _value_issue(
    found: pd.Series[float], title: str, extreme: str, remedy: str, severity: Severity = "warning"
) -> Issue | None:
    if found.empty:
        return None
    return Issue(
        f"{number(len(found), 'clip')} {title}", severity, list(found.index), remedy, extreme
    )


@check("scale", "samples that are not scaled")
def scale(evidence: Evidence) -> Issue | None:
    """Integers that were stored as floats: `predict` refuses them, too."""
    found = _measured(evidence, "peak", lambda peak: peak > LOUD)
    detail = f"Peaks above {LOUD:,.0f} times full scale"
    detail += f", the largest {found.max():,.0f}." if len(found) else "."
    remedy = "Export them again as 16-bit or 24-bit PCM: no model can be right on them."
    return _value_issue(found, "not scaled to ±1", detail, remedy, "error")


@check("clipping", "clipped sound", by_ear=True)
def clipping(evidence: Evidence) -> Issue | None:
    """Recordings driven into full scale."""
    found = _measured(evidence, "clipped", lambda share: share >= CLIPPED_SHARE)
    unscaled = _measured(evidence, "peak", lambda peak: peak > LOUD)
    found = found.drop(unscaled.index, errors="ignore")
    detail = f"More than {CLIPPED_SHARE:.1%} of their samples are at full scale, at worst "
    detail += f"{found.max():.1%}." if len(found) else ""
    remedy = "Record at a lower level; distortion is a shortcut that a model may learn."
    return _value_issue(found, "clipped", detail, remedy)


@check("silence", "near silence", by_ear=True)
def silence(evidence: Evidence) -> Issue | None:
    """Recordings with next to no sound, in a corpus of any level."""
    every = _measured(evidence, "rms_db", lambda level: level > -math.inf)
    usual = float(every.median()) if len(every) else 0.0
    limit = max(SILENT_DB, min(QUIET_DB, usual - QUIETER_DB))
    found = every[every < limit]
    detail = f"Below {limit:.0f} dB of full scale where the median is {usual:.0f} dB, the quietest "
    detail += f"at {found.min():.0f} dB." if len(found) else ""
    return _value_issue(found, "nearly silent", detail, "Listen, and leave out the empty ones.")


@check("short", "very short clips")
def short(evidence: Evidence) -> Issue | None:
    """Clips too short to hold an emotion."""
    found = _measured(evidence, "duration", lambda seconds: seconds < SHORT_SECONDS)
    detail = f"Under {SHORT_SECONDS:g} s, the shortest "
    detail += f"{found.min():.2f} s." if len(found) else ""
    remedy = "Check that they were not cut; some representations need longer sound."
    return _value_issue(found, "very short", detail, remedy)


@check("long", "very long clips")
def long(evidence: Evidence) -> Issue | None:
    """Clips too long to hold one emotion, or far longer than the others."""
    usual = float(evidence.usable["duration"].median())
    limit = min(LONG_SECONDS, LONG_TIMES * usual)
    found = _measured(evidence, "duration", lambda seconds: seconds > limit)
    detail = f"Over {limit:.1f} s where the median is {usual:.1f} s, the longest "
    detail += f"{found.max():.1f} s." if len(found) else ""
    remedy = "Cut them into utterances, or check that the speech was cut out of its recording."
    return _value_issue(found, "very long", detail, remedy)


def _mix(evidence: Evidence, column: str, title: str, remedy: str, *units: str) -> Issue | None:
    """Card for the clips that differ from the most common value."""
    values = evidence.usable[column].dropna()
    counts = values.value_counts()
    if len(counts) < 2:
        return None
    rest = values[values != counts.index[0]]
    detail = listed(
        f"{number(value, *units)}: {number(count, 'clip')}"
        for value, count in zip(counts.index, counts, strict=True)
    )
    return Issue(title, "warning", list(rest.index), remedy, sentence(detail))


@check("sample-rates", "mixed sample rates")
def sample_rates(evidence: Evidence) -> Issue | None:
    """More than one sample rate."""
    remedy = "All are resampled on loading; check that the rate does not go with the emotion or the"
    remedy += " speaker, since missing high frequencies are a shortcut."
    return _mix(evidence, "sample_rate", "Different sample rates", remedy, "Hz", "Hz")


@check("channels", "mixed channels")
def channels(evidence: Evidence) -> Issue | None:
    """Mono and stereo side by side."""
    remedy = (
        "All are mixed to one channel on loading; check that the channels carry the same speaker."
    )
    return _mix(evidence, "channels", "Different numbers of channels", remedy, "channel")


@check("cancelling", "channels that cancel each other", by_ear=True)
def cancelling(evidence: Evidence) -> Issue | None:
    """Clips whose channels cancel in their mean."""
    found = _measured(evidence, "mix_loss", lambda loss: loss > CANCELLED_DB)
    return _value_issue(
        found,
        "with channels that cancel each other",
        "",
        "The loudest channel is taken in place of their mean; check how they were recorded.",
        "info",
    )


@check("narrow", "sample rates below that of most models")
def narrow(evidence: Evidence) -> Issue | None:
    """Clips without the upper half of the band that models are made for."""
    rate = evidence.usable["sample_rate"].astype("Int64")
    found = rate[(rate < SAMPLE_RATE).fillna(value=False)]
    if found.empty:
        return None
    counts = found.value_counts()
    return Issue(
        f"{number(len(found), 'clip')} with a sample rate below {SAMPLE_RATE:,} Hz",
        "info",
        list(found.index),
        "A model of more band than they have finds nothing above half their rate: compare scores "
        "on them with care, or choose a representation of their rate (sample_rate).",
        sentence(
            listed(f"{hz:,} Hz ({many:,})" for hz, many in zip(counts.index, counts, strict=True))
        ),
    )
