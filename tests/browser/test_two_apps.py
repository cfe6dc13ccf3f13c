"""Two workbenches on one runtime folder, and one that is killed and started again during a job."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest
from playwright.sync_api import expect

from ser_core.jobs import State, jobs
from ser_core.soak.corpus import make
from ser_core.storage.opened import remember_opened
from tests.browser.conftest import serving, serving_process

CLIPS = 1500  # some seconds of work, which a page leaves to a job


@pytest.fixture
def corpus(ser_home, tmp_path):
    """A corpus of many short clips that was opened before."""
    ser_home.mkdir()
    folder = tmp_path / "corpus"
    make(folder, CLIPS)
    remember_opened(folder)
    return folder


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def opened(browser, url, corpus):
    page = browser.new_context(base_url=url).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"/corpus?corpus={corpus}&view=Overview")
    return page


def test_a_job_of_one_app_is_seen_by_another_and_outlives_its_own(browser, ser_home, corpus):
    root = ser_home / "jobs"
    with serving(ser_home) as other, serving_process(ser_home) as (url, server):
        mine = opened(browser, url, corpus)
        theirs = opened(browser, other, corpus)
        expect(theirs.get_by_role("button", name="Measure the clips")).to_be_visible()
        mine.get_by_role("button", name="Measure the clips").click()
        until(lambda: jobs(root) and jobs(root)[0].state is State.RUNNING)
        theirs.reload()
        expect(theirs.get_by_role("button", name="Cancel")).to_be_visible()  # the same job
        os.killpg(server, signal.SIGKILL)  # all that the terminal would take with it
        until(lambda: psutil.Process(server).status() == psutil.STATUS_ZOMBIE)
        (job,) = jobs(root)
        assert job.state is State.RUNNING
        with serving(ser_home) as again:
            back = opened(browser, again, corpus)
            expect(back.get_by_role("button", name="Cancel")).to_be_visible()
            assert job.wait(120) is State.FINISHED
            for page in (back, theirs):
                page.reload()
                expect(page.get_by_text("Level", exact=True).first).to_be_visible()
        assert len(jobs(root)) == 1
