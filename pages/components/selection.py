"""The one selection that all pages share: which corpus, which clip or own sound, which model.

It lives in the address of the page (`?corpus=...&clip=...`) and nowhere else, so that a link
reproduces a view and the browser's Back button undoes a choice. Links between pages therefore carry
it along (`navigation.link`): a bare change of page would drop it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import permission
from pages.components.errors import plain
from ser_core.core import SerError, files, settings
from ser_core.corpora import (
    label_map_file,
    open_corpus,
    saved_openings,
    showcase,
    snapshot,
)

if TYPE_CHECKING:
    from ser_core.corpora import Corpus, Opening


SOURCE, OF_CORPUS = "source", "Corpus"
"""Key of the choice where a sound comes from, and the choice that is left out of the address."""


@dataclass(frozen=True)
class Selection:
    """What is chosen; an empty field is the default and is left out of the address.

    Attributes:
        corpus: Path of the corpus as the user gave it, or the name or the file of a kept one.
        reader: Name of the reader, when the user chose one.
        clip: Name of the clip in the corpus.
        source: Where the sound comes from when it is not that clip: an upload or a recording, which
            this session holds.
        model: Key of the model.
    """

    corpus: str = ""
    reader: str = ""
    clip: str = ""
    source: str = ""
    model: str = ""

    def params(self) -> dict[str, str]:
        """The selection as query parameters."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


SHARED = tuple(each.name for each in fields(Selection))
"""Query parameters that all pages share."""


@dataclass(frozen=True)
class Active:
    """What the pages work on, once the selection has been looked up.

    Attributes:
        corpus: The corpus that is open.
        clip: A clip of it that can be played; empty when there is none.
        selection: What was chosen, without what could not be met.
    """

    corpus: Corpus
    clip: str
    selection: Selection

    @property
    def source(self) -> Path:
        """Path by which a job opens the same corpus: of its folder, its table, or how it is read.

        Raises:
            SerError: If how it is read cannot be written for the job.
        """
        opening = self.corpus.opening
        if self.selection.corpus and opening and not _is_plain(self.selection.corpus):
            return snapshot(opening)
        return Path(self.selection.corpus or self.corpus.root).expanduser().absolute()

    @property
    def row(self) -> Any:
        """What the corpus says of the clip: a row of `Corpus.clips`."""
        return self.corpus.clips.loc[self.clip]


def current() -> Selection:
    """The selection in the address; a source that was chosen just now is not there yet."""
    found = {f.name: st.query_params.get(f.name, "") for f in fields(Selection)}
    source = st.session_state.get(SOURCE) or found[SOURCE]
    return Selection(**{**found, SOURCE: "" if source == OF_CORPUS else source})


def choose(**changes: str) -> None:
    """Change the selection and the address with it, as the user wants it.

    Another corpus forgets the clip, and may be opened by links from then on. A clip takes the place
    of an own sound.
    """
    if "corpus" in changes:
        permission.grant(changes["corpus"])
        changes = {"reader": "", "clip": "", **changes}
    if "clip" in changes:
        changes = {SOURCE: "", **changes}
    new = replace(active().selection, **changes)
    for name, value in ((f.name, getattr(new, f.name)) for f in fields(new)):
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def default_corpus() -> Path:
    """The corpus when none is chosen: `SER_CORPUS` of the environment, or the bundled demo."""
    return Path(os.environ.get("SER_CORPUS") or settings.demo_corpus()).expanduser()


def opened(path: str | Path, reader: str = "") -> Corpus:
    """The corpus at a path, cached until something in its folder changes.

    Raises:
        SerError: If it cannot be opened, with the reason.
    """
    kept = saved_openings.found(path)
    if kept:
        return _opened(str(path), reader, (*_stamp(kept.path), *_digits(kept.hash)))
    where = Path(path).expanduser().absolute()
    return _opened(str(where), reader, _stamp(where))


def _is_plain(path: str) -> bool:
    return saved_openings.found(path) is None


def _digits(text: str) -> tuple[float, ...]:
    """A hash as a number, which a key can hold."""
    return (float(int(text, 16)),)


@st.cache_resource(max_entries=6, show_spinner=False)
def _opened(path: str, reader: str, stamp: tuple[float, ...]) -> Corpus:  # noqa: ARG001  (the key)
    return open_corpus(path, reader=reader or None)


def open_as(opening: Opening) -> None:
    """Make a corpus with how it is read the one of all pages; one with a name is kept.

    Raises:
        SerError: If it cannot be written.
    """
    if opening.name:
        saved_openings.save(opening, opening.name)
        choose(corpus=opening.name)
        return
    choose(corpus=str(snapshot(opening)), reader=opening.reader if opening.is_plain else "")


def reopen() -> None:
    """Open every corpus anew, after something was changed of how it is read."""
    _opened.clear()


def _stamp(path: Path) -> tuple[float, ...]:
    """Times of last change of the folder, the tables in it, and the labels the user mapped."""
    is_folder = files.is_folder(path)
    tables = sorted(path.glob("*.?sv")) if is_folder else []
    labels = label_map_file(path if is_folder else path.parent)
    entries = (path, *tables, labels)
    return tuple(entry.stat().st_mtime for entry in entries if os.path.exists(entry))  # noqa: PTH110


def load() -> Active:
    """Look up the selection once per run, saying so where it cannot be met."""
    wanted = current()
    corpus, is_default = _corpus(wanted)
    if is_default and wanted.corpus:
        wanted = replace(wanted, corpus="", reader="", clip="")
    clip = _clip(corpus, wanted.clip)
    if clip != wanted.clip:
        wanted = replace(wanted, clip="")
    active = Active(corpus, clip, wanted)
    st.session_state["_active"] = active
    return active


def active() -> Active:
    """What the pages work on, as `load` found it in this run."""
    found: Active = st.session_state["_active"]
    return found


def _corpus(wanted: Selection) -> tuple[Corpus, bool]:
    """The corpus and whether it is the default one, after saying why if it was not asked for."""
    if wanted.corpus and not permission.granted(wanted.corpus):
        permission.ask(wanted.corpus, "corpus")
    elif wanted.corpus:
        try:
            return opened(wanted.corpus, wanted.reader), False
        except SerError as error:
            st.warning(f"{plain(error)} The default corpus is shown instead.")
    try:
        return opened(default_corpus()), True
    except SerError as error:
        if default_corpus() == settings.demo_corpus():
            raise
        st.warning(f"SER\\_CORPUS: {plain(error)} The bundled demo is shown instead.")
    return opened(settings.demo_corpus()), True


def _clip(corpus: Corpus, clip: str) -> str:
    """The clip if the corpus has it and it can be used; otherwise one to begin with."""
    if not clip:
        return showcase(corpus)
    if clip in corpus.usable.index:
        return clip
    known = clip in corpus.clips.index
    reason = corpus.clips.at[clip, "problem"] if known else f"not in the corpus {corpus.name}"
    st.warning(f"The clip {plain(clip)} cannot be shown: {plain(reason)}. Another one is shown.")
    return showcase(corpus)
