"""`trialwire demo`: it holds what it promises, says so by its exit code, and leaves nothing behind."""

from __future__ import annotations

import email
import email.policy
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from monitor.cli.stage import reflowed
from monitor.core.change import Significance
from monitor.core.recorded import RecordedChange
from monitor.demo import tour
from monitor.demo.scenario import editions
from monitor.errors import ConfigError
from tests.cli.command import Command
from tests.support.schemas import valid


@dataclass
class Listener:
    """An audience that remembers what it was told."""

    checks: list[tuple[str, bool]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def heading(self, words: str) -> None:
        """Remember a heading."""
        self.said.append(words)

    def line(self, words: str, *, good: bool | None = None) -> None:
        """Remember a line, and what was checked."""
        self.said.append(words)
        if good is not None:
            self.checks.append((words, good))

    def finding(self, level: Significance, trial: str, headline: str) -> None:
        """Remember a finding."""
        self.said.append(f"{level} {trial} {headline}")

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Remember pairs."""
        self.said.extend(f"{name} {words}" for name, words in rows)

    def verbatim(self, text: str) -> None:
        """Remember a document."""
        self.said.append(text)

    def changes(self, changes: Sequence[RecordedChange]) -> None:
        """Remember the sentences of a history."""
        self.said.extend(change.summary for change in changes)


@pytest.fixture(scope="module")
def listener() -> Listener:
    """Somebody who has taken the tour."""
    found = Listener()
    assert tour.run(found), found.checks
    return found


def test_tour_holds(listener: Listener) -> None:
    """Everything the tour checks holds, and what happened in the story is told in its digest."""
    assert [words for words, held in listener.checks if not held] == []
    told = "\n".join(listener.said)
    for truth in (
        "Suspended",
        "portfolio reprioritization",
        "Dec 2029 → Jul 2030",
        "420 → 300",
        "secondary to primary",
    ):
        assert truth in told
    assert "signature verified" in told
    assert "304" in told


def test_quiet_edition_is_quiet(listener: Listener) -> None:
    """A data version that re-stamps every record yields no change and no message."""
    begin = next(i for i, words in enumerate(listener.said) if words.startswith("3 ·"))
    end = next(i for i, words in enumerate(listener.said) if words.startswith("4 ·"))
    assert [words.rpartition(": ")[2] for words in listener.said[begin + 1 : end]] == [
        "no change",
        "nobody was told anything",
    ]


def test_lie_is_noticed() -> None:
    """A story that does not match what was found makes the tour fail."""
    first, second, *rest = editions()
    lying = (first, replace(second, amended=frozenset({"NCT09100006"})), *rest)
    listener = Listener()
    assert tour.run(listener, story=lying) is False
    assert [held for _, held in listener.checks].count(False) == 2


def test_leaves_nothing(trialwire: Command) -> None:
    """Without `--keep` the tour leaves no file, and it needs neither a config nor a database."""
    scratch = trialwire.folder / "scratch"
    scratch.mkdir()
    running = trialwire.beside("demo", TMPDIR=str(scratch), columns=80)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, ""), out
    assert list(scratch.iterdir()) == []
    assert [path.name for path in trialwire.folder.iterdir()] == ["scratch"]
    headed = [line for line in out.splitlines() if not line.startswith("  │")]
    assert max(len(line) for line in headed) <= 80


def test_keeps(trialwire: Command) -> None:
    """With `--keep` messages and database stay, readable by anybody, and it is told by which command."""
    for _ in range(2):
        ran = trialwire("demo", "--keep", "kept", columns=300)
        assert ran.code == 0
    kept = trialwire.folder / "kept"
    mails = sorted((kept / "digests").glob("*.eml"))
    assert len(mails) == 3
    for path in mails:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert message.get_body(("html",)) is not None
        assert path.with_suffix(".html").read_text("utf-8").startswith("<!")
    for path in (kept / "webhooks").glob("*.json"):
        assert valid(path.read_bytes())["type"] == "digest.created"
    assert trialwire("history", "NCT09100001", "--config", "kept/trialwire.toml").code == 0
    (look,) = [line for line in ran.out.splitlines() if line.startswith("  look ")]
    assert look.endswith(" --config kept/trialwire.toml history NCT09100001")
    program = look.split()[1]
    assert shutil.which(program) is not None


def test_touches_nothing_foreign(tmp_path: Path) -> None:
    """A folder that holds anything but an earlier tour is refused before anything happens."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "trialwire.db").write_text("dear to somebody")
    with pytest.raises(ConfigError, match="not empty"):
        tour.run(Listener(), keep=tmp_path)
    assert (tmp_path / "state" / "trialwire.db").read_text() == "dear to somebody"


def test_text_is_reflowed() -> None:
    """On a narrow terminal wrapped paragraphs are joined before they are wrapped anew; short lines stay."""
    wrapped = ["HEAD", "  · one two three four", "    five six", "  · seven", "", "  bar  ├────┤ Jun"]
    assert list(reflowed(wrapped, 22, 40)) == [
        "HEAD",
        "  · one two three four five six",
        "  · seven",
        "",
        "  bar  ├────┤ Jun",
    ]
    narrow = list(reflowed(wrapped, 22, 20))
    assert max(map(len, narrow)) <= 20
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(wrapped).split())
