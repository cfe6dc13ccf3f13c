"""A model whose linear layer has a closed form: fitted at once, and with gradients and a graph."""

from __future__ import annotations

from ser_core.explain import attribute
from ser_core.export.graph import graph_members

FUNCTIONALS = {"name": "functionals"}


def test_it_goes_all_the_way(journey, plain, tmp_path):
    model = journey("lda", representation=FUNCTIONALS, normalise="speaker", network={"name": "lda"})
    model.check_answers()
    model.check_evaluation()
    model.check_ensemble(plain, tmp_path / "ensemble")
    statistics = model.bundle.enrol(model.sounds)
    assert model.bundle.predict(model.sounds, statistics).shape == (5, 6)
    assert attribute(model.bundle, model.sounds[0], "integrated_gradients").values.size
    assert graph_members(model.bundle, 1.0, None)
