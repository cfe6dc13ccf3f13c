"""Which windows or turns of a recording are unlike the training clips, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from ser_core.core import count
from ser_core.inference.prediction_files import UNLIKE
from ser_core.inference.training_domain import LEAST_S

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.inference.classify import InferenceModel

HELP = (
    "Whether the recording is unlike the clips that the model was trained on: its answers are not "
    "tested on such sound. One in twenty of clips like them is, too."
)
MOST = 0.5
"""Share of the parts above which the whole recording is warned of."""


def warn(model: InferenceModel, table: pd.DataFrame, unit: str, mark: str) -> None:
    """Say how many parts of a recording are unlike, and how many are not judged.

    Args:
        model: The model.
        table: A row a part, with `start` and `end`.
        unit: What a part is called.
        mark: How an unlike part is drawn.
    """
    if model.domain is None or UNLIKE not in table:
        return
    known = table[table["answer"] != ""]
    short = int((known["end"] - known["start"] < LEAST_S).sum())
    unlike = int(known[UNLIKE].sum())
    if unlike:
        said = (
            f"**Unlike the clips that the model was trained on ({plain(model.domain.corpus)})**: "
            f"{unlike:,} of {count(len(known), unit)} ({mark}). Another microphone, band, noise, "
            "or no speech; answers on such sound are not tested."
        )
        (st.warning if unlike > MOST * len(known) else st.caption)(said)
    if short:
        st.caption(
            f"{count(short, unit)} under {LEAST_S:g} s: not compared with the training clips, "
            "since so short a part says too little."
        )
