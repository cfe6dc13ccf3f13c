"""The matrix products of pretrained encoders in 8-bit integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ser_core.core import Progress
from ser_core.export.graph_cleanup import ENCODERS, drop_unused

if TYPE_CHECKING:
    import onnx

Floats = npt.NDArray[np.float32]
Feeds = Mapping[str, Floats]

WEIGHT = ".weight"

LARGEST = 63
"""Weights are integers from -63 to 63. Of larger ones, a sum of two products may not fit 16 bits,
which processors without VNNI cut off: on Whisper that costs four times what the bit is worth."""


FEWEST = 16
"""Columns of a weight below which the rounding of the input costs more than the product."""


def weights_of_encoders(model: onnx.ModelProto) -> set[str]:
    """Names of the weights of pretrained encoders, but for those of norms."""
    return {
        each.name
        for each in model.graph.initializer
        if each.name.startswith(ENCODERS) and each.name.endswith(WEIGHT) and len(each.dims) > 1
    }


def products(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Products of what layers of encoders are given with their weights."""
    columns = {each.name: each.dims[-1] for each in model.graph.initializer if each.dims}
    weights = {name for name in weights_of_encoders(model) if columns[name] >= FEWEST}
    return [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in weights]


def with_integer_products(
    model: onnx.ModelProto, sounds: Sequence[Feeds], progress: Progress | None = None
) -> onnx.ModelProto:
    """The same graph with the products of encoders in 8-bit integers.

    The range of what comes in is found anew for each sound (dynamic quantisation), since it differs
    from sound to sound; weights are symmetric, each column by its own scale. What rounding the
    weights shifts a layer by on average is taken from its bias (bias correction; Nagel et al.,
    2019): a mean over time, unlike the states themselves, keeps such a shift.

    Args:
        model: Graph of single precision.
        sounds: Inputs of the graph, one mapping a sound, that the means are taken over.
        progress: Called with (sounds measured, sounds in all).
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph, chosen = found.graph, products(found)
    means = _mean_inputs(model, list(dict.fromkeys(n.input[0] for n in chosen)), sounds, progress)
    tensors = {each.name: each for each in graph.initializer}
    names = {node.name for node in chosen}
    quantised: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name not in names:
            nodes.append(node)
            continue
        given, weight = node.input
        if given not in quantised:
            quantised.add(given)
            nodes.append(_node("DynamicQuantizeLinear", [given], _ends(given, "u8 scale zero")))
        values, scale = _rounded(onnx.numpy_helper.to_array(tensors[weight]))
        shift = means[given] @ (onnx.numpy_helper.to_array(tensors[weight]) - values * scale)
        _take_from_bias(graph, node.output[0], tensors, shift)
        constants = _ends(weight, "s8 scale")
        contents: tuple[Any, ...] = (values, scale)
        for name, content in zip(constants, contents, strict=True):
            if name not in tensors:
                graph.initializer.append(onnx.numpy_helper.from_array(content, name))
                tensors[name] = graph.initializer[-1]
        nodes += _product(node.output[0], _ends(given, "u8 scale zero"), constants)
    del graph.node[:]
    graph.node.extend(nodes)
    drop_unused(graph)
    return found


def _mean_inputs(
    model: onnx.ModelProto, names: list[str], sounds: Sequence[Feeds], progress: Progress | None
) -> dict[str, Floats]:
    """Mean over all frames of all sounds of what is computed under some names, (size,) each."""
    import onnx
    import onnxruntime

    if not names:  # asked for nothing, a session gives everything
        return {}
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in names:
        watched.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    total: dict[str, npt.NDArray[np.float64]] = {}
    frames = dict.fromkeys(names, 0)
    for number, feeds in enumerate(sounds, 1):
        for name, values in zip(names, session.run(names, dict(feeds)), strict=True):
            rows = values.reshape(-1, values.shape[-1])
            total[name] = total.get(name, 0) + rows.sum(0, dtype=np.float64)
            frames[name] += len(rows)
        if progress:
            progress(number, len(sounds))
    return {name: (total[name] / frames[name]).astype(np.float32) for name in names}


def _rounded(weight: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Integers and the scale of each column, (inputs, outputs) and (outputs,)."""
    scale = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny) / LARGEST
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def _take_from_bias(
    graph: onnx.GraphProto, product: str, tensors: dict[str, onnx.TensorProto], shift: Floats
) -> None:
    """Add a shift to the bias of a product; where it has none, the shift stays."""
    import onnx

    for node in graph.node:
        if node.op_type == "Add" and product in node.input:
            (place,) = (i for i, name in enumerate(node.input) if name != product)
            bias = tensors.get(node.input[place])
            if bias is not None and list(bias.dims) == list(shift.shape):
                # Layers whose biases are equal share a constant, and get one each.
                name = f"{product}.bias"
                moved = onnx.numpy_helper.to_array(bias) + shift
                graph.initializer.append(onnx.numpy_helper.from_array(moved, name))
                node.input[place] = name


def _product(output: str, given: list[str], weight: list[str]) -> list[onnx.NodeProto]:
    """Nodes that onnxruntime computes as one: integers, summed exactly, and brought to scale."""
    import onnx

    integer, real, scale = _ends(output, "s32 real scale")
    return [
        _node("MatMulInteger", [given[0], weight[0], given[2]], [integer]),
        _node("Cast", [integer], [real], to=onnx.TensorProto.FLOAT),
        _node("Mul", [given[1], weight[1]], [scale]),
        _node("Mul", [real, scale], [output]),
    ]


def _ends(name: str, ends: str) -> list[str]:
    return [f"{name}.{end}" for end in ends.split()]


def _node(kind: str, given: list[str], made: list[str], **attributes: Any) -> onnx.NodeProto:
    import onnx

    return onnx.helper.make_node(kind, given, made, f"{made[0]}.{kind}", **attributes)
