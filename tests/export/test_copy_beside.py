"""The ONNX copy of a model: made beside it, used where it is valid, passed over where it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.bench.first_answer import ONNX, TORCH, compare_processes
from ser_core.core import REPOSITORY, ModelError, ParameterError, demo_corpus
from ser_core.export import copy_beside as making
from ser_core.export.copy_beside import copy_beside
from ser_core.export.onnx_writer import write
from ser_core.export.plan import Plan
from ser_core.inference.classify import is_warm, open_answering, open_model, warm
from ser_core.inference.onnx_copy import COPY, SWITCH, OnnxCopy, copy_of, source_hash
from ser_core.models import onnx_bytes
from ser_core.models.ensemble import Ensemble, load_ensemble
from ser_core.models.onnx import content_of, read
from ser_core.models.onnx_metadata import GATES, LONGEST
from ser_core.models.pooling import Pool
from tests.export.nets import CLASSES, METRICS, bundle


@pytest.fixture(scope="module")
def traced():
    """Graphs that were traced, with their descriptions."""
    return []


@pytest.fixture(scope="module")
def made(traced, tmp_path_factory):
    """An ensemble of two networks, with its copy, and what was tried."""
    models = (bundle(), bundle(normalise="corpus", seed=1))
    places = [f"members/{number}/one" for number in range(2)]
    about = {
        "name": "both",
        "classes": list(CLASSES),
        "pooling": "linear",
        "weights": [0.6, 0.4],
        "temperature": 1.3,
        "threshold": 0.35,
        "metrics": METRICS,
        "split": {"policy": "random", "seed": 0, "fold": "split", "hash": "0" * 16},
        "results": {"rejection": {"coverage": 0.75}},
        "members": [{"bundles": [place], "name": place, "enrols": number == 0,
                     "representation": "", "deployed": None}
                    for number, place in enumerate(places)],
        "enrolled": {"pooling": "linear", "weights": [0.5, 0.5], "temperature": 0.9,
                     "threshold": 0.45, "results": {}},
    }  # fmt: skip
    pool = Pool("linear", (0.6, 0.4), 1.3)
    known = Pool("linear", (0.5, 0.5), 0.9)
    ensemble = Ensemble(tuple((m,) for m in models), pool, about, pool_enrolled=known)
    folder = tmp_path_factory.mktemp("beside") / "model"
    for each, place in zip(models, places, strict=True):
        each.save(folder / place)
    content = {"version": 1, **about}
    (folder / "ensemble.json").write_text(json.dumps(content), encoding="utf-8")
    assert load_ensemble(folder).classes == ensemble.classes
    plan = Plan(folder, folder, ("fp16", "int8", "fp32"), corpus=demo_corpus(), clips=12,
                calibrating=6, beside=True)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ensemble, "card", "# A card")
        tracing = making.trace

        def trace(*given, **named):
            traced.append(tracing(*given, **named))
            return traced[-1]

        patch.setattr(making, "trace", trace)
        return folder, copy_beside(plan)


@pytest.fixture
def own(made, tmp_path):
    """The model in a folder of this test's own, to be changed."""
    return shutil.copytree(made[0], tmp_path / "own")


def test_the_smallest_precision_that_passes_is_taken(made):
    folder, result = made
    assert next(each.precision for each in result.tried) == "int8"
    assert [each.problem for each in result.tried][-1] == ""
    assert all(each.problem for each in result.tried[:-1])
    spec = read(folder / COPY)
    assert (spec.precision, spec.status) == (result.tried[-1].precision, "verified")
    assert result.copy.bytes == (folder / COPY).stat().st_size
    assert [path.name for path in folder.iterdir() if path.suffix == ".onnx"] == [COPY]


