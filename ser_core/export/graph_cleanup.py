"""A traced graph made fit to travel: no traces of its making, named shapes, no detours."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ser_core.models.onnx_metadata import FEATURES, OPTIONAL, Spec

if TYPE_CHECKING:
    import onnx


ENCODERS = "encoders."
"""What names of the layers of pretrained encoders begin with."""

MULTIPLYING = ("MatMul", "Gemm", "Conv")
"""Operators of layers with weights."""

TABLES = "ser_core.export."
"""Where the classes are that multiply by tables (cosines, mel bands) instead of weights."""


def cleaned(model: onnx.ModelProto, spec: Spec) -> onnx.ModelProto:
    """Without paths and stack traces; shapes named, inputs about the speaker optional."""
    import onnx

    del model.metadata_props[:]
    graph = model.graph
    _name_weights(graph)
    for each in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        each.doc_string = ""
        del each.metadata_props[:]
    del graph.value_info[:]
    _stride(graph)
    drop_unused(graph)
    _name_dimensions(graph, spec)
    for each in (found for kind in OPTIONAL for found in spec.of(kind)):
        shape = _shape(graph, each.name)
        zeros = np.zeros(shape, np.float32)
        graph.initializer.append(onnx.numpy_helper.from_array(zeros, each.name))
    model.producer_name = "SER Workbench"
    model.ir_version = min(model.ir_version, 10)  # what older runtimes read too
    return model


def _name_weights(graph: onnx.GraphProto) -> None:
    """Give the weights of encoders the names of their layers; the exporter numbers some of them."""
    shapes = {each.name: len(each.dims) for each in graph.initializer}
    names: dict[str, str] = {}
    for node in graph.node:
        weight = node.input[1] if node.op_type in MULTIPLYING else ""
        scopes = _property(node, "pkg.torch.onnx.name_scopes")
        kinds = _property(node, "pkg.torch.onnx.class_hierarchy")
        if shapes.get(weight, 0) < 2 or weight in names or len(scopes) < 2 or len(kinds) < 2:
            continue
        layer, kind = scopes[-2], kinds[-2]
        if layer.startswith(ENCODERS) and not kind.startswith(TABLES):
            count = sum(each.startswith(f"{layer}.") for each in names.values())
            names[weight] = f"{layer}.{count}.weight" if count else f"{layer}.weight"
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]


def _property(node: onnx.NodeProto, name: str) -> list[str]:
    """A list that the exporter wrote beside a node; empty where it wrote none."""
    found = next((each.value for each in node.metadata_props if each.key == name), "[]")
    return [str(each) for each in ast.literal_eval(found)]


def _shape(graph: onnx.GraphProto, name: str) -> list[int]:
    (found,) = (each for each in graph.input if each.name == name)
    return [dim.dim_value for dim in found.type.tensor_type.shape.dim]


def _name_dimensions(graph: onnx.GraphProto, spec: Spec) -> None:
    kinds = {each.name: each.kind for each in spec.inputs}
    for value in (*graph.input, *graph.output):
        length = "frames" if kinds.get(value.name) == FEATURES else "samples"
        for number, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.dim_value:
                dim.dim_param = "batch" if number == 0 else length


def _stride(graph: onnx.GraphProto) -> None:
    """Every second value into a 1x1 convolution is that convolution with stride 2.

    So it is one operator in 8-bit integers, too.
    """
    made = {node.output[0]: node for node in graph.node}
    readers: dict[str, int] = {}
    for name in (name for node in graph.node for name in node.input):
        readers[name] = readers.get(name, 0) + 1
    steps = {each.name: _integers(each) for each in graph.initializer if each.data_type == 7}
    dropped = []
    for node in graph.node:
        if node.op_type != "Conv" or not _is(node, "kernel_shape", [1, 1]):
            continue
        last = made.get(node.input[0])
        first = made.get(last.input[0]) if last is not None else None
        if first is None or last is None or not _is(node, "strides", [1, 1]):
            continue
        halves = _halves(first, 2, steps) and _halves(last, 3, steps)
        if halves and readers[first.output[0]] == readers[last.output[0]] == 1:
            node.input[0] = first.input[0]
            (strides,) = (each for each in node.attribute if each.name == "strides")
            strides.ints[:] = [2, 2]
            dropped += [first, last]
    for each in dropped:
        graph.node.remove(each)


def drop_unused(graph: onnx.GraphProto) -> None:
    """Take out constants that nothing reads; runtimes warn of each."""
    read = {name for node in graph.node for name in node.input}
    used = [each for each in graph.initializer if each.name in read]
    del graph.initializer[:]
    graph.initializer.extend(used)


def _integers(tensor: onnx.TensorProto) -> list[int]:
    import onnx

    return [int(value) for value in np.ravel(onnx.numpy_helper.to_array(tensor))]


def _is(node: onnx.NodeProto, name: str, values: list[int]) -> bool:
    return any(each.name == name and list(each.ints) == values for each in node.attribute)


def _halves(node: onnx.NodeProto, axis: int, steps: dict[str, list[int]]) -> bool:
    """Whether a node takes every second value along an axis, from the first one on."""
    if node.op_type != "Slice" or len(node.input) != 5:
        return False
    start, stop, along, step = (steps.get(name, []) for name in node.input[1:])
    return (start, along, step) == ([0], [axis], [2]) and stop[:1] >= [1 << 31]
