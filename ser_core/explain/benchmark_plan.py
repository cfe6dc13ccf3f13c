"""Plan of a benchmark: clips, methods, terms and enrolled speakers.

Every method that compares with a baseline takes the fill that parts are replaced by, so that none
is at home where others are guests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ser_core.core import ModelError, ParameterError, did_you_mean
from ser_core.corpora import Corpus
from ser_core.explain.faithfulness import Terms
from ser_core.explain.method import METHODS, Method, make
from ser_core.explain.model_input import networks
from ser_core.features.representations import Representation
from ser_core.inference.held_out_clips import held_out_clips
from ser_core.models.abilities import explained_on
from ser_core.models.predictor import Predictor, load

CHECKED = 24
"""Clips on which the costly checks are made, which take a method several times."""


@dataclass(frozen=True)
class Plan:
    """What is compared, and on what.

    Attributes:
        model: Folder of the model.
        corpus: Where the clips are.
        clips: Names of the clips.
        files: Their files.
        emotions: Their true emotions.
        speakers: Their speakers; empty where the corpus has none.
        methods: What explains, by name.
        terms: What all are compared on.
        checked: Clips on which the costly checks are made.
        seen: Whether the clips may have trained the model.
        by_speaker: Whether the figures are for unseen speakers, so that speakers are the units.
        voices: Files that each speaker is enrolled from, by speaker; none of them is
            explained. Empty where no speaker is enrolled.
        seen_as: Name or hash of the representation whose maps are made, where the networks of an
            ensemble see several; that which weighs most when empty.
    """

    model: Path
    corpus: str
    clips: tuple[str, ...]
    files: tuple[Path, ...]
    emotions: tuple[str, ...]
    speakers: tuple[str, ...]
    methods: Mapping[str, Method]
    terms: Terms = field(default_factory=Terms)
    checked: int = CHECKED
    seen: bool = False
    by_speaker: bool = False
    voices: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    seen_as: str = ""

    def only(self, numbers: Sequence[int]) -> Plan:
        """The same on some of the clips, by their numbers."""
        return dataclasses.replace(
            self,
            clips=tuple(self.clips[number] for number in numbers),
            files=tuple(self.files[number] for number in numbers),
            emotions=tuple(self.emotions[number] for number in numbers),
            speakers=tuple(self.speakers[number] for number in numbers),
        )

    @property
    def enrolled(self) -> int:
        """Clips that a speaker is enrolled from; the fewest, where speakers differ."""
        return min((len(files) for files in self.voices.values()), default=0)


def plan(
    model: Path,
    corpus: Corpus,
    *,
    clips: int | None = None,
    methods: Sequence[str] = (),
    terms: Terms = Terms(),  # noqa: B008 - frozen
    checked: int = CHECKED,
    enrol: int = 0,
    seen_as: str = "",
    **parameters: Mapping[str, object],
) -> Plan:
    """Choose the clips: those of the model's own test part, spread over the emotions.

    Args:
        model: Folder of the model.
        corpus: Corpus it was tested on, or another.
        clips: At most so many; all when None.
        methods: Names of the methods; all when there is none.
        terms: What all are compared on.
        checked: Clips on which the costly checks are made.
        enrol: Clips that each speaker is enrolled from, others than are explained.
        seen_as: Representation whose maps are made; that which weighs most when empty.
        parameters: Of methods, by name of the method.

    Raises:
        ModelError: If the model cannot be opened or does not see that, no clip is of an emotion
            that it knows, or it cannot enrol although it should.
        UnknownNameError: If there is no such method.
        ParameterError: If fewer than two clips are wanted, or a speaker has none to enrol.
    """
    if clips is not None and clips < 2:
        raise ParameterError(f"{clips} clips are too few", subject="clips", remedy="Use 200")
    predictor = load(model)
    if seen_as:
        _require_seen(predictor, seen_as)
    found = held_out_clips(predictor, corpus)
    if not found.clips:
        raise ModelError("has none of the corpus' emotions as classes", subject=corpus.name)
    names = spread(corpus.usable.loc[list(found.clips)], clips)
    rows = corpus.usable.loc[names]
    return Plan(
        model,
        corpus.name,
        tuple(names),
        tuple(corpus.path(clip) for clip in names),
        tuple(rows["emotion"]),
        tuple(rows["speaker"].fillna("")),
        {
            name: on_terms(make(name, **parameters.get(name, {})), terms)
            for name in methods or METHODS
        },
        terms,
        checked,
        not found.tested,
        found.unseen_speakers,
        enrolment_files(predictor, corpus, names, enrol, terms.seed) if enrol else {},
        seen_as,
    )


def seen_by(predictor: Predictor) -> dict[str, Representation]:
    """What the networks of a model are explained on, by hash; feature maps first.

    Raises:
        ModelError: If it has no networks with access to their inside.
    """
    members, _ = networks(predictor)
    several = [explained_on(each.model) for each, _ in members]
    seen = {rep.hash: rep for rep in several}
    return dict(sorted(seen.items(), key=lambda item: item[1].summary))


def _require_seen(predictor: Predictor, wanted: str) -> None:
    known = seen_by(predictor)
    names = [rep.name for rep in known.values()]
    if wanted not in (*known, *names):
        raise ModelError(
            "the model does not use this representation",
            subject=wanted,
            remedy=did_you_mean(wanted, names),
        )


def enrolment_files(
    predictor: Predictor, corpus: Corpus, explained: Sequence[str], count: int, seed: int
) -> dict[str, tuple[Path, ...]]:
    """Files to enrol each speaker from, drawn at random from what is not explained.

    Raises:
        ModelError: If the model has no enrolment.
        ParameterError: If a clip names no speaker, or a speaker has too few other clips.
    """
    if not predictor.enrols:
        raise ModelError("does not use enrolment", remedy="Leave the enrolment out")
    rows = corpus.usable
    speakers = rows.loc[list(explained), "speaker"]
    others = rows[~rows.index.isin(list(explained))]
    found = {}
    for number, speaker in enumerate(sorted(speakers.fillna("").unique())):
        own = sorted(str(clip) for clip in others.index[others["speaker"] == speaker])
        if not speaker or len(own) < count:
            raise ParameterError(
                f"has {len(own)} clips besides those explained, and {count} are to be enrolled",
                subject=speaker or "a clip without a speaker",
                remedy="Explain or enrol fewer clips",
            )
        drawn = np.random.default_rng([seed, number]).choice(len(own), count, replace=False)
        found[str(speaker)] = tuple(corpus.path(own[i]) for i in sorted(drawn))
    return found


def spread(clips: pd.DataFrame, count: int | None) -> list[str]:
    """So many clips at equal steps through the emotions and speakers, in the order of the table."""
    ordered = clips.sort_index().sort_values(["emotion", "speaker"], kind="stable").index
    total = len(ordered)
    count = total if count is None else min(count, total)
    return [str(ordered[i * total // count]) for i in range(count)]


def on_terms(method: Method, terms: Terms) -> Method:
    """The method with the fill as its baseline, where it has one."""
    own = dataclasses.asdict(method)
    return make(method.name, **{**own, "baseline": terms.fill}) if "baseline" in own else method


def command(chosen: Plan) -> str:
    """How to run it again in a terminal."""
    words = [f"explain bench --model {chosen.model} --corpus PATH --clips {len(chosen.clips)}"]
    words += [f"--seen-as {chosen.seen_as}"] if chosen.seen_as else []
    words += [f"--enrol {chosen.enrolled}"] if chosen.voices else []
    usual, terms = dataclasses.asdict(Terms()), dataclasses.asdict(chosen.terms)
    words += [
        f"--{name} {terms[name]}"
        for name in ("fill", "heard", "rest")
        if terms[name] != usual[name]
    ]
    if list(chosen.methods) != list(METHODS):
        words += [f"--method {name}" for name in chosen.methods]
    return " ".join(words)
