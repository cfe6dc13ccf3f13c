"""Tables of cosines are found in a graph and computed when it is opened."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from ser_core.export import fourier
from ser_core.export.computed_constants import SMALLEST, computed, recognised
from ser_core.features.representations import filters

COSINES, SINES = (table.numpy() for table in fourier.tables(640, 1024))
LAGS = filters.cosines(1024, 268).numpy()


def product(table):
    """A graph that multiplies rows by a table."""
    rows, columns = table.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "table"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, columns])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    return model


def answer(model, x):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("table", [COSINES, SINES, LAGS], ids=["cosines", "sines", "lags"])
def test_a_table_is_computed_and_no_longer_carried(table):
    model = product(table)
    smaller = computed(model)
    onnx.checker.check_model(smaller, full_check=True)
    assert len(smaller.SerializeToString()) < 0.02 * len(model.SerializeToString())
    assert "table" in [each.name for each in model.graph.initializer]  # the first is as it was
    x = np.eye(table.shape[0], dtype=np.float32)
    assert np.abs(answer(smaller, x) - table).max() <= 2e-7 * np.abs(table).max()


def test_other_numbers_stay():
    table = np.random.default_rng(0).standard_normal((128, 100)).astype(np.float32)
    assert table.size >= SMALLEST
    assert recognised(table) is None
    model = product(table)
    assert computed(model) == model
    assert recognised(COSINES + np.float32(1e-3)) is None
    mixed = COSINES.copy()
    mixed[7, 7] += np.float32(1e-4)
    assert recognised(mixed) is None


def test_what_a_table_is():
    table = recognised(SINES)
    assert (table.wave, table.period) == ("Sin", 1024)
    assert np.abs(table.values() - SINES).max() < 1e-7
