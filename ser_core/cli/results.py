"""`python -m ser_core results`: published figures, what they rest on, and getting them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console, cross_corpus, result_clips
from ser_core.cli.train import carried_out
from ser_core.core import ParameterError, settings

if TYPE_CHECKING:
    from ser_core.runs.published_results import Published

FIGURES = ("uar", "wa", "ece")

app = typer.Typer(no_args_is_help=True, help="Published scores, and how to reproduce them.")
result_clips.register(app)

Only = Annotated[
    list[str] | None, typer.Option(help="Only results whose name begins so; can be repeated.")
]
Results = Annotated[
    Path | None, typer.Option("--results", help="Folder of results; artifacts/results by default.")
]


@app.command()
def show(
    only: Only = None,
    results: Results = None,
    markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False,
) -> None:
    """Every published score with its interval, computed from the published predictions."""
    from ser_core.runs import published_results

    table = published_results.rows(_chosen(only, results))
    if markdown:
        typer.echo(published_results.markdown(table))
    else:
        console.show(table)


@app.command()
def thirteen(
    unseen: Annotated[str, typer.Option(help="Folder of results on unseen speakers.")] = "unseen",
    shared: Annotated[str, typer.Option(help="The same on the random split.")] = "random",
    results: Results = None,
    markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False,
) -> None:
    """Every representation: size, score alone on both splits, and gain in the mean of all."""
    from ser_core.runs import published_results

    table = published_results.every_representation(
        _chosen([f"{unseen}/"], results), _chosen([f"{shared}/"], results)
    )
    if markdown:
        typer.echo(published_results.markdown(table))
    else:
        console.show(table)


@app.command()
def zoo(
    shared: Annotated[str, typer.Option(help="Folder of results on the random split.")] = (
        "zoo-random"
    ),
    unseen: Annotated[str, typer.Option(help="The same on unseen speakers.")] = "zoo-unseen",
    results: Results = None,
    markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False,
) -> None:
    """Every network of the zoo: parameters, scores on both splits, minutes of training."""
    from ser_core.runs import published_results

    table = published_results.networks(
        _chosen([f"{shared}/"], results), _chosen([f"{unseen}/"], results)
    )
    if markdown:
        typer.echo(published_results.markdown(table))
    else:
        console.show(table)


@app.command()
def transductive(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run on unseen speakers.")],
) -> None:
    """Classify all test clips of each speaker together, from a run's predictions; no labels.

    Writes transductive.parquet beside them, from the predictions with enrolled speakers where there
    are some. What is known of how voices differ comes from the other speakers' predictions.
    """
    from ser_core.evaluation import interval
    from ser_core.inference.transductive import classify_together

    before, after = classify_together(run)
    rows = [
        {"classified": how, **{n.upper(): str(interval(p, n, by_speaker=True)) for n in FIGURES}}
        for how, p in (("each clip alone", before), ("all clips of a voice", after))
    ]
    console.show(rows)


@app.command("matrix")
def matrix_(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run on several corpora.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the matrix as this PNG file.")] = None,
    enrolled: Annotated[
        bool, typer.Option("--enrolled", help="Draw that of enrolled speakers.")
    ] = False,
    markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False,
) -> None:
    """Scores by the corpus that trained and the corpus that is tested."""
    from ser_core.runs import published_results

    found = cross_corpus.matrices(run)
    if picture:
        voices = "enrolled" if enrolled else "not enrolled"
        if voices not in found:
            raise ParameterError("the run enrols no speakers", subject=str(run))
        cross_corpus.draw(found[voices], voices, picture)
    if markdown:
        typer.echo(published_results.markdown(published_results.across_corpora(found)))
    else:
        console.show(cross_corpus.rows_of(found))


@app.command()
def keep(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    name: Annotated[str, typer.Argument(help="Name of the result; slashes make folders.")],
    results: Results = None,
) -> None:
    """Publish a run: its test predictions, its summary, and its recipe without paths."""
    from ser_core.runs import published_results

    made = published_results.keep(run, name, results)
    console.output.print(f"{made.name} is in {made.folder}")


@app.command()
def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folder of a finished run or evaluation, or its hash; several are compared."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.html and report.pdf.")],
    metric: Annotated[
        str, typer.Option(help="Metric of a comparison: uar, wa, macro_f1 or ece.")
    ] = "uar",
    enrolled: Annotated[
        bool, typer.Option("--enrolled", help="With enrolled speakers, where that was measured.")
    ] = False,
) -> None:
    """Report of a run, or of a comparison, as one HTML file and one PDF that need nothing else.

    Leak grade of the split, scores with intervals, confusion, emotions, speakers, calibration,
    recipe, model card, and the commands that give it again.
    """
    from ser_core.reports import find_results, report_of, write_report

    _require_comparable(metric)
    found = report_of(find_results(runs), metric, enrolled=enrolled)
    for path in write_report(found, out):
        console.output.print(str(path), soft_wrap=True, markup=False)


def _require_comparable(metric: str) -> None:
    """Refuse a metric that results are not compared by.

    Raises:
        ParameterError: If it is none.
    """
    from ser_core.reports.comparison_report import COMPARABLE

    if metric not in COMPARABLE:
        raise ParameterError(f"metric = {metric!r} must be one of {', '.join(COMPARABLE)}")


@app.command()
def reproduce(
    corpus: Annotated[Path, typer.Option(help="Corpus to train on.")],
    only: Only = None,
    results: Results = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; one where other work shares the cores.")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option(help="Folder of the pretrained encoder, for recipes on one.")
    ] = None,
) -> None:
    """Train every published recipe, and compare with the published scores.

    Recipes on the features of a pretrained encoder need its folder; its weights must be those that
    the published result was made with.

    Results on several corpora are trained again where several are given (corpus join), and only
    these. Finished trainings are not repeated; interrupted ones are resumed.
    """
    from ser_core.corpora import open_corpus

    several = bool(open_corpus(corpus).corpora)
    trained = [
        result for result in _chosen(only, results) if result.recipe and result.is_across == several
    ]
    if not trained:
        raise ParameterError("there is no such result with a recipe", remedy="See results show")
    rows = [_again(result, corpus, threads, encoder) for result in trained]
    console.show(rows)


def _chosen(only: list[str] | None, results: Path | None) -> list[Published]:
    from ser_core.runs import published_results

    every = published_results.published(results)
    return [each for each in every if not only or each.name.startswith(tuple(only))]


def _again(
    result: Published, corpus: Path, threads: int | None, encoder: Path | None
) -> dict[str, Any]:
    from ser_core.evaluation import interval
    from ser_core.recipes.recipe import load

    given = [f"corpus={corpus}", *([f"train.threads={threads}"] if threads else [])]
    assert result.recipe is not None  # noqa: S101  (only such are asked for)
    wanted = load(result.recipe, given)
    if encoder is not None and wanted.representation["name"] == "encoder":
        wanted = load(result.recipe, [*given, f"representation.encoder={encoder}"])
    outcome = carried_out(wanted, settings.home() / "runs" / wanted.hash)
    now = interval(outcome.predictions.part("test"), "uar", by_speaker=not result.speakers_shared)
    return {
        "result": result.name,
        "published UAR": result.figure("uar").value,
        "UAR": now.value,
        "low": now.low,
        "high": now.high,
        "minutes": round(outcome.minutes, 1),
    }
