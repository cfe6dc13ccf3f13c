"""What an attribution method is: parameters, and one function from an input to relevance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from torch import Tensor

from ser_core.core import ModelError, Parameters, Registry
from ser_core.explain.model_input import NetworkInput

Progress = Callable[[int, int], None]


def silently(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, eq=False)
class Relevance:
    """What a method found.

    Attributes:
        values: Shape (channels, bins, frames) of the network's input.
        details: Numbers that the method reports, by name (R² of a fit, what was summed).
    """

    values: Tensor
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Method(Parameters):
    """Base of the attribution methods. What is explained is the logit of one class.

    A subclass says what it does (`title`, `describe`), whether its values have a sign, and
    implements `relevance`. Two instances with equal parameters are equal.

    Raises:
        ParameterError: If a parameter breaks its bounds.
    """

    title: ClassVar[str]
    describe: ClassVar[str]
    signed: ClassVar[bool] = True
    """Whether negative values are evidence against the class; otherwise values are magnitudes."""
    quick: ClassVar[bool] = True
    """Whether one takes less than half a second."""
    specific: ClassVar[bool] = True
    """Whether the map is of one class; otherwise it is the same for all."""
    needs: ClassVar[tuple[str, ...]] = ()
    """What the network must be able to do, by the names of `ser_core.models.abilities`."""

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        """Relevance of every value that the network is given.

        Args:
            network_input: The clip before the network, a private one.
            target: Index of the class in `network_input.classes`.
            progress: Called with how many evaluations are done and how many there are.

        Raises:
            ModelError: If the method does not apply to this kind of network.
        """
        raise NotImplementedError

    @property
    def label(self) -> str:
        """Title, with the choices that one must know to read the map."""
        return self.title

    def excuse(self, network_input: NetworkInput) -> str:
        """Why it does not apply to a network; empty where it does."""
        lacks = network_input.lacks
        reasons = [lacks[name] for name in self.needs if name in lacks]
        return f"{self.title}: {reasons[0]}" if reasons else ""

    def require_applicable(self, network_input: NetworkInput) -> None:
        """Raise a `ModelError` where `excuse` gives a reason."""
        excuse = self.excuse(network_input)
        if excuse:
            raise ModelError(
                excuse,
                subject=self.name,
                remedy="Use a method that needs only gradients or predictions",
            )


METHODS: Registry[type[Method]] = Registry("attribution method")

M = TypeVar("M", bound="type[Method]")


def method(name: str) -> Callable[[M], M]:
    """Decorator that registers a method; pages and command line list it by itself."""

    def name_and_register(cls: M) -> M:
        cls.name = name
        return METHODS.register(name)(cls)  # type: ignore[return-value]

    return name_and_register


def make(name: str, **parameters: object) -> Method:
    """Method by its name, with parameters.

    Raises:
        UnknownNameError: If no method has this name.
        ParameterError: If it has no such parameter, or refuses the value.
    """
    import dataclasses

    from ser_core.core import ParameterError, did_you_mean

    cls = METHODS[name]
    known = [each.name for each in dataclasses.fields(cls)]
    for given in parameters:
        if given not in known:
            raise ParameterError(
                f"there is no parameter {given!r}", subject=name, remedy=did_you_mean(given, known)
            )
    return cls(**parameters)
