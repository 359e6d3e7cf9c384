"""The stories of the amendments as one readable text: findings worst first, their sentences below them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import monitor
from monitor.core.change import ChangeSet, Finding
from tests.golden.amendments import AMENDMENTS

GOLDEN = Path(__file__).with_name("stories.txt")
_HEAD = """\
Stories of invented amendments, as a reader is told them. Written by `python -m tests.golden`, compared by
the tests word for word: read what differs before you commit it.

Each finding: level, rule, kind, headline; » what belongs to no single change; - each change with its level
and rule.
"""


def told() -> str:
    """The whole text."""
    stories = ("\n".join(_story(number)) for number in range(len(AMENDMENTS)))
    return "\n\n".join((_HEAD, *stories)) + "\n"


def _story(number: int) -> Iterator[str]:
    amendment = AMENDMENTS[number]
    title = f"{number + 1}. {amendment.name}"
    yield title
    yield "=" * len(title)
    changes = monitor.compare(amendment.before, amendment.after, history=amendment.earlier)
    for finding in changes.findings:
        yield from _finding(changes, finding)


def _finding(changes: ChangeSet, finding: Finding) -> Iterator[str]:
    yield ""
    yield from _wrapped(
        f"{finding.significance.upper()} {finding.rule} {finding.kind}: {finding.headline}", ""
    )
    for detail in finding.details:
        yield from _wrapped(detail, "  » ")
    for index in finding.members:
        change = changes[index]
        yield from _wrapped(f"{change.significance} {change.rule}: {change.summary}", "  - ")


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(text, 108, initial_indent=mark, subsequent_indent=" " * (len(mark) or 4))
