"""Trials of a sweep: each recipe is trained, and only its validation clips are looked at.

The search is Optuna's (Akiba et al., 2019; TPE, Bergstra et al., 2011), kept in a SQLite file, so
that an interrupted sweep goes on with the numbers of one that was not. With `SER_OPTUNA_STORAGE` it
is kept in that database instead, and processes of several computers share the trials of a sweep.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core import tracking
from ser_core.core import Mark, ParameterError, files
from ser_core.recipes import draft
from ser_core.recipes.recipe import Recipe
from ser_core.runs import execute
from ser_core.storage import atomic
from ser_core.sweeps import cluster
from ser_core.sweeps.space import Sweep, load_sweep, to_yaml
from ser_core.sweeps.trial import Judged, Stopped, Work, judged
from ser_core.tracking import addresses

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from ser_core.training.learner import Metrics
    from ser_core.training.plan import Member

SWEEP, STUDY, TRIALS, BEST = "sweep.yaml", "study.db", "trials", "best.yaml"
"""In a sweep's folder: what is asked for, Optuna's study, trainings under way, the best recipe."""

FIRST_WHOLE = 5
"""Trials that are trained to the end before one may be stopped early."""

ENOUGH_FOR_IMPORTANCE = 8
"""Whole trials from which on it is said how much each field matters."""

REPORTED = "reported"
"""What a trial that was killed had said of its epochs, as (epoch, validation UAR)."""

STORAGE = "SER_OPTUNA_STORAGE"
"""Variable with the address of a database that several computers share."""

WORKER, SEEN = "worker", "seen"
"""Of a trial: the process that trains it, and its last sign of life in seconds since the epoch."""

SIGN_S, DEAD_S = 30.0, 1800.0
"""Seconds between signs of life, and after which a trial of another computer is tried again."""

MANY = 1_000_003
"""Seeds apart by which neighbouring seeds of sweeps draw nothing alike."""

ONE_FOLD = ("random", "speaker-disjoint", "sentence-disjoint", "speaker-and-sentence-disjoint")
"""Split policies whose validation clips are test clips nowhere."""

PARTS = 1000
"""Steps that a trial counts for in the progress."""

Report = Callable[[int, int, str], None]
Elsewhere = Callable[
    [Recipe, Iterable[Work], Callable[[], None]], Iterator[tuple[int, Judged | None]]
]
"""Trains trials in other processes; see `ser_core.sweeps.cluster.train_trials`."""


def carry_out(
    sweep: Sweep,
    folder: Path,
    report: Report = lambda _done, _total, _note: None,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Try recipes until there are as many trials as wanted; those that are done are not repeated.

    The recipe's own values are the first trial where the space has them.

    Args:
        sweep: What is tried.
        folder: Of the sweep; one that was interrupted goes on.
        report: Called with (steps done, steps in all, where it is in words).
        elsewhere: Trains the trials, several at a time, if not this process one after another. What
            is drawn for a trial then rests on those that are done by then.

    Raises:
        ParameterError: If the folder is of another sweep.
        SerError: If a recipe cannot be trained at all.
    """
    _keep(sweep, folder)
    study = _study(folder)
    _take_up(study)
    if elsewhere is None:
        for trial, done in _asked(sweep, study, lambda: 0):
            step = _Step(report, done, sweep.trials, _Sign(trial))
            step(0, 1)
            _try(sweep, study, trial, folder, step)
    else:
        _Spread(sweep, study, folder, report).carry_out(elsewhere)
    best = read_sweep(folder).recipe
    if best is not None:
        atomic.write(folder / BEST, best.to_yaml())


def _asked(
    sweep: Sweep, study: optuna.Study, own: Callable[[], int]
) -> Iterator[tuple[optuna.Trial, int]]:
    """Trials that are still to be trained, each with how many were asked for before it.

    Args:
        sweep: What is tried.
        study: Of it.
        own: Number of those that this process has under way.
    """
    import optuna

    distributions = {name: each.distribution() for name, each in sweep.space.items()}
    while (done := len(_over(study)) + len(_at_work(study)) + own()) < sweep.trials:
        # A sampler for each trial, so that what is drawn does not depend on interruptions.
        study.sampler = optuna.samplers.TPESampler(seed=(sweep.seed * MANY + done) % 2**32)
        if not study.trials and (values := _own(sweep)):
            study.enqueue_trial(values, skip_if_exists=True)
        trial = study.ask(distributions)
        trial.set_user_attr(WORKER, json.dumps(Mark.of().to_dict()))
        yield trial, done


