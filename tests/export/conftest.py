"""Files that are exported once for all tests: tracing a graph takes seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from ser_core.audio import load
from ser_core.core import demo_corpus
from ser_core.export.onnx_writer import converted, export, file_name, write
from ser_core.export.parity import Clip
from ser_core.inference.classify import open_model
from ser_core.models import onnx_bytes
from ser_core.models.onnx import content_of, open_onnx, read
from tests.export.nets import bundle
from tests.threads import one_thread  # noqa: F401  (for every test here)


@pytest.fixture(scope="session")
def sounds():
    """The bundled clips."""
    return [load(path) for path in sorted((demo_corpus() / "samples").glob("*.flac"))]


@pytest.fixture(scope="session")
def clips(sounds):
    return [Clip(f"clip {number}", sound) for number, sound in enumerate(sounds)]


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """A bundle that normalises by speaker, on disk."""
    return bundle().save(tmp_path_factory.mktemp("exported") / "bundle")


@pytest.fixture(scope="session")
def app(kept):
    """The app's own path to its answers."""
    return open_model(kept)


@pytest.fixture(scope="session")
def exported(app, kept):
    return export(app.predictor, kept.parent, source=kept)


@pytest.fixture(scope="session")
def model(exported):
    return open_onnx(exported.path, threads=1)


@pytest.fixture(scope="session")
def in_precision(exported, sounds):
    """The same graph in other precisions, by name."""
    found = {"fp32": exported.path}
    for precision in ("fp16", "w8", "int8"):
        graph, spec = converted(
            onnx.load(exported.path), exported.spec, precision, sounds[:32], "bundled clips"
        )
        path = exported.path.with_name(file_name(precision))
        write(path, graph.SerializeToString(), spec)
        found[precision] = path
    return found


@pytest.fixture
def edited(exported, tmp_path):
    """A copy with another spec or graph that is sealed as if it had been exported so."""

    def edit(change=None, source=exported.path, **spec) -> Path:
        content = onnx_bytes.graph(content_of(source))
        if change is not None:
            graph = onnx.ModelProto.FromString(content)
            change(graph.graph)
            content = graph.SerializeToString()
        path = tmp_path / "edited.onnx"
        write(path, content, replace(read(source), **spec))
        return path

    return edit
