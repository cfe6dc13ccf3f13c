"""`python -m ser_core serve`: a model as a web service."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.core import ServiceError, files
from ser_core.core.hosts import LOCAL

SHORTEST_TOKEN = 16

Model = Annotated[
    Path | None,
    typer.Option(help="Folder of a model, or an exported .onnx file; the bundled one when absent."),
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port.")]
Host = Annotated[
    str,
    typer.Option(help="Address to listen on. Another than localhost shares it: see --token-file."),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Name by which it may be called beside localhost; repeatable."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the token that callers show as 'Authorization: Bearer TOKEN'; needed "
        "where the service is shared."
    ),
]
MaxMb = Annotated[float, typer.Option(min=0.01, max=50, help="Size of a request, in MB.")]
MaxSeconds = Annotated[float, typer.Option(min=0.5, max=600, help="Length of a sound.")]
AtOnce = Annotated[int, typer.Option(min=1, max=40, help="Requests at once; more get 429.")]
PerMinute = Annotated[
    float, typer.Option(min=0, help="Requests of one caller a minute; more get 429. 0: no limit.")
]
VoiceMinutes = Annotated[
    float, typer.Option(min=1, help="Minutes after which an enrolled voice is forgotten.")
]


def serve(
    model: Model = None,
    host: Host = "localhost",
    port: Port = 8600,
    name: Names = None,
    token_file: TokenFile = None,
    max_mb: MaxMb = 20.0,
    max_seconds: MaxSeconds = 120.0,
    at_once: AtOnce = 32,
    per_minute: PerMinute = 0.0,
    voice_minutes: VoiceMinutes = 60.0,
) -> None:
    """Serve a model over HTTP: sound in, a calibrated answer or a timeline out.

    GET /openapi.json describes the paths. Nothing that is sent is stored; of an enrolled voice
    statistics are kept, in memory, until they expire or are deleted.
    """
    token = _token(token_file)
    if host not in LOCAL and not token:
        raise ServiceError(
            "is reached from other computers, and nobody would be asked for a token",
            subject=host,
            remedy="Give --token-file, or leave --host away",
        )
    _check_address(host, port)
    import uvicorn

    from ser_core.inference.catalogue import bundled_folder
    from ser_core.inference.classify import open_answering
    from ser_core.serving.guard import Limits
    from ser_core.serving.service import application
    from ser_core.serving.voices import Voices

    names = (*LOCAL, *(name or ()))
    opened = open_answering(model or bundled_folder())
    app = application(
        opened,
        Limits(max_mb, max_seconds, at_once, per_minute),
        voices=Voices(60 * voice_minutes),
        token=token,
        names=names,
    )
    console.errors.print(f"{opened.name} at http://{host}:{port}", markup=False, soft_wrap=True)
    if host not in LOCAL:
        known = f"callers must use one of these names: {', '.join(names)}; add others by --name"
        console.errors.print(known, markup=False, soft_wrap=True)
    # Addresses of callers are theirs: headers of a proxy that nobody vouches for are not believed.
    uvicorn.run(app, host=host, port=port, proxy_headers=False, access_log=False)


def _check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before a model is opened for it.

    It is bound as uvicorn will: the same address may just have been left (`SO_REUSEADDR`), which
    on Windows would take it from whoever still listens.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ServiceError(
            "is no address of this computer", subject=host, remedy="Give another by --host"
        ) from error
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as tried:
                if os.name == "posix":
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(address)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                continue  # such as IPv6 where there is none: others may do
            used = error.errno == errno.EADDRINUSE
            raise ServiceError(
                "is in use" if used else "may not be used",
                subject=f"port {port}",
                remedy="Name another by --port",
            ) from error


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        token = files.read_text(file).strip()
    except OSError as error:
        raise ServiceError(
            f"cannot be read ({error.strerror})", subject=str(file), remedy="Give another file"
        ) from error
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ServiceError(
            f"holds no token of {SHORTEST_TOKEN} characters or more",
            subject=str(file),
            remedy="Make one: openssl rand -hex 32 > FILE",
        )
    return token
