"""What was put is what is got, or nothing is; whatever happens to the process or the disk."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ser_core.core import ParameterError, StoreError
from ser_core.storage.feature_store import FeatureStore, Key
from ser_core.storage.feature_store.entry import MAX_MAPPED

MFCC = "mfcc-0123456789abcdef"
REPOSITORY = Path(__file__).parents[2]


def key(number: int = 0, representation: str = MFCC, dtype: str = "float32") -> Key:
    return Key(f"{number:064x}", representation, dtype)


def array(number: int = 0) -> np.ndarray:
    return np.random.default_rng(number).normal(size=(1, 40, 300)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


def the_file(store: FeatureStore) -> Path:
    (path,) = store.root.glob("*/*.features")
    return path


def unfinished(store: FeatureStore) -> list[Path]:
    return list((store.root / ".incoming").glob("*"))


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another Python process that has the store and these tests' helpers at hand."""
    prelude = "import sys, os, numpy as np\nfrom tests.storage.test_feature_store import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


# --- one process ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 40, 300), (2, 3), (7,), (0, 5), (1, 1, 1, 1, 1, 2)])
def test_float32_comes_back_bit_by_bit(store, shape):
    put = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    store.put(key(), put)

    got = store.get(key())
    assert got is not None
    assert (got.dtype, got.shape) == (np.float32, shape)
    assert np.array_equal(got, put)


def test_float16_comes_back_rounded(store):
    store.put(key(dtype="float16"), array())

    assert np.array_equal(store.get(key(dtype="float16")), array().astype(np.float16))


def test_an_array_in_any_memory_order_is_kept(store):
    store.put(key(), array().T)

    assert np.array_equal(store.get(key()), array().T)


def test_the_parts_of_the_key_are_kept_apart(store):
    keys = [key(1), key(2), key(1, "rms-00"), key(1, dtype="float16")]
    for number, one in enumerate(keys):
        store.put(one, np.full(3, number))

    assert [store.get(one)[0] for one in keys] == [0, 1, 2, 3]


def test_what_was_not_put_is_absent(store):
    assert store.get(key()) is None
    assert store.size().entries == 0
    assert not store.root.exists()


def test_entries_are_mapped_and_cannot_be_written_to(store):
    store.put(key(), array())

    with pytest.raises(ValueError, match="read-only"):
        store.get(key())[0] = 1


def test_it_is_computed_once(store):
    calls = []

    def compute():
        calls.append(1)
        return array()

    first = store.get_or_compute(key(dtype="float16"), compute)
    second = store.get_or_compute(key(dtype="float16"), compute)

    assert len(calls) == 1
    assert first.dtype == second.dtype == np.float16
    assert np.array_equal(first, second)


def test_a_whole_corpus_can_be_held_at_once(store):
    """A map keeps a file descriptor; a process has few."""
    store.put(key(), array())
    before = open_files()

    held = [store.get(key()) for _ in range(1500)]

    assert all(np.array_equal(one, array()) for one in held[:: MAX_MAPPED // 2])
    assert not held[-1].flags.writeable
    assert open_files() - before <= MAX_MAPPED


def test_the_default_place_is_in_the_runtime_folder(ser_home):
    assert FeatureStore().root == ser_home / "cache" / "features"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        (("zz" * 32, MFCC), "sha256"),
        (("00", MFCC), "sha256"),
        (("0" * 64, "../elsewhere"), "representation"),
        (("0" * 64, ".incoming"), "representation"),
        (("0" * 64, ""), "representation"),
        (("0" * 64, MFCC, "float64"), "dtype"),
    ],
)
def test_an_impossible_key_is_refused(parts, field):
    with pytest.raises(ParameterError, match=field):
        Key(*parts)


def test_a_value_that_float16_cannot_hold_is_refused(store):
    with pytest.raises(StoreError, match="too large for float16"):
        store.put(key(dtype="float16"), np.array([70_000.0]))

    assert store.get(key(dtype="float16")) is None


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 1000, 48_063])
def test_a_cut_file_is_absent_and_is_written_again(store, length):
    store.put(key(), array())
    os.truncate(the_file(store), length)

    assert store.get(key()) is None
    assert np.array_equal(store.get_or_compute(key(), array), array())
    assert np.array_equal(store.get(key()), array())


@pytest.mark.parametrize("place", [0, 8, 12, 16, 24, 40, 56, 64, 5_000, -1])
def test_a_changed_byte_is_noticed(store, place):
    store.put(key(), array())
    content = bytearray(the_file(store).read_bytes())
    content[place] ^= 0x10
    the_file(store).write_bytes(content)

    assert store.get(key()) is None


def test_a_file_that_is_longer_than_it_says_is_absent(store):
    store.put(key(), array())
    with the_file(store).open("ab") as file:
        file.write(b"more")

    assert store.get(key()) is None


# --- several processes ---------------------------------------------------------------------------


def fill(root: str, first: int, step: int) -> None:
    """Ask for the same 100 keys as others do, in another order."""
    store = FeatureStore(Path(root))
    for number in range(0, 100 * step, step):
        one = (first + number) % 100
        assert np.array_equal(store.get_or_compute(key(one), lambda n=one: array(n)), array(one))


