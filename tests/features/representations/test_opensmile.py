"""Sets of openSMILE are its own numbers, clip by clip, once its licence was agreed to."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import MissingPartError, ParameterError
from ser_core.features import licences
from ser_core.features.representations import GROUPS, make, model_inputs
from ser_core.features.representations import opensmile as ours
from tests.features.representations.test_contract import noise


@pytest.fixture(autouse=True)
def home(ser_home, monkeypatch):
    monkeypatch.delenv(licences.AGREED, raising=False)
    ours._smile.cache_clear()
    yield ser_home
    ours._smile.cache_clear()


class Stand:
    """In place of the extractor: four numbers of a sound that depend on nothing but it."""

    feature_names = ("F0 mean", "loudness mean", "jitter mean", "loudnessPeaksPerSec")

    def process_signal(self, wave, rate):
        assert len(wave) >= 0.06 * rate, "openSMILE gives nothing for shorter ones"
        return pd.DataFrame([[wave.mean(), wave.std(), len(wave), rate]])


@pytest.fixture
def stand(monkeypatch):
    """A module of that name, where the real one is not installed or not to be asked."""
    fake = SimpleNamespace(
        Smile=lambda **_: Stand(),
        FeatureSet={"eGeMAPSv02": "eGeMAPSv02"},
        FeatureLevel=SimpleNamespace(Functionals="func"),
    )
    monkeypatch.setitem(sys.modules, "opensmile", fake)
    monkeypatch.setattr(ours.EGeMAPS, "count", 4)
    licences.agree("opensmile")


def test_nothing_is_computed_before_the_licence_is_agreed_to():
    with pytest.raises(ParameterError, match="research and educational use"):
        make("egemaps")(noise(1, 8000))


def test_the_command_shows_the_terms_and_keeps_the_agreement():
    runner = CliRunner()
    assert "not agreed" in runner.invoke(app, ["licences", "list"]).output
    refused = runner.invoke(app, ["licences", "agree", "opensmile"], input="n\n")
    assert refused.exit_code
    assert "Research licence" in refused.output
    assert not licences.agreed("opensmile")
    assert not runner.invoke(app, ["licences", "agree", "opensmile"], input="y\n").exit_code
    assert licences.agreed("opensmile")
    assert ": openSMILE (audEERING GmbH), agreed" in runner.invoke(app, ["licences", "list"]).output


def test_the_environment_can_agree_for_a_machine_without_a_user(monkeypatch):
    monkeypatch.setenv(licences.AGREED, "other, opensmile")
    assert licences.agreed("opensmile")


def test_without_the_part_it_says_how_to_install_it(monkeypatch):
    licences.agree("opensmile")
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(MissingPartError, match="pip install opensmile"):
        make("egemaps")(noise(1, 8000))


def test_a_clip_in_a_padded_batch_is_the_clip_alone(stand):
    rep = make("egemaps")
    waves = [noise(1, n, seed=n) for n in (9000, 4321)]
    batch = torch.zeros(2, 9000)
    for row, wave in zip(batch, waves, strict=True):
        row[: wave.shape[1]] = wave[0]
    found = rep(batch, torch.tensor([9000, 4321]))
    assert found.shape == (2, 1, 4, 1)
    for row, wave in zip(found, waves, strict=True):
        assert torch.equal(row, rep(wave)[0])


@pytest.mark.parametrize("samples", [1, 160, 959, 1600])
def test_clips_that_are_too_short_for_it_are_filled_up_with_silence(stand, samples):
    found = make("egemaps")(torch.ones(1, samples))[0, 0, :, 0]
    assert found[2] == max(samples, 1600)
    assert found[0] == pytest.approx(samples / max(samples, 1600))


def test_names_and_groups_are_those_of_the_set(stand):
    rep = make("egemaps")
    assert list(rep.bin_axis().values) == list(Stand.feature_names)
    assert rep.feature_groups() == ("pitch", "loudness", "voice quality", "rhythm")


@pytest.mark.parametrize("name", ["egemaps", "compare2016"])
def test_a_recipe_can_be_written_without_the_part(name):
    rep = make(name)
    assert rep.summary
    assert rep.silence.shape == (1, rep.count, 1)
    assert not rep.differentiable
    assert model_inputs()[name].licence in licences.LICENCES


@pytest.mark.parametrize("name", ["egemaps", "compare2016"])
def test_the_numbers_are_those_of_opensmile(name):
    opensmile = pytest.importorskip("opensmile", reason="the extra opensmile is not installed")
    licences.agree("opensmile")
    rep = make(name)
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet[rep.feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    wave = noise(1, 24_000)
    expected = smile.process_signal(wave[0].numpy(), 16_000).to_numpy()[0]
    np.testing.assert_allclose(rep(wave)[0, 0, :, 0], expected, rtol=1e-5)
    assert torch.isfinite(rep(torch.zeros(1, 700))).all()
    assert (
        {"pitch", "loudness", "spectrum", "voice quality"}
        <= set(rep.feature_groups())
        <= set(GROUPS)
    )
