"""The saved splits of a corpus: save the one on the page, open another, delete and undo."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons
from pages.components.errors import plain
from ser_core.core import SerError, count, files
from ser_core.corpora import PARTS, POLICIES, saved_splits

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pages.components.selection import Active
    from ser_core.corpora import Split
    from ser_core.corpora.saved_splits import SavedSplit

HEIGHT = 220  # px of a long list, which scrolls
MANY = 4


def save_buttons(active: Active, split: Split, found: pd.DataFrame | None) -> None:
    """Save and download."""
    name = saved_splits.file_name(split)
    kept = any(each.path.name == name for each in known(active, found))
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons.button(
            "Saved" if kept else "Save the split",
            _try,
            lambda: saved_splits.save(split),
            type="primary",
            disabled=kept,
            help="Saved in the workbench's folder; the page Train can use it.",
        )
        st.download_button(
            "Download as JSON",
            lambda: _as_file(split),
            file_name=name,
            mime="application/json",
            on_click="ignore",
        )
        used = sum(part in PARTS for part in split.table.iloc[:, 0])
        st.caption(f"Hash {split.hash} · {count(used, 'clip')}", width="content")


def _as_file(split: Split) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return files.read_bytes(split.save(Path(folder) / "split.json"))


def known(active: Active, found: pd.DataFrame | None) -> list[SavedSplit]:
    """The saved splits of the corpus, graded again only when a file, or what is known, changes."""
    files = sorted(saved_splits.folder().glob("*.json"))
    stamp = [(path, path.stat().st_mtime_ns) for path in files if path.exists()]
    held = st.session_state.get("_saved_splits")
    if held and held[0] is active.corpus and held[1] is found and held[2] == stamp:
        return list(held[3])
    listed = saved_splits.saved_splits(active.corpus, found)
    st.session_state["_saved_splits"] = (active.corpus, found, stamp, listed)
    return listed


def show(active: Active, shown: Split | None, found: pd.DataFrame | None) -> None:
    """The list, the latest first; nothing while nothing is saved."""
    if "_split_error" in st.session_state:
        st.error(plain(st.session_state.pop("_split_error")))
    listed = known(active, found)
    _undo()
    if not listed:
        return
    st.markdown("**Saved splits of this corpus**")
    here = saved_splits.file_name(shown) if shown else ""
    with st.container(
        border=True, gap="xxsmall", height=HEIGHT if len(listed) > MANY else "content"
    ):
        for each in listed:
            _line(each, here=each.path.name == here)


def _line(each: SavedSplit, *, here: bool) -> None:
    split, name = each.split, each.path.name
    title = POLICIES[split.policy].title if split.policy in POLICIES else split.policy
    grade = f"grade {each.grade}" if each.grade else ":orange-badge[the corpus has changed]"
    when = f"{datetime.fromtimestamp(each.saved):%Y-%m-%d %H:%M}"
    facts = f"seed {split.seed} · {grade} · {split.hash[:8]} · {when}"
    words, actions = st.columns([7, 2], vertical_alignment="center")
    words.markdown(f"**{plain(title)}**  \n:small[{facts}]")
    with actions, st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "Shown" if here else "Show",
            key=f"open-{name}",
            type="tertiary",
            disabled=here or split.policy not in POLICIES,
            on_click=set_controls,
            args=(split,),
        )
        st.button(
            "Delete", key=f"delete-{name}", type="tertiary", on_click=_delete, args=(each.path,)
        )


def set_controls(split: Split) -> None:
    """Set the controls of the page, and with them the address, to what made a split."""
    options = split.options
    state = {"policy": split.policy, "seed": split.seed}
    state |= {name: options[name] for name in ("folds", "group") if name in options}
    if "fractions" in options:
        shares = [round(100 * share) for share in options["fractions"]]
        state |= {"validation-share": shares[1], "test-share": shares[2]}
        state |= {"validated": shares[1] > 0}
    st.session_state.update(state)


def _delete(path: Path) -> None:
    def move() -> None:
        st.session_state["_deleted_split"] = saved_splits.delete(path)

    _try(move)


def _undo() -> None:
    """Say that a split was deleted, with the way back."""
    kept: Path | None = st.session_state.get("_deleted_split")
    if kept and kept.exists():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"Split {plain(kept.stem)} deleted; restorable for {saved_splits.TRASH.days} days."
            )
            st.button(
                "Undo", key="undo-split", on_click=_try, args=(lambda: saved_splits.restore(kept),)
            )


def _try(change: Callable[[], object]) -> None:
    """Make a change; where it fails, say why on the next run of the page."""
    try:
        change()
    except SerError as error:
        st.session_state["_split_error"] = str(error)
