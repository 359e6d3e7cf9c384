"""Every way a command can fail: one clear message, what to do, and the exit code of contract section 1."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from monitor.cli import edge, terminal
from monitor.cli.application import app
from tests.cli.command import Command

LOOK_UPS = (
    ("history", "NCT09000001"),
    ("changes",),
    ("versions", "NCT09000001"),
    ("show", "NCT09000001"),
    ("diff", "NCT09000001@1", "NCT09000001@2"),
    ("watch", "list"),
    ("digest", "list"),
    ("deliveries", "list"),
    ("quarantine", "list"),
    ("status",),
    ("db", "stats"),
)

FIVE_MISTAKES = """
[registries.ctgov]
requests_per_second = "fast"
[poll]
evry = "1h"
[rules.C99]
threshold_days = 120
[[channels]]
name = "pigeon"
type = "pigeon"
[[subscriptions]]
name = "morning"
channels = ["post"]
cadence = "daily 25:00 Europe/London"
"""


@pytest.mark.parametrize("words", LOOK_UPS, ids=" ".join)
def test_look_up_without_database(untouched: Command, words: tuple[str, ...]) -> None:
    """A look-up without a database says which path it looked at, ends with 78, and creates nothing."""
    ran = untouched(*words)
    assert (ran.code, ran.out) == (78, "")
    assert str(untouched.database) in ran.err
    assert "trialwire init" in ran.err
    assert len(ran.complaint) <= 3
    assert not untouched.database.parent.exists()


@pytest.mark.parametrize("text", ["foo", "NCT123456789", "NCT0726391x", "https://example.com/"])
def test_malformed_number(untouched: Command, text: str) -> None:
    """A malformed number ends with 2 and shows the right form, before any database is looked for."""
    for words in (["history", text], ["watch", "add", text], ["show", f"{text}@2"]):
        ran = untouched(*words)
        assert (ran.code, ran.out) == (2, "")
        assert text in ran.err
        assert "NCT07263919" in ran.err
    assert not untouched.database.exists()


def test_unknown_trial(trialwire: Command) -> None:
    """The history of a trial that was never watched says so, and how to watch it."""
    trialwire("watch", "add", "NCT09000001")
    ran = trialwire("history", "NCT09000002")
    assert (ran.code, ran.out) == (1, "")
    assert "NCT09000002 is not on the watch list" in ran.err
    assert "trialwire watch add NCT09000002" in ran.err


def test_five_mistakes(trialwire: Command) -> None:
    """All mistakes of a config are told at once, each by its dotted name, with 78."""
    (trialwire.folder / "trialwire.toml").write_text(FIVE_MISTAKES)
    ran = trialwire("watch", "list")
    assert (ran.code, ran.out) == (78, "")
    for key in (
        "registries.ctgov.requests_per_second",
        "poll.evry",
        "rules.C99",
        "channels.pigeon.type",
        "subscriptions.morning.cadence",
    ):
        assert key in ran.err
    assert "Traceback" not in ran.err


def test_missing_config(trialwire: Command) -> None:
    """A config file that was named and is not there ends with 78, wherever on the line it was named."""
    for words in (["--config", "no.toml", "watch", "list"], ["watch", "list", "--config", "no.toml"]):
        ran = trialwire(*words)
        assert ran.code == 78
        assert "no.toml" in ran.err


def test_unwritable_state_directory(trialwire: Command) -> None:
    """A state directory that cannot be made or written ends with 78 and names it."""
    (trialwire.folder / "state").write_text("a file stands where the directory should be")
    ran = trialwire("watch", "add", "NCT09000001", TRIALWIRE_STORE__STATE_DIR=str(trialwire.folder / "state"))
    assert ran.code == 78
    assert str(trialwire.folder / "state") in ran.err
    assert len(ran.complaint) <= 3
    assert "Traceback" not in ran.err


def test_newer_database(trialwire: Command) -> None:
    """A database of a newer version is left alone: look-ups and writers alike end with 78."""
    trialwire("init")
    with sqlite3.connect(trialwire.database) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    for words in (["watch", "list"], ["watch", "add", "NCT09000001"], ["poll"], ["db", "upgrade"]):
        ran = trialwire(*words)
        assert ran.code == 78, words
        assert "9999" in ran.err
        assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["histroy", "NCT09000001"], "history"),
        (["watch", "lst"], "list"),
        (["history", "NCT09000001", "--filed", "x"], "--field"),
        (["history", "NCT09000001", "--category", "dats"], "dates"),
        (["history", "NCT09000001", "--rule", "c6"], "C6"),
        (["history", "NCT09000001", "--min-significance", "huge"], "critical"),
        (["history", "NCT09000001", "--since", "14/03/2026"], "2026-03-14"),
        (["show", "NCT09000001@yesterday"], "@original"),
        (["watch", "add"], "TRIAL"),
        (["diff", "old.json"], "AFTER"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse(trialwire: Command, words: list[str], meant: str) -> None:
    """What was mistyped ends with 2, and what was probably meant is said."""
    ran = trialwire(*words)
    assert (ran.code, ran.out) == (2, "")
    assert meant in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["history", "NCT09000001", "--limit", "x"], "Invalid value for '--limit': not a whole number."),
        (["poll", "--wait", "x"], "Invalid value for '--wait': not a number."),
        (
            ["changes", "--limit", "0"],
            "Invalid value for '--limit': it should be greater than or equal to 1.",
        ),
        (["changes", "--since", "7days"], "30d, 6w, 3m, 1y)."),
        (["digest", "preview", "m", "--since", "7days"], "30d, 6w, 3m, 1y)."),
        (["changes", "--category", "foo"], "documents, admin, registry."),
        (["changes", "--rule", "wrong"], "there is no rule 'wrong'. `trialwire rules` lists all."),
        (["quarantine", "show", "x"], "Invalid value for 'ID': not a whole number."),
        (["status", "-f", "xml"], "'xml' is not one of 'table', 'json', 'jsonl', 'csv', 'markdown'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_in_plain_words(trialwire: Command, words: list[str], said: str) -> None:
    """A value that cannot be read is told in our words, not in those of a parsing library."""
    ran = trialwire(*words)
    assert ran.code == 2
    assert ran.complaint[0].endswith(said)
    assert "Invalid value for " in ran.err
    assert "Value error" not in ran.err


def test_complaints_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong and what to do each end with one full stop; a list of mistakes is left as it is."""
    terminal.complain("no database at /x", "make one")
    assert capsys.readouterr().err == "trialwire: no database at /x.\nMake one.\n"
    terminal.complain("It is so.", "`trialwire init` makes one")
    assert capsys.readouterr().err == "trialwire: It is so.\n`trialwire init` makes one.\n"
    terminal.complain("a: wrong\nb: wrong")
    assert capsys.readouterr().err == "trialwire: a: wrong\nb: wrong\n"


