"""Catalogue of the models there are, with the test scores of each.

Everything here is read from small files, or from the head of exported ones; no model is loaded.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, files, settings
from ser_core.inference.onnx_copy import COPY
from ser_core.inference.performance import Performance, performance, performance_of
from ser_core.models.description import check_facts
from ser_core.models.predictor import OPENERS
from ser_core.runs.catalogue import RunInfo, runs
from ser_core.storage import read_json

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
        performance: Figures of its test.
        changed: When its description was written, seconds since the epoch.
    """

    key: str
    title: str
    kind: str
    folder: Path
    performance: Performance
    changed: float

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
    found = [
        *_models_in(bundled_folder(), BUNDLED),
        *(_info(folder, f"{ENSEMBLE}:{folder.parent.name}", ENSEMBLE) for folder in made),
        *(model for run in runs(home) for model in _of_run(run)),
        *(_exported(home) if exported else ()),
    ]
    return _told_apart(found)


def _told_apart(found: list[ModelInfo]) -> list[ModelInfo]:
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
            of_group.setdefault(group, {})[each.key] = words(each)
        for said in of_group.values():
            if len(set(said.values())) > 1:
                leads |= {key: ", ".join(filter(None, (leads[key], said[key]))) for key in said}
    return [
        replace(each, title=f"{lead}: {each.title}") if (lead := leads.get(each.key)) else each
        for each in found
    ]


def _trained_on(model: ModelInfo) -> str:
    """Name and size of the corpus of a model's training; empty where it is not known."""
    corpus = model.about.get("corpus") or {}
    counts = [corpus.get(f"{part}_clips") for part in ("train", "validation", "test")]
    known = [each for each in counts if isinstance(each, int)]
    clips = f", {sum(known):,} clips" if len(known) == len(counts) else ""
    return f"{corpus.get('name', '')}{clips}"


def _run_id(model: ModelInfo) -> str:
    """End of the id of a training's run; empty for other models."""
    return model.key.partition(":")[0][-6:] if model.kind == RUN else ""


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
                yield ModelInfo(
                    key, title, ensemble.kind, folder, performance(about), _when(folder)
                )


def _info(folder: Path, key: str, kind: str) -> ModelInfo:
    about = _about(folder) or {}
    return ModelInfo(key, _title(about, folder), kind, folder, performance(about), _when(folder))


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
    return encoders.contamination_of(
        [{"representation": run.content["representation"]}], run.corpus.name
    )


def _of_run(run: RunInfo) -> Iterator[ModelInfo]:
    """Every training of a run; its performance is that of the whole run, if it is done."""
    homes = sorted(run.folder.glob("fold-*-seed-*/bundle"), key=_place)
    for home in homes:
        about = _about(home)
        if about is None:
            continue
        which = home.parent.name
        title = run.name if len(homes) == 1 else f"{run.name}, {_member(about, which)}"
        shown = performance_of(home, about)
        yield ModelInfo(f"{run.id}:{which}", title, RUN, home, shown, _when(home))


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
        yield ModelInfo(key, title, EXPORTED, path, performance(_about(path) or {}), _when(path))


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
