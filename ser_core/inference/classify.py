"""Classify recordings: one row of probabilities each, or why there is none."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import audio
from ser_core.audio import LOUD, SoundStream, Waveform
from ser_core.core import AudioError, ParameterError, Progress, files
from ser_core.core.batches import attempted, spared
from ser_core.inference.confidence import Confidence, confidence, reads_seen
from ser_core.inference.onnx_copy import copied_at, copy_of
from ser_core.inference.speaker_verification import Floats, mean_cepstra, mismatched
from ser_core.inference.training_domain import TrainingDomain, domain_of
from ser_core.models.predictor import Predictor, Probabilities, SpeakerStatistics, checked, load

PREFIX = "p_"
AT_ONCE = 16

SHORTEST = 0.25
"""Seconds below which nothing can be said of a recording."""

QUIETEST = 10 ** (-60 / 20)
"""Peak below which a recording is silence: -60 dB of full scale."""

LONG = 15.0
"""Seconds above which one prediction for all of a recording says little."""


@dataclass(frozen=True)
class Recording:
    """Something to classify.

    Attributes:
        name: Display name.
        source: Path or content of the file.
    """

    name: str
    source: Path | bytes


@dataclass(frozen=True, eq=False)
class EnrolledSpeaker:
    """An enrolled speaker.

    Attributes:
        statistics: As the model's `enrol` gives them.
        timbres: Mean cepstra of the enrolled clips, for speaker verification, shape (clips,
            coefficients).
    """

    statistics: SpeakerStatistics
    timbres: Floats

    def doubts(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.bool_]:
        """Which sounds are rather of another speaker, by `speaker_verification.DOUBTFUL`."""
        return mismatched(self.timbres, waveforms)


@dataclass(frozen=True, eq=False)
class InferenceModel:
    """A model ready for use, with what makes its confidence mean what it says.

    Attributes:
        predictor: The model.
        confidence: Its temperature and threshold without enrolment.
        folder: Where it is.
        enrolled: The same for enrolled speakers; `confidence` serves for both when None.
        seen: The same for speakers who were in training, without enrolment; None where the model
            treats them as others.
        for_seen: Whether it is used for speakers who were in training; see `for_seen_speakers`.
        domain: What its training clips sound like; None where that is not kept beside it.
    """

    predictor: Predictor
    confidence: Confidence
    folder: Path
    enrolled: Confidence | None = None
    seen: Confidence | None = None
    for_seen: bool = False
    domain: TrainingDomain | None = None

    @property
    def name(self) -> str:
        """Display name, with fold and seed where it is one of a run's."""
        from ser_core.models.abilities import name_of

        about = self.predictor.about
        fold = (about.get("split") or {}).get("fold")
        own = f", fold {fold}, seed {about.get('seed', 0)}" if fold else ""
        return f"{name_of(about)}{own}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return self.predictor.classes

    def for_seen_speakers(self) -> InferenceModel:
        """The same for speakers of whom other clips were in training.

        Itself where the model treats them as others. An enrolled speaker is one in both.
        """
        if self.seen is None:
            return self
        return replace(self, confidence=self.seen, for_seen=True)

    def probabilities(
        self, waveforms: Sequence[Waveform], speaker: SpeakerStatistics | None = None
    ) -> Probabilities:
        """Calibrated probabilities, (sounds, classes).

        Raises:
            ModelError: If there are none; see `checked`.
        """
        given = self.predictor.predict(waveforms, speaker, seen=self.for_seen)
        return checked(self.reading(speaker).applied(given), self.name)

    def reading(self, speaker: SpeakerStatistics | None) -> Confidence:
        """Temperature and threshold with enrolment, or without."""
        return self.enrolled if speaker and self.enrolled else self.confidence

    def waveform(self, recording: Recording) -> Waveform:
        """Sound of a recording, if it can be classified.

        Raises:
            AudioError: If it cannot be decoded, is too short or silent, with what to do.
        """
        rate = self.predictor.sample_rate
        waveform = audio.load(recording.source, sample_rate=rate, name=recording.name)
        check(waveform, recording.name)
        return waveform

    def stream(self, recording: Recording) -> SoundStream:
        """Sound of a recording of any length to be decoded block by block, if it can be classified.

        Raises:
            AudioError: As `waveform`.
        """
        rate = self.predictor.sample_rate
        sound = audio.stream(recording.source, sample_rate=rate, name=recording.name)
        check_measures(sound.duration, sound.peak, recording.name)
        return sound

    def enrol(self, recordings: Sequence[Recording]) -> SpeakerStatistics:
        """Statistics of a speaker from recordings of them.

        Raises:
            ModelError: If the model cannot enrol speakers.
            AudioError: If a recording cannot be used.
        """
        return self.predictor.enrol([self.waveform(each) for each in recordings])

    def enrol_speaker(self, recordings: Sequence[Recording]) -> EnrolledSpeaker:
        """Enrol a speaker, with the cepstra that verify later sounds.

        Raises:
            ModelError: If the model cannot enrol speakers.
            AudioError: If a recording cannot be used.
        """
        waves = [self.waveform(each) for each in recordings]
        return EnrolledSpeaker(self.predictor.enrol(waves), mean_cepstra(waves))


