"""Quantisation: weights in half precision, and the network in 8-bit integers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ser_core.core import ModelError, Progress
from ser_core.export.encoder_quantisation import (
    products,
    weights_of_encoders,
    with_integer_products,
)

if TYPE_CHECKING:
    import onnx

Feeds = Mapping[str, npt.NDArray[np.float32]]

FEWEST = 32
"""Least number of sounds for the calibration of int8; with fewer, a note says so."""

_QUANTISED = ("Conv", "Add", "MaxPool", "Relu")
"""Operators of a network that are computed in 8 bits."""


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with the weights of its networks in half precision, widened where used.

    Half-precision arithmetic is emulated, and slower, on most processors; widened weights are
    folded when the file is opened, so it computes as fast as before. What front-ends are made of
    stays as it is: their levels reach over 120 dB.

    Args:
        model: Graph of single precision.
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    weights = _weights(found)
    casts = []
    for tensor in graph.initializer:
        if tensor.name not in weights:
            continue
        name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
        largest = np.finfo(np.float16).max
        halved = np.clip(values, -largest, largest).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(halved, f"{name}.half"))
        casts.append(
            onnx.helper.make_node(
                "Cast", [f"{name}.half"], [name], f"{name}.widened", to=onnx.TensorProto.FLOAT
            )
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return found


def with_byte_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with the weights of its networks in 8 bits, widened where used.

    Each output of a layer has a scale of its own, and zero stays zero (symmetric quantisation by
    channel; Nagel et al., 2021, "A white paper on neural network quantization"). As with
    `with_half_weights`, widened weights are folded when the file is opened, so nothing else of the
    computation changes.
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    weights, last = _weights(found), _outputs_last(found)
    widened = []
    for tensor in list(graph.initializer):
        if tensor.name not in weights:
            continue
        name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
        axis = values.ndim - 1 if name in last else 0
        others = tuple(each for each in range(values.ndim) if each != axis)
        scale = np.abs(values).max(axis=others, keepdims=True) / 127
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        bytes_ = np.round(values / scale).astype(np.int8)
        tensor.CopyFrom(onnx.numpy_helper.from_array(bytes_, f"{name}.bytes"))
        graph.initializer.append(onnx.numpy_helper.from_array(scale, f"{name}.scale"))
        make, wide = onnx.helper.make_node, f"{name}.wide"
        widened += [
            make("Cast", [f"{name}.bytes"], [wide], f"{wide}.cast", to=onnx.TensorProto.FLOAT),
            make("Mul", [wide, f"{name}.scale"], [name], f"{wide}.scaled"),
        ]
    nodes = [*widened, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return found


def _outputs_last(model: onnx.ModelProto) -> set[str]:
    """Names of weights whose last dimension is the outputs: those that are multiplied as they are.

    Those of convolutions, and of layers that are turned first, begin with the outputs.
    """
    found = set()
    for node in model.graph.node:
        turned = any(each.name == "transB" and each.i for each in node.attribute)
        if node.op_type in ("MatMul", "Gemm") and not turned:
            found.add(node.input[1])
    return found


def _weights(model: onnx.ModelProto) -> set[str]:
    """Names of the weights of convolutions over feature maps, of last layers and of encoders."""
    shapes = {each.name: len(each.dims) for each in model.graph.initializer}
    taken = {"Conv": 4, "Gemm": 2}
    return weights_of_encoders(model) | {
        node.input[1]
        for node in model.graph.node
        if shapes.get(node.input[1] if len(node.input) > 1 else "") == taken.get(node.op_type, -1)
    }


def int8(
    model: onnx.ModelProto, sounds: Sequence[Feeds], progress: Progress | None = None
) -> onnx.ModelProto:
    """The networks in 8-bit integers.

    Convolutional networks with ranges measured on real sounds: static, per channel, unsigned
    activations and signed weights, the first and the last layer left out; Jacob et al. (2018). The
    first reads one channel, which 8-bit kernels are slow at, and what it rounds off every later
    layer sees. Ranges that are found while running (dynamic quantisation) make convolutions slower
    than in single precision; they are for the matrix products of pretrained encoders, see
    `encoder_quantisation`.

    Of a model with encoders only these products are computed in integers: they are nearly all of
    its work. The rest keeps 8-bit weights that are widened, as in `with_byte_weights`, since the
    rounding of a convolutional member's activations flips more predictions of the pool than its
    share of the time is worth.

    Args:
        model: Graph of single precision.
        sounds: Inputs of the graph, one mapping a sound.
        progress: Called with (sounds measured, sounds in all).

    Raises:
        ModelError: If there is no network to quantise.
    """
    if products(model):
        return with_byte_weights(with_integer_products(model, sounds, progress))
    if not _network_nodes(model):
        raise ModelError(
            "has no convolution and no encoder to quantise to 8-bit integers",
            subject="int8",
            remedy="Export it in fp32 or fp16; it is small as it is",
        )
    return _static(model, sounds, progress)


def _static(
    model: onnx.ModelProto, sounds: Sequence[Feeds], progress: Progress | None
) -> onnx.ModelProto:
    """Convolutional networks in 8-bit integers; see `int8`."""
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    optional = _optional(model)
    unseen = {each.name: onnx.numpy_helper.to_array(each) for each in optional}
    complete = [{**unseen, **sound} for sound in sounds]

    class Sounds(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left: Iterator[tuple[int, Feeds]] = iter(enumerate(complete))

        def get_next(self) -> Any:
            done, feeds = next(self.left, (len(complete), None))
            if progress:
                progress(done, len(complete))
            return feeds

    with tempfile.TemporaryDirectory() as folder:
        source, ready, done = (Path(folder) / f"{name}.onnx" for name in ("a", "b", "c"))
        onnx.save(_without_optional(model), source)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            done,
            Sounds(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(_QUANTISED),
            nodes_to_quantize=_network_nodes(onnx.load(ready)),
        )
        quantised = onnx.load(done)
    return _with_optional(quantised, model)


def _without_optional(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the values that inputs have when they are left out: they are no constants."""
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    optional = {each.name for each in _optional(model)}
    constants = [each for each in found.graph.initializer if each.name not in optional]
    del found.graph.initializer[:]
    found.graph.initializer.extend(constants)
    return found


def _optional(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Values that inputs have when they are left out."""
    names = {each.name for each in model.graph.input}
    return [each for each in model.graph.initializer if each.name in names]


def _with_optional(quantised: onnx.ModelProto, model: onnx.ModelProto) -> onnx.ModelProto:
    quantised.graph.initializer.extend(_optional(model))
    del quantised.graph.value_info[:]
    quantised.producer_name = model.producer_name
    return quantised


def _network_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes of networks: what follows from their first convolution over features."""
    graph = model.graph
    rank = {each.name: len(each.dims) for each in graph.initializer}
    inside: set[str] = set()
    chosen = []
    for node in graph.node:
        follows = any(name in inside for name in node.input)
        first = not follows and node.op_type == "Conv" and rank.get(node.input[1]) == 4
        if first or (follows and node.op_type in _QUANTISED):
            inside.update(node.output)
        if follows and node.op_type in _QUANTISED:
            chosen.append(node.name)
    return chosen
