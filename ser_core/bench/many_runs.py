"""What the list of results costs where the store holds very many runs."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ser_core import tracking
from ser_core.bench.scripts import run_script
from ser_core.core import REPOSITORY, ParameterError, files
from ser_core.core.plain_yaml import load_yaml
from ser_core.runs import catalogue, mlflow_sync
from ser_core.runs.run_notes import annotate
from ser_core.storage import atomic, kept_values
from ser_core.tracking import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEMPLATE = "template"
"""Name of the run that is written through MLflow and copied in the database."""

_NUMBERS = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :runs) "
)
_ID = "'made' || CAST(100000000 + n AS VARCHAR(9))"
_COPIES = {
    "runs": "run_uuid, name, status, start_time, end_time, experiment_id, artifact_uri, "
    "lifecycle_stage, user_id, source_name, source_type, source_version, entry_point_name",
    "params": "run_uuid, key, value",
    "tags": "run_uuid, key, value",
    "latest_metrics": "run_uuid, key, value, timestamp, step, is_nan",
}
_CHANGED = {
    "run_uuid": _ID,
    "start_time": "start_time + n",
}
_HASH = f"CASE WHEN key = 'recipe_hash' THEN {_ID} ELSE value END"

PAGE = """
import os, sys, tempfile, time, json
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=600)
home = os.environ["SER_HOME"]
with tempfile.TemporaryDirectory() as empty:
    os.environ["SER_HOME"] = empty
    app.run()
    app.switch_page("pages/results/page.py").run()
    time.sleep(5)  # the first model is opened in the background
os.environ["SER_HOME"] = home
app.switch_page("pages/results/page.py")
times = []
for _ in range(int(sys.argv[1])):
    begun = time.perf_counter()
    app.run()
    times.append(time.perf_counter() - begun)
    assert not app.exception, app.exception
