"""Encoders by their name on the Hugging Face hub: those on this computer, and fetching another one.

Nothing is fetched unless somebody asks for it by name and has seen its licence and size. Weights
are taken as safetensors only and no code of a repository is run. No account is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, files, settings
from ser_core.features.encoders import catalogue
from ser_core.features.encoders.families import FAMILIES, family
from ser_core.features.encoders.folder import CONVERT, LARGEST, open_folder
from ser_core.storage import atomic, read_json

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

MEGABYTE = 1_000_000
PATIENCE = 20.0
"""Seconds that the hub has for an answer."""

SMALL_FILES = ("config.json", "preprocessor_config.json", "README.md", "LICENSE", "LICENSE.txt")
WHOLE = "model.safetensors"
PART = re.compile(r"model-\d+-of-\d+\.safetensors")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class HubFile:
    """A file of a repository; `sha256` is empty where the hub does not say it."""

    name: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class Offer:
    """What would be fetched, to be confirmed.

    Attributes:
        name: Hub name.
        revision: Commit, so that what is fetched is what was offered.
        licence: By its model card, else by the catalogue.
        files: In the order they are fetched.
    """

    name: str
    revision: str
    licence: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def megabytes(self) -> int:
        """Of all files, rounded up."""
        return -(-self.size // MEGABYTE)


def is_name(text: str) -> bool:
    """Whether a text has the form of a hub name, OWNER/NAME.

    >>> is_name("openai/whisper-tiny.en"), is_name("./whisper"), is_name("/models/whisper")
    (True, False, False)
    """
    return re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", text) is not None


def folder_of_encoders() -> Path:
    """Where fetched encoders are stored."""
    return settings.home() / "encoders"


def place_of(name: str) -> Path:
    """Folder of a fetched encoder, there or not."""
    return folder_of_encoders() / name.replace("/", "--")


def local(name: str) -> Path | None:
    """Folder of an encoder on this computer: fetched here, or in the hub's cache; else None."""
    if (place_of(name) / "config.json").is_file():
        return place_of(name)
    repository = _cache() / f"models--{name.replace('/', '--')}"
    try:
        revision = files.read_text(repository / "refs" / "main").strip()
    except OSError:
        revision = ""
    snapshots = repository / "snapshots"
    named = [snapshots / revision] if revision else []
    others = sorted(snapshots.iterdir()) if snapshots.is_dir() else []
    return next((each for each in [*named, *others] if (each / "config.json").is_file()), None)


def on_this_computer() -> list[str]:
    """Hub names of encoders that can be opened without fetching anything, in order."""
    cached = _cache()
    names = {
        each.name.removeprefix("models--").replace("--", "/", 1)
        for each in (cached.glob("models--*--*") if cached.is_dir() else ())
    }
    ours = folder_of_encoders()
    names |= {
        each.name.replace("--", "/", 1) for each in (ours.glob("[!.]*--*") if ours.is_dir() else ())
    }
    return sorted(name for name in names if _can_be_opened(local(name)))


def _can_be_opened(folder: Path | None) -> bool:
    config = (read_json(folder / "config.json") or {}) if folder else {}
    weights = folder is not None and any(folder.glob("*.safetensors"))
    return weights and config.get("model_type") in FAMILIES


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def not_here(name: str) -> ModelError:
    """Error for an encoder that is not on this computer."""
    if name in catalogue.CANNOT_BE_OPENED:
        problem, remedy = catalogue.CANNOT_BE_OPENED[name]
        return ModelError(problem, subject=name, remedy=remedy)
    row = catalogue.CATALOGUE.get(name)
    facts = f" ({row.megabytes:,} MB, licence {row.licence})" if row else ""
    return ModelError(
        "is no folder, and no encoder of this name is on this computer",
        subject=name,
        remedy=f"Fetch it once{facts}: `ser encoder fetch {name}`",
    )


def ask(name: str, revision: str | None = None) -> Offer:
    """Ask the hub what fetching an encoder takes; nothing is fetched yet.

    Args:
        name: Hub name.
        revision: Branch, tag, commit or `refs/pr/NUMBER`; the main branch when absent.

    Raises:
        ModelError: If it cannot be reached, or has no encoder of this name that can be opened
            safely.
    """
    if name in catalogue.CANNOT_BE_OPENED:
        raise not_here(name)
    if not is_name(name):
        raise ModelError("is no hub name", subject=name, remedy="Write OWNER/NAME")
    with _in_words(name):
        info = _api().model_info(name, revision=revision, files_metadata=True, timeout=PATIENCE)
    config = info.config or {}
    if kind := config.get("model_type"):
        family(str(kind))
    offer = Offer(name, str(info.sha), _licence(name, info), _wanted(name, info))
    if offer.size > LARGEST:
        raise ModelError(
            f"its weights are larger than {LARGEST >> 30} GiB",
            subject=name,
            remedy="Choose a smaller encoder",
        )
    return offer


