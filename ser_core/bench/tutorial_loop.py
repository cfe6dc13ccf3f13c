"""The training step as tutorials write it, in a process that nobody has tuned.

What is measured by turns with another process must not share its settings: threads that wait as the
system's default has them, and memory that is given back after every step.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SPIN = "300000"
"""Turns that libgomp waits for the next piece of work, where nothing else is said."""


@contextmanager
def plain_loop(frames: int, batch: int, width: int, threads: int) -> Iterator[Callable[[], float]]:
    """A process with the plain loop; what is given makes one step and returns its seconds.

    Args:
        frames: Of the feature maps.
        batch: Feature maps in a step.
        width: Channels of the first stage of the network.
        threads: Of torch.
    """
    environment = {**os.environ, "GOMP_SPINCOUNT": DEFAULT_SPIN}
    command = [sys.executable, "-m", __name__, *map(str, (frames, batch, width, threads))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018  (pipes)

        def step() -> float:
            stdin.write("step\n")
            stdin.flush()
            return float(stdout.readline())

        try:
            yield step
        finally:
            stdin.close()
            process.wait()


def main(frames: int, batch: int, width: int, threads: int) -> None:
    """Make a step for every line of the input: float32, contiguous, AdamW."""
    import torch
    from torch import nn

    from ser_core.bench import training
    from ser_core.models.networks.resnet import AudioResNet, ResNetSpec

    training.FRAMES, training.BATCH = frames, batch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = AudioResNet(ResNetSpec(classes=training.CLASSES, width=width)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    batches = training.batches_of(training.noise())
    for number, _ in enumerate(sys.stdin):
        part = batches[number % len(batches)]
        started = time.perf_counter()
        optimizer.zero_grad()
        loss = criterion(network(part.features), part.targets)
        loss.backward()
        optimizer.step()
        loss.item()
        sys.stdout.write(f"{time.perf_counter() - started}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
