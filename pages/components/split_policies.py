"""Titles and properties of split policies."""

from __future__ import annotations

from ser_core.corpora import POLICIES

TEST_IS_ONE_SPEAKER = {"leave-one-speaker-out"}
"""Policies whose test part is one speaker, so that its share cannot be chosen."""


def policy_title(name: str) -> str:
    """Title of a policy; its name where this version does not know it."""
    return POLICIES[name].title if name in POLICIES else name
