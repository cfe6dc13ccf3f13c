"""Licences of optional parts, which the user agrees to before their first use."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from ser_core.core import ParameterError, Registry
from ser_core.core.settings import home
from ser_core.storage import read_json, write_json

FILE = "licences.json"
AGREED = "SER_AGREED_LICENCES"
"""Environment variable: names of licences that are agreed to, with commas between."""


@dataclass(frozen=True)
class Licence:
    """Terms of an optional part that bind whoever uses it.

    Attributes:
        name: Short name, as in commands.
        part: What it is the licence of.
        terms: What it allows and forbids, in a sentence or two.
        address: Where the whole text is.
        install: Command that installs the part.
    """

    name: str
    part: str
    terms: str
    address: str
    install: str


LICENCES: Registry[Licence] = Registry("licence")
"""Licences by name."""

LICENCES.register("opensmile")(
    Licence(
        "opensmile",
        "openSMILE (audEERING GmbH)",
        "Research licence: free for private, research and educational use; use in a commercial "
        "product needs a licence of audEERING. It binds the features, and with them the models "
        "that need openSMILE to answer.",
        "https://github.com/audeering/opensmile-python/blob/main/LICENSE",
        ".venv/bin/pip install opensmile==2.6.0",
    )
)


def agreed(name: str) -> bool:
    """Whether the user has agreed to a licence, on this computer or by the environment.

    Raises:
        UnknownNameError: If there is no such licence.
    """
    licence = LICENCES[name]
    given = {each.strip() for each in os.environ.get(AGREED, "").split(",")}
    return licence.name in given or licence.name in _kept()


def agree(name: str) -> None:
    """Keep that the user has agreed to a licence.

    Raises:
        UnknownNameError: If there is no such licence.
        SerError: If it cannot be written.
    """
    write_json(home() / FILE, {**_kept(), LICENCES[name].name: {"agreed": time.time()}})


def require_agreed(name: str) -> None:
    """Stop where the user has not agreed to a licence.

    Raises:
        ParameterError: With the terms, and how to agree.
    """
    licence = LICENCES[name]
    if not agreed(name):
        raise ParameterError(
            f"needs your agreement to its licence first. {licence.terms} Text: {licence.address}",
            subject=licence.part,
            remedy=f"If you agree: python -m ser_core licences agree {name}, or the button on the "
            "page Train",
        )


def _kept() -> dict[str, object]:
    """What was agreed to on this computer; nothing where the file cannot be read."""
    return read_json(home() / FILE) or {}
