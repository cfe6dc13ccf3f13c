"""Whether an Ogg file holds several sounds, one after the other."""

from __future__ import annotations

import io
from pathlib import Path

_HEAD = 27
"""Bytes of the head of a page, before the table of its segments (RFC 3533, section 6)."""

_BEGINS = 2
"""Bit of the head: this page begins a stream."""


def is_chained(source: Path | bytes) -> bool:
    """Whether a stream begins after pages with sound: Ogg files that were joined, or radio.

    libsndfile reads the first of such streams only. The heads of the pages are followed, up to the
    first one that is damaged.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        place, within = 0, False
        while len(head := file.read(_HEAD)) == _HEAD and head[:4] == b"OggS":
            begins = bool(head[5] & _BEGINS)
            if begins and within:
                return True
            within = within or not begins
            segments = file.read(head[26])
            place += _HEAD + len(segments) + sum(segments)
            file.seek(place)
    return False