def open_model(folder: Path) -> InferenceModel:
    """Open a model for use.

    Raises:
        ModelError: If there is none, or it is damaged.
    """
    predictor = load(folder)
    known = confidence(predictor, folder, enrolled=True) if predictor.enrols else None
    seen = confidence(predictor, folder, seen=True) if reads_seen(predictor) else None
    return InferenceModel(
        predictor, confidence(predictor, folder), folder, known, seen, domain=domain_of(folder)
    )


def open_answering(folder: Path) -> InferenceModel:
    """Open a model to classify with it alone: by its ONNX copy where it has a valid one.

    torch is not loaded then; what looks into networks takes `open_model`.

    Raises:
        ModelError: As `open_model`.
    """
    copy = copy_of(folder)
    if copy is None:
        return open_model(folder)
    known = copy.reading("enrolled") if copy.enrols else None
    seen = copy.reading("seen") if copy.spec.seen else None
    return InferenceModel(
        copy, copy.reading("stranger"), folder, known, seen, domain=domain_of(folder)
    )


def check(waveform: Waveform, name: str) -> None:
    """Refuse sound that says nothing.

    Raises:
        AudioError: If it is too short, silent, or far above full scale.
    """
    check_measures(waveform.duration, float(np.abs(waveform.samples).max()), name)


def check_measures(duration: float, peak: float, name: str) -> None:
    """As `check`, by the length in seconds and the largest magnitude of a sound."""
    if duration < SHORTEST:
        raise AudioError(
            f"is {duration:.2f} s long, too short to classify",
            subject=name,
            remedy="Record a whole sentence",
        )
    if peak < QUIETEST:
        raise AudioError(
            "is silent: it stays below -60 dB of full scale",
            subject=name,
            remedy="Check the microphone, and record again",
        )
    if peak > LOUD:
        raise AudioError(
            f"has a peak of {peak:,.0f} times full scale: its samples are not scaled to ±1",
            subject=name,
            remedy="Export it again as 16-bit or 24-bit PCM",
        )


def is_silent(waveform: Waveform) -> bool:
    """Whether it is silent."""
    return bool(np.abs(waveform.samples).max() < QUIETEST)


def recordings(paths: Sequence[Path]) -> list[Recording]:
    """Files as they are named, and what sounds in folders, with all that is below them.

    Raises:
        ParameterError: If a folder holds no sound, or a path does not exist.
    """
    return [Recording(str(file), file) for path in paths for file in _files(path)]


