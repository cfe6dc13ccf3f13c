"""Small models with random weights, and a run of nine of them on the bundled clips."""

from __future__ import annotations

import pytest
import torch

from ser_core.audio import load
from ser_core.core import demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from tests.threads import one_thread  # noqa: F401  (for every test here)


@pytest.fixture(scope="session")
def demo():
    return open_corpus(demo_corpus())


@pytest.fixture(scope="session")
def demo_split(demo):
    return make_split(demo, "leave-one-speaker-out")


@pytest.fixture(scope="session")
def make_bundle(demo, demo_split):
    """Maker of bundles that say they were trained on one fold of the bundled clips."""

    def bundle(normalise: str = "speaker", fold: str = "EB0", seed: int = 0, **about) -> Bundle:
        torch.manual_seed(seed)
        rep = make("melspectrogram", n_mels=16, hop_length=320)
        spec = ResNetSpec(depth="resnet10", width=4, classes=len(demo.emotions))
        model = EmotionClassifier(rep, normalise, spec, tuple(demo.emotions))
        torch.nn.init.normal_(model.network.fc.weight, std=5.0)
        model.normaliser.mean.fill_(-60.0)
        model.normaliser.spread.fill_(15.0)
        said = {
            "recipe": {
                "name": "a test",
                "corpus": str(demo.root),
                "reader": None,
                "split": {"fractions": [0.8, 0.1, 0.1], "folds": None},
            },
            "corpus": {"name": demo.name, "licence": demo.licence, "train_clips": 41,
                       "validation_clips": 6, "test_clips": 6},
            "split": {
                "policy": demo_split.policy,
                "seed": demo_split.seed,
                "hash": demo_split.hash,
                "fold": fold,
                "audit": audit_split(demo_split, demo).as_dict(),
            },
        }  # fmt: skip
        return Bundle(model.eval(), {**architecture(model), **said, **about})

    return bundle


@pytest.fixture(scope="session")
def make_run(make_bundle, demo_split):
    """Maker of folders as a training on all folds leaves them."""

    def run(folder, normalise: str = "speaker"):
        demo_split.save(folder / "split.json")
        for number, name in enumerate(demo_split.folds):
            home = folder / f"fold-{number}-seed-0" / "bundle"
            home.parent.mkdir()
            make_bundle(normalise, name, seed=number).save(home)
        return folder

    return run


@pytest.fixture(scope="session")
def sounds(demo):
    """The six clips of one voice."""
    clips = demo.usable.index[demo.usable["speaker"] == "EB0"]
    return [load(demo.path(clip)) for clip in clips]
