"""What a run works on is checked before anything is trained."""

from __future__ import annotations

import shutil

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


def test_copies_stay_together_where_the_recipe_says_so(tmp_path):
    """Six recordings of two emotions, each there three times."""
    for sound in sorted((demo_corpus() / "samples").glob("*_anger_*"))[:6]:
        for copy in "abc":
            other = sound.with_name(sound.name.replace("anger", "fear"))
            for source, emotion in ((sound, "anger"), (other, "fear")):
                (tmp_path / emotion).mkdir(exist_ok=True)
                shutil.copy(source, tmp_path / emotion / f"{source.stem}-{copy}.flac")
    corpus = open_corpus(tmp_path)
    choice = {"policy": "random", "fractions": (0.6, 0.2, 0.2)}
    apart, together = (
        split_of(
            parse({"corpus": str(tmp_path), "split": {**choice, "group_copies": grouped}}), corpus
        ).table["split"]
        for grouped in (False, True)
    )
    assert apart.groupby(apart.index.str[:-7]).nunique().max() > 1
    assert list(together.groupby(together.index.str[:-7]).nunique()) == [1] * 12


def test_a_recipe_that_does_not_group_copies_is_the_one_it_was():
    plain = parse({"corpus": ".", "split": {"seed": 3}})
    assert parse({"corpus": ".", "split": {"seed": 3, "group_copies": False}}).hash == plain.hash
    assert parse({"corpus": ".", "split": {"seed": 3, "group_copies": True}}).hash != plain.hash