def _files(path: Path) -> list[Path]:
    if files.is_file(path):
        return [path]
    if not files.is_folder(path):
        raise ParameterError(
            "there is no such file or folder", subject=files.shortened(path), remedy="Check it"
        )
    below = [
        each
        for place, folders, names in files.walk(path)
        for each in (Path(place, name) for name in (*folders, *names))
        if not _hidden(each, path)
    ]
    found = [each for each in below if each.suffix.lower() in audio.ENDINGS and each.is_file()]
    if not found:
        linked = sum(each.is_symlink() and each.is_dir() for each in below)
        unread = sorted({each.suffix for each in below if each.suffix.lower() in audio.UNREAD})
        remedy = f"Looked for {', '.join(sorted(audio.ENDINGS))}"
        if linked:
            remedy = f"Of its folders {linked} are links, which are not followed: name them"
        elif unread:
            remedy = f"Files with the endings {', '.join(unread)} are not looked for: convert them"
        raise ParameterError("holds no sound", subject=str(path), remedy=remedy)
    return sorted(found)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def narrow_band(model: InferenceModel, several: Sequence[Recording]) -> str:
    """What to know of files whose sample rate is below the model's, as sentences; else empty.

    Headers are read, and files that cannot be read are passed over.
    """
    wanted = model.predictor.sample_rate
    read = (attempted(partial(audio.info, each.source, name=each.name))[0] for each in several)
    rates = sorted({about.sample_rate for about in read if about and about.sample_rate < wanted})
    if not rates:
        return ""
    said = " and ".join(f"{rate:,} Hz" for rate in rates)
    return (
        f"Some of the sound has a sample rate of {said}, and the model is made for {wanted:,} Hz: "
        f"it finds nothing above {rates[0] // 2:,} Hz. Read these answers with care, or choose a "
        "model that was trained on sound of that rate."
        if len(several) > 1
        else f"The sound has a sample rate of {said}, and the model is made for {wanted:,} Hz: it "
        f"finds nothing above {rates[0] // 2:,} Hz. Read the answer with care, or choose a model "
        "that was trained on sound of that rate."
    )


