"""Everything that is tried on a model, from the choice of clips to the card."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, ParameterError, files, settings
from ser_core.core.batches import attempted
from ser_core.corpora import open_corpus
from ser_core.inference.evaluation_clips import EvaluationClips, choose, left_out
from ser_core.robustness.attack_domains import ATTACK_DOMAINS, attackable
from ser_core.robustness.attack_sweep import attack_curves
from ser_core.robustness.attacks import ATTACKS
from ser_core.robustness.card import Card
from ser_core.robustness.clip_predictions import answered, predict_clips
from ser_core.robustness.curve import Curve
from ser_core.robustness.perturbations import PERTURBATIONS
from ser_core.robustness.probes import probes
from ser_core.robustness.severity_sweep import kinds, severity_curve
from ser_core.robustness.shortcuts import SHORTCUTS, shortcut_scores

if TYPE_CHECKING:
    from ser_core.corpora import Corpus
    from ser_core.models.predictor import Predictor

Progress = Callable[[int, int], None]

PACE = {"pgd": 24.0, "fgsm": 4.0, "random": 2.0}
"""Work of an attack on a clip at a level, in predictions of a clip."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to try.

    Attributes:
        model: Folder of the model.
        corpus: Its path.
        reader: Reader of the corpus; found by itself when empty.
        clips: How many; all of the test clips when None.
        kinds: Names in `PERTURBATIONS`.
        attacks: Names in `ATTACKS`.
        places: Domains of the attacks, names in `ATTACK_DOMAINS`.
        epsilons: Of the attacks, in the unit of their one domain; its default levels when empty.
        few: Whether only the mildest, a middle and the most severe level of each are tried.
        shortcuts: Whether shortcuts and the embedding are tried.
        noises: Folder of the user's own noises.
        seed: Of everything random.
    """

    model: Path
    corpus: Path
    reader: str = ""
    clips: int | None = None
    kinds: tuple[str, ...] = ()
    attacks: tuple[str, ...] = ()
    places: tuple[str, ...] = ("representation", "sound")
    epsilons: tuple[float, ...] = ()
    few: bool = False
    shortcuts: bool = False
    noises: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for registry, names in ((PERTURBATIONS, self.kinds), (ATTACKS, self.attacks),
                                (ATTACK_DOMAINS, self.places)):  # fmt: skip
            for name in names:
                registry[name]
        if not (self.kinds or self.attacks or self.shortcuts):
            raise ParameterError(
                "nothing to test",
                subject="robustness",
                remedy=("Choose a perturbation or an attack"),
            )
        if self.epsilons and len(self.places) > 1:
            raise ParameterError(
                "epsilons have a different unit in each domain",
                subject="robustness",
                remedy="Attack in one domain, or leave the epsilons to it",
            )
        if self.noises is not None and not self.noises.is_dir():
            raise ParameterError(
                "is no folder", subject=str(self.noises), remedy="Give a folder of sound files"
            )
        if self.clips is not None and self.clips < 1:
            raise ParameterError(f"clips = {self.clips} must be at least 1", subject="robustness")

    @property
    def hash(self) -> str:
        """Name of its folder: changes with what is tried, and with the model's file."""
        given = {name: str(value) for name, value in asdict(self).items()}
        own = [files.read_bytes(path) for path in sorted(self.model.glob("*.json"))]
        content = json.dumps(given, sort_keys=True).encode() + b"".join(own)
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Folder of its card."""
        return root() / self.hash


PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "Quick look": (
        "FGSM, and five perturbations at three severities each",
        {
            "clips": 36,
            "kinds": ("white", "babble", "reverb", "telephone", "opus"),
            "attacks": ("fgsm",),
            "places": ("representation",),
            "few": True,
        },
    ),
    "Under attack": (
        "FGSM and PGD, on the representation and on the sound, at three epsilons each",
        {"clips": 18, "attacks": ("fgsm", "pgd"), "few": True},
    ),
    "On a bad line": (
        "Reverberation, telephone, codecs and packet loss at all severities",
        {
            "clips": 36,
            "kinds": ("reverb", "telephone", "mp3", "opus", "gsm", "packets"),
        },
    ),
    "Shortcuts": (
        (
            "Predictions from duration, loudness, padding or edges alone, and probes of the "
            "embedding"
        ),
        {"clips": 180, "shortcuts": True},
    ),
}
"""What is done in less than a minute on two cores: a sentence, and the fields of a `Plan`."""

FULL: dict[str, Any] = {
    "kinds": tuple(name for name, kind in PERTURBATIONS.items() if not kind.needs_folder),
    "attacks": ("fgsm", "pgd", "random"),
    "shortcuts": True,
}
"""Fields of a `Plan` that tries everything."""


def root() -> Path:
    """Folder of all cards."""
    return settings.home() / "robustness"


def run(plan: Plan, progress: Progress = lambda _done, _total: None) -> Card:
    """Try everything of a plan.

    Args:
        plan: What to try.
        progress: Called with (done, total), in predictions.

    What a model does not allow, such as an attack on one without a gradient, is left out and
    named on the card, unless it is the whole plan.

    Raises:
        SerError: If model or corpus cannot be opened, or nothing of the plan can be done.
    """
    from ser_core.models.predictor import load

    return tried(plan, load(plan.model), open_corpus(plan.corpus, plan.reader or None), progress)


def tried(plan: Plan, predictor: Predictor, corpus: Corpus, progress: Progress) -> Card:
    """As `run`, on a model and a corpus that are open already."""
    subset = choose(predictor, corpus, plan.clips, seed=plan.seed)
    count = _Count(progress, _total(plan, subset))
    work, problem = attempted(partial(_Work, plan, predictor, subset, count))
    if work is None or problem:
        subset, failed = answered(predictor, subset)
        work = _Work(plan, predictor, subset, count)
        work.left_out.append(f"Of the clips, {left_out(failed)}.")
    curves = [*work.perturbations(), *work.attacks()]
    shortcuts, probed = work.leanings()
    if not (curves or shortcuts):
        raise ModelError(work.left_out[0].rstrip("."))
    if not curves:
        curves = [work.only_clean()]
    return Card(
        _about(plan, predictor, subset, corpus.name),
        tuple(curves),
        tuple(shortcuts),
        tuple(probed),
        tuple(work.left_out),
    )


class _Count:
    """Work done so far, reported as (done, total)."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0.0

    def of(self, pace: float) -> Callable[[int], None]:
        def advance(clips: int) -> None:
            self.done += pace * clips
            self.progress(min(round(self.done), self.total), self.total)

        return advance


