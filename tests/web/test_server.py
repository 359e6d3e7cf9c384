"""The server: it ends when told to, lets nobody hold it open, and reads while the daemon writes."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.web import server
from tests.cli.command import Command
from tests.store import making
from tests.support.world import empty_database
from tests.web.site import Served, served


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An installation that these tests write to."""
    with served(tmp_path_factory.mktemp("own")) as found:
        yield found


def test_without_a_database_nothing_is_served(tmp_path: Path) -> None:
    """78, which path was looked at, and no database made."""
    trialwire = Command(tmp_path)
    ran = trialwire("serve", TRIALWIRE_PAGES__LISTEN="127.0.0.1:0")
    assert ran.code == 78
    assert str(trialwire.database) in ran.err
    assert not trialwire.database.exists()


def test_it_ends_in_peace_when_told_to(tmp_path: Path) -> None:
    """It says where it is, answers, and ends with 0 within seconds of SIGTERM, a connection open or not."""
    trialwire = Command(tmp_path)
    trialwire.database.parent.mkdir(parents=True)
    trialwire.database.write_bytes(empty_database())
    running = subprocess.Popen(
        [sys.executable, "-m", "monitor", "serve"],
        cwd=tmp_path,
        env=trialwire.environment(TRIALWIRE_PAGES__LISTEN="127.0.0.1:0"),
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stderr is not None
        found = re.search(
            r"Serving http://127\.0\.0\.1:(\d+)/ from .*trialwire\.db", running.stderr.readline()
        )
        assert found
        asker = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
        asker.request("GET", "/")
        assert asker.getresponse().status == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
        asker.close()


def test_a_port_that_is_taken_is_a_setting_that_is_wrong() -> None:
    """With its name and what to do."""
    with server.bound("127.0.0.1", 0) as taken, pytest.raises(ConfigError) as refused:
        server.bound("127.0.0.1", taken.getsockname()[1])
    assert refused.value.key == "pages.listen"
    assert "Choose another port" in str(refused.value.remedy)


def test_others_than_this_machine_are_warned_of(tmp_path: Path) -> None:
    """A listener beyond loopback is told what it opens; the default is not."""
    from monitor.bootstrap import load_settings
    from monitor.cli import serve

    config = tmp_path / "trialwire.toml"
    for listen, warned in (
        ("127.0.0.1:1", False),
        ("[::1]:1", False),
        ("localhost:1", False),
        ("0.0.0.0:1", True),
        ("[::]:1", True),
        ("trials.internal:1", True),
    ):
        config.write_text(f'[pages]\nlisten = "{listen}"\n', "utf-8")
        assert bool(serve.warning(load_settings(config, {}))) is warned, listen


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_who_asks_nothing_is_shown_out(own: Served, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """A connection without a whole request is closed, and others are answered meanwhile."""
    monkeypatch.setattr(server, "REQUEST_S", 0.2)
    with socket.create_connection(("127.0.0.1", own.port), timeout=5) as slow:
        slow.sendall(said)
        assert own("/healthz").status == 200
        assert slow.recv(1000) == b""


def test_a_connection_is_used_again(own: Served) -> None:
    """A reader that asks several times over one connection is not shown out between."""
    asker = http.client.HTTPConnection("127.0.0.1", own.port, timeout=5)
    for _ in range(3):
        asker.request("GET", "/healthz")
        assert asker.getresponse().read()
    asker.close()


def test_pages_are_read_while_the_daemon_writes(own: Served) -> None:
    """Every answer is whole while versions are recorded one after another, and shows them afterwards."""
    done = threading.Event()
    statuses: list[int] = []

    def read() -> None:
        while not done.is_set():
            statuses.extend(own(path).status for path in ("/", "/api/changes?limit=5"))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        with own.writing() as store:
            making.history(store, "ABCDEFGHIJ", making.trial(7))
    finally:
        done.set()
        for reader in readers:
            reader.join(10)
    assert set(statuses) == {200}
    found = own(f"/api/trials/ctgov/{making.trial(7).id}/changes").json()["changes"]
    assert len(found) == 9
