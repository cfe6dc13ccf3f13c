"""Training clips of several corpora in equal numbers."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from ser_core.core import ParameterError
from ser_core.corpora import make_split
from ser_core.recipes.recipe import parse
from ser_core.training.balance import training_clips
from ser_core.training.plan import Member, members_of
from tests.corpora.synthetic import acted
from tests.corpora.test_joined import several


def plan(corpus, *, balanced=True):
    recipe = parse({"corpus": ".", "train": {"balance_corpora": balanced}})
    split = make_split(corpus, "leave-one-corpus-out")
    return SimpleNamespace(recipe=recipe, corpus=corpus, split=split)


def member(plan, fold="c", seed=0):
    number = plan.split.folds.index(fold)
    return Member(number, fold, seed)


def corpora_of(found, clips):
    return Counter(found.corpus.clips.loc[clips, "corpus"])


def test_each_corpus_gives_as_many_clips_and_the_total_stays():
    found = plan(several(a=8, b=3, c=3))
    plain = found.split.fold("c")["train"]
    clips = training_clips(found, member(found))
    assert len(clips) == len(plain)
    assert set(clips) <= set(plain)
    one, two = corpora_of(found, clips).values()
    assert abs(one - two) <= 1
    of_b = {clip for clip in plain if clip.startswith("b/")}
    assert of_b <= set(clips)
    times = Counter(clip for clip in clips if clip in of_b).values()
    assert max(times) - min(times) <= 1


def test_the_seed_decides_and_without_the_option_all_stays():
    found = plan(several(a=8, b=3, c=3))
    again = [training_clips(found, member(found, seed=seed)) for seed in (0, 0, 1)]
    assert again[0] == again[1] != again[2]
    plain = plan(several(a=8, b=3, c=3), balanced=False)
    assert training_clips(plain, member(plain)) == plain.split.fold("c")["train"]


def test_one_corpus_cannot_be_balanced():
    corpus = acted(4, 3)
    split = make_split(corpus, "speaker-disjoint", fractions=(0.5, 0.25, 0.25))
    recipe = parse({"corpus": ".", "train": {"balance_corpora": True}})
    found = SimpleNamespace(recipe=recipe, corpus=corpus, split=split)
    (only,) = members_of(recipe, split)
    with pytest.raises(ParameterError, match="corpus join"):
        training_clips(found, only)


def test_only_what_is_asked_for_changes_the_hash():
    plain = parse({"corpus": "."})
    assert parse({"corpus": ".", "train": {"balance_corpora": False}}).hash == plain.hash
    assert parse({"corpus": ".", "train": {"balance_corpora": True}}).hash != plain.hash
