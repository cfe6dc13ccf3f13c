"""Whether the length of an MP3 or AAC stream is known, or guessed from its first frames."""

from __future__ import annotations

import io
import re
from pathlib import Path

_TAG = 10
"""Bytes of the head of an ID3v2 tag."""
_FIRST = 4096
_SYNC = re.compile(rb"\xff[\xe2-\xff][\x00-\xef]")
# The places of the length within the first frame: after the side information (Xing, Info), or 32
# bytes behind the frame's head (VBRI).
_LENGTH = (b"Xing", b"Info", b"VBRI")
_WITHIN = 200


def guesses_length(source: Path | bytes) -> bool:
    """Whether it is a stream of MP3 or AAC frames without one that says how long it is.

    libsndfile then takes the bit rate of the first frames for that of the file, and stops reading
    where the file should end by it (libsndfile, issue 1001).
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        start = 0
        while (head := file.read(_TAG))[:3] == b"ID3" and len(head) == _TAG:
            # The size is in four times seven bits; the head is not counted, nor is a foot.
            sevens = zip(head[6:], (21, 14, 7, 0), strict=True)
            size = sum((byte & 0x7F) << shift for byte, shift in sevens)
            start += _TAG + size + (_TAG if head[5] & 0x10 else 0)
            file.seek(start)
        file.seek(start)
        first = file.read(_FIRST)
    frame = _SYNC.search(first)
    if frame is None or (frame.start() > 0 and not start):
        return False
    inside = first[frame.start() : frame.start() + _WITHIN]
    return not any(name in inside for name in _LENGTH)
