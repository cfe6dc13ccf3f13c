"""The zip runs by itself, and the file gives the same in another language."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.export.package import example, package, report
from ser_core.export.parity import verify, write_verdict
from ser_core.models.onnx import UNCHECKED, open_onnx, read

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


def asked(folder, *given):
    return subprocess.run(
        [sys.executable, "example.py", *given],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "channels"),
    [("PCM_U8", 1), ("PCM_16", 2), ("PCM_24", 1), ("PCM_24", 2), ("PCM_32", 1), ("FLOAT", 3),
     ("DOUBLE", 1)],
)  # fmt: skip
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_the_example_reads_every_plain_kind_of_wav(
    unzipped, model, demo_waveform, form, channels, container
):
    """As soundfile, which the app decodes with, reads it."""
    path = unzipped / "sound.wav"
    parts = demo_waveform.samples[:, None] * np.linspace(1, 0.2, channels)
    soundfile.write(path, parts, demo_waveform.sample_rate, form, format=container)
    told = asked(unzipped, "sound.wav")
    assert told.returncode == 0, told.stderr
    (expected,) = model.predict([audio.load(path)])
    given = [float(line.split()[1]) for line in told.stdout.splitlines()]
    assert np.abs(np.array(given) - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("limit", "why"), [(1.0, "no emotion reaches 1.00"), (0.0, ""), (None, "Uncertain.")]
)
def test_the_example_says_when_the_prediction_is_uncertain(edited, model, tmp_path, limit, why):
    path = edited(stranger=replace(model.spec.stranger, threshold=limit, doubt=""))
    (tmp_path / "example.py").write_text(example(path.name))
    soundfile.write(tmp_path / "sound.wav", np.full(16_000, 0.1), 16_000)
    told = asked(tmp_path, "sound.wav")
    assert told.returncode == 0
    assert told.stdout.count("\n") == len(model.classes)
    assert why in told.stderr
    assert ("Uncertain" in told.stderr) is bool(why)


@pytest.mark.parametrize("given", [[], ["nothing.wav"], ["README.md"], ["flac.wav"], ["law.wav"]])
def test_the_example_says_what_it_reads(unzipped, demo_clip, demo_waveform, given):
    shutil.copy(demo_clip, unzipped / "flac.wav")
    soundfile.write(unzipped / "law.wav", demo_waveform.samples, 16_000, "ULAW")
    told = asked(unzipped, *given)
    assert told.returncode == 1
    assert told.stderr == (
        "Give a WAV file of whole numbers of 8, 16, 24 or 32 bits, or of floating point.\n"
    )
    readme = (unzipped / "README.md").read_text()
    assert "`python example.py SOUND.wav`" in readme
    assert UNCHECKED in readme  # the example does not say what is unlike the training


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [(np.zeros(400), 44_100, "is at 44100 Hz, and the model wants 16000 Hz"),
     (np.zeros(0), 16_000, "no sound in the file"),
     (np.full(400, np.nan), 16_000, "what is no number")],
)  # fmt: skip
def test_the_example_says_what_is_wrong_with_a_sound(unzipped, samples, rate, reason):
    soundfile.write(unzipped / "sound.wav", samples, rate, "FLOAT")
    told = asked(unzipped, "sound.wav")
    assert told.returncode == 1
    assert reason in told.stderr
    assert told.stderr.count("\n") == 1


def test_the_example_passes_over_other_parts_and_a_cut_end(unzipped, demo_waveform):
    """A recorder writes notes before the sound, and a length it does not know yet."""
    plain = audio.to_wav(demo_waveform)
    (unzipped / "a.wav").write_bytes(plain)
    noted = plain[:12] + b"LIST\x03\x00\x00\x00abc\x00" + plain[12:]
    at = noted.index(b"data") + 4
    (unzipped / "b.wav").write_bytes(noted[:at] + b"\xff" * 4 + noted[at + 4 :] + b"\x00")
    assert asked(unzipped, "b.wav").stdout == asked(unzipped, "a.wav").stdout != ""


def test_the_zip_holds_all_of_it(unzipped, exported):
    names = {"README.md", "example.py", "model.onnx", "report.json", "report.md"}
    assert {path.name for path in unzipped.iterdir()} - {"ser-home"} == names
    assert read(unzipped / "model.onnx") == exported.spec
    assert "CC BY-NC-SA 4.0" in (unzipped / "README.md").read_text()
    lines = example("model.onnx").splitlines()
    assert len(list(filter(None, lines))) <= 43
    assert max(map(len, lines)) <= 100


def test_the_report_tells_what_the_acceptance_test_found(edited, app, clips):
    path = edited()
    assert "not run yet" in report(read(path))
    write_verdict(path, verify(open_onnx(path), app, clips[:4], description="four clips"))
    told = report(read(path))
    assert "four clips" in told
    assert "| Equal predictions | 1 | at least 0.998 |" in told


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