class _Sign:
    """Sign of life of a trial."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial, self.signed = trial, 0.0

    def __call__(self) -> None:
        if time.time() - self.signed > SIGN_S:
            self.signed = time.time()
            self.trial.set_user_attr(SEEN, self.signed)


@dataclass
class _Step:
    """Progress within a trial as progress of the sweep, and its sign of life."""

    report: Report
    done: int
    trials: int
    sign: _Sign

    def __call__(self, done: int, total: int) -> None:
        self.sign()
        within = int(PARTS * done / max(total, 1))
        note = f"trial {self.done + 1} of {self.trials}"
        self.report(PARTS * self.done + within, PARTS * self.trials, note)


def _try(sweep: Sweep, study: optuna.Study, trial: optuna.Trial, folder: Path, step: _Step) -> None:
    """Train one recipe and tell the study its validation UAR."""
    recipe = _recipe(sweep, study, trial)
    if recipe is None:
        return
    work = Work(trial.number, recipe, folder / TRIALS / recipe.hash, sweep.enrolled)
    _tell(study, trial, judged(work, step, _Stopper(trial, len(_whole(study)))), work.home)


def _recipe(sweep: Sweep, study: optuna.Study, trial: optuna.Trial) -> Recipe | None:
    """What a trial trains; None, and told to the study, if its values do not go together."""
    import optuna

    drawn = {name: each.drawn(trial.params[name]) for name, each in sweep.space.items()}
    try:
        recipe = sweep.recipe_of(drawn)
    except ParameterError as error:
        trial.set_user_attr("refused", str(error))
        study.tell(trial, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
        return None
    trial.set_user_attr("recipe", recipe.hash)
    return recipe


def _tell(study: optuna.Study, trial: optuna.Trial, found: Judged | None, home: Path) -> None:
    """Tell the study what a trial gave, None if it was stopped, and clear its folder away."""
    import optuna

    if found is None:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED, skip_if_finished=True)
    else:
        for name in ("low", "high", "minutes"):
            trial.set_user_attr(name, getattr(found, name))
        study.tell(trial, found.value, skip_if_finished=True)
    # Test clips were predicted with the rest; nothing of that is kept, so nobody can choose by it.
    shutil.rmtree(home, ignore_errors=True)


class _Course:
    """Epochs of the first training of a trial, each told to the study once.

    Args:
        trial: Of the study.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial, self.last = trial, 0
        for epoch, uar in trial.user_attrs.get(REPORTED, []):  # before the sweep was killed
            trial.report(uar, epoch)
            self.last = epoch

    def add(self, epoch: int, uar: float) -> None:
        """What an epoch gave on the validation clips."""
        if epoch > self.last:
            self.trial.report(uar, epoch)
            self.last = epoch

    def is_poor(self, whole: int) -> bool:
        """Whether it is worse than half of the others at the same epoch, if enough are whole."""
        return whole >= FIRST_WHOLE and self.trial.should_prune()


class _Stopper(execute.SilentWatcher):
    """Stops a trial whose first training is worse than half of the others at the same epoch.

    Args:
        trial: Of the study.
        whole: Trials that were trained to the end before it.
    """

    def __init__(self, trial: optuna.Trial, whole: int) -> None:
        self.course, self.whole, self.first = _Course(trial), whole, ""

    @contextmanager
    def member(self, member: Member) -> Iterator[Callable[[int, Metrics], None]]:
        """Context of one training; only the first of a trial is looked at."""
        self.first = self.first or member.name
        yield self._epoch if member.name == self.first else lambda _epoch, _metrics: None

    def _epoch(self, epoch: int, metrics: Metrics) -> None:
        self.course.add(epoch, metrics["val_uar"])
        if self.course.is_poor(self.whole):
            raise Stopped


class _UnderWay:
    """A trial that is trained elsewhere."""

    def __init__(self, trial: optuna.Trial, home: Path) -> None:
        self.trial, self.home, self.share = trial, home, 0.0
        self.course, self.sign = _Course(trial), _Sign(trial)

    def look(self, whole: int) -> None:
        """Take notice of what it says, and stop it if it is poor."""
        self.sign()
        share, epochs = cluster.seen(self.home)
        self.share = max(self.share, share)  # one that begins again has less for a while
        before = self.course.last
        for epoch, uar in epochs:
            self.course.add(epoch, uar)
        if self.course.last > before and self.course.is_poor(whole):
            cluster.stop(self.home)