def classify(
    model: InferenceModel,
    several: Sequence[Recording],
    enrolled: EnrolledSpeaker | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predictions for recordings.

    Args:
        model: The model.
        several: Recordings to classify.
        enrolled: The one speaker of all of them, from `enrol_speaker`; None without enrolment.
        progress: Called with (recordings done, recordings in all).

    Returns:
        A row a recording, in order: `file`, `seconds`, a probability a class in `p_<emotion>`,
        `answer`, `confidence` (the largest probability), `uncertain` (whether that is below the
        model's threshold), with a speaker `other_voice` (whether another one speaks), where the
        model knows its training clips `unlike_training` (whether the sound is unlike them) and
        `problem`: empty, or why there is no prediction. A recording that cannot be read, or that
        the model fails on, changes no other row.
    """
    return pd.concat(classify_waveforms(model, several, enrolled, progress), ignore_index=True)


def classify_waveforms(
    model: InferenceModel,
    several: Sequence[Recording],
    enrolled: EnrolledSpeaker | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """As `classify`, some rows at a time, as soon as they are known."""
    if not several:
        yield rows_of([], np.zeros((0, len(model.classes))), model)
    for start in range(0, len(several), AT_ONCE):
        yield _some(model, several[start : start + AT_ONCE], enrolled)
        if progress:
            progress(min(start + AT_ONCE, len(several)), len(several))


def _some(
    model: InferenceModel, several: Sequence[Recording], enrolled: EnrolledSpeaker | None
) -> pd.DataFrame:
    waves: dict[int, Waveform] = {}
    problems: dict[int, str] = {}
    for number, each in enumerate(several):
        wave, problem = attempted(partial(model.waveform, each))
        if wave is None:
            problems[number] = problem
        else:
            waves[number] = wave
    speaker = enrolled.statistics if enrolled else None
    found, refused = spared(lambda some: model.probabilities(some, speaker), list(waves.values()))
    numbers = list(waves)
    problems |= {numbers[number]: why for number, why in refused.items()}
    given = np.full((len(several), len(model.classes)), np.nan)
    for number, probabilities in found.items():
        given[numbers[number]] = probabilities
    about = [
        {
            "file": each.name,
            "seconds": round(waves[number].duration, 2) if number in waves else np.nan,
            "problem": problems.get(number, ""),
        }
        for number, each in enumerate(several)
    ]
    table = rows_of(about, given, model, speaker)
    usable = [numbers[number] for number in sorted(found)]
    sounds = [waves[number] for number in usable]
    said: dict[str, npt.NDArray[np.bool_]] = {}
    if enrolled:
        said["other_voice"] = at(usable, enrolled.doubts(sounds), len(several))
    if model.domain:
        said["unlike_training"] = at(usable, model.domain.unlike(sounds), len(several))
    return table.drop(columns="problem").assign(**said, problem=table["problem"])


def at(rows: Sequence[int], values: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """The values in their rows, false in all others; shape (length,)."""
    found = np.zeros(length, np.bool_)
    found[list(rows)] = values
    return found


def rows_of(
    about: Sequence[dict[str, object]],
    probabilities: Probabilities,
    model: InferenceModel,
    speaker: SpeakerStatistics | None = None,
) -> pd.DataFrame:
    """Rows of a table of predictions: what is known of each, then the prediction.

    Args:
        about: One mapping a row, with a key `problem` at the end.
        probabilities: Shape (rows, classes), NaN where there is no prediction.
        model: The model.
        speaker: Statistics that were used; None without enrolment.
    """
    table = pd.DataFrame(about, columns=list(about[0]) if about else ["file", "seconds", "problem"])
    problem = table.pop("problem")
    columns = [PREFIX + name for name in model.classes]
    table = table.join(pd.DataFrame(probabilities, columns=columns, index=table.index))
    known = ~np.isnan(probabilities).any(axis=1)
    best = np.where(known, np.nan_to_num(probabilities).argmax(axis=1), 0)
    names = np.array(model.classes, dtype=object)[best]
    table["answer"] = np.where(known, names, "")
    table["confidence"] = np.where(known, np.nan_to_num(probabilities).max(axis=1), np.nan)
    unsure = model.reading(speaker).unsure(np.nan_to_num(probabilities, nan=2.0))
    table["uncertain"] = known & unsure
    return table.assign(problem=problem)


_WARM: dict[tuple[Path, float, float], InferenceModel] = {}
_WARMING = threading.Lock()
MOST_WARM = 4


def warm(folder: Path, changed: float, *, answering: bool = False) -> InferenceModel:
    """A model after one prediction, so that the next is quick; cached for the process.

    Whoever asks while it is being opened waits for that.

    Args:
        folder: Of the model.
        changed: When its description was written; another time opens it anew.
        answering: Whether it is opened to classify with it alone, by `open_answering`.

    Raises:
        ModelError: As `open_model`.
    """
    key = _key(folder, changed, answering)
    known = _WARM.get(key)
    if known is not None:  # not kept waiting while another model is opened
        return known
    with _WARMING:
        if key not in _WARM:
            model = open_answering(folder) if answering else open_model(folder)
            noise = np.random.default_rng(0).normal(0, 0.1, model.predictor.sample_rate * 2)
            model.probabilities([Waveform(noise.astype(np.float32), model.predictor.sample_rate)])
            while len(_WARM) >= MOST_WARM:
                _WARM.pop(next(iter(_WARM)))
            _WARM[key] = model
        return _WARM[key]


def is_warm(folder: Path, changed: float, *, answering: bool = False) -> bool:
    """Whether `warm` returns at once."""
    return _key(folder, changed, answering) in _WARM


def _key(folder: Path, changed: float, answering: bool) -> tuple[Path, float, float]:
    """With the time of the copy, where it may answer: 0 for the model itself."""
    return folder, changed, copied_at(folder) if answering else 0.0
