"""The commands `explain bench` and `explain planted`: how far each method can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    opened,
)

CorpusPath = Annotated[Path, typer.Option("--corpus", help="Corpus of the clips.")]
Clips = Annotated[int | None, typer.Option(min=2, help="At most so many test clips.")]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="Only this method; can be repeated.")
]
Fill = Annotated[str, typer.Option(help="Baseline for deleted parts: mean, silence or blurred.")]
HeardShare = Annotated[
    int,
    typer.Option(
        "--heard",
        min=0,
        max=90,
        help="Deletion test on the sound: most relevant share (%) kept, and deleted; 0 leaves "
        "it out.",
    ),
]
Enrolled = Annotated[
    int,
    typer.Option(
        min=0,
        help="Clips to enrol each speaker with, drawn from those that are not "
        "explained; no labels are used.",
    ),
]
Workers = Annotated[int, typer.Option(min=1, help="Worker processes.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
Folder = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for tables and maps; that of the page Explain when absent."),
]
SeenAs = Annotated[
    str,
    typer.Option(
        help="Representation to attribute, where the members of an ensemble have several: "
        "its name. When absent, the one with the largest weight that the method applies to."
    ),
]
Rest = Annotated[
    str,
    typer.Option(
        help="Baseline of the deletion test on the sound: usual (the median level of each "
        "frequency in the clip) or silence."
    ),
]
Model = Annotated[Path, typer.Option("--model", help="Folder of a bundle or of an ensemble.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


def bench(
    model: Model,
    corpus: CorpusPath,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    clips: Clips = None,
    methods: Methods = None,
    fill: Fill = "mean",
    heard: HeardShare = 20,
    rest: Rest = "usual",
    enrol: Enrolled = 0,
    seen_as: SeenAs = "",
    workers: Workers = 1,
    json_file: JsonFile = None,
    out: Folder = None,
    progress_file: ProgressFile = None,
) -> None:
    """Benchmark of attribution methods on test clips: checks, deletion, insertion, time.

    Tiles, areas and baseline are the same for all, with random orders beside them; paired
    intervals over clips, or over unseen speakers. Logged to MLflow too.
    """
    from ser_core import tracking
    from ser_core.explain import mlflow_logging
    from ser_core.explain.benchmark import folder_of, run
    from ser_core.explain.benchmark_plan import plan
    from ser_core.explain.faithfulness import Terms

    chosen = plan(
        model,
        opened(corpus, reader, label, option, include, own_labels=own_labels),
        clips=clips,
        methods=methods or (),
        terms=Terms(fill=fill, heard=heard, rest=rest),
        enrol=enrol,
        seen_as=seen_as,
    )
    folder = out or folder_of(model)
    name = f"explanations of {model.name}"
    with (
        console.progress("Explaining", progress_file) as report,
        tracking.run(name, "explain", params=mlflow_logging.params(chosen)) as record,
    ):
        found = run(chosen, workers=workers, progress=report)
        found.save(folder)
        mlflow_logging.record(record, found, folder)
    if json_file:
        console.write_json(json_file, found.summary())
    console.output.print(console.table(_rows(found)))
    console.output.print(mlflow_logging.heading(found).replace("**", ""))
    if found.deletion_tests.names:
        console.output.print(console.table(_deletion_rows(found)))
    for each, why in found.left_out.items():
        console.output.print(f"[bold yellow]{each}[/] is in no ranking: {why}")
    missing = found.about.get("left_out") or {}
    for clip, why in missing.items():
        console.output.print(f"[bold yellow]{escape(clip)}[/] is left out: {escape(why)}")
    console.output.print(f"Results are in {folder}")


def _rows(found: Any) -> list[dict[str, Any]]:
    from ser_core.explain.benchmark_report import FIGURES

    places, means = found.ranks(), {figure: found.means(figure) for figure in FIGURES}
    return [
        {
            "method": name,
            "rank": str(places[name]) if name in places else "–",
            **{figure: str(means[figure].mean(name)) for figure in FIGURES},
            "s a clip": round(float(found.times[name].median()), 2)
            if name in found.methods
            else None,
        }
        for name in means["faithfulness"].names
    ]


def _deletion_rows(found: Any) -> list[dict[str, Any]]:
    """How often the sound bears out each map, and by how much."""
    from ser_core.explain.deletion_tests import MARGINS, SHARES

    titles = {"both": "both halves", "keeps": "keeps more by", "loses": "loses more by"}
    return [
        {
            "deletion test": name,
            **{
                titles.get(each, each): str(found.deletion_tests.figure(name, each))
                for each in (*SHARES, *MARGINS)
            },
        }
        for name in found.deletion_tests.names
    ]


def planted(
    clips: Annotated[int, typer.Option(min=4, help="Clips to measure on.")] = 20,
    as_json: Json = False,
) -> None:
    """Synthetic cues: train a small network on sounds with a known cue, and localise it.

    AUC is the probability that a value on the cue exceeds one elsewhere (0.5 is chance);
    inside is the share of the relevance on the cue, area the share of the feature map that it is.
    """
    from ser_core.explain import synthetic_cues as known

    with console.progress("Training and explaining") as report:
        report(0, 2)
        network = known.trained_on_cues()
        report(1, 2)
        table = known.summary(known.measured(network, known.clips(clips, seed=99)))
        report(2, 2)
    rows = table.round(3).reset_index(names="method").to_dict("records")
    console.show(
        [{str(name): value for name, value in row.items()} for row in rows], as_json=as_json
    )
