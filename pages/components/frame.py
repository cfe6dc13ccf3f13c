"""What is around every page: the side bar, and the dock below."""

from __future__ import annotations

import streamlit as st

from pages.components import buttons, dock, job_line, navigation, selection


def run(page: st.Page) -> None:
    """Run a page with everything that `app.py` puts around it."""
    buttons.run_pending()
    selection.load()
    navigation.sidebar(page.url_path)
    with st.sidebar:
        job_line.show(link=page.url_path != "train")
    below = dock.show(page.url_path)
    page.run()
    dock.finish(below, page.url_path)
    navigation.remember(page.url_path)
    buttons.run_pressed()
