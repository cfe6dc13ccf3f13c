"""Emotion turn by turn: who speaks when in a recording of any length, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from ser_core import audio
from ser_core.audio import SAMPLE_RATE, SoundStream, Waveform
from ser_core.audio.voice_activity import VoiceActivity, speech_probabilities, stretches
from ser_core.core import CorpusError, ModelError, Progress
from ser_core.corpora.annotations import Segment
from ser_core.inference.classify import (
    LONG,
    PREFIX,
    SHORTEST,
    EnrolledSpeaker,
    InferenceModel,
    Recording,
    is_silent,
    rows_of,
)
from ser_core.inference.prediction_files import UNLIKE, signed
from ser_core.inference.speaker_verification import mean_cepstra
from ser_core.inference.timeline import predict_spans

ENROLLED = 60.0
"""Seconds of a speaker's own turns that are enrolled at most. More change the statistics little,
and memory must not grow with the recording."""

LEAST = 5.0
"""Seconds below which a speaker is not enrolled: one sentence is a mood, not a voice."""

Span = tuple[float, float]


def found_turns(recording: Recording, rule: VoiceActivity | None = None) -> list[Segment]:
    """Stretches of speech in a recording, by voice activity detection; nobody is named.

    Args:
        recording: Of any length.
        rule: What makes a stretch; the default one when None.

    Raises:
        AudioError: If the recording cannot be decoded.
    """
    sound = audio.stream(recording.source, sample_rate=SAMPLE_RATE, name=recording.name)
    found = speech_probabilities(sound.blocks())
    return [
        Segment(start, end)
        for start, end in stretches(found, sound.duration, rule or VoiceActivity())
    ]


def predict_turns(
    model: InferenceModel,
    sound: SoundStream,
    turns: Sequence[Segment],
    enrolled: EnrolledSpeaker | None = None,
    *,
    enrol_own: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Calibrated probabilities for each turn.

    A turn up to `LONG` seconds is classified as one clip. A longer one is cut into equal pieces
    that are no longer, and has the mean of their probabilities, each weighted alike.

    Args:
        model: The model.
        sound: The recording, at the model's sample rate.
        turns: In any order; they may overlap.
        enrolled: The one speaker of all turns, from `enrol_speaker`; None without enrolment.
        enrol_own: Enrol each named speaker with up to `ENROLLED` seconds of their own turns, spread
            over the recording. No label is used; all turns of the speaker are predicted, so the
            model has heard them. One with less than `LEAST` seconds is not enrolled.
        progress: Called with (pieces done, pieces in all).

    Returns:
        A row a turn in the order of time: `start`, `end`, `speaker`, `label` where one was given,
        then as `classify.classify` and `prediction_files.signed`.

    Raises:
        CorpusError: If there are no turns.
        ModelError: If speakers are to be enrolled and the model cannot.
    """
    if not turns:
        raise CorpusError(
            "has no turns",
            subject=sound.name,
            remedy="Nobody speaks, or the file of turns is empty",
        )
    if enrol_own and not model.predictor.enrols:
        raise ModelError(
            "does not use enrolment", subject=model.name,
            remedy="Leave it out, or choose a model trained with normalisation by speaker",
        )  # fmt: skip
    total = sum(len(_pieces(each)) for each in turns)
    done, tables = 0, []
    for speaker in sorted({each.speaker for each in turns}) if enrol_own else [None]:
        own = [each for each in turns if speaker is None or each.speaker == speaker]
        known = _enrolled(model, sound, own) if speaker else enrolled
        report = partial(_report, progress, done, total)
        tables.append(signed(_of_speaker(model, sound, own, known, report), model, known))
        done += sum(len(_pieces(each)) for each in own)
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values(["start", "end"], kind="stable", ignore_index=True)


def _report(progress: Progress | None, before: int, total: int, done: int, _all: int) -> None:
    """Pieces of one speaker as a part of those of all."""
    if progress:
        progress(before + done, total)


