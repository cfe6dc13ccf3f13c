"""Query parameters that several pages have, each with a meaning of its own, such as `tab`.

Streamlit takes a parameter that is bound to a widget of the page one leaves out of the address of
the page one goes to. The browser's Back from Predict to `explain?tab=Atlas` would so lose the tab,
since Predict has a `tab` too. So such a parameter is bound while its page is run, and no longer.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.state.session_state_proxy import get_session_state

NAMES = ("tab", "view", "voices")
PAGE, USED = "_page", "_shared_parameters"


def arrive(page: str) -> None:
    """To be called before a page: on the way to another one, forget what was chosen on the last.

    The session would keep it, and a link's address would not be read.
    """
    if st.session_state.get(PAGE, page) != page:
        for name in NAMES:
            st.session_state.pop(name, None)
        st.session_state.pop(USED, None)
    st.session_state[PAGE] = page


def release() -> None:
    """To be called after a page: its own address ends here, also of a tab that it no longer has."""
    before, bound = st.session_state.get(USED, ()), []
    with get_session_state().query_params() as address:
        for name in NAMES:
            if binding := address.get_binding_for_param(name):  # since this run began
                address.unbind_widget(binding.widget_id)
                bound.append(name)
            elif name in before:
                address.remove_param(name)
    st.session_state[USED] = tuple(bound)
