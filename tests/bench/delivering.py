"""Delivering: 10,000 webhooks to 50 receivers on loopback, one of which hangs, and as many by email.

The receivers stand in processes of their own, all of them on the two cores that the monitor has. Counted is
everything: claims and settlements in SQLite with `synchronous=FULL`, signatures, HTTP or SMTP, and the log.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from monitor import bootstrap
from monitor.core.delivery import Message, outbox
from monitor.pipeline import deliver
from tests.bench.measure import set_aside
from tests.store.making import digest

MESSAGES, TARGETS, MAILS = 10_000, 50, 1_000
SECRET = "whsec_dGhlIGJlbmNoJ3Mgc2VjcmV0LCBsb25nIGVub3VnaA=="
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BODY = orjson.dumps(
    {"type": "digest.created", "timestamp": "2026-11-20T09:00:00Z", "data": {"x": "y" * 4000}}
)


def report(_: int) -> Iterator[str]:
    """Deliveries a second with all well, with one hanging, and by email."""
    yield f"delivering: {MESSAGES:,} messages of {len(BODY):,} bytes to {TARGETS} targets, one turn each"
    well = _webhooks(hanging=0)
    yield f"  {'all targets well':28}  {well:8.0f} deliveries a second"
    hanging = _webhooks(hanging=1)
    yield f"  {'one hangs':28}  {hanging:8.0f} to the others    {hanging / well:.2f} x"
    many = _webhooks(hanging=12)
    yield f"  {'twelve hang':28}  {many:8.0f} to the others    {many / well:.2f} x"
    mails = _mails()
    yield f"  {f'{MAILS:,} by email, 50 readers':28}  {mails:8.0f} deliveries a second"


def _webhooks(*, hanging: int) -> float:
    """Deliveries a second to the targets that answer, from the first claim to their last settlement."""
    with _receiver("webhooks", TARGETS) as ports, tempfile.TemporaryDirectory() as folder:
        silent = socket.create_server(("127.0.0.1", 0), backlog=128)
        dead = [silent.getsockname()[1]] * hanging
        channels = "".join(
            _WEBHOOK.format(number=number, port=port)
            for number, port in enumerate([*dead, *ports[: TARGETS - hanging]])
        )
        with silent, _app(Path(folder), channels) as app:
            _fill(app, [f"t{n}" for n in range(TARGETS)], MESSAGES // TARGETS)
            return _rate(app, {f"t{n}" for n in range(hanging, TARGETS)})


def _mails() -> float:
    with (
        _receiver("mails", 1) as ports,
        tempfile.TemporaryDirectory() as folder,
        _app(Path(folder), _EMAIL.format(port=ports[0])) as app,
    ):
        _fill(app, ["mail"], MAILS, readers=50)
        return _rate(app, {"mail"})


def _fill(app: bootstrap.App, channels: Sequence[str], each: int, *, readers: int = 0) -> None:
    made = digest(name="all", kind="manual", period="2026-11-20", at=NOW)
    rows = [
        replace(row, id=f"{row.id}{number}")
        for name in channels
        for number in range(each)
        for row in outbox(
            made.id,
            name,
            [
                Message(
                    f"r{number % readers}@example.org" if readers else name, number, _content(readers), "e"
                )
            ],
            now=NOW,
        )
    ]
    assert app.store.enqueue(made, rows, told=())


def _content(readers: int) -> bytes:
    return b"Subject: x\r\n\r\n" + BODY[:900] + b"\r\n" if readers else BODY


def _rate(app: bootstrap.App, awaited: set[str]) -> float:
    """Send all; how fast those went whose targets answer. Fails where one of them is not sent."""
    set_aside()
    deliverer = deliver.Deliverer(app)
    began = time.perf_counter()
    deliverer.tick()
    while app.store.due_channels(app.clock()) and any(
        load.waiting for load in app.store.channel_loads() if load.channel in awaited
    ):
        time.sleep(0.25)
    took_s = time.perf_counter() - began
    sent = sum(len(app.store.delivery_ids(states=("sent",), channel=name)) for name in awaited)
    lost = [load for load in app.store.channel_loads() if load.channel in awaited]
    assert not lost, lost
    app.stop.set()
    deliverer.drain()
    deliverer.close()
    return sent / took_s


def _app(folder: Path, channels: str) -> bootstrap.App:
    config = folder / "trialwire.toml"
    config.write_text(f'[store]\nstate_dir = "{folder}/state"\n{channels}', "utf-8")
    env = {"TRIALWIRE_CONFIG": str(config), "HOOK_SECRET": SECRET, "HOME": str(folder)}
    return bootstrap.App(bootstrap.load_settings(None, env), env=env)


class _receiver:  # noqa: N801
    """Receivers in a process of their own; gives their ports."""

    def __init__(self, kind: str, number: int) -> None:
        command = [sys.executable, "-m", "tests.bench.delivering", kind, str(number)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> list[int]:
        assert self._process.stdout is not None
        ports: list[int] = orjson.loads(self._process.stdout.readline())
        return ports

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


_WEBHOOK = """
[[channels]]
name = "t{number}"
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret_env = "HOOK_SECRET"
allow_networks = ["127.0.0.0/8"]
"""
_EMAIL = """
[[channels]]
name = "mail"
type = "email"
to = ["r0@example.org"]
from = "Trialwire <trialwire@example.com>"
host = "127.0.0.1"
port = {port}
tls = "none"
"""


def take_webhooks(number: int) -> None:
    """Answer 204 to whatever is posted to any of so many ports, until stdin ends."""
    chooser = selectors.DefaultSelector()
    listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(number)]
    for listener in listeners:
        chooser.register(listener, selectors.EVENT_READ)
    chooser.register(sys.stdin.buffer, selectors.EVENT_READ)
    print(orjson.dumps([one.getsockname()[1] for one in listeners]).decode(), flush=True)
    received: dict[int, bytes] = {}
    while True:
        for key, _ in chooser.select():
            found = key.fileobj
            if found in listeners:
                assert isinstance(found, socket.socket)
                connection, _ = found.accept()
                chooser.register(connection, selectors.EVENT_READ)
            elif isinstance(found, socket.socket):
                if not _answered(found, received):
                    chooser.unregister(found)
                    found.close()
            else:
                return


def _answered(connection: socket.socket, received: dict[int, bytes]) -> bool:
    """Read what came, and answer once a request is whole; False where the other side has gone."""
    chunk = connection.recv(65536)
    whole = received.pop(connection.fileno(), b"") + chunk
    head, found, body = whole.partition(b"\r\n\r\n")
    if found:
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            return True
    if chunk:
        received[connection.fileno()] = whole
    return bool(chunk)


def take_mails() -> None:
    """Take mail on one port, until stdin ends."""
    from monitor.demo.sinks import MailSink

    with MailSink() as sink:
        print(orjson.dumps([sink.port]).decode(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "webhooks":
        take_webhooks(int(sys.argv[2]))
    else:
        take_mails()
