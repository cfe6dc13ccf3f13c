"""Catalogue of the models there are, with the test scores of each.

Everything here is read from small files, or from the head of exported ones; no model is loaded.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, files, settings
from ser_core.inference.onnx_copy import COPY
from ser_core.inference.performance import Performance, performance_of
from ser_core.models.description import check_facts
from ser_core.models.predictor import OPENERS
from ser_core.runs.catalogue import RunInfo, runs
from ser_core.storage import read_json
from ser_core.storage.kept_values import KeptValues, State, state_of

if TYPE_CHECKING:
    from ser_core.features.encoders import catalogue as encoders
    from ser_core.models.onnx_metadata import Spec

_LOG = logging.getLogger(__name__)

BUNDLED, ENSEMBLE, RUN, EXPORTED = "bundled", "ensemble", "run", "exported"
EXPORTS = "exports"
"""Folder of exported files in the runtime folder, one folder a model."""


@dataclass(frozen=True)
class ModelInfo:
    """A model to choose.

    Attributes:
        key: Short text that names it in an address.
        title: Display name.
        kind: "bundled", "ensemble", "run" or "exported".
        folder: Where it is; of an exported one, its file.
    """

    key: str
    title: str
    kind: str
    folder: Path

    @property
    def performance(self) -> Performance:
        """Figures of its test; of one of a run's models, those of the whole run, if it is done."""
        return performance_of(self.folder, self.about)

    @property
    def changed(self) -> float:
        """When its description was written, seconds since the epoch."""
        return _when(self.folder)

    @property
    def about(self) -> Mapping[str, Any]:
        """Its metadata."""
        return _about(self.folder) or {}

    def contamination(self, corpus: str = "") -> encoders.Contamination | None:
        """Whether its encoder, or one of its networks', was trained on a corpus.

        Args:
            corpus: Name of the corpus; that of the model's own test when empty.

        Returns:
            None of a model without an encoder.
        """
        from ser_core.features.encoders import catalogue as encoders

        about = self.about
        networks = [each.about for each in networks_of(self)] or [about]
        named = [(each.get("corpus") or {}).get("name") for each in (about, *networks)]
        name = corpus or next((str(each) for each in named if each), "")
        return encoders.contamination_of(networks, name) if name else None

    @property
    def card(self) -> str:
        """Model card in Markdown; empty where there is none."""
        if self.kind == EXPORTED:
            from ser_core.models.onnx import card

            spec = _spec(self.folder)
            return card(spec) if spec else ""
        file = self.folder / "README.md"
        return files.read_text(file) if file.is_file() else ""


def models(home: Path | None = None, *, exported: bool = True) -> list[ModelInfo]:
    """All models: the bundled ones, ensembles, trainings, the newest first, then exported files.

    Titles that are equal begin with the corpus of their training, and where that is equal too, with
    the end of the run's id.

    Args:
        home: Runtime folder; `settings.home()` by default.
        exported: Whether exported files are among them.
    """
    home = home or settings.home()
    made = sorted((home / "ensembles").glob("[!.]*/ensemble"), key=_when, reverse=True)
    trained = runs(home)
    found = [
        *_models_in(bundled_folder(), BUNDLED),
        *(_info(folder, f"{ENSEMBLE}:{folder.parent.name}", ENSEMBLE) for folder in made),
        *_of_runs(trained, home),
        *(_exported(home) if exported else ()),
    ]
    return _told_apart(found, {run.id: run for run in trained})


def _told_apart(found: list[ModelInfo], trained: Mapping[str, RunInfo]) -> list[ModelInfo]:
    """The models; titles that are equal get a lead in which they differ.

    Before the title, not after it: a menu cuts a long one off at its end.
    """
    times = Counter((each.kind, each.title) for each in found)
    equal = [each for each in found if times[each.kind, each.title] > 1]
    leads = dict.fromkeys((each.key for each in equal), "")
    for words in (_trained_on, _run_id):
        of_group: dict[tuple[str, str, str], dict[str, str]] = {}
        for each in equal:
            group = (each.kind, each.title, leads[each.key])
            of_group.setdefault(group, {})[each.key] = words(
                each, trained.get(each.key.partition(":")[0])
            )
        for said in of_group.values():
            if len(set(said.values())) > 1:
                leads |= {key: ", ".join(filter(None, (leads[key], said[key]))) for key in said}
    return [
        replace(each, title=f"{lead}: {each.title}") if (lead := leads.get(each.key)) else each
        for each in found
    ]


def _trained_on(model: ModelInfo, run: RunInfo | None) -> str:
    """Name and size of the corpus of a model's training; empty where it is not known.

    Of a finished run they are what the run says: thousands of models are listed with every page.
    """
    if run is not None and run.result is not None:
        return f"{run.corpus.name}, {run.result.clips:,} test clips"
    corpus = model.about.get("corpus") or {}
    counts = [corpus.get(f"{part}_clips") for part in ("train", "validation", "test")]
    known = [each for each in counts if isinstance(each, int)]
    clips = f", {sum(known):,} clips" if len(known) == len(counts) else ""
    return f"{corpus.get('name', '')}{clips}"


