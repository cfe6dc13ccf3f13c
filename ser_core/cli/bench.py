"""`python -m ser_core bench`: speed, side by side in one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.core import settings

if TYPE_CHECKING:
    from ser_core.corpora import Corpus

app = typer.Typer(no_args_is_help=True, help="Benchmarks of speed, side by side in one run.")

CorpusPath = Annotated[Path, typer.Option("--corpus", help="Corpus whose clips are used.")]
Clips = Annotated[int, typer.Option(min=1, help="How many clips, spread over the corpus.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]


@app.command("representations")
def representations(corpus: CorpusPath, clips: Clips = 60, json_file: JsonFile = None) -> None:
    """Time the thirteen representations here against plain librosa calls.

    The same clips and parameters, one thread, CPU time, by turns on each clip.
    """
    from ser_core.audio import load
    from ser_core.bench.representations import compare_with_librosa
    from ser_core.corpora import open_corpus

    opened = open_corpus(corpus)
    waveforms = [load(opened.path(clip)) for clip in _spread(opened, clips)]
    with console.progress("Comparing") as report:
        speed = compare_with_librosa(waveforms, report)
    rows = [
        {
            "representation": name,
            "librosa ms": round(speed.librosa_ms[name], 2),
            "here ms": round(speed.ours_ms[name], 2),
            "ratio": round(ratio, 1),
        }
        for name, ratio in speed.ratio.items()
    ]
    total = round(sum(speed.librosa_ms.values()), 1)
    rows.append(
        {
            "representation": "all together",
            "librosa ms": total,
            "here ms": round(speed.ours_all_ms, 1),
            "ratio": round(speed.ratio_all, 1),
        }
    )
    console.output.print(console.table(rows))
    console.output.print(
        f"CPU time a clip on one thread, {speed.clips} clips of "
        f"{speed.seconds_of_sound / speed.clips:.1f} s on average; peak memory of a process that "
        f"represents: {speed.peak_mb:.0f} MB (torch and its CUDA parts included)."
    )
    _write(json_file, speed.as_dict())


@app.command("store")
def store(corpus: CorpusPath, clips: Clips = 400, json_file: JsonFile = None) -> None:
    """Time a pass over clips on one core, on all cores, and again through the store."""
    from ser_core.bench.extraction import compare_passes
    from ser_core.corpora import open_corpus
    from ser_core.features.representations import REPRESENTATIONS, make

    opened = open_corpus(corpus)
    files = {clip: opened.path(clip) for clip in _spread(opened, clips)}
    every = [make(name) for name in REPRESENTATIONS]
    passes = compare_passes(files, every, lambda step: console.errors.print(f"{step} …"))
    console.show(passes.as_dict())
    _write(json_file, passes.as_dict())


EncoderPath = Annotated[Path, typer.Option(help="Folder of a pretrained encoder.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds of both, by turns.")]


@app.command("encoder")
def encoder(
    encoder: EncoderPath,
    corpus: CorpusPath,
    clips: Clips = 40,
    rounds: Rounds = 3,
    json_file: JsonFile = None,
) -> None:
    """Time features of a pretrained encoder here against a plain loop of transformers.

    Mean and spread of all layers, the same weights, clips and number of cores, by turns. The plain
    loop takes one clip a call; the feature extractor of Whisper pads it to 30 s.
    """
    from ser_core.audio import load
    from ser_core.bench.encoder import compare_with_transformers
    from ser_core.corpora import open_corpus
    from ser_core.features.representations import make

    rate = make("encoder", encoder=str(encoder)).sample_rate
    opened = open_corpus(corpus)
    sounds = [load(opened.path(clip), sample_rate=rate) for clip in _spread(opened, clips)]
    speed = compare_with_transformers(
        encoder, sounds, rounds, lambda step: console.errors.print(f"{step} …")
    )
    rows = [
        {"round": number, "plain ms": 1000 * plain, "here ms": 1000 * ours, "ratio": plain / ours}
        for number, (plain, ours) in enumerate(zip(speed.plain_s, speed.ours_s, strict=True), 1)
    ]
    console.output.print(console.table(rows))
    console.output.print(
        f"Milliseconds a clip of {speed.seconds_of_sound:.1f} s on average; {speed.clips} clips, "
        f"{speed.threads} cores. Median ratio {speed.ratio:.1f}. Greatest difference on "
        f"{speed.checked_on}: {speed.difference:.2g}, of values up to {speed.scale:.2g}."
    )
    _write(json_file, speed.as_dict())


RecipeNames = Annotated[list[str], typer.Argument(help="Recipes: YAML files or bundled names.")]
Turns = Annotated[int, typer.Option(min=3, help="Times that each network is run, by turns.")]


@app.command("networks")
def networks(recipes: RecipeNames, rounds: Turns = 20, json_file: JsonFile = None) -> None:
    """Time the networks of recipes on a clip of 2.4 s, one thread, CPU time, by turns.

    From the sound to the logits; weights are as they begin, since they do not change the time.
    """
    from ser_core.bench.networks import time_networks
    from ser_core.recipes.recipe import load

    wanted = {Path(name).stem: load(Path(name), ["corpus=anywhere"]) for name in recipes}
    with console.progress("Timing") as report:
        speeds = time_networks(wanted, rounds, report)
    rows = [
        {
            "recipe": each.name,
            "parameters": f"{each.parameters:,}",
            "ms a clip": round(each.ms, 1),
            "of these, the network": round(each.network_ms, 1),
        }
        for each in speeds
    ]
    console.output.print(console.table(rows))
    if json_file is not None:
        _write(json_file, {"speeds": [each.as_dict() for each in speeds]})


AnsweringModel = Annotated[
    Path | None, typer.Option("--model", help="Folder of a model; the bundled one when absent.")
]
Sound = Annotated[
    Path | None,
    typer.Option("--audio", help="Sound file; 2.4 s of a bundled clip when absent."),
]
InBrowser = Annotated[
    bool,
    typer.Option("--browser", help="In Chromium: from the drop of a file to the answer."),
]
BothWays = Annotated[int, typer.Option("--rounds", min=1, help="Rounds of both ways, by turns.")]


@app.command("first-answer")
def first_answer(
    model: AnsweringModel = None,
    audio: Sound = None,
    browser: InBrowser = False,
    rounds: BothWays = 5,
    json_file: JsonFile = None,
) -> None:
    """Time the first answer of fresh processes, by the ONNX copy of a model and by torch.

    Each process starts, imports, opens the model and classifies one clip. With --browser each is a
    fresh `streamlit run app.py`, with the bundled model.
    """
    import tempfile

    from ser_core.bench.first_answer import ONNX, TORCH, compare_in_browser, compare_processes
    from ser_core.inference.catalogue import bundled_folder

    announce = lambda step: console.errors.print(f"{step} …")  # noqa: E731
    with tempfile.TemporaryDirectory() as place:
        clip = audio or _short_clip(Path(place))
        if browser:
            found = compare_in_browser(clip, rounds, announce)
        else:
            found = compare_processes(model or bundled_folder(), clip, rounds, announce)
    stages = list(found.times[ONNX][0])
    rows = [
        {"way": way, **{f"{stage} s": round(found.median(way, stage), 3) for stage in stages}}
        for way in (ONNX, TORCH)
    ]
    console.output.print(console.table(rows))
    console.output.print(
        f"Medians of {rounds} rounds by turns. torch / onnx of the total: {found.ratio:.1f} "
        f"({found.ratio_low:.1f} to {found.ratio_high:.1f})."
    )
    _write(json_file, found.as_dict())


Minutes = Annotated[
    list[float] | None,
    typer.Option("--minutes", help="Length of a recording; can be repeated. 1 and 60 when absent."),
]
Kind = Annotated[str, typer.Option("--kind", help="Format of the file: wav, flac, mp3 or ogg.")]


@app.command("long-recording")
def long_recording(
    model: AnsweringModel = None,
    minutes: Minutes = None,
    kind: Kind = "flac",
    json_file: JsonFile = None,
) -> None:
    """Measure time and largest memory of `predict --timeline` on recordings of these lengths.

    The recordings are the bundled clips, again and again; each is predicted in a fresh process.
    """
    from ser_core.bench.long_recording import measure
    from ser_core.inference.catalogue import bundled_folder

    announce = lambda step: console.errors.print(f"{step} …")  # noqa: E731
    found = measure(model or bundled_folder(), minutes or [1, 60], kind, announce=announce)
    rows = [
        {
            "minutes": each.minutes,
            "file": each.kind,
            "windows": each.rows,
            "seconds": round(each.seconds, 1),
            "largest memory, MB": round(each.peak_mb),
        }
        for each in found
    ]
    console.output.print(console.table(rows))
    _write(json_file, {"runs": [dict(vars(each)) for each in found]})


def _short_clip(folder: Path) -> Path:
    """A bundled clip, repeated or cut to 2.4 s, as a WAV file."""
    from ser_core import audio
    from ser_core.export.latency import SECONDS, of_length

    source = min((settings.demo_corpus() / "samples").iterdir())
    file = folder / "clip.wav"
    file.write_bytes(audio.to_wav(of_length(audio.load(source), SECONDS)))
    return file


TrainingCorpus = Annotated[
    Path | None,
    typer.Option("--corpus", help="Corpus for the short trainings; the demo when absent."),
]
TargetWa = Annotated[
    float | None,
    typer.Option(min=0.2, max=1, help="Also train until this validation accuracy (WA)."),
]
Busy = Annotated[
    bool,
    typer.Option("--busy", help="Also time steps beside a process that keeps a core busy."),
]
Pairs = Annotated[int, typer.Option(min=3, help="Pairs of steps that are timed.")]


@app.command("training")
def training(
    corpus: TrainingCorpus = None,
    target_wa: TargetWa = None,
    pairs: Pairs = 12,
    busy: Busy = False,
    json_file: JsonFile = None,
) -> None:
    """Time a training step here against the plain loop, by turns.

    The plain loop is float32, contiguous, the same network, batch (32 x 1 x 80 x 320) and threads.
    Beside each precision stands the accuracy after a short fixed training on the random split.
    With --target-wa it also gives the CPU time to that validation accuracy, for the quick recipe
    here and for the usual one (log-mel 128 x 141, ResNet18, float32, Adam 1e-3, plateau).
    """
    from ser_core.bench.training import compare_steps, reach_target, short_trainings
    from ser_core.corpora import open_corpus

    opened = open_corpus(corpus or settings.demo_corpus())
    speed = compare_steps(pairs)
    short_trainings(speed, opened)
    rows = [
        {
            "precision": name,
            "plain ms": round(speed.plain_ms, 1),
            "here ms": round(speed.ours_ms[name], 1),
            "ratio": round(ratio, 2),
            "WA after the short training": "{:.3f} ({:.3f} to {:.3f})".format(
                *speed.accuracy[name]
            ),
        }
        for name, ratio in speed.ratio.items()
    ]
    console.output.print(console.table(rows))
    console.output.print(
        f"{speed.threads} threads; {speed.loader_share:.1%} of the time waiting for batches"
    )
    if target_wa:
        reach_target(speed, opened, target_wa, console.errors.print)
        console.output.print(
            f"CPU seconds to WA {target_wa:g}: here {console.formatted(speed.seconds_ours)}, "
            f"usual recipe {console.formatted(speed.seconds_plain)}"
        )
    costs = _beside_a_busy_core(pairs) if busy else {}
    _write(json_file, {**speed.as_dict(), **({"beside_busy": costs} if costs else {})})


def _beside_a_busy_core(pairs: int) -> dict[str, dict[str, float]]:
    from ser_core.bench.contention import beside_a_busy_core

    costs = beside_a_busy_core(pairs)
    rows = [
        {
            "step": name,
            "idle ms": round(cost.idle_ms, 1),
            "beside a busy core ms": round(cost.busy_ms, 1),
            "slowdown": round(cost.slowdown, 2),
        }
        for name, cost in costs.items()
    ]
    console.output.print(console.table(rows))
    return {name: cost.as_dict() for name, cost in costs.items()}


@app.command("copies")
def copies(
    corpus: CorpusPath,
    clips: Clips = 300,
    seconds: Annotated[
        float, typer.Option(min=0.0, help="How much of each clip is used; all of it when 0.")
    ] = 0.0,
    among: Annotated[
        int,
        typer.Option(
            min=0,
            help="Instead: time and memory of the search among so many clips. Beside those of the "
            "corpus, fingerprints are made for it.",
        ),
    ] = 0,
    json_file: JsonFile = None,
) -> None:
    """Miss and false-alarm rate of the search for nearly identical recordings.

    Copies of some clips are made (quieter, resampled, cut, MP3, Opus, ...) and searched for among
    all clips of the corpus.
    """
    from ser_core.audio import load
    from ser_core.bench.copies import made_prints, search_copies, search_cost
    from ser_core.corpora import open_corpus, scan

    opened = open_corpus(corpus)
    with console.progress("Measuring") as report:
        measures = scan(opened, progress=report)
    prints = measures.loc[measures["problem"] == "", "fingerprint"]
    if among:
        known = list(prints)[:among]
        cost = search_cost([*known, *made_prints(list(prints), among - len(known))]).as_dict()
        console.output.print(console.table([cost]))
        _write(json_file, cost)
        return
    sounds = {clip: load(opened.path(clip)).samples for clip in _spread(opened, clips)}
    found = search_copies(
        {str(clip): each for clip, each in prints.items()},
        {clip: samples for clip, samples in sounds.items() if clip in prints},
        seconds,
        announce=lambda kind: console.errors.print(f"{kind} …"),
    )
    rows = [
        {
            "copy": each.kind,
            "copies": each.copies,
            "missed": f"{each.missed:.1%}",
            "false alarms": each.false_alarms,
            "pairs": f"{each.pairs:,}",
            "search s": each.seconds,
        }
        for each in found
    ]
    console.output.print(console.table(rows))
    _write(json_file, {"copies": [each.as_dict() for each in found]})


@app.command("results")
def results(
    runs: Annotated[int, typer.Option(min=1, help="Runs in the store.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="Visits that are timed.")] = 5,
    store: Annotated[
        str, typer.Option(help="Address of an empty PostgreSQL database; SQLite when absent.")
    ] = "",
    json_file: JsonFile = None,
) -> None:
    """Make very many runs, and time what a visit of the page Results costs.

    In a runtime folder of its own, which is thrown away; a database keeps what was written.
    """
    import tempfile

    from ser_core.bench.many_runs import measure

    with tempfile.TemporaryDirectory() as home:
        found = measure(
            runs, Path(home), rounds, store, lambda step: console.errors.print(f"{step} …")
        )
    console.show(found.as_dict())
    _write(json_file, found.as_dict())


@app.command("dock")
def dock(
    rounds: Annotated[int, typer.Option(min=1, help="Changes of each page and way.")] = 20,
    json_file: JsonFile = None,
) -> None:
    """Time changes of the page with and without the dock below it, in turns."""
    from ser_core.bench.dock import measure

    found = measure(rounds)
    console.show(found.as_dict())
    _write(json_file, found.as_dict())


@app.command("out-of-domain")
def out_of_domain(
    corpus: CorpusPath,
    other: Annotated[Path, typer.Option(help="Another corpus, whose clips are unlike.")],
    clips: Clips = 1500,
    json_file: JsonFile = None,
) -> None:
    """How well recordings unlike the training are told from clips of new speakers.

    Clips of the corpus, the speaker left out, against another corpus, band-limited and noisy
    copies, noise and tones: AUROC, and how many are called unlike. Then how many parts of 0.5 to
    10 s of such a speaker are.
    """
    from ser_core.audio import load
    from ser_core.bench.out_of_domain import compare
    from ser_core.corpora import open_corpus

    opened, strange = open_corpus(corpus), open_corpus(other)
    chosen = [clip for clip in _spread(opened, clips) if isinstance(_speaker(opened, clip), str)]
    with console.progress("Measuring") as report:
        found = compare(
            [load(opened.path(clip)) for clip in chosen],
            [str(_speaker(opened, clip)) for clip in chosen],
            [load(strange.path(clip)) for clip in _spread(strange, 300)],
            report,
        )
    rows = [
        {
            "sound": each.name,
            "clips": each.clips,
            "AUROC": f"{each.auroc:.3f}",
            "called unlike": f"{each.alarms:.1%}",
        }
        for each in found.told
    ]
    console.output.print(console.table(rows))
    console.output.print(
        f"Against {found.clips:,} clips of {found.speakers} speakers, each left out; "
        f"{found.share:.1%} of them are called unlike, of the worst speaker "
        f"{found.worst_speaker:.1%}."
    )
    lengths = [
        {
            "seconds": f"{each.seconds:g}",
            "parts": each.parts,
            "called unlike": f"{each.alarms:.1%}",
            "worst speaker": f"{each.worst_speaker:.1%}",
        }
        for each in found.parts
    ]
    console.output.print("Parts of the joined clips of a speaker who was left out:")
    console.output.print(console.table(lengths))
    _write(json_file, found.as_dict())


def _speaker(corpus: Corpus, clip: str) -> object:
    return corpus.usable.at[clip, "speaker"]


@app.command("scale")
def scale(
    clips: Annotated[
        list[int] | None,
        typer.Option(min=100, help="Number of clips; repeatable. 100, 1,000 and 10,000 if absent."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.3, max=10, help="Length of a clip.")] = 1.0,
    json_file: JsonFile = None,
) -> None:
    """Time every step of the work on corpora of growing size, and fit the exponents.

    The clips are the bundled ones again and again, each changed. All is made in a folder that is
    thrown away: 32 kB a clip and second.
    """
    import os
    import tempfile

    from ser_core.bench.scale import measure

    with tempfile.TemporaryDirectory() as place:
        os.environ["SER_HOME"] = str(Path(place) / "home")
        found = measure(
            clips or [100, 1_000, 10_000], Path(place), seconds,
            lambda step: console.errors.print(f"{step} …"),
        )  # fmt: skip
    rows = [
        {"step": step, **{f"{n:,}": took for n, took in zip(found.clips, times, strict=True)},
         "exponent": found.exponents[step]}
        for step, times in found.seconds.items()
    ]  # fmt: skip
    console.output.print(console.table(rows))
    console.output.print(f"Memory, MB: {found.memory_mb}; store, MB: {found.disk_mb}")
    _write(json_file, found.as_dict())


def _spread(corpus: Corpus, count: int) -> list[str]:
    """Clips at equal steps through the sorted corpus, so over its speakers and emotions."""
    clips = sorted(corpus.usable.index)
    count = min(count, len(clips))
    return [clips[i * len(clips) // count] for i in range(count)]


def _write(json_file: Path | None, result: dict[str, Any]) -> None:
    if json_file:
        console.write_json(json_file, result)
