"""The queue of jobs in the side bar of every page."""

import sys

from ser_core import jobs


def test_a_job_is_seen_on_every_page_until_it_ends(visit, said):
    assert "Jobs:" not in said(visit("export"))
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    job = jobs.start(sleep, title="Measure something", key="measure")
    try:
        app = visit("export")
        assert "Jobs: 1 running" in said(app)
        assert any(link.label == "See the jobs →" for link in app.sidebar.get("page_link"))
        assert "Measure something" in said(visit("train", view="Jobs"))
    finally:
        job.cancel(grace=0.1)
    assert "Jobs:" not in said(visit("export"))
