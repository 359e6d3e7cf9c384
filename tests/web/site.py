"""A served installation for tests: invented trials with hostile titles, a real server over loopback."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from monitor import registries
from monitor.bootstrap import App, load_settings
from monitor.cli import health
from monitor.core.record import JsonObject, TrialId
from monitor.pipeline import importing
from monitor.store import Store, open_store
from monitor.store.values import ChangeQuery
from monitor.web import routes, server
from monitor.web.site import Site
from tests.store import making
from tests.support.pasts import slipped
from tests.support.world import Clock, empty_database

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOSTILE = "Veltomab <script>alert('x')</script> & \"Placebo\" <img src=x onerror=alert(1)>"
ONE, TWO = TrialId("ctgov", "NCT00000001"), TrialId("ctgov", "NCT00000002")
CONFIG = """
[store]
state_dir = "{folder}"
[pages]
url = "https://pages.example.org"
listen = "127.0.0.1:0"
[[channels]]
name = "ci-team"
type = "email"
to = ["reader@example.org"]
from = "trialwire@example.org"
host = "127.0.0.1"
tls = "none"
[[channels]]
name = "shelf"
type = "atom"
[[subscriptions]]
name = "morning"
channels = ["ci-team", "shelf"]
cadence = "daily 07:30 Europe/London"
[[subscriptions]]
name = "plain"
channels = ["ci-team"]
cadence = "daily 07:30 Europe/London"
"""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Served:
    """An installation that is being served."""

    folder: Path
    port: int
    app: App

    def __call__(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        host: str | None = None,
        **headers: str,
    ) -> Answer:
        """Ask once, over a connection of its own; `Content_Type` is the header `Content-Type`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        asker = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asker.request(method, path, body, {"Host": host or f"127.0.0.1:{self.port}", **given})
            answer = asker.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            asker.close()

    def post(self, path: str, **form: str) -> Answer:
        """Send a form; `List_Unsubscribe` is the field `List-Unsubscribe`."""
        fields = urlencode({name.replace("_", "-"): value for name, value in form.items()})
        kind = "application/x-www-form-urlencoded"
        return self(path, method="POST", body=fields.encode(), Content_Type=kind)

    def writing(self) -> Store:
        """The database as the daemon opens it."""
        return open_store(self.app.settings.store_url, state_dir=self.folder)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Fill a folder, serve it in a thread, and end the server afterwards."""
    with installed(folder) as app:
        fill(app)
    with installed(folder) as app, running(site_of(app)) as port:
        yield Served(folder, port, app)


@contextmanager
def installed(folder: Path) -> Iterator[App]:
    """An installation at a set time; without a trial where there was none before."""
    config = folder / "trialwire.toml"
    if not config.exists():
        (folder / "trialwire.db").write_bytes(empty_database())
        config.write_text(CONFIG.format(folder=folder), "utf-8")
    with App(load_settings(config, {}), env={}, clock=Clock(NOW)) as app:
        yield app


def site_of(app: App) -> Site:
    """What is served of an installation."""
    return Site(app, lambda store: health.report(store, app.settings))


@contextmanager
def running(site: Site) -> Iterator[int]:
    """The server of a site in a thread; its port."""
    with server.bound("127.0.0.1", 0) as listening:
        one = server.server(routes.build(site))
        thread = threading.Thread(target=one.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            one.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


def fill(app: App) -> None:
    """Two trials with five and three versions, and a digest that tells of them."""
    for number, versions in ((1, 5), (2, 3)):
        for place in range(versions):
            path = app.settings.state_dir / f"{number}-{place}.json"
            path.write_bytes(orjson.dumps(version(number, place)))
    files = sorted(app.settings.state_dir.glob("*-*.json"))
    readers = [registries.reader(name) for name in registries.available()]
    report = importing.run(app.store, files, readers=readers, rules=app.rules, now=NOW)
    assert report.counts["changes"]
    enqueue(app.store)


def version(number: int, place: int) -> JsonObject:
    """One version of an invented trial under a hostile title."""
    status = ("RECRUITING", "RECRUITING", "SUSPENDED", "RECRUITING", "ACTIVE_NOT_RECRUITING")[place]
    return slipped(
        number,
        place,
        derivedSection__miscInfoModule__versionHolder=f"2024-0{place + 1}-05",
        protocolSection__identificationModule__briefTitle=HOSTILE,
        protocolSection__statusModule__overallStatus=status,
        protocolSection__designModule__enrollmentInfo={"count": 300 - 40 * place, "type": "ESTIMATED"},
    )


def enqueue(store: Store, name: str = "morning") -> str:
    """A digest that told every change there is; its id."""
    told = [change.id for change in store.changes(ChangeQuery())]
    digest = replace(making.digest(told, name=name, period="2026-11-20", at=NOW), folded=3, watched=2)
    assert store.enqueue(digest, (), told=told)
    return digest.id
