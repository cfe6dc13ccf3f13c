"""The folder of a pretrained encoder: its configuration, and weights without pickle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ser_core.core import ModelError
from ser_core.core.files import is_folder, read_json, regular, shortened
from ser_core.core.plain_yaml import load_yaml

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 8 << 30
"""Bytes of weights above which a folder is not opened."""

CONVERT = (
    "Convert it once where you trust its source: "
    "`AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER, safe_serialization=True)`"
)


@dataclass(frozen=True)
class EncoderFolder:
    """An encoder on disk, in the layout that `transformers` writes.

    Attributes:
        path: The folder.
        config: Content of `config.json`.
        preparation: Content of `preprocessor_config.json`; empty where there is none.
        files: Files of weights, in order.
    """

    path: Path
    config: dict[str, Any]
    preparation: dict[str, Any]
    files: tuple[Path, ...]

    @property
    def model_type(self) -> str:
        """Family as `transformers` names it, such as "whisper"."""
        return str(self.config.get("model_type", ""))

    @property
    def card(self) -> dict[str, Any]:
        """Front matter of the model card (`README.md`), such as `license`; empty without one."""
        return front_matter(self.path / "README.md")

    @property
    def weights_hash(self) -> str:
        """Sixteen hexadecimal digits of the weights' bytes."""
        return _hash(self.files, self.stamp)

    @property
    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Size and time of change of each file of weights: equal while they are the same."""
        stats = [file.stat() for file in self.files]
        return tuple((each.st_size, each.st_mtime_ns) for each in stats)

    def tensors(self) -> dict[str, Tensor]:
        """All weights by name, as they are stored.

        Raises:
            ModelError: If a file is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        found: dict[str, Tensor] = {}
        try:
            for file in self.files:
                found |= load_file(regular(file, LARGEST))
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"its weights cannot be read ({error})",
                subject=str(self.path),
                remedy="Fetch the encoder again",
            ) from error
        return found


@lru_cache(maxsize=16)
def _hash(files: tuple[Path, ...], stats: tuple[tuple[int, int], ...]) -> str:  # noqa: ARG001
    digest = hashlib.sha256()
    for file in files:
        with regular(file, LARGEST).open("rb") as content:
            while part := content.read(1 << 22):
                digest.update(part)
    return digest.hexdigest()[:16]


def open_folder(path: Path) -> EncoderFolder:
    """Read what an encoder is.

    Args:
        path: A local folder with `config.json` and weights as safetensors, or the hub name of an
            encoder that is on this computer (OWNER/NAME). Nothing is downloaded, and no code of
            the folder is run.

    Raises:
        ModelError: If there is no such folder, its weights are a pickle, or it is damaged.
    """
    if not is_folder(path):
        path = _by_name(path)
    files = _weights(path)
    if not files and any(path.glob("*.bin")):
        raise ModelError(
            "its weights are a pickle, which could run any program when it is opened",
            subject=str(path),
            remedy=CONVERT,
        )
    if not files:
        raise ModelError(
            "holds no weights", subject=str(path), remedy="It needs a model.safetensors"
        )
    if sum(file.stat().st_size for file in files) > LARGEST:
        raise ModelError(
            f"its weights are larger than {LARGEST >> 30} GiB",
            subject=str(path),
            remedy="Choose a smaller encoder",
        )
    config = _json(path / "config.json", required=True)
    return EncoderFolder(path, config, _json(path / "preprocessor_config.json"), files)


def _by_name(path: Path) -> Path:
    """Folder of an encoder that is named as on the hub."""
    from ser_core.features.encoders import hub

    if hub.is_name(str(path)) and not path.exists():
        found = hub.local(str(path))
        if found is None:
            raise hub.not_here(str(path))
        return found
    raise ModelError(
        "there is no such folder",
        subject=shortened(path),
        remedy="Give the folder of an encoder, with config.json and model.safetensors",
    )


def _weights(path: Path) -> tuple[Path, ...]:
    """Files of weights: the one that `transformers` reads, or all parts of a divided one."""
    whole = path / "model.safetensors"
    if whole.is_file():
        return (whole,)
    return tuple(sorted(each for each in path.glob("*.safetensors") if each.is_file()))


def front_matter(file: Path) -> dict[str, Any]:
    """The YAML between two lines of dashes at the head of a Markdown file; empty without one."""
    try:
        with regular(file).open(encoding="utf-8", errors="replace") as content:
            text = content.read(1 << 16)
    except OSError:
        return {}
    if not text.startswith("---\n") or "\n---" not in text[4:]:
        return {}
    try:
        found = load_yaml(text[4:].partition("\n---")[0])
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(file: Path, *, required: bool = False) -> dict[str, Any]:
    if not required and not file.exists():
        return {}
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file.name} cannot be read", subject=str(file.parent), remedy="Fetch it again"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{file.name} is no mapping", subject=str(file.parent))
    return content
