"""One call of a model for all requests that wait at the same time."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ser_core.audio import Waveform
from ser_core.core import ServiceError

if TYPE_CHECKING:
    from ser_core.models.bundle import Bundle
    from ser_core.models.pooling import Pool
    from ser_core.models.predictor import Predictor, Probabilities, SpeakerStatistics

MOST = 32
"""Sounds in one call."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What one thread waits for."""

    waveforms: Sequence[Waveform]
    speaker: SpeakerStatistics | None
    seen: bool
    answer: Future[Probabilities] = field(default_factory=Future)


class Batched:
    """A predictor whose calls, from any threads, are answered together by one thread.

    While that thread computes, others gather; it never waits for more. Sounds of enrolled speakers
    are computed apart, since the statistics of a speaker are of all sounds of a call.

    Args:
        predictor: That answers.
        on_batch: Called with the number of sounds of each call.
    """

    def __init__(self, predictor: Predictor, on_batch: Any = lambda _sounds: None) -> None:
        self._predictor, self._on_batch = predictor, on_batch
        self._line: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    @property
    def classes(self) -> tuple[str, ...]:
        """As of the predictor."""
        return self._predictor.classes

    @property
    def about(self) -> Mapping[str, Any]:
        """As of the predictor."""
        return self._predictor.about

    @property
    def card(self) -> str:
        """As of the predictor."""
        return self._predictor.card

    @property
    def sample_rate(self) -> int:
        """As of the predictor."""
        return self._predictor.sample_rate

    @property
    def enrols(self) -> bool:
        """As of the predictor."""
        return self._predictor.enrols

    @property
    def lacks(self) -> Mapping[str, str]:
        """As of the predictor."""
        return self._predictor.lacks

    @property
    def members(self) -> tuple[tuple[Bundle, ...], ...]:
        """As of the predictor."""
        return self._predictor.members

    def pool_for(self, *, enrolled: bool, seen: bool = False) -> Pool | None:
        """As of the predictor."""
        return self._predictor.pool_for(enrolled=enrolled, seen=seen)

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,
    ) -> Probabilities:
        """As of the predictor, together with what other threads ask meanwhile."""
        asked = _Asked(waveforms, speaker, seen)
        self._line.put(asked)
        return asked.answer.result()

    def enrol(self, waveforms: Sequence[Waveform]) -> SpeakerStatistics:
        """As of the predictor."""
        return self._predictor.enrol(waveforms)

    def close(self) -> None:
        """Answer what waits, and end the thread."""
        self._line.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._line.get()) is not None:
            waiting, ended = self._gathered(first)
            alone = [each for each in waiting if each.speaker is not None]
            for seen in (False, True):
                together = [each for each in waiting if each.speaker is None and each.seen is seen]
                if together:
                    self._answer(together)
            for each in alone:
                self._answer([each])
            if ended:
                return

    def _gathered(self, first: _Asked) -> tuple[list[_Asked], bool]:
        """What waits now, up to `MOST` sounds, and whether the end was among it."""
        waiting, sounds = [first], len(first.waveforms)
        while sounds < MOST:
            try:
                more = self._line.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return waiting, True
            waiting.append(more)
            sounds += len(more.waveforms)
        return waiting, False

    def _answer(self, several: Sequence[_Asked]) -> None:
        """Answer those of one speaker, or of none; where that fails, each of them alone."""
        waves = [wave for each in several for wave in each.waveforms]
        self._on_batch(len(waves))
        try:
            found = self._predictor.predict(waves, several[0].speaker, seen=several[0].seen)
            if len(found) != len(waves):
                raise ServiceError(f"the model gave {len(found)} answers to {len(waves)} sounds")
        except Exception as error:  # noqa: BLE001 - it is raised again, where it was asked for
            if len(several) == 1:
                several[0].answer.set_exception(error)
                return
            _LOG.info("a batch of %d failed and is taken apart: %s", len(several), error)
            for each in several:
                self._answer([each])
            return
        start = 0
        for each in several:
            each.answer.set_result(found[start : start + len(each.waveforms)])
            start += len(each.waveforms)
