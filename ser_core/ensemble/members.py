"""Runs that may be pooled, and why others may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ser_core.core import EvaluationError, SerError, count
from ser_core.corpora import ORDER, LeakAudit, Split
from ser_core.ensemble.member_predictions import MemberPredictions, averaged, by_seed
from ser_core.ensemble.options import MEMBERS
from ser_core.evaluation import Predictions
from ser_core.evaluation.predictions import PARTS
from ser_core.runs import catalogue
from ser_core.runs.catalogue import RunInfo

TRAINED = ("train",)
SCORED = PARTS


@dataclass(frozen=True, eq=False)
class Candidate:
    """A run that may become a member.

    Attributes:
        run: Where it is and what it is called.

    The properties raise `SerError` where its files are missing or damaged.
    """

    run: RunInfo

    @cached_property
    def split(self) -> Split:
        """Split of the clips."""
        return Split.load(self.run.folder / "split.json")

    @cached_property
    def predictions(self) -> Predictions:
        """Its predictions."""
        return catalogue.predictions_of(self.run)

    @cached_property
    def predictions_enrolled(self) -> Predictions | None:
        """Its predictions with enrolled speakers; None for a model that does not enrol."""
        if self.run.result is None or self.run.result.enrolled is None:
            return None
        return catalogue.predictions_of(self.run, enrolled=True)

    def predictions_for(self, *, enrolled: bool) -> Predictions:
        """Its predictions for enrolled speakers, or for others; often the same."""
        own = self.predictions_enrolled if enrolled else None
        return self.predictions if own is None else own

    @cached_property
    def folds(self) -> tuple[int, ...]:
        """Numbers of the folds that were trained."""
        return tuple(sorted(map(int, self.predictions.table["fold"].unique())))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that were trained."""
        return tuple(sorted(map(int, self.predictions.table["seed"].unique())))

    def clips(self, fold: int, parts: Sequence[str]) -> set[str]:
        """Clips of some parts of a fold."""
        dealt = self.split.fold(fold)
        return {clip for part in parts for clip in dealt.get(part, [])}

    def bundle(self, fold: int, seed: int) -> Path:
        """Folder of the model of a fold and seed."""
        return self.run.folder / f"fold-{fold}-seed-{seed}" / "bundle"

    @cached_property
    def fault(self) -> str:
        """Why it can be no member of any ensemble; empty if it can."""
        if self.run.result is None:
            return "It is not finished"
        try:
            tables = (self.predictions, self.predictions_enrolled)
            odd = [self._unaccounted(table) for table in tables if table is not None]
            return next(filter(None, odd), "") or self._missing_bundles()
        except SerError as error:
            return str(error).rstrip(".")

    def _unaccounted(self, predictions: Predictions) -> str:
        """Predictions that its split does not account for, such as to clips that trained it."""
        table = predictions.table
        for fold in self.folds:
            for part in SCORED:
                rows = (table["fold"] == fold) & (table["part"] == part)
                tested = set(table.loc[rows, "clip"])
                trained = tested & self.clips(fold, TRAINED)
                if trained:
                    return (
                        f"It was trained on {count(len(trained), 'clip')} that it predicts (fold "
                        f"{fold})"
                    )
                if tested - self.clips(fold, (part,)):
                    return f"Its predictions and its split do not match (fold {fold}, {part})"
        return ""

    def _missing_bundles(self) -> str:
        names = [self.bundle(fold, seed) for fold in self.folds for seed in self.seeds]
        missing = [path for path in names if not (path / "bundle.json").exists()]
        if not missing:
            return ""
        if len(missing) == len(names):
            return "Its model is not on this computer, only its predictions"
        return f"{len(missing)} of its {count(len(names), 'model')} are not on this computer"


def obstacle(one: Candidate, other: Candidate) -> str:
    """Why two runs cannot be members of one ensemble; empty if they can.

    Above all: neither may have been trained on a clip that the other is validated or tested with.
    Such a member looks brilliant there, and would get the weight.
    """
    for candidate in (other, one):
        if candidate.fault:
            return candidate.fault
    if one.split.corpus != other.split.corpus or one.split.clips_hash != other.split.clips_hash:
        return f"It uses other clips ({other.split.corpus}) than {one.run.name}"
    if one.predictions.classes != other.predictions.classes:
        return f"Its classes differ from those of {one.run.name}"
    if one.split.hash != other.split.hash:
        leaked = leak(one, other)
        if leaked:
            return leaked
    if one.folds != other.folds:
        return f"It has other folds than {one.run.name}"
    return "" if _same_parts(one, other) else f"It was tested on other clips than {one.run.name}"


