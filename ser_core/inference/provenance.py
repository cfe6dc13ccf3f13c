"""Provenance of a model: which clips trained it, as far as known, and what a test then shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ser_core.core import SerError
from ser_core.corpora import (
    GRADES,
    UNUSED,
    Corpus,
    LeakAudit,
    Split,
    audit_split,
    known_measures,
    make_split,
)
from ser_core.runs.layout import splits_beside
from ser_core.storage import read_json

if TYPE_CHECKING:
    from ser_core.models.predictor import Predictor

_HASH = 12
"""Hexadecimal digits of a clip's hash: among a million clips two are alike once in 500 times."""
UNRECORDED = "It is not recorded which clips trained the model."


@dataclass(frozen=True)
class Provenance:
    """Clips that a model comes from.

    Attributes:
        corpus: Name of the corpus; empty when it is not recorded.
        policy: Of the split.
        parts: Part ("train", "validation", "test") of each clip; None when not recorded.
        audit: What the parts of the split share, as it was recorded; None when it was not.
        how: How the parts were found, or why they could not be, as a sentence.
    """

    corpus: str
    policy: str
    parts: Mapping[str, str] | None
    audit: LeakAudit | None
    how: str

    def of(self, clips: Sequence[str], part: str) -> list[str]:
        """Those of the clips that are in a part."""
        return [clip for clip in clips if (self.parts or {}).get(clip) == part]

    def speakers(self, corpus: Corpus) -> set[str]:
        """Speakers of its training clips, in the corpus that it comes from; of others none."""
        if corpus.name != self.corpus:
            return set()
        speakers = corpus.usable["speaker"]
        return set(speakers[self.of(list(speakers.index), "train")].dropna())


@dataclass(frozen=True)
class CorpusOverlap:
    """What clips that a model is tested on have to do with those that made it.

    Attributes:
        clips: How many were tested.
        trained: How many of them trained it; None when not recorded.
        chosen: How many of them chose its best epoch, its temperature or its weights; None too.
        audit: Leak audit of the test; None when not recorded.
        said: All that in plain words.
    """

    clips: int
    trained: int | None
    chosen: int | None
    audit: LeakAudit | None
    said: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "clips": self.clips,
            "trained_on": self.trained,
            "chosen_on": self.chosen,
            "grade": self.audit.grade if self.audit else None,
            "said": self.said,
        }


def provenance(about: Mapping[str, Any], folder: Path | None, corpus: Corpus | None) -> Provenance:
    """Look up or make again the split that a model was trained with.

    Args:
        about: `about` of the model.
        folder: Where it is; its split may be beside it.
        corpus: On which the split can be made again.
    """
    if about.get("origin"):
        return _recorded(about["origin"], corpus)
    if about.get("members"):
        return _together([provenance(*each, corpus) for each in _members(about, folder)])
    split = about.get("split")
    if not split:
        return Provenance("", "", None, None, UNRECORDED)
    name = str(about.get("corpus", {}).get("name", ""))
    found, how = _find(about, folder, corpus)
    parts: dict[str, str] | None = None
    if found is not None:
        parts = {str(c): part for c, part in found.table[found_fold(found, split["fold"])].items()}
    if parts and refitted(about):
        parts = {c: "train" if part == "validation" else part for c, part in parts.items()}
        how += " The model was fitted again with the validation part, which trained it too."
    return Provenance(name, split["policy"], parts, recorded_audit(split.get("audit")), how)


def refitted(about: Mapping[str, Any]) -> bool:
    """Whether the validation part trained a model too, after it had served for calibration."""
    return bool((about.get("training") or {}).get("refit"))


def provenance_of(predictor: Predictor, corpus: Corpus | None) -> Provenance:
    """Origin of an open model.

    That of an ensemble is of the models in use. Those it was measured with may be others: each of
    those was not trained on its test clips, while the ones in use were trained on most of them.
    """
    asked = getattr(predictor, "models", None)
    if asked is None:
        return provenance(predictor.about, None, corpus)
    return _together(
        [provenance(each.about, None, corpus) for several in asked for each in several]
    )


def record(found: Provenance) -> dict[str, Any]:
    """Provenance to write into an exported file; empty where the parts are not recorded.

    Names of clips may tell of people, so only the beginnings of their hashes are written.
    """
    if found.parts is None:
        return {}
    parts: dict[str, str] = {}
    for clip, part in sorted(found.parts.items()):
        parts[part] = parts.get(part, "") + _short(clip)
    audit = asdict(replace(found.audit, leaks=())) if found.audit else None
    return {"corpus": found.corpus, "policy": found.policy, "parts": parts, "audit": audit}


def _recorded(recorded: Mapping[str, Any], corpus: Corpus | None) -> Provenance:
    """As `record` wrote it; clips that the corpus does not have keep their hashes for names."""
    names = {_short(str(clip)): str(clip) for clip in corpus.clips.index} if corpus else {}
    parts = {
        names.get(hashes[at : at + _HASH], hashes[at : at + _HASH]): part
        for part, hashes in recorded["parts"].items()
        for at in range(0, len(hashes), _HASH)
    }
    audit = LeakAudit(**{**recorded["audit"], "leaks": ()}) if recorded["audit"] else None
    how = "Which clips trained the model is recorded in its file."
    return Provenance(recorded["corpus"], recorded["policy"], parts, audit, how)


