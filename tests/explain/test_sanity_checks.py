"""Checks find what is wrong with a map, and let a sound one pass."""

import pytest
import torch

from ser_core.explain import make
from ser_core.explain.method import Method, Relevance
from ser_core.explain.sanity_checks import (
    CHECKS,
    Case,
    cascade,
    check,
    over_clips,
    reasons,
    shuffled,
    stability,
    verdict_of,
)
from ser_core.models.networks.resnet import AudioResNet, ResNetSpec
from tests.explain.nets import lively

TARGET = 1


def case(network_input, name, **parameters):
    method = make(name, **parameters)
    return Case(network_input, method, TARGET, method.relevance(network_input, TARGET))


def found(checks):
    return {each.name: each for each in checks}


@pytest.fixture
def wide(network_input_of):
    """A residual network wide enough to lose nothing, and a clip."""
    network = lively(AudioResNet(ResNetSpec(depth="resnet10", width=8, classes=3)))
    return network_input_of(
        network, torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    )


def test_every_method_is_checked_by_what_applies_to_it(wide):
    names = {
        name: set(found(check(case(wide, name, **small))))
        for name, small in {
            "lrp": {},
            "lime": {"samples": 100},
            "integrated_gradients": {},
            "smoothgrad": {},
            "gradient_x_input": {},
        }.items()
    }
    common = {"randomisation", "padding"}
    assert names["gradient_x_input"] == common
    assert names["lrp"] == common | {"baseline", "conservation"}
    assert names["lime"] == common | {"baseline", "stability", "fit"}
    assert names["integrated_gradients"] == common | {"baseline", "completeness"}
    assert names["smoothgrad"] == common | {"baseline", "stability"}


def test_conservation_is_the_share_that_is_lost(wide):
    whole = case(wide, "lrp", rules="alpha1-beta0")
    assert found(check(whole, costly=False))["conservation"].value < 0.01
    half = Case(wide, whole.method, TARGET, Relevance(whole.found.values / 2, whole.found.details))
    lost = found(check(half, costly=False))["conservation"]
    assert lost.value == pytest.approx(0.5, abs=0.01)
    assert not lost.passed
    assert "lost or gained" in lost.verdict


def test_the_epsilon_rules_are_found_to_be_the_baseline_and_to_lose_relevance(wide):
    checks = found(check(case(wide, "lrp", rules="epsilon")))
    assert checks["baseline"].value == pytest.approx(1, abs=1e-3)
    assert not checks["baseline"].passed
    assert checks["conservation"].value > 5 * lost_by(wide, "alpha1-beta0")
    assert "difference from gradient x input" in reasons(list(checks.values()))


def lost_by(network_input, rules):
    return found(check(case(network_input, "lrp", rules=rules), costly=False))["conservation"].value


def test_completeness_is_exact_where_the_network_is_linear(weighted):
    checks = found(check(case(weighted, "integrated_gradients")))
    assert checks["completeness"].value < 1e-4


def test_too_few_steps_are_found(wide):
    few = found(check(case(wide, "integrated_gradients", steps=8), costly=False))
    many = found(check(case(wide, "integrated_gradients", steps=256), costly=False))
    assert many["completeness"].value < few["completeness"].value


def test_a_map_of_the_input_alone_does_not_pass_for_an_explanation(wide):
    """An edge detector, which is what some methods come to: the weights play no part."""

    class Loudness(Method):
        name, title, describe = "loudness", "Loudness", "Draws the input."

        def relevance(self, network_input, target, progress=None):
            return Relevance(network_input.seen[0].clone())

    method = Loudness()
    checks = found(check(Case(wide, method, TARGET, method.relevance(wide, TARGET))))
    assert checks["randomisation"].value == 1
    assert not checks["randomisation"].passed
    assert reasons(list(checks.values())) == "failed: parameter randomisation (1)"


def test_the_cascade_goes_down_from_the_prediction(wide):
    curve = cascade(case(wide, "gradient_x_input"))
    assert list(curve) == ["fc", "layer4", "layer3", "layer2", "layer1", "conv1"]
    assert all(-1 <= value <= 1 for value in curve.values())
    assert abs(curve["conv1"]) < 0.5


def test_shuffling_keeps_the_sizes_of_weights_and_the_network(wide):
    network = wide.network
    other = shuffled(network, ["fc"])
    assert torch.equal(other.conv1.weight, network.conv1.weight)
    assert not torch.equal(other.fc.weight, network.fc.weight)
    torch.testing.assert_close(
        other.fc.weight.flatten().sort().values, network.fc.weight.flatten().sort().values
    )
    first = shuffled(network, ["conv1"])
    assert not torch.equal(first.bn1.weight, network.bn1.weight)


def test_relevance_on_padding_is_found(wide):
    class Everywhere(Method):
        name, title, describe = "everywhere", "Everywhere", "Marks all places alike."

        def relevance(self, network_input, target, progress=None):
            return Relevance(torch.ones(network_input.shape))

    method = Everywhere()
    checks = found(check(Case(wide, method, TARGET, method.relevance(wide, TARGET))))
    assert checks["padding"].value == pytest.approx(0.2)
    assert not checks["padding"].passed
    assert found(check(case(wide, "gradient_x_input")))["padding"].value < 0.05


def test_lime_with_too_few_samples_is_not_stable(wide):
    few = verdict_of("stability", stability(case(wide, "lime", samples=50)))
    many = verdict_of("stability", stability(case(wide, "lime", samples=400, bands=4, pieces=4)))
    assert few.value < many.value
    assert not few.passed
    assert many.passed


def test_over_clips_the_median_decides():
    check = over_clips("fit", [0.1, 0.9, 0.8])
    assert check.value == 0.8
    assert check.passed
    assert not verdict_of("fit", float("nan")).passed
    with pytest.raises(ValueError, match="on no clip"):
        over_clips("fit", [])


def test_every_rule_says_what_it_measures_and_what_a_failure_means():
    for rule in CHECKS._entries.values():
        assert rule.help.endswith(".")
        assert rule.meaning
        assert rule.words.startswith("must be at ")
