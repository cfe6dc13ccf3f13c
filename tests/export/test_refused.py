"""Files that are not opened, and why."""

from __future__ import annotations

import errno

import numpy as np
import onnx
import pytest

from ser_core.core import ModelError, SerError
from ser_core.export.onnx_writer import write
from ser_core.export.pipeline import run_pipeline
from ser_core.export.plan import Plan
from ser_core.models import onnx as opening
from ser_core.models import onnx_bytes
from ser_core.models.onnx import content_of, open_onnx, read
from ser_core.models.onnx_metadata import Reading
from ser_core.models.predictor import load
from ser_core.storage import atomic


def foreign(path, external=False):
    """A graph of another maker that adds one."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    one = onnx.numpy_helper.from_array(np.ones(1, np.float32), "one")
    if external:
        onnx.external_data_helper.set_external_data(one, "../../secret")
        one.ClearField("raw_data")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["y"])], "g",
        [helper.make_tensor_value_info("x", kind, [1])],
        [helper.make_tensor_value_info("y", kind, [1])], [one],
    )  # fmt: skip
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def test_what_is_no_onnx_file(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="is empty"):
        open_onnx(path)
    for content in (
        b"hello there, this is text",
        b"\x00" * 64,
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"a\.onnx.*(no ONNX|another maker)"):
            open_onnx(path)
    with pytest.raises(ModelError, match="cannot be read"):
        open_onnx(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path.rename(tmp_path.with_suffix(".onnx")))


def test_an_operator_that_no_export_has_is_refused(exported, edited):
    """Sealed as if it had been exported so: the seal says nothing of who made a file."""

    def loop(graph):
        graph.node[0].op_type = "Loop"

    with pytest.raises(ModelError, match="uses the operator 'Loop'"):
        open_onnx(edited(loop))
    with pytest.raises(ModelError, match="uses the operator 'Loop'"):
        read(edited(loop))


def test_a_file_that_gives_nan_gives_no_answer(exported, edited, sounds):
    def spoil(graph):
        (last,) = (node for node in graph.node if "probabilities" in node.output)
        last.output[0] = "before"
        nan = onnx.numpy_helper.from_array(np.float32([np.nan]), "nan")
        graph.initializer.append(nan)
        graph.node.append(onnx.helper.make_node("Mul", ["before", "nan"], ["probabilities"]))

    opened = open_onnx(edited(spoil), threads=1)
    with pytest.raises(ModelError, match="gives no answer: its probabilities are not finite"):
        opened.predict(sounds[:2])


def test_a_file_that_was_cut_short(exported, tmp_path):
    content = exported.path.read_bytes()
    path = tmp_path / "cut.onnx"
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ModelError, match=r"cut short|lacks|another maker"):
            open_onnx(path)


def test_a_file_of_another_maker_and_one_that_points_outside(tmp_path):
    with pytest.raises(ModelError, match="another maker"):
        open_onnx(foreign(tmp_path / "foreign.onnx"))
    with pytest.raises(ModelError, match="another file"):
        open_onnx(foreign(tmp_path / "outside.onnx", external=True))


def test_a_file_that_is_too_large(exported, monkeypatch):
    monkeypatch.setattr(opening, "LARGEST", 1_000)
    with pytest.raises(ModelError, match="up to 1,000 are read"):
        open_onnx(exported.path)


def test_metadata_that_lacks_something_or_was_changed(exported, tmp_path):
    content, path = exported.path.read_bytes(), tmp_path / "changed.onnx"
    entries = onnx_bytes.metadata(content)
    without = {name: text for name, text in entries.items() if name != "ser.classes"}
    path.write_bytes(onnx_bytes.with_metadata(content, without))
    with pytest.raises(ModelError, match="lacks classes"):
        open_onnx(path)
    changed = {**entries, "ser.licence": '"public domain"'}
    path.write_bytes(onnx_bytes.with_metadata(content, changed))
    with pytest.raises(ModelError, match="changed after"):
        open_onnx(path)
    path.write_bytes(onnx_bytes.with_metadata(content, {**entries, "ser.classes": "[["}))
    with pytest.raises(ModelError, match="cannot be read"):
        open_onnx(path)


def test_weights_that_were_changed(exported, tmp_path):
    graph = onnx.load(exported.path)
    (tensor, *_) = (t for t in graph.graph.initializer if len(t.dims) == 4)
    tensor.raw_data = bytes(reversed(tensor.raw_data))
    path = tmp_path / "changed.onnx"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match="damaged"):
        open_onnx(path)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"sample_rate": 8_000}, "8000 Hz.*16000 Hz"),
        ({"classes": ("anger", "fear")}, "6 classes, and names 2"),
        ({"classes": ("anger", "anger")}, "not all different"),
        ({"classes": ("anger", "fear", "sadness", "neutral", "calm", "<b>")}, "no class can have"),
        ({"split": {}}, "no split"),
        ({"precision": "fp7"}, "fp7"),
        ({"stranger": Reading(0.0, None, "")}, "out of bounds"),
        ({"stranger": Reading(1.0, 1.5, "")}, "out of bounds"),
        ({"inputs": ()}, "no input"),
    ],
)
def test_specs_that_contradict(edited, spec, reason):
    with pytest.raises(ModelError, match=reason):
        open_onnx(edited(**spec))


def test_parameters_of_another_representation(edited, exported):
    (described,) = exported.spec.representations
    other = {**described, "parameters": {**described["parameters"], "n_mels": 17}}
    with pytest.raises(ModelError, match="not those of its hash"):
        open_onnx(edited(representations=(other,)))


def test_a_full_disk_leaves_the_old_file(exported, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(exported.path.read_bytes())

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(SerError, match="No space left"):
        write(path, onnx_bytes.graph(content_of(exported.path)), exported.spec)
    monkeypatch.undo()
    assert path.read_bytes() == exported.path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


def test_a_folder_that_is_a_file_is_reported_before_anything_is_made(kept, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SerError, match=r"taken.*cannot be a folder"):
        run_pipeline(Plan(kept, tmp_path / "taken"))
    with pytest.raises(SerError, match="cannot be written"):
        atomic.write(tmp_path / "taken" / "model.onnx", b"")


def test_a_file_that_failed_its_acceptance_test_says_so_wherever_it_answers(edited):
    found = load(edited(verification={"passed": False, "said": "It does not."}))
    assert "failed its acceptance test" in found.about["confidence"]["source"]


def test_metadata_is_replaced_without_touching_the_graph(exported):
    content = exported.path.read_bytes()
    other = onnx_bytes.with_metadata(content, {"a": "ä", "long": "x" * 1000})
    assert onnx_bytes.metadata(other) == {"a": "ä", "long": "x" * 1000}
    assert onnx_bytes.digest(other) == onnx_bytes.digest(content)
    theirs = onnx.ModelProto.FromString(other)
    assert {each.key: each.value for each in theirs.metadata_props} == onnx_bytes.metadata(other)
    assert read(exported.path) == exported.spec