def _of_speaker(
    model: InferenceModel,
    sound: SoundStream,
    turns: Sequence[Segment],
    enrolled: EnrolledSpeaker | None,
    progress: Progress,
) -> pd.DataFrame:
    pieces = sorted(
        (start, end, number) for number, turn in enumerate(turns) for start, end in _pieces(turn)
    )
    speaker = enrolled.statistics if enrolled else None
    spans = [(start, end) for start, end, _ in pieces]
    predicted = pd.concat(
        predict_spans(model, sound.blocks(), spans, speaker, verify=enrolled, progress=progress),
        ignore_index=True,
    )
    predicted["turn"] = [number for *_, number in pieces]
    groups = predicted.groupby("turn")
    names = [PREFIX + name for name in model.classes]
    given = groups[names].mean().to_numpy()  # of the pieces that are not silent
    problems = groups["problem"].first().where(np.isnan(given).any(axis=1), "")
    about: list[dict[str, object]] = [
        {
            "start": round(turn.start, 3),
            "end": round(turn.end, 3),
            "speaker": turn.speaker,
            "label": turn.label,
            "problem": problems[number],
        }
        for number, turn in enumerate(turns)
    ]
    table = rows_of(about, given, model, speaker)
    for name in ("other_voice", UNLIKE):
        if name in predicted:  # of most pieces
            most = groups[name].mean().to_numpy() > 0.5
            table = table.drop(columns="problem").assign(**{name: most}, problem=table["problem"])
    return table if (table["label"] != "").any() else table.drop(columns="label")


def _pieces(turn: Segment) -> list[Span]:
    """A turn in equal pieces of at most `LONG` seconds; one too short alone is made longer.

    >>> _pieces(Segment(1.0, 4.0)), len(_pieces(Segment(0.0, 40.0)))
    ([(1.0, 4.0)], 3)
    """
    if turn.duration < SHORTEST:
        middle = (turn.start + turn.end) / 2
        start = max(0.0, middle - SHORTEST / 2)
        return [(start, start + SHORTEST)]
    edges = np.linspace(turn.start, turn.end, 1 + int(np.ceil(turn.duration / LONG))).tolist()
    return list(pairwise(edges))


def _enrolled(
    model: InferenceModel, sound: SoundStream, turns: Sequence[Segment]
) -> EnrolledSpeaker | None:
    """The speaker of some turns, from a part of them; None where they are too short."""
    spans = sorted(span for turn in turns for span in _pieces(turn))
    seconds = sum(end - start for start, end in spans)
    step = max(1, int(np.ceil(seconds / ENROLLED)))
    cut = audio.parts(sound.blocks(), model.predictor.sample_rate, spans[::step])
    waves = [wave for wave in cut if wave and _usable(wave)]
    if sum(wave.duration for wave in waves) < LEAST:
        return None
    return EnrolledSpeaker(model.predictor.enrol(waves), mean_cepstra(waves))


def _usable(wave: Waveform) -> bool:
    return wave.duration >= SHORTEST and not is_silent(wave)


def as_segments(table: pd.DataFrame) -> list[Segment]:
    """Rows with a prediction as segments labelled by it, to be written by `corpora.annotations`.

    Turns are what they are. Windows of a timeline overlap, so each is taken for the time that is
    nearer to its middle than to that of another, and neighbours of one emotion are joined.
    """
    if "speaker" in table:
        rows = table[table["answer"] != ""]
        return [
            Segment(float(start), float(end), str(answer), str(speaker))
            for start, end, answer, speaker in zip(
                rows["start"], rows["end"], rows["answer"], rows["speaker"], strict=True
            )
        ]
    return list(_joined(table))


def _joined(table: pd.DataFrame) -> Iterator[Segment]:
    middles = ((table["start"] + table["end"]) / 2).to_numpy()
    between = (middles[1:] + middles[:-1]) / 2
    edges = [float(table["start"].iloc[0]), *between.tolist(), float(table["end"].iloc[-1])]
    answers = [*table["answer"], None]
    begun = 0
    for number in range(1, len(answers)):
        if answers[number] != answers[begun]:
            if answers[begun]:
                yield Segment(edges[begun], edges[number], str(answers[begun]))
            begun = number
