"""An upload that is too large to stay in memory: it is kept as a temporary file of the session.

Streamlit holds what a field was given in the memory of the server. So the content is written to a
file, and the field is emptied. The file is deleted when it is removed or exchanged on the page,
when its session ends, and when the server does.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from ser_core.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.runtime.uploaded_file_manager import UploadedFile

LONGEST_NAME = 100
"""Letters of a name that are kept."""


@dataclass(frozen=True, eq=False)
class LargeUpload:
    """A temporary file, which lives as long as this value does.

    Attributes:
        path: It, under the name that it was uploaded by.
        digest: SHA-256 of its content.
    """

    path: Path
    digest: str


def field(label: str, key: str, types: Sequence[str], megabytes: int, words: str) -> Path | None:
    """A field for a large file; what was uploaded, also after a visit to another tab.

    Args:
        label: Of the field.
        key: Of what is remembered.
        types: Endings.
        megabytes: Most that is taken.
        words: For the help, before the bound and what becomes of the file.
    """
    held: LargeUpload | None = st.session_state.get(_held(key))
    if held is not None:
        size = held.path.stat().st_size / (1 << 20)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(held.path.name)}**, {size:,.1f} MB", width="content")
            st.button("Remove file", key=f"{key}-remove", on_click=forget, args=(key,))
        return held.path
    if problem := st.session_state.pop(_problem(key), ""):
        st.error(plain(problem))
    name = _field(key)
    st.file_uploader(
        label,
        type=list(types),
        key=name,
        on_change=_take,
        args=(key, name, megabytes),
        max_upload_size=megabytes,
        help=f"{words} Up to {megabytes} MB. It is kept in a temporary file, which is deleted when "
        "you remove it, or leave the workbench.",
    )
    return None


def _take(key: str, name: str, megabytes: int) -> None:
    """Keep what a field was given, and empty the field: the next run draws another one."""
    given: UploadedFile | None = st.session_state[name]
    if given is None:
        return
    if given.size > megabytes << 20:  # only the browser checks it
        st.session_state[_problem(key)] = (
            f"{given.name} has more than {megabytes} MB. Name it by its path."
        )
    else:
        st.session_state[_held(key)] = _written(given)
    st.session_state[_count(key)] = st.session_state.get(_count(key), 0) + 1


def of(key: str) -> Path | None:
    """What was uploaded to a field."""
    held: LargeUpload | None = st.session_state.get(_held(key))
    return held.path if held else None


def digest_of(path: Path) -> str:
    """SHA-256 of an upload of this session; empty of any other file."""
    held = (each for each in st.session_state.values() if isinstance(each, LargeUpload))
    return next((each.digest for each in held if each.path == path), "")


def forget(key: str) -> None:
    """Delete the upload of a field."""
    held: LargeUpload | None = st.session_state.pop(_held(key), None)
    if held is not None:
        shutil.rmtree(held.path.parent, ignore_errors=True)


def _written(given: UploadedFile) -> LargeUpload:
    folder = Path(tempfile.mkdtemp(prefix="ser-upload-"))
    name = Path(given.name).name.lstrip(".")
    path = folder / (name[-LONGEST_NAME:] or "recording")
    atomic.write(path, given.getvalue())
    found = LargeUpload(path, hashlib.sha256(given.getbuffer()).hexdigest())
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def _held(key: str) -> str:
    return f"_large_{key}"


def _problem(key: str) -> str:
    return f"_large_{key}_problem"


def _field(key: str) -> str:
    return f"{key}-{st.session_state.get(_count(key), 0)}"


def _count(key: str) -> str:
    return f"_large_{key}_count"
