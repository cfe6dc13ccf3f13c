"""The bytes of an ONNX file, read without the onnx package and before any runtime sees them.

An ONNX file is one protocol buffer message. Only its outermost fields matter here: the metadata,
which can be read and replaced without touching the graph, and whether a tensor wants to be read
from another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

METADATA = 14
"""Number of the field of the model that holds its metadata."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_DEEPEST = 16

# Which fields of a message hold which other messages, as far as tensors can be in them.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
}  # fmt: skip
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OPERATOR, _DOMAIN = 4, 7
_HOLDERS = ("graph", "training", "function", "node", "attribute")
"""Messages that may hold a node."""


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: That the schema gives it.
        start: Where it begins, in bytes.
        stop: Where it ends.
        value: Content of a field of bytes; empty for others.
        integer: Value of an integer field; 0 for others.
    """

    number: int
    start: int
    stop: int
    value: memoryview
    integer: int


def fields(message: memoryview) -> Iterator[Field]:
    """Fields of a message, in order.

    Raises:
        ValueError: If it ends too early or is no message.
    """
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        integer, size = 0, {_EIGHT: 8, _FOUR: 4}.get(kind, 0)
        if kind == _VARINT:
            integer, place = _varint(message, place)
        elif kind == _BYTES:
            size, place = _varint(message, place)
        elif not size:
            raise ValueError(f"a field of kind {kind}")
        if not number or place + size > len(message):
            raise ValueError("it ends in the middle of a field")
        value = message[place : place + size] if kind == _BYTES else message[:0]
        place += size
        yield Field(number, start, place, value, integer)


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while place < len(message) and shift < 64:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError("it ends in the middle of a number")


def metadata(model: bytes) -> dict[str, str]:
    """Metadata of a model, by name.

    Raises:
        ValueError: If the bytes are no message.
    """
    found = {}
    for field in fields(memoryview(model)):
        if field.number == METADATA:
            entry = {part.number: bytes(part.value).decode() for part in fields(field.value)}
            found[entry.get(1, "")] = entry.get(2, "")
    return found


def graph(model: bytes) -> bytes:
    """The model without its metadata."""
    view = memoryview(model)
    return b"".join(view[f.start : f.stop] for f in fields(view) if f.number != METADATA)


def with_metadata(model: bytes, entries: Mapping[str, str]) -> bytes:
    """The same model with this metadata and no other."""
    parts = [_bytes(1, name.encode()) + _bytes(2, text.encode()) for name, text in entries.items()]
    return graph(model) + b"".join(_bytes(METADATA, part) for part in parts)


def digest(model: bytes) -> str:
    """SHA-256 of all but the metadata."""
    view, found = memoryview(model), hashlib.sha256()
    for field in fields(view):
        if field.number != METADATA:
            found.update(view[field.start : field.stop])
    return found.hexdigest()


def _bytes(number: int, content: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def external(model: bytes) -> bool:
    """Whether a tensor of the model lies in another file.

    Raises:
        ValueError: If the bytes are no message, or graphs are nested too deep.
    """
    return _external(memoryview(model), "model", 0)


def operators(model: bytes) -> set[str]:
    """Operators of the model, those of graphs inside of others and of functions included.

    One outside of ONNX's own domain is named with it: "com.microsoft.Gelu".

    Raises:
        ValueError: If the bytes are no message, or graphs are nested too deep.
    """
    return set(_operators(memoryview(model), "model", 0))


def _operators(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise ValueError("its graphs are nested too deep")
    inside = _INSIDE.get(kind, {})
    name, domain = "", ""
    for field in fields(message):
        if kind == "node" and field.number == _OPERATOR:
            name = bytes(field.value).decode()
        elif kind == "node" and field.number == _DOMAIN:
            domain = bytes(field.value).decode()
        elif inside.get(field.number) in _HOLDERS:
            yield from _operators(field.value, inside[field.number], depth + 1)
    if kind == "node":
        yield name if domain in ("", "ai.onnx") else f"{domain}.{name}"


def _external(message: memoryview, kind: str, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("its graphs are nested too deep")
    inside = _INSIDE.get(kind, {})
    for field in fields(message):
        if kind == "tensor":
            outside = field.number == _DATA_LOCATION and field.integer == 1
            if outside or field.number == _EXTERNAL_DATA:
                return True
        elif field.number in inside and _external(field.value, inside[field.number], depth + 1):
            return True
    return False
