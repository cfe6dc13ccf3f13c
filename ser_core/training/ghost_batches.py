"""Ghost batches: parts of a batch that are computed side by side and never wait within a step.

Threads that share every operation of a step meet at each of them, a thousand times a step; where
other work takes one of the cores, each meeting waits for the slower one. Here each thread takes a
part of the batch through the whole network, forward and back, and they meet once.

Batch norm sees the clips of one part: "ghost batch normalisation" (Hoffer, Hubara & Soudry, 2017).
Gradients are added in the order of the parts, whoever ends first, so a training gives the same
numbers with one thread and with as many as there are parts.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from itertools import pairwise
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ser_core.features.encoders.masking import SpecAugment
from ser_core.training import seeds
from ser_core.training.data import Batch
from ser_core.training.distributed import ProcessGroup, current_group

T = TypeVar("T")
R = TypeVar("R")

Loss = Callable[[nn.Module, Batch, int], Tensor]
"""Mean loss of a part of a batch: the network that works on it, the part, and its number."""


class WholeBatch:
    """The batch in one piece; threads share each operation."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def seed(self, *key: int | str) -> None:
        """Decide what is dropped from here on."""
        torch.manual_seed(seeds.number(*key))

    def backward(self, batch: Batch, loss: Loss) -> float:
        """Leave the gradient of the mean loss in the network; returns the loss."""
        self.network.zero_grad(set_to_none=True)
        found = loss(self.network, batch, 0)
        found.backward()
        return float(found.detach())

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Work on items that do not need each other, one after the other."""
        return map(work, items)

    def close(self) -> None:
        """Nothing is held."""


class GhostBatches:
    """The batch in parts, a thread and a copy of the network each; the copies share its weights.

    Where several processes train together, each works on its share of the parts.

    Args:
        network: Whose weights are trained; its layout in memory must be final.
        parts: How many.
        threads: How many at once in this process.
        ranks: The processes.
    """

    def __init__(
        self,
        network: nn.Module,
        parts: int,
        threads: int,
        ranks: ProcessGroup = ProcessGroup(),  # noqa: B008
    ) -> None:
        self.network, self.parts, self.ranks = network, parts, ranks
        self.copies = {n: _sharing(network) for n in range(ranks.rank, parts, ranks.world)}
        self.generators = {number: _seedable(each) for number, each in self.copies.items()}
        own = max(1, threads // len(self.copies))
        self.pool = ThreadPoolExecutor(
            min(len(self.copies), threads),
            "parts",
            initializer=torch.set_num_threads,
            initargs=(own,),
        )

    def seed(self, *key: int | str) -> None:
        """Decide what is dropped from here on, in each part."""
        for number, generator in self.generators.items():
            generator.manual_seed(seeds.number(*key, number))

    def backward(self, batch: Batch, loss: Loss) -> float:
        """Leave the gradient of the mean loss in the network; returns the loss."""
        pieces = split_batch(batch, self.parts)
        shares = {n: len(piece.clips) / len(batch.clips) for n, piece in enumerate(pieces)}
        own = [number for number in self.copies if number < len(pieces)]

        def work(number: int) -> Tensor:
            network = self.copies[number]
            network.zero_grad(set_to_none=True)
            part = loss(network, pieces[number], number) * shares[number]
            part.backward()
            return part.detach()

        losses = list(self.pool.map(work, own))
        return self._gather(losses, {number: shares[number] for number in own})

    def _gather(self, losses: Sequence[Tensor], shares: Mapping[int, float]) -> float:
        """Add gradients and losses over all parts, and average what batch norm has seen."""
        used = [self.copies[number] for number in shares]
        for weight, *theirs in _together(nn.Module.parameters, self.network, used):
            if not weight.requires_grad:  # frozen layers of an encoder
                continue
            weight.grad = _sum([each.grad for each in theirs], weight)
        seen = []
        for buffer, *theirs in _together(nn.Module.buffers, self.network, used):
            if buffer.is_floating_point():
                parts = [s * each for s, each in zip(shares.values(), theirs, strict=True)]
                buffer.copy_(_sum(parts, buffer))
                seen.append(buffer)
            else:
                buffer += 1  # steps that batch norm has counted
        loss = _sum(losses, torch.zeros((), device=next(self.network.parameters()).device))
        grads = [w.grad for w in self.network.parameters() if w.grad is not None]
        self.ranks.add([*grads, *seen, loss])
        for copied in self.copies.values():
            for mine, new in zip(copied.buffers(), self.network.buffers(), strict=True):
                mine.copy_(new)
        return float(loss)

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Work on items that do not need each other, as many at once as there are threads."""
        return self.pool.map(work, items)

    def close(self) -> None:
        """Let the threads go."""
        self.pool.shutdown()


def with_ghost_batches(network: nn.Module, parts: int, threads: int) -> WholeBatch | GhostBatches:
    """How a network is trained: in so many parts, on a GPU always in one after the other.

    Args:
        network: Whose weights are trained.
        parts: How many; 1 for the whole batch at once.
        threads: How many may run.
    """
    if parts == 1:
        return WholeBatch(network)
    on_processor = all(weight.device.type == "cpu" for weight in network.parameters())
    return GhostBatches(network, parts, threads if on_processor else 1, current_group())


def _together(
    what: Callable[[nn.Module], Iterable[Tensor]], network: nn.Module, used: Sequence[nn.Module]
) -> Iterator[tuple[Tensor, ...]]:
    """Weights or buffers of the network, each with those of the copies that were used."""
    return zip(what(network), *(what(each) for each in used), strict=True)


def _sum(values: Sequence[Tensor | None], like: Tensor) -> Tensor:
    """Sum in the order given, into the first; zeros like a tensor where there is none."""
    there = [value for value in values if value is not None]
    if not there:
        return torch.zeros_like(like)
    for value in there[1:]:
        there[0] += value
    return there[0]


def split_batch(batch: Batch, parts: int) -> list[Batch]:
    """A batch in parts of about equal size, two clips or more: batch norm needs them."""
    count = len(batch.clips)
    parts = max(1, min(parts, count // 2))
    edges = [count * number // parts for number in range(parts + 1)]
    return [
        Batch(**{each.name: _cut(getattr(batch, each.name), low, high) for each in fields(batch)})
        for low, high in pairwise(edges)
    ]


def _cut(value: Tensor | None, low: int, high: int) -> Any:
    return None if value is None else value[low:high]


def _sharing(network: nn.Module) -> nn.Module:
    """A copy with gradients and statistics of its own, and the weights of the network."""
    found = copy.deepcopy(network)
    for mine, theirs in zip(found.parameters(), network.parameters(), strict=True):
        mine.data = theirs.data
        mine.grad = None
    return found.train()


class _Dropout(nn.Module):
    """Dropout by a generator of its own: threads would take turns on the common one by chance."""

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.p):
            return x
        mask = torch.empty(x.shape).bernoulli_(1 - self.p, generator=self.generator)
        return x * mask.to(x) / (1 - self.p)


def _seedable(network: nn.Module) -> torch.Generator:
    """Put dropout of a generator into a network, and give the generator."""
    generator = torch.Generator()
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if isinstance(module, nn.Dropout):
                setattr(parent, name, _Dropout(module.p, generator))
            elif isinstance(module, SpecAugment):
                module.generator = generator
    return generator
