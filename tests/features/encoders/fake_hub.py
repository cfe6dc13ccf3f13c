"""A hub on this computer that answers as the real one does, with repositories from folders."""

from __future__ import annotations

import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Repositories by name.

    Attributes:
        repositories: Folder of each.
        cards: Metadata of the model card of each; none where absent.
        asked: Paths that were asked for.
        spoiled: Names of files that are sent with other bytes than were promised.
        held: Whether weights are not sent until this is false again.
        holding: Set while it is so.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Path] = {}
        self.cards: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.spoiled: set[str] = set()
        self.held = False
        self.holding = Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Nothing."""

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                hub.asked.append(self.path)
                status, headers, body = hub.answer(unquote(self.path).partition("?")[0])
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    hub.hold(self)
                    self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def hold(self, handler: BaseHTTPRequestHandler) -> None:
        """Wait before the weights are sent."""
        while self.held and handler.path.endswith(".safetensors"):
            self.holding.set()
            time.sleep(0.05)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        kind, _, rest = path.lstrip("/").partition("/models/")
        if kind == "api":
            name, _, revision = rest.partition("/revision/")
            return self._model(name, revision)
        name, _, rest = path.lstrip("/").partition("/resolve/")
        file = self.repositories.get(name, Path("/nowhere")) / rest.partition("/")[2]
        if not file.is_file():
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        content = file.read_bytes()
        if file.name in self.spoiled:
            content = content[:-1] + bytes([content[-1] ^ 1])
        etag = hashlib.sha256(file.read_bytes()).hexdigest()
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}, content

    def _model(self, name: str, revision: str) -> tuple[int, dict[str, str], bytes]:
        if name not in self.repositories:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if revision not in ("", COMMIT):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        folder = self.repositories[name]
        files = sorted(each for each in folder.iterdir() if each.is_file())
        config = folder / "config.json"
        kind = json.loads(config.read_text())["model_type"] if config.exists() else ""
        about = {
            "id": name,
            "sha": COMMIT,
            "cardData": self.cards.get(name, {}),
            "config": {"model_type": kind},
            "siblings": [self._sibling(each) for each in files],
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(about).encode()

    def _sibling(self, file: Path) -> dict[str, object]:
        size = file.stat().st_size
        found: dict[str, object] = {"rfilename": file.name, "size": size}
        if file.suffix == ".safetensors":
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            found["lfs"] = {"sha256": digest, "size": size, "pointerSize": 134}
        return found
