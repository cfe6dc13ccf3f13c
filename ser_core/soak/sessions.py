"""Many browser sessions at once on one workbench, each with a sound of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ser_core.audio import load, to_wav
from ser_core.audio.waveform import Waveform
from ser_core.bench.browser import AT_REST, STEP_MS, Server, chromium, workbench
from ser_core.core import EMOTIONS, demo_corpus
from ser_core.inference.catalogue import bundled_folder
from ser_core.inference.classify import InferenceModel, open_answering, open_model
from ser_core.soak.machine import memory_mb

Announce = Callable[[str], None]

WAIT_MS = 4 * STEP_MS
"""Longest wait for an answer: all sessions share the cores."""

CLOSE = 2e-3
"""Most by which a probability on a page may differ from the expected one."""

BARS = """() => [...document.querySelectorAll('.js-plotly-plot')].map(chart => {
  const bars = (chart.data || []).find(trace => trace.type === 'bar' && trace.orientation === 'h');
  return bars ? [Array.from(bars.y), Array.from(bars.x)] : null;
}).filter(each => each)"""
"""Labels and lengths of the bars of every chart on a page that lie flat."""


@dataclass(frozen=True)
class SessionsSoak:
    """Sessions that predict and explain at once.

    Attributes:
        sessions: How many.
        predicted_s: Seconds from the first upload until each session had its answer, sorted.
        explained_s: Seconds from the first press until each had its maps, sorted.
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
    """One tab, its own sound, and what a model says of it."""

    number: int
    tab: Any
    name: str
    content: bytes
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
        explain: Whether each also follows the link to Explain with its upload.
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
            answering = open_answering(bundled_folder())
            for each in several:
                _compare(each, answering, several)
            explained: list[float] = []
            if explain:
                announce("explaining")
                explained = _explained(several)
                networks = open_model(bundled_folder())
                for each in several:
                    _compare(each, networks, several)
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
    return Session(number, tab, f"voice-of-session-{number:02}.wav", to_wav(_sound(number)))


def _sound(number: int) -> Waveform:
    """A bundled clip without its first hundredths of a second, so that no two are the same."""
    clips = sorted((demo_corpus() / "samples").iterdir())
    whole = load(clips[(7 * number) % len(clips)])
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


def _explained(several: list[Session]) -> list[float]:
    begun = time.perf_counter()
    for each in several:
        each.tab.get_by_role("link", name="Explain the prediction →").click()
    for each in several:
        each.tab.wait_for_url("**/explain**")
        each.tab.get_by_text("Relevance by part of speech signal").wait_for()
    return _answered(several, begun)


def _probabilities(tab: Any) -> dict[str, float]:
    """By class, of the first chart that has a bar for each emotion; empty where there is none."""
    charts: list[tuple[list[str], list[float]]] = tab.evaluate(BARS)
    found = (dict(zip(names, values, strict=True)) for names, values in charts)
    whole = next((each for each in found if each.keys() <= set(EMOTIONS) and len(each) > 1), {})
    return {name: value / 100 for name, value in whole.items()}


def _compare(session: Session, model: InferenceModel, several: list[Session]) -> None:
    """Note what is not this session's own."""
    text = session.tab.locator("body").inner_text()
    if session.name not in text:
        session.faults.append("the name of its own file is not on the page")
    others = [each.name for each in several if each is not session and each.name in text]
    session.faults += [f"{name} of another session is on the page" for name in others]
    sound = load(session.content, sample_rate=model.predictor.sample_rate, name=session.name)
    expected = dict(zip(model.classes, model.probabilities([sound])[0].tolist(), strict=True))
    found = _probabilities(session.tab)
    if found.keys() != expected.keys():
        session.faults.append(f"probabilities of {', '.join(found) or 'nothing'} are on the page")
        return
    difference = max(abs(found[name] - expected[name]) for name in expected)
    session.difference = max(session.difference, difference)
    if difference > CLOSE:
        session.faults.append(f"a probability differs by {difference:.4f}")