class _Spread:
    """A sweep whose trials are trained elsewhere; only this process writes into the study."""

    def __init__(self, sweep: Sweep, study: optuna.Study, folder: Path, report: Report) -> None:
        self.sweep, self.study, self.report = sweep, study, report
        self.trials = folder.absolute() / TRIALS
        self.under_way: dict[int, _UnderWay] = {}
        self.done = 0

    def carry_out(self, elsewhere: Elsewhere) -> None:
        """Ask for trials as there is room for them, and tell the study what each gave."""
        for number, found in elsewhere(self.sweep.recipe, self._works(), self._look):
            ended = self.under_way.pop(number)
            _tell(self.study, ended.trial, found, ended.home)
            self._look()

    def _works(self) -> Iterator[Work]:
        for trial, _ in _asked(self.sweep, self.study, lambda: len(self.under_way)):
            recipe = _recipe(self.sweep, self.study, trial)
            if recipe is None:
                continue
            home = self.trials / recipe.hash
            if any(each.home == home for each in self.under_way.values()):
                home = self.trials / f"{recipe.hash}-{trial.number}"
            self.under_way[trial.number] = _UnderWay(trial, home)
            yield Work(trial.number, recipe, home, self.sweep.enrolled)

    def _look(self) -> None:
        whole = len(_whole(self.study))
        for each in self.under_way.values():
            each.look(whole)
        over = len(_over(self.study))
        shares = sum(each.share for each in self.under_way.values())
        self.done = max(self.done, int(PARTS * (over + shares)))
        note = f"{over} of {self.sweep.trials} trials done, {len(self.under_way)} under way"
        self.report(self.done, PARTS * self.sweep.trials, note)


def _keep(sweep: Sweep, folder: Path) -> None:
    from ser_core.corpora import open_corpus

    file, text = folder / SWEEP, to_yaml(sweep)
    if file.exists():
        before = load_sweep(file)
        if to_yaml(before) != to_yaml(replace(sweep, trials=before.trials)):
            raise ParameterError(
                "the folder holds another sweep",
                subject=str(folder),
                remedy="Choose another folder; only the number of trials may change",
            )
    else:  # a corpus that cannot be opened is mended in the file, and the folder must take it then
        open_corpus(sweep.recipe.corpus_opening)
    atomic.write(file, text)


def _study(folder: Path) -> optuna.Study:
    import optuna

    logging.getLogger("optuna").setLevel(logging.WARNING)
    with addresses.alone(_address(folder)):
        return optuna.create_study(
            study_name=_title(folder),
            storage=_address(folder),
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_WHOLE),
        )


def _address(folder: Path) -> str:
    shared = os.environ.get(STORAGE, "")
    if shared and addresses.normal(shared) == tracking.uri():
        raise ParameterError(
            "is the database of MLflow; Optuna needs another, since both number their tables",
            subject=STORAGE,
            remedy="Make a second database on the same server",
        )
    return addresses.normal(shared or f"sqlite:///{(folder / STUDY).absolute()}")


def _title(folder: Path) -> str:
    """Name of the study: in a shared database the same for the same sweep, whoever asks."""
    if not os.environ.get(STORAGE):
        return STUDY
    text = to_yaml(replace(load_sweep(folder / SWEEP), trials=1))
    return f"ser-sweep-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _take_up(study: optuna.Study) -> None:
    """Let trials that a killed sweep left be tried again, first of all; they resume."""
    import optuna

    for trial in _running(study):
        if _is_alive(trial):
            continue
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params:
            reported = sorted(trial.intermediate_values.items())
            study.enqueue_trial(trial.params, user_attrs={REPORTED: reported})


