"""Rounding the weights of encoders: by hand, beside the nearest integers, and in a graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from ser_core.export import encoder_quantisation
from ser_core.export.encoder_quantisation import LARGEST, rounded, with_integer_products


def error(weight, integers, scale, moment):
    """Mean square of what rounding changes in the outputs."""
    change = weight - integers * scale
    return float(np.einsum("io,ij,jo->", change, moment, change))


def test_inputs_that_never_vary_together_are_rounded_to_the_nearest():
    weight = np.random.default_rng(0).standard_normal((300, 24)).astype(np.float32)
    integers, scale = rounded(weight, np.eye(300))
    np.testing.assert_allclose(scale, np.abs(weight).max(axis=0) / LARGEST, rtol=1e-6)
    np.testing.assert_array_equal(integers, np.rint(weight / scale))


def test_the_second_of_two_equal_inputs_makes_up_for_the_first():
    # The scale is 1. Both inputs always have the same value, so only the sum 0.4 + 0.4 counts:
    # the nearest integers make it 0; the first is rounded down, and the second takes what is left.
    weight = np.array([[LARGEST], [0.4], [0.4]], np.float32)
    moment = np.array([[9.0, 0, 0], [0, 1, 1], [0, 1, 1]])
    integers, scale = rounded(weight, moment)
    assert scale == pytest.approx([1.0])
    assert integers.ravel().tolist() == [LARGEST, 0, 1]


def test_the_outputs_change_less_than_by_the_nearest_integers_on_other_inputs_too():
    draw = np.random.default_rng(1)
    mixing = draw.standard_normal((20, 200))  # 200 inputs that 20 causes move
    first, second = (draw.standard_normal((2_000, 20)) @ mixing for _ in range(2))
    weight = draw.standard_normal((200, 32)).astype(np.float32)
    integers, scale = rounded(weight, first.T @ first)
    nearest = np.rint(weight / scale)
    unseen = second.T @ second
    assert error(weight, integers, scale, unseen) < error(weight, nearest, scale, unseen) / 10
    assert np.abs(integers).max() <= LARGEST


def test_blocks_round_as_one_input_after_the_other_does(monkeypatch):
    draw = np.random.default_rng(2)
    inputs = draw.standard_normal((500, 60)) @ draw.standard_normal((60, 60))
    weight = draw.standard_normal((60, 8)).astype(np.float32)
    monkeypatch.setattr(encoder_quantisation, "BLOCK", 7)
    in_blocks, _ = rounded(weight, inputs.T @ inputs)
    monkeypatch.setattr(encoder_quantisation, "BLOCK", 60)
    whole, _ = rounded(weight, inputs.T @ inputs)
    np.testing.assert_array_equal(in_blocks, whole)


def test_inputs_of_nothing_but_zeros_do_no_harm():
    weight = np.ones((4, 2), np.float32)
    integers, scale = rounded(weight, np.zeros((4, 4)))
    np.testing.assert_allclose(integers * scale, weight)


def graph(weight):
    """y = x @ weight + 0."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    rows, columns = weight.shape
    constants = {"encoders.0.a.weight": weight, "bias": np.zeros(columns, np.float32)}
    made = helper.make_graph(
        [helper.make_node("MatMul", ["x", "encoders.0.a.weight"], ["xw"], "product"),
         helper.make_node("Add", ["xw", "bias"], ["y"], "sum")], "g",
        [helper.make_tensor_value_info("x", kind, ["n", rows])],
        [helper.make_tensor_value_info("y", kind, ["n", columns])],
        [onnx.numpy_helper.from_array(v, n) for n, v in constants.items()],
    )  # fmt: skip
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_a_shift_by_rounded_weights_is_taken_from_the_bias():
    draw = np.random.default_rng(0)
    weight = draw.standard_normal((64, 16)).astype(np.float32)
    model = graph(weight)
    x = (5 + draw.standard_normal((500, 64))).astype(np.float32)
    made = with_integer_products(model, [{"x": part} for part in np.split(x, 5)])
    shift = (run(made, x) - x @ weight).mean(axis=0)
    uncorrected = with_integer_products(model, [{"x": np.zeros((1, 64), np.float32)}])
    assert np.abs(shift).max() < 0.05
    assert np.abs((run(uncorrected, x) - x @ weight).mean(axis=0)).max() > 0.3


def test_moments_that_do_not_fit_together_are_measured_in_parts(monkeypatch):
    weight = np.random.default_rng(3).standard_normal((64, 16)).astype(np.float32)
    model = graph(weight)
    second = onnx.helper.make_node("MatMul", ["y", "encoders.0.b.weight"], ["z"], "second")
    model.graph.node.append(second)
    again = onnx.numpy_helper.from_array(np.eye(16, dtype=np.float32), "encoders.0.b.weight")
    model.graph.initializer.append(again)
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, ["n", 16])
    )
    sounds = [{"x": np.random.default_rng(n).standard_normal((9, 64)).astype(np.float32)}
              for n in range(3)]  # fmt: skip
    at_once = with_integer_products(model, sounds)
    heard = []
    monkeypatch.setattr(encoder_quantisation, "MOMENTS", 8 * 64 * 64)
    in_parts = with_integer_products(model, sounds, lambda *at: heard.append(at))
    assert in_parts.SerializeToString() == at_once.SerializeToString()
    assert heard == [(n, 6) for n in range(1, 7)]
    assert [node.op_type for node in in_parts.graph.node].count("MatMulInteger") == 2


def run(model, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(["y"], {"x": x})[0]
