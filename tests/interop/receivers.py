"""Receivers on loopback: one of PyPI's libraries in this process, one of npm's packages in a process of node.

Both say in their answer what they understood, or with 401 and 422 why they took nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook, WebhookVerificationError

from monitor import schemas

Understand = Callable[[Mapping[str, str], bytes], dict[str, Any]]


def standard(secret: str) -> Understand:
    """A consumer with PyPI's standardwebhooks."""

    def understand(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        payload = Webhook(secret).verify(body, dict(headers))
        return {"id": headers["webhook-id"], "type": payload["type"]}

    return understand


def cloud(secret: str) -> Understand:
    """A consumer with PyPI's cloudevents behind the same signature."""

    def understand(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        Webhook(secret).verify(body, dict(headers))
        event = from_http_event(HTTPMessage(headers=dict(headers), body=body))
        return {
            "id": event.get_id(),
            "type": event.get_type(),
            "source": event.get_source(),
            "subject": event.get_subject(),
        }

    return understand


@contextmanager
def in_python(paths: Mapping[str, Understand]) -> Iterator[str]:
    """A server of Python's own whose paths understand what they are sent; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, answer = 200, orjson.dumps(paths[self.path](headers, body))
            except WebhookVerificationError as error:
                status, answer = 401, str(error).encode()
            except Exception as error:
                status, answer = 422, repr(error).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=10)


PACKAGES = ("standardwebhooks", "cloudevents", "ajv", "ajv-formats")


def install(folder: Path) -> None:
    """Put the newest of npm's packages into a folder; raises where node or the registry is out of reach."""
    npm = shutil.which("npm")
    assert npm is not None
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True, capture_output=True, timeout=180)


@contextmanager
def in_node(packages: Path, paths: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    """The receiver beside this file, run by node with the packages of that folder; yields its address.

    It has the schemas as `trialwire schemas TYPE` prints them, and nothing else of ours.
    """
    node = shutil.which("node")
    assert node is not None
    printed = {}
    for name in schemas.names():
        if "." in name:
            file = packages / f"{name}.schema.json"
            file.write_bytes(orjson.dumps(schemas.bundled(name)))
            printed[name] = str(file)
    script = Path(__file__).with_name("receiver.mjs")
    told = json.dumps({"paths": paths, "schemas": printed})
    with subprocess.Popen(
        [node, str(script), told], cwd=packages, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
