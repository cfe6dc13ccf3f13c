"""The trainer: the loop of optimisation with validation, averaging and early stopping."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.augment.mixup import mixup
from ser_core.models.classifier import EmotionClassifier
from ser_core.recipes.recipe import OptimChoice, TrainChoice
from ser_core.training import seeds
from ser_core.training.adversarial import half_attacked
from ser_core.training.data import Batch, Data, class_weights
from ser_core.training.ghost_batches import GhostBatches, WholeBatch, with_ghost_batches
from ser_core.training.learner import Metrics
from ser_core.training.precision import Precision
from ser_core.training.prefetch import prefetched
from ser_core.training.schedule import COURSES

SCORES: dict[str, Callable[[Metrics, int], float]] = {
    "uar": lambda metrics, _epoch: metrics["val_uar"],
    "loss": lambda metrics, _epoch: -metrics["val_loss"],
    "last": lambda _metrics, epoch: float(epoch),
}
"""Score of an epoch from its metrics and its number; the weights of the best are used."""


class Stop(Exception):  # noqa: N818  (not an error: the training ends here, with what it has)
    """Raised by a callback to end the training after this epoch."""


class Callback:
    """Callbacks of a training; subclasses override what they need."""

    def on_start(self, trainer: Trainer) -> None:
        """Before the first epoch, or the first one after a resume."""

    def on_step(self, trainer: Trainer) -> None:
        """After every step."""

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:
        """After every epoch and its validation. May raise `Stop`."""


@dataclass
class Best:
    """The best epoch so far and the weights it had."""

    epoch: int = -1
    score: float = float("-inf")
    weights: dict[str, Tensor] = field(default_factory=dict)


class Trainer:
    """Trains one model on one fold with one seed.

    `run` is the whole course; `step` is one change of the weights. All that a training is at the
    end of an epoch is in `model`, `average`, `optimizer`, `best`, `epoch`, `rate` and `history`:
    a checkpoint keeps these, and randomness depends on seed, epoch and step alone, so a resumed
    training gives the numbers of one that was never interrupted.

    Args:
        model: Its weights are changed in place.
        data: Clips.
        training: Positions of the clips to train on.
        validation: Positions of the clips by which the best epoch is chosen.
        train: Course of the training.
        optim: How weights are changed.
        seed: Decides all that is random.
        precision: Number format of the steps.
        callbacks: Called for every step and epoch, in order.
    """

    def __init__(
        self,
        model: EmotionClassifier,
        data: Data,
        training: Tensor,
        validation: Tensor,
        *,
        train: TrainChoice,
        optim: OptimChoice,
        seed: int,
        precision: Precision,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.model, self.data = model, data
        self.training, self.validation = training, validation
        self.train, self.optim, self.seed = train, optim, seed
        self.precision, self.callbacks = precision, callbacks
        self.device = next(model.parameters()).device
        self.trained = self.trained_part()
        self.optimizer = make_optimizer(self.weights(), optim)
        self.average = copy.deepcopy(model.network) if train.average != "none" else None
        self.averaged = 0
        self.class_weights = class_weights(data, training) if train.class_weights else None
        self.epoch = 0
        self.rate = optim.lr
        self.best = Best()
        self.history: list[Metrics] = []
        self.loader_seconds = 0.0
        self._parts: WholeBatch | GhostBatches | None = None

    def trained_part(self) -> nn.Module:
        """What a step goes through, forward and back: the network, behind what it is given."""
        return self.model.network

    def weights(self) -> list[tuple[float, nn.Module]]:
        """What is trained: modules, each with its share of the learning rate."""
        return [(1.0, self.model)]

    @property
    def parts(self) -> WholeBatch | GhostBatches:
        """How a batch is gone through; made at the first step, when the layout is final."""
        if self._parts is None:
            threads = torch.get_num_threads()
            self._parts = with_ghost_batches(self.trained, self.train.parts, threads)
        return self._parts

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch."""
        full, rest = divmod(len(self.training), self.train.batch)
        return full + (rest > 1)

    def run(self) -> Best:
        """Train from where it stands to the end, and return the best epoch."""
        self.precision.layout(self.model)
        self._notify("on_start")
        try:
            self._run()
        finally:
            if self._parts is not None:
                self._parts.close()
                self._parts = None
        return self.best

    def _run(self) -> None:
        while self.epoch < self.train.epochs:
            started = time.perf_counter()
            loss = self._train_epoch()
            metrics = {"train_loss": loss, "lr": self._lr(), **self._validate()}
            metrics["seconds"] = time.perf_counter() - started
            self.epoch += 1
            self.history.append({"epoch": self.epoch, **metrics})
            self._keep_best(metrics)
            self._plateau()
            try:
                self._notify("on_epoch", metrics)
            except Stop:
                break

    def _train_epoch(self) -> float:
        self.parts.seed(self.seed, "dropout", self.epoch)
        self.model.train()
        total = 0.0
        for number, batch in enumerate(self._batches()):
            total += self.step(batch, self.epoch * self.steps_per_epoch + number)
            self._notify("on_step")
        return total / self.steps_per_epoch

    def _batches(self) -> Iterator[Batch]:
        train = self.train
        batches = self.data.training(
            self.training, train.batch, train.crop_s, self.seed, self.epoch
        )
        waited = time.perf_counter()
        for batch in prefetched(batches):
            self.loader_seconds += time.perf_counter() - waited
            yield batch
            waited = time.perf_counter()

    def step(self, batch: Batch, number: int) -> float:
        """One change of the weights; returns the loss.

        Args:
            batch: Clips.
            number: Steps before this one.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self._lr(number) * group.get("share", 1.0)
        batch = self._mixed(batch, number)
        loss = self.parts.backward(batch, partial(self._part_loss, number))
        if self.optim.clip_norm:
            _clip(self.model, self.optim.clip_norm)
        self.optimizer.step()
        self._update_average()
        return loss

    def _part_loss(self, number: int, network: nn.Module, batch: Batch, part: int) -> Tensor:
        """Mean loss of a part of the batch of a step."""
        with self.precision.autocast(self.device):
            inputs, frames = self._inputs(self.model, batch)
            key: tuple[int | str, ...] = (self.seed, "adversarial", number)
            key = (*key, part) if part else key
            inputs = self._attacked(network, inputs, frames, batch.targets, key)
            logits = network(inputs, frames)
        return self._loss(logits.float(), batch.targets)

    def _logits(self, model: EmotionClassifier, batch: Batch) -> Tensor:
        scores: Tensor = model.network(*self._inputs(model, batch))
        return scores

    def _inputs(self, model: EmotionClassifier, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """What the network sees of a batch, and own frames."""
        device = self.device
        frames = batch.frames.to(device) if batch.frames is not None else None
        speakers = batch.speakers.to(device) if batch.speakers is not None else None
        normalised = model.normaliser(batch.features.to(device), frames, speakers)
        return self.precision.arrange(normalised), frames

    def _attacked(
        self,
        network: nn.Module,
        inputs: Tensor,
        frames: Tensor | None,
        targets: Tensor,
        key: tuple[int | str, ...],
    ) -> Tensor:
        """The inputs, half of them attacked if the recipe says so."""
        if self.train.adversarial == "none":
            return inputs
        attacked = half_attacked(
            network,
            inputs,
            frames,
            targets,
            method=self.train.adversarial,
            epsilon=self.train.epsilon,
            generator=seeds.generator(*key),
        )
        return self.precision.arrange(attacked)

    def _mixed(self, batch: Batch, number: int) -> Batch:
        """The batch, blended in pairs if the recipe says so."""
        if not self.train.mixup:
            return batch
        mixed = mixup(
            batch.features,
            batch.targets,
            seeds.generator(self.seed, "mixup", number),
            lengths=batch.frames,
            silence=self.model.representation.silence,
            alpha=self.train.mixup,
        )
        frames = None if batch.frames is None else mixed.lengths
        return replace(batch, features=mixed.x, targets=mixed.targets, frames=frames)

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        targets = targets.to(logits.device)
        weight = self.class_weights
        if weight is not None:
            weight = weight.to(logits.device)
        return F.cross_entropy(
            logits, targets, weight=weight, label_smoothing=self.train.label_smoothing
        )

    def _lr(self, number: int | None = None) -> float:
        total = self.train.epochs * self.steps_per_epoch
        number = (self.epoch + 1) * self.steps_per_epoch - 1 if number is None else number
        course = COURSES[self.optim.schedule]
        return self.rate * course(min(1.0, (number + 1) / total), self.optim.warmup)

    def _update_average(self) -> None:
        """Exponential mean of the weights, or plain mean over the last quarter (SWA)."""
        if self.average is None:
            return
        if self.train.average == "ema":
            memory = min(self.train.ema_decay, (1 + self.averaged) / (10 + self.averaged))
        elif self.epoch < 0.75 * self.train.epochs:
            memory = 0.0
            self.averaged = -1
        else:
            memory = self.averaged / (self.averaged + 1)
        self.averaged += 1
        with torch.no_grad():
            theirs = self.model.network.state_dict()
            for name, mine in self.average.state_dict().items():
                if mine.is_floating_point():
                    mine.lerp_(theirs[name], 1 - memory)
                else:
                    mine.copy_(theirs[name])

    @property
    def evaluated_model(self) -> EmotionClassifier:
        """The model that is evaluated and saved: with averaged weights where there are any."""
        if self.average is None:
            return self.model
        evaluated_model = copy.copy(self.model)
        evaluated_model._modules = {**self.model._modules, "network": self.average}
        return evaluated_model

    def probabilities(self, clips: Tensor, model: EmotionClassifier | None = None) -> Tensor:
        """Probability of each class for each clip, (clips, classes), in the order given."""
        model = (model or self.evaluated_model).eval()
        rows: dict[int, Tensor] = {}

        def predict(batch: Batch) -> tuple[list[int], Tensor]:
            with torch.inference_mode():
                logits = self._logits(model, batch)
                return batch.clips.tolist(), logits.float().softmax(-1).cpu()

        for places, predictions in self.parts.map(predict, self.data.evaluation(clips)):
            rows.update(zip(places, predictions, strict=True))
        return torch.stack([rows[int(clip)] for clip in clips])

    def _validate(self) -> Metrics:
        probabilities = self.probabilities(self.validation)
        return validation_metrics(probabilities, self.data.targets[self.validation])

    def _keep_best(self, metrics: Metrics) -> None:
        score = SCORES[self.train.select](metrics, self.epoch)
        tie = score == self.best.score and metrics["val_loss"] < self._best_loss()
        if score > self.best.score or tie:
            weights = {n: v.detach().clone() for n, v in self.evaluated_model.state_dict().items()}
            self.best = Best(self.epoch, score, weights)

    def _best_loss(self) -> float:
        return self.history[self.best.epoch - 1]["val_loss"]

    def _plateau(self) -> None:
        """Halve the rate when the validation loss has not fallen for `patience` epochs."""
        if self.optim.schedule != "plateau":
            return
        losses = [each["val_loss"] for each in self.history]
        since = len(losses) - 1 - losses.index(min(losses))
        if since and since % self.optim.patience == 0:
            self.rate /= 2

    def _notify(self, event: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)


def validation_metrics(probabilities: Tensor, true: Tensor) -> Metrics:
    """Loss, UAR and WA of predictions.

    Args:
        probabilities: Shape (clips, classes).
        true: Number of the class of each clip, shape (clips,).
    """
    right = (probabilities.argmax(-1) == true).double()
    recalls = torch.stack([right[true == each].mean() for each in true.unique()])
    chosen = probabilities[torch.arange(len(true)), true].clamp(min=1e-12)
    return {
        "val_loss": float(-chosen.log().mean()),
        "val_uar": float(recalls.mean()),
        "val_wa": float(right.mean()),
    }


def make_optimizer(
    trained: Sequence[tuple[float, nn.Module]], optim: OptimChoice
) -> torch.optim.Optimizer:
    """Optimiser of the recipe; weights decay, biases and the scales of batch norm do not.

    Args:
        trained: Modules, each with its share of the learning rate.
        optim: Which optimiser, and how it goes.
    """
    groups: list[dict[str, Any]] = []
    for share, module in trained:
        own = [p for p in module.parameters() if p.requires_grad]
        rules = (
            ([p for p in own if p.ndim > 1], optim.weight_decay),
            ([p for p in own if p.ndim <= 1], 0.0),
        )
        groups += [{"params": some, "weight_decay": decay, "share": share} for some, decay in rules]
    makers: dict[str, Any] = {
        "adamw": lambda: torch.optim.AdamW(groups, lr=optim.lr, fused=True),
        "adam": lambda: torch.optim.Adam(groups, lr=optim.lr, fused=True),
        "sgd": lambda: torch.optim.SGD(
            groups, lr=optim.lr, momentum=0.9, nesterov=True, fused=True
        ),
    }
    optimizer: torch.optim.Optimizer = makers[optim.name]()
    return optimizer


def _clip(model: nn.Module, longest: float) -> None:
    """Shorten the gradient to `longest`; one that is short enough is not touched."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    length = nn.utils.get_total_norm(gradients)
    if length > longest:
        nn.utils.clip_grads_with_norm_(model.parameters(), longest, length)