def test_closed_pipe(trialwire: Command) -> None:
    """A reader that leaves early (`| head -1`) is no failure and causes no noise."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m monitor rules --format json | head -c 20; true"],
        cwd=trialwire.folder,
        env=trialwire.environment(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""


def test_options_may_follow(trialwire: Command) -> None:
    """`--config` is understood before and after the command, but not beyond `--`."""
    assert edge.hoisted(["history", "X", "--config", "a.toml"]) == ["--config", "a.toml", "history", "X"]
    assert edge.hoisted(["history", "--config=a.toml"]) == ["--config=a.toml", "history"]
    assert edge.hoisted(["diff", "--", "--config"]) == ["diff", "--", "--config"]


def test_our_own_mistake(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours is a line and exit 1, and a traceback only for who asks for one."""

    def broken(_: object) -> int:
        raise ZeroDivisionError("nought")

    assert edge.guard(broken, []) == 1
    quiet = capsys.readouterr()
    assert "ZeroDivisionError: nought" in quiet.err
    assert "Traceback" not in quiet.err
    monkeypatch.setenv("TRIALWIRE_TRACEBACK", "1")
    assert edge.guard(broken, []) == 1
    assert "Traceback" in capsys.readouterr().err


def test_complaint_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """What came from outside cannot steer the terminal from within an error message."""
    terminal.complain("\x1b[2Jcleared \u202eesrever")
    assert "\x1b" not in capsys.readouterr().err


def test_in_a_process_of_its_own(untouched: Command) -> None:
    """The process ends with the code and speaks on the streams that the command chose."""
    assert untouched.process("--version").out.startswith("trialwire 0.")
    asked = untouched.process("history", "NCT09000001")
    assert (asked.code, asked.out) == (78, "")
    assert str(untouched.database) in asked.err
    assert untouched.process("histroy").code == 2


def test_look_ups_load_no_network(trialwire: Command) -> None:
    """Look-ups stay quick: they load no HTTP client, no scheduler, no templates and no migrations."""
    trialwire("watch", "add", "NCT09000001")
    heavy = "{'httpx', 'apscheduler', 'jinja2', 'alembic', 'deepdiff', 'psycopg', 'starlette', 'uvicorn'}"
    looks = "history NCT09000001", "changes", "status", "readouts", "subscriptions", "deliveries list"
    asked = (
        f"import sys; from monitor.cli.commands import run; [run(words.split()) for words in {looks}]; "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=trialwire.folder,
        env=trialwire.environment(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"


def every_command(node: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands with the words that lead to them."""
    for name, command in getattr(node, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from every_command(command, *path, name)
        else:
            yield (*path, name), command


def test_every_command_has_an_example() -> None:
    """Every command's help says what it does, what each option is for, and shows an example of itself."""
    found = dict(every_command(typer.main.get_command(app)))
    assert len(found) >= 35
    for words, command in found.items():
        assert re.search(rf"Examples?: `trialwire {' '.join(words)}", command.help.replace("\n", " ")), words
        for parameter in command.params:
            assert getattr(parameter, "help", None), (words, parameter.name)


def test_help(trialwire: Command) -> None:
    """`--help` answers on stdout with 0, without a config or a database, and shows an example."""
    helped = trialwire("history", "--help")
    assert helped.code == 0
    assert "Example:" in helped.out