class _Work:
    """The parts of a plan, one after the other."""

    def __init__(
        self, plan: Plan, predictor: Predictor, subset: EvaluationClips, count: _Count
    ) -> None:
        self.plan, self.predictor, self.subset, self.count = plan, predictor, subset, count
        self.left_out: list[str] = []
        self.clean = predict_clips(predictor, subset)

    def perturbations(self) -> list[Curve]:
        curves: list[Curve] = []
        for kind in self.plan.kinds:
            curve, problem = attempted(partial(self._perturbation, kind))
            if curve is None:
                self._leave_out(f"{PERTURBATIONS[kind].title}: {problem}.")
            else:
                curves.append(curve)
        return curves

    def _perturbation(self, kind: str) -> Curve:
        plan = self.plan
        return severity_curve(
            self.predictor, self.subset, kind, levels=_levels(plan, PERTURBATIONS[kind].levels),
            noises=plan.noises, seed=plan.seed, clean=self.clean, progress=self.count.of(1),
        )  # fmt: skip

    def attacks(self) -> list[Curve]:
        curves: list[Curve] = []
        for domain in self.plan.places:
            for attack in self.plan.attacks:
                found, problem = attempted(partial(self._allowed, attack, domain))
                if problem:
                    self._leave_out(f"{ATTACKS[attack].title} on {domain}: {problem}.")
                curves += found or []
        return curves

    def _allowed(self, attack: str, domain: str) -> list[Curve]:
        """Curves of an attack; none where the model does not allow it, which is said once."""
        try:
            return self._attack(attack, domain)
        except ModelError as error:
            self._leave_out(str(error))
            return []

    def _attack(self, attack: str, domain: str) -> list[Curve]:
        own = ATTACK_DOMAINS[domain].levels(attackable(self.predictor))
        levels = self.plan.epsilons or _levels(self.plan, own)
        progress = self.count.of(PACE[attack] * len(levels))
        return attack_curves(
            self.predictor, self.subset, attack, domain, levels=levels, seed=self.plan.seed,
            progress=progress,
        )  # fmt: skip

    def leanings(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if not self.plan.shortcuts:
            return [], []
        found, problem = attempted(
            partial(shortcut_scores, self.predictor, self.subset, progress=self.count.of(1))
        )
        if problem:
            self._leave_out(f"Shortcuts: {problem}.")
        probed, problem = attempted(self._probed)
        if problem:
            self._leave_out(f"The embedding was not probed: {problem}.")
        return [each.as_dict() for each in found or []], probed or []

    def _probed(self) -> list[dict[str, Any]]:
        try:
            return [probe.as_dict() for probe in probes(self.predictor, self.subset)]
        except ModelError as error:
            self._leave_out(f"The embedding was not probed: {error}")
            return []

    def only_clean(self) -> Curve:
        """A curve of the clean point alone, so that a card always has one."""
        from ser_core.robustness.curve import CLEAN, LINE, Point

        point = Point(None, self.clean, CLEAN)
        return Curve("clean", "Unchanged clips", LINE, "", (point,), self.subset.by_speaker)

    def _leave_out(self, sentence: str) -> None:
        if sentence not in self.left_out:
            self.left_out.append(sentence)


def _levels(plan: Plan, levels: Sequence[float]) -> tuple[float, ...]:
    """All levels, or the mildest, a middle and the most severe."""
    if not plan.few or len(levels) < 4:
        return tuple(levels)
    return levels[0], levels[len(levels) // 2], levels[-1]


def _total(plan: Plan, subset: EvaluationClips) -> int:
    """Work of a plan, in predictions."""
    predictions: float = sum(len(_levels(plan, PERTURBATIONS[kind].levels)) for kind in plan.kinds)
    levels = len(plan.epsilons) or (3 if plan.few else 6)
    predictions += sum(PACE[attack] * levels for attack in plan.attacks for _ in plan.places)
    predictions += len(SHORTCUTS) if plan.shortcuts else 0
    return max(1, round(predictions * len(subset)))


def _about(
    plan: Plan, predictor: Predictor, subset: EvaluationClips, corpus: str
) -> dict[str, Any]:
    about = predictor.about
    name = about.get("name") or about.get("recipe", {}).get("name") or plan.model.name
    return {
        "model": str(name),
        "model_path": str(plan.model),
        "corpus": corpus,
        "corpus_path": str(plan.corpus),
        "subset": subset.description,
        "clips": len(subset),
        "badge": subset.badge,
        "by_speaker": subset.by_speaker,
        "enrolled": bool(subset.enrolled),
        "seed": plan.seed,
        "when": time.time(),
        "tried": _tried(plan),
        "split": predictor.about.get("split", {}).get("policy", ""),
    }


def _tried(plan: Plan) -> str:
    """What was tried, in a few words that distinguish cards."""
    parts = [
        f"{len(plan.kinds)} perturbations" if len(plan.kinds) > 1 else "".join(plan.kinds),
        " and ".join(ATTACKS[name].title for name in plan.attacks),
        "shortcuts" if plan.shortcuts else "",
    ]
    return ", ".join(part for part in parts if part)


def every_kind(plan: Plan) -> Plan:
    """The plan with all that can be tried."""
    return replace(plan, **{**FULL, "kinds": tuple(kinds(noises=plan.noises))})
