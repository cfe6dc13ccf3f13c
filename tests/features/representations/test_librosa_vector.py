"""The vector of tutorials: each of its parts against librosa, and as a representation."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from ser_core.core import ParameterError
from ser_core.features.representations import Analysis, make
from ser_core.features.representations.librosa_vector import ROWS, SHARES, STATISTICS
from ser_core.features.representations.rhythm import Tempogram
from ser_core.features.representations.yin import HIGHEST_HZ, LOWEST_HZ, window, yin
from tests.features.representations.test_against_librosa import db, power_of
from tests.features.representations.test_functionals import tone

RATE, HOP, N_FFT = 16_000, 160, 512
VECTOR = make("librosa_vector")
FLAT = make("librosa_flat")

both = pytest.mark.parametrize("rep", [VECTOR, FLAT], ids=["vector", "flat"])


def yin_of(samples):
    return librosa.yin(
        samples.astype(float), fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=RATE,
        frame_length=window(RATE), hop_length=HOP,
    )  # fmt: skip


def rows_of(samples):
    """All rows by librosa, (41, frames), but for the pitch."""
    energy = librosa.feature.rms(y=samples, frame_length=N_FFT, hop_length=HOP)
    mel = librosa.feature.melspectrogram(S=power_of(samples), sr=RATE, n_fft=N_FFT, n_mels=40)
    cepstrum = librosa.feature.mfcc(S=db(mel), n_mfcc=13)
    moves = [librosa.feature.delta(cepstrum, order=order) for order in (1, 2)]
    return np.concatenate([energy, cepstrum, *moves])


def test_pitch_is_that_of_librosa(speech):
    found = yin(torch.from_numpy(speech)[None], RATE, HOP)[0].numpy()
    expected = yin_of(speech)
    near = np.abs(found / expected - 1) < 1e-3
    # Of two dips that are as deep, rounding takes one or the other.
    assert near.mean() > 0.98
    assert found.shape == expected.shape


def test_all_other_rows_are_those_of_librosa(speech):
    found = VECTOR.rows(Analysis(torch.from_numpy(speech)[None], RATE))[0, 1:].numpy()
    np.testing.assert_allclose(found, rows_of(speech), atol=5e-3)


def test_statistics_are_those_of_the_rows(speech):
    wave = torch.from_numpy(speech)[None]
    found = VECTOR(wave)[0, 0, :, 0].numpy()
    rows = VECTOR.rows(Analysis(wave, RATE))[0].double().numpy()
    expected = [rows.mean(-1), rows.std(-1), *np.quantile(rows, SHARES, axis=-1)]
    assert len(expected) == len(STATISTICS)
    np.testing.assert_allclose(found[:-1], np.concatenate(expected), rtol=1e-4, atol=1e-4)


@both
def test_tempo_is_that_of_librosa(speech, rep):
    sound = Analysis(torch.from_numpy(speech)[None], RATE)
    shape = {"n_fft": rep.n_fft, "hop_length": rep.hop_length, "win_length": rep._lags()}
    alike = Tempogram(n_mels=40, **shape).correlations(sound)[0].numpy()
    expected = librosa.feature.tempo(sr=RATE, hop_length=rep.hop_length, tg=alike)
    assert rep.tempo(sound).item() == pytest.approx(expected.item(), rel=1e-5)


def test_tempo_of_bursts_is_their_rate():
    wave = torch.zeros(1, 4 * RATE)
    for start in range(0, 4 * RATE, RATE // 2):  # two a second
        wave[:, start + 800 : start + 1_600] = tone(300, 0.05)
    assert VECTOR.tempo(Analysis(wave, RATE)).item() == pytest.approx(120, rel=0.03)


@pytest.mark.parametrize("hz", [80, 150, 320])
def test_pitch_of_a_tone_is_its_frequency(hz):
    np.testing.assert_allclose(yin(tone(hz), RATE, HOP)[0, 10:-10], hz, rtol=5e-3)
    names = list(VECTOR.bin_axis().values)
    assert VECTOR(tone(hz))[0, 0, names.index("pitch: 50 %"), 0].item() == pytest.approx(
        hz, rel=0.01
    )


@both
def test_every_number_has_a_name_of_its_own(rep):
    names = list(rep.bin_axis().values)
    assert len(set(names)) == len(names) == rep(tone(100)).shape[2] == rep.silence.shape[1]


def test_sizes():
    assert len(VECTOR.bin_axis().values) == 7 * len(ROWS) + 1 == 288
    assert FLAT.kept == 94
    assert len(FLAT.bin_axis().values) == 94 * len(ROWS) + 1
    with pytest.raises(ParameterError, match="keep no more than 20,000 numbers, not 123,"):
        make("librosa_flat", seconds=30.0, hop_length=160)


def test_a_flattened_clip_is_its_frames_cut_or_filled_with_zeros():
    short, long = tone(150, 1.0), tone(150, 5.0)
    for wave in (short, long):
        rows = FLAT.rows(Analysis(wave, RATE))[0]
        flat = FLAT(wave)[0, 0, :-1, 0].view(len(ROWS), FLAT.kept)
        count = min(FLAT.kept, rows.shape[-1])
        torch.testing.assert_close(flat[:, :count], rows[:, :count])
        assert (flat[:, count:] == 0).all()


@both
@pytest.mark.parametrize("samples", [1, 2, 159, 161, 700, 3000])
def test_short_sounds_and_silence_are_finite(rep, samples):
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    for wave in (torch.zeros(1, samples), torch.ones(1, samples), 0.1 * noise):
        assert torch.isfinite(rep(wave)).all()


@both
def test_a_clip_in_a_padded_batch_is_as_alone(rep):
    draw = torch.Generator().manual_seed(0)
    waves = [tone(hz, s) for hz, s in ((120, 0.4), (300, 1.3), (90, 0.05))]
    waves = [wave + 0.01 * torch.randn(wave.shape, generator=draw) for wave in waves]
    lengths = torch.tensor([wave.shape[1] for wave in waves])
    batch = torch.zeros(3, int(lengths.max()))
    for row, wave in zip(batch, waves, strict=True):
        row[: wave.shape[1]] = wave
    for row, wave in zip(rep(batch, lengths), waves, strict=True):
        np.testing.assert_allclose(row, rep(wave)[0], atol=5e-3, rtol=1e-3)


@both
def test_gradients_reach_the_waveform(rep):
    for wave in (tone(200, 0.3), torch.zeros(1, 4_000)):
        wave.requires_grad_()
        rep(wave).square().mean().backward()
        assert torch.isfinite(wave.grad).all()
