"""Leaving a channel from the command line."""

from __future__ import annotations

import pytest

from monitor.core.record import JsonObject
from tests.channels.mail_servers import ScriptedServer
from tests.cli.command import Command

CONFIG = """
[[channels]]
name = "ci-team"
type = "email"
to = ["Bea Example <Bea@example.com>", "ci@example.com"]
from = "trialwire@example.com"
host = "127.0.0.1"
tls = "none"
"""


@pytest.fixture
def mailing(trialwire: Command) -> Command:
    """An installation with a channel of two readers."""
    (trialwire.folder / "trialwire.toml").write_text(CONFIG, encoding="utf-8")
    assert trialwire("watch", "add", "NCT09100001").code == 0
    return trialwire


def left(trialwire: Command) -> list[str]:
    """Who has left."""
    rows = trialwire("channels", "optouts", "ci-team", "--format", "json").json()
    assert isinstance(rows, list)
    return [str(row["recipient"]) for row in rows if isinstance(row, dict)]


def test_a_reader_leaves_and_comes_back(mailing: Command) -> None:
    """What the operator puts down is listed, and taken back."""
    assert mailing("channels", "optouts", "ci-team").err.strip() == "Nobody has left ci-team."
    gone = mailing("channels", "optout", "ci-team", "bea@example.com")
    assert (gone.code, gone.err.strip()) == (0, "bea@example.com gets nothing more from ci-team.")
    assert "as before" in mailing("channels", "optout", "ci-team", "BEA@example.com").err
    assert left(mailing) == ["bea@example.com"]
    assert "bea@example.com" in mailing("channels", "optouts", "ci-team").out
    back = mailing("channels", "optin", "ci-team", "Bea@example.com")
    assert (back.code, back.err.strip()) == (0, "Bea@example.com gets messages from ci-team again.")
    assert left(mailing) == []
    assert "had not left" in mailing("channels", "optin", "ci-team", "bea@example.com").err


def test_a_test_reaches_those_who_stayed(mailing: Command) -> None:
    """Each reader's line has the server's own words; who has left is sent nothing, not even a test."""
    with ScriptedServer({".": "250 2.0.0 Ok: queued as 4F2"}) as server:
        config = mailing.folder / "trialwire.toml"
        config.write_text(f"{CONFIG}port = {server.port}\n", encoding="utf-8")
        both = mailing("channels", "test", "ci-team")
        assert (both.code, both.out.splitlines()) == (
            0,
            [
                f"ci-team → {reader}: taken (250 2.0.0 Ok: queued as 4F2)"
                for reader in ("Bea@example.com", "ci@example.com")
            ],
        )
        mailing("channels", "optout", "ci-team", "bea@example.com")
        server.lines.clear()
        server.script["RCPT"] = "550 5.1.1 <ci@example.com>: no such user"
        one = mailing("channels", "test", "ci-team")
    assert one.code == 1
    assert "Bea@example.com has left ci-team: nothing is sent there." in one.err
    assert "ci-team → ci@example.com: the mail server refused the recipient: 550 5.1.1" in one.err
    assert [line for line in server.lines if line.startswith("rcpt")] == ["rcpt TO:<ci@example.com>"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["optout", "ci-team", "bea@exmple.com"], "bea@exmple.com is not among the recipients of ci-team."),
        (["optout", "nobody", "bea@example.com"], "there is no channel 'nobody'."),
        (["optin", "nobody", "bea@example.com"], "there is no channel 'nobody'."),
        (["optouts", "nobody"], "there is no channel 'nobody'."),
    ],
)
def test_a_slip_of_the_pen_lets_nobody_leave(mailing: Command, words: list[str], said: str) -> None:
    """Who is misspelled would go on getting mail: that is refused, with what to do."""
    ran = mailing("channels", *words)
    assert ran.code == 78
    assert said in ran.err
    assert left(mailing) == []


def test_the_list_tells_since_when(mailing: Command) -> None:
    """Machines get the moment too."""
    mailing("channels", "optout", "ci-team", "ci@example.com")
    rows = mailing("channels", "optouts", "ci-team", "--format", "json").json()
    assert isinstance(rows, list)
    (row,) = rows
    assert isinstance(row, dict)
    found: JsonObject = row
    assert (found["channel"], found["recipient"]) == ("ci-team", "ci@example.com")
    assert str(found["at"]).endswith("Z")