def test_the_copy_answers_as_the_model_within_its_gate(made, sounds):
    folder, _ = made
    fast, model = open_answering(folder), open_model(folder)
    assert isinstance(fast.predictor, OnnxCopy)
    limits = GATES[fast.predictor.spec.precision]
    own, theirs = fast.probabilities(sounds), model.probabilities(sounds)
    assert np.abs(own - theirs).max() <= limits.probability
    assert (own.argmax(1) == theirs.argmax(1)).mean() >= limits.agreement
    assert np.ptp(theirs, axis=0).max() > 0.2  # predictions differ from clip to clip
    enrolled = fast.predictor.enrol(sounds[:4]), model.predictor.enrol(sounds[:4])
    own, theirs = fast.probabilities(sounds, enrolled[0]), model.probabilities(sounds, enrolled[1])
    assert np.abs(own - theirs).max() <= limits.probability


def test_it_is_read_and_named_as_the_model(made):
    folder, _ = made
    fast, model = open_answering(folder), open_model(folder)
    assert fast.name == model.name == "both, fold split, seed 0"
    assert fast.classes == model.classes
    assert fast.predictor.sample_rate == model.predictor.sample_rate
    assert fast.predictor.about == model.predictor.about | {"version": 1}
    for speaker in (None, fast.predictor.enrol([_noise(1.0)])):
        own, theirs = fast.reading(speaker), model.reading(speaker)
        assert (own.temperature, own.threshold, own.coverage) == (
            1.0, theirs.threshold, theirs.coverage,
        )  # fmt: skip
        assert own.source.startswith(theirs.source)
        assert "ONNX copy" in own.source
    assert fast.confidence.coverage == 0.75


def _noise(seconds):
    draw = np.random.default_rng(0)
    return Waveform(draw.normal(0, 0.1, round(16_000 * seconds)).astype(np.float32))


def changed_weights(folder):
    path = folder / "members" / "1" / "one" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def changed_threshold(folder):
    path = folder / "ensemble.json"
    path.write_text(path.read_text().replace('"threshold": 0.35', '"threshold": 0.36'))


def cut_short(folder):
    path = folder / COPY
    path.write_bytes(path.read_bytes()[:-100])


def emptied(folder):
    (folder / COPY).write_bytes(b"")


def _sealed_anew(folder, **spec):
    path = folder / COPY
    write(path, onnx_bytes.graph(content_of(path)), replace(read(path), **spec))


def not_verified(folder):
    _sealed_anew(folder, verification={})


def an_export_of_other_use(folder):
    about = {name: value for name, value in read(folder / COPY).about.items() if name != "copy_of"}
    _sealed_anew(folder, about=about)


@pytest.mark.parametrize(
    "spoil",
    [changed_weights, changed_threshold, cut_short, emptied, not_verified, an_export_of_other_use],
)
def test_what_may_not_answer_for_the_model_is_passed_over(own, spoil, caplog):
    assert copy_of(own) is not None
    spoil(own)
    assert copy_of(own) is None
    assert "is passed over" in caplog.text
    assert not isinstance(open_answering(own).predictor, OnnxCopy)


def test_a_card_or_a_table_may_change(own):
    (own / "README.md").write_text("another card")
    assert copy_of(own) is not None


def test_members_are_looked_for_inside_the_folder_only(own):
    path = own / "ensemble.json"
    path.write_text(path.read_text().replace("members/1/one", "../other/one"))
    with pytest.raises(ValueError, match="no place of a member"):
        source_hash(own)
    assert copy_of(own) is None


