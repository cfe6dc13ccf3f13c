"""`python -m ser_core explain`: why a model said what it said, and how far that can be believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ser_core.cli import console
from ser_core.errors import ParameterError

if TYPE_CHECKING:
    from ser_core.audio import Waveform
    from ser_core.explain.attribution import Attribution
    from ser_core.models.predictor import Predictor


class ClipByDefault(TyperGroup):
    """Takes what is no subcommand for a clip: `explain --model PATH FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the default command before its arguments."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["clip", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ClipByDefault,
    no_args_is_help=True,
    help="Explain answers, and check and compare explanations. "
    "`explain --model MODEL FILE` explains a clip.",
)

Model = Annotated[Path, typer.Option("--model", help="Folder of a bundle or of an ensemble.")]
File = Annotated[Path, typer.Argument(help="Sound file.")]
MethodName = Annotated[
    str,
    typer.Option(
        "--method",
        help="grad_cam, lrp, lime, integrated_gradients, smoothgrad, gradient_x_input or "
        "occlusion.",
    ),
]
Target = Annotated[
    str | None, typer.Option(help="Emotion to explain; what the model answers when absent.")
]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter of the method, as steps=128; can be repeated."),
]
Out = Annotated[
    Path | None, typer.Option(help="Folder for the map (NPZ), a picture, sounds and the answer.")
]
Hear = Annotated[
    float,
    typer.Option(min=0, max=100, help="Share of the picture (%) that is kept, and removed."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
CorpusPath = Annotated[Path, typer.Option("--corpus", help="Corpus of the clips.")]
Clips = Annotated[int | None, typer.Option(min=2, help="At most so many test clips.")]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="Only this method; can be repeated.")
]
Fill = Annotated[
    str, typer.Option(help="What takes the place of removed parts: mean, silence or blurred.")
]
Workers = Annotated[int, typer.Option(min=1, help="Worker processes.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
Folder = Annotated[
    Path | None, typer.Option("--out", help="Folder of tables and maps; the page finds its own.")
]
ProgressFile = Annotated[
    Path | None, typer.Option(hidden=True, help="Where a job reports how far it is.")
]


@app.command("clip")
def clip(
    file: File,
    model: Model,
    method: MethodName = "lrp",
    target: Target = None,
    values: Values = None,
    out: Out = None,
    hear: Hear = 20.0,
    as_json: Json = False,
) -> None:
    """Explain one clip: the map, its checks, where it lies, and what is left without it."""
    from ser_core import audio
    from ser_core.explain import attribute, make
    from ser_core.models.predictor import load

    predictor = load(model)
    waveform = audio.load(file, sample_rate=predictor.sample_rate)
    chosen = make(method, **dict(_parameter(text) for text in values or []))
    with console.progress(method) as report:
        found = attribute(predictor, waveform, chosen, target, progress=report)
        result = _described(predictor, waveform, found, hear / 100)
    if out:
        _write(out, file.stem, found, result, waveform, predictor, hear / 100)
        result["folder"] = str(out)
    console.show(result, as_json=as_json)


def _parameter(text: str) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError("is not a parameter", subject=text, remedy="Write --set name=value")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _described(
    predictor: Predictor, waveform: Waveform, found: Attribution, share: float
) -> dict[str, Any]:
    """The answer, the checks, the reading and what the model says of the parts."""
    from ser_core.explain.bench import checks_of
    from ser_core.explain.listening import can_be_heard, listen
    from ser_core.explain.speech import reading
    from ser_core.explain.view import look

    view = look(predictor, waveform)
    target = view.target(found.emotion)
    probabilities = predictor.predict([waveform])[0]
    result: dict[str, Any] = {
        "method": found.method.label,
        "explained": found.emotion,
        "answer": predictor.classes[int(probabilities.argmax())],
        "probabilities": dict(zip(predictor.classes, map(float, probabilities), strict=True)),
        "seconds": found.seconds,
        "checks": {
            each.title: each.verdict for each in checks_of(view, found, target, costly=True)
        },
        "share_and_area": {
            f"{row.aspect}: {row.part}": f"{row.share:.3f} of the relevance on {row.area:.3f}"
            for row in reading(found, waveform).itertuples()
        },
    }
    if can_be_heard(found.representation):
        for name, keep in (("kept", True), ("removed", False)):
            heard = listen(predictor, waveform, found, share, keep=keep)
            result[f"probability_with_{100 * share:g}_percent_{name}"] = float(heard.after[target])
    return result


def _write(
    out: Path,
    stem: str,
    found: Attribution,
    result: dict[str, Any],
    waveform: Waveform,
    predictor: Predictor,
    share: float,
) -> None:
    from ser_core import atomic
    from ser_core.audio import to_wav
    from ser_core.explain.files import packed
    from ser_core.explain.listening import can_be_heard, listen
    from ser_core.plots.explain import print_map

    stem = f"{stem}-{found.method.name}-{found.emotion}"
    atomic.write(out / f"{stem}.npz", packed(found))
    atomic.write(out / f"{stem}.png", print_map(found, stem, "png"))
    atomic.write(out / f"{stem}.json", json.dumps(result, ensure_ascii=False, indent=2))
    if can_be_heard(found.representation):
        for name, keep in (("kept", True), ("removed", False)):
            heard = listen(predictor, waveform, found, share, keep=keep)
            atomic.write(out / f"{stem}-{name}.wav", to_wav(heard.waveform))


@app.command("bench")
def bench(
    model: Model,
    corpus: CorpusPath,
    clips: Clips = None,
    methods: Methods = None,
    fill: Fill = "mean",
    workers: Workers = 1,
    json_file: JsonFile = None,
    out: Folder = None,
    progress_file: ProgressFile = None,
) -> None:
    """Compare all methods on a model's test clips: checks, deletion, insertion, time.

    The same tiles, areas and fill for all; orders by chance beside them; paired intervals over
    clips, or over speakers where the test voices are new. Kept in MLflow too.
    """
    from ser_core import tracking
    from ser_core.corpora import open_corpus
    from ser_core.explain import tracked
    from ser_core.explain.bench import folder_of, plan, run
    from ser_core.explain.faithfulness import Terms

    chosen = plan(
        model, open_corpus(corpus), clips=clips, methods=methods or (), terms=Terms(fill=fill)
    )
    folder = out or folder_of(model)
    name = f"explanations of {model.name}"
    with (
        console.progress("Explaining", progress_file) as report,
        tracking.run(name, "explain", params=tracked.params(chosen)) as record,
    ):
        found = run(chosen, workers=workers, progress=report)
        found.save(folder)
        tracked.record(record, found, folder)
    if json_file:
        console.write_json(json_file, found.summary())
    console.output.print(console.table(_rows(found)))
    console.output.print(tracked.heading(found).replace("**", ""))
    for each, why in found.left_out.items():
        console.output.print(f"[bold yellow]{each}[/] is in no ranking: {why}")
    console.output.print(f"Everything is in {folder}")


def _rows(found: Any) -> list[dict[str, Any]]:
    from ser_core.explain.report import FIGURES

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


@app.command("planted")
def planted(
    clips: Annotated[int, typer.Option(min=4, help="Clips to measure on.")] = 20,
    as_json: Json = False,
) -> None:
    """Train a small network on sounds whose cue is known, and see which methods find it.

    AUC is the chance that a value on the cue is larger than one elsewhere (0.5 is guessing);
    inside is the share of the relevance on the cue, area the share of the picture that it is.
    """
    from ser_core.explain import planted as known

    with console.progress("Training and explaining") as report:
        report(0, 2)
        network = known.trained()
        report(1, 2)
        table = known.summary(known.measured(network, known.clips(clips, seed=99)))
        report(2, 2)
    rows = table.round(3).reset_index(names="method").to_dict("records")
    console.show(
        [{str(name): value for name, value in row.items()} for row in rows], as_json=as_json
    )
