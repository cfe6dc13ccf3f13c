"""What lies in the folder of a web page, and what has none."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from ser_core import cli
from ser_core.core import REPOSITORY, ModelError, ParameterError
from ser_core.export.onnx_writer import write
from ser_core.export.web_page import (
    obstacle,
    runtime,
    served_page,
    write_web_page,
    zipped_page,
)
from ser_core.export.web_page.served import KEPT
from ser_core.export.web_page.vendor import vendor
from ser_core.models import onnx_bytes
from ser_core.models.onnx import UNCHECKED, content_of, read
from ser_core.models.onnx_metadata import FEATURES, Input


def gray(_emotion):
    return "#777777"


def test_a_folder_holds_all_that_the_page_needs(exported, tmp_path):
    page = write_web_page(exported.path, tmp_path / "new" / "page", gray)
    names = {each.relative_to(page.parent).as_posix() for each in page.parent.rglob("*.*")}
    assert names == {
        "index.html", "style.css", "page.js", "sound.js", "worker.js", "recorder.js", "model.json",
        "model.onnx", "README.txt", "onnxruntime-web/ort.js", "onnxruntime-web/ort.wasm",
        "licences/onnxruntime-web.txt", "licences/onnxruntime-web-third-party.txt",
    }  # fmt: skip
    assert "MIT License" in (page.parent / "licences" / "onnxruntime-web.txt").read_text()
    assert (page.parent / "model.onnx").read_bytes() == exported.path.read_bytes()
    archive = zipfile.ZipFile(io.BytesIO(zipped_page(exported.path, gray)))
    assert set(archive.namelist()) == names


def test_the_workbench_makes_a_page_once_a_model_and_keeps_the_last(exported, tmp_path):
    place = tmp_path / "pages"
    first = served_page(exported.path, place, gray)
    made = (first / "model.onnx").stat().st_mtime_ns
    assert served_page(exported.path, place, gray) == first
    assert (first / "model.onnx").stat().st_mtime_ns == made
    for number in range(KEPT):
        (place / f"older {number}").mkdir()
        os.utime(place / f"older {number}", (number, number))
    other = tmp_path / "other.onnx"
    spec = replace(read(exported.path), name="another")
    write(other, onnx_bytes.graph(content_of(exported.path)), spec)
    second = served_page(other, place, gray)
    assert second != first
    kept = {each.name for each in place.iterdir()}
    assert kept == {first.name, second.name, f"older {KEPT - 1}", f"older {KEPT - 2}"}


def test_the_page_knows_the_rules_of_the_app(exported, tmp_path):
    folder = write_web_page(exported.path, tmp_path / "page", gray).parent
    about, spec = json.loads((folder / "model.json").read_text()), read(exported.path)
    assert [each["name"] for each in about["classes"]] == list(spec.classes)
    assert about["threshold"] == spec.stranger.threshold == 0.4
    assert about["sample_rate"] == 16_000
    assert "UAR 0.500 (95 %: 0.400 to 0.600), leak grade E: speakers shared." in about["tested"]


def test_the_page_says_that_it_does_not_check_for_sound_unlike_the_training(exported, tmp_path):
    folder = write_web_page(exported.path, tmp_path / "page", gray).parent
    shown = " ".join((folder / "index.html").read_text().split())
    assert "whether a sound is unlike the clips that the model was trained on" in shown
    assert UNCHECKED in json.loads((folder / "model.json").read_text())["card"]


def test_its_own_files_name_no_address_elsewhere():
    sources = [path for path in (runtime.FOLDER.parent / "assets").iterdir() if path.is_file()]
    assert len(sources) == 6
    found = [
        url
        for path in sources
        for url in re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s'\",;<]*", path.read_text())
    ]
    assert set(found) <= {"http://127.0.0.1", "http://127.0.0.1:8000", "http://www.w3.org/2000/svg"}


def test_the_runtime_is_the_one_of_the_package():
    """`runtime` compares the digests; another file is refused."""
    found = runtime.runtime()
    assert found["onnxruntime-web/ort.wasm"].startswith(b"\0asm")
    assert f"v{runtime.VERSION}".encode() in found["onnxruntime-web/ort.js"][:200]


def test_the_makefile_fetches_the_version_that_is_checked():
    text = (REPOSITORY / "Makefile").read_text()
    found = set(re.findall(rf"{runtime.PACKAGE}[@-]([\d.]+\d)", text))
    assert found == {runtime.VERSION}


def test_a_damaged_runtime_is_refused(tmp_path, monkeypatch):
    for path in runtime.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "ort.js.xz").write_bytes(b"damaged")
    monkeypatch.setattr(runtime, "FOLDER", tmp_path)
    with pytest.raises(ModelError, match=r"ort.js: is not the onnxruntime-web"):
        runtime.runtime()


def test_another_package_is_not_vendored(tmp_path):
    (tmp_path / "other.tgz").write_bytes(b"other")
    with pytest.raises(ModelError, match="as the npm registry has it"):
        vendor(tmp_path / "other.tgz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_no_browser_can_compute_has_no_page(exported):
    spec = read(exported.path)
    assert obstacle(spec) == ""
    outside = replace(spec, inputs=(Input("picture", FEATURES, 0),))
    assert "takes melspectrogram instead of the sound" in obstacle(outside)
    failed = replace(spec, verification={"passed": False})
    assert "failed its acceptance test" in obstacle(failed)


def test_a_network_alone_is_refused(app, kept, tmp_path):
    from ser_core.export.onnx_writer import export

    made = export(app.predictor, tmp_path, whole=False, source=kept)
    with pytest.raises(ModelError, match="instead of the sound"):
        write_web_page(made.path, tmp_path / "page", gray)
    assert not (tmp_path / "page").exists()


def test_a_folder_of_the_users_is_not_replaced(exported, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("kept")
    with pytest.raises(ParameterError, match="holds something else"):
        write_web_page(exported.path, tmp_path / "letters", gray)
    assert (tmp_path / "letters" / "dear.txt").read_text() == "kept"
    page = write_web_page(exported.path, tmp_path / "page", gray)
    (page.parent / "old.js").touch()
    write_web_page(exported.path, tmp_path / "page", gray)
    assert not (page.parent / "old.js").exists()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_command_makes_a_page_of_a_model_and_of_a_file(kept, exported, tmp_path, ser_home):
    def run(*words):
        return CliRunner().invoke(cli.app, ["export", *map(str, words)])

    done = run("--model", kept, "--web", tmp_path / "a", "--clips", 4, "--precision", "fp16")
    assert done.exit_code == 0, done.output
    assert "http.server" in done.output
    assert json.loads((tmp_path / "a" / "model.json").read_text())["facts"].count("fp16") == 1
    done = run("--model", exported.path, "--web", tmp_path / "b")
    assert done.exit_code == 0, done.output
    assert digest(tmp_path / "b" / "model.onnx") == digest(exported.path)
    for wrong in (["--beside"], ["--network-only"], ["--precision", "fp32", "--precision", "w8"]):
        refused = run("--model", kept, "--web", tmp_path / "c", *wrong)
        assert "one file of a whole model" in str(refused.exception)
    assert not (tmp_path / "c").exists()
