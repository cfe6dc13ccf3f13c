"""`python -m ser_core export`: a model as an ONNX file, verified against the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    JsonFile,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    opened_as,
)
from ser_core.core import ParameterError

if TYPE_CHECKING:
    from ser_core.export.pipeline import ExportedFile
    from ser_core.export.plan import Plan

Model = Annotated[Path, typer.Option(help="Folder of a model: a bundle or an ensemble.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for the files; needed but with --beside or --web.")
]
Beside = Annotated[
    bool,
    typer.Option(
        "--beside",
        help="Make the model's ONNX copy, model.onnx in its own folder: Predict and predict answer "
        "by it, without torch. Of the precisions (all when absent) the smallest that passes "
        "its test.",
    ),
]
Web = Annotated[
    Path | None,
    typer.Option(
        "--web",
        help="Folder for a web page that runs the model in the browser alone. --model may then "
        "be a file that was exported before.",
    ),
]
Precisions = Annotated[
    list[str] | None,
    typer.Option("--precision", help="fp32, fp16, w8 or int8; can be repeated. fp32 when absent."),
]
NetworkOnly = Annotated[
    bool, typer.Option("--network-only", help="Only the network, without the front-end.")
]
CorpusPath = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        help="Corpus for the acceptance test and for calibrating int8. That of the training, "
        "or the bundled demo, when absent.",
    ),
]
Clips = Annotated[
    int, typer.Option(min=0, help="Clips of the acceptance test, drawn evenly; 0 for none.")
]
Calibrating = Annotated[int, typer.Option(min=1, help="Clips to calibrate int8 on.")]
Zipped = Annotated[
    bool, typer.Option("--zip", help="Also a zip with card, example and report beside each file.")
]


def export(
    model: Model,
    out: Out = None,
    precisions: Precisions = None,
    network_only: NetworkOnly = False,
    corpus: CorpusPath = None,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    clips: Clips = 200,
    calibration_clips: Calibrating = 64,
    zipped: Zipped = False,
    beside: Beside = False,
    web: Web = None,
    json: JsonFile = None,
    progress_file: ProgressFile = None,
) -> None:
    """Export a model as ONNX, from waveform to calibrated probabilities.

    Every file passes an acceptance test: parity with the app on real clips. One that fails is
    marked as failed, and the command ends with 1.
    """
    from ser_core.export.plan import Plan
    from ser_core.models.onnx_metadata import PRECISIONS

    if web is not None:
        _require_page(web, precisions, beside=beside, network_only=network_only)
        if model.suffix == ".onnx":
            _page_of(model, web)
            return
    folder = _folder(out, model, beside=beside, web=web)
    if corpus:
        corpus = opened_as(corpus, reader, label, option, include, own_labels=own_labels)
    plan = Plan(
        model=model,
        out=folder,
        precisions=tuple(precisions or (PRECISIONS if beside else ["fp32"])),
        whole=not network_only,
        corpus=corpus,
        reader=reader,
        clips=clips,
        calibrating=calibration_clips,
        zipped=zipped,
        beside=beside,
    )
    if beside:
        _copied(plan, json, progress_file)
        return
    products = _carried_out(plan, progress_file)
    if json:
        console.write_json(json, {"files": [_plain(each) for each in products]})
    _show(products)
    if web and products[0].passed:
        _page_of(products[0].exported.path, web)
    failed = [each.exported.path.name for each in products if not each.passed]
    if failed:  # the last line is what a page tells of a job that failed
        words = "does not answer" if len(failed) == 1 else "do not answer"
        console.output.print(f"{' and '.join(failed)} {words} as the model does.", markup=False)
        raise typer.Exit(1)


def _folder(out: Path | None, model: Path, *, beside: bool, web: Path | None) -> Path:
    """Where the files go; without a name that of the page Export, or the model's own.

    Raises:
        ParameterError: If none is named, and none is known.
    """
    from ser_core.export.plan import folder_of

    if out is None and not (beside or web):
        raise ParameterError(
            "no folder for the files is named",
            subject="--out",
            remedy="Name one, or use --beside or --web",
        )
    return out or (model if beside else folder_of(model))


def _require_page(
    web: Path, precisions: list[str] | None, *, beside: bool, network_only: bool
) -> None:
    """Refuse early what no page can be made of, or a folder that it would spoil.

    Raises:
        ParameterError: If there is such a thing.
    """
    from ser_core.export.web_page import check_folder

    if beside or network_only or len(precisions or [0]) > 1:
        raise ParameterError(
            "a web page is made of one file of a whole model",
            subject="--web",
            remedy="Leave out --beside and --network-only, and name one --precision",
        )
    check_folder(web)


def _page_of(file: Path, web: Path) -> None:
    """Write the web page of an exported file, and say how to open it."""
    import shlex

    from ser_core.export.web_page import write_web_page
    from ser_core.plots.palette import emotion_color

    page = write_web_page(file, web, emotion_color)
    size = sum(path.stat().st_size for path in web.rglob("*") if path.is_file())
    console.output.print(
        f"{page} ({size / 1e6:.1f} MB). Open it by a web server:\n"
        f"  python3 -m http.server --bind 127.0.0.1 8000 --directory {shlex.quote(str(web))}",
        soft_wrap=True,
        markup=False,
    )


def _copied(plan: Plan, json: Path | None, progress_file: Path | None) -> None:
    """Make the ONNX copy, and print what was tried and what is in the folder now."""
    from ser_core.export.copy_beside import copy_beside

    with console.progress("Export", progress_file) as report:
        result = copy_beside(plan, report)
    if json:
        tried = [
            {
                "precision": each.precision,
                "bytes": each.bytes,
                "problem": each.problem,
                "verification": each.verification.as_dict() if each.verification else None,
            }
            for each in result.tried
        ]
        console.write_json(json, {"file": str(result.copy.path), "tried": tried})
    for each in result.tried:
        console.output.print(f"[bold]{each.precision}[/] ({each.bytes / 1e6:.2f} MB)")
        if each.verification is None:
            console.output.print(f"  {each.problem}", soft_wrap=True, markup=False)
        else:
            show_verdict(each.verification)
    whole = sum(path.stat().st_size for path in plan.model.rglob("*") if path.is_file())
    console.output.print(
        f"{result.copy.path} is written ({result.copy.spec.precision}, "
        f"{result.copy.bytes / 1e6:.2f} MB); the folder has {whole / 1e6:.1f} MB.",
        soft_wrap=True,
        markup=False,
    )


def _carried_out(plan: Plan, progress_file: Path | None) -> list[ExportedFile]:
    """With what came out kept in MLflow."""
    from ser_core import tracking
    from ser_core.export.pipeline import run_pipeline

    params = {name: str(value) for name, value in vars(plan).items() if value is not None}
    with (
        console.progress("Export", progress_file) as report,
        tracking.run(f"Export: {plan.model.name}", "export", params=params) as run,
    ):
        products = run_pipeline(plan, report)
        for each in products:
            _track(run, each)
    return products


def _track(run: Any, product: ExportedFile) -> None:
    from ser_core.export.package import report as written
    from ser_core.models.onnx import read

    precision, found = product.exported.spec.precision, product.verification
    run.metrics({f"bytes.{precision}": product.exported.bytes})
    if found:
        names = ("agreement", "max_abs_probability", "max_abs_logit")
        run.metrics({f"{name}.{precision}": getattr(found, name) for name in names})
    run.tags({f"file.{precision}": product.exported.path})
    run.text(f"report-{precision}.md", written(read(product.exported.path)))


def _plain(product: ExportedFile) -> dict[str, Any]:
    found = product.verification
    return {
        "file": str(product.exported.path),
        "precision": product.exported.spec.precision,
        "bytes": product.exported.bytes,
        "passed": product.passed if found else None,
        "zip": str(product.archive) if product.archive else None,
        "notes": list(product.exported.spec.notes),
        "verification": found.as_dict() if found else None,
    }


def _show(products: list[ExportedFile]) -> None:
    for each in products:
        size = each.exported.bytes / 1e6
        console.output.print(f"[bold]{each.exported.path}[/] ({size:.2f} MB)", soft_wrap=True)
        for note in each.exported.spec.notes:
            console.output.print(f"  {note}", soft_wrap=True, markup=False)
        show_verdict(each.verification)


def show_verdict(found: Any) -> None:
    """Print what the acceptance test found: the verdict, on what, and the change in UAR."""
    if found is None:
        console.output.print("  Not verified.")
        return
    colour = "green" if found.passed else "bold red"
    console.output.print(f"  [{colour}]{found.said}[/]", soft_wrap=True)
    console.output.print(
        f"  {found.n:,} predictions: {found.clips}, {found.shortest:.2f} to {found.longest:.2f} s "
        f"long, against {found.against}.",
        soft_wrap=True,
        markup=False,
    )
    if found.uar:
        uar = found.uar
        ends = f" ({uar['low']:+.4f} to {uar['high']:+.4f})" if uar["low"] is not None else ""
        badge = f" [{uar['badge']}]" if uar["badge"] else ""
        console.output.print(
            f"  UAR {uar['file']:.3f}, of the model {uar['app']:.3f}: {uar['difference']:+.4f}"
            f"{ends}{badge}",
            soft_wrap=True,
            markup=False,
        )
