"""Latency of each candidate."""

from __future__ import annotations

import shutil

import onnx
import pytest

from ser_core.export.latency import measure, of_length


def test_every_candidate_is_timed_with_each_number_of_threads(in_precision, app, demo_waveform):
    sound = of_length(demo_waveform, 1.5)
    files = [in_precision["fp32"], in_precision["int8"]]
    found = measure(files, sound, model=app.predictor, threads=(1, 2), rounds=3)
    names = ["model.onnx", "model-int8.onnx", "torch"]
    assert [(each.name, each.threads) for each in found] == [(n, t) for t in (1, 2) for n in names]
    assert [each.bytes for each in found[:3]] == [*(f.stat().st_size for f in files), None]
    for each in found:
        assert 0 < each.p50 <= each.p95
        assert each.real_time == pytest.approx(each.p50 / 1500)


def test_files_of_one_name_are_distinguished(exported, demo_waveform, tmp_path):
    other = tmp_path / exported.path.name
    shutil.copy(exported.path, other)
    found = measure([exported.path, other], demo_waveform, threads=(1,), rounds=1)
    assert [each.name for each in found] == [str(exported.path), str(other)]


def test_the_first_layer_and_the_last_stay_as_they_are(in_precision):
    """Eight bits in between alone; the first layer is slower and less true in them."""
    graph = onnx.load(in_precision["int8"]).graph
    made = {name: node for node in graph.node for name in node.output}
    nets = [node for node in graph.node if node.op_type == "Conv" and _is_widened(made, node)]
    stems = [node for node in graph.node if node.op_type == "Conv" and node not in nets]
    last = [node for node in graph.node if node.op_type == "Gemm"]
    assert len(nets) > 2
    assert len(stems) == len(last) == 1
    assert not any(_is_widened(made, node) for node in last)


def _is_widened(made, node) -> bool:
    weights = made.get(node.input[1])
    return weights is not None and weights.op_type == "DequantizeLinear"


def test_nothing_is_left_in_a_graph_that_it_does_not_read(exported):
    graph = onnx.load(exported.path).graph
    read = {name for node in graph.node for name in node.input}
    assert {each.name for each in graph.initializer} <= read
