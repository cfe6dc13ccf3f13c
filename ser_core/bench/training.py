"""Speed of training: one step against the plain loop, and the way to a wanted accuracy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from ser_core.bench.tutorial_loop import plain_loop
from ser_core.core import keep_freed
from ser_core.corpora import Corpus, make_split
from ser_core.evaluation import wilson
from ser_core.features.representations import make
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.recipes.recipe import OptimChoice, Recipe, TrainChoice, parse
from ser_core.training import seeds
from ser_core.training.data import Batch, Data, Stored, moments_of
from ser_core.training.learner import Metrics
from ser_core.training.precision import Precision, available
from ser_core.training.sources import Prepared, prepare
from ser_core.training.trainer import Callback, Stop, Trainer

BATCH, BINS, FRAMES, CLASSES = 32, 80, 320, 6
WIDTH = 64
"""Channels of the first stage of the ResNet18 that steps are timed on."""
CPU = torch.device("cpu")

QUICK: dict[str, Any] = {
    "name": "quick log-mel ResNet",
    "representation": {"name": "melspectrogram", "n_mels": 64, "hop_length": 256},
    "network": {"name": "resnet18", "width": 32},
    "optim": {"lr": 3e-3},
    "train": {"epochs": 16, "crop_s": 2.0},
}
"""What reaches a good accuracy on the random split in little time."""

PREDECESSOR: dict[str, Any] = {
    "name": "predecessor",
    "representation": {"name": "melspectrogram", "n_fft": 1024, "n_mels": 128, "hop_length": 341},
    "network": {"name": "resnet18", "width": 64, "dropout": 0.0},
    "optim": {"name": "adam", "lr": 1e-3, "weight_decay": 0.0, "schedule": "plateau",
              "clip_norm": None},
    "train": {"epochs": 60, "batch": 32, "crop_s": 3.0, "label_smoothing": 0.0,
              "precision": "float32"},
}  # fmt: skip
"""Log-mel of 128 x 141 for 3 s, ResNet18, float32, Adam 1e-3, batches of 32, plateau."""


@dataclass
class TrainingSpeed:
    """What was measured.

    Attributes:
        threads: Of torch.
        plain_ms: Median of a plain step: float32, contiguous, AdamW, written as tutorials do.
        ours_ms: Median of our step by precision, loading of the batch included.
        ratio: Plain over ours by precision; the median over pairs of steps that followed each
            other.
        best_ratio: The largest.
        loader_share: Share of our fastest step that it waited for its batch.
        accuracy: WA after a short fixed training by precision, with its 95 % Wilson interval.
        target_wa: Validation accuracy to be reached; None without this comparison.
        seconds_ours: CPU seconds until our quick recipe reached it; None if it did not.
        seconds_plain: CPU seconds until the predecessor's recipe did; None if it did not.
    """

    threads: int
    plain_ms: float
    ours_ms: dict[str, float]
    ratio: dict[str, float]
    best_ratio: float
    loader_share: float
    accuracy: dict[str, tuple[float, float, float]]
    target_wa: float | None = None
    seconds_ours: float | None = None
    seconds_plain: float | None = None
    reached: dict[str, list[Metrics]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def compare_steps(steps: int = 12) -> TrainingSpeed:
    """Time our step, as trainings make it, against the plain one, by turns.

    The plain one runs in a process of its own, so that what is tuned here does not help it.

    Args:
        steps: Pairs of steps that count, after three that do not.
    """
    keep_freed()
    data = noise()
    batches = batches_of(data)
    precisions = {precision.name: precision for precision in available(CPU)}
    # In one piece, as the plain loop: batch norm sees the same clips.
    trainers = {n: step_trainer(data, each, parts=1) for n, each in precisions.items()}
    times: dict[str, list[float]] = {name: [] for name in ("plain", *trainers)}
    with plain_loop(FRAMES, BATCH, WIDTH, torch.get_num_threads()) as plain:
        for number in range(steps + 3):
            batch = batches[number % len(batches)]
            times["plain"].append(plain())
            for name, trainer in trainers.items():
                times[name].append(
                    seconds(lambda b=batch, t=trainer, n=number: t.step(b, n))  # type: ignore[misc]
                )
    for trainer in trainers.values():
        trainer.parts.close()
    counted = {name: values[3:] for name, values in times.items()}
    ratio = {
        name: statistics.median(p / o for p, o in zip(counted["plain"], counted[name], strict=True))
        for name in trainers
    }
    return TrainingSpeed(
        threads=torch.get_num_threads(),
        plain_ms=1000 * statistics.median(counted["plain"]),
        ours_ms={name: 1000 * statistics.median(counted[name]) for name in trainers},
        ratio=ratio,
        best_ratio=max(ratio.values()),
        loader_share=0.0,
        accuracy={},
    )


def batches_of(data: Data) -> list[Batch]:
    """All of the data in whole batches."""
    return list(data.training(torch.arange(len(data.targets)), BATCH, None, 0, 0))


def noise() -> Data:
    """Feature maps of noise for four steps; what they show costs nothing."""
    rep = make("melspectrogram", n_mels=BINS)
    draw = seeds.generator("bench")
    features = torch.randn(4 * BATCH, 1, BINS, FRAMES, generator=draw)
    targets = torch.randint(CLASSES, (len(features),), generator=draw)
    return Data(Stored(rep, list(features)), targets, CLASSES)


def step_trainer(data: Data, precision: Precision, **train: Any) -> Trainer:
    """Trainer of the network that steps are timed on; further arguments are of `TrainChoice`."""
    torch.manual_seed(0)
    rep = data.source.representation
    spec = ResNetSpec(classes=CLASSES, width=WIDTH)
    model = EmotionClassifier(rep, "corpus", spec, tuple("abcdef"))
    clips = torch.arange(len(data.targets))
    choice = TrainChoice(batch=BATCH, crop_s=None, epochs=100, **train)
    trainer = Trainer(
        model, data, clips, clips, train=choice, optim=OptimChoice(), seed=0, precision=precision
    )
    precision.layout(model)
    model.train()
    return trainer


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock time of something."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def short_trainings(speed: TrainingSpeed, corpus: Corpus, epochs: int = 6) -> None:
    """Add accuracy after a short fixed training in each precision, and the loader's share."""
    recipe = _recipe(QUICK, corpus, epochs=epochs)
    prepared = prepare(corpus, recipe)
    for precision in available(CPU):
        trainer, validation = _fold(recipe, corpus, prepared, precision)
        trainer.run()
        wa = trainer.history[-1]["val_wa"]
        low, high = wilson(round(wa * len(validation)), len(validation))
        speed.accuracy[precision.name] = (wa, float(low), float(high))
        steps = sum(each["seconds"] for each in trainer.history)
        speed.loader_share = trainer.loader_seconds / steps


