"""`python -m ser_core sweep`: a recipe with many settings, compared on validation clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile, on_corpus


def sweep(
    file: Annotated[
        Path,
        typer.Argument(help="YAML file: `recipe`, `sweep` (fields and their ranges), `trials`."),
    ],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change of the recipe; can be repeated.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Corpus, instead of the recipe's.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials in all, instead of the file's.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the sweep; the same command again resumes it, also with more trials.",
        ),
    ] = None,
    on_ray: Annotated[
        bool,
        typer.Option(
            "--ray",
            envvar="SER_RAY_TASKS",
            help="Trials as tasks of the Ray cluster of RAY_ADDRESS, or of this computer.",
        ),
    ] = False,
    progress_file: ProgressFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try settings of a recipe by Optuna, and say which is best on the validation clips.

    No test clip is looked at. The best recipe is written as best.yaml; train it to test it once.
    """
    from ser_core.sweeps.cluster import train_trials
    from ser_core.sweeps.launch import folder_of_sweeps, id_of
    from ser_core.sweeps.space import load_sweep
    from ser_core.sweeps.study import BEST, carry_out, caution, read_sweep

    given = on_corpus(corpus)
    wanted = load_sweep(file, [*given, *(changes or [])], trials)
    folder = out or folder_of_sweeps() / id_of(wanted)
    with console.progress(wanted.name, progress_file) as report:
        carry_out(wanted, folder, report, train_trials if on_ray else None)
    found = read_sweep(folder)
    rows: Any = found.trials.to_dict("records")
    console.show(rows, as_json=as_json)
    best = found.best
    if best is None or as_json:
        return
    out_of = f"the best of {len(found.trials)} trials"
    console.output.print(
        f"Validation UAR {best['value']:.3f} ({best['low']:.3f} to {best['high']:.3f}), {out_of}, "
        f"so somewhat too high. {caution(wanted)}",
        soft_wrap=True,
    )
    console.output.print(f"Recipe: {folder / BEST}", soft_wrap=True, markup=False)
