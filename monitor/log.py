"""Sets up logging: lines for people on a terminal, JSON lines elsewhere, always on stderr.

Modules log through the standard library (`logging.getLogger(__name__)`), an event in words with its values in
`extra`. What looks like a credential in a URL never leaves here: user info and query strings are cut.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Literal, TextIO

import orjson

_USER_INFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@?#]+@", re.IGNORECASE)
_QUERY = re.compile(
    r"(?P<url>\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]+)\?[^\s\"'<>)]*[^\s\"'<>).,:;]", re.IGNORECASE
)
_SECRET = re.compile(r"\b(?:whsec|whsk)_[A-Za-z0-9+/=_-]+|(?<=\bBearer )\S+|(?<=\bBasic )\S+", re.IGNORECASE)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """The text without user info and query strings of URLs, webhook secrets and authorization values."""
    text = _USER_INFO.sub(r"\g<scheme>***@", text)
    text = _QUERY.sub(r"\g<url>?***", text)
    return _SECRET.sub("***", text)


def set_up(*, level: str, style: Literal["auto", "console", "json"], stream: TextIO) -> None:
    """Send all log records of this process to `stream`; calling it again replaces what was set up before."""
    people = style == "console" or (style == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ConsoleFormatter() if people else JsonFormatter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, (ConsoleFormatter, JsonFormatter))]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # The timer warns of every tick that finds its step still at work, which is how it is meant to be.
    logging.getLogger("apscheduler").setLevel(max(logging.ERROR, root.level))
    for noisy in ("alembic", "httpx", "httpcore", "mail.log", "sqlalchemy", "urllib3", "uvicorn"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the record's own values."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
            **{name: _plain(value) for name, value in _extra(record).items()},
        }
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode()


class ConsoleFormatter(logging.Formatter):
    """Time of day, level, event, values as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted; a traceback follows on its own lines."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        values = " ".join(f"{name}={_plain(value)}" for name, value in _extra(record).items())
        line = f"{at} {record.levelname.lower():<7} {redact(record.getMessage())}"
        trace = f"\n{redact(self.formatException(record.exc_info))}" if record.exc_info else ""
        return f"{line}  {values}{trace}" if values else f"{line}{trace}"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN}


def _plain(value: object) -> object:
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return redact(str(value))
