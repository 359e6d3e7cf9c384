"""Scripted targets through the whole outbox: attempts, ids, signatures, waits, and what the log tells."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.demo.sinks import cut, verify
from monitor.pipeline import deliver
from tests.support.outboxes import fill, installation, last, log_of, webhook
from tests.support.scripted import Line, Scripted, dripping, response
from tests.support.world import SECRET, START, Clock

HOUR = format_datetime(START + timedelta(hours=1), usegmt=True)
OK = response(200, b"thank you", "text/plain")
SENT = ("sent", 200, "")


def resets(connection: socket.socket, _: threading.Event) -> None:
    """Cut the line without a word."""
    cut(connection)


def hangs(connection: socket.socket, _: threading.Event) -> None:
    """Say nothing at all, until the other side has gone."""
    connection.recv(1)


def drips(connection: socket.socket, end: threading.Event) -> None:
    """Promise ten megabytes, a byte now and then."""
    dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")(connection, end)


TABLE: Sequence[tuple[str, list[Line], list[tuple[str, int | None, str]], list[float]]] = [
    (
        "500, 500, 200",
        [response(500), response(500), OK],
        [("later", 500, "answer"), ("later", 500, "answer"), SENT],
        [5, 300],
    ),
    ("429 in seconds", [response(429, Retry_After="120"), OK], [("later", 429, "answer"), SENT], [120]),
    ("429 with a date", [response(429, Retry_After=HOUR), OK], [("later", 429, "answer"), SENT], [3600]),
    ("429 too soon", [response(429, Retry_After="1"), OK], [("later", 429, "answer"), SENT], [5]),
    (
        "429 too far",
        [response(429, Retry_After="99999999"), OK],
        [("later", 429, "answer"), SENT],
        [7 * 86400],
    ),
    ("hangs", [hangs, OK], [("later", None, "timeout"), SENT], [5]),
    ("resets", [resets, OK], [("later", None, "connection"), SENT], [5]),
    ("drips", [drips, OK], [("later", None, "timeout"), SENT], [5]),
    (
        "closes early",
        [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", OK],
        [("later", None, "connection"), SENT],
        [5],
    ),
    ("answers garbage", [b"\x00\xffnot http at all\r\n\r\n", OK], [("later", None, "connection"), SENT], [5]),
]


@pytest.mark.parametrize(
    ("script", "attempts", "waits"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_target_gets_the_same_message_until_it_takes_it(
    tmp_path: Path, script: list[Line], attempts: list[tuple[str, int | None, str]], waits: list[float]
) -> None:
    """As many attempts as it takes, each signed anew over the same id and bytes; the log tells each."""
    clock = Clock()
    with (
        Scripted(*script) as server,
        installation(tmp_path, webhook("hook", server.url, "timeout_s = 0.2"), clock=clock) as app,
    ):
        (delivery,) = fill(app, "hook")
        waited = []
        for _ in attempts:
            deliver.run(app)
            found = app.store.delivery(delivery)
            assert found is not None
            if found.next_at is not None:
                waited.append((found.next_at - clock()).total_seconds())
                clock.now = found.next_at
        assert log_of(app, delivery) == attempts
        assert waited == waits
        assert last(app, delivery).excerpt == "thank you"
        assert all(one.error for one in app.store.attempts(delivery)[:-1])
        assert deliver.run(app).counts == {}
        assert_same_message(server.requests, delivery)


def assert_same_message(requests: Sequence[bytes], delivery: str) -> None:
    """One id, one body; timestamps and signatures of their own, each of them right."""
    parsed = [_parsed(request) for request in requests]
    assert {head["webhook-id"] for head, _ in parsed} == {delivery}
    assert len({body for _, body in parsed}) == 1
    for name in ("webhook-timestamp", "webhook-signature"):
        assert len({head[name] for head, _ in parsed}) == len(parsed)
    assert all(verify((SECRET,), head, body) for head, body in parsed)


def _parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = (line.decode().partition(": ") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}, body


def test_410_ends_it_at_once(tmp_path: Path) -> None:
    """One attempt; the channel is off, and what comes after waits for the operator."""
    clock = Clock()
    with (
        Scripted(response(410, b"we have moved", "text/plain"), OK) as server,
        installation(tmp_path, webhook("hook", server.url), clock=clock) as app,
    ):
        first, second = fill(app, "hook", each=2)
        assert deliver.run(app).counts == {"dead": 1}
        assert log_of(app, first) == [("dead", 410, "answer")]
        assert last(app, first).excerpt == "we have moved"
        assert log_of(app, second) == []
        clock.forward(days=30)
        assert deliver.run(app).counts == {}
        assert len(server.requests) == 1
        app.store.enable_channel("hook")
        app.store.retry([first], clock())
        assert deliver.run(app).counts == {"sent": 2}
        assert log_of(app, first) == [("dead", 410, "answer"), SENT]


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_a_failure_and_leads_nowhere(tmp_path: Path, status: int) -> None:
    """Not to a metadata service, nor to a listener on loopback: nothing is asked of where it points."""
    clock = Clock()
    with Scripted(OK) as trap:
        script = [
            response(status, Location="http://169.254.169.254/latest/meta-data/"),
            response(status, Location=f"{trap.base_url}/latest/meta-data/"),
            OK,
        ]
        with (
            Scripted(*script) as server,
            installation(tmp_path, webhook("hook", server.url), clock=clock) as app,
        ):
            (delivery,) = fill(app, "hook")
            for _ in script:
                deliver.run(app)
                clock.forward(hours=1)
            assert log_of(app, delivery) == [("later", status, "answer"), ("later", status, "answer"), SENT]
            assert_same_message(server.requests, delivery)
        assert trap.requests == []


def test_ten_attempts_and_no_more_then_a_new_round_has_ten_again(tmp_path: Path) -> None:
    """The published schedule, to the second; sent again by hand, the whole of it once more."""
    clock = Clock()
    schedule = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    with (
        Scripted(response(500)) as server,
        installation(tmp_path, webhook("hook", server.url), clock=clock) as app,
    ):
        (delivery,) = fill(app, "hook")
        for round_ in (1, 2):
            waits = []
            while True:
                deliver.run(app)
                found = app.store.delivery(delivery)
                assert found is not None
                if found.next_at is None:
                    break
                waits.append((found.next_at - clock()).total_seconds())
                clock.now = found.next_at
            assert waits == schedule
            assert found.state == "dead"
            assert found.last_error.endswith("(given up after 10 attempts)")
            assert [one.number for one in app.store.attempts(delivery)] == list(range(1, 10 * round_ + 1))
            app.store.retry([delivery], clock())
        assert len(server.requests) == 20
        assert_same_message(server.requests[:10], delivery)


def test_waits_are_jittered_by_up_to_a_tenth(tmp_path: Path) -> None:
    """What was refused together comes back spread."""
    clock = Clock()
    with (
        Scripted(response(500)) as server,
        installation(tmp_path, webhook("hook", server.url), clock=clock, chance=1.0) as app,
    ):
        (delivery,) = fill(app, "hook")
        deliver.run(app)
        found = app.store.delivery(delivery)
        assert found is not None
        assert found.next_at == clock() + timedelta(seconds=5.5)
