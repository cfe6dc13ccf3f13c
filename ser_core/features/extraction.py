"""Representations of a whole corpus, through the store and on all cores."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.audio import sha256 as content_address
from ser_core.core import AudioError, Progress, in_processes
from ser_core.features.filling import MIN_FILES_FOR_WORKERS
from ser_core.features.representations import Representation, represent
from ser_core.features.representations.files import LEVELS, columns
from ser_core.storage import atomic
from ser_core.storage.feature_store import FeatureStore, Key
from ser_core.storage.npz import read_npz

Values = npt.NDArray[np.float32]

MEAN_FRAMES = 100


@dataclass(frozen=True)
class Extracted:
    """What became of one clip: computed now, found in the store, or a problem."""

    clip: str
    computed: int
    found: int
    problem: str = ""


def store_key(sha256: str, representation: Representation, dtype: str) -> Key:
    """Key in the store of what is kept for a representation of these samples: its `whole`."""
    return Key(sha256, f"{representation.name}-{representation.whole.hash}", dtype)


def feature_values(
    waveform: Waveform, representation: Representation, store: FeatureStore, dtype: str = "float32"
) -> Values:
    """Representation of a sound, computed unless stored; (channels, bins, frames)."""
    key = store_key(content_address(waveform), representation, dtype)
    whole = store.get_or_compute(key, lambda: represent(waveform, [representation.whole])[0])
    return representation.part(whole)


def extract(
    files: dict[str, Path],
    representations: Sequence[Representation],
    *,
    addresses: dict[str, str] | None = None,
    store: FeatureStore | None = None,
    dtype: str = "float16",
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Extracted]:
    """Fill the store with representations of many clips.

    Args:
        files: Sound file by clip.
        representations: What to compute, all at one sample rate.
        addresses: sha256 of the samples by clip, where known (a scan knows it): then a clip whose
            representations are all stored is not decoded.
        store: Where to; the default store when absent.
        dtype: "float16" (half the size, three digits) or "float32".
        workers: Processes; all cores for a large corpus when absent.
        progress: Called with (clips done, clips in all).

    Returns:
        One entry a clip, in the order of `files`; a clip that cannot be decoded has a problem.

    Raises:
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed. What is stored stays.
    """
    store = store or FeatureStore()
    addresses = usable_addresses(addresses, representations)
    if workers is None and len(files) < MIN_FILES_FOR_WORKERS:
        workers = 1
    work = partial(_extract_one, representations, store, dtype)
    items = [(clip, path, addresses.get(clip)) for clip, path in files.items()]
    done = {}
    for result in in_processes(work, items, workers=workers):
        done[result.clip] = result
        if progress:
            progress(len(done), len(files))
    return [done[clip] for clip in files]


def _extract_one(
    representations: Sequence[Representation],
    store: FeatureStore,
    dtype: str,
    item: tuple[str, Path, str | None],
) -> Extracted:
    clip, path, address = item
    missing = [rep for rep in representations if not _stored(store, address, rep, dtype)]
    if not missing:
        return Extracted(clip, 0, len(representations))
    try:
        waveform = load(path, sample_rate=missing[0].sample_rate)
    except AudioError as error:
        return Extracted(clip, 0, 0, str(error))
    if address is None:
        address = content_address(waveform)
        missing = [rep for rep in missing if not _stored(store, address, rep, dtype)]
    kept = {store_key(address, rep, dtype): rep.whole for rep in missing}
    for key, features in zip(kept, represent(waveform, list(kept.values())), strict=True):
        store.put(key, features)
    return Extracted(clip, len(missing), len(representations) - len(missing))


def usable_addresses(
    addresses: dict[str, str] | None, representations: Sequence[Representation]
) -> dict[str, str]:
    """Addresses, if they are of the samples that these representations see."""
    same_rate = all(rep.sample_rate == SAMPLE_RATE for rep in representations)
    return addresses if addresses and same_rate else {}


def _stored(store: FeatureStore, address: str | None, rep: Representation, dtype: str) -> bool:
    return address is not None and store.get(store_key(address, rep, dtype)) is not None


def time_normalised(features: Values, frames: int = MEAN_FRAMES) -> Values:
    """Feature map brought to a number of frames by averaging or repeating along time.

    Args:
        features: Shape (channels, bins, n).
        frames: Frames wanted.

    Returns:
        Shape (channels, bins, frames): frame k covers the k-th of `frames` equal parts of the
        clip, so that clips of different lengths can be averaged.
    """
    n = features.shape[-1]
    features = features.astype(np.float64)
    sums = np.concatenate([np.zeros_like(features[..., :1]), features.cumsum(axis=-1)], axis=-1)
    edges = np.linspace(0, n, frames + 1)
    before = np.floor(edges).astype(int)
    behind = np.minimum(before + 1, n)
    at_edges = sums[..., before] + (edges - before) * (sums[..., behind] - sums[..., before])
    means: Values = (np.diff(at_edges, axis=-1) * (frames / n)).astype(np.float32)
    return means


def frame_centres(frames: int = MEAN_FRAMES) -> npt.NDArray[np.float64]:
    """Middle of each of so many equal parts of a clip, as a share of it; shape (frames,).

    >>> frame_centres(4).tolist()
    [0.125, 0.375, 0.625, 0.875]
    """
    return (np.arange(frames) + 0.5) / frames


@dataclass(frozen=True)
class ClassMeans:
    """Mean feature map of each group, and how many clips stand behind it.

    Attributes:
        features: By group, shape (channels, bins, MEAN_FRAMES), time in parts of the clip.
        clips: Number of clips by group.
        unreadable: Clips that could not be decoded.
    """

    features: dict[str, Values]
    clips: dict[str, int]
    unreadable: tuple[str, ...] = ()


def mean_by(
    files: dict[str, Path],
    groups: pd.Series[str],
    representation: Representation,
    *,
    addresses: dict[str, str] | None = None,
    store: FeatureStore | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ClassMeans:
    """Mean of a representation over the clips of each group.

    Args:
        files: Sound file by clip.
        groups: Group of each clip, indexed by clip.
        representation: Which one, with its parameters.
        addresses: sha256 of the samples by clip, where known: then the store is used.
        store: Which store; the default store when absent.
        workers: Processes; all cores for a large corpus when absent.
        progress: Called with (clips done, clips in all).

    Raises:
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed.
    """
    if workers is None and len(files) < MIN_FILES_FOR_WORKERS:
        workers = 1
    addresses = usable_addresses(addresses, [representation])
    work = partial(_stretched_one, representation, store or FeatureStore())
    items = [(clip, path, addresses.get(clip)) for clip, path in files.items()]
    sums: dict[str, npt.NDArray[np.float64]] = {}
    counts: dict[str, int] = {}
    unreadable = []
    for done, (clip, features) in enumerate(in_processes(work, items, workers=workers), start=1):
        if features is None:
            unreadable.append(clip)
        else:
            group = groups[clip]
            sums[group] = sums.get(group, 0.0) + features.astype(np.float64)
            counts[group] = counts.get(group, 0) + 1
        if progress:
            progress(done, len(files))
    means = {group: (total / counts[group]).astype(np.float32) for group, total in sums.items()}
    return ClassMeans(means, counts, tuple(unreadable))


def save_means(path: Path, representation: Representation, means: ClassMeans) -> None:
    """Write means to an NPZ file.

    It holds `picture_<group>` for each, shape (channels, bins, MEAN_FRAMES); `times`, the middle of
    each frame as a share of the clip from 0 to 1; `bins`, in the unit of the axis, or names; and
    `about` as JSON.

    Raises:
        SerError: If it cannot be written.
    """
    archive, axis = io.BytesIO(), representation.bin_axis()
    about = {
        "name": representation.name,
        "unit": representation.unit,
        "level": LEVELS.get(representation.name, ""),
        "axis": axis.label,
        "axis_unit": axis.unit,
        "channels": representation.channel_names,
        "parameters": representation.parameters,
        "clips": means.clips,
        "unreadable": means.unreadable,
    }
    features = {f"picture_{group}": feature_map for group, feature_map in means.features.items()}
    axes = {"times": frame_centres(MEAN_FRAMES), "bins": np.asarray(axis.values)}
    np.savez_compressed(archive, about=json.dumps(about), **axes, **features)  # type: ignore[arg-type]
    atomic.write(path, archive.getvalue())


def means_csv(representation: Representation, means: ClassMeans) -> str:
    """Table of means: a row a group and part of the clip, a column a bin of each channel."""
    tables = {
        group: pd.DataFrame(
            feature_map.reshape(-1, feature_map.shape[-1]).T,
            index=pd.Index(frame_centres(feature_map.shape[-1]).round(6), name="part of clip"),
            columns=columns(representation),
        )
        for group, feature_map in means.features.items()
    }
    return pd.concat(tables, names=["group"]).to_csv(float_format="%.6g")


def load_means(path: Path) -> ClassMeans | None:
    """Means that `save_means` wrote; None when the file is absent or something else."""
    try:
        arrays = read_npz(path)
        about = json.loads(str(arrays["about"]))
        features = {group: arrays[f"picture_{group}"] for group in about["clips"]}
        clips = {group: int(number) for group, number in about["clips"].items()}
        return ClassMeans(features, clips, tuple(map(str, about["unreadable"])))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _stretched_one(
    representation: Representation, store: FeatureStore, item: tuple[str, Path, str | None]
) -> tuple[str, Values | None]:
    clip, path, address = item
    key = store_key(address, representation, "float16") if address else None
    try:
        if key is None:
            return clip, time_normalised(_computed(path, representation))
        whole = store.get_or_compute(key, lambda: _computed(path, representation.whole))
        return clip, time_normalised(representation.part(whole))
    except AudioError:
        return clip, None


def _computed(path: Path, representation: Representation) -> Values:
    return represent(load(path, sample_rate=representation.sample_rate), [representation])[0]