class _Until(Callback):
    """Ends a training once validation accuracy has reached a target."""

    def __init__(self, target: float, report: Callable[[str], None]) -> None:
        self.target, self.report = target, report
        self.started = time.process_time()
        self.seconds: float | None = None

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:
        spent = time.process_time() - self.started
        self.report(f"epoch {trainer.epoch}: {metrics['val_wa']:.3f} after {spent:.0f} s of CPU")
        if metrics["val_wa"] >= self.target:
            self.seconds = spent
            raise Stop


def reach_target(
    speed: TrainingSpeed,
    corpus: Corpus,
    target: float,
    report: Callable[[str], None] = lambda _line: None,
) -> None:
    """Add the CPU seconds until each recipe reaches a validation accuracy on the random split.

    Both count training and validation of every epoch, and neither the decoding and representing
    of the clips, which are done before.
    """
    speed.target_wa = target
    for which, content in (("ours", QUICK), ("plain", PREDECESSOR)):
        recipe = _recipe(content, corpus)
        prepared = prepare(corpus, recipe)
        plain = Precision("float32", channels_last=False)
        precision = available(CPU)[-1] if which == "ours" else plain
        report(f"{recipe.name} in {precision.name}")
        trainer, _ = _fold(recipe, corpus, prepared, precision)
        until = _Until(target, report)
        trainer.callbacks = [until]
        trainer.run()
        speed.reached[which] = trainer.history
        if which == "ours":
            speed.seconds_ours = until.seconds
        else:
            speed.seconds_plain = until.seconds


def _recipe(content: dict[str, Any], corpus: Corpus, epochs: int | None = None) -> Recipe:
    changed = {**content, "corpus": str(corpus.root)}
    if epochs:
        changed["train"] = {**content["train"], "epochs": epochs}
    return parse(changed)


def _fold(
    recipe: Recipe, corpus: Corpus, prepared: Prepared, precision: Precision
) -> tuple[Trainer, Tensor]:
    from ser_core.training.fresh import new_model

    parts = make_split(corpus, "random", seed=0).fold(0)
    training = prepared.positions(parts["train"])
    validation = prepared.positions(parts["validation"])
    torch.manual_seed(0)
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, training))
    trainer = Trainer(
        model,
        prepared.data,
        training,
        validation,
        train=recipe.train,
        optim=recipe.optim,
        seed=0,
        precision=precision,
    )
    return trainer, validation


__all__ = ["TrainingSpeed", "compare_steps", "reach_target", "short_trainings"]
