"""onnxruntime-web, which computes a model in a browser: two files of its npm package, kept here.

They are kept in the repository, the larger one packed (2.2 MB instead of 14): a page is then made
without a network, and every one is made of the files that the tests run. `vendor` takes them from
the package, which `make onnxruntime-web` fetches from the npm registry of the user.
"""

from __future__ import annotations

import hashlib
import importlib.util
import lzma
from pathlib import Path

from ser_core.core import ModelError, files

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
"""SHA-512 of the package in base64, as the npm registry gives it."""

FOLDER = Path(__file__).with_name(PACKAGE)
PACKED = ".xz"
FILES = {
    "ort.js": (
        "package/dist/ort.wasm.bundle.min.mjs",
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    "ort.wasm": (
        "package/dist/ort-wasm-simd-threaded.wasm",
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
}
"""Files of the page: their place in the package, and their SHA-256."""

LARGEST = 64 << 20
"""Bytes of a file that is read here."""


def runtime() -> dict[str, bytes]:
    """The files of the runtime by name, and its licence and the notices of what it is made of.

    Raises:
        ModelError: If one is missing, or is not what was taken from the package.
    """
    found = {name: _read(name) for name in FILES}
    for name, (_, digest) in FILES.items():
        if hashlib.sha256(found[name]).hexdigest() != digest:
            raise _damaged(name)
    placed = {f"{PACKAGE}/{name}": content for name, content in found.items()}
    notices = files.read_bytes(_notices(), LARGEST)
    licence = files.read_bytes(FOLDER / "LICENSE.txt", LARGEST)
    return {
        **placed,
        f"licences/{PACKAGE}.txt": licence,
        f"licences/{PACKAGE}-third-party.txt": notices,
    }


def _read(name: str) -> bytes:
    packed = FOLDER / f"{name}{PACKED}"
    try:
        return lzma.decompress(files.read_bytes(packed, LARGEST))
    except (OSError, lzma.LZMAError) as error:
        raise _damaged(name) from error


def _damaged(name: str) -> ModelError:
    return ModelError(
        f"is not the {PACKAGE} {VERSION} that this version is tested with",
        subject=name,
        remedy="Install the workbench again, or run make onnxruntime-web in a clone",
    )


def _notices() -> Path:
    """Licences of third parties, as the Python package of the same runtime has them."""
    found = importlib.util.find_spec("onnxruntime")
    assert found is not None  # noqa: S101  (a requirement)
    assert found.origin is not None  # noqa: S101
    return Path(found.origin).with_name("ThirdPartyNotices.txt")
