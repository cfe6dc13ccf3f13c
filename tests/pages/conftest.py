"""Pages are driven by streamlit's AppTest, through `app.py` as in a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from ser_core.settings import REPOSITORY


@pytest.fixture(autouse=True)
def plain_start(monkeypatch):
    monkeypatch.setenv("SER_WARM_UP", "0")
    monkeypatch.delenv("SER_CORPUS", raising=False)
    monkeypatch.chdir(REPOSITORY)  # streamlit reads .streamlit/config.toml from here


@pytest.fixture
def visit():
    """Open a page with query parameters and return the AppTest after its first run."""

    def visit(page="", **params):
        app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=30)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if page:
            app.switch_page(f"pages/{page}.py")
            for name, value in params.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception
        return app

    return visit


@pytest.fixture
def said():
    """Everything a page says in words, as one string."""

    def said(app):
        kinds = ("title", "subheader", "markdown", "caption", "html", "info", "warning", "error")
        return "\n".join(str(e.value) for kind in kinds for e in app.get(kind) if e)

    return said
