"""The thirteen representations here against plain librosa, and what the store saves."""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.core import Progress, in_processes
from ser_core.features.representations import REPRESENTATIONS, make, represent

Samples = npt.NDArray[np.float32]

SAMPLE_RATE, N_FFT, HOP, N_MELS, N_MFCC = 16_000, 512, 160, 80, 40
TEMPO_FRAMES = 128


def librosa_calls() -> dict[str, Callable[[Samples], Any]]:
    """Each representation from the waveform, as librosa's documentation writes it.

    The same parameters as here; librosa estimates no tuning here.
    """
    import librosa

    frames: dict[str, Any] = {"n_fft": N_FFT, "hop_length": HOP}
    rate_and_frames: dict[str, Any] = {"sr": SAMPLE_RATE, **frames}

    def mel_db(y: Samples) -> Any:
        mel = librosa.feature.melspectrogram(y=y, n_mels=N_MELS, **rate_and_frames)
        return librosa.power_to_db(mel)

    def mfcc(y: Samples) -> Any:
        return librosa.feature.mfcc(y=y, n_mfcc=N_MFCC, n_mels=N_MELS, **rate_and_frames)

    def tempogram(y: Samples) -> Any:
        onsets = librosa.onset.onset_strength(y=y, n_mels=N_MELS, **rate_and_frames)
        return librosa.feature.tempogram(
            onset_envelope=onsets, sr=SAMPLE_RATE, hop_length=HOP, win_length=TEMPO_FRAMES
        )

    return {
        "spectrogram": lambda y: librosa.amplitude_to_db(np.abs(librosa.stft(y, **frames))),
        "melspectrogram": mel_db,
        "mfcc": mfcc,
        "delta_mfcc": lambda y: librosa.feature.delta(mfcc(y)),
        "chroma": lambda y: librosa.feature.chroma_stft(y=y, tuning=0, **rate_and_frames),
        "spectral_contrast": lambda y: librosa.feature.spectral_contrast(y=y, **rate_and_frames),
        "zcr": lambda y: librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP),
        "rms": lambda y: librosa.feature.rms(y=y, frame_length=N_FFT, hop_length=HOP),
        "tempogram": tempogram,
        "delta_tempogram": lambda y: librosa.feature.delta(tempogram(y)),
        "tonnetz": lambda y: librosa.feature.tonnetz(
            y=librosa.effects.harmonic(y), sr=SAMPLE_RATE, tuning=0, hop_length=HOP
        ),
        "hpss": lambda y: [mel_db(part) for part in librosa.effects.hpss(y, **frames)],
        "cqt": lambda y: librosa.amplitude_to_db(
            np.abs(librosa.cqt(y, sr=SAMPLE_RATE, hop_length=HOP, tuning=0))
        ),
    }


@dataclass(frozen=True)
class Speed:
    """What the comparison found; times are CPU milliseconds a clip on one thread.

    `ratio_all` compares all thirteen together: the sum of librosa's calls with one call here, in
    which they share their work. `peak_mb` is the peak memory of a process that only represents.
    """

    clips: int
    seconds_of_sound: float
    ratio_all: float
    ratio: dict[str, float]
    librosa_ms: dict[str, float]
    ours_ms: dict[str, float]
    ours_all_ms: float
    peak_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def compare_with_librosa(waveforms: Sequence[Waveform], progress: Progress | None = None) -> Speed:
    """Time each representation here and in librosa, by turns on each clip, on one thread.

    Args:
        waveforms: Clips at 16 kHz.
        progress: Called after every clip.

    Raises:
        ParameterError: If a clip has another sample rate.
    """
    import torch
    from threadpoolctl import threadpool_limits

    peak = max(in_processes(_peak_memory, [waveforms[:50], []], workers=2))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1), warnings.catch_warnings():
            # librosa warns where its octaves have fewer samples than their window
            warnings.filterwarnings("ignore", message="n_fft=", category=UserWarning)
            theirs, ours, together = _time_all(waveforms, progress)
    finally:
        torch.set_num_threads(threads)
    milliseconds = 1000 / len(waveforms)
    return Speed(
        clips=len(waveforms),
        seconds_of_sound=sum(wave.duration for wave in waveforms),
        ratio_all=sum(theirs.values()) / together,
        ratio={name: theirs[name] / ours[name] for name in ours},
        librosa_ms={name: seconds * milliseconds for name, seconds in theirs.items()},
        ours_ms={name: seconds * milliseconds for name, seconds in ours.items()},
        ours_all_ms=together * milliseconds,
        peak_mb=peak,
    )


def _time_all(
    waveforms: Sequence[Waveform], progress: Progress | None
) -> tuple[dict[str, float], dict[str, float], float]:
    calls = librosa_calls()
    every = {name: make(name) for name in REPRESENTATIONS}
    theirs: dict[str, float] = defaultdict(float)
    ours: dict[str, float] = defaultdict(float)
    together = 0.0
    for name in every:  # first calls compile and fill caches on both sides
        calls[name](waveforms[0].samples)
        represent(waveforms[0], [every[name]])
    for number, wave in enumerate(waveforms):
        for name, rep in every.items():
            theirs[name] += _cpu_seconds(lambda n=name, w=wave: calls[n](w.samples))  # type: ignore[misc]
            ours[name] += _cpu_seconds(lambda r=rep, w=wave: represent(w, [r]))  # type: ignore[misc]
        together += _cpu_seconds(lambda w=wave: represent(w, list(every.values())))  # type: ignore[misc]
        if progress:
            progress(number + 1, len(waveforms))
    return theirs, ours, together


def _cpu_seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak_memory(waveforms: Sequence[Waveform]) -> float:
    """Peak resident memory in MB of this process once it has represented the clips."""
    for wave in waveforms:
        represent(wave, [make(name) for name in REPRESENTATIONS])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
