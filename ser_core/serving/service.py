"""The web service of one model: sound in, a calibrated answer or a timeline out.

FastAPI and uvicorn, since MLflow and streamlit bring both: nothing more is installed, and the
description in OpenAPI comes from the types below. They are imported by `ser serve` alone. MLflow's
own server (`mlflow models serve`) has no limits, no enrolment, no batches of several requests, and
starts a worker process that holds MLflow; it stays for those who use MLflow's registry.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from fastapi import FastAPI, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from ser_core import __version__, audio
from ser_core.core import AudioError, ParameterError, SerError
from ser_core.core.hosts import LOCAL
from ser_core.inference.classify import PREFIX, InferenceModel, Recording, classify
from ser_core.inference.prediction_files import UNLIKE
from ser_core.inference.timeline import Windows, timeline_parts
from ser_core.serving.batching import Batched
from ser_core.serving.guard import OPEN, Guard, Limits, refusal
from ser_core.serving.metrics import CONTENT_TYPE, Metrics
from ser_core.serving.responses import AUDIO, NO_BASE64, decoded
from ser_core.serving.voices import Voices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ser_core.inference.classify import EnrolledSpeaker

SOUND = "sound"
VOICE = "voice"
MOST_WINDOWS = 2000
DIGITS = 6
"""Of probabilities: what is computed together with other sounds differs in the digits after."""

MOST_CLIPS = 50
EXAMPLE = f'{{"{AUDIO}": BASE64}}'
NO_VOICE = "there is no such voice, or it has expired"


class Problem(BaseModel):
    """Why there is no answer."""

    problem: str


class Answer(BaseModel):
    """The emotion of a sound. Probabilities are calibrated; `uncertain` is below the threshold."""

    answer: str
    confidence: float
    uncertain: bool
    probabilities: dict[str, float]
    seconds: float
    other_voice: bool | None = None
    unlike_training: bool | None = None


class Window(BaseModel):
    """The answer to a part of a sound; `problem` says why there is none."""

    start: float
    end: float
    answer: str
    confidence: float | None
    uncertain: bool
    probabilities: dict[str, float]
    other_voice: bool | None = None
    unlike_training: bool | None = None
    problem: str = ""


class Course(BaseModel):
    """Answers along a sound."""

    windows: list[Window]


class Enrolled(BaseModel):
    """An enrolled voice: show its id as `voice`; it is forgotten at `expires` (Unix time)."""

    voice: str
    expires: float


class Health(BaseModel):
    """That the service answers, and with which model."""

    status: str
    model: str
    classes: list[str]
    enrols: bool


@dataclass(frozen=True)
class Sent:
    """Content of a request.

    Attributes:
        sounds: Content of sound files.
        voice: Id of an enrolled voice; empty without.
    """

    sounds: Sequence[bytes]
    voice: str = ""


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [AUDIO],
                    "properties": {
                        AUDIO: {"type": "array", "items": {"type": "string", "format": "binary"}},
                        VOICE: {"type": "string", "description": "Id of an enrolled voice"},
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": [AUDIO],
                    "additionalProperties": False,
                    "properties": {
                        AUDIO: {
                            "description": "Content of a sound file in base64, or several",
                            "anyOf": [
                                {"type": "string", "format": "byte"},
                                {"type": "array", "items": {"type": "string", "format": "byte"}},
                            ],
                        },
                        VOICE: {"type": "string", "description": "Id of an enrolled voice"},
                    },
                }
            },
        },
    }
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        401: "The token is missing or wrong",
        404: "No such voice",
        413: "The request or the sound is too large",
        415: "The content is neither a form nor JSON",
        421: "The service was called by a name that is not its own",
        422: "The sound or the request cannot be used",
        429: "Too many requests; see Retry-After",
    }.items()
}


def application(
    model: InferenceModel,
    limits: Limits | None = None,
    *,
    voices: Voices | None = None,
    token: str = "",
    names: tuple[str, ...] = LOCAL,
) -> FastAPI:
    """The service as an ASGI application.

    Args:
        model: That answers.
        limits: On size, length, rate and number of requests.
        voices: Where enrolled voices are kept; by default an hour in memory.
        token: That callers must show; empty for none.
        names: By which the service may be called.
    """
    limits, metrics = limits or Limits(), Metrics()
    service = _Service(model, limits, Voices() if voices is None else voices, metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        service.batched.close()

    guard = Middleware(Guard, limits=limits, metrics=metrics, token=token, names=names)
    app = FastAPI(
        title="SER Workbench",
        description=f"Emotions in speech by {model.name}",
        version=__version__,
        docs_url=None,  # its page would be fetched from another server
        redoc_url=None,
        lifespan=lifespan,
        responses=_PROBLEMS,
        middleware=[guard],
    )
    app.add_exception_handler(HTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(SerError, _on_error)
    # It refuses nothing, as the guard does that: it tells generated clients to send the token.
    shown = [Security(HTTPBearer(auto_error=False))] if token else []
    app.post("/predict", openapi_extra=_BODY, dependencies=shown)(service.predict)
    app.post("/timeline", openapi_extra=_BODY, dependencies=shown)(service.timeline)
    app.post("/voices", status_code=201, openapi_extra=_BODY, dependencies=shown)(service.enrol)
    app.delete("/voices/{voice}", status_code=204, dependencies=shown)(service.forget)
    app.get(OPEN)(service.health)
    app.head(OPEN, include_in_schema=False)(service.health)
    app.get("/metrics", response_class=PlainTextResponse, dependencies=shown)(service.measured)
    return app


class _Service:
    """What the paths do."""

    def __init__(
        self, model: InferenceModel, limits: Limits, voices: Voices, metrics: Metrics
    ) -> None:
        self.limits, self.voices, self.metrics = limits, voices, metrics
        self.batched = Batched(model.predictor, metrics.batch)
        self.model = replace(model, predictor=self.batched)

    async def predict(self, request: Request) -> Answer:
        """Classify one sound."""
        sent = await _sent(request)
        sound, speaker = _one(sent), self._speaker(sent)

        def work() -> pd.DataFrame:
            self._seconds(sound)
            return classify(self.model, [Recording(SOUND, sound)], speaker)

        row = (await run_in_threadpool(work)).iloc[0].to_dict()
        if row["problem"]:
            raise HTTPException(422, row["problem"])
        return Answer(**_fields(row, self.model), seconds=row["seconds"])

    async def timeline(
        self,
        request: Request,
        window: Annotated[float, Query(ge=0.5, le=30, description="Length in seconds")] = 3.0,
        hop: Annotated[float, Query(ge=0.1, le=30, description="Step in seconds")] = 1.0,
    ) -> Course:
        """Classify windows that slide over one sound."""
        sent = await _sent(request)
        sound, speaker = _one(sent), self._speaker(sent)
        windows = Windows(window=window, hop=hop)

        def work() -> pd.DataFrame:
            if len(windows.starts(self._seconds(sound))) > MOST_WINDOWS:
                raise HTTPException(413, f"these are more than {MOST_WINDOWS:,} windows")
            stream = self.model.stream(Recording(SOUND, sound))
            parts = timeline_parts(self.model, stream, windows, speaker)
            return pd.concat(parts, ignore_index=True)

        rows = (await run_in_threadpool(work)).to_dict("records")
        return Course(windows=[_window(row, self.model) for row in rows])

    async def enrol(self, request: Request) -> Enrolled:
        """Enrol a voice from clips of it; of these only statistics are kept, in memory."""
        if not self.model.predictor.enrols:
            raise HTTPException(422, "this model does not use enrolment")
        sent = await _sent(request)

        def work() -> EnrolledSpeaker:
            if len(sent.sounds) > MOST_CLIPS:
                raise HTTPException(413, f"these are more than {MOST_CLIPS} clips")
            for sound in sent.sounds:
                self._seconds(sound)
            return self.model.enrol_speaker([Recording(SOUND, each) for each in sent.sounds])

        name, voice = self.voices.add(await run_in_threadpool(work))
        return Enrolled(voice=name, expires=voice.expires)

    async def forget(self, voice: str) -> Response:
        """Forget a voice now."""
        if not self.voices.delete(voice):
            raise HTTPException(404, NO_VOICE)
        return Response(status_code=204)

    async def health(self) -> Health:
        """Say that the service answers; no token is needed."""
        model = self.model
        return Health(
            status="ok", model=model.name, classes=[*model.classes], enrols=model.predictor.enrols
        )

    async def measured(self) -> Response:
        """Counts and times, for Prometheus."""
        return Response(self.metrics.text(len(self.voices)), media_type=CONTENT_TYPE)

    def _speaker(self, sent: Sent) -> EnrolledSpeaker | None:
        if not sent.voice:
            return None
        found = self.voices.get(sent.voice)
        if found is None:
            raise HTTPException(404, NO_VOICE)
        return found.speaker

    def _seconds(self, sound: bytes) -> float:
        """Length of a sound; one that is too long is refused before it is decoded whole."""
        sizes = audio.Limits(max_bytes=self.limits.max_bytes, max_seconds=float("inf"))
        found = audio.info(sound, limits=sizes, name=SOUND).duration
        if found > self.limits.max_seconds:
            raise HTTPException(
                413,
                f"the sound is longer than {self.limits.max_seconds:g} s. "
                "Whoever runs the service sets this by --max-seconds",
            )
        return found


async def _sent(request: Request) -> Sent:
    """Sounds and voice of a request, sent as a form or as JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form(max_files=MOST_CLIPS, max_fields=4)
        _check_names(form.keys())
        files = [each for each in form.getlist(AUDIO) if isinstance(each, UploadFile)]
        sent = Sent([await each.read() for each in files], str(form.get(VOICE, "")))
    elif kind == "application/json":
        sent = _from_json(await request.body())
    else:
        raise HTTPException(
            415,
            f"send a form (multipart/form-data) with the sound file as {AUDIO!r}, or JSON: "
            f"{EXAMPLE}",
        )
    if not sent.sounds:
        raise HTTPException(422, f"there is no sound: send a file as {AUDIO!r}")
    return sent


