"""Each method gives the map that its definition gives, on networks that can be worked out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lime.lime_image import LimeImageExplainer
from torch import nn

from ser_core.core import ModelError, ParameterError, UnknownNameError
from ser_core.explain import METHODS, make
from ser_core.explain.baselines import baseline_input
from ser_core.explain.lime import grid
from ser_core.explain.lime_sampling import Explainer
from ser_core.explain.lrp import Propagated, apart
from ser_core.models.abilities import ATTENTION, PROPAGATION, STAGES
from ser_core.models.networks.resnet import AudioResNet, ResNetSpec
from tests.explain.nets import CONVOLUTIONAL, Weighted, lively

TARGET = 1


def values(network_input, name, target=TARGET, **parameters):
    return make(name, **parameters).relevance(network_input, target).values


# On a weighted sum every share is known: weight times (value minus baseline).


def test_gradient_x_input_of_a_weighted_sum_is_weight_times_value(weighted):
    shares = weighted.network.weights[TARGET] * weighted.seen[0]
    torch.testing.assert_close(values(weighted, "gradient_x_input"), shares)


@pytest.mark.parametrize("fill", ["mean", "silence", "blurred"])
def test_integrated_gradients_of_a_weighted_sum_are_exact_from_every_baseline(weighted, fill):
    apart_by = weighted.seen[0] - baseline_input(weighted, fill)[0]
    shares = weighted.network.weights[TARGET] * apart_by
    found = make("integrated_gradients", baseline=fill, steps=8).relevance(weighted, TARGET)
    torch.testing.assert_close(found.values, shares, atol=1e-5, rtol=1e-4)
    gained = found.details["clip"] - found.details["baseline"]
    assert float(found.values.sum()) == pytest.approx(gained, abs=1e-4)


def test_smoothgrad_of_a_weighted_sum_is_the_size_of_the_weights(weighted):
    torch.testing.assert_close(
        values(weighted, "smoothgrad", samples=3), weighted.network.weights[TARGET].abs()
    )


@pytest.mark.parametrize("fill", ["mean", "silence"])
def test_occlusion_of_a_weighted_sum_is_the_sum_over_the_window(weighted, fill):
    found = values(weighted, "occlusion", bands=4, pieces=4, baseline=fill)
    shares = weighted.network.weights[TARGET] * (
        weighted.seen[0] - baseline_input(weighted, fill)[0]
    )
    windows = shares.reshape(1, 4, 2, 4, 3).sum(dim=(2, 4))
    expected = windows.repeat_interleave(2, dim=1).repeat_interleave(3, dim=2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_lime_of_a_weighted_sum_finds_the_shares_of_its_parts(weighted):
    found = make("lime", bands=4, pieces=4, samples=600).relevance(weighted, TARGET)
    shares = (weighted.network.weights[TARGET] * weighted.seen[0]).reshape(1, 4, 2, 4, 3)
    parts = shares.sum(dim=(2, 4))
    fitted = found.values.reshape(1, 4, 2, 4, 3)[:, :, 0, :, 0]
    # The ridge draws weights a little towards zero.
    torch.testing.assert_close(fitted, parts, atol=0.15, rtol=0.05)
    assert found.details["r2"] > 0.99


def test_grad_cam_follows_its_definition(residual):
    """Selvaraju et al., equations 1 and 2, with a hook instead of Captum."""
    network, kept = residual.network, {}
    hook = network.layer2[-1].register_forward_hook(lambda *args: kept.update(out=args[2]))
    logits = network(residual.seen.clone().requires_grad_())
    hook.remove()
    (slope,) = torch.autograd.grad(logits[0, TARGET], kept["out"])
    weights = slope.mean(dim=(2, 3), keepdim=True)
    coarse = (weights * kept["out"]).sum(dim=1, keepdim=True).clamp(min=0).detach()
    expected = F.interpolate(coarse, (16, 24), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(values(residual, "grad_cam", layer="layer2"), expected)


# Layer-wise relevance propagation against matrices.


def matrix(layer, x):
    """A linear layer without its bias as a dense matrix, (outputs, inputs), by unit vectors."""
    units = torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape[1:])
    return layer(units).reshape(x.numel(), -1).T


def conv(module, weight):
    return lambda x: F.conv2d(x, weight.to(x), stride=module.stride, padding=module.padding)


def handed_back(weights, x, relevance):
    """The rule itself: each output's relevance is shared out by its inputs' contributions."""
    shares = weights * x.reshape(1, -1)
    total = shares.sum(dim=1, keepdim=True)
    part = torch.where(total.abs() > 1e-12, shares / total, torch.zeros_like(shares))
    return (part * relevance.reshape(-1, 1)).sum(dim=0).reshape(x.shape)


def slow_lrp(network, x, target):
    """LRP written from its definition, layer by layer, in double precision."""
    network = Propagated(network).double()
    x = apart(x.double())
    first = network.conv(x)
    pooled, places = F.max_pool2d(first, 3, 2, 1, return_indices=True)
    activity = [pooled.clamp(min=0)]
    steps = []
    for block in network.blocks:
        start = activity[-1]
        inner = block.relus[0](block.convolutions[0](start))
        picked = start[..., :: block.stride, :: block.stride]
        side = start if block.shortcut is None else block.shortcut(picked)
        steps.append((block, start, inner, block.convolutions[1](inner), picked, side))
        activity.append((steps[-1][3] + side).clamp(min=0))
    features = activity[-1].mean(dim=(2, 3))
    relevance = features[0] * network.fc.weight[target]
    relevance = handed_back(
        matrix(lambda u: u.mean(dim=(2, 3)), activity[-1]), activity[-1], relevance
    )
    for block, start, inner, straight, picked, side in reversed(steps):
        both = straight + side
        total = torch.where(both == 0, torch.ones_like(both), both)
        of_straight, of_side = relevance * straight / total, relevance * side / total
        positive = conv(block.convolutions[1], block.convolutions[1].weight.clamp(min=0))
        of_inner = handed_back(matrix(positive, inner), inner, of_straight)
        positive = conv(block.convolutions[0], block.convolutions[0].weight.clamp(min=0))
        relevance = handed_back(matrix(positive, start), start, of_inner)
        if block.shortcut is None:
            relevance = relevance + of_side
        else:
            positive = conv(block.shortcut, block.shortcut.weight.clamp(min=0))
            of_picked = handed_back(matrix(positive, picked), picked, of_side)
            relevance[..., :: block.stride, :: block.stride] += of_picked
    # A place that is the maximum of several windows gets the sum of what they hand back.
    of_first = (
        torch.zeros_like(first)
        .flatten(2)
        .scatter_add(2, places.flatten(2), relevance.flatten(2))
        .reshape(first.shape)
    )
    positive = conv(network.conv, network.conv.weight.clamp(min=0))
    of_input = handed_back(matrix(positive, x), x, of_first)
    plus, minus = of_input[0].chunk(2)
    return plus + minus


def test_lrp_follows_its_definition(residual):
    expected = slow_lrp(residual.network, residual.seen, TARGET)
    found = values(residual, "lrp", rules="alpha1-beta0").double()
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-3)


def test_lrp_conserves_the_logit_without_the_last_bias(network_input_of):
    """Wide enough that no unit is without a positive contribution; such a one keeps its share."""
    network = lively(AudioResNet(ResNetSpec(depth="resnet10", width=8, classes=3)))
    network_input = network_input_of(
        network, torch.randn(1, 1, 16, 24, generator=torch.Generator().manual_seed(1))
    )
    for target in range(3):
        found = make("lrp", rules="alpha1-beta0").relevance(network_input, target)
        whole = network_input.logits(network_input.seen)[0, target] - network.fc.bias[target]
        assert found.details["propagated"] == pytest.approx(float(whole), abs=1e-4)
        assert float(found.values.sum()) == pytest.approx(float(whole), rel=1e-3, abs=1e-4)


def test_lrp_gives_everything_to_the_only_sound(network_input_of):
    """One loud value, a network that passes it through: its pixel gets the whole logit."""
    network = AudioResNet(ResNetSpec(depth="resnet10", width=1, classes=3)).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data.zero_()
            centre = module.kernel_size[0] // 2
            module.weight.data[:, :, centre, centre] = 1.0
    seen = torch.zeros(1, 1, 32, 32)
    seen[0, 0, 8, 16] = 3.0
    network_input = network_input_of(network, seen)
    found = make("lrp").relevance(network_input, TARGET)
    assert found.values[0, 8, 16] == pytest.approx(found.details["propagated"], rel=1e-4)
    assert float(found.values.abs().sum()) == pytest.approx(
        abs(found.details["propagated"]), rel=1e-4
    )


def test_lrp_by_epsilon_is_gradient_x_input(residual):
    """Ancona et al. (2018): so that rule set is worth no more than the baseline."""
    torch.testing.assert_close(
        values(residual, "lrp", rules="epsilon"),
        values(residual, "gradient_x_input"),
        atol=1e-5,
        rtol=1e-3,
    )


def test_lrp_goes_through_bottlenecks(network_input_of):
    """A ResNet50 is rebuilt as it is, and its relevance sums to the logit without the last bias."""
    network = lively(AudioResNet(ResNetSpec(depth="resnet50", width=8, classes=3)))
    seen = torch.randn(1, 1, 16, 24, generator=torch.Generator().manual_seed(1))
    rebuilt = Propagated(network)(apart(seen))
    torch.testing.assert_close(rebuilt, network(seen), atol=1e-4, rtol=1e-4)
    found = make("lrp", rules="alpha1-beta0").relevance(network_input_of(network, seen), TARGET)
    assert found.details["propagated"] == pytest.approx(float(found.values.sum()), rel=1e-2)


def test_the_network_rebuilt_for_lrp_answers_as_the_original(residual):
    rebuilt = Propagated(residual.network)(apart(residual.seen))
    torch.testing.assert_close(rebuilt, residual.logits(residual.seen), atol=1e-5, rtol=1e-4)
    padded = residual.padded(0.5)
    rebuilt = Propagated(residual.network, padded.frames)(apart(padded.seen))
    torch.testing.assert_close(rebuilt, residual.logits(residual.seen), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["lrp", "grad_cam", "gradient_x_input", "integrated_gradients"])
def test_padding_changes_no_map(residual, name):
    """Behind the clip there is nothing; at its very end a kernel reaches over."""
    own = residual.shape[-1]
    alone, padded = values(residual, name), values(residual.padded(0.5), name)
    if name != "grad_cam":  # whose coarse cells are stretched over the padding
        torch.testing.assert_close(padded[..., :own], alone, atol=1e-4, rtol=1e-3)
    assert padded[..., own + 8 :].abs().sum() <= 0.02 * padded.abs().sum()


# What all methods have in common.


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_every_method_explains_a_residual_network_and_leaves_it_alone(residual, name):
    before = {key: value.clone() for key, value in residual.network.state_dict().items()}
    found = values(residual, name)
    assert found.shape == residual.shape
    assert bool(found.isfinite().all())
    assert not found.requires_grad
    for key, value in residual.network.state_dict().items():
        assert torch.equal(value, before[key])
    again = values(residual, name)
    assert torch.equal(found, again)  # seeds are fixed, rules are assigned anew


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_unsigned_maps_have_no_negative_values(residual, name):
    if not METHODS[name].signed:
        assert float(values(residual, name).min()) >= 0


@pytest.mark.parametrize("name", list(METHODS))
def test_a_network_without_convolutions_is_explained_or_excused(weighted, name):
    chosen = make(name)
    if {STAGES, PROPAGATION, ATTENTION} & set(METHODS[name].needs):
        assert "it works on convolutional" in chosen.excuse(weighted) or name == "attention_rollout"
        with pytest.raises(ModelError, match="gradients or predictions"):
            chosen.relevance(weighted, TARGET)
    else:
        assert chosen.excuse(weighted) == ""
        assert chosen.relevance(weighted, TARGET).values.shape == weighted.shape


@pytest.mark.parametrize("shape", [(1, 1, 30), (2, 8, 20), (1, 40, 1)])
@pytest.mark.parametrize("name", ["occlusion", "lime", "smoothgrad", "integrated_gradients"])
def test_feature_maps_of_any_shape_can_be_explained(network_input_of, name, shape):
    weights = torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))
    network_input = (
        network_input_of(Weighted(weights), torch.ones(1, *shape)) if shape[1] > 7 else None
    )
    if network_input is None:  # too few bins for mel bands; the axes play no part here
        network_input = network_input_of(Weighted(torch.ones(3, 1, 8, 4)), torch.ones(1, 1, 8, 4))
        network_input = type(network_input)(
            Weighted(weights).eval().requires_grad_(requires_grad=False),
            torch.ones(1, *shape),
            torch.zeros(1, *shape[:2], 1),
            np.ones(shape, np.float32),
            network_input.representation,
            network_input.classes,
        )
    small = {"lime": {"samples": 60}}.get(name, {})
    assert values(network_input, name, **small).shape == shape


def test_lime_samples_as_lime_itself_does(weighted, monkeypatch):
    """Made in batches, the same numbers in the same order."""
    monkeypatch.setattr("lime.lime_image.tqdm", lambda rows: rows)
    image = weighted.seen.numpy()[0, 0][..., None]
    parts = grid((1, 8, 12), 4, 4)
    answer = lambda images: images.reshape(len(images), -1)[:, :3].astype(float)  # noqa: E731
    given = (image, np.zeros_like(image), parts, answer, 50)
    ours = Explainer(random_state=3).data_labels(*given)
    theirs = LimeImageExplainer(random_state=3).data_labels(*given)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_progress_is_reported_to_its_end(weighted):
    told = []
    make("lime", samples=100).relevance(weighted, TARGET, lambda *each: told.append(each))
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_method_that_is_not_there_and_a_wrong_parameter_are_reported():
    with pytest.raises(UnknownNameError, match="Did you mean 'lrp'"):
        make("lpr")
    with pytest.raises(ParameterError, match="Did you mean 'samples'"):
        make("lime", sample=5)
    with pytest.raises(ParameterError, match="alpha1-beta0"):
        make("lrp", rules="z")
