"""Tables of pages."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

from ser_core.plots.palette import EMOTION_COLORS, pale


def height(rows: int, most: int) -> int | Literal["content"]:
    """Height of a table of so many rows that is at most so many pixels high."""
    return "content" if 35 * rows + 40 <= most else most


def answers(table: pd.DataFrame) -> pd.Series[Any]:
    """Predicted emotions for a cell of `answer_column`: those that are uncertain say so.

    Args:
        table: A row a recording with `answer` (empty where there is none) and `uncertain`.
    """
    cells = [
        [_perhaps(name) if unsure else name] if name else []
        for name, unsure in zip(table["answer"], table["uncertain"], strict=True)
    ]
    return pd.Series(cells, index=table.index, dtype=object)


def answer_column(title: str, width: int | None = None) -> Any:
    """Column of predicted emotions in their colours; uncertain ones are pale and say "perhaps"."""
    sure = dict(EMOTION_COLORS)
    unsure = {_perhaps(name): pale(color) for name, color in sure.items()}
    options = sure | unsure
    return st.column_config.MultiselectColumn(
        title, options=list(options), color=list(options.values()), width=width
    )


def _perhaps(emotion: str) -> str:
    return f"perhaps {emotion}"
