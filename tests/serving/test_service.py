"""The web service: right answers, together with others and alone; refusals with their status."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from ser_core.audio import Waveform, load, to_wav
from ser_core.core import ServiceError
from ser_core.features.representations import make
from ser_core.inference.classify import open_model
from ser_core.inference.timeline import Windows
from ser_core.inference.training_domain import fitted, measures
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.serving.batching import Batched
from ser_core.serving.guard import Limits, Rate
from ser_core.serving.service import application
from ser_core.serving.voices import Voices
from tests.explain.nets import bundle_of

CLASSES = ("anger", "sadness", "neutral")
TOKEN = "a token of the tests"  # noqa: S105


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny model that speakers can be enrolled in."""
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    spec = ResNetSpec(depth="resnet10", width=4, classes=3)
    network = EmotionClassifier(rep, "speaker", spec, CLASSES)
    torch.nn.init.normal_(network.network.fc.weight, std=0.05)
    folder = tmp_path_factory.mktemp("service") / "a model"
    return open_model(Bundle(network.eval(), architecture(network)).save(folder))


@pytest.fixture(scope="module")
def client(model):
    with TestClient(application(model), base_url="http://localhost") as asked:
        yield asked


def sent(content, name="audio"):
    return {"files": {name: ("clip.flac", content)}}


def test_a_file_and_the_same_in_base64_get_the_models_own_answer(client, model, demo_clip):
    content = demo_clip.read_bytes()
    expected = model.probabilities([load(demo_clip, sample_rate=model.predictor.sample_rate)])[0]
    upload = client.post("/predict", **sent(content))
    text = client.post("/predict", json={"audio": base64.b64encode(content).decode()})
    assert upload.status_code == text.status_code == 200, upload.text
    assert upload.json() == text.json()
    given = upload.json()
    shown = [given["probabilities"][name] for name in CLASSES]
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    assert given["answer"] == CLASSES[int(expected.argmax())]
    assert given["confidence"] == pytest.approx(expected.max())


def test_requests_at_once_each_get_their_own_answer(client, demo_clip):
    clips = sorted(demo_clip.parent.glob("*.flac"))[:6]
    alone = [client.post("/predict", **sent(clip.read_bytes())).json() for clip in clips]
    assert len({tuple(each["probabilities"].values()) for each in alone}) == len(clips)
    with ThreadPoolExecutor(12) as threads:
        asked = lambda clip: client.post("/predict", **sent(clip.read_bytes()))  # noqa: E731
        together = list(threads.map(asked, clips * 4))
    for number, each in enumerate(together):
        assert each.status_code == 200
        expected = alone[number % len(clips)]["probabilities"]
        assert each.json()["probabilities"] == pytest.approx(expected, abs=1e-5)


