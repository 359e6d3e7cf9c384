"""Runs the command as people do, in an environment of its own: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from monitor.cli import session, terminal
from monitor.cli.commands import run
from monitor.core.record import Json
from tests.support import forked
from tests.support.forked import Forked

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the command gave."""

    code: int
    out: str
    err: str

    def json(self) -> Json:
        """Its standard output as JSON."""
        found: Json = orjson.loads(self.out)
        return found

    @property
    def complaint(self) -> list[str]:
        """The lines of standard error."""
        return self.err.rstrip("\n").split("\n")


@dataclass(frozen=True, slots=True)
class Command:
    """The command in a folder of its own: home, working directory and state are there."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: bytes = b"", columns: int = 120, **environ: str) -> Ran:
        """Run `trialwire` with these words, here: an interpreter of its own costs half a second."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with (
            self._as_environment(self.environment(columns, **environ)),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            code = run(words)
        return Ran(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def process(self, *words: str, stdin: bytes = b"", columns: int = 120, **environ: str) -> Ran:
        """Run `trialwire` with these words in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "monitor", *words],
            cwd=self.folder,
            env=self.environment(columns, **environ),
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def beside(self, *words: str, columns: int = 120, **environ: str) -> Forked:
        """Begin `trialwire` with these words in a process of its own that starts warm, and go on."""
        return forked.command(*words, env=self.environment(columns, **environ), folder=self.folder)

    def environment(self, columns: int = 120, **environ: str) -> dict[str, str]:
        """The environment it runs in: nothing of ours but the path to Python and to the sources."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "COLUMNS": str(columns),
            **self.environ,
            **environ,
        }

    @property
    def database(self) -> Path:
        """Where its database is, unless a config says otherwise."""
        return self.folder / ".local" / "state" / "trialwire" / "trialwire.db"

    @staticmethod
    @contextlib.contextmanager
    def _as_environment(wanted: dict[str, str]) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(wanted)
        terminal.ascii_only.cache_clear()
        session.choose_config(None, os.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            terminal.ascii_only.cache_clear()