print(json.dumps(times))
"""
"""Runs the script of the page as the server does, in a process of its own that has loaded the
libraries by a visit without runs and has stood for some seconds."""

SUMMARY = {
    "split": {"audit": {"grade": "A", "validation_grade": "A", "reading": "made up"}},
    "members": 9,
    "clips": 403,
    "minutes": 12.5,
    "finished": 1.7e9,
    "test": {
        name: {"value": 0.5, "low": 0.4, "high": 0.6, "method": "bootstrap over 403 clips"}
        for name in ("uar", "wa")
    },
}
"""Of a run that never was."""


@dataclass(frozen=True)
class ManyRuns:
    """Times in seconds.

    Attributes:
        runs: In the store, each with a folder here.
        store: Kind of database.
        missing_s: Asking the store which runs have no folder here; median.
        list_unread_s: Reading the list of all runs where none was ever read.
        list_s: Reading it again; median.
        page_unread_s: Script of the page Results where nothing was ever read.
        page_first_s: The same, first visit of another process, which finds what the one before
            kept.
        page_s: The same, later visits; median.
    """

    runs: int
    store: str
    missing_s: float
    list_unread_s: float
    list_s: float
    page_unread_s: float
    page_first_s: float
    page_s: float

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def measure(
    runs: int,
    home: Path,
    rounds: int = 5,
    address: str = "",
    announce: Callable[[str], None] = lambda _step: None,
) -> ManyRuns:
    """Make many runs in an empty store, and measure what a visit of the page Results costs.

    Args:
        runs: How many.
        home: Runtime folder, an empty one.
        rounds: Times that each step is done again.
        address: Of an empty store; a SQLite file in the runtime folder when empty.
        announce: Called with the name of each step as it begins.

    Raises:
        ParameterError: If the store holds runs.
        SerError: If it cannot be written.
    """
    given = {"SER_HOME": str(home), store.ROOT: str(home / "mlruns"), store.URI: address}
    with _environment(given):
        if not tracking.runs(limit=1).empty:
            raise ParameterError(
                "holds runs; made-up ones would stand among them",
                subject=tracking.shown_uri(),
                remedy="Give an empty database",
            )
        announce(f"making {runs:,} runs")
        fill(runs)
        root = catalogue.folder_of_runs()
        announce("asking the store")
        asked = [_seconds(lambda: mlflow_sync.missing(root)) for _ in range(rounds)]
        announce("reading the list")
        listed = [_seconds(catalogue.runs) for _ in range(rounds + 1)]
        announce("opening the page")
        shutil.rmtree(home / kept_values.FOLDER, ignore_errors=True)
        unread = _pages(1)
        pages = _pages(rounds + 1)
    rest = [statistics.median(each[1:]) for each in (listed, pages)]
    return ManyRuns(
        runs,
        "SQLite" if not address else address.partition(":")[0],
        missing_s=round(statistics.median(asked), 3),
        list_unread_s=round(listed[0], 3),
        list_s=round(rest[0], 3),
        page_unread_s=round(unread[0], 3),
        page_first_s=round(pages[0], 3),
        page_s=round(rest[1], 3),
    )


def fill(runs: int) -> None:
    """Write a run through MLflow and copy it in the database; a folder of each lies here.

    Recipes are the bundled ones, in turn. Each run has the description of a model, of those of the
    bundled model in turn, and every tenth a tag.
    """
    recipes = [load_yaml(files.read_text(each)) for each in sorted(RECIPES.glob("*.yaml"))]
    recipes = [each for each in recipes if isinstance(each, dict) and "representation" in each]
    params = {**recipes[0], "recipe_hash": TEMPLATE}
    with tracking.run(TEMPLATE, params=params) as run:
        run.metrics({f"test_{name}{end}": 0.5 for name in ("uar", "wa") for end in ("", "_low")})
    _copy(run.id, runs)
    root = catalogue.folder_of_runs()
    bundles = [files.read_text(each) for each in sorted(MODELS.glob("*/*/bundle.json"))]
    for number in range(1, runs + 1):
        content = {**recipes[number % len(recipes)], "name": f"run {number}", "corpus": "made up"}
        folder = root / f"made{100_000_000 + number}"
        folder.mkdir(parents=True)
        atomic.write(folder / "recipe.yaml", yaml.safe_dump(content))
        summary = {**SUMMARY, "finished": 1.7e9 + number}
        atomic.write(folder / "summary.json", json.dumps(summary))
        bundle = bundles[number % len(bundles)]
        atomic.write(folder / "fold-0-seed-0" / "bundle" / "bundle.json", bundle)
        if number % NOTED == 0:
            annotate(folder, [f"tag {number % 7}"], "")
    tracking.delete(run.id)


RECIPES = REPOSITORY / "recipes"
MODELS = REPOSITORY / "artifacts" / "pretrained" / "members"
NOTED = 10


def _copy(run_id: str, runs: int) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(tracking.uri())
    with engine.begin() as connection:
        for table, columns in _COPIES.items():
            names = columns.split(", ")
            values = [_HASH if name == "value" and table == "params" else name for name in names]
            values = [_CHANGED.get(value, value) for value in values]
            # Names alone are put together here, no value from outside.
            insert = (
                f"INSERT INTO {table} ({columns}) {_NUMBERS}"  # noqa: S608
                f"SELECT {', '.join(values)} FROM {table}, numbers WHERE run_uuid = :run"
            )
            connection.execute(text(insert), {"run": run_id, "runs": runs})
    engine.dispose()


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _pages(visits: int) -> list[float]:
    found: list[float] = run_script(PAGE, str(visits), subject="page Results")
    return found


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """Variables for a while; those without a value are taken away."""
    before = {name: os.environ.get(name) for name in given}
    _put(given)
    try:
        yield
    finally:
        _put(before)


def _put(given: Mapping[str, str | None]) -> None:
    for name, value in given.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
