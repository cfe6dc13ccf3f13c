"""Statistics of a pretrained encoder as the feature store is filled, against plain transformers."""

from __future__ import annotations

import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform, sha256
from ser_core.bench.machine import processor
from ser_core.core import settings
from ser_core.features.encoders import EncoderFolder, open_folder
from ser_core.features.encoders.families import family
from ser_core.features.extraction import store_key
from ser_core.features.filling import fill
from ser_core.features.representations import Representation, make, represent
from ser_core.storage.feature_store import FeatureStore

Plain = Callable[[Waveform], Tensor]


@dataclass(frozen=True)
class EncoderSpeed:
    """What was measured: wall-clock time, rounds of both by turns.

    Attributes:
        encoder: Family.
        clips: How many.
        seconds_of_sound: Mean length of a clip.
        threads: Of the plain loop, and worker processes of ours.
        rounds: That were counted; one before them was not.
        machine: Processor and system.
        plain_s: Seconds a clip of the plain loop, by round.
        ours_s: Seconds a clip of ours, by round; writing to the store included.
        ratio: Median over the rounds of plain / ours.
        ratio_low: Least ratio of a round.
        ratio_high: Greatest ratio of a round.
        checked_on: What sound both were compared on.
        difference: Greatest absolute difference of a statistic there, float32.
        scale: Greatest absolute value of a statistic there.
    """

    encoder: str
    clips: int
    seconds_of_sound: float
    threads: int
    rounds: int
    machine: str
    plain_s: list[float]
    ours_s: list[float]
    ratio: float
    ratio_low: float
    ratio_high: float
    checked_on: str
    difference: float
    scale: float

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def compare_with_transformers(
    folder: Path,
    sounds: Sequence[Waveform],
    rounds: int = 3,
    announce: Callable[[str], None] = lambda _step: None,
) -> EncoderSpeed:
    """Time features of all layers, ours into an empty store and the plain loop, by turns.

    Both have as many cores: the plain loop as threads of torch, ours as worker processes.

    Args:
        folder: Of the encoder.
        sounds: Decoded clips at the encoder's sample rate.
        rounds: Of both; one more comes first and does not count.
        announce: Called with the name of each step as it begins.

    Raises:
        ModelError: If the folder holds no encoder that can be used.
        StoreError: If there is no room for a temporary store.
    """
    source = open_folder(folder)
    rep = make("encoder", encoder=str(folder), first=0)
    plain, threads = plain_loop(source), torch.get_num_threads()
    keys = [store_key(sha256(sound), rep, rep.dtype) for sound in sounds]
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    beside = settings.home() / "cache"
    beside.mkdir(parents=True, exist_ok=True)
    for number in range(rounds + 1):
        announce(f"round {number} of {rounds}" if number else "warm-up")
        started = time.perf_counter()
        for sound in sounds:
            plain(sound)
        times["plain"].append((time.perf_counter() - started) / len(sounds))
        with tempfile.TemporaryDirectory(prefix="bench-", dir=beside) as place:
            started = time.perf_counter()
            items = list(zip(keys, sounds, strict=True))
            fill(FeatureStore(Path(place)), rep, items, workers=threads)
            times["ours"].append((time.perf_counter() - started) / len(sounds))
    plain_s, ours_s = times["plain"][1:], times["ours"][1:]
    ratios = [one / other for one, other in zip(plain_s, ours_s, strict=True)]
    announce("comparing the values")
    checked_on, difference, scale = _difference(source, rep, plain, sounds)
    return EncoderSpeed(
        source.model_type, len(sounds), float(np.mean([sound.duration for sound in sounds])),
        threads, rounds, f"{processor()}, {platform.system()}, torch {torch.__version__}",
        plain_s, ours_s,
        statistics.median(ratios), min(ratios), max(ratios), checked_on, difference, scale,
    )  # fmt: skip


def plain_loop(source: EncoderFolder) -> Plain:
    """Mean and spread of all layers of one clip a call, as `transformers` documents its use.

    Whisper's feature extractor pads each clip to 30 s. The statistics are over the clip's own
    frames. Gives shape (layers, 2 * size).
    """
    return _plain_whisper(source) if source.model_type == "whisper" else _plain_wav2vec2(source)


def _plain_whisper(source: EncoderFolder) -> Plain:
    from transformers import WhisperConfig, WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = WhisperConfig(**source.config)
    module = WhisperEncoder(config).eval()
    module.load_state_dict(family("whisper").state(source.tensors()))
    prepare = WhisperFeatureExtractor(**_whisper_preparation(source))

    def plain(sound: Waveform) -> Tensor:
        mel = prepare(sound.samples, sampling_rate=sound.sample_rate, return_tensors="pt")
        with torch.no_grad():
            found = module(mel.input_features, output_hidden_states=True).hidden_states
        own = -(-len(sound.samples) // (2 * prepare.hop_length))
        return _statistics([each[0, :own] for each in found])

    return plain


def _whisper_preparation(source: EncoderFolder) -> dict[str, Any]:
    """Arguments of the feature extractor; by default those that fit the positions."""
    seconds = source.config["max_source_positions"] * 320 // 16_000
    known = ("feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft")
    given = {name: source.preparation[name] for name in known if name in source.preparation}
    return {"feature_size": source.config["num_mel_bins"], "chunk_length": seconds, **given}


def _plain_wav2vec2(source: EncoderFolder) -> Plain:
    from transformers import AutoModel, Wav2Vec2FeatureExtractor

    module = AutoModel.from_pretrained(source.path, local_files_only=True).eval()
    known = ("do_normalize", "sampling_rate")
    given = {name: source.preparation[name] for name in known if name in source.preparation}
    prepare = Wav2Vec2FeatureExtractor(**given)

    def plain(sound: Waveform) -> Tensor:
        values = prepare(sound.samples, sampling_rate=sound.sample_rate, return_tensors="pt")
        with torch.no_grad():
            found = module(values.input_values, output_hidden_states=True).hidden_states
        return _statistics([each[0] for each in found])

    return plain


def _statistics(states: Sequence[Tensor]) -> Tensor:
    layers = torch.stack(list(states))
    return torch.cat([layers.mean(1), layers.std(1, correction=0)], dim=-1)


def _difference(
    source: EncoderFolder, rep: Representation, plain: Plain, sounds: Sequence[Waveform]
) -> tuple[str, float, float]:
    """Where both should agree, how far they differ, and how large the values are.

    Whisper's frames see each other, so that padding to 30 s changes them: both agree on a sound of
    full length only. The other families are not padded.
    """
    if source.model_type == "whisper":
        full = source.config["max_source_positions"] * 320
        together = np.concatenate([sound.samples for sound in sounds])
        together = np.resize(together, full)  # repeated where it is too short
        compared = [Waveform(together, sounds[0].sample_rate)]
        words = f"one sound of {full / sounds[0].sample_rate:g} s, clips end to end"
    else:
        compared = list(sounds)
        words = f"{len(sounds)} clips"
    pairs = [(plain(each).numpy(), represent(each, [rep])[0][..., 0]) for each in compared]
    difference = max(float(np.abs(one - other).max()) for one, other in pairs)
    return words, difference, max(float(np.abs(one).max()) for one, _ in pairs)
