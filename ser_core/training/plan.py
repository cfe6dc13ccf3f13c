"""What a run works on: corpus, split, clips, and the trainings it consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from ser_core.core import SplitError
from ser_core.corpora import (
    PARTS,
    Corpus,
    LeakAudit,
    Split,
    audit_split,
    make_split,
    open_corpus,
    recordings,
    scan,
)
from ser_core.recipes.recipe import Recipe
from ser_core.training.distributed import ProcessGroup
from ser_core.training.sources import Prepared, prepare


@dataclass(frozen=True)
class Member:
    """One training of a run: a fold and a seed."""

    fold: int
    fold_name: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"fold-{self.fold}-seed-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """A recipe with all that it works on."""

    recipe: Recipe
    corpus: Corpus
    split: Split
    audit: LeakAudit
    prepared: Prepared


def planned(
    recipe: Recipe,
    ranks: ProcessGroup,
    keep: Callable[[Split], None] = lambda _split: None,
    preparing: Callable[[int, int], None] = lambda _done, _total: None,
    scanning: Callable[[int, int], None] = lambda _done, _total: None,
) -> Plan:
    """Open corpus and split, measure the clips for the leak audit, and represent them."""
    ranks.check(recipe.train.parts)
    torch.set_num_threads(recipe.train.threads or torch.get_num_threads())
    corpus = open_corpus(recipe.corpus_opening)
    grouped = recipe.split.group_copies and not recipe.split.file
    measures = scan(corpus, progress=scanning) if grouped else None
    split = split_of(recipe, corpus, measures)
    require_clips(recipe, split)
    if measures is None:  # what is wrong with the split is said before clips are decoded
        measures = scan(corpus, progress=scanning)
    audit = audit_split(split, corpus, measures)
    keep(split)
    return Plan(recipe, corpus, split, audit, prepare(corpus, recipe, preparing))


def require_clips(recipe: Recipe, split: Split) -> None:
    """Refuse a training that would end without a figure, before anything is decoded.

    Raises:
        SplitError: If a part of a fold that is trained has no clips.
    """
    for number, name in enumerate(split.folds):
        if recipe.split.only is not None and number not in recipe.split.only:
            continue
        empty = [part for part in PARTS if not split.fold(number)[part]]
        if empty:
            needs = {"train": "to learn from", "validation": "to choose and calibrate on",
                     "test": "to be scored on"}  # fmt: skip
            raise SplitError(
                f"the {empty[0]} part{f' of fold {name}' if len(split.folds) > 1 else ''} has no "
                f"clips, and a training needs some {needs[empty[0]]}",
                subject=split.policy,
                remedy="Give each of split.fractions a share above 0, or choose another split",
            )


def split_of(recipe: Recipe, corpus: Corpus, measures: pd.DataFrame | None = None) -> Split:
    """The split of a recipe: a saved one, or made by its policy.

    Args:
        recipe: With the choice of a split.
        corpus: What is split.
        measures: Of the clips, by `ser_core.corpora.scan`; made where they are needed, which is
            where copies are kept together.

    Raises:
        SerError: If it cannot be made on the corpus, or does not fit to it.
    """
    choice = recipe.split
    if choice.file:
        split = Split.load(choice.file)
        split.require(corpus)
        return split
    options: dict[str, Any] = {"fractions": choice.fractions}
    if choice.folds:
        options["folds"] = choice.folds
    if choice.group_copies:
        options["recordings"] = recordings(scan(corpus) if measures is None else measures)
    return make_split(corpus, choice.policy, seed=choice.seed, **options)


def members_of(recipe: Recipe, split: Split) -> Iterator[Member]:
    """The trainings of a recipe, folds outside and seeds inside."""
    only = recipe.split.only
    for number, name in enumerate(split.folds):
        if only is None or number in only:
            for seed in recipe.seeds:
                yield Member(number, name, seed)


def steps_of(recipe: Recipe, split: Split, member: Member) -> int:
    """Steps of a training from its beginning to its end."""
    from ser_core.training.learners import learner_of

    clips = len(split.fold(member.fold)["train"]) * (1 + len(recipe.augment.speeds))
    return learner_of(recipe).steps(recipe, clips)
