"""What a run works on is checked before anything is trained."""

from __future__ import annotations

import pytest

from ser_core.core import SplitError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.recipes.recipe import parse
from ser_core.training.plan import require_clips, split_of


@pytest.mark.parametrize(
    ("fractions", "part"), [((0.8, 0, 0.2), "validation"), ((0.8, 0.2, 0), "test")]
)
def test_a_part_without_clips_is_refused(fractions, part):
    recipe = parse({"corpus": str(demo_corpus()), "split": {"fractions": fractions}})
    split = split_of(recipe, open_corpus(demo_corpus()))
    with pytest.raises(SplitError, match=f"the {part} part has no clips"):
        require_clips(recipe, split)


def test_folds_that_are_not_trained_may_lack_a_part():
    corpus = open_corpus(demo_corpus())
    recipe = parse(
        {"corpus": str(demo_corpus()), "split": {"policy": "leave-one-speaker-out", "only": [1]}}
    )
    split = split_of(recipe, corpus)
    split.table.iloc[:, 0] = "train"
    require_clips(recipe, split)
    with pytest.raises(SplitError, match=f"of fold {split.folds[0]} has no clips"):
        require_clips(parse({**recipe.as_dict(), "split": {}}), split)
