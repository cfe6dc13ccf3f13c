"""The files of a web page for an exported model."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ser_core.audio import LOUD, Limits
from ser_core.core import ModelError, ParameterError, files
from ser_core.export.web_page.runtime import VERSION, runtime
from ser_core.inference.classify import LONG, QUIETEST, SHORTEST
from ser_core.inference.confidence import Confidence
from ser_core.inference.performance import performance
from ser_core.inference.timeline import Windows
from ser_core.models.onnx import about_of, card, content_of, read
from ser_core.models.onnx_metadata import FEATURES, Spec
from ser_core.storage import atomic

ASSETS = Path(__file__).with_name("assets")
MARK = "model.json"
"""File that tells an earlier page from a folder of the user's."""

START = """\
This folder is a web page that runs an emotion model in the browser. Nothing leaves the computer,
and no internet is needed. A browser does not start it as a file, so serve the folder:

    python3 -m http.server --bind 127.0.0.1 8000

and open http://127.0.0.1:8000. Any web server will do. The microphone is given to pages at
127.0.0.1, localhost or https only.
"""

ColorOf = Callable[[str], str]


def obstacle(spec: Spec) -> str:
    """Why an exported file cannot run in a web page, in words; empty where it can."""
    outside = [spec.representations[each.representation or 0]["name"] for each in spec.of(FEATURES)]
    if outside:
        return (
            f"takes {', '.join(outside)} instead of the sound, which no browser can compute: "
            "export the whole model, of a representation that a graph can hold"
        )
    if spec.status == "failed":
        return "failed its acceptance test: export it in another precision"
    if spec.longest < Windows().window:
        return f"takes sounds up to {spec.longest:g} s only, and a window of the timeline is longer"
    return ""


def page_files(file: Path, color_of: ColorOf) -> dict[str, bytes]:
    """Content of every file of the page, by its path.

    Args:
        file: An exported model.
        color_of: Colour of an emotion.

    Raises:
        ModelError: If it is no valid export, or cannot run in a page; see `obstacle`.
    """
    spec = read(file)
    problem = obstacle(spec)
    if problem:
        raise ModelError(problem, subject=file.name, remedy="A page can be made of other models")
    assets = {
        path.name: files.read_bytes(path, 1 << 20)
        for path in sorted(ASSETS.iterdir())
        if path.is_file()
    }
    content = content_of(file)
    about = json.dumps(described(spec, len(content), color_of), ensure_ascii=False, indent=1)
    return {
        **assets,
        MARK: about.encode(),
        "model.onnx": content,
        "README.txt": START.encode(),
        **runtime(),
    }


def described(spec: Spec, size: int, color_of: ColorOf) -> dict[str, Any]:
    """What the page knows of the model, and the app's rules of what is classified."""
    limits, windows = Limits(), Windows()
    return {
        "runtime": VERSION,
        "name": spec.name,
        "classes": [{"name": name, "color": color_of(name)} for name in spec.classes],
        "sample_rate": spec.sample_rate,
        "threshold": spec.stranger.threshold,
        "doubt": Confidence(doubt=spec.stranger.doubt).why_unsure,
        "longest": spec.longest if math.isfinite(spec.longest) else limits.max_seconds,
        "shortest": SHORTEST,
        "quietest": QUIETEST,
        "loud": LOUD,
        "long": LONG,
        "most": limits.max_seconds,
        "bytes": limits.max_bytes,
        "window": windows.window,
        "hop": windows.hop,
        "tested": _tested(spec),
        "facts": (
            f"{size / 1e6:.1f} MB, precision {spec.precision}, {spec.status} against the app. "
            f"{spec.stranger.source}"
        ),
        "card": card(spec),
    }


def _tested(spec: Spec) -> str:
    """What to expect, and the UAR with its interval, leak grade and badge; without enrolment."""
    found = replace(performance(about_of(spec)), enrolled=None)
    if found.uar is None:
        return found.said
    ends = (
        f" (95 %: {found.uar.low:.3f} to {found.uar.high:.3f})"
        if found.uar.low is not None and found.uar.high is not None
        else " (no interval)"
    )
    badge = found.badge or "unseen speakers"
    return f"{found.said} UAR {found.uar.value:.3f}{ends}, leak grade {found.grade}: {badge}."


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than an earlier page: it would be replaced.

    Raises:
        ParameterError: If it does, or is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise ParameterError(
            "holds something else than a web page, and a page replaces its folder",
            subject=str(folder),
            remedy="Name a new folder, or an empty one",
        )


def write_web_page(file: Path, folder: Path, color_of: ColorOf) -> Path:
    """Write the page of an exported model; an earlier page in the folder is replaced.

    Returns:
        The page, `index.html`.

    Raises:
        ModelError: As `page_files`.
        ParameterError: As `check_folder`.
        SerError: If the folder cannot be written.
    """
    check_folder(folder)
    content = page_files(file, color_of)
    with atomic.folder(folder) as new:
        for name, each in content.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_bytes(each)
    return folder / "index.html"


def zipped_page(file: Path, color_of: ColorOf) -> bytes:
    """The same folder as a zip.

    Raises:
        ModelError: As `page_files`.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, each in page_files(file, color_of).items():
            archive.writestr(name, each)
    return out.getvalue()
