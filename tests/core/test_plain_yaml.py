"""Short texts are read by another parser: to the same values, with the same refusals."""

from __future__ import annotations

import pytest
import yaml

from ser_core.core import REPOSITORY
from ser_core.core.plain_yaml import SHORT, load_short, load_yaml

BILLION = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
TEXTS = [path.read_text() for path in sorted((REPOSITORY / "recipes").glob("*.yaml"))]


@pytest.mark.parametrize("text", [*TEXTS, "a: 2026-01-02", "- 1_000\n- 1e3\n- yes\n- ~", ""])
def test_the_values_are_the_same(text):
    assert load_short(text) == load_yaml(text)


@pytest.mark.parametrize(
    "text",
    [BILLION, "a: !!python/name:os.system", "a: [", "a: 2026-99-99", "[" * (SHORT - 1), "[" * 9000],
)
def test_what_is_refused_is_refused_in_both(text):
    for load in (load_yaml, load_short):
        with pytest.raises(yaml.YAMLError):
            load(text)