def _wanted(name: str, info: ModelInfo) -> tuple[HubFile, ...]:
    """Configuration, model card and weights of a repository.

    Raises:
        ModelError: If it has no configuration, or no weights as safetensors.
    """
    there = {each.rfilename: each for each in info.siblings or ()}
    weights = [WHOLE] if WHOLE in there else sorted(filter(PART.fullmatch, there))
    if not weights:
        pickled = any(each.endswith((".bin", ".pt", ".pth", ".ckpt")) for each in there)
        problem = "has its weights as a pickle only" if pickled else "holds no safetensors"
        raise ModelError(
            f"{problem}, which is not fetched",
            subject=name,
            remedy="Some repositories have a converted copy in a pull request, as --revision "
            f"refs/pr/1. Else fetch it yourself into a folder. {CONVERT}",
        )
    if "config.json" not in there:
        raise ModelError("has no config.json", subject=name, remedy="Choose another encoder")
    files = [each for each in SMALL_FILES if each in there] + weights
    return tuple(_file(there[each]) for each in files)


def _file(sibling: Any) -> HubFile:
    digest = getattr(sibling.lfs, "sha256", "") if sibling.lfs else ""
    return HubFile(sibling.rfilename, int(sibling.size or 0), str(digest or ""))


def _licence(name: str, info: ModelInfo) -> str:
    said = getattr(info.card_data, "license", None)
    row = catalogue.CATALOGUE.get(name)
    if row is not None:
        return row.licence
    return str(said) if said else catalogue.NOT_KNOWN


def fetch(offer: Offer, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch an encoder that was confirmed into the user's data folder.

    Args:
        offer: What `ask` gave.
        progress: Called with (bytes done, bytes in all).

    Returns:
        Its folder, which appears whole or not at all.

    Raises:
        ModelError: If it cannot be fetched or written, or is not what was offered.
    """
    from huggingface_hub import hf_hub_download

    place = place_of(offer.name)
    for left in place.parent.glob(f".{place.name}.*"):  # of a download that was killed
        shutil.rmtree(left, ignore_errors=True)
    bar = _bar(offer.size, progress)
    with atomic.folder(place, ModelError) as new:
        for file in offer.files:
            with _in_words(offer.name):
                hf_hub_download(
                    offer.name,
                    file.name,
                    revision=offer.revision,
                    local_dir=new,
                    token=False,
                    endpoint=_endpoint(),
                    tqdm_class=bar,
                )
            _check(offer, file, new / file.name)
        shutil.rmtree(new / ".cache", ignore_errors=True)
        record = {"name": offer.name, "revision": offer.revision, "licence": offer.licence}
        (new / catalogue.RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        _open(offer.name, new)
    return place


def _check(offer: Offer, file: HubFile, path: Path) -> None:
    """Whether a file is what was offered."""
    size = path.stat().st_size
    digest = _sha256(path) if file.sha256 else ""
    if (file.size and size != file.size) or digest != file.sha256:
        raise ModelError(
            f"{file.name} is not what the hub offered", subject=offer.name, remedy="Fetch it again"
        )


def _sha256(path: Path) -> str:
    with files.regular(path, files.WEIGHTS).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _open(name: str, folder: Path) -> None:
    """Whether what was fetched is an encoder with all its weights, before it takes its place.

    Raises:
        ModelError: If it is not.
    """
    from ser_core.features.encoders.facts import facts

    try:
        facts(open_folder(folder))
    except ModelError as error:
        raise ModelError(
            error.problem, subject=name, remedy=error.remedy or "Choose another encoder"
        ) from error


def _bar(total: int, progress: Progress) -> Any:
    """Class of progress bars that draw nothing and add up the bytes of all files."""
    from huggingface_hub.utils.tqdm import tqdm

    done = 0

    class Bar(tqdm):
        def __init__(self, *args: Any, **how: Any) -> None:
            how.pop("name", None)
            super().__init__(*args, **{**how, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal done
            done += int(n or 0)
            progress(min(done, total), total)
            return None

    return Bar


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=_endpoint(), token=False)


def _endpoint() -> str:
    """Address of the hub: the environment variable `HF_ENDPOINT`, or that of its library."""
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or str(constants.ENDPOINT)


@contextlib.contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Errors of the hub's library as errors for people."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(
            "is given to signed-in users only",
            subject=name,
            remedy="Fetch it with the hub's own tools and give its folder",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(
            "has no such revision", subject=name, remedy="Leave the revision out"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            "there is no such encoder on the hub",
            subject=name,
            remedy="See `ser encoder list` for well-known names",
        ) from error
    except (errors.HTTPError, OSError) as error:  # type: ignore[attr-defined]
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"the hub cannot be reached, or did not answer ({first})",
            subject=name,
            remedy="Try again, or give the folder of an encoder",
        ) from error
