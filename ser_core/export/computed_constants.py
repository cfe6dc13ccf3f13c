"""Tables of cosines and sines that a graph computes when it is opened, and need not carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[np.float64]

SMALLEST = 10_000
"""Least size of a table, in numbers, that is computed instead of stored."""

WAVES = {"Cos": np.cos, "Sin": np.sin}


@dataclass(frozen=True, eq=False)
class Table:
    """`scale[i] * wave(2 pi i j / period)`, shape (rows, columns).

    Attributes:
        wave: Key of `WAVES`.
        period: Turns are counted modulo this.
        scale: Factor of each row.
        columns: How many there are.
    """

    wave: str
    period: int
    scale: Array
    columns: int

    def values(self) -> Array:
        """All of it, in double precision."""
        turns = np.outer(np.arange(len(self.scale)), np.arange(self.columns)) % self.period
        found: Array = WAVES[self.wave](turns * (2 * np.pi / self.period))
        return self.scale[:, None] * found


def computed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with nodes that compute its large tables.

    They depend on no input, so a runtime computes them once.
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    made: list[onnx.NodeProto] = []
    for tensor in list(graph.initializer):
        table = recognised(onnx.numpy_helper.to_array(tensor)) if _large(tensor) else None
        if table is not None:
            graph.initializer.remove(tensor)
            constants, nodes = _written(tensor.name, table)
            graph.initializer.extend(constants)
            made += nodes
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return found


def recognised(values: npt.NDArray[Any]) -> Table | None:
    """The table that gives these values to the precision of float32; None if there is none."""
    if values.ndim != 2:
        return None
    rows, columns = values.shape
    for period in dict.fromkeys((2 * (columns - 1), 2 * (rows - 1))):
        for wave in WAVES:
            plain = Table(wave, period, np.ones(rows), columns).values()
            weight = np.square(plain).sum(1)
            scale = (values * plain).sum(1) / np.where(weight > 0, weight, 1)
            error = np.abs(scale[:, None] * plain - values).max()
            if error <= np.finfo(np.float32).eps * np.abs(values).max():
                return Table(wave, period, scale, columns)
    return None


def _large(tensor: onnx.TensorProto) -> bool:
    import onnx

    return tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) >= SMALLEST


def _written(name: str, table: Table) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Constants and nodes whose last output has the name."""
    from onnx import TensorProto, helper, numpy_helper

    given = {
        "first": np.int64(0),
        "step": np.int64(1),
        "rows": np.int64(len(table.scale)),
        "columns": np.int64(table.columns),
        "last": np.array([1]),
        "period": np.int64(table.period),
        "turn": np.float64(2 * np.pi / table.period),
        "scale": table.scale[:, None],
    }
    steps: list[tuple[str, tuple[str, ...], str, dict[str, Any]]] = [
        ("Range", ("first", "rows", "step"), "i", {}),
        ("Unsqueeze", ("i", "last"), "row", {}),
        ("Range", ("first", "columns", "step"), "j", {}),
        ("Mul", ("row", "j"), "product", {}),
        ("Mod", ("product", "period"), "turns", {}),
        ("Cast", ("turns",), "real", {"to": TensorProto.DOUBLE}),
        ("Mul", ("real", "turn"), "angle", {}),
        (table.wave, ("angle",), "wave", {}),
        ("Mul", ("wave", "scale"), "scaled", {}),
        ("Cast", ("scaled",), "", {"to": TensorProto.FLOAT}),
    ]
    own = {**{each: f"{name}.{each}" for each in given}, "": name}
    constants = [numpy_helper.from_array(np.asarray(v), own[k]) for k, v in given.items()]
    nodes = []
    for number, (op, inputs, output, attributes) in enumerate(steps):
        put = own.setdefault(output, f"{name}.{output}")
        read = [own[each] for each in inputs]
        nodes.append(helper.make_node(op, read, [put], f"{name}.step{number}", **attributes))
    return constants, nodes
