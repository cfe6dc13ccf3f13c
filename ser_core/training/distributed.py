"""Processes that train one model together, as `torchrun` starts them: one for each GPU, say.

Each takes its share of the parts of every batch, and gradients are added over all of them. The
first process alone writes files and is watched; the others assist. Sums of more than two gradients
depend on who adds to whom: then the numbers are those of one process but for rounding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from ser_core.core import ParameterError

PATIENCE = timedelta(hours=6)
"""How long processes wait for the first, which predicts the test clips between two trainings."""


@dataclass(frozen=True)
class ProcessGroup:
    """Which of the processes this is.

    Attributes:
        rank: Its number, from 0.
        world: How many there are.
    """

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that writes."""
        return self.rank == 0

    def agree(self, said: bool) -> bool:
        """What the first process says, to all of them; they wait for each other."""
        if self.world == 1:
            return said
        flag = torch.tensor([int(said)], device=_device())
        dist.broadcast(flag, 0)
        return bool(flag)

    def add(self, values: Sequence[Tensor]) -> None:
        """Sums over all processes, in place."""
        if self.world == 1:
            return
        flat = torch.cat([value.flatten() for value in values])
        dist.all_reduce(flat)
        parts = flat.split([value.numel() for value in values])
        for value, total in zip(values, parts, strict=True):
            value.copy_(total.view(value.shape))

    def check(self, parts: int) -> None:
        """Refuse parts that cannot be divided evenly.

        Raises:
            ParameterError: If they cannot.
        """
        if parts % self.world:
            raise ParameterError(
                f"train.parts = {parts} cannot be dealt to {self.world} processes",
                remedy=f"Use --set train.parts={self.world}, or a multiple of it",
            )


def _device() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


def current_group() -> ProcessGroup:
    """The processes that are joined now; alone where none are."""
    if not (dist.is_available() and dist.is_initialized()):
        return ProcessGroup()
    return ProcessGroup(dist.get_rank(), dist.get_world_size())


@contextmanager
def process_group() -> Iterator[ProcessGroup]:
    """Join the processes that `torchrun` has started, with a GPU each where there are any.

    Without `torchrun` it is one process, alone.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    on_gpus = torch.cuda.is_available()
    if on_gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if on_gpus else "gloo", timeout=PATIENCE)
    try:
        yield current_group()
    finally:
        dist.destroy_process_group()
