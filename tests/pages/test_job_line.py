"""The queue of jobs in the side bar of every page."""

import sys

from pages.components.job_progress import time_left
from ser_core import jobs
from ser_core.jobs import Progress
from ser_core.runs.launch import PREPARING, TRAINING


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


def test_the_time_left_of_a_step_is_not_given_as_that_of_the_training():
    assert time_left(Progress(25, 100, 2.5, PREPARING)) == "30 s left of this step"
    assert time_left(Progress(25, 100, 2.5, TRAINING)) == "30 s left"
    assert time_left(Progress(25, 100)) == time_left(None) == ""
