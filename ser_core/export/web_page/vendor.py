"""Take onnxruntime-web from its npm package, as `make onnxruntime-web` does."""

from __future__ import annotations

import base64
import hashlib
import io
import lzma
import sys
import tarfile
from pathlib import Path

from ser_core.core import ModelError, files
from ser_core.export.web_page.runtime import (
    FILES,
    FOLDER,
    INTEGRITY,
    LARGEST,
    PACKAGE,
    PACKED,
    VERSION,
)
from ser_core.storage import atomic


def vendor(tarball: Path, folder: Path = FOLDER) -> list[Path]:
    """Take the files of the runtime from its npm package, and keep them packed.

    Raises:
        ModelError: If it is not the package of `VERSION`.
        SerError: If a file cannot be written.
    """
    content = files.read_bytes(tarball, LARGEST * 2)
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if digest != INTEGRITY:
        raise ModelError(
            f"is not {PACKAGE} {VERSION} as the npm registry has it",
            subject=str(tarball),
            remedy="Fetch it again; for another version change VERSION, INTEGRITY and FILES",
        )
    written = []
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name, (place, _) in FILES.items():
            part = archive.extractfile(place)
            assert part is not None  # noqa: S101  (the package is known to the byte)
            written.append(folder / f"{name}{PACKED}")
            packed = lzma.compress(part.read(), preset=9 | lzma.PRESET_EXTREME)
            atomic.write(written[-1], packed)
    return written


if __name__ == "__main__":
    for each in vendor(Path(sys.argv[1])):
        sys.stdout.write(f"{each}\n")