def families(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates that can be pooled with each other, the largest family first.

    Those that can be pooled with nobody, having a fault of their own, are in none.
    """
    found: list[list[Candidate]] = []
    for candidate in candidates:
        if candidate.fault:
            continue
        home = next((family for family in found if not obstacle(family[0], candidate)), None)
        if home is None:
            found.append([candidate])
        else:
            home.append(candidate)
    return sorted(found, key=len, reverse=True)


def leak(one: Candidate, other: Candidate) -> str:
    """That one run was trained on clips which the other is scored with; empty if neither was."""
    for learner, scored in ((other, one), (one, other)):
        for fold in sorted(set(learner.folds) & set(scored.folds)):
            seen = learner.clips(fold, TRAINED) & scored.clips(fold, SCORED)
            if seen:
                who = "It" if learner is other else one.run.name
                whom = one.run.name if learner is other else "it"
                return (
                    f"{who} was trained on {count(len(seen), 'clip')} that {whom} is validated or "
                    "tested with"
                )
    return ""


def _same_parts(one: Candidate, other: Candidate) -> bool:
    return all(
        one.clips(fold, (part,)) == other.clips(fold, (part,))
        for fold in one.folds
        for part in SCORED
    )


@dataclass(frozen=True, eq=False)
class Member:
    """A member: a run, or one seed of it.

    Attributes:
        name: Unique in its ensemble.
        candidate: The run.
        seeds: Those of it that are averaged.
        predictions: One for each row.
    """

    name: str
    candidate: Candidate
    seeds: tuple[int, ...]
    predictions: Predictions

    @property
    def bundles(self) -> list[Path]:
        """Folders of all its models."""
        pairs = [(fold, seed) for fold in self.candidate.folds for seed in self.seeds]
        return [self.candidate.bundle(fold, seed) for fold, seed in pairs]


@dataclass(frozen=True, eq=False)
class Team:
    """Members that may be pooled, side by side.

    Attributes:
        members: In the order they were given.
        stack: Their predictions.
        audit: What the parts of their split share.
        enrolled: Whether members that can had every speaker enrolled from all their
            unlabelled clips of the same part.
    """

    members: tuple[Member, ...]
    stack: MemberPredictions
    audit: LeakAudit
    enrolled: bool = False

    @property
    def split(self) -> Split:
        """The split of the clips, for all of them."""
        return self.members[0].candidate.split

    def enrolled_team(self) -> Team | None:
        """The same members with enrolled speakers; None if that makes no difference."""
        candidates = [member.candidate for member in self.members]
        if self.enrolled or all(each.predictions_enrolled is None for each in candidates):
            return None
        members = tuple(_enrolled(member) for member in self.members)
        return Team(members, _stacked(members), self.audit, enrolled=True)

    @property
    def by_speaker(self) -> bool:
        """Whether the test speakers are new to every member, so that they are the units."""
        return not self.audit.speakers_shared


def gather(chosen: Sequence[RunInfo], seeds: str) -> Team:
    """Put runs together.

    Args:
        chosen: Two or more finished runs; or one of several seeds, if each is a member.
        seeds: "average" or "members".

    Raises:
        EvaluationError: If two of them cannot be members of one ensemble, with the reason; or
            there are fewer than two members.
    """
    if len({run.id for run in chosen}) < len(chosen):
        raise EvaluationError("a run is given twice", subject="ensemble")
    candidates = [Candidate(run) for run in chosen]
    for number, candidate in enumerate(candidates):
        _refuse(candidate.fault, candidate)
        for before in candidates[:number]:
            _refuse(obstacle(before, candidate), candidate)
    members = tuple(each for candidate in candidates for each in _members(candidate, seeds, chosen))
    if len(members) < 2:
        raise EvaluationError(
            f"{count(len(members), 'member')} cannot be pooled", subject="ensemble",
            remedy="Choose two runs or more",
        )  # fmt: skip
    return Team(members, _stacked(members), _audit(candidates))


def _stacked(members: Sequence[Member]) -> MemberPredictions:
    return MemberPredictions.of({member.name: member.predictions for member in members})


def _enrolled(member: Member) -> Member:
    table = member.candidate.predictions_for(enrolled=True)
    own = table.where(table.table["seed"].isin(member.seeds), name=member.name)
    return replace(member, predictions=averaged(own))


def _refuse(reason: str, candidate: Candidate) -> None:
    if reason:
        raise EvaluationError(
            f"cannot be a member. {reason}",
            subject=candidate.run.name,
            remedy="Leave it out, or train it on the same split",
        )


def _members(candidate: Candidate, seeds: str, among: Sequence[RunInfo]) -> list[Member]:
    run, predictions = candidate.run, candidate.predictions
    same = sum(each.name == run.name for each in among) > 1
    name = f"{run.name} ({run.short_id})" if same else run.name
    if seeds != MEMBERS:
        return [Member(name, candidate, candidate.seeds, averaged(predictions))]
    return [
        Member(each, candidate, (seed,), rows)
        for seed, (each, rows) in zip(
            candidate.seeds, by_seed(name, predictions).items(), strict=True
        )
    ]


def _audit(candidates: Sequence[Candidate]) -> LeakAudit:
    """The worst of the members' audits: scored on the same clips, each may have another."""
    audits = [audit for each in candidates if (audit := catalogue.audit_of(each.run)) is not None]
    return max(audits, key=lambda audit: ORDER.index(audit.grade))


def found(reference: str) -> RunInfo:
    """A run by its folder or its id.

    Raises:
        SerError: If there is none.
    """
    folder = Path(reference)
    here = catalogue.open_run(folder.absolute()) if (folder / "recipe.yaml").is_file() else None
    return here if here is not None else catalogue.one(reference)
