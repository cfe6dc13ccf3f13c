"""State of a training on disk, without pickle: tensors in safetensors, numbers in JSON.

The two files are one state: the numbers name the file of tensors they belong to, and are written
last, in one step. Killed at any moment, a training finds its last whole epoch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ser_core.core import SerError, files
from ser_core.storage import atomic
from ser_core.training.learner import Metrics
from ser_core.training.trainer import Best, Callback, Trainer


@dataclass(frozen=True)
class Checkpoint(Callback):
    """Writes the state after every epoch, and takes it up again at the start.

    Args:
        folder: Where to; made when missing.
        identity: What the training is (recipe hash, split hash, fold, seed): a state of another
            training is refused, not continued.
        writes: Whether this process writes; one that assists another only takes states up.
    """

    folder: Path
    identity: str
    writes: bool = True

    def on_start(self, trainer: Trainer) -> None:
        """Go on from the last whole epoch, if there is one.

        Raises:
            SerError: If the state is of another training, or damaged.
        """
        numbers = self.folder / "state.json"
        if not numbers.exists():
            return
        try:
            state = files.read_json(numbers)
            tensors = load_file(files.regular(self.folder / state["tensors"], files.WEIGHTS))
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise SerError(
                "the checkpoint is damaged", subject=str(self.folder), remedy="Delete it, and start"
            ) from error
        if state["identity"] != self.identity:
            raise SerError(
                "the checkpoint is of another training",
                subject=str(self.folder),
                remedy="Choose another folder, or delete it",
            )
        restore(trainer, tensors, state)

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:  # noqa: ARG002
        """Write the state and delete the one before."""
        if not self.writes:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"epoch-{trainer.epoch}.safetensors"
        temporary = self.folder / f".{name}"
        save_file(tensors_of(trainer), temporary)
        temporary.replace(self.folder / name)
        state = {"identity": self.identity, "tensors": name, **numbers_of(trainer)}
        atomic.write(self.folder / "state.json", json.dumps(state))
        for old in self.folder.glob("*.safetensors"):
            if old.name != name:
                old.unlink()


def tensors_of(trainer: Trainer) -> dict[str, Tensor]:
    """All tensors of a training by name."""
    tensors = {f"model.{name}": value for name, value in trainer.model.state_dict().items()}
    if trainer.average is not None:
        tensors |= {f"average.{n}": v for n, v in trainer.average.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in trainer.best.weights.items()}
    for index, values in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items()}
    return {name: value.detach().contiguous().clone() for name, value in tensors.items()}


def numbers_of(trainer: Trainer) -> dict[str, Any]:
    """All else that a training is."""
    best = {key: value for key, value in asdict(trainer.best).items() if key != "weights"}
    return {
        "epoch": trainer.epoch,
        "rate": trainer.rate,
        "averaged": trainer.averaged,
        "history": trainer.history,
        "best": best,
        "loader_seconds": trainer.loader_seconds,
    }


def restore(trainer: Trainer, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Bring a fresh trainer to the state of a checkpoint."""
    trainer.model.load_state_dict(_under("model", tensors))
    if trainer.average is not None:
        trainer.average.load_state_dict(_under("average", tensors))
    trainer.best = Best(**state["best"], weights=_under("best", tensors))
    weights = [weight for group in trainer.optimizer.param_groups for weight in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimizer", tensors).items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = _laid_out(value, weights[int(index)])
    whole = trainer.optimizer.state_dict()
    trainer.optimizer.load_state_dict({**whole, "state": moments})
    trainer.epoch, trainer.rate = state["epoch"], state["rate"]
    trainer.averaged, trainer.history = state["averaged"], state["history"]
    trainer.loader_seconds = state["loader_seconds"]


def _laid_out(value: Tensor, weight: Tensor) -> Tensor:
    """The value in the memory order of a weight of its shape: fused optimisers take it for that."""
    return torch.empty_like(weight).copy_(value) if value.shape == weight.shape else value


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)}
