"""A finished run of drawn predictions, with names that try to be markup."""

import json
import shutil

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus
from ser_core.evaluation import Predictions, report
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue
from tests.evaluation.tables import drawn

HOSTILE = '<script>alert("x")</script> $\\frac{1}$ & Łódź'


@pytest.fixture
def finished(ser_home):
    """Writer of a run that has ended, with predictions of a given skill."""

    def finished(name="a run", *, skill=2.0, seed=0, policy="random", speaker="s0", enrolled=False):
        asked = parse(
            {"corpus": str(demo_corpus()), "name": name, "split": {"policy": policy},
             "seeds": [seed]}
        )  # fmt: skip
        folder = ser_home / "runs" / asked.hash
        asked.save(folder / "recipe.yaml")
        table = drawn(600, skill=skill).table
        renamed = table.assign(speaker=table["speaker"].replace("s0", speaker))
        predictions = Predictions(renamed)
        predictions.save(folder / "predictions.parquet")
        corpus = open_corpus(demo_corpus())
        audit = audit_split(make_split(corpus, policy), corpus)
        found = report(predictions, audit)
        summary = {
            "split": {"policy": policy, "audit": audit.as_dict()},
            "members": 1,
            "clips": found.n,
            "minutes": 2.0,
            "finished": 1.7e9,
            "test": {name: vars(found.figures[name]) for name in ("uar", "wa")},
        }
        if enrolled:
            shutil.copy(folder / "predictions.parquet", folder / "enrolled.parquet")
            summary["enrolled"] = summary["test"]
        (folder / "summary.json").write_text(json.dumps(summary))
        return catalogue.one(asked.hash)

    return finished