def test_a_timeline_has_the_librarys_windows(client, demo_clip):
    windows = client.post("/timeline?window=1&hop=0.5", **sent(demo_clip.read_bytes())).json()
    starts = [each["start"] for each in windows["windows"]]
    assert starts[:2] == [0.0, 0.5]
    assert starts == [
        pytest.approx(each, abs=1e-3)
        for each in Windows(window=1, hop=0.5).starts(load(demo_clip).duration)
    ]
    for each in windows["windows"]:
        assert each["problem"] or sum(each["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_answers_and_windows_say_whether_the_sound_is_unlike_the_training(client, model, demo_clip):
    clips = [load(clip) for clip in sorted(demo_clip.parent.glob("*.flac"))]
    speakers = [f"speaker {number % 3}" for number in range(len(clips))]
    domain = fitted(np.stack([measures(clip) for clip in clips]), speakers, "demo")
    tone = to_wav(Waveform(0.3 * np.sin(np.arange(4 * 16_000) * 0.3).astype(np.float32)))
    known = replace(model, domain=domain)
    with TestClient(application(known), base_url="http://localhost") as asked:
        for content, unlike in ((tone, True), (demo_clip.read_bytes(), False)):
            assert asked.post("/predict", **sent(content)).json()["unlike_training"] is unlike
            course = asked.post("/timeline?window=2&hop=1", **sent(content)).json()["windows"]
            assert course[0]["unlike_training"] is unlike
    plain = client.post("/timeline", **sent(tone)).json()["windows"]
    assert plain[0]["unlike_training"] is None  # its training clips are not known


def test_a_model_without_enrolment_refuses_a_voice_in_words(tmp_path, demo_clip):
    plain = open_model(bundle_of().save(tmp_path / "plain"))
    with TestClient(application(plain), base_url="http://localhost") as asked:
        refused = asked.post("/voices", **sent(demo_clip.read_bytes()))
        assert (refused.status_code, asked.get("/health").json()["enrols"]) == (422, False)
    assert refused.json()["problem"] == "this model does not use enrolment"


def test_an_enrolled_voice_changes_the_answer_until_it_is_deleted(client, model, demo_clip):
    clips = sorted(demo_clip.parent.glob("SM0_*.flac"))[:3]
    files = [("audio", (clip.name, clip.read_bytes())) for clip in clips]
    made = client.post("/voices", files=files)
    assert made.status_code == 201, made.text
    voice = made.json()["voice"]
    assert len(voice) >= 32
    content = {"audio": base64.b64encode(demo_clip.read_bytes()).decode(), "voice": voice}
    known = client.post("/predict", json=content).json()
    rate = model.predictor.sample_rate
    statistics = model.predictor.enrol([load(clip, sample_rate=rate) for clip in clips])
    expected = model.probabilities([load(demo_clip, sample_rate=rate)], statistics)[0]
    assert [known["probabilities"][name] for name in CLASSES] == pytest.approx(
        list(expected), abs=1e-6
    )
    stranger = client.post("/predict", json={**content, "voice": ""}).json()
    assert known["probabilities"] != stranger["probabilities"]
    assert known["other_voice"] is False
    assert client.delete(f"/voices/{voice}").status_code == 204
    assert client.delete(f"/voices/{voice}").status_code == 404
    assert client.post("/predict", json=content).status_code == 404


def test_a_voice_is_forgotten_when_it_expires_and_no_other_is_pushed_out():
    now = [0.0]
    voices = Voices(keep_s=10, most=2, clock=lambda: now[0])
    first, voice = voices.add("one")
    assert voice.expires == 10
    now[0] = 5
    voices.add("two")
    with pytest.raises(ServiceError, match="no more are taken"):
        voices.add("three")
    now[0] = 10
    assert voices.get(first) is None
    assert len(voices) == 1
    voices.add("three")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"audio": "https://example.org/clip.wav"}, "URLs are not fetched"),
        ({"url": "https://example.org/clip.wav"}, "URLs are not fetched"),
        ({"file": "c291bmQ="}, "'file' is not known here: send the sound as 'audio'"),
        ({"audio": "c291bmQ="}, "not a sound file"),
        ({"audio": []}, "no sound"),
        ({"audio": ["c291bmQ=", "c291bmQ="]}, "one sound a request"),
        ([], "send an object"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(client, content, said):
    answer = client.post("/predict", json=content)
    assert answer.status_code == 422
    assert said in answer.json()["problem"]


def test_content_of_another_kind_is_told_the_kinds_and_the_field(client):
    answer = client.post("/predict", content=b"RIFF", headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 415
    for said in ("multipart/form-data", "'audio'", '{"audio": BASE64}'):
        assert said in answer.json()["problem"]


def test_windows_that_cannot_be_are_refused_in_words(client, demo_clip):
    answer = client.post("/timeline?window=0&hop=x", **sent(demo_clip.read_bytes()))
    assert answer.status_code == 422
    assert set(answer.json()) == {"problem"}
    window, hop = answer.json()["problem"].split("; ")
    assert window == "'window' should be greater than or equal to 0.5"
    assert hop.startswith("'hop' should be a valid number")


def test_size_and_length_have_limits(model, demo_clip):
    app = application(model, Limits(max_mb=0.05, max_seconds=1.0))
    with TestClient(app, base_url="http://localhost") as client:
        large = client.post("/predict", **sent(b"0" * 60_000))
        assert (large.status_code, "larger than" in large.json()["problem"]) == (413, True)
        chunks = (b"0" * 10_000 for _ in range(6))  # without a length in the headers
        kind = {"Content-Type": "application/json"}
        assert client.post("/predict", content=chunks, headers=kind).status_code == 413
        long = client.post("/predict", **sent(demo_clip.read_bytes()))
        assert (long.status_code, "longer than 1 s" in long.json()["problem"]) == (413, True)
        assert "--max-seconds" in long.json()["problem"]
        windows = client.post("/timeline?hop=0.01", **sent(demo_clip.read_bytes()))
        assert windows.status_code == 422


def test_a_strange_name_and_a_missing_token_are_refused(model):
    with TestClient(application(model, token=TOKEN), base_url="http://localhost") as client:
        strange = client.get("/health", headers={"Host": "evil.example"})
        assert (strange.status_code, "--name" in strange.json()["problem"]) == (421, True)
        assert client.get("/health").status_code == 200
        for header in ({}, {"Authorization": "Bearer another"}, {"Authorization": TOKEN}):
            assert client.get("/metrics", headers=header).status_code == 401
        shown = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=shown).status_code == 200


def test_more_requests_than_a_minutes_share_wait():
    now = [0.0]
    rate = Rate(2, clock=lambda: now[0])
    assert [rate.wait("a"), rate.wait("a")] == [0, 0]
    assert rate.wait("a") == pytest.approx(30)
    assert rate.wait("b") == 0
    now[0] = 30
    assert rate.wait("a") == 0
    assert rate.wait("a") == pytest.approx(30)


class Slow:
    """A predictor that answers when it is let, and fails on a sound of one sample."""

    def __init__(self):
        self.free, self.calls = threading.Event(), []

    def predict(self, waveforms, speaker=None, *, seen=False):
        self.free.wait(20)
        self.calls.append(len(waveforms))
        if any(len(each) == 1 for each in waveforms):
            raise ValueError("one sample")
        return np.array([[len(each), speaker or 0.0] for each in waveforms], float)


def test_what_waits_is_answered_in_one_call_and_a_bad_one_costs_nobody_else():
    slow = Slow()
    batched = Batched(slow)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(batched.predict, [[0, 0]])
        while batched._line.qsize():
            pass
        sounds = [[0] * 3, [0] * 4, [0], [0] * 5]
        rest = [threads.submit(batched.predict, [sound]) for sound in sounds]
        known = threads.submit(batched.predict, [[0] * 6], 7.0)
        while batched._line.qsize() < 5:
            pass
        slow.free.set()
        assert first.result(20).tolist() == [[2, 0]]
        assert known.result(20).tolist() == [[6, 7]]
        assert [rest[n].result(20).tolist() for n in (0, 1, 3)] == [[[3, 0]], [[4, 0]], [[5, 0]]]
        with pytest.raises(ValueError, match="one sample"):
            rest[2].result(20)
    assert slow.calls[:2] == [1, 4]
    batched.close()


def test_at_overload_requests_are_refused_and_none_is_answered_wrongly(model, demo_clip):
    app = application(model, Limits(at_once=2))
    content = json.dumps({"audio": base64.b64encode(demo_clip.read_bytes()).decode()}).encode()
    with TestClient(app, base_url="http://localhost") as client:
        right = client.post("/predict", content=content, headers=JSON).json()
        found = asyncio.run(_at_once(app, content, 12))
        assert {status for status, _ in found} == {200, 429}
        assert all(json.loads(body) == right for status, body in found if status == 200)
        assert sum(status == 200 for status, _ in found) == 2
        text = client.get("/metrics").text
    assert 'ser_requests_total{path="/predict",status="200"} 3' in text
    assert 'ser_requests_total{path="other",status="429"} 10' in text
    assert 'ser_request_seconds_bucket{le="+Inf"} 3' in text
    assert "ser_requests_in_flight 1" in text  # this one


JSON = {"Content-Type": "application/json"}


async def _at_once(app, content, count):
    """Status and content of answers to requests that begin in one moment."""

    async def one():
        parts = []

        async def receive():
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message):
            parts.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "path": "/predict", "raw_path": b"/predict", "query_string": b"", "scheme": "http",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1), "server": ("localhost", 80), "root_path": "",
        }  # fmt: skip
        await app(scope, receive, send)
        return parts[0]["status"], b"".join(part.get("body", b"") for part in parts[1:])

    return await asyncio.gather(*(one() for _ in range(count)))


def test_openapi_describes_the_paths(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/predict", "/timeline", "/voices", "/voices/{voice}", "/health", "/metrics",
    }  # fmt: skip
    bodies = described["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(bodies) == {"multipart/form-data", "application/json"}
    assert client.get("/docs").status_code == 404
    for path, methods in described["paths"].items():
        for method in methods.values():
            assert {"415", "421", "422"} <= set(method["responses"]), path
            assert "security" not in method
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_openapi_says_where_the_token_is_needed(model):
    app = application(model, token=TOKEN)
    shown = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://localhost", headers=shown) as client:
        described = client.get("/openapi.json").json()
    ((name, scheme),) = described["components"]["securitySchemes"].items()
    assert scheme == {"type": "http", "scheme": "bearer"}
    for path, methods in described["paths"].items():
        for method in methods.values():
            assert method.get("security", []) == ([] if path == "/health" else [{name: []}])


def test_health_checks_may_ask_with_head(client):
    assert client.head("/health").status_code == 200
