"""Sanity checks of attribution maps, each as a number with a bound.

A method whose check fails is taken out of rankings, with the reason. The bounds are conventions,
written here once: they find broken maps, and do not rank good ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from ser_core.core import Registry
from ser_core.explain.map_similarity import rank_correlation
from ser_core.explain.method import Method, Progress, Relevance, make, silently
from ser_core.explain.model_input import NetworkInput, private_copy
from ser_core.models.abilities import GRADIENTS


@dataclass(frozen=True)
class Check:
    """What came of one check.

    Attributes:
        name: Key in `CHECKS`.
        title: What a person reads.
        asks: The question that it answers.
        value: What was measured.
        bound: Where it must stay; see `rule`.
        passed: Whether it does.
        rule: The bound in words.
        meaning: What it means when it fails.
    """

    name: str
    title: str
    asks: str
    value: float
    bound: float
    passed: bool
    rule: str
    meaning: str

    @property
    def term(self) -> str:
        """The field's name of it."""
        return CHECKS[self.name].term

    @property
    def verdict(self) -> str:
        """One sentence: passed or failed, the value, the rule, and what a failure means."""
        return (
            f"{'passed' if self.passed else 'failed'}: {self.value:.3g}, {self.rule}"
            f"{'' if self.passed else f'. {self.meaning}'}"
        )

    @property
    def measured(self) -> str:
        """The value as people read it."""
        return "below 0.01" if 0 < abs(self.value) < 0.01 else f"{self.value:.2f}"

    @property
    def good(self) -> str:
        """Where it should be, as people read it."""
        return self.rule.removeprefix("must be ")


Measure = Callable[["Case"], float]


@dataclass(frozen=True)
class Rule:
    """A check: what is measured, of which methods, and where it must stay.

    Attributes:
        title: What a person reads.
        asks: The question that it answers; yes is good.
        help: What is measured, in a sentence.
        measure: Does it.
        applies: Whether it can be computed for a map.
        bound: Where the value must stay.
        at_most: Whether the bound is an upper one.
        meaning: What it means when it fails.
        costly: Whether the method has to be run again for it.
        term: The field's name of it, shown on pages; `title` is also a key in JSON.
    """

    title: str
    asks: str
    help: str
    measure: Measure
    applies: Callable[[Case], bool]
    bound: float
    at_most: bool
    meaning: str
    costly: bool = False
    term: str = ""

    @property
    def words(self) -> str:
        """The bound in words."""
        return f"must be at {'most' if self.at_most else 'least'} {self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a value is within the bound; NaN is not."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, eq=False)
class Case:
    """One map, and what made it.

    Attributes:
        network_input: The clip before the network.
        method: What explained it.
        target: Index of the class in `network_input.classes`.
        found: The map.
    """

    network_input: NetworkInput
    method: Method
    target: int
    found: Relevance

    def again(
        self, *, method: Method | None = None, network_input: NetworkInput | None = None
    ) -> Relevance:
        """The map of another method or of another input."""
        return (method or self.method).relevance(network_input or self.network_input, self.target)


CHECKS: Registry[Rule] = Registry("check")


def _every(_case: Case) -> bool:
    return True


def _named(*names: str) -> Callable[[Case], bool]:
    return lambda case: case.method.name in names


def _may_differ(case: Case) -> bool:
    """Whether it could be another map than gradient x input: on a linear network all are that."""
    known = case.method.name == "gradient_x_input" or case.network_input.linear
    return not known and GRADIENTS not in case.network_input.lacks


def conservation(case: Case) -> float:
    """Share of the propagated logit that is lost or made up on the way."""
    whole, total = case.found.details["propagated"], float(case.found.values.double().sum())
    return abs(total - whole) / max(abs(whole), 1e-6)


def completeness(case: Case) -> float:
    """Completeness: error of the sum against the change of the logit, as a share of it."""
    details, total = case.found.details, float(case.found.values.double().sum())
    gained = details["clip"] - details["baseline"]
    return abs(total - gained) / max(abs(gained), 1e-6)


FIRST, LAST = "conv1", "fc"
"""The first and the last layer of a network; the cascade goes down from the last by stages."""


def randomisation(case: Case) -> float:
    """Rank correlation with the map of the same network with shuffled weights, without its sign."""
    other = case.again(
        network_input=case.network_input.with_network(shuffled(case.network_input.network))
    )
    return abs(rank_correlation(case.found.values, other.values))


def cascade(case: Case, seed: int = 0) -> dict[str, float]:
    """The same with cascading randomisation, from the last layer down to the input.

    Adebayo et al. (2018), "Sanity checks for saliency maps".

    Returns:
        Rank correlation of the maps by the layer down to which weights are shuffled.
    """
    whole, encoder = case.network_input.network, case.network_input.encoder
    order = (LAST, *reversed(case.network_input.spec.stages), FIRST)
    parts = encoder.cascade if encoder else {name: name for name in order if hasattr(whole, name)}
    curve = {}
    for number, name in enumerate(parts, start=1):
        network = shuffled(whole, list(parts.values())[:number], seed)
        other = case.again(network_input=case.network_input.with_network(network))
        curve[name] = rank_correlation(case.found.values, other.values)
    return curve


