"""What a shell may do to the standard streams: close them, or stop reading."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from tests.cli.command import Command
from tests.support.records import study


def in_a_shell(trialwire: Command, line: str) -> tuple[int, str, str]:
    """The exit code, output and complaints of a line in which TRIALWIRE stands for the command."""
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; " + line.replace("TRIALWIRE", f"{sys.executable} -m monitor")],
        cwd=trialwire.folder,
        env=trialwire.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", ["--help", "show NCT09000001", "rules", "changes --baseline --format csv"])
def test_a_reader_that_leaves_is_no_failure(trialwire: Command, words: str) -> None:
    """`| head -1` ends well, whoever finds the pipe broken."""
    (trialwire.folder / "study.json").write_bytes(orjson.dumps(study("NCT09000001")))
    assert trialwire("import", "study.json").code == 0
    code, out, err = in_a_shell(trialwire, f"TRIALWIRE {words} | (head -c 1; exec <&-; sleep 1)")
    assert (code, len(out), err) == (0, 1, "")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TRIALWIRE rules >&-", 0),
        ("TRIALWIRE rules 2>&- >/dev/null", 0),
        ("TRIALWIRE watch add NCT09000001 <&- >&- 2>&-", 0),
        ("TRIALWIRE watch import - <&-", 1),
    ],
)
def test_closed_streams_lead_nowhere(trialwire: Command, line: str, code: int) -> None:
    """A command whose standard streams are closed does its work; nothing to read is an empty file."""
    found, _, err = in_a_shell(trialwire, line)
    assert found == code
    assert "internal error" not in err
    assert "Traceback" not in err