def _run_id(_model: ModelInfo, run: RunInfo | None) -> str:
    """End of the id of a training's run; empty for other models."""
    return run.short_id if run is not None else ""


def bundled_folder() -> Path:
    """Folder of the models that come with the workbench; it may be missing."""
    return settings.REPOSITORY / "artifacts" / "pretrained"


def _models_in(root: Path, kind: str) -> Iterator[ModelInfo]:
    """The model in a folder, and those in its subfolders; its ONNX copy is no other model."""
    below = sorted(root.iterdir()) if root.is_dir() else []
    for folder in (root, *(each for each in below if not each.name.startswith((".", COPY)))):
        if _about(folder) is not None:
            info = _info(folder, f"{kind}:{folder.name}" if folder != root else kind, kind)
            yield info
            yield from networks_of(info)


def networks_of(ensemble: ModelInfo) -> Iterator[ModelInfo]:
    """The networks that an ensemble asks, each a model of its own; none of another model."""
    for number, member in enumerate(ensemble.about.get("members", ())):
        for path in member.get("bundles", ()):
            about = _about(ensemble.folder / path)
            if about is not None:
                title = f"{ensemble.title}: {_title(about, ensemble.folder / path)}"
                key = f"{ensemble.key}:{number}:{Path(path).name}"
                folder = ensemble.folder / path
                yield ModelInfo(key, title, ensemble.kind, folder)


def _info(folder: Path, key: str, kind: str) -> ModelInfo:
    about = _about(folder) or {}
    return ModelInfo(key, _title(about, folder), kind, folder)


def models_of(run: RunInfo) -> list[ModelInfo]:
    """The models that a run left on this computer, fold by fold; none of a published one."""
    return list(_of_run(run))


def contamination_of(run: RunInfo) -> encoders.Contamination | None:
    """Whether the encoder behind a result was trained on its corpus; None without an encoder."""
    from ser_core.features.encoders import catalogue as encoders

    if evaluated := run.content.get("model"):
        info = _info(Path(str(evaluated)), "", RUN)
        return info.contamination(str(run.content.get("corpus_name") or run.corpus.name))
    if run.representation != "encoder":
        return None
    for model in _of_run(run):
        return model.contamination()
    return encoders.contamination_of([_of_recipe(run)], run.corpus.name)


def contaminations(
    found: Sequence[RunInfo], home: Path | None = None
) -> list[encoders.Contamination | None]:
    """`contamination_of` each of many runs; the same encoder and corpus are looked up once.

    Args:
        found: Runs and saved evaluations.
        home: Runtime folder; `settings.home()` by default.
    """
    from ser_core.features.encoders import catalogue as encoders

    trained = [run for run in found if run.representation == "encoder" and not _evaluated(run)]
    read = _read_of(trained, home or settings.home())
    answers: dict[str, encoders.Contamination | None] = {}

    def answer(run: RunInfo) -> encoders.Contamination | None:
        if _evaluated(run):
            return contamination_of(run)
        if run.representation != "encoder":
            return None
        known = read.get(str(run.folder))
        if known is None:
            return contamination_of(run)
        about = known.about or _of_recipe(run)
        key = json.dumps(about, sort_keys=True)
        if key not in answers:
            name = about["corpus"]["name"]
            answers[key] = encoders.contamination_of([about], name) if name else None
        return answers[key]

    return [answer(run) for run in found]


def _evaluated(run: RunInfo) -> bool:
    return bool(run.content.get("model"))


def _of_recipe(run: RunInfo) -> dict[str, Any]:
    """What a recipe says of the encoder and the corpus, as a model's metadata would."""
    return {
        "representation": run.content["representation"],
        "corpus": {"name": run.corpus.name},
    }


def _of_run(run: RunInfo) -> Iterator[ModelInfo]:
    """Every training of a run."""
    yield from _infos(run, _read_models(run))


def _infos(run: RunInfo, read: _RunModels) -> list[ModelInfo]:
    return [
        ModelInfo(
            f"{run.id}:{which}",
            f"{run.name}, {title}" if title else run.name,
            RUN,
            Path(f"{run.folder}/{which}/bundle"),  # at once: there are thousands
        )
        for which, title in zip(read.trainings, read.titles, strict=True)
    ]


def _of_runs(found: Sequence[RunInfo], home: Path) -> list[ModelInfo]:
    """The models of all runs; those of a finished one are read once, while its files stay."""
    read = _read_of(found, home)
    models: list[ModelInfo] = []
    for run in found:
        folder = str(run.folder)
        known = read.get(folder)
        if known is None:
            models += _of_run(run)
            continue
        listed = _LISTED.get(folder)
        if listed is None or listed[0] is not run or listed[1] is not known:
            listed = _LISTED[folder] = run, known, _infos(run, known)
        models += listed[2]
    return models


_LISTED: dict[str, tuple[RunInfo, _RunModels, list[ModelInfo]]] = {}
"""Models of a run as listed before; thousands of new objects at each click are slow to collect."""


