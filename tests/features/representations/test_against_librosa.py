"""Each representation, number by number, against librosa on real speech.

The tolerances are those of float32 against float64; where the definition differs on purpose, the
reference is given the same definition, and the docstring of the representation says why.
"""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from ser_core.features.representations import FLOOR_DB, make
from ser_core.features.representations.filters import constant_q_lengths, full_scale_power

N_FFT, HOP, RATE = 512, 160, 16_000
FULL_SCALE = full_scale_power(N_FFT)
STFT = {"n_fft": N_FFT, "hop_length": HOP}


def ours(name, samples, **parameters):
    return make(name, **parameters)(torch.from_numpy(samples)[None])[0].numpy()


def db(power, full_scale=FULL_SCALE):
    floor = full_scale * 10 ** (FLOOR_DB / 10)
    return librosa.power_to_db(power, ref=full_scale, amin=floor, top_db=None)


def power_of(samples):
    return np.abs(librosa.stft(samples.astype(float), **STFT)) ** 2


def mel_db_of(samples):
    mel = librosa.feature.melspectrogram(S=power_of(samples), sr=RATE, n_fft=N_FFT, n_mels=80)
    return db(mel)


def chroma_of(samples):
    return librosa.feature.chroma_stft(S=power_of(samples), sr=RATE, n_fft=N_FFT, tuning=0)


def test_spectrogram(speech):
    np.testing.assert_allclose(ours("spectrogram", speech)[0], db(power_of(speech)), atol=0.1)


def test_melspectrogram(speech):
    np.testing.assert_allclose(ours("melspectrogram", speech)[0], mel_db_of(speech), atol=0.01)


def test_mfcc(speech):
    reference = librosa.feature.mfcc(S=mel_db_of(speech), n_mfcc=40)
    np.testing.assert_allclose(ours("mfcc", speech)[0], reference, atol=5e-3)


def test_delta_mfcc(speech):
    reference = librosa.feature.delta(librosa.feature.mfcc(S=mel_db_of(speech), n_mfcc=40), order=1)
    np.testing.assert_allclose(ours("delta_mfcc", speech)[0], reference, atol=1e-3)


def test_chroma(speech):
    np.testing.assert_allclose(ours("chroma", speech)[0], chroma_of(speech), atol=1e-4)


def test_tonnetz(speech):
    reference = librosa.feature.tonnetz(chroma=chroma_of(speech))
    np.testing.assert_allclose(ours("tonnetz", speech)[0], reference, atol=1e-4)


@pytest.mark.parametrize("quantile", [0.02, 0.2])
def test_spectral_contrast_is_twice_librosas(speech, quantile):
    magnitude = np.maximum(np.sqrt(power_of(speech)), 1e-9)
    reference = librosa.feature.spectral_contrast(
        S=magnitude, sr=RATE, n_fft=N_FFT, quantile=quantile
    )
    rep = make("spectral_contrast", quantile=quantile)
    contrast = rep(torch.from_numpy(speech)[None])[0].numpy()[0]
    above_the_floor = np.stack(
        [power_of(speech)[start:stop].min(axis=0) for start, stop, _ in rep.bands()]
    ) > FULL_SCALE * 10 ** (FLOOR_DB / 10)  # librosa has no floor this high
    np.testing.assert_allclose(contrast[above_the_floor], 2 * reference[above_the_floor], atol=0.05)
    assert above_the_floor.mean() > 0.8


def test_zcr(speech):
    reference = librosa.feature.zero_crossing_rate(speech, frame_length=N_FFT, hop_length=HOP)
    np.testing.assert_allclose(ours("zcr", speech)[0], reference, atol=1e-6)


def test_rms(speech):
    reference = librosa.feature.rms(y=speech, frame_length=N_FFT, hop_length=HOP)
    np.testing.assert_allclose(ours("rms", speech)[0], reference, atol=1e-6)


def tempogram_of(samples):
    onsets = librosa.onset.onset_strength(S=mel_db_of(samples), sr=RATE, **STFT)
    beyond = np.pad(onsets, (64, 63))  # no onsets beyond the sound, where librosa draws a ramp
    return librosa.feature.tempogram(
        onset_envelope=beyond, sr=RATE, hop_length=HOP, win_length=128, center=False
    )


def test_tempogram(speech):
    np.testing.assert_allclose(ours("tempogram", speech)[0], tempogram_of(speech), atol=1e-4)


def test_delta_tempogram(speech):
    reference = librosa.feature.delta(tempogram_of(speech), order=1)
    np.testing.assert_allclose(ours("delta_tempogram", speech)[0], reference, atol=1e-4)


def test_hpss(speech):
    parts = librosa.decompose.hpss(np.sqrt(power_of(speech)), kernel_size=31, power=2.0)
    for part, channel in zip(parts, ours("hpss", speech), strict=True):
        mel = librosa.feature.melspectrogram(S=part**2, sr=RATE, n_fft=N_FFT, n_mels=80)
        np.testing.assert_allclose(channel, db(mel), atol=0.02)


def test_cqt(speech):
    rep = make("cqt")
    reference = librosa.cqt(
        speech.astype(float), sr=RATE, hop_length=HOP, tuning=0, sparsity=0, res_type="soxr_vhq"
    )
    lengths = constant_q_lengths(rep.frequencies(), RATE, 12)[:, None]
    reference = db((2 * np.abs(reference) / np.sqrt(lengths)) ** 2, full_scale=1.0)
    loud = reference > reference.max() - 60
    difference = np.abs(ours("cqt", speech)[0][loud] - reference[loud])
    # Both halve the sample rate octave by octave, with different filters; and librosa cuts off
    # what rings behind the end of the clip.
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.1
