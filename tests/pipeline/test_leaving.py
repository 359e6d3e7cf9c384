"""A reader leaves: from the header of a real message, over the served page, to the next digest."""

from __future__ import annotations

import email as stdlib_email
import http.client
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.bootstrap import App
from monitor.demo.sinks import MailSink
from monitor.pipeline import compose, deliver, poll
from tests.support.world import World, sample, version
from tests.web.site import running, site_of

STATUS = "protocolSection__statusModule__overallStatus"
VERSIONS = [
    version(day, sample(1, **{STATUS: status}))
    for day, status in enumerate(("RECRUITING", "SUSPENDED", "RECRUITING", "TERMINATED"), 2)
]
CONFIG = """
[pages]
url = "https://pages.example.org"

[[channels]]
name = "mail"
type = "email"
to = ["Bea Example <Bea@example.org>", "cem@example.org"]
from = "trialwire@example.org"
host = "127.0.0.1"
port = {port}
tls = "none"

[[subscriptions]]
name = "readers"
channels = ["mail", "hook"]
cadence = "immediate"
"""


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server on loopback."""
    with MailSink() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, sink: MailSink) -> Iterator[World]:
    """An installation that tells two readers and a webhook."""
    with World(tmp_path, VERSIONS) as made:
        made.configure(CONFIG.format(port=sink.port))
        made.watch(1)
        with made.app() as app:
            compose.run(app)
            poll.cycle(app, app.registries["ctgov"])
        yield made


def tell(world: World, app: App) -> dict[str, int]:
    """The next version of the trial, told; what became of its messages."""
    world.registry.advance()
    world.clock.forward(days=1)
    poll.cycle(app, app.registries["ctgov"])
    assert len(compose.run(app).digests) == 1
    return dict(deliver.run(app).counts)


def click(port: int, content: bytes) -> int:
    """What a mail program does when its reader clicks (RFC 8058): one POST, no cookie, no page before it."""
    message = stdlib_email.message_from_bytes(content)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.match(r"<https://pages\.example\.org(/[^>]+)>", str(message["List-Unsubscribe"]))
    assert found
    program = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    form = {"Host": "pages.example.org", "Content-Type": "application/x-www-form-urlencoded"}
    program.request("POST", found[1], b"List-Unsubscribe=One-Click", form)
    status = program.getresponse().status
    program.close()
    return status


def test_one_click_is_enough(world: World, sink: MailSink) -> None:
    """Who clicks gets nothing more, the others go on; who comes back is told again."""
    with world.app() as app:
        assert tell(world, app) == {"sent": 3}
        first = {mail.recipients[0]: mail.content for mail in sink.messages}
        assert sorted(first) == ["Bea@example.org", "cem@example.org"]
        with running(site_of(app)) as port:
            assert click(port, first["Bea@example.org"]) == 200
        assert app.store.opted_out("mail") == {"bea@example.org"}
        sink.messages.clear()
        assert tell(world, app) == {"sent": 2}
        assert [mail.recipients for mail in sink.messages] == [("cem@example.org",)]
        app.store.opt_in("mail", "bea@example.org")
        sink.messages.clear()
        assert tell(world, app) == {"sent": 3}
        assert sorted(mail.recipients[0] for mail in sink.messages) == sorted(first)


def test_who_leaves_is_not_followed(world: World, sink: MailSink) -> None:
    """A message that was put off and waits is dropped with the click, and the operator sees that it was."""
    with world.app() as app:
        sink.refuse("rcpt", "451 4.7.1 greylisted", "451 4.7.1 greylisted")
        assert tell(world, app) == {"pending": 2, "sent": 1}
        app.store.opt_out("mail", "bea@example.org", world.clock())
        world.clock.forward(hours=1)
        deliver.run(app)
        states = {one.recipient: one.state for one in app.store.deliveries(channel="mail")}
    assert states == {"Bea@example.org": "dropped", "cem@example.org": "sent"}
    assert [mail.recipients for mail in sink.messages] == [("cem@example.org",)]


def test_nobody_is_told_of_another_reader(
    world: World, sink: MailSink, caplog: pytest.LogCaptureFixture
) -> None:
    """Log lines, webhooks and the notice of a message given up hold no reader's address."""
    caplog.set_level(logging.INFO)
    with world.app() as app:
        sink.refuse("rcpt", "550 5.1.1 <bea@example.org>: no such user", "550 5.1.1 <cem@example.org>: gone")
        assert tell(world, app) == {"dead": 2, "sent": 1}
        compose.run(app)
        deliver.run(app)
        notices = [notice.message for notice in app.store.notices() if notice.kind == "dead_letter"]
    assert "A message to mail was given up: the mail server refused the recipient: 550" in notices[0]
    public = b"".join(hook.body for hook in world.hook.received) + "".join(notices).encode()
    public += b"".join(mail.content.partition(b"\r\nSubject:")[2] for mail in sink.messages)
    ours = [record for record in caplog.records if record.name.startswith("monitor")]
    logged = [f"{record.getMessage()} {record.__dict__}" for record in ours]
    assert logged
    for text in (public.decode(), *logged):
        assert not re.search("(bea|cem)@example", text, re.IGNORECASE)
