"""How the out-of-domain warning is measured, on made sounds."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.bench import out_of_domain
from ser_core.bench.out_of_domain import compare


@pytest.fixture(scope="module")
def found():
    """Hums of three speakers, 30 clips of 0.8 s each, against noise."""
    draw = np.random.default_rng(0)
    time = np.arange(12_800) / 16_000

    def hum(pitch):
        tones = sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 30))
        return Waveform((0.1 * tones + draw.normal(0, 1e-3, 12_800)).astype(np.float32), 16_000)

    clips = [hum(draw.uniform(90, 240)) for _ in range(90)]
    noise = [Waveform(draw.normal(0, 0.1, 12_800).astype(np.float32), 16_000) for _ in range(5)]
    heard = []
    made = compare(clips, [f"s{n % 3}" for n in range(90)], noise, lambda *at: heard.append(at))
    assert heard[-1][0] == heard[-1][1] == len(heard)
    return made


def test_noise_is_told_from_hums_and_about_the_stated_share_of_hums_is_not(found):
    (noise,) = (each for each in found.told if each.name == "another corpus")
    assert noise.auroc == noise.alarms == 1
    assert found.share == pytest.approx(0.05, abs=0.02)


def test_parts_are_cut_from_the_joined_clips_of_each_speaker(found):
    # 30 clips of 0.8 s are 24 s: 48 parts of half a second, 2 of 10 s.
    assert {each.seconds: each.parts for each in found.parts} == {
        0.5: 3 * 48, 1.0: 3 * 24, 2.0: 3 * 12, 3.0: 3 * 8, 5.0: 3 * 4, 10.0: 3 * 2
    }  # fmt: skip
    assert all(each.alarms <= each.worst_speaker <= 1 for each in found.parts)


def test_of_many_parts_some_are_taken(monkeypatch):
    monkeypatch.setattr(out_of_domain, "PARTS", 4)
    sound = Waveform(np.ones(16_000 * 40, np.float32), 16_000)
    (parts,) = out_of_domain._parts([sound], np.array(["a"]), 2.0).values()
    assert len(parts) == 4
    assert all(len(each.samples) == 32_000 for each in parts)
