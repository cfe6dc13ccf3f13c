"""A network on features, registered from outside: one spec and one module."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ser_core.core import ParameterError, choice, parameter
from ser_core.explain import attribute
from ser_core.models.frame_mask import own_frames
from ser_core.models.networks import NetworkSpec, described, network
from ser_core.recipes import draft
from ser_core.recipes.recipe import parse
from ser_core.runs import time_estimate


@pytest.fixture
def registered():
    @network("toy-cnn", title="Toy CNN")
    @dataclass(frozen=True, kw_only=True)
    class ToySpec(NetworkSpec):
        filters: int = parameter(4, 1, 64, "Filters of the convolution")
        squash: str = choice("relu", ("relu", "tanh"), "What follows the convolution")
        channels: int = 1
        bins: int = 1
        classes: int = 6

        def build(self):
            return ToyNet(self)

        def cost(self, values):
            return 1 + self.filters * values / 1000

        @property
        def words(self):
            return f"a toy of {self.filters} filters"

    return ToySpec


class ToyNet(nn.Module):
    """One convolution over frames, and the mean over each clip's own."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.conv = nn.Conv1d(spec.channels * spec.bins, spec.filters, 3, padding=1)
        self.fc = nn.Linear(spec.filters, spec.classes)

    def forward(self, x, frames=None):
        seen = getattr(torch, self.spec.squash)(self.conv(x.flatten(1, 2)))[:, :, None, :]
        total = own_frames(seen, frames).sum((-2, -1))
        count = x.shape[-1] if frames is None else frames[:, None].to(x.dtype)
        return self.fc(total / count)


MEL = {"name": "melspectrogram", "n_mels": 16, "hop_length": 400}


def test_it_goes_all_the_way(registered, journey, plain, tmp_path):
    toy = journey("toy", representation=MEL, network={"name": "toy-cnn", "filters": 8})
    toy.check_answers()
    toy.check_evaluation()
    toy.check_ensemble(plain, tmp_path / "ensemble")
    toy.check_pages()
    assert toy.bundle.about["network"] == {
        "kind": "toy-cnn", "filters": 8, "squash": "relu", "channels": 1, "bins": 16, "classes": 6,
    }  # fmt: skip
    assert "a toy of 8 filters" in toy.bundle.card


def test_it_is_explained_by_what_applies_and_the_rest_is_refused_in_words(registered, journey):
    toy = journey("toy", representation=MEL, network={"name": "toy-cnn"})
    sound = toy.sounds[0]
    assert attribute(toy.bundle, sound, "gradient_x_input").values.shape[1] == 16
    with pytest.raises(Exception, match=r"Grad-CAM: it works on convolutional networks; .* toy"):
        attribute(toy.bundle, sound, "grad_cam")


def test_the_recipe_knows_its_choices_and_their_bounds(registered):
    base = {"corpus": "somewhere", "representation": MEL}
    recipe = parse({**base, "network": {"name": "toy-cnn", "squash": "tanh"}})
    assert recipe.network == {"name": "toy-cnn", "squash": "tanh"}
    assert recipe.network_choices == {"name": "toy-cnn", "filters": 4, "squash": "tanh"}
    assert "squash: tanh" in recipe.to_yaml()
    assert "filters" not in recipe.to_yaml()
    for wrong, said in (
        ({"filters": 0}, "network.filters = 0"),
        ({"filtres": 3}, "network.filtres is not known .Did you mean 'filters'"),
        ({"squash": "rleu"}, "network.squash = 'rleu': Did you mean 'relu'"),
        ({"width": 3}, "network.width is not known"),
    ):
        with pytest.raises(ParameterError, match=said):
            parse({**base, "network": {"name": "toy-cnn", **wrong}})


def test_form_and_time_estimate_read_the_registry(registered):
    content = {"network": {"name": "toy-cnn"}}
    assert list(draft.network_fields(content)) == ["network.filters", "network.squash"]
    assert draft.get(content, "network.filters") == 4
    few, many = (
        time_estimate.cost(
            parse({"corpus": "x", "network": {"name": "toy-cnn", "filters": filters}})
        )
        for filters in (1, 64)
    )
    assert many > 10 * few
    assert described({"kind": "toy-cnn", "filters": 2}) == "a toy of 2 filters"


def test_the_page_train_has_controls_for_its_choices(registered, train_form):
    app = train_form(**{"network.name": "toy-cnn", "network.filters": "7"})
    filters = app.number_input(key="recipe:network.filters")
    assert (filters.value, filters.min, filters.max) == (7, 1, 64)
    assert app.selectbox(key="recipe:network.squash").options == ["relu", "tanh"]
    assert "recipe:network.width" not in [each.key for each in app.number_input]
