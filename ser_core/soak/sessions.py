"""Many browser sessions at once on one workbench, each with a sound of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ser_core.audio import Waveform, load, to_wav
from ser_core.bench.browser import AT_REST, STEP_MS, Server, chromium, workbench
from ser_core.core import EMOTIONS, demo_corpus
from ser_core.inference.catalogue import bundled_folder
from ser_core.inference.classify import InferenceModel, open_answering, open_model
from ser_core.soak.machine import memory_mb

Announce = Callable[[str], None]

WAIT_MS = 3 * STEP_MS
"""Longest wait for an answer: all sessions share the cores."""

CLOSE = 2e-3
"""Most by which a probability on a page may differ from the expected one."""

METHOD = "Gradient x input"

BARS = """() => [...document.querySelectorAll('.js-plotly-plot')].map(chart => {
  const bars = (chart.data || []).find(trace => trace.type === 'bar' && trace.orientation === 'h');
  const plain = name => String(name).replace(/<[^>]*>/g, '');  // the true one is in bold
  return bars ? [Array.from(bars.y, plain), Array.from(bars.x)] : null;
}).filter(each => each)"""
"""Labels and lengths of the bars of every chart on a page that lie flat."""


@dataclass(frozen=True)
class SessionsSoak:
    """Sessions that predict and explain at once.

    Attributes:
        sessions: How many.
        predicted_s: Seconds from the first upload until each session had its answer, sorted.
        explained_s: Seconds from the first request until each was seen to have its maps, sorted;
            they are looked at one after the other, so the last one is that of all.
        server_mb: Memory of the server before, and after all answers.
        greatest_difference: Of a probability on a page from the expected one.
        faults: Answers that were wrong or of another session, and names of others that were seen.
    """

    sessions: int
    predicted_s: list[float]
    explained_s: list[float]
    server_mb: tuple[float, float]
    greatest_difference: float
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


@dataclass
class Session:
    """One tab, a file and a clip of its own, and what was wrong with what it was shown."""

    number: int
    tab: Any
    name: str
    content: bytes
    clip: str
    faults: list[str] = field(default_factory=list)
    difference: float = 0.0


def try_sessions(
    sessions: int, *, explain: bool = True, announce: Announce = lambda _step: None
) -> SessionsSoak:
    """Upload a sound in each of many sessions at once, and compare what each page shows.

    The probabilities are expected to be those that the library gives for the sound, and no page
    may hold the name of another session's file.

    Args:
        sessions: How many.
        explain: Whether each also explains a bundled clip of its own.
        announce: Called with the name of each step as it begins.

    Raises:
        ParameterError: If there is no Chromium, or playwright is not installed.
    """
    # Tabs share few processes: only the server is looked at here.
    with workbench() as server, chromium("--renderer-process-limit=3") as browser:
        before = memory_mb(server.pid)
        with contextlib.ExitStack() as opened:
            announce(f"opening {sessions} sessions")
            several = [_opened(browser, server, number, opened) for number in range(sessions)]
            announce("predicting")
            predicted = _predicted(several)
            announce("comparing")
            _compare_predicted(several)
            explained: list[float] = []
            if explain:
                announce("explaining")
                explained = _explained(server, several)
                announce("comparing")
                _compare_explained(several)
            after = memory_mb(server.pid)
    return SessionsSoak(
        sessions, predicted, explained, (round(before, 1), round(after, 1)),
        max(each.difference for each in several),
        [f"session {each.number}: {fault}" for each in several for fault in each.faults],
    )  # fmt: skip


def _opened(browser: Any, server: Server, number: int, opened: contextlib.ExitStack) -> Session:
    context = browser.new_context()
    opened.callback(context.close)
    tab = context.new_page()
    tab.set_default_timeout(WAIT_MS)
    tab.goto(f"{server.url}/predict?source=Upload", wait_until="commit")
    name = f"voice-of-session-{number:02}.wav"
    return Session(number, tab, name, to_wav(_sound(number)), f"samples/{_clip(number).name}")


def _clip(number: int) -> Path:
    """A bundled clip; of another speaker for each of some sessions."""
    clips = sorted((demo_corpus() / "samples").iterdir())
    return clips[(7 * number) % len(clips)]


def _sound(number: int) -> Waveform:
    """The clip without its first hundredths of a second, so that no two sounds are the same."""
    whole = load(_clip(number))
    return Waveform(whole.samples[160 * (1 + number) :], whole.sample_rate)


def _predicted(several: list[Session]) -> list[float]:
    fields = [each.tab.locator(".st-key-upload input[type=file]") for each in several]
    for each, field_ in zip(several, fields, strict=True):
        field_.wait_for(state="attached")
        each.tab.wait_for_selector(AT_REST)
    begun = time.perf_counter()
    for each, field_ in zip(several, fields, strict=True):
        field_.set_input_files({"name": each.name, "mimeType": "audio/wav", "buffer": each.content})
    return _answered(several, begun)


def _answered(several: list[Session], begun: float) -> list[float]:
    """Seconds until each has its probabilities and has come to rest."""
    seconds: list[float] = []
    waiting = list(several)
    while waiting and time.perf_counter() - begun < WAIT_MS / 1000:
        for each in list(waiting):
            if each.tab.locator(AT_REST).count() and _probabilities(each.tab):
                seconds.append(round(time.perf_counter() - begun, 2))
                waiting.remove(each)
        several[0].tab.wait_for_timeout(100)
    for each in waiting:
        each.faults.append("no answer came")
    return seconds


def _explained(server: Server, several: list[Session]) -> list[float]:
    """Let each explain a bundled clip of its own, by one quick method."""
    begun = time.perf_counter()
    for each in several:
        address = urlencode({"methods": METHOD, "clip": each.clip})
        each.tab.goto(f"{server.url}/explain?{address}", wait_until="commit")
    for each in several:
        each.tab.get_by_text("Relevance by part of speech signal").wait_for()
    return _answered(several, begun)


def _probabilities(tab: Any) -> dict[str, float]:
    """By class, of the first chart that has a bar for each emotion; empty where there is none."""
    charts: list[tuple[list[str], list[float]]] = tab.evaluate(BARS)
    found = (dict(zip(names, values, strict=True)) for names, values in charts)
    whole = next((each for each in found if each.keys() <= set(EMOTIONS) and len(each) > 1), {})
    return {name: value / 100 for name, value in whole.items()}


def _compare_predicted(several: list[Session]) -> None:
    """Note what is not a session's own on the page Predict."""
    model = open_answering(bundled_folder())
    for each in several:
        text = each.tab.locator("body").inner_text()
        if each.name not in text:
            each.faults.append("the name of its own file is not on the page")
        others = [one.name for one in several if one is not each and one.name in text]
        each.faults += [f"{name} of another session is on the page" for name in others]
        sound = load(each.content, sample_rate=model.predictor.sample_rate, name=each.name)
        _compare(each, model, sound, "predicted")


def _compare_explained(several: list[Session]) -> None:
    """Note what is not a session's own on the page Explain."""
    from ser_core.corpora import open_corpus
    from ser_core.inference.provenance import provenance

    model, corpus = open_model(bundled_folder()), open_corpus(demo_corpus())
    trained_on = provenance(model.predictor.about, model.folder, corpus).speakers(corpus)
    for each in several:
        known = corpus.clips.loc[each.clip, "speaker"] in trained_on
        own = model.for_seen_speakers() if known else model
        sound = load(corpus.path(each.clip), sample_rate=own.predictor.sample_rate)
        _compare(each, own, sound, "explained")


def _compare(session: Session, model: InferenceModel, sound: Waveform, how: str) -> None:
    expected = dict(zip(model.classes, model.probabilities([sound])[0].tolist(), strict=True))
    found = _probabilities(session.tab)
    if found.keys() != expected.keys():
        names = ", ".join(found) or "nothing"
        session.faults.append(f"{how}: probabilities of {names} are on the page")
        return
    difference = max(abs(found[name] - expected[name]) for name in expected)
    session.difference = max(session.difference, difference)
    if difference > CLOSE:
        session.faults.append(f"{how}: a probability differs by {difference:.4f}")
