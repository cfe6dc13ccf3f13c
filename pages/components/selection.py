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
from streamlit.runtime.state.session_state_proxy import get_session_state

from pages.components import permission
from pages.components.errors import plain
from ser_core.core import SerError, files, settings
from ser_core.corpora import (
    label_map_file,
    open_corpus,
    saved_openings,
    snapshot,
)

if TYPE_CHECKING:
    from ser_core.corpora import Corpus, Opening


SOURCE, OF_CORPUS = "source", "Corpus"
"""Key of the choice where a sound comes from, and the choice that is left out of the address."""

OWN = ("Upload", "Microphone")
"""Sources of a sound that is not of the corpus; this session holds it."""

ORDER, UNMET = "_order", "_unmet"


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
    def heard(self) -> str:
        """The clip where it is the sound of all pages; empty while an own sound is."""
        return "" if self.selection.source else self.clip

    @property
    def row(self) -> Any:
        """What the corpus says of the clip: a row of `Corpus.clips`."""
        return self.corpus.clips.loc[self.clip]


def current() -> Selection:
    """The selection in the address."""
    found = {f.name: st.query_params.get(f.name, "") for f in fields(Selection)}
    own = found[SOURCE] in OWN
    return Selection(**{**found, SOURCE: found[SOURCE] if own else ""})


def choose(**changes: str) -> None:
    """Change the selection and the address with it, as the user wants it.

    Another corpus forgets the clip, and may be opened by links from then on. A clip takes the place
    of an own sound. Names beside those of the selection are parameters of the page.
    """
    if "corpus" in changes:
        permission.grant(changes["corpus"])
        changes = {"reader": "", "clip": "", **changes}
    if "clip" in changes:
        changes = {SOURCE: "", **changes}
    if changes.get(SOURCE) == OF_CORPUS:
        changes[SOURCE] = ""
    # What of the address could not be met is forgotten with the choice, if it is still there: Back
    # may have brought another address since.
    unmet = st.session_state[UNMET].items()
    gone = {name: "" for name, value in unmet if st.query_params.get(name) == value}
    write(**{**gone, **changes})


def write(**changes: str) -> None:
    """Change the address in one step, which the browser's Back undoes at once.

    Args:
        changes: Query parameters; an empty one is taken out.
    """
    params = st.query_params
    new = {name: value for name, value in changes.items() if value and params.get(name) != value}
    gone = [name for name, value in changes.items() if not value and name in params]
    # Streamlit makes every change of `st.query_params` a step of its own in the browser's history.
    silent = gone if new else gone[:-1]
    with get_session_state().query_params() as address:
        for name in silent:
            address.discard_param_no_forward_msg(name)
    if new:
        params.update(new)
    elif gone:
        del params[gone[-1]]


def keep_order(corpus: Corpus, clips: list[str]) -> None:
    """Make it the order in which Next goes through the clips of a corpus."""
    st.session_state[ORDER] = (_identity(corpus), clips)


def order(corpus: Corpus) -> list[str]:
    """Clips that can be used, in the order of the table on the page Corpus, as it was last seen."""
    usable = corpus.usable.index
    whose, clips = st.session_state.get(ORDER, ("", []))
    if whose != _identity(corpus):
        return list(usable)
    there = set(usable)
    return [clip for clip in clips if clip in there]


def _identity(corpus: Corpus) -> str:
    return f"{corpus.root}:{corpus.opening.hash if corpus.opening else ''}"


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
    asked = wanted = current()
    corpus, is_default = _corpus(wanted)
    if is_default and wanted.corpus:
        wanted = replace(wanted, corpus="", reader="", clip="")
    clip = _clip(corpus, wanted.clip)
    if clip != wanted.clip:
        wanted = replace(wanted, clip="")
    active = Active(corpus, clip, wanted)
    met = wanted.params()
    st.session_state[UNMET] = {n: v for n, v in asked.params().items() if n not in met}
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
    """The clip if the corpus has it and it can be used; otherwise its first one."""
    if clip and clip not in corpus.usable.index:
        known = clip in corpus.clips.index
        reason = corpus.clips.at[clip, "problem"] if known else f"not in the corpus {corpus.name}"
        st.warning(
            f"The clip {plain(clip)} cannot be shown: {plain(reason)}. Another one is shown."
        )
        clip = ""
    return clip or next(map(str, corpus.usable.index), "")