def _running(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    import optuna

    return study.get_trials(states=[optuna.trial.TrialState.RUNNING])


def _at_work(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that other living processes train now."""
    return [trial for trial in _running(study) if _is_alive(trial)]


def _is_alive(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether another process trains it; one of another computer is believed for half an hour."""
    mark = Mark.read(json.loads(trial.user_attrs.get(WORKER, "null")))
    if mark is None:  # asked for a moment ago, or of an older version
        begun = trial.datetime_start
        return begun is not None and time.time() - begun.timestamp() < SIGN_S
    if mark == Mark.of():
        return False
    if mark.host == socket.gethostname():
        return mark.alive
    return time.time() - float(trial.user_attrs.get(SEEN, 0.0)) < DEAD_S


def _over(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that are done: whole, stopped early, or refused; not those that were killed."""
    states = {"COMPLETE", "PRUNED"}
    return [
        trial
        for trial in study.trials
        if trial.state.name in states or "refused" in trial.user_attrs
    ]


def _whole(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return [trial for trial in study.trials if trial.state.name == "COMPLETE"]


def _own(sweep: Sweep) -> dict[str, Any]:
    """The recipe's own values as Optuna has them; none where one is outside the space."""
    content = sweep.recipe.model_dump(mode="json")
    own = {name: each.given(draft.get(content, name)) for name, each in sweep.space.items()}
    return {} if None in own.values() else own


@dataclass(frozen=True, eq=False)
class Found:
    """What a sweep has found so far.

    Attributes:
        sweep: What is tried.
        trials: A row a trial, in order: `trial`, `state` ("whole", "stopped early", "refused"),
            `value` (validation UAR; NaN unless whole), `low`, `high`, `minutes`, `note`, and a
            column for each field of the space.
        importances: Share of the variation of the UAR that each field explains, by name; empty
            where there are too few trials.
    """

    sweep: Sweep
    trials: pd.DataFrame
    importances: dict[str, float]

    @property
    def best(self) -> dict[str, Any] | None:
        """The row of the best whole trial, of equals the first; None before there is one."""
        whole = self.trials.dropna(subset=["value"])
        if whole.empty:
            return None
        rows: list[dict[str, Any]] = whole.to_dict("records")  # type: ignore[assignment]
        return max(rows, key=lambda row: float(row["value"]))

    @property
    def equally_good(self) -> int:
        """Whole trials whose validation UAR is the best one; 0 before there is one."""
        values = self.trials["value"].dropna()
        return int((values == values.max()).sum())

    @property
    def recipe(self) -> Any:
        """Recipe of the best trial; None before there is one."""
        best = self.best
        if best is None:
            return None
        return self.sweep.recipe_of({name: best[name] for name in self.sweep.space})


def caution(sweep: Sweep) -> str:
    """What the choice of the best trial rests on, where that makes test figures optimistic."""
    choice = sweep.recipe.split
    if choice.file or choice.policy in ONE_FOLD or len(choice.only or ()) == 1:
        return ""
    return (
        "Each fold tests clips that are validation clips of another fold, so the choice has met "
        "them: the test figures of the chosen recipe will be somewhat too high."
    )


STATES = {"COMPLETE": "whole", "PRUNED": "stopped early", "FAIL": "refused"}


def read_sweep(folder: Path) -> Found:
    """What a sweep has found so far, also while it goes on.

    Raises:
        SerError: If there is none.
    """
    import pandas as pd

    logging.getLogger("optuna").setLevel(logging.WARNING)
    sweep = load_sweep(folder / SWEEP)
    rows: list[dict[str, Any]] = []
    importances: dict[str, float] = {}
    if os.environ.get(STORAGE) or files.is_file(folder / STUDY):
        study = _study(folder)
        rows = [_row(sweep, number, trial) for number, trial in enumerate(_over(study))]
        if len(_whole(study)) >= ENOUGH_FOR_IMPORTANCE:
            importances = _importances(study)
    columns = ["trial", "state", "value", "low", "high", "minutes", "note", *sweep.space]
    return Found(sweep, pd.DataFrame(rows, columns=columns), importances)


def _row(sweep: Sweep, number: int, trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    known = trial.user_attrs
    whole = trial.state.name == "COMPLETE"
    return {
        "trial": number,
        "state": STATES[trial.state.name],
        "value": trial.value if whole else float("nan"),
        **{name: known.get(name, float("nan")) for name in ("low", "high", "minutes")},
        "note": known.get("refused", ""),
        **{name: each.drawn(trial.params[name]) for name, each in sweep.space.items()},
    }


def _importances(study: optuna.Study) -> dict[str, float]:
    """By fANOVA (Hutter et al., 2014), on whole trials."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    if len({trial.value for trial in _whole(study)}) < 2:
        return {}
    return dict(get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0)))
