"""What the page loads late and caches: its own modules, models, benches, maps."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import model_loading as opened
from pages.components import session_cache
from pages.components.errors import plain
from ser_core.storage import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from ser_core.explain.benchmark_report import Bench
    from ser_core.explain.summary_statistics import Rank
    from ser_core.features.representations import Representation
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel

VIEWS = ("one_clip", "comparison", "faithfulness", "atlas")
CACHE, MOST_CACHED = "_explained", 60


def view(name: str) -> ModuleType:
    """The module of a tab; torch and Captum are loaded with it."""
    module = f"pages.explain.{name}"
    if "ser_core.explain" in sys.modules:
        return importlib.import_module(module)
    with st.spinner("Loading attribution methods, a few seconds once …"):
        importlib.import_module("ser_core.explain")
        return importlib.import_module(module)


def model(info: ModelInfo) -> InferenceModel:
    """The model as Predict opens it, once for all sessions; nothing here changes it.

    Raises:
        SerError: If it cannot be opened.
    """
    return opened.model(info)


def cached(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The value that this session has for a key; made now if there is none."""
    return session_cache.cached(CACHE, MOST_CACHED, key, make)


def bounded(make: Callable[[], Any]) -> Any:
    """What `make` gives, computed while no more than `AT_ONCE` sessions compute such.

    The others wait: they would take the same cores, and hold their memory all the while.
    """
    with _FEW:
        return make()


AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""Attribution maps that are computed at once in all sessions. One of an encoder takes half a GB."""

_FEW = threading.BoundedSemaphore(AT_ONCE)


def is_cached(key: tuple[Any, ...]) -> bool:
    """Whether this session has a value for a key."""
    return key in st.session_state.get(CACHE, {})


@dataclass(frozen=True, eq=False)
class Found:
    """A bench to show.

    Attributes:
        bench: What was found.
        folder: Where it is stored.
        model: Which model it is of.
        published: Whether it comes with the workbench.
    """

    bench: Bench
    folder: Path
    model: Path
    published: bool = False


def bench(info: ModelInfo) -> Found | None:
    """The last bench of this model, or the one that comes with it or with one of its networks.

    Raises:
        SerError: If it is damaged.
    """
    from ser_core.explain.benchmark import folder_of
    from ser_core.explain.published_benchmarks import published_within

    own = folder_of(info.folder)
    if (own / "bench.json").is_file():
        return Found(_opened(own), own, info.folder)
    known = published_within(info.folder)
    return Found(_opened(known[0]), *known, published=True) if known else None


def ranking(info: ModelInfo, seen: Representation | None = None) -> list[str]:
    """Methods by their rank in the last benchmark of this model, or of a network like one of it.

    Empty where there is neither.

    Args:
        info: The model.
        seen: What the maps lie on: a benchmark of maps on another representation does not count.
            None for any.

    Raises:
        SerError: If it is damaged.
    """
    known = bench(info)
    if known is None:
        return sorted(alike := _alike(info, seen), key=lambda name: -alike[name].faithfulness)
    if not _is_of(known.bench.about, seen):
        return []
    ranks = _places(*_key(known.folder))[0]
    return sorted(ranks, key=lambda name: ranks[name].best)


@dataclass(frozen=True)
class RankNote:
    """What a benchmark found of a method, in Markdown: in some words, and the whole."""

    short: str
    whole: str


def rank(info: ModelInfo, name: str, seen: Representation) -> RankNote | None:
    """What a benchmark of maps on a representation found of a method; None without one.

    Raises:
        SerError: If it is damaged.
    """
    known = bench(info)
    if known is None:
        return _rank_alike(info, name, seen)
    if name not in known.bench.methods or not _is_of(known.bench.about, seen):
        return None
    ranks, values = _places(*_key(known.folder))
    whose = "this model" if known.model == info.folder else "one of its networks"
    if why := known.bench.left_out.get(name):
        return _unranked(whose, why)
    if name not in ranks or str(ranks[name]) == "–":  # the clips allow any rank
        return None
    return _ranked(str(ranks[name]), len(ranks), whose, values[name])


def _ranked(rank: str, of: int, whose: str, faithfulness: float) -> RankNote:
    return RankNote(
        f"**rank {rank} of {of}**",
        f"By faithfulness in the benchmark of {whose}: {faithfulness:.2f}, where chance is 0.",
    )


def _unranked(whose: str, why: str) -> RankNote:
    return RankNote(
        ":orange[not ranked]", f"In no ranking of the benchmark of {whose}: {plain(why)}."
    )


@dataclass(frozen=True)
class _Alike:
    """What the benchmark of another network of the same kind found of a method."""

    rank: str
    faithfulness: float


def _is_of(about: Mapping[str, Any], seen: Representation | None) -> bool:
    """Whether a benchmark is of maps on a representation."""
    return seen is None or (about.get("representation") or {}).get("name") == seen.name


def _alike(info: ModelInfo, seen: Representation | None) -> dict[str, _Alike]:
    """By method; those that are in no ranking are left out."""
    return {
        name: _Alike(str(each["rank"]), float(each["faithfulness"]["value"]))
        for name, each in _summary(info, seen).items()
        if each["rank"]
    }


def _rank_alike(info: ModelInfo, name: str, seen: Representation) -> RankNote | None:
    ranked, found = _alike(info, seen), _summary(info, seen).get(name)
    if found is None:
        return None
    whose = "a network of the same kind"
    if name not in ranked:
        return _unranked(whose, str(found["left_out"]))
    place = ranked[name]
    return _ranked(place.rank, len(ranked), whose, place.faithfulness)


def _summary(info: ModelInfo, seen: Representation | None) -> dict[str, dict[str, Any]]:
    """Methods in the published summary of a bench of a network like one of a model."""
    from ser_core.explain.published_benchmarks import published_alike

    folder = published_alike(info.folder)
    summary = _read(*_key(folder)) if folder else {}
    return dict(summary["methods"]) if summary and _is_of(summary, seen) else {}


@st.cache_data(max_entries=4, show_spinner=False)
def _read(folder: str, changed: float) -> dict[str, Any]:  # noqa: ARG001  (the key)
    found: dict[str, Any] = (read_json(Path(folder) / "bench.json") or {})["summary"]
    return found


def _opened(folder: Path) -> Bench:
    return _bench(*_key(folder))


def _key(folder: Path) -> tuple[str, float]:
    return str(folder), (folder / "bench.json").stat().st_mtime


@st.cache_resource(max_entries=4, show_spinner="Computing the intervals …")
def _bench(folder: str, changed: float) -> Bench:  # noqa: ARG001  (part of the key)
    from ser_core.explain.benchmark_report import Bench

    found = Bench.load(Path(folder))
    _ = found.verdicts
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(folder: str, changed: float) -> tuple[dict[str, Rank], dict[str, float]]:
    """Ranks of the methods that have one, and the faithfulness of each."""
    found = _bench(folder, changed)
    ranks = found.ranks()
    return ranks, {name: found.figure(name).value or 0.0 for name in ranks}