def test_two_processes_fill_the_same_keys_at_once(store):
    code = "fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"

    with start(code, store.root, 0, 1) as one, start(code, store.root, 50, 7) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)

    assert store.size().entries == 100
    assert all(np.array_equal(store.get(key(n)), array(n)) for n in range(100))
    assert unfinished(store) == []


def test_a_process_killed_in_the_middle_of_a_write_leaves_nothing_to_read(store):
    code = """
from ser_core.storage.feature_store.entry import encode

def halves(self, content, path):
    with (self._incoming() / "half").open("xb") as file:
        file.write(content[0])
        file.write(content[1][: len(content[1]) // 2])
        file.flush()
        print("half way", flush=True)
        time.sleep(60)

FeatureStore._write = halves
FeatureStore(Path(sys.argv[1])).put(key(), array())
"""
    with start(code, store.root) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half way\n"
        writer.send_signal(signal.SIGKILL)

    assert len(unfinished(store)) == 1
    assert store.get(key()) is None
    assert store.size().entries == 0


def test_processes_killed_at_any_moment_leave_only_whole_entries(store):
    code = """
store = FeatureStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**6):
    store.put(key(number % 20), array(number % 20))
"""
    for moment in (0.0, 0.011, 0.023, 0.05):
        with start(code, store.root) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moment)
            writer.kill()

    for path in store.root.glob("*/*.features"):
        number = int(path.name.partition(".")[0], 16)
        assert np.array_equal(store.get(key(number)), array(number))


def test_what_dead_writers_left_is_swept_when_it_is_old(store):
    folder = store.root / ".incoming"
    folder.mkdir(parents=True)
    (folder / "old").write_bytes(b"part")
    (folder / "young").write_bytes(b"part")
    two_hours_ago = time.time() - 7200
    os.utime(folder / "old", (two_hours_ago, two_hours_ago))

    store.put(key(), array())

    assert [path.name for path in unfinished(store)] == ["young"]


def test_what_is_held_stays_readable_while_another_process_clears(store):
    store.put(key(), array())
    held = store.get(key())

    FeatureStore(store.root).clear()

    assert np.array_equal(held, array())
    store.put(key(), array())  # its folder is gone
    assert store.size().entries == 1


# --- a disk that does not take it ----------------------------------------------------------------


def put_with_little_room(root: str) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    store = FeatureStore(Path(root))
    try:
        store.put(key(), array())
    except StoreError as error:
        sys.stdout.write(str(error))


def test_a_write_that_does_not_fit_says_so_and_leaves_nothing(store):
    with start("put_with_little_room(sys.argv[1])", store.root) as process:
        output, _ = process.communicate(timeout=60)

    assert "cannot be written" in output
    assert "python -m ser_core store clear" in output
    assert store.get(key()) is None
    assert unfinished(store) == []


def test_a_full_disk_says_so_and_leaves_nothing(store, monkeypatch):
    def full(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        store.put(key(), array())

    assert "store clear" in caught.value.remedy
    assert unfinished(store) == []
    assert store.size().entries == 0


def test_a_store_that_is_not_a_folder_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "features").write_text("a file")
    store = FeatureStore(tmp_path / "features")

    with pytest.raises(StoreError, match="cannot be read"):
        store.get(key())
    with pytest.raises(StoreError, match="cannot be written") as caught:
        store.put(key(), array())

    assert "SER_HOME" in caught.value.remedy


# --- size and clear ------------------------------------------------------------------------------


def filled(store: FeatureStore) -> FeatureStore:
    for number in range(3):
        store.put(key(number), np.zeros(100))
    store.put(key(0, "mfcc-fedcba9876543210"), np.zeros(100))
    store.put(key(0, "rms-0123456789abcdef"), np.zeros(100))
    return store


def test_size_counts_entries_and_bytes_by_representation(store):
    usage = filled(store).size()

    assert (usage.entries, usage.bytes) == (5, 5 * (64 + 400))
    assert {name: part.entries for name, part in usage.by_representation.items()} == {
        "mfcc-0123456789abcdef": 3,
        "mfcc-fedcba9876543210": 1,
        "rms-0123456789abcdef": 1,
    }


@pytest.mark.parametrize(
    ("representation", "deleted"), [(None, 5), ("mfcc", 4), (MFCC, 3), ("rms-0123456789abcdef", 1)]
)
def test_clear_deletes_all_or_one_representation(store, representation, deleted):
    filled(store)

    assert store.clear(representation).entries == deleted
    assert store.size().entries == 5 - deleted


def test_clear_suggests_the_representation_that_was_meant(store):
    with pytest.raises(StoreError, match="Did you mean 'mfcc'"):
        filled(store).clear("mfc")


def test_clear_leaves_what_it_did_not_write(store):
    filled(store)
    note = store.root / MFCC / "note.txt"
    note.write_text("mine")

    store.clear()

    assert note.read_text() == "mine"
    assert store.size().entries == 0
