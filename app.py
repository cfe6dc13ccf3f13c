"""Entry of the workbench: `streamlit run app.py`. Navigation and the selection, no more.

Streamlit reads this file twice: as a module, for `app`, the server with its check of names; and for
every view of a page, as the script that is run.
"""

from __future__ import annotations

if __name__ == "__main__":
    import streamlit as st

    from pages.components import errors, frame, navigation, theme, warmup

    st.set_page_config(page_icon=theme.ICON, layout="wide")
    theme.apply()
    page = navigation.choose()
    with errors.error_boundary():
        frame.run(page)
    warmup.begin()
else:
    from starlette.middleware import Middleware
    from streamlit.web.server.starlette import App

    from pages.components import live_pages
    from pages.components.host_check import HostCheck

    app = App(__file__, routes=[live_pages.route()], middleware=[Middleware(HostCheck)])
