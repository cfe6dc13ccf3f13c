"""Benches that come with the workbench, found by what a model is and not by where it lies."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from ser_core.core import files
from ser_core.runs import published_results as results
from ser_core.storage import read_json

_HERE = Path(__file__).parents[2]
"""A published bench names its model from here."""

DEPENDS_ON = ("representation", "pooling", "weights", "temperature")
"""What predictions depend on beside the weights of networks, in the description of a model."""


def root() -> Path:
    """Folder of published benchmarks."""
    return results.root() / "explanations"


def identity(model: Path) -> str:
    """Key of a model: equal for copies, different where a prediction may differ.

    Args:
        model: Folder of a bundle or of an ensemble.

    Returns:
        Hash of all weights below it, and of how they are used; empty where there are none.
    """
    weights = sorted(model.rglob("*.safetensors"))
    changed = tuple((str(each), each.stat().st_mtime_ns, each.stat().st_size) for each in weights)
    return _identity(model, changed) if weights else ""


@lru_cache(maxsize=64)
def _identity(model: Path, changed: tuple[tuple[str, int, int], ...]) -> str:
    found = hashlib.sha256()
    for name, _, _ in changed:
        path = Path(name)
        about = read_json(path.parent / "bundle.json") or {}
        found.update(path.relative_to(model).as_posix().encode())
        found.update(files.read_bytes(path) + _used(about))
    found.update(_used(read_json(model / "ensemble.json") or {}))
    return found.hexdigest()[:16]


def _used(about: dict[str, object]) -> bytes:
    return json.dumps({key: about.get(key) for key in DEPENDS_ON}, sort_keys=True).encode()


def published(model: Path, folder: Path | None = None) -> Path | None:
    """Folder of the bench that was published of this very model; None where there is none.

    Args:
        model: Folder of a bundle or of an ensemble.
        folder: Where published benches are kept; `root()` when absent.
    """
    wanted = identity(model)
    for file in sorted((folder or root()).glob("*/bench.json")):
        about = (read_json(file) or {}).get("about", {})
        if wanted and about.get("identity") == wanted:
            return file.parent
    return None


def published_within(model: Path, folder: Path | None = None) -> tuple[Path, Path] | None:
    """Folder of the bench of a model, or of the first of its networks; and of which.

    Args:
        model: Folder of a bundle or of an ensemble.
        folder: Where published benches are kept; `root()` when absent.
    """
    members = (read_json(model / "ensemble.json") or {}).get("members", ())
    asked = [model / path for member in members for path in member.get("bundles", ())]
    for each in (model, *asked):
        found = published(each, folder)
        if found is not None:
            return found, each
    return None


def published_alike(model: Path, folder: Path | None = None) -> Path | None:
    """Folder of a bench of a network like one of a model: of its kind, on its representation.

    What it found holds for that other network. For this one it is a first guess, better than the
    order of a list.

    Args:
        model: Folder of a bundle or of an ensemble.
        folder: Where published benches are kept; `root()` when absent.
    """
    folder = folder or root()
    members = (read_json(model / "ensemble.json") or {}).get("members", ())
    kinds = {_kind(model / path) for member in members for path in member.get("bundles", ())}
    kinds = {kind for kind in (_kind(model), *kinds) if kind}
    for file in sorted(folder.glob("*/bench.json")):
        about = (read_json(file) or {}).get("about", {})
        if _kind(_HERE / str(about.get("model", ""))) in kinds:
            return file.parent
    return None


def _kind(bundle: Path) -> tuple[str, str, str] | None:
    """Representation and network of a bundle; None where there is none."""
    about = read_json(bundle / "bundle.json") or {}
    network, seen = about.get("network"), about.get("representation")
    if not isinstance(network, dict) or not isinstance(seen, dict):
        return None
    return str(seen.get("name")), str(network.get("kind")), str(network.get("depth", ""))
