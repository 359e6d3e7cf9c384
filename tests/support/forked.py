"""Processes of their own without the half second an interpreter takes to begin: forks of one that is warm.

A server that has imported the program, and holds no thread, lock or file of the tests, forks each of them.
They are whole processes: their signals, exit codes, locks and deaths are real. What depends on how an
interpreter starts (what it imports, its standard streams) is for `subprocess`, not for here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARM = (
    "tests.support.forked",
    "monitor.cli.commands",
    "monitor.daemon",
    "monitor.render",
    "monitor.web.server",
)


class Forked:
    """One that runs; as `subprocess.Popen` with text pipes, so far as tests ask."""

    def __init__(self, words: tuple[str, ...], *, env: Mapping[str, str], folder: Path) -> None:
        own = Path(tempfile.mkdtemp(prefix="trialwire-forked-"))
        weakref.finalize(self, shutil.rmtree, own, ignore_errors=True)
        self._streams = [own / name for name in ("out", "err")]
        given = (words, dict(env), str(folder), [str(path) for path in self._streams])
        self._process = _server().Process(target=_run, args=given, daemon=True)
        self._process.start()
        self._said: tuple[str, str] | None = None

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative where a signal ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give its exit code."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and give what it wrote."""
        self.wait(timeout)
        if self._said is None:
            out, err = (path.read_text("utf-8") for path in self._streams)
            self._said = (out, err)
        return self._said

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without asking."""
        self._process.kill()


def step(name: str, *, env: Mapping[str, str]) -> Forked:
    """Begin `daemon.run` or `daemon.run_once` on the installation that the environment names."""
    return Forked(("step", name), env=env, folder=ROOT)


def command(*words: str, env: Mapping[str, str], folder: Path) -> Forked:
    """Begin `trialwire` with these words in a folder."""
    return Forked(("command", *words), env=env, folder=folder)


def code(text: str, *words: str, env: Mapping[str, str] | None = None) -> Forked:
    """Begin `python -c` with this text and these words."""
    return Forked(("code", text, *words), env=os.environ if env is None else env, folder=ROOT)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(WARM))
    with contextlib.chdir(ROOT):
        from multiprocessing import forkserver

        forkserver.ensure_running()
    return context


def _run(words: tuple[str, ...], env: dict[str, str], folder: str, streams: list[str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, path in enumerate(streams, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), number)
    kind, *rest = words
    if kind == "code":
        sys.argv = ["-c", *rest[1:]]
        exec(rest[0], {"__name__": "__main__"})
    elif kind == "command":
        from monitor.__main__ import main

        sys.argv = ["trialwire", *rest]
        main()
    else:
        from monitor import daemon, log
        from monitor.bootstrap import App, load_settings

        log.set_up(level="info", style="json", stream=sys.stderr)
        with App(load_settings()) as app:
            getattr(daemon, rest[0])(app)
