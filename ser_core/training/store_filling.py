"""What trainings will read from the feature store, computed in advance, here or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ser_core.core import Progress, in_processes
from ser_core.core.cluster import on_cluster
from ser_core.corpora import open_corpus
from ser_core.features.representations import Representation, make
from ser_core.recipes.recipe import Recipe
from ser_core.training.sources import stored_files

STRETCH = 16
"""Clips of a task: seconds of work, which is what the loss of a node costs."""


@dataclass(frozen=True)
class Filled:
    """What became of a corpus.

    Attributes:
        computed: Sounds that were represented now; a clip is one at every speed of the recipe.
        found: Sounds that were in the store.
        problems: Why each clip that cannot be decoded cannot.
    """

    computed: int = 0
    found: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: Filled) -> Filled:
        return Filled(
            self.computed + other.computed,
            self.found + other.found,
            self.problems + other.problems,
        )


def fill_store(
    recipe: Recipe,
    *,
    on_ray: bool = False,
    workers: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Filled:
    """Represent all usable clips of a recipe's corpus, so that its trainings find them stored.

    Args:
        recipe: Whose corpus, representation (an encoder's too) and speeds.
        on_ray: Whether tasks of a Ray cluster do it, on nodes that share the runtime folder. No
            more of them are asked for than twice what the cluster has room for.
        workers: Processes otherwise; all cores when absent.
        progress: Called with (clips done, clips in all).

    Raises:
        CorpusError: If the corpus cannot be opened.
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed, or there is no cluster. What is stored stays.
    """
    rep = make(**recipe.representation)
    if not rep.stored:
        return Filled()
    corpus = open_corpus(recipe.corpus_opening)
    paths = [corpus.path(clip) for clip in sorted(corpus.usable.index)]
    stretches = [paths[first : first + STRETCH] for first in range(0, len(paths), STRETCH)]
    task = partial(_fill, rep, (1.0, *recipe.augment.speeds))
    results = on_cluster(task, stretches) if on_ray else in_processes(
        task, stretches, workers=workers
    )  # fmt: skip
    whole, done = Filled(), 0
    progress(0, len(paths))
    for clips, filled in results:
        whole, done = whole + filled, done + clips
        progress(done, len(paths))
    return whole


def _fill(
    rep: Representation, speeds: Sequence[float], paths: Sequence[Path]
) -> tuple[int, Filled]:
    """Number of clips, and what became of them."""
    computed, found, problems = stored_files(rep, speeds, paths)
    return len(paths), Filled(computed, found, tuple(problems))
