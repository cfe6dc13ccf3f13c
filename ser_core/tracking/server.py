"""Reading runs through MLflow's client: from a server, or a database that `sql` does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ser_core.tracking import run_tags, store
from ser_core.tracking.kinds import KINDS
from ser_core.tracking.record import Record, number

if TYPE_CHECKING:
    from mlflow.entities import Run

PAGE = 1000


def read(
    *,
    kind: str | None = None,
    parent: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Runs of the workbench, the newest first; those that were deleted are left out."""
    wanted = {f"tags.`{run_tags.KIND}`": kind, f"tags.`{run_tags.PARENT}`": parent}
    wanted["attributes.status"] = status
    terms = [f"{key} = '{value}'" for key, value in wanted.items() if value is not None]
    found = [_record(run) for run in _search(" AND ".join(terms), limit)]
    return [record for record in found if record.kind]


def one(run_id: str) -> Record | None:
    """The run with this id, deleted or not; None when there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return _record(store.client().get_run(run_id))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def history(run_id: str, metric: str | None) -> dict[tuple[str, int], float]:
    """Values by metric and step, ordered; of a step that was logged again, the last."""
    client = store.client()
    names = [metric] if metric is not None else sorted(client.get_run(run_id).data.metrics)
    values = {}
    for name in names:
        for each in sorted(client.get_metric_history(run_id, name), key=_when):
            values[name, each.step] = number(each.value)
    return values


def _when(metric: object) -> tuple[int, int]:
    return metric.step, metric.timestamp  # type: ignore[attr-defined]


def _search(terms: str, limit: int | None) -> list[Run]:
    client = store.client()
    titles = {kind.experiment for _, kind in KINDS.items()}
    known = [client.get_experiment_by_name(title) for title in sorted(titles)]
    ids = [each.experiment_id for each in known if each is not None]
    found: list[Run] = []
    token = None
    while ids and (limit is None or len(found) < limit):
        page = client.search_runs(
            ids,
            terms,
            max_results=PAGE if limit is None else min(PAGE, limit - len(found)),
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        found += page
        token = page.token
        if not token:
            break
    return found


def _record(run: Run) -> Record:
    info, data = run.info, run.data
    return Record(
        info.run_id,
        info.run_name or "",
        info.status,
        info.start_time,
        None if info.status == "RUNNING" else info.end_time,
        info.experiment_id,
        info.artifact_uri,
        dict(data.params),
        {name: number(value) for name, value in data.metrics.items()},
        dict(data.tags),
    )
