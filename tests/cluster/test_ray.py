"""A real Ray cluster of two nodes on this computer, one of which is killed."""

import sys
import threading
import time
from unittest.mock import patch

import numpy as np
import pandas as pd
import psutil
import pytest

from ser_core.core import ParameterError, demo_corpus
from ser_core.core.cluster import connected, on_cluster
from ser_core.jobs import ProgressFile, State, jobs, start
from ser_core.jobs import folder as files
from ser_core.recipes.recipe import parse
from ser_core.runs import cluster
from ser_core.runs.execute import PROGRESS, run, train_member
from ser_core.storage.feature_store import FeatureStore
from ser_core.sweeps import cluster as sweeps
from ser_core.sweeps.cluster import seen
from ser_core.sweeps.study import TRIALS, carry_out, read_sweep
from ser_core.sweeps.trial import judged
from ser_core.training import store_filling
from ser_core.training.store_filling import fill_store
from tests.sweeps.test_cluster import learning


@pytest.fixture(scope="module")
def home(two_nodes, tmp_path_factory):
    """A runtime folder that the nodes share; this process is a driver, so workers start once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_HOME", str(home))
        patch.setenv("RAY_ADDRESS", two_nodes.address)
        with connected():
            yield home


@pytest.fixture(autouse=True)
def shared(home, monkeypatch):
    monkeypatch.setenv("SER_HOME", str(home))


def recipe(**changes):
    return parse(
        {
            "name": "small",
            "corpus": str(demo_corpus()),
            "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
            "network": {"name": "resnet10", "width": 4},
            "train": {"epochs": 15, "batch": 8, "threads": 1, "precision": "float32"},
            "split": {"policy": "leave-one-speaker-out", "only": [0, 3]},
            **changes,
        }
    )


def where(item):
    """Node that works on an item, and when from and to."""
    import ray

    began = time.time()
    time.sleep(0.2)
    return ray.get_runtime_context().get_node_id(), began, time.time()


def refuse(item):
    raise ParameterError("is not liked", subject=str(item), remedy="Take another")


def gated(recipe, folder, member):
    """Train a member, which stays in its second epoch until a node is lost."""

    class Waiting(ProgressFile):
        def __call__(self, *numbers, **more):
            super().__call__(*numbers, **more)
            while checkpoint.exists() and not (folder / "lost").exists():
                time.sleep(0.05)

    checkpoint = folder / member.name / "checkpoint"
    with (folder / f"{member.name}.began").open("a") as file:
        file.write("begun\n")
    with patch("ser_core.runs.execute.ProgressFile", Waiting):
        return train_member(recipe, folder, member)


class Waiting(sweeps._Teller):
    """Stays in the third epoch of a trial until a node is lost."""

    def _epoch(self, epoch, metrics):
        super()._epoch(epoch, metrics)
        while epoch == 3 and not (self.home.parent.parent / "lost").exists():
            time.sleep(0.05)


def waiting(trial):
    """Train a trial that waits in its third epoch, and count how often it begins."""
    with (trial.home.parent.parent / f"{trial.number}.began").open("a") as file:
        file.write("begun\n")
    return trial.number, judged(trial, ProgressFile(trial.home / PROGRESS), Waiting(trial.home))


def test_tasks_spread_over_nodes_and_no_more_are_asked_for_than_may_wait():
    taken = []

    def items():
        for number in range(6):
            taken.append(number)
            yield number

    found = []
    for result in on_cluster(where, items(), in_flight=2):
        assert len(taken) - len(found) <= 2
        found.append(result)
    assert len(found) == 6
    assert len({node for node, _, _ in found}) == 2


def test_an_error_of_a_task_is_that_of_the_function():
    with pytest.raises(ParameterError) as raised:
        list(on_cluster(refuse, ["it"]))
    assert raised.value.subject == "it"
    assert raised.value.remedy == "Take another"


def kept():
    """Content of the store of the runtime folder, by name of the file."""
    root = FeatureStore().root
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_store_filled_by_tasks_is_that_filled_here(tmp_path, monkeypatch):
    monkeypatch.setattr(store_filling, "STRETCH", 6)
    wanted = recipe(augment={"speeds": [1.1]})
    by_tasks = fill_store(wanted, on_ray=True)
    spread = kept()
    assert by_tasks.computed == len(spread) > 0
    assert fill_store(wanted, on_ray=True).found == by_tasks.computed
    monkeypatch.setenv("SER_HOME", str(tmp_path / "another"))
    assert fill_store(wanted, workers=1) == by_tasks
    assert kept() == spread


def test_members_survive_the_loss_of_a_node_and_predict_what_they_predict_alone(
    two_nodes, tmp_path, until, monkeypatch
):
    monkeypatch.setattr(cluster, "train_member", gated)
    alone = run(recipe(), tmp_path / "alone")
    folder, said = tmp_path / "spread", []

    def kill():
        homes = [folder / f"fold-{fold}-seed-0" for fold in (0, 3)]
        until(lambda: all((home / "checkpoint").exists() for home in homes))
        two_nodes.kill_second()
        (folder / "lost").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    spread = run(
        recipe(), folder, progress=lambda *each: said.append(each), elsewhere=cluster.train_members
    )
    killer.join()
    two_nodes.mend()
    assert sorted(len(each.read_text().split()) for each in folder.glob("*.began")) == [1, 2]
    np.testing.assert_array_equal(spread.predictions.probabilities, alone.predictions.probabilities)
    assert spread.predictions.table.equals(alone.predictions.table)
    assert said[-1][0] == said[-1][1]
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert not list(folder.glob(f"*/{PROGRESS}"))


def test_trials_of_a_sweep_survive_the_loss_of_a_node_and_give_what_they_give_alone(
    two_nodes, tmp_path, until, monkeypatch
):
    monkeypatch.setattr(sweeps, "train_trial", waiting)
    asked, spread = learning(), tmp_path / "spread"
    carry_out(asked, tmp_path / "alone")

    def kill():
        third = lambda home: [epoch for epoch, _ in seen(home)[1]] == [1, 2, 3]  # noqa: E731
        until(lambda: sum(map(third, (spread / TRIALS).glob("*"))) == 2)
        two_nodes.kill_second()
        (spread / "lost").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    carry_out(asked, spread, elsewhere=sweeps.train_trials)
    killer.join()
    two_nodes.mend()
    began = sorted(len(each.read_text().split()) for each in spread.glob("*.began"))
    assert began == [1, 1, 2]
    one, other = (
        read_sweep(each).trials.drop(columns="minutes") for each in (tmp_path / "alone", spread)
    )
    pd.testing.assert_frame_equal(other, one)


WORK = """
import pathlib, sys, time
begun, go = map(pathlib.Path, sys.argv[1:])
with begun.open("a") as file:
    file.write("begun\\n")