def _from_json(body: bytes) -> Sent:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(422, "it is no JSON") from None
    if not isinstance(content, dict):
        raise HTTPException(422, f"send an object: {EXAMPLE}")
    _check_names(content)
    texts = content.get(AUDIO, [])
    sounds = [decoded(each) for each in (texts if isinstance(texts, list) else [texts])]
    if any(each is None for each in sounds):
        raise HTTPException(422, f"{AUDIO!r} {NO_BASE64}. URLs are not fetched")
    return Sent([each for each in sounds if each is not None], str(content.get(VOICE) or ""))


def _check_names(names: Any) -> None:
    other = sorted({*names} - {AUDIO, VOICE})
    if other:
        raise HTTPException(
            422,
            f"{other[0]!r:.40} is not known here: send the sound as {AUDIO!r}. "
            "URLs are not fetched",
        )


def _one(sent: Sent) -> bytes:
    if len(sent.sounds) != 1:
        raise HTTPException(422, f"send one sound a request, not {len(sent.sounds)}")
    return sent.sounds[0]


def _fields(row: dict[Any, Any], model: InferenceModel) -> dict[str, Any]:
    """What an answer and a window share."""
    return {
        "answer": row["answer"],
        "confidence": None if pd.isna(row["confidence"]) else round(row["confidence"], DIGITS),
        "uncertain": row["uncertain"],
        "probabilities": {
            name: round(row[PREFIX + name], DIGITS)
            for name in model.classes
            if not pd.isna(row[PREFIX + name])
        },
        "other_voice": row.get("other_voice"),
        UNLIKE: row.get(UNLIKE),
    }


def _window(row: dict[Any, Any], model: InferenceModel) -> Window:
    return Window(**_fields(row, model), start=row["start"], end=row["end"], problem=row["problem"])


async def _on_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it)
    return refusal(error.status_code, str(error.detail), dict(error.headers or {}))


async def _on_invalid(_request: Request, error: Exception) -> Response:
    """Values in the address that are out of range or no numbers, by name."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it)
    wrong = [f"{each['loc'][-1]!r}: {each['msg']}" for each in error.errors()]
    return refusal(422, "; ".join(wrong).replace(": Input should", " should"))


async def _on_error(_request: Request, error: Exception) -> Response:
    """What was refused on purpose, in its words; anything else is a bug, and 500."""
    assert isinstance(error, SerError)  # noqa: S101  (registered for it)
    known = isinstance(error, AudioError | ParameterError)
    return refusal(422 if known else 503, f"{error.problem}. {error.remedy}".strip(" ."))