def _short(clip: str) -> str:
    return hashlib.sha256(clip.encode()).hexdigest()[:_HASH]


def recorded_audit(recorded: Mapping[str, Any] | None) -> LeakAudit | None:
    """The audit that was written down with a model or a run; None where there is none."""
    return LeakAudit.recorded(recorded) if recorded else None


def enrolment_doubt(about: Mapping[str, Any]) -> str:
    """Why enrolment is to be doubted with a model, by the audit of its training corpus.

    Empty where it is not, or where the model says nothing of its split.
    """
    audit = recorded_audit((about.get("split") or {}).get("audit"))
    return audit.enrolment_doubt if audit else ""


def found_fold(split: Split, name: str) -> str:
    """The fold as the split calls it; the only one where there is but one."""
    return name if name in split.folds else split.folds[0]


def corpus_overlap(model: Provenance, corpus: Corpus, clips: Sequence[str]) -> CorpusOverlap:
    """Hold tested clips against those that trained the model."""
    if model.parts is None:
        return CorpusOverlap(len(clips), None, None, None, model.how)
    trained, chosen = model.of(clips, "train"), model.of(clips, "validation")
    audit = _audit(model, corpus, clips, trained)
    said = _said(model, corpus, clips, len(trained), len(chosen))
    return CorpusOverlap(len(clips), len(trained), len(chosen), audit, said)


def _audit(
    model: Provenance, corpus: Corpus, clips: Sequence[str], trained: Sequence[str]
) -> LeakAudit | None:
    """The recorded audit for clips of the test part; for others, one of what is at hand."""
    if trained:
        share = f"{len(trained):,} of the {len(clips):,} clips trained the model. "
        return LeakAudit((), "F", "F", share + GRADES["F"])
    parts = model.parts or {}
    if model.audit and all(parts.get(clip) == "test" for clip in clips):
        return model.audit
    trainers = [clip for clip, part in parts.items() if part == "train"]
    if not set(trainers) <= set(corpus.usable.index):
        return None  # the speakers of clips that are not here are not known
    table = pd.DataFrame({"split": UNUSED}, index=corpus.usable.index, dtype="str")
    table.loc[trainers] = "train"
    table.loc[list(clips)] = "test"
    measured, _missing = known_measures(corpus)
    return audit_split(Split(corpus.name, "as tested", 0, {}, table), corpus, measured)


def _said(
    model: Provenance, corpus: Corpus, clips: Sequence[str], trained: int, chosen: int
) -> str:
    if not set(clips) & set(model.parts or {}):
        other = "" if corpus.name == model.corpus else f", which is {model.corpus}"
        return f"None of the {len(clips):,} clips is named in the corpus of the training{other}."
    said = f"Of the {len(clips):,} clips {trained:,} trained the model"
    said += f" and {chosen:,} helped to choose it. " if chosen else ". "
    return said + model.how


def _find(
    about: Mapping[str, Any], folder: Path | None, corpus: Corpus | None
) -> tuple[Split | None, str]:
    wanted = about["split"]["hash"]
    for file in splits_beside(folder) if folder else ():
        recorded = Split.load(file)
        if recorded.hash == wanted:
            return recorded, "The split is stored with the model."
    made = _again(about, corpus) if corpus else None
    if made is not None and made.hash == wanted:
        return made, f"The split was made again; its hash is the same, {wanted}."
    return None, (
        "It is not known which clips trained the model: its split is not stored with it, and "
        f"cannot be made again from this corpus (hash {wanted})."
    )


def _again(about: Mapping[str, Any], corpus: Corpus) -> Split | None:
    """The split of the recipe on this corpus; None where it cannot be made."""
    split, choice = about["split"], about.get("recipe", {}).get("split", {})
    options: dict[str, Any] = {"fractions": choice["fractions"]} if "fractions" in choice else {}
    if choice.get("folds"):
        options["folds"] = choice["folds"]
    try:
        return make_split(corpus, split["policy"], seed=split["seed"], **options)
    except SerError:
        return None


def _members(
    about: Mapping[str, Any], folder: Path | None
) -> list[tuple[Mapping[str, Any], Path | None]]:
    """`about` and folder of each model of an ensemble."""
    places = [
        folder / place for each in about["members"] if folder for place in each.get("bundles", ())
    ]
    return [(read_json(place / "bundle.json") or {}, place) for place in places]


RANK = ("test", "validation", "train")


def _together(several: Sequence[Provenance]) -> Provenance:
    """Provenance of several models: a clip that trained one of them trained them all."""
    if not several:
        return Provenance("", "", None, None, UNRECORDED)
    first = several[0]
    unknown = next((each for each in several if each.parts is None), None)
    if unknown is not None:
        return replace(first, parts=None, audit=None, how=unknown.how)
    parts: dict[str, str] = {}
    for each in several:
        for clip, part in (each.parts or {}).items():
            if part in RANK:
                parts[clip] = max(parts.get(clip, RANK[0]), part, key=RANK.index)
    audits = [each.audit for each in several if each.audit]
    worst = max(audits, key=lambda audit: list(GRADES).index(audit.grade), default=None)
    return Provenance(first.corpus, first.policy, parts, worst, first.how)