def shuffled(network: nn.Module, within: Sequence[str] | None = None, seed: int = 0) -> nn.Module:
    """A copy whose weights are shuffled within each tensor, so that their sizes stay natural.

    Args:
        network: It is not changed.
        within: Names of the submodules whose weights are shuffled; all when None.
        seed: Of the shuffling.
    """
    copy, generator = private_copy(network), torch.Generator().manual_seed(seed)
    chosen = [f"{each}." for each in _with_norms(within or ())]
    for name, weights in copy.named_parameters():
        if within is None or name.startswith(tuple(chosen)):
            order = torch.randperm(weights.numel(), generator=generator)
            weights.data.copy_(weights.data.flatten()[order].reshape(weights.shape))
    return copy


def _with_norms(names: Sequence[str]) -> set[str]:
    """The first convolution goes with its normalisation."""
    return {*names, *(name.replace("conv", "bn") for name in names)}


def like_the_baseline(case: Case) -> float:
    """Rank correlation with gradient x input."""
    plain = case.again(method=make("gradient_x_input")).values
    found = case.found.values
    return rank_correlation(found, plain if case.method.signed else plain.abs())


def stability(case: Case) -> float:
    """Rank correlation of the maps of two seeds."""
    other = replace(case.method, seed=case.method.seed + 1)  # type: ignore[attr-defined, call-arg]
    return rank_correlation(case.found.values, case.again(method=other).values)


def fit(case: Case) -> float:
    """Share of the variance that the linear model explains, R squared."""
    return float(case.found.details["r2"])


PADDED = 0.25
"""Padding that is laid behind the clip, as a share of its own length."""


def relevance_on_padding(case: Case) -> float:
    """Share of the map's size that falls on padding, with the clip in a longer batch."""
    padded = case.network_input.padded(PADDED)
    sizes = case.again(network_input=padded).values.abs()
    total = float(sizes.sum())
    return float(sizes[..., case.network_input.shape[-1] :].sum()) / total if total > 0 else 0.0


def _has_seed(case: Case) -> bool:
    return hasattr(case.method, "seed")


def _has_time(case: Case) -> bool:
    return case.network_input.shape[-1] > 1


for _name, _rule in {
    "conservation": Rule(
        "Conservation", "Do the relevances sum to the class score?",
        "Share of the class score that is lost or gained in the propagation.",
        conservation, _named("lrp"), 0.05, True,
        "Relevance is lost or gained on the way, so its size cannot be read",
        term="Conservation",
    ),
    "completeness": Rule(
        "Completeness", "Do the relevances sum to the gain in class score over the baseline?",
        "Relative error of the sum.",
        completeness, _named("integrated_gradients"), 0.05, True,
        "The relevances do not sum to the gain in class score; more steps help",
        term="Completeness",
    ),
    "randomisation": Rule(
        "Weights matter", "Does the map change when the network's weights are randomised?",
        (
            "Rank correlation with the map of this network with shuffled weights: 0 is unlike, "
            "1 the same."
        ),
        randomisation, _every, 0.5, True,
        "The map hardly depends on the weights: it shows the input", costly=True,
        term="Parameter randomisation",
    ),
    "baseline": Rule(
        "More than the baseline", "Does it differ from gradient x input?",
        "Rank correlation with gradient x input: 0 is unlike, 1 the same.",
        like_the_baseline, _may_differ, 0.95, True,
        "It is gradient x input under another name", costly=True,
        term="Difference from gradient x input",
    ),
    "stability": Rule(
        "Same for another seed", "Is the map the same for another seed?",
        "Rank correlation of the maps of two seeds: 0 is unlike, 1 the same.",
        stability, _has_seed, 0.8, False,
        "The map depends on the seed; more samples help", costly=True,
        term="Stability over seeds",
    ),
    "fit": Rule(
        "Fit of the linear model", "Does the surrogate model predict as the network does?",
        "Variance of the network's predictions that it explains (R²): 1 is all.",
        fit, _named("lime"), 0.5, False,
        "The linear surrogate does not describe the network here",
        term="Fit of the surrogate model",
    ),
    "padding": Rule(
        "Nothing on padding", "Is there no relevance on padding?",
        f"Share of the relevance on {PADDED:.0%} of padding appended to the clip.",
        relevance_on_padding, _has_time, 0.1, True,
        "It marks padding, which is not part of the clip", costly=True,
        term="No relevance on padding",
    ),
}.items():  # fmt: skip
    CHECKS.register(_name)(_rule)


def check(case: Case, *, costly: bool = True, progress: Progress = silently) -> list[Check]:
    """Everything that can be checked of one map.

    Args:
        case: The map, and what made it.
        costly: Whether to run those checks too that need further maps.
        progress: Called with how many checks are done and how many there are.
    """
    made = [
        name for name, rule in CHECKS.items() if rule.applies(case) and (costly or not rule.costly)
    ]
    found = []
    for done, name in enumerate(made, start=1):
        found.append(verdict_of(name, CHECKS[name].measure(case)))
        progress(done, len(made))
    return found


def verdict_of(name: str, value: float) -> Check:
    """A measured value, held against the bound of its check."""
    rule = CHECKS[name]
    passed = rule.holds(value)
    return Check(name, rule.title, rule.asks, value, rule.bound, passed, rule.words, rule.meaning)


def over_clips(name: str, values: Sequence[float]) -> Check:
    """One verdict of several clips: their median is held against the bound.

    Raises:
        ValueError: If there is no value.
    """
    if not len(values):
        raise ValueError(f"the check {name} was made on no clip")
    return verdict_of(name, float(np.median(values)))


def reasons(checks: Sequence[Check]) -> str:
    """Why a method is left out of a ranking; empty where all passed."""
    failed = [f"{each.term.lower()} ({each.value:.2g})" for each in checks if not each.passed]
    return f"failed: {', '.join(failed)}" if failed else ""