while not go.exists():
    time.sleep(0.05)
print("done")
"""


SPREAD = """
from ser_core.core.cluster import on_cluster
print(sorted(on_cluster(abs, [-1, -2])))
"""


@pytest.fixture
def on_ray(two_nodes, tmp_path, monkeypatch):
    """Starts a piece of Python as a job on the cluster; what is left is cancelled."""
    monkeypatch.setenv("SER_RAY", two_nodes.jobs)
    root = tmp_path / "jobs"

    def on_ray(code, *arguments, **options):
        return start(
            [sys.executable, "-c", code, *map(str, arguments)], title="A test", root=root, **options
        )

    yield on_ray
    for job in jobs(root):
        job.cancel(grace=0)


def test_a_job_runs_on_the_cluster_and_ends_as_its_command_does(two_nodes, on_ray, home):
    spread = on_ray(SPREAD, env={"SER_RAY_CPUS": "0"})
    fine = on_ray("import os; print(os.environ['SER_HOME'])")
    broken = on_ray("import sys; print('no'); sys.exit(3)")
    assert fine.wait(150) is State.FINISHED
    assert spread.wait(150) is State.FINISHED
    assert spread.log(1) == "[1, 2]"
    assert broken.wait(150) is State.FAILED
    assert broken.reason == "no"
    assert fine.log().endswith(str(home))
    assert fine.place == f"Ray at {two_nodes.jobs}"


def test_cancelling_ends_the_command_on_its_node(on_ray, tmp_path, until):
    job = on_ray(WORK, tmp_path / "begun", tmp_path / "never")
    until(lambda: (tmp_path / "begun").exists() and files.work(job.folder) is not None)
    process = psutil.Process(files.work(job.folder).pid)
    assert job.state is State.RUNNING
    job.cancel()
    assert job.state is State.CANCELLED
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_a_job_whose_node_dies_is_started_again_on_another(two_nodes, on_ray, tmp_path, until):
    begun, go = [tmp_path / "first", tmp_path / "second"], tmp_path / "go"
    both = [on_ray(WORK, each, go) for each in begun]  # a core each, so a node each
    until(lambda: all(each.exists() for each in begun))
    two_nodes.kill_second()
    time.sleep(2)
    assert [job.state for job in both] == [State.RUNNING, State.RUNNING]
    go.touch()
    assert [job.wait(150) for job in both] == [State.FINISHED, State.FINISHED]
    assert sorted(len(each.read_text().split()) for each in begun) == [1, 2]
    two_nodes.mend()
