"""Where the server of the workbench serves the web pages of models: `/live/NAME/index.html`.

They are the pages that `export --web` writes, below the runtime folder. Whoever may open the
workbench may read them (`host_check`), and nothing else of the disk: the server follows no links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from streamlit import config

from ser_core.core import settings

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = "/live"


def folder() -> Path:
    """Folder of these pages, one folder each; it may be missing."""
    return settings.home() / "live-pages"


def route() -> Mount:
    """The route, for the server."""
    return Mount(ROUTE, StaticFiles(directory=folder(), check_dir=False), name="live")


def address(name: str, theme: str) -> str:
    """Address of a page on the server that asks.

    Args:
        name: Of its folder.
        theme: "light" or "dark".
    """
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return f"{'/' * bool(base)}{base}{ROUTE}/{name}/index.html?within={theme}"
