"""`python -m ser_core onnx`: try, quantise, compare and time exported files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.cli.export import CorpusPath, show_verdict
from ser_core.cli.options import JsonFile, ProgressFile, Reader

app = typer.Typer(no_args_is_help=True, help="Exported ONNX files: test, quantise, compare, time.")

File = Annotated[Path, typer.Option("--model", help="Exported .onnx file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


@app.command("test")
def answer(
    model: File,
    audio: Annotated[Path, typer.Option(help="Sound file to classify.")],
    as_json: Json = False,
) -> None:
    """Classify one recording, with onnxruntime alone."""
    from ser_core import audio as sound
    from ser_core.models.onnx import open_onnx

    opened = open_onnx(model)
    waveform = sound.load(audio, sample_rate=opened.sample_rate)
    (found,) = opened.predict([waveform])
    best = int(found.argmax())
    console.show(
        {
            "file": str(audio),
            "answer": opened.classes[best],
            "confidence": float(found[best]),
            "uncertain": opened.threshold is None or bool(found[best] < opened.threshold),
            "probabilities": dict(zip(opened.classes, map(float, found), strict=True)),
            "precision": opened.spec.precision,
            "status": opened.spec.status,
        },
        as_json=as_json,
    )


@app.command()
def show(model: File) -> None:
    """Print the card of a file: contents, scores, acceptance test."""
    from ser_core.models.onnx import card, read

    typer.echo(card(read(model)))


@app.command()
def quantize(
    model: File,
    out: Annotated[Path, typer.Option(help="File to write.")],
    precision: Annotated[str, typer.Option(help="int8, w8 or fp16.")] = "int8",
    corpus: CorpusPath = None,
    reader: Reader = None,
    clips: Annotated[int, typer.Option(min=1, help="Clips to calibrate int8 on.")] = 64,
    verify: Annotated[
        int, typer.Option(min=0, help="Clips of the acceptance test; 0 for none.")
    ] = 200,
) -> None:
    """Quantise a file in single precision, with an acceptance test against it."""
    from ser_core.export.acceptance import accept, calibration, corpus_of
    from ser_core.export.onnx_writer import quantised
    from ser_core.models.onnx import open_onnx

    opened = open_onnx(model)
    found = corpus_of(opened, corpus, reader)
    sounds = calibration(opened, None, found, clips)
    with console.progress("Quantising") as report:
        done = quantised(model, out, precision, sounds.sounds, sounds.description)
        verdict = accept(out, model, found, verify, report=report) if verify else None
    before = model.stat().st_size
    console.output.print(f"[bold]{out}[/] ({done.bytes:,} bytes, of {before:,})", soft_wrap=True)
    show_verdict(verdict)
    if verdict is not None and not verdict.passed:
        raise typer.Exit(1)


@app.command()
def compare(
    model: File,
    against: Annotated[Path, typer.Option(help="Folder of the model, or another .onnx file.")],
    corpus: CorpusPath = None,
    reader: Reader = None,
    clips: Annotated[int, typer.Option(min=1, help="How many, drawn evenly.")] = 200,
    mark: Annotated[
        bool, typer.Option("--mark/--no-mark", help="Write the verdict into the file.")
    ] = True,
    json: JsonFile = None,
) -> None:
    """Parity of a file with its model; ends with 1 where they do not agree."""
    from ser_core.export.acceptance import accept, corpus_of
    from ser_core.models.predictor import load

    found = corpus_of(load(against), corpus, reader)
    with console.progress("Comparing") as report:
        verdict = accept(model, against, found, clips, marked=mark, report=report)
    if json:
        console.write_json(json, verdict.as_dict())
    show_verdict(verdict)
    for flip in verdict.flipped[:20]:
        console.output.print(f"  {flip.clip}: {flip.app} became {flip.file}", markup=False)
    if not verdict.passed:
        raise typer.Exit(1)


@app.command()
def bench(
    models: Annotated[
        list[Path], typer.Option("--model", help="Exported .onnx file; can be repeated.")
    ],
    against: Annotated[
        Path | None, typer.Option(help="Folder of the model, to time torch beside them.")
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(help="Sound to classify; a bundled clip when absent.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Length that the sound is cut or repeated to.")
    ] = 2.4,
    threads: Annotated[
        list[int] | None, typer.Option(help="Threads; can be repeated; 1 and 2 when absent.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Predictions of each.")] = 50,
    out: Annotated[Path | None, typer.Option(help="JSON file of the measurements.")] = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Latency of files by turns in one run: median, 95th percentile, and file size."""
    from ser_core import audio as sound
    from ser_core.core import demo_corpus
    from ser_core.export.latency import THREADS, measure, of_length
    from ser_core.models.onnx import read
    from ser_core.models.predictor import load

    source = audio or min((demo_corpus() / "samples").iterdir())
    rate = read(models[0]).sample_rate
    wave = of_length(sound.load(source, sample_rate=rate), seconds)
    model = load(against) if against else None
    with console.progress("Timing", progress_file) as report:
        found = measure(
            models, wave, model=model, threads=threads or THREADS, rounds=rounds, progress=report
        )
    rows = [
        {
            "file": each.name,
            "threads": each.threads,
            "p50_ms": each.p50,
            "p95_ms": each.p95,
            "real_time_factor": each.real_time,
            "bytes": each.bytes,
        }
        for each in found
    ]
    if out:
        console.write_json(out, rows)
    console.show(rows, as_json=as_json)
