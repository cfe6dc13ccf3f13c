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


DAMPING = 0.01
"""Share of the mean energy that is added to each input's: measured moments have no inverse else."""

BLOCK = 128
"""Inputs of a weight that are rounded before what follows them is made up for."""

MOMENTS = 2**29
"""Bytes of second moments that are measured at once; a large encoder is run several times."""

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
    from sound to sound; weights are symmetric, each column by its own scale, and rounded so that
    the products change least on what the sounds give them (`rounded`). What the rounding still
    shifts a layer by on average is taken from its bias (bias correction; Nagel et al., 2019): a
    mean over time, unlike the states themselves, keeps such a shift.

    Args:
        model: Graph of single precision.
        sounds: Inputs of the graph, one mapping a sound, that the products are measured on.
        progress: Called with (sounds measured, sounds to measure).
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph, chosen = found.graph, products(found)
    tensors = {each.name: each for each in graph.initializer}
    whole = {n.input[1]: onnx.numpy_helper.to_array(tensors[n.input[1]]) for n in chosen}
    sizes = {node.input[0]: len(whole[node.input[1]]) for node in chosen}
    integers: dict[str, tuple[npt.NDArray[np.int8], Floats, Floats]] = {}
    parts = _parts(sizes)
    for done, part in enumerate(parts):
        for name, (mean, moment) in _inputs(
            model, part, sounds, _within(progress, done, len(parts))
        ).items():
            for node in chosen:
                given, weight = node.input
                if given == name:
                    values, scale = rounded(whole[weight], moment)
                    shift = mean @ (whole[weight] - values * scale)
                    integers[node.name] = values, scale, shift.astype(np.float32)
    quantised: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name not in integers:
            nodes.append(node)
            continue
        given, product = node.input[0], node.output[0]
        if given not in quantised:
            quantised.add(given)
            nodes.append(_node("DynamicQuantizeLinear", [given], _ends(given, "u8 scale zero")))
        values, scale, shift = integers[node.name]
        _take_from_bias(graph, product, tensors, shift)
        # A weight that two layers share is rounded for each of them.
        constants = _ends(f"{node.input[1]}.{product}", "s8 scale")
        graph.initializer.append(onnx.numpy_helper.from_array(values, constants[0]))
        graph.initializer.append(onnx.numpy_helper.from_array(scale, constants[1]))
        nodes += _product(product, _ends(given, "u8 scale zero"), constants)
    del graph.node[:]
    graph.node.extend(nodes)
    drop_unused(graph)
    return found


def rounded(weight: Floats, moment: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], Floats]:
    """Integers of a weight, and the scale of each of its columns.

    One input after the other is rounded, the one with the most energy first, and what its rounding
    changes is made up for, as well as can be by least squares, in the inputs that are still to come
    (GPTQ; Frantar et al., 2023). Inputs that never vary together are rounded to the nearest.

    Args:
        weight: (inputs, outputs).
        moment: Second moment of the inputs, (inputs, inputs); any multiple of it.

    Returns:
        (inputs, outputs) from -`LARGEST` to `LARGEST`, and (outputs,).
    """
    scale = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny) / LARGEST
    energy = np.diag(moment)
    order = np.argsort(-energy, kind="stable")
    damped = moment[np.ix_(order, order)].copy()
    damped[np.diag_indices_from(damped)] += DAMPING * energy.mean() or 1.0
    # Row i of the upper Cholesky factor of the inverse: how input i is made up for by those after.
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    factor /= np.diag(factor)[:, None]
    left, found = weight[order].astype(np.float64), np.empty(weight.shape, np.int8)
    for start in range(0, len(left), BLOCK):  # what lies beyond a block is changed once
        rows = slice(start, start + BLOCK)
        changes = np.zeros_like(left[rows])
        for number in range(start, min(start + BLOCK, len(left))):
            nearest = np.clip(np.rint(left[number] / scale), -LARGEST, LARGEST)
            found[order[number]] = nearest
            change = left[number] - nearest * scale
            changes[number - start] = change
            left[number + 1 : start + BLOCK] -= np.outer(
                factor[number, number + 1 : start + BLOCK], change
            )
        left[start + BLOCK :] -= factor[rows, start + BLOCK :].T @ changes
    return found, scale.astype(np.float32)


def _parts(sizes: Mapping[str, int]) -> list[list[str]]:
    """Names of inputs of these sizes, in parts whose second moments fit `MOMENTS` together."""
    parts: list[list[str]] = []
    used = MOMENTS
    for name, size in sizes.items():
        used += 8 * size * size
        if not parts or used > MOMENTS:
            parts.append([])
            used = 8 * size * size
        parts[-1].append(name)
    return parts


def _within(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Progress of one of several equal parts as progress of all of them."""
    if progress is None:
        return None
    report = progress
    return lambda done, total: report(part * total + done, parts * total)


def _inputs(
    model: onnx.ModelProto, names: list[str], sounds: Sequence[Feeds], progress: Progress | None
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Mean and second moment over all frames of all sounds of what is computed under some names.

    (size,) and (size, size) each.
    """
    import onnx
    import onnxruntime

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
    means: dict[str, npt.NDArray[np.float64]] = {}
    moments: dict[str, npt.NDArray[np.float64]] = {}
    frames = dict.fromkeys(names, 0)
    for number, feeds in enumerate(sounds, 1):
        for name, values in zip(names, session.run(names, dict(feeds)), strict=True):
            rows = values.reshape(-1, values.shape[-1])
            if name not in means:
                means[name] = np.zeros(rows.shape[1])
                moments[name] = np.zeros((rows.shape[1], rows.shape[1]))
            means[name] += rows.sum(0, dtype=np.float64)
            moments[name] += rows.T @ rows
            frames[name] += len(rows)
        if progress:
            progress(number, len(sounds))
    return {name: (means[name] / frames[name], moments[name] / frames[name]) for name in names}


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
