"""Logging: lines for people, JSON lines for machines, and no credential in either."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import orjson
import pytest

from monitor import log


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield logging.getLogger("monitor.test")
    root.handlers[:], root.level = before


def test_the_timer_does_not_chatter(logger: logging.Logger) -> None:
    """A tick that finds its step still at work is no warning; a job that failed is an error."""
    stream = io.StringIO()
    log.set_up(level="info", style="json", stream=stream)
    timer = logging.getLogger("apscheduler.scheduler")
    timer.warning("Execution of job skipped: maximum number of running instances reached (1)")
    timer.error("Job raised an exception")
    assert [orjson.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["error"]


def test_a_machine_gets_one_json_object_a_line(logger: logging.Logger) -> None:
    """Event, level, logger and the event's own values are members."""
    stream = io.StringIO()
    log.set_up(level="info", style="auto", stream=stream)
    logger.info("polled", extra={"registry": "ctgov", "changed": 3})
    logger.debug("not shown")
    (line,) = stream.getvalue().splitlines()
    told = orjson.loads(line)
    assert told.pop("at").endswith("+00:00")
    assert told == {
        "level": "info",
        "logger": "monitor.test",
        "event": "polled",
        "registry": "ctgov",
        "changed": 3,
    }


def test_a_person_gets_a_line(logger: logging.Logger) -> None:
    """On a terminal: time of day, level, event, values."""
    stream = io.StringIO()
    log.set_up(level="info", style="console", stream=stream)
    logger.warning("batch not read", extra={"why": "status 500"})
    assert stream.getvalue()[9:] == "warning batch not read  why=status 500\n"


def test_setting_up_again_replaces(logger: logging.Logger) -> None:
    """A record is written once, however often logging was set up."""
    first, second = io.StringIO(), io.StringIO()
    log.set_up(level="info", style="json", stream=first)
    log.set_up(level="info", style="json", stream=second)
    logger.info("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql+psycopg://tw:hunter2@db/tw down", "postgresql+psycopg://***@db/tw down"),
        ("POST https://hooks.example/x?token=abc&a=1: 500", "POST https://hooks.example/x?***: 500"),
        ("https://u:p@h.example/a?b=c", "https://***@h.example/a?***"),
        ("signed with whsec_c2VjcmV0", "signed with ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("mail to ops@example.com, 2 of 3?", "mail to ops@example.com, 2 of 3?"),
    ],
)
def test_credentials_are_cut(said: str, shown: str) -> None:
    """User info, query strings, webhook secrets and authorization values leave no trace."""
    assert log.redact(said) == shown


def test_tracebacks_and_values_are_redacted_too(logger: logging.Logger) -> None:
    """An exception's text is no way around."""
    stream = io.StringIO()
    log.set_up(level="info", style="json", stream=stream)
    try:
        raise ValueError("https://u:hunter2@h.example")
    except ValueError:
        logger.exception("failed", extra={"url": "https://h.example?key=hunter2"})
    assert "hunter2" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()
