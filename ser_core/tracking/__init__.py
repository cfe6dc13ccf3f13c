"""The one door to MLflow: write runs, look them up, close what was abandoned.

    with tracking.run("log-mel ResNet18", params={"optim": {"lr": 2e-3}}) as run:
        run.metrics({"val_uar": 0.61, "val_loss": 1.02}, step=1)
        run.artifact(bundle, "bundle")

    table = tracking.runs(kind="training")
    curve = tracking.history(table["id"][0], "val_uar")

MLflow is imported by the first write; reading a SQLite or PostgreSQL store never needs it. The
store is `mlflow.db` in the runtime folder, or `MLFLOW_TRACKING_URI`; `mlflow ui` shows it.
"""

from ser_core.tracking.changing import abandoned, delete, reconcile, restore
from ser_core.tracking.kinds import KINDS
from ser_core.tracking.reading import (
    artifact,
    artifacts,
    children,
    histories,
    history,
    newest_by,
    one,
    runs,
)
from ser_core.tracking.record import Record
from ser_core.tracking.running import resume, run
from ser_core.tracking.store import environment, is_local, shown_uri, uri
from ser_core.tracking.writing import Run

__all__ = [
    "KINDS",
    "Record",
    "Run",
    "abandoned",
    "artifact",
    "artifacts",
    "children",
    "delete",
    "environment",
    "histories",
    "history",
    "is_local",
    "newest_by",
    "one",
    "reconcile",
    "restore",
    "resume",
    "run",
    "runs",
    "shown_uri",
    "uri",
]
