"""The zip runs by itself, and the file gives the same in another language."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ser_core import audio
from ser_core.export.model import open_onnx, read
from ser_core.export.package import example, package, report
from ser_core.export.speed import measure, of_length
from ser_core.export.verification import mark, verify

JAVASCRIPT = """
const ort = require('onnxruntime-node');
const fs = require('fs');
(async () => {
  const model = await ort.InferenceSession.create(process.argv[2]);
  const bytes = fs.readFileSync(process.argv[3]);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const waveform = new ort.Tensor('float32', samples, [1, samples.length]);
  const found = await model.run({ waveform }, ['probabilities']);
  console.log(JSON.stringify(Array.from(found.probabilities.data)));
})();
"""


@pytest.fixture
def unzipped(exported, tmp_path):
    with zipfile.ZipFile(io.BytesIO(package(exported.path))) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_the_example_runs_with_onnxruntime_and_numpy_alone(unzipped, model, demo_waveform):
    """No module of the workbench, and none of what it needs beside the two, may be imported."""
    (unzipped / "sound.wav").write_bytes(audio.to_wav(demo_waveform))
    barred = "import sys; sys.modules.update(dict.fromkeys(('torch', 'onnx', 'ser_core', 'scipy')))"
    run = f"{barred}; sys.argv = ['example.py', 'sound.wav']; __file__ = 'example.py'"
    run += "; exec(open('example.py').read())"
    told = subprocess.run(
        [sys.executable, "-c", run], cwd=unzipped, capture_output=True, text=True, check=True
    )
    rows = dict(line.split() for line in told.stdout.splitlines())
    (expected,) = model.predict([demo_waveform])
    assert list(rows) == list(model.classes)
    assert np.abs(np.array(list(rows.values()), float) - expected).max() < 1e-5


def test_the_zip_holds_all_of_it(unzipped, exported):
    names = {"README.md", "example.py", "model.onnx", "report.json", "report.md"}
    assert {path.name for path in unzipped.iterdir()} - {"ser-home"} == names
    assert read(unzipped / "model.onnx") == exported.spec
    assert "CC BY-NC-SA 4.0" in (unzipped / "README.md").read_text()
    assert len(example("model.onnx").splitlines()) <= 32


def test_the_report_tells_what_the_gate_found(edited, app, clips):
    path = edited()
    assert "Nobody" in report(read(path))
    mark(path, verify(open_onnx(path), app, clips[:4], description="four clips"))
    told = report(read(path))
    assert "four clips" in told
    assert "| Equal answers | 1 | at least 0.998 |" in told


def test_speed_is_measured_by_turns(exported, app, sounds):
    found = measure([exported.path], of_length(sounds[0], 0.5), model=app.predictor,
                    threads=(1,), rounds=3)  # fmt: skip
    assert [each.name for each in found] == ["model.onnx", "torch"]
    assert all(0 < each.p50 <= each.p95 for each in found)
    assert found[0].bytes == exported.bytes
    assert found[0].real_time == pytest.approx(found[0].p50 / 500)


def test_javascript_gives_the_same(exported, model, demo_waveform, tmp_path):
    """Set SER_NODE_MODULES to a folder with onnxruntime-node, or install it globally."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node here")
    places = [os.environ.get("SER_NODE_MODULES", ""), _global_modules()]
    there = [each for each in places if each and (Path(each) / "onnxruntime-node").is_dir()]
    if not there:
        pytest.skip(
            "Node has no onnxruntime-node: npm install -g onnxruntime-node --ignore-scripts"
        )
    (tmp_path / "run.js").write_text(JAVASCRIPT)
    (tmp_path / "sound.f32").write_bytes(demo_waveform.samples.astype("<f4").tobytes())
    told = subprocess.run(
        [node, "run.js", str(exported.path), "sound.f32"], cwd=tmp_path,
        env={**os.environ, "NODE_PATH": there[0]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (expected,) = model.predict([demo_waveform])
    assert np.abs(np.array(json.loads(told.stdout)) - expected).max() < 1e-4


def _global_modules():
    npm = shutil.which("npm")
    if npm is None:
        return ""
    told = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False)
    return told.stdout.strip()
