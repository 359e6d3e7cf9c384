"""Readiness: the database is read and fed, messages go out; each reason is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from starlette.requests import Request

from monitor.web import health
from tests.store import making
from tests.support.digests import source
from tests.web.site import NOW, Served, installed, site_of

ASKED = Request({"type": "http"})


def reasons(folder: Path) -> list[str]:
    """Why an installation is not ready; its status must agree."""
    with installed(folder) as app:
        answer = health.ready(site_of(app), ASKED)
    said = orjson.loads(bytes(answer.body))
    assert (answer.status_code == 200) is said["ready"] is (said["reasons"] == [])
    return [str(reason) for reason in said["reasons"]]


def test_the_process_answers_whatever_the_database_does(site: Served) -> None:
    """`healthz` asks nothing of anybody."""
    assert site("/healthz").json()["alive"] is True
    assert site("/readyz").json() == {"ready": True, "reasons": []}


@pytest.mark.parametrize(("hours", "ready"), [(0, True), (2, True), (4, False)])
def test_data_grows_old(tmp_path: Path, hours: int, ready: bool) -> None:
    """Three polls of an hour missed are too many."""
    read = replace(source("DOWN"), last_success_at=NOW - timedelta(hours=hours))
    with installed(tmp_path) as app:
        app.store.put_source(read)
    said = reasons(tmp_path)
    assert said == ([] if ready else ["ctgov was last read 2026-11-20T05:30:00Z (DOWN)"])


def test_a_watch_list_that_was_never_read_is_not_ready(tmp_path: Path) -> None:
    """Nothing watched is quiet; something watched and nothing read is not."""
    assert reasons(tmp_path) == []
    with installed(tmp_path) as app:
        app.store.add_watches([making.trial()], now=NOW)
    assert reasons(tmp_path) == ["nothing was read from any registry yet"]


@pytest.mark.parametrize(
    ("channel", "minutes", "ready"), [("ci-team", 10, True), ("ci-team", 20, False), ("gone", 20, True)]
)
def test_messages_that_nobody_sends(tmp_path: Path, channel: str, minutes: int, ready: bool) -> None:
    """Due for a quarter of an hour on a configured channel, and not tried."""
    due = making.delivery(channel=channel, at=NOW - timedelta(minutes=minutes))
    with installed(tmp_path) as app:
        making.outbox(app.store, due)
    said = reasons(tmp_path)
    assert bool(said) is not ready
    assert all("is not sent: is the daemon running?" in reason for reason in said)


def test_a_channel_that_is_off_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Its messages wait for a person, who is told elsewhere."""
    with installed(tmp_path) as app:
        making.outbox(app.store, making.delivery(at=NOW - timedelta(hours=1)))
        app.store.disable_channel("ci-team", "410", NOW)
    assert reasons(tmp_path) == []


def test_a_database_that_cannot_be_read_is_the_reason(tmp_path: Path) -> None:
    """Told as one, not as a failure of the page."""
    with installed(tmp_path) as app:
        site = site_of(app)
        assert site.store.read_only
        (tmp_path / "trialwire.db").write_bytes(b"no database" * 1000)
        said = orjson.loads(bytes(health.ready(site, ASKED).body))
    assert said["reasons"][0].startswith("the database cannot be read: ")
