"""A page of another site cannot read the workbench by making its own name lead here."""

from __future__ import annotations

import contextlib

import pytest

from tests.browser.conftest import FLAGS, STEP

SOCKET = """([url]) => new Promise((resolve) => {
    const socket = new WebSocket(url, ["streamlit"]);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
})"""


@pytest.fixture
def rebound(browser, chromium, app_url):
    """A tab in a Chromium for which two names lead to this computer, and the server's port."""
    rules = "MAP evil.example 127.0.0.1, MAP localhost.evil.example 127.0.0.1"
    kind = browser.browser_type
    launched = kind.launch(
        executable_path=chromium, args=[*FLAGS, f"--host-resolver-rules={rules}"]
    )
    with contextlib.closing(launched) as running:
        context = running.new_context()
        context.set_default_timeout(STEP)
        yield context.new_page(), app_url.rpartition(":")[2]


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example"])
def test_a_name_that_was_made_to_lead_here_gets_no_page_and_no_socket(rebound, name):
    page, port = rebound
    answer = page.goto(f"http://{name}:{port}/")
    assert answer.status == 421
    assert "called by a name that is not its own" in page.inner_text("body")
    # From that page, which the browser takes for one site with the workbench.
    for way in ("/", "/corpus", "/_stcore/health", "/_stcore/host-config"):
        assert page.evaluate("async (way) => (await fetch(way)).status", way) == 421
    sent = "async () => (await fetch('/_stcore/upload_file/a/b', {method: 'PUT'})).status"
    assert page.evaluate(sent) == 421
    assert page.evaluate(SOCKET, [f"ws://{name}:{port}/_stcore/stream"]) == "refused"


def test_its_own_names_are_answered(rebound):
    page, port = rebound
    for name in ("localhost", "127.0.0.1"):
        assert page.goto(f"http://{name}:{port}/").status == 200
        page.get_by_text("nEMO").first.wait_for()
        assert page.evaluate(SOCKET, [f"ws://{name}:{port}/_stcore/stream"]) == "open"
