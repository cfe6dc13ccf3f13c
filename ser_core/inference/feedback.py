"""Recordings that were stored, with consent, with the ground-truth label that was given.

They lie in `home()/feedback`, a corpus like any other (reader "feedback"): a FLAC file and a JSON
file for each. Nothing is sent anywhere. What is deleted is gone from the disk at once, with what
was computed from it; a model that was trained on it keeps what it learned.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import AudioError, ParameterError, SerError, did_you_mean, files, settings
from ser_core.corpora import EMOTIONS
from ser_core.corpora.readers.feedback import CLIP, LABEL, MARK
from ser_core.storage import atomic, read_json

VERSION = 1


@dataclass(frozen=True)
class FeedbackRecording:
    """A stored recording.

    Attributes:
        id: Name of its files.
        emotion: Ground-truth label that was given.
        answer: The predicted class.
        confidence: How sure it was, 0 to 1.
        probabilities: That it gave, by emotion.
        model: Which one.
        name: What the recording was called.
        speaker: Who speaks; empty when not given.
        seconds: Its length.
        kept: When it was stored, in seconds since the epoch.
    """

    id: str
    emotion: str
    answer: str
    confidence: float
    probabilities: Mapping[str, float]
    model: str
    name: str
    speaker: str
    seconds: float
    kept: float

    @property
    def sound(self) -> Path:
        """Its FLAC file."""
        return folder() / f"{self.id}{CLIP}"


@dataclass(frozen=True)
class RemovedRecordings:
    """What was deleted: it is in memory alone, and gone with it."""

    id: str
    sound: bytes
    label: str


def folder(home: Path | None = None) -> Path:
    """Where recordings are stored."""
    return (home or settings.home()) / "feedback"


def keep(
    waveform: Waveform,
    emotion: str,
    *,
    consent: bool,
    answer: str,
    probabilities: Mapping[str, float],
    model: str,
    name: str = "",
    speaker: str = "",
) -> FeedbackRecording:
    """Keep a recording with its ground-truth label; nothing is stored twice.

    Args:
        waveform: The recording.
        emotion: Of the vocabulary.
        consent: Of who speaks in it; without it nothing is stored.
        answer: The predicted class.
        probabilities: That it gave, by emotion.
        model: Which one.
        name: What the recording was called.
        speaker: Who speaks, so that a split can keep speakers apart.

    Raises:
        ParameterError: Without consent, or if there is no such emotion.
        SerError: If it cannot be written.
    """
    if not consent:
        raise ParameterError("nothing is kept without consent", subject="consent")
    if emotion not in EMOTIONS:
        raise ParameterError(
            "no emotion of the vocabulary", subject=emotion, remedy=did_you_mean(emotion, EMOTIONS)
        )
    sound = _flac(waveform)
    if (same := _same(sound, emotion, speaker.strip())) is not None:
        return same
    recording = FeedbackRecording(
        id=f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}",
        emotion=emotion,
        answer=answer,
        confidence=float(probabilities.get(answer, 0.0)),
        probabilities={each: float(value) for each, value in probabilities.items()},
        model=model,
        name=name,
        speaker=speaker.strip(),
        seconds=round(waveform.duration, 3),
        kept=time.time(),
    )
    _write(
        RemovedRecordings(recording.id, sound, json.dumps(asdict(recording), ensure_ascii=False))
    )
    return recording


def _same(sound: bytes, emotion: str, speaker: str) -> FeedbackRecording | None:
    """The stored recording of this very sound and label: a button may be pressed twice."""
    alike = (each for each in recordings() if (each.emotion, each.speaker) == (emotion, speaker))
    return next(
        (e for e in alike if e.sound.is_file() and files.read_bytes(e.sound) == sound), None
    )


def recordings() -> list[FeedbackRecording]:
    """All stored recordings, the newest first; what is damaged is left out."""
    files = (file for file in folder().glob(f"*{LABEL}") if file.name != MARK)
    found = [one for file in files if (one := _read(file)) is not None]
    return sorted(found, key=lambda each: each.kept, reverse=True)


def delete(recording_id: str) -> RemovedRecordings:
    """Delete a recording from the disk: sound, label, and what the store computed from it.

    Returns:
        What was deleted, in memory, for `restore`.

    Raises:
        SerError: If there is no such recording, or it cannot be deleted.
    """
    sound, label = _files(recording_id)
    try:
        removed = RemovedRecordings(recording_id, files.read_bytes(sound), files.read_text(label))
        _forget_features(sound)
        sound.unlink()
        label.unlink()
    except OSError as error:
        raise SerError(
            f"cannot be deleted ({error.strerror})", subject=str(sound), remedy="Delete the file"
        ) from error
    return removed


def delete_all() -> list[RemovedRecordings]:
    """Delete every recording.

    Raises:
        SerError: As `delete`.
    """
    return [delete(each.id) for each in recordings()]


def restore(removed: RemovedRecordings) -> None:
    """Put back what was deleted.

    Raises:
        SerError: If it cannot be written.
    """
    _write(removed)


def _write(content: RemovedRecordings) -> None:
    sound, label = _files(content.id)
    mark = sound.parent / MARK
    if not mark.exists():
        atomic.write(mark, json.dumps({"version": VERSION}))
    # The label last: the reader lists labels, so it never meets one without its sound.
    atomic.write(sound, content.sound)
    atomic.write(label, content.label)


def _files(recording_id: str) -> tuple[Path, Path]:
    if Path(recording_id).name != recording_id or recording_id.startswith("."):
        raise ParameterError("is no name of a recording", subject=recording_id)
    return folder() / f"{recording_id}{CLIP}", folder() / f"{recording_id}{LABEL}"


def _flac(waveform: Waveform) -> bytes:
    """16-bit FLAC, as `to_wav` rounds; what exceeds full scale is clipped."""
    steps = np.rint(waveform.samples * np.float32(32768)).clip(-32768, 32767).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, steps, waveform.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _forget_features(sound: Path) -> None:
    from ser_core.storage.feature_store import FeatureStore

    try:
        address = audio.sha256(audio.load(sound))
    except AudioError:  # nothing can have been computed from it
        return
    FeatureStore().forget(address)


def _read(file: Path) -> FeedbackRecording | None:
    about = read_json(file)
    if about is None:
        return None
    try:
        return FeedbackRecording(**about)
    except TypeError:
        return None
