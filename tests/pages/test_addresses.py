"""Addresses with anything in them: every page says what it cannot use, and shows the rest."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pages.test_predict import bundled, ready  # noqa: F401  (models for the pages)

pytestmark = pytest.mark.timeout(280)

SHARED = ("corpus", "reader", "clip")
OWN = {
    "": ("source", "model"),
    "corpus": ("view", "find", "sort", "speaker", "emotion", "gender", "policy", "seed", "folds",
               "group", "train-share", "validated", "fold"),
    "predict": ("model", "tab", "source", "folder", "handed", "from", "timeline-window", "seen",
                "long-file", "long-way", "long-turns"),
    "representations": ("representation", "compare", "augment", "augment_seed", "sample_rate",
                        "n_mels", "hop_length", "n_fft", "source", "from", "tab"),
    "train": ("representation.name", "representation.n_mels", "representation.encoder", "network",
              "network.name", "network.width", "optim.lr", "train.epochs", "split.policy",
              "seeds", "split.fractions", "augment.waveform", "augment.picture", "from-run"),
    "results": ("run", "compare", "cell", "voices", "view", "tab", "figure", "since"),
    "explain": ("model", "tab", "methods", "class", "seen-as", "source", "aspect",
                "rest"),
    "robustness": ("model", "card", "kind", "on", "one-attack", "tab"),
    "ensemble": ("ensemble", "members", "ensemble-name", "objective", "pooling", "voices"),
    "export": ("model", "export-precisions", "tab"),
}  # fmt: skip

VALUES = st.sampled_from(
    ["", "0", "-1", "1", "1e999", "nan", "99999999999999999999", "true", "null", "[]", "{}",
     "[1,2", '{"a": 1}', "[[[[", "../../etc/passwd", "/dev/zero", "/", "~nobody/x", "a\0b", "<b>x",
     "$x$ **y** :red[z]", "%s", "é\u202e", "x" * 3000, "Upload", "Corpus", "Checks", "Split",
     "random", "speaker-disjoint", "melspectrogram", "mfcc", "bundled", "run:x", "ensemble:..",
     "demo:x", "samples/SM0_anger_48.flac", "anger", "anger,fear", "Compare", "&a *a"]
) | st.text(st.characters(blacklist_categories=["Cs"]), max_size=10)  # fmt: skip


@pytest.mark.parametrize("page", list(OWN))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_address_breaks_a_page(visit, bundled, data, page):  # noqa: F811
    names = st.sampled_from([*OWN[page], *SHARED])
    address = data.draw(st.dictionaries(names, VALUES, min_size=1, max_size=4))
    app = visit(page, opened=False, **address)  # fails where a page raises
    assert app.get("title") or app.get("header") or app.get("html")
