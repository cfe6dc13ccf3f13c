"""Representations of sounds that are decoded already, into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from ser_core.audio import Waveform
from ser_core.core import in_processes
from ser_core.features.representations import Representation, represent
from ser_core.storage.feature_store import FeatureStore, Key

# Starting workers and importing torch in them takes as long as representing this many clips.
MIN_FILES_FOR_WORKERS = 200

BATCH_SECONDS = 10.0
"""Sound that an encoder is given at once, padding included. More of it leaves the cache of a core,
and is slower: for the encoder of Whisper tiny.en 10 s are best and 60 s are slower than clips one
by one."""

Item = tuple[Key, Waveform]


def fill(
    store: FeatureStore,
    representation: Representation,
    sounds: Sequence[Item],
    *,
    workers: int | None = None,
    on_stored: Callable[[int], None] = lambda _stored: None,
) -> None:
    """Represent sounds and store what comes out.

    Args:
        store: Where to.
        representation: Which one; its own `in_batches` says whether clips share a batch.
        sounds: Each with its key.
        workers: Processes; all cores for many sounds when absent.
        on_stored: Called with the number of sounds stored since the last call.

    Raises:
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed. What is stored stays.
    """
    if workers is None and len(sounds) < MIN_FILES_FOR_WORKERS:
        workers = 1
    items = batches(sounds) if representation.in_batches else [[each] for each in sounds]
    for stored in in_processes(partial(_store, representation, store), items, workers=workers):
        on_stored(stored)


def batches(sounds: Sequence[Item], seconds: float = BATCH_SECONDS) -> list[list[Item]]:
    """Sounds in batches of near-equal length, the longest first, so that workers end together.

    Args:
        sounds: Each with its key.
        seconds: Most sound in a batch, padding included; a longer sound is a batch by itself.
    """
    order = sorted(sounds, key=lambda item: len(item[1].samples), reverse=True)
    found: list[list[Item]] = []
    for item in order:
        batch = found[-1] if found else []
        if batch and (len(batch) + 1) * batch[0][1].duration <= seconds:
            batch.append(item)
        else:
            found.append([item])
    return found


def _store(representation: Representation, store: FeatureStore, batch: list[Item]) -> int:
    keys, sounds = zip(*batch, strict=True)
    if len(sounds) == 1:
        store.put(keys[0], represent(sounds[0], [representation])[0])
        return 1
    lengths = torch.tensor([len(sound.samples) for sound in sounds])
    samples = [torch.from_numpy(sound.samples) for sound in sounds]
    waves = torch.nn.utils.rnn.pad_sequence(samples, batch_first=True)
    with torch.inference_mode():
        features = representation(waves, lengths)
    frames = representation.frames(lengths).tolist()
    for key, each, own in zip(keys, features, frames, strict=True):
        store.put(key, each[..., :own].numpy())
    return len(sounds)
