"""A zip that runs by itself: the file, its card, an example, and what the acceptance test found."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from ser_core.models.onnx import card, read
from ser_core.models.onnx_metadata import FEATURES, PRECISIONS, Spec
from ser_core.storage import atomic

EXAMPLE = Path(__file__).with_name("example.py.txt")


def package(file: Path) -> bytes:
    """Content of the zip of a file.

    Raises:
        ModelError: If the file is not a valid export.
    """
    spec = read(file)
    content: dict[str, str | bytes] = {
        file.name: file.read_bytes(),
        "README.md": card(spec) + ("" if spec.of(FEATURES) else _running(spec)),
        "report.md": report(spec),
        "report.json": json.dumps(spec.verification, indent=1, ensure_ascii=False),
    }
    if not spec.of(FEATURES):
        content["example.py"] = example(file.name)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return out.getvalue()


def write_package(file: Path) -> Path:
    """Write the zip beside the file.

    Raises:
        SerError: If the file is not a valid export, or the zip cannot be written.
    """
    path = file.with_suffix(".zip")
    atomic.write(path, package(file))
    return path


def example(name: str) -> str:
    """Program that runs a file of this name with onnxruntime and numpy alone."""
    return EXAMPLE.read_text(encoding="utf-8").replace("@FILE@", name)


def _running(spec: Spec) -> str:
    return (
        "\n## Run it\n\n`python example.py SOUND.wav`, with onnxruntime and numpy installed; the "
        f"sound a WAV file at {spec.sample_rate:,} Hz, of any length: 8, 16, 24 or 32 bits or "
        "floating point, several channels are mixed.\n"
    )


def report(spec: Spec) -> str:
    """What the acceptance test found, in Markdown."""
    found = spec.verification
    lines = [f"# {spec.name}, {spec.precision}: {spec.status}", PRECISIONS[spec.precision]]
    if not found:
        lines.append("Acceptance test: not run yet.")
        return "\n\n".join(lines) + "\n"
    lines += [found["said"], _measured(spec)]
    if found["uar"]:
        lines.append(_uar(spec))
    if found["flipped"]:
        lines += ["## Clips with a different prediction", _flips(spec)]
    return "\n\n".join(lines) + "\n"


def _measured(spec: Spec) -> str:
    found, limits = spec.verification, spec.gate
    rows = (
        ("Equal predictions", found["agreement"], limits.agreement, "at least"),
        ("Largest difference of a probability", found["max_abs_probability"],
         limits.probability, "at most"),
        ("Mean difference of the probabilities", found["mean_abs_probability"], limits.mean,
         "at most"),
        ("Largest difference of a logit", found["max_abs_logit"], limits.logit, "at most"),
    )  # fmt: skip
    lines = [
        f"| {name} | {value:.3g} | {'no limit' if limit is None else f'{word} {limit:g}'} |"
        for name, value, limit, word in rows
    ]
    about = (
        f"{found['n']:,} predictions on {found['clips']}, some also at other lengths, "
        f"interrupted by silence or with an enrolled speaker ({found['shortest']:.2f} to "
        f"{found['longest']:.2f} s long), compared with {found['against']}."
    )
    return "\n".join([about, "", "| | Measured | Limit |", "|---|---:|---:|", *lines])


def _uar(spec: Spec) -> str:
    uar = spec.verification["uar"]
    ends = f" ({uar['low']:+.4f} to {uar['high']:+.4f})" if uar["low"] is not None else ""
    badge = f" [{uar['badge']}]" if uar["badge"] else ""
    return (
        f"UAR {uar['file']:.3f}, of the model itself {uar['app']:.3f}: a change of "
        f"{uar['difference']:+.4f}{ends}, paired over {uar['over']}; {uar['clips']}{badge}."
    )


def _flips(spec: Spec) -> str:
    lines = [
        f"| {flip['clip']} | {flip['app']} | {flip['file']} | {flip['confidence']:.3f} |"
        for flip in spec.verification["flipped"]
    ]
    head = ["| Clip | Model | File | Confidence of the model |", "|---|---|---|---:|"]
    return "\n".join([*head, *lines])