def _read_of(found: Sequence[RunInfo], home: Path) -> dict[str, _RunModels]:
    """Models of finished runs, by the folder of the run; none that may be others by now."""
    folders = {str(run.folder): run for run in found if run.result is not None}
    states = {folder: state_of(folder) for folder in folders}
    read = _READ.values(home, states, lambda folder: _read_models(folders[folder]))
    return {folder: known for folder, known in read.items() if known.holds(folder)}


@dataclass(frozen=True)
class _RunModels:
    """Models of a run as they were read.

    Attributes:
        trainings: Names of the folders of those that have one.
        titles: What tells each from the others of the run; empty where there is one alone.
        states: Of the file of each when it was read.
        complete: Whether every training had one.
        about: What the first says of its encoder and its corpus; empty without an encoder.
    """

    trainings: list[str]
    titles: list[str]
    states: list[State]
    complete: bool
    about: dict[str, Any]

    def holds(self, run: str) -> bool:
        """Whether every training has its model still, the same one."""
        return self.complete and all(
            state_of(f"{run}/{which}/bundle/{BUNDLE}") == state
            for which, state in zip(self.trainings, self.states, strict=True)
        )


BUNDLE = next(iter(OPENERS))
"""File that describes a model of one training."""


def _read_models(run: RunInfo) -> _RunModels:
    homes = sorted(run.folder.glob("fold-*-seed-*/bundle"), key=_place)
    states = [state_of(str(home / BUNDLE)) for home in homes]
    abouts = [_about(home) for home in homes]
    found = [number for number, about in enumerate(abouts) if about is not None]
    first = next((about for about in abouts if about is not None), {})
    trainings = sum(1 for _ in run.folder.glob("fold-*-seed-*"))
    names = [home.parent.name for home in homes]
    return _RunModels(
        trainings=[names[number] for number in found],
        titles=[
            "" if len(homes) == 1 else _member(abouts[number] or {}, names[number])
            for number in found
        ],
        states=[states[number] for number in found],
        complete=len(found) == trainings,
        about=_of_encoder(first) if run.representation == "encoder" and first else {},
    )


def _of_encoder(about: Mapping[str, Any]) -> dict[str, Any]:
    of = "encoder" if about.get("encoder") else "representation"
    return {of: about.get(of), "corpus": {"name": str((about.get("corpus") or {}).get("name", ""))}}


def _packed(read: _RunModels) -> list[Any]:
    states = [list(each) for each in read.states]
    return [read.trainings, read.titles, states, read.complete, read.about]


def _unpacked(packed: list[Any]) -> _RunModels:
    trainings, titles, states, complete, about = packed
    return _RunModels(trainings, titles, [tuple(each) for each in states], complete, about)


_READ = KeptValues[_RunModels]("models", _packed, _unpacked)
"""Models of finished runs: the dock lists all of them with every page."""


def _exported(home: Path) -> Iterator[ModelInfo]:
    """Files that pages exported; none that failed its gate or cannot be believed."""
    for path in sorted((home / EXPORTS).glob("[!.]*/[!.]*.onnx"), key=_when, reverse=True):
        spec = _spec(path)
        if spec is None or spec.status == "failed":
            continue
        parts = (
            f"ONNX {spec.precision}",
            "network only" if spec.of("picture") else "",
            "" if spec.status == "verified" else spec.status,
        )
        title = ", ".join([spec.name, *filter(None, parts)])
        key = f"{EXPORTED}:{path.parent.name}:{path.stem}"
        yield ModelInfo(key, title, EXPORTED, path)


def _spec(path: Path) -> Spec | None:
    """Metadata of an exported file; None where they are invalid."""
    try:
        found = path.stat()
    except OSError:  # it was taken away just now
        return None
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int, size: int) -> Spec | None:  # noqa: ARG001  (parts of the key)
    from ser_core.models.onnx import read

    try:
        return read(path)
    except ModelError:
        return None


def _place(home: Path) -> tuple[int, int]:
    _, fold, _, seed = home.parent.name.split("-")
    return int(fold), int(seed)


def _member(about: Mapping[str, Any], which: str) -> str:
    fold = about.get("split", {}).get("fold", which)
    return f"fold {fold}, seed {about.get('seed', 0)}"


def _title(about: Mapping[str, Any], folder: Path) -> str:
    return str(about.get("name") or about.get("recipe", {}).get("name") or folder.name)


def _file(folder: Path) -> Path | None:
    if folder.suffix == ".onnx":
        return folder if folder.is_file() else None
    return next((folder / name for name in OPENERS if (folder / name).is_file()), None)


def _about(folder: Path) -> dict[str, Any] | None:
    if folder.suffix == ".onnx":
        from ser_core.models.onnx import about_of

        spec = _spec(folder)
        return about_of(spec) if spec else None
    file = _file(folder)
    about = read_json(file) if file else None
    if about is None:
        return None
    try:
        check_facts(about)
    except ValueError as error:  # opening it says the same
        _LOG.info("no model is listed for %s: %s", folder, error)
        return None
    return about


def _when(folder: Path) -> float:
    file = _file(folder)
    return file.stat().st_mtime if file else 0.0
