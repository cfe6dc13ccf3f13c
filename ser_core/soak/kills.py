"""Work that is killed at random moments and started again, compared with the same undisturbed.

Each work runs in a process of its own and is ended by SIGKILL, which no program can catch: as by
the system when memory runs out, or by a switch. Then what lies on the disk must be whole, and the
same work started again must end at the numbers of the undisturbed run, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ser_core.core import ParameterError, SerError, demo_corpus
from ser_core.storage.feature_store.store import SUFFIX

PATIENCE_S = 300.0
"""Longest that one run of a work may take."""

TRIES = 4
"""Runs for each kill that is wanted; some end before the moment that was drawn."""

LOOK_S = 0.002
"""Time between two looks whether the first part is done."""

IMPORTS = (
    "ser_core.runs.execute", "ser_core.features.extraction", "ser_core.ensemble.assemble",
    "ser_core.ensemble.optimisation", "ser_core.ensemble.members", "ser_core.export.pipeline",
    "ser_core.models.predictor", "ser_core.training.learners", "optuna", "onnx",
)  # fmt: skip
"""What the processes have loaded when they begin, so that kills fall on work and not on imports."""

Announce = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Work:
    """Something that can be killed.

    Attributes:
        title: What it does.
        do: Does it, in a folder of its own, given the folder of what was prepared.
        state: What lies in the folder, in a few words; raises where something is damaged.
        numbers: sha256 of each thing that came out.
        first: Pattern of what lies in the folder once the first part of the work is done.
        grows: Whether what is there after a kill must be part of what the undisturbed run gave.
    """

    title: str
    do: Callable[[Path, Path], None]
    state: Callable[[Path], str]
    numbers: Callable[[Path], dict[str, str]]
    first: str
    grows: bool = False


@dataclass(frozen=True)
class Ran:
    """A run of a work.

    Attributes:
        seconds: From its start to its end.
        late_s: Those after its first part was done; all where nobody looked.
        killed: Whether it was killed.
    """

    seconds: float
    late_s: float
    killed: bool


@dataclass(frozen=True)
class KillSoak:
    """Kills of one kind of work.

    Attributes:
        work: What was killed.
        late: Whether only after its first part was done.
        kills: How often.
        ended_before: Runs that ended before the moment that was drawn, and count for nothing.
        undisturbed_s: Time of the undisturbed run.
        states: What lay on the disk after the kills, with how often.
        faults: Kills after which something was damaged or came out otherwise; none is right.
    """

    work: str
    late: bool
    kills: int
    ended_before: int
    undisturbed_s: float
    states: dict[str, int]
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def _digest(content: bytes | str) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _hashes(folder: Path, *patterns: str) -> dict[str, str]:
    found = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return {str(path.relative_to(folder)): _digest(path.read_bytes()) for path in found}


REPRESENTATIONS = ("melspectrogram", "mfcc", "chroma", "rms", "tonnetz")


def _fill_store(folder: Path, _prepared: Path) -> None:
    from ser_core.features.extraction import extract
    from ser_core.features.representations import make
    from ser_core.storage.feature_store import FeatureStore

    sounds = {path.name: path for path in sorted((demo_corpus() / "samples").iterdir())}
    found = extract(
        sounds, [make(name) for name in REPRESENTATIONS], store=FeatureStore(folder), workers=1
    )
    problems = [each.problem for each in found if each.problem]
    if problems:
        raise SerError(problems[0], subject="filling the store")


def _store_state(folder: Path) -> str:
    entries = len(list(folder.glob(f"[!.]*/*{SUFFIX}")))
    whole = len(REPRESENTATIONS) * len(list((demo_corpus() / "samples").iterdir()))
    return f"{20 * (5 * entries // whole)} % of the entries or more"


def _store_numbers(folder: Path) -> dict[str, str]:
    return _hashes(folder, f"[!.]*/*{SUFFIX}")


def _recipe(epochs: int = 3, **changes: Any) -> Any:
    from ser_core.recipes.recipe import parse

    train = {"epochs": epochs, "batch": 8, "threads": 1, "precision": "float32"}
    return parse(
        {
            "name": "soak",
            "corpus": str(demo_corpus()),
            "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
            "network": {"name": "resnet10", "width": 4},
            "train": train,
            **changes,
        }
    )


EPOCHS = 40
"""So many that most of a training is spent in them, and not on what comes before."""


def _train(folder: Path, _prepared: Path) -> None:
    from ser_core.runs.execute import run

    run(_recipe(EPOCHS), folder)


def _train_state(folder: Path) -> str:
    from safetensors.torch import load_file

    from ser_core.core import files
    from ser_core.models.bundle import load_bundle

    member = folder / "fold-0-seed-0"
    numbers = member / "checkpoint" / "state.json"
    if (folder / "summary.json").exists():
        return "all written"
    if (member / "bundle").exists():
        load_bundle(member / "bundle")
        return "the model written, not the summary"
    if not numbers.exists():
        return "no whole epoch"
    state = files.read_json(numbers)
    load_file(numbers.with_name(state["tensors"]))
    begun = 10 * (state["epoch"] // 10)
    return f"epoch {max(1, begun)} or a later one whole"


def _train_numbers(folder: Path) -> dict[str, str]:
    summary = json.loads((folder / "summary.json").read_text())
    test = json.dumps(summary["test"], sort_keys=True)
    weights = _hashes(folder, "split.json", "recipe.yaml", "fold-*/bundle/*.safetensors")
    rows = _tables(folder, "predictions.parquet", "fold-*/bundle/*.parquet")
    return {**weights, **rows, "test figures": _digest(test)}


def _tables(folder: Path, *patterns: str) -> dict[str, str]:
    """Of the content of tables; their files name the time at which they were written."""
    import pandas as pd

    found = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    tables = {str(path.relative_to(folder)): pd.read_parquet(path) for path in found}
    return {name: _digest(table.to_json(double_precision=15)) for name, table in tables.items()}


def _search(folder: Path, prepared: Path) -> None:
    from ser_core.ensemble import Options, found, gather, optimise
    from ser_core.ensemble.assemble import assemble
    from ser_core.ensemble.search_history import History

    options = Options(trials=20)
    watch = History(folder / "history.json", options.objective)
    runs = [found(str(prepared / name)) for name in ("one", "two")]
    study = optimise(gather(runs, options.seeds), options, watch=watch)
    watch.write()
    assemble(study, "soak").save(folder / "ensemble")


def _search_state(folder: Path) -> str:
    from ser_core.core import files
    from ser_core.models.predictor import load

    if (folder / "ensemble").exists():
        load(folder / "ensemble")
        return "the ensemble written"
    if not (folder / "history.json").exists():
        return "no trial written"
    return "trials written" if files.read_json(folder / "history.json")["trials"] else "no trial"


def _search_numbers(folder: Path) -> dict[str, str]:
    about = json.loads((folder / "ensemble" / "ensemble.json").read_text())
    about.pop("provenance")  # when it was made
    weights = _hashes(folder, "ensemble/members/**/*.safetensors")
    rows = _tables(folder, "ensemble/*.parquet")
    return {**weights, **rows, "ensemble.json": _digest(json.dumps(about, sort_keys=True))}


def _export(folder: Path, prepared: Path) -> None:
    from ser_core.export.pipeline import run_pipeline
    from ser_core.export.plan import Plan

    model = prepared / "one" / "fold-0-seed-0" / "bundle"
    plan = Plan(model, folder, ("fp32", "w8"), clips=3, zipped=True)
    products = run_pipeline(plan)
    if not products[0].passed:
        raise SerError("the exported file does not answer as its model", subject=str(folder))


def _export_state(folder: Path) -> str:
    import zipfile

    from ser_core.models.onnx import read

    found = sorted(folder.glob("[!.]*.onnx"))
    for path in found:
        read(path)
    for path in folder.glob("[!.]*.zip"):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise SerError(f"{damaged} is damaged", subject=str(path))
    return f"{len(found)} of 2 files"


def _export_numbers(folder: Path) -> dict[str, str]:
    """Of the graph of each file and of what it answers; its metadata tell when it was made."""
    import onnx

    from ser_core.audio import load as sound
    from ser_core.inference.classify import open_model

    clips = [sound(path) for path in sorted((demo_corpus() / "samples").iterdir())[:3]]
    found = {}
    for path in sorted(folder.glob("[!.]*.onnx")):
        graph = onnx.load(path).graph.SerializeToString(deterministic=True)
        answers = open_model(path).probabilities(clips)
        found[path.name] = _digest(graph)
        found[f"answers of {path.name}"] = _digest(answers.tobytes())
    return found


WORKS: Mapping[str, Work] = {
    "store": Work(
        "filling the store", _fill_store, _store_state, _store_numbers,
        first=f"[!.]*/*{SUFFIX}", grows=True,
    ),
    "epoch": Work(
        "training", _train, _train_state, _train_numbers, first="fold-*/checkpoint/state.json"
    ),
    "ensemble": Work(
        "ensemble search", _search, _search_state, _search_numbers, first="history.json"
    ),
    "export": Work("export", _export, _export_state, _export_numbers, first="[!.]*.onnx"),
}  # fmt: skip
"""What is killed, by name."""


def try_kills(
    name: str,
    kills: int,
    place: Path,
    seed: int = 0,
    announce: Announce = lambda _done, _total, _note: None,
    *,
    late: bool = False,
) -> KillSoak:
    """Kill a work at random moments, start it again each time, and compare.

    A moment is drawn evenly from the time that an undisturbed run takes. Of a work that prepares
    for long most moments fall before its first part is done; `late` draws from the time after.

    Args:
        name: Key of `WORKS`.
        kills: How often.
        place: Empty folder on the disk; the runtime folder of all processes is in it.
        seed: Of the moments.
        announce: Called with the kills done and wanted, and a note.
        late: Whether to kill only after the first entry, epoch, trial or file is written.

    Raises:
        ParameterError: If there is no such work.
        SerError: If the undisturbed run fails.
    """
    if name not in WORKS:
        raise ParameterError("cannot be killed here", subject=name, remedy=", ".join(WORKS))
    work, prepared = WORKS[name], place / "prepared"
    draw = random.Random(f"{seed} {name}")  # noqa: S311  (moments, no secrets)
    first = work.first if late else ""
    _prepared(name, prepared, place)
    announce(0, kills, f"{work.title}, undisturbed")
    _run(work.do, place / "warm", prepared, place)  # fills the caches that all share
    undisturbed = place / "undisturbed"
    whole = _run(work.do, undisturbed, prepared, place, first=first)
    longest = whole.late_s
    expected = work.numbers(undisturbed)
    states: Counter[str] = Counter()
    faults, done, early = [], 0, 0
    for number in range(TRIES * kills):
        if done == kills:
            break
        moment = draw.uniform(0.0, longest)
        folder = place / f"killed-{number}"
        folder.mkdir(parents=True)
        ran = _run(work.do, folder, prepared, place, moment, first)
        if ran.killed:
            done += 1
            state, fault = _judged(work, folder, prepared, place, expected)
            states[state] += 1
            faults += [f"kill {done} after {moment:.3f} s ({state}): {fault}"] if fault else []
            announce(done, kills, work.title)
        else:
            early += 1
            longest = ran.late_s  # the computer is less busy than it was
        shutil.rmtree(folder)
    return KillSoak(
        work.title, late, done, early, round(whole.seconds, 2), dict(sorted(states.items())), faults
    )


def _judged(
    work: Work, folder: Path, prepared: Path, place: Path, expected: dict[str, str]
) -> tuple[str, str]:
    """What lay on the disk after a kill, and what is wrong there or after the work is done."""
    try:
        state = work.state(folder)
        found = work.numbers(folder) if work.grows else {}
        damaged = [name for name in found if found[name] != expected.get(name)]
        if damaged:
            return "damaged", f"{', '.join(damaged)} is none of the undisturbed run"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what was looked for)
        return "damaged", f"{type(error).__name__}: {error}"
    try:
        _run(work.do, folder, prepared, place)
        found = work.numbers(folder)
    except Exception as error:  # noqa: BLE001  (as above)
        return state, f"started again, {type(error).__name__}: {error}"
    names = expected.keys() | found.keys()
    other = sorted(name for name in names if expected.get(name) != found.get(name))
    return state, f"other numbers in {', '.join(other)}" if other else ""


def _prepared(name: str, prepared: Path, place: Path) -> None:
    """Two finished runs, for what works on such."""
    if name not in ("ensemble", "export"):
        return
    _run(_two_runs, prepared, prepared, place)


def _two_runs(folder: Path, _prepared: Path) -> None:
    from ser_core.runs.execute import run

    run(_recipe(), folder / "one")
    run(_recipe(name="soak, other", network={"name": "resnet10", "width": 6}), folder / "two")


def _run(
    do: Callable[[Path, Path], None], folder: Path, prepared: Path, place: Path,
    moment: float | None = None, first: str = "",
) -> Ran:  # fmt: skip
    """Do a work in a process of its own.

    Args:
        do: The work.
        folder: Its folder.
        prepared: What it may read.
        place: Of the runtime folder.
        moment: Seconds after which it is killed; never when None.
        first: Pattern of files in the folder from which on these seconds count; its start if empty.

    Raises:
        SerError: If it fails, or does not end.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ser_core.soak.preloaded"])
    process = context.Process(target=_inside, args=(do, folder, prepared, place / "home"))
    process.start()
    begun = time.perf_counter()
    while first and process.is_alive() and not any(folder.glob(first)):
        if time.perf_counter() - begun > PATIENCE_S:
            break
        time.sleep(LOOK_S)
    late = time.perf_counter()
    process.join(PATIENCE_S if moment is None else moment)
    ended = time.perf_counter()
    killed = process.exitcode is None
    if killed:
        process.kill()
    process.join()
    code = process.exitcode
    process.close()
    ran = Ran(ended - begun, ended - late, killed)
    if code and not (killed and moment is not None):
        raise SerError(
            "did not end" if killed else f"ended with {code}; standard error has why",
            subject=getattr(do, "__name__", "work").strip("_"),
        )
    return ran


def _inside(do: Callable[[Path, Path], None], folder: Path, prepared: Path, home: Path) -> None:
    import torch

    os.environ["SER_HOME"] = str(home)
    torch.set_num_threads(1)
    do(folder, prepared)
