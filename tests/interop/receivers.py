"""Receivers on loopback: one of PyPI's libraries in this process, one of npm's packages in a process of node.

Both say in their answer what they understood, or with 401 and 422 why they took nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook, WebhookVerificationError

from monitor import schemas
from monitor.demo.sinks import Hook, Reaction, WebhookSink

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

    class Receiver(WebhookSink):
        def usual(self, hook: Hook) -> Reaction:
            try:
                return Reaction(200, body=orjson.dumps(paths[hook.path](hook.headers, hook.body)))
            except WebhookVerificationError as error:
                return Reaction(401, body=str(error).encode())
            except Exception as error:
                return Reaction(422, body=repr(error).encode())

    with Receiver() as sink:
        yield sink.url.removesuffix(urlsplit(sink.url).path)


PACKAGES = ("standardwebhooks", "cloudevents", "ajv", "ajv-formats")


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
