from __future__ import annotations

import os
import signal

import pytest

from ser_core.core.parallel import WorkerError, in_processes


def square(x: int) -> int:
    return x * x


def whose(_x: int) -> int:
    return os.getpid()


def die(_x: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(x: int) -> None:
    raise ValueError(f"no {x}")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_has_its_result(workers):
    assert sorted(in_processes(square, range(5), workers=workers)) == [0, 1, 4, 9, 16]


def test_one_worker_is_this_process_and_several_are_not():
    assert set(in_processes(whose, range(3), workers=1)) == {os.getpid()}
    assert os.getpid() not in set(in_processes(whose, range(3), workers=2))


def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(ValueError, match="no 7"):
        list(in_processes(fail, [7], workers=2))


def test_a_killed_worker_is_an_error_for_people():
    with pytest.raises(WorkerError, match="was killed"):
        list(in_processes(die, [1, 2], workers=2))