def test_the_switch_leaves_copies_out(own, monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    assert copy_of(own) is None


def test_both_ways_are_kept_warm_beside_each_other(own):
    fast, model = warm(own, 1.0, answering=True), warm(own, 1.0)
    assert isinstance(fast.predictor, OnnxCopy)
    assert not isinstance(model.predictor, OnnxCopy)
    assert is_warm(own, 1.0, answering=True)
    (own / COPY).unlink()
    assert warm(own, 1.0, answering=True) is model


def test_a_sound_that_is_too_long_for_the_graph_is_answered_by_the_model(own, sounds):
    spec = read(own / COPY)
    bounded = tuple({**each, LONGEST: 1.0} for each in spec.representations)
    _sealed_anew(own, representations=bounded)
    fast, model = open_answering(own), open_model(own)
    short, long = Waveform(sounds[0].samples[:9_000]), sounds[1]
    own_rows, theirs = fast.probabilities([short, long]), model.probabilities([short, long])
    np.testing.assert_allclose(own_rows[1], theirs[1], atol=1e-6)
    assert np.abs(own_rows[0] - theirs[0]).max() > 1e-7  # int8 or half precision is not the same


FRESH = """
import sys
from pathlib import Path
from ser_core.inference.classify import Recording, classify, open_answering
model = open_answering(Path(sys.argv[1]))
clips = [Recording(path.name, path) for path in sorted(Path(sys.argv[2]).glob("*.flac"))[:4]]
table = classify(model, clips, model.enrol_speaker(clips))
assert not table["problem"].any() and table["answer"].all()
heavy = {"torch", "librosa", "mlflow", "sklearn", "transformers"} & {*sys.modules}
print(sorted(heavy))
"""


def test_a_fresh_process_answers_without_torch(made):
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(made[0]), str(demo_corpus() / "samples")],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


VISIT = """
import sys
from pathlib import Path
from ser_core.inference import catalogue
catalogue.bundled_folder = lambda: Path(sys.argv[1])
from streamlit.testing.v1 import AppTest

def answered(app):
    assert not app.exception and not app.error, (app.exception, app.error)
    said = " ".join(str(each.value) for each in app.markdown)
    assert "Confidence" in said or "most probable class" in said, said
    assert any("ONNX copy" in str(each.value) for each in app.caption)
    assert "torch" not in sys.modules, "torch was loaded"
    return said

app = AppTest.from_file(str(Path("app.py").absolute()), default_timeout=120).run()
app.switch_page("pages/predict/page.py").run()
answered(app)
app = AppTest.from_file(str(Path("app.py").absolute()), default_timeout=120)
app.query_params["source"] = "Upload"
app.run()
app.switch_page("pages/predict/page.py")
app.query_params["source"] = "Upload"
app.run()
clip = next(Path(sys.argv[2]).glob("*.flac"))
field = next(each for each in app.file_uploader if each.label == "Sound file")
field.set_value((clip.name, clip.read_bytes(), "audio/flac")).run()
answered(app)
next(each for each in app.button if "from the corpus" in each.label).click().run()
assert "Speaker enrolled" in answered(app)
"""


def test_the_page_answers_and_enrols_without_torch(made, tmp_path, monkeypatch):
    monkeypatch.setenv("SER_WARM_UP", "0")
    monkeypatch.setenv("SER_HOME", str(tmp_path))
    monkeypatch.delenv("SER_CORPUS", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(made[0]), str(demo_corpus() / "samples")],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_nothing_is_written_where_no_precision_passes(own, traced, monkeypatch):
    before = (own / COPY).read_bytes()

    def refused(*given, **named):
        return replace(found(*given, **named), agreement=0.5)

    monkeypatch.setattr(Ensemble, "card", "# A card")
    found = making.gates.accept
    monkeypatch.setattr(making.gates, "accept", refused)
    monkeypatch.setattr(making, "trace", lambda *_given, **_named: traced[0])
    plan = Plan(own, own, ("int8", "fp32"), corpus=demo_corpus(), clips=2, calibrating=2,
                beside=True)  # fmt: skip
    with pytest.raises(ModelError, match="agree, fewer than"):
        copy_beside(plan)
    assert (own / COPY).read_bytes() == before


def test_a_copy_is_verified_and_whole():
    plan = Plan(REPOSITORY, REPOSITORY, clips=0, beside=True)
    for each in (plan, replace(plan, clips=3, whole=False)):
        with pytest.raises(ParameterError, match="holds all of it and is verified"):
            copy_beside(each)


def test_the_times_of_both_ways_are_of_both_ways(made, demo_clip):
    """`compare_processes` itself refuses a process that went the other way."""
    found = compare_processes(made[0], demo_clip, rounds=1)
    for way in (ONNX, TORCH):
        (times,) = found.times[way]
        assert times["total"] > times["import"] + times["open"] + times["answer"] > 0
    assert found.ratio == found.times[TORCH][0]["total"] / found.times[ONNX][0]["total"]
