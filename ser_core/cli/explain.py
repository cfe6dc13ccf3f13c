"""`python -m ser_core explain`: why a model said what it said, and how far that can be believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ser_core.cli import console
from ser_core.cli.explain_bench import Json, Model, Rest, SeenAs, bench, planted
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    Reader,
    ReaderOptions,
    Seen,
    opened,
)
from ser_core.core import ParameterError, count

if TYPE_CHECKING:
    from ser_core.audio import Waveform
    from ser_core.explain import Attribution, ModelInput
    from ser_core.explain.masked_audio import InputFunction, MaskedAudio


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
    help="Explain predictions: attribution maps, their checks, comparison of methods. "
    "`explain --model MODEL FILE` explains a clip.",
)

File = Annotated[Path, typer.Argument(help="Sound file.")]
MethodName = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="Attribution method: grad_cam, lrp, lime, integrated_gradients, smoothgrad, "
        "gradient_x_input, occlusion or attention_rollout. When absent the first that applies of "
        "lrp, integrated_gradients and occlusion.",
    ),
]
Target = Annotated[
    str | None, typer.Option(help="Emotion to explain; the predicted one when absent.")
]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter of the method, as steps=128; can be repeated."),
]
Enrol = Annotated[
    list[Path] | None,
    typer.Option(
        help="File or folder of clips to enrol the speaker with; can "
        "be repeated. No labels are needed."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for the map (NPZ, PNG), masked audio and the prediction."),
]
Hear = Annotated[
    float,
    typer.Option(min=0, max=100, help="Most relevant share (%) that is kept, and deleted."),
]


@app.command("clip")
def clip(
    file: File,
    model: Model,
    method: MethodName = None,
    target: Target = None,
    values: Values = None,
    seen_as: SeenAs = "",
    enrol: Enrol = None,
    seen: Seen = False,
    out: Out = None,
    hear: Hear = 20.0,
    rest: Rest = "usual",
    as_json: Json = False,
) -> None:
    """Attribution map of one clip: checks, relevance by aspect, and a deletion test.

    The prediction is that of `predict` with the same speaker enrolled.
    """
    from ser_core.explain import attributed, make, model_input
    from ser_core.inference.classify import Recording, open_model, recordings

    opened = open_model(model)
    opened = opened.for_seen_speakers() if seen else opened
    waveform = opened.waveform(Recording(str(file), file))
    known = recordings(enrol or ())
    enrolled = opened.enrol_speaker(known) if known else None
    speaker = enrolled.statistics if enrolled else None

    view = model_input(opened.predictor, waveform, speaker, seen=seen)
    view = view.read(opened.reading(speaker))
    method = method or _usual(view, seen_as)
    chosen = make(method, **dict(_parameter(text) for text in values or []))
    with console.progress(method) as report:

        def input_of(sound: Waveform) -> ModelInput:
            if sound is waveform:
                return view
            again = model_input(opened.predictor, sound, speaker, like=view, seen=seen)
            return again.read(opened.reading(speaker))

        found = attributed(view, chosen, view.target(target), seen_as, report)
        parts = _parts(input_of, waveform, found, hear / 100, rest)
        result = _described(view, waveform, found, parts, hear)
        if parts:
            result["the_sound"] = _verdict(input_of, waveform, found, parts, hear / 100, rest)
    result |= _group_shares(view, found)
    result["voice"] = f"known from {count(len(known), 'clip')}" if known else "not known"
    if enrolled is not None and enrolled.doubts([waveform])[0]:
        result["voice"] += "; this may be another speaker"
    if out:
        _write(out, file.stem, found, result, parts)
        result["folder"] = str(out)
    console.show(result, as_json=as_json)


USUAL_METHODS = ("lrp", "integrated_gradients", "occlusion")
"""The first that applies is taken where none is named; the last one always does."""


def _usual(view: ModelInput, seen_as: str) -> str:
    from ser_core.explain import make
    from ser_core.explain.attribution import applicable_features, why_not_applicable

    for name in USUAL_METHODS:
        chosen = make(name)
        seen = seen_as or applicable_features(view, chosen)
        if not why_not_applicable(view, chosen, seen):
            return name
    return USUAL_METHODS[-1]


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


def _parts(
    input_of: InputFunction, waveform: Waveform, found: Attribution, share: float, rest: str
) -> dict[str, MaskedAudio]:
    """What is heard of the most relevant part alone, and of the rest."""
    from ser_core.explain.masked_audio import is_invertible, mask_audio

    if not is_invertible(found.representation):
        return {}
    return {
        name: mask_audio(input_of, waveform, found, share, keep=keep, rest=rest)
        for name, keep in (("kept", True), ("removed", False))
    }


def _group_shares(view: ModelInput, found: Attribution) -> dict[str, Any]:
    """Shapley values of groups of features, where the features have names."""
    from ser_core.explain.feature_groups import group_shares, why_no_groups

    if why_no_groups(found.representation):
        return {}
    shown = group_shares(view, view.target(found.emotion), found.representation.hash)
    signed = {name: f"{value:+.3f}" for name, value in shown.added.items()}
    return {
        "probability_by_feature_group": {
            "average voice": f"{shown.average:.3f}",
            **signed,
            "this clip": f"{shown.probability:.3f}",
        }
    }


def _verdict(
    input_of: InputFunction,
    waveform: Waveform,
    found: Attribution,
    parts: dict[str, MaskedAudio],
    share: float,
    rest: str,
) -> str:
    """Whether the sound bears out the map, beside the same marks in other places."""
    from ser_core.explain.masked_audio import deletion_test

    both = (parts["kept"], parts["removed"])
    trial = deletion_test(input_of, waveform, found, share, parts=both, rest=rest)
    verdicts = ("does not bear out the map", "bears out half of the map", "bears out the map")
    return (
        f"{verdicts[trial.halves]}: kept {trial.kept:.3f}, elsewhere {trial.kept_elsewhere:.3f}; "
        f"removed {trial.removed:.3f}, elsewhere {trial.removed_elsewhere:.3f}"
    )


def _described(
    view: ModelInput,
    waveform: Waveform,
    found: Attribution,
    parts: dict[str, MaskedAudio],
    percent: float,
) -> dict[str, Any]:
    """The answer, the checks, the reading and what the model says of the parts."""
    from ser_core.explain.benchmark import checks_of
    from ser_core.explain.model_input import named
    from ser_core.explain.speech_relevance import relevance_by_aspect

    target, probabilities = view.target(found.emotion), view.probabilities()
    result: dict[str, Any] = {
        "method": found.method.label,
        "explained": found.emotion,
        "answer": view.classes[int(probabilities.argmax())],
        "probabilities": dict(zip(view.classes, map(float, probabilities), strict=True)),
    }
    if len(view.network_inputs) > 1:
        rep = found.representation.hash
        mapped = map(float, view.probabilities_through(rep))
        result["map_explains"] = named(view, rep)
        result["its_probabilities"] = dict(zip(view.classes, mapped, strict=True))
    result |= {
        "seconds": found.seconds,
        "checks": {
            each.title: each.verdict for each in checks_of(view, found, target, costly=True)
        },
        "share_and_area": {
            f"{row.aspect}: {row.part}": f"{row.share:.3f} of the relevance on {row.area:.3f}"
            for row in relevance_by_aspect(found, waveform).itertuples()
        },
    }
    for name, heard in parts.items():
        result[f"probability_with_{percent:g}_percent_{name}"] = float(heard.after[target])
    return result


def _write(
    out: Path, stem: str, found: Attribution, result: dict[str, Any], parts: dict[str, MaskedAudio]
) -> None:
    from ser_core.audio import to_wav
    from ser_core.explain.attribution_files import packed
    from ser_core.plots.explain import print_map
    from ser_core.storage import atomic

    stem = f"{stem}-{found.method.name}-{found.emotion}"
    atomic.write(out / f"{stem}.npz", packed(found))
    atomic.write(out / f"{stem}.png", print_map(found, stem, "png"))
    atomic.write(out / f"{stem}.json", json.dumps(result, ensure_ascii=False, indent=2))
    for name, heard in parts.items():
        atomic.write(out / f"{stem}-{name}.wav", to_wav(heard.waveform))


@app.command("groups")
def groups(
    model: Model,
    corpus: Annotated[Path, typer.Option("--corpus", help="Corpus of the clips.")],
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    clips: Annotated[int, typer.Option(min=2, help="At most so many test clips.")] = 300,
    draws: Annotated[int, typer.Option(min=1, help="Permutations of every group.")] = 10,
    enrolled: Annotated[
        bool, typer.Option(help="Enrol each speaker from these clips, where the model can.")
    ] = True,
    seen_as: SeenAs = "",
    as_json: Json = False,
) -> None:
    """Permutation importance of groups of features: pitch, loudness, spectrum and so on.

    UAR that is lost when the features of a group are exchanged between clips (Breiman, 2001). For
    models on functionals or the librosa vector.
    """
    from ser_core.explain.feature_groups import permutation_importance
    from ser_core.inference.evaluation_clips import choose
    from ser_core.models.predictor import load

    predictor = load(model)
    subset = choose(
        predictor, opened(corpus, reader, label, option, include, own_labels=own_labels), clips
    )
    with console.progress("Exchanging features") as report:
        found = permutation_importance(
            predictor, subset, enrolled=enrolled, representation=seen_as, draws=draws,
            progress=report,
        )  # fmt: skip
    rows = [
        {
            "group": row.group,
            "features": row.features,
            "UAR lost": round(row.loss, 4),
            "spread over draws": round(row.spread, 4),
        }
        for row in found.groups
    ]
    if as_json:
        about = {"uar": found.uar, "clips": found.clips, "badge": found.badge, "draws": draws}
        console.show({**about, "groups": rows}, as_json=True)
        return
    console.output.print(console.table(rows))
    note = f" ({found.badge})" if found.badge else ""
    console.output.print(f"UAR {found.uar:.3f} on {found.clips}{note}; {draws} draws.")


app.command("bench")(bench)
app.command("planted")(planted)
