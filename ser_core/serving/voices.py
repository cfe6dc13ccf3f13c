"""Voices that were enrolled at the service: in memory alone, by an id that says nothing."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ser_core.core import ServiceError

if TYPE_CHECKING:
    from ser_core.inference.classify import EnrolledSpeaker


@dataclass(frozen=True, eq=False)
class Voice:
    """An enrolled voice.

    Attributes:
        speaker: Its statistics; of the sounds nothing is kept.
        expires: When it is forgotten, in seconds since the epoch.
    """

    speaker: EnrolledSpeaker
    expires: float


class Voices:
    """The voices of one service. Nothing is written to disk: a restart forgets all.

    Args:
        keep_s: Seconds after which a voice is forgotten.
        most: Voices at once.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, keep_s: float = 3600.0, most: int = 1000, clock: Callable[[], float] = time.time
    ) -> None:
        self._keep_s, self._most, self._clock = keep_s, most, clock
        self._known: dict[str, Voice] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._forget()
            return len(self._known)

    def add(self, speaker: EnrolledSpeaker) -> tuple[str, Voice]:
        """Keep a voice, and give its id: 192 random bits.

        Raises:
            ServiceError: If there are too many; none is forgotten early for another.
        """
        with self._lock:
            self._forget()
            if len(self._known) >= self._most:
                raise ServiceError(
                    f"{self._most:,} voices are enrolled, and no more are taken",
                    remedy="Delete some, or wait until they expire",
                )
            name = secrets.token_urlsafe(24)
            self._known[name] = voice = Voice(speaker, self._clock() + self._keep_s)
        return name, voice

    def get(self, name: str) -> Voice | None:
        """The voice of an id; None where there is none, or no longer."""
        with self._lock:
            self._forget()
            return self._known.get(name)

    def delete(self, name: str) -> bool:
        """Forget a voice now; whether there was one."""
        with self._lock:
            self._forget()
            return self._known.pop(name, None) is not None

    def _forget(self) -> None:
        now = self._clock()
        for name in [name for name, voice in self._known.items() if voice.expires <= now]:
            del self._known[name]
