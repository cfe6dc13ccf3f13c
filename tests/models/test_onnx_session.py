"""A file of another maker runs in a process of its own, which is ended when it takes too much."""

from __future__ import annotations

import time

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from ser_core.core import ModelError, settings
from ser_core.models import onnx_bytes, onnx_session
from ser_core.models.onnx_operators import OPERATORS
from ser_core.models.onnx_session import DirectSession, GuardedSession, is_own, session_of

WAVE = np.arange(4, dtype=np.float32)[None]


def model(nodes, initializers=(), output=(1, 4)):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        list(initializers),
    )  # fmt: skip
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def doubling():
    return model([helper.make_node("Add", ["x", "x"], ["y"])])


def endless():
    """Adds the input to itself until a condition fails that never does."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Add", ["sum", "sum"], ["more"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 4]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 4]),
        ],
    )
    yes = numpy_helper.from_array(np.array(True), "yes")
    return model([helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)], [yes])


def greedy(numbers):
    """Makes an array of so many numbers, of which it gives the sum."""
    size = numpy_helper.from_array(np.array([numbers], np.int64), "size")
    axes = numpy_helper.from_array(np.array([0], np.int64), "axes")
    return model(
        [
            helper.make_node("ReduceSum", ["x"], ["all"], keepdims=0),
            helper.make_node("Expand", ["all", "size"], ["many"]),
            helper.make_node("ReduceSum", ["many", "axes"], ["sum"], keepdims=0),
            helper.make_node("Add", ["x", "sum"], ["y"]),
        ],
        [size, axes],
    )


def test_it_gives_what_a_session_in_this_process_gives():
    own, other = DirectSession(doubling(), "own"), GuardedSession(doubling(), "other")
    for session in (own, other):
        (found,) = session.run(["y"], {"x": WAVE})
        np.testing.assert_array_equal(found, 2 * WAVE)
    for ask in ("get_inputs", "get_outputs", "get_overridable_initializers"):
        assert [each.name for each in getattr(own, ask)()] == [
            each.name for each in getattr(other, ask)()
        ]


def test_a_graph_without_end_is_stopped_and_the_next_one_runs():
    session = GuardedSession(endless(), "endless", seconds=1.5)
    worker = session._worker
    begun = time.monotonic()
    with pytest.raises(ModelError, match=r"endless: cannot be run .it took longer than 1.5 s"):
        session.run(["y"], {"x": WAVE})
    assert time.monotonic() - begun < 30
    assert not psutil.pid_exists(worker.pid)
    with pytest.raises(ModelError, match="took longer"):  # opened anew, and stopped again
        session.run(["y"], {"x": WAVE})


@pytest.mark.parametrize("numbers", [10**12 // 4, 2**31])
def test_memory_is_bounded(numbers):
    session = GuardedSession(greedy(numbers), "greedy", seconds=60, memory=3 * 2**30)
    before = psutil.Process().memory_info().rss
    with pytest.raises(ModelError, match="greedy: cannot be run"):
        session.run(["y"], {"x": WAVE})
    assert psutil.Process().memory_info().rss - before < 2**28
    small = GuardedSession(greedy(1000), "greedy", memory=3 * 2**30)
    np.testing.assert_array_equal(small.run(["y"], {"x": WAVE})[0], WAVE + 6_000)


def test_a_failure_of_the_runtime_is_told_in_words_in_both():
    wrong = {"x": np.zeros((1, 2, 3), np.float32)}
    for session in (DirectSession(doubling(), "a file"), GuardedSession(doubling(), "a file")):
        with pytest.raises(ModelError, match="a file: cannot be run"):
            session.run(["y"], wrong)
        np.testing.assert_array_equal(session.run(["y"], {"x": WAVE})[0], 2 * WAVE)
    for kind in (DirectSession, GuardedSession):
        with pytest.raises(ModelError, match="cannot be run"):
            kind(b"no model", "a file")


def test_the_process_ends_with_its_session():
    session = GuardedSession(doubling(), "a file")
    worker = session._worker
    assert psutil.pid_exists(worker.pid)
    del session
    worker.wait(10)
    assert not psutil.pid_exists(worker.pid)


def test_only_files_of_this_workbench_run_in_its_process(tmp_path, ser_home, monkeypatch):
    content = doubling()
    monkeypatch.setattr(onnx_session, "_written", set())
    assert not is_own(content, tmp_path / "downloads" / "model.onnx")
    assert isinstance(session_of(content, tmp_path / "model.onnx", 1), GuardedSession)
    assert is_own(content, ser_home / "exports" / "a" / "model.onnx")
    assert is_own(content, settings.REPOSITORY / "artifacts" / "pretrained" / "model.onnx")
    # A link from there to elsewhere does not count.
    ser_home.mkdir(exist_ok=True)
    (tmp_path / "model.onnx").write_bytes(content)
    (ser_home / "model.onnx").symlink_to(tmp_path / "model.onnx")
    assert not is_own(content, ser_home / "model.onnx")
    onnx_session.note_written(content)
    assert is_own(content, tmp_path / "model.onnx")


def test_operators_are_found_wherever_they_stand():
    assert onnx_bytes.operators(doubling()) == {"Add"}
    assert onnx_bytes.operators(endless()) == {"Loop", "Identity", "Add"}
    node = helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")
    assert onnx_bytes.operators(model([node])) == {"com.microsoft.Gelu"}


def test_operators_are_of_onnx_and_hold_no_control_flow():
    assert {schema.name for schema in onnx.defs.get_all_schemas()} >= OPERATORS
    assert not OPERATORS & {"Loop", "If", "Scan", "SequenceMap", "RandomNormal", "StringNormalizer"}
