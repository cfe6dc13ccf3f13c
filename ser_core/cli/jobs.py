"""`python -m ser_core jobs`: look at jobs, cancel, resume and clear them."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.markup import escape

from ser_core.cli import console
from ser_core.core import JobError, did_you_mean
from ser_core.jobs import Job, State, at_once, jobs, note, remove, resume, set_at_once, to_front
from ser_core.jobs import restore as bring_back

app = typer.Typer(no_args_is_help=True, help="List, cancel, resume and clear jobs.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Which = Annotated[str, typer.Argument(help="Id of the job or its beginning; `last` is the newest.")]
Several = Annotated[list[str], typer.Argument(help="Ids, their beginnings, or `last`.")]


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    as_json: Json = False,
) -> None:
    """List all jobs, the newest first."""
    found = [_summary(job) for job in jobs()]
    at_once()  # looks at the settings of the queue, which may be damaged
    if told := note():
        console.errors.print(escape(told), soft_wrap=True)
    rows = [row for row in found if state is None or row["state"] == str(state)]
    if as_json or rows:
        console.show(rows if as_json else [_readable(row) for row in rows], as_json=as_json)
    else:
        typer.echo("There are no jobs.")


@app.command()
def show(
    which: Which,
    lines: Annotated[int, typer.Option(min=0, help="Lines of its log.")] = 20,
    as_json: Json = False,
) -> None:
    """Show one job: its command, its progress or why it failed, and the end of its log."""
    job = _find(which)
    reason = {"reason": job.reason} if job.state is State.FAILED else {}
    place = {"place": job.place} if job.place else {}
    details = {**_summary(job), **reason, **place, "command": job.shell, "folder": str(job.folder)}
    if as_json:
        console.show({**details, "log": job.log(lines)}, as_json=True)
    else:
        console.show({**_readable(details), "folder": details["folder"]})
        typer.echo(f"\n{job.log(lines)}" if lines and job.log(1) else "")


@app.command()
def cancel(which: Several, as_json: Json = False) -> None:
    """End jobs with everything they started, or take them out of the queue."""
    for job in (found := [_find(each) for each in which]):
        job.cancel()
    _report(found, as_json=as_json)


@app.command("resume")
def resume_(which: Several, as_json: Json = False) -> None:
    """Run jobs again that failed or were cancelled, from where they stopped if they can."""
    _report([resume(_find(each)) for each in which], as_json=as_json)


@app.command()
def front(which: Which, as_json: Json = False) -> None:
    """Make a waiting job the next one."""
    to_front(job := _find(which))
    _report([job], as_json=as_json)


@app.command()
def clear(
    state: Annotated[State | None, typer.Option(help="Only jobs that ended so.")] = None,
    as_json: Json = False,
) -> None:
    """Take ended jobs off the list; `restore` brings them back for 30 days."""
    over = [job for job in jobs() if job.state.is_over and state in (None, job.state)]
    for job in over:
        remove(job)
    ids = [job.id for job in over]
    if as_json:
        console.show({"removed": ids}, as_json=True)
    else:
        typer.echo(f"{len(ids)} removed. To undo: jobs restore {' '.join(ids)}" if ids else "None.")


@app.command()
def restore(ids: Several, as_json: Json = False) -> None:
    """Bring cleared jobs back, by their whole ids."""
    _report([bring_back(each) for each in ids], as_json=as_json)


@app.command("at-once")
def at_once_(
    number: Annotated[int | None, typer.Argument(min=1, help="The new number.")] = None,
    as_json: Json = False,
) -> None:
    """Show or set how many jobs of the queue run at the same time."""
    if number is not None:
        set_at_once(number)
    console.show({"at_once": at_once()}, as_json=as_json)


def _find(which: str) -> Job:
    known = {job.id: job for job in jobs()}
    if which == "last" and known:
        return next(iter(known.values()))
    fitting = [job for name, job in known.items() if name.startswith(which)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(job.id for job in fitting[:5])
        raise JobError("is the beginning of several jobs", subject=which, remedy=f"Choose: {names}")
    remedy = did_you_mean(which, list(known)[:10]) if known else "There are none"
    raise JobError("no such job", subject=which, remedy=remedy)


def _summary(job: Job) -> dict[str, Any]:
    progress = job.progress
    return {
        "id": job.id,
        "title": job.title,
        "state": str(job.state),
        "done": progress.done if progress else None,
        "total": progress.total if progress else None,
        "note": progress.note if progress else "",
        "metrics": progress.metrics if progress else {},
        "seconds_left": progress.remaining if progress and job.state is State.RUNNING else None,
        "seconds": job.seconds,
        "asked": job.started,
        "resumable": job.resumable,
    }


def _readable(summary: dict[str, Any]) -> dict[str, Any]:
    """What a person wants to know of it."""
    left, took = summary["seconds_left"], summary["seconds"]
    done = f"{summary['done']:,} of {summary['total']:,}" if summary["total"] else ""
    chosen = {
        "id": summary["id"],
        "state": summary["state"],
        "title": summary["title"],
        "progress": " ".join(filter(None, (done, summary["note"]))) or None,
        "left": None if left is None else _clock(left),
        "took": None if took is None else _clock(took),
        "asked": time.strftime("%Y-%m-%d %H:%M", time.localtime(summary["asked"])),
    }
    return {
        **chosen,
        **{name: summary[name] for name in ("reason", "place", "command") if name in summary},
    }


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock(59.6), _clock(3725)
    ('0:01:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _report(found: list[Job], *, as_json: bool) -> None:
    rows = [_summary(job) for job in found]
    console.show(rows if as_json else [_readable(row) for row in rows], as_json=as_json)
