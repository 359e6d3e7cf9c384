"""The outer edge of the command: every way it can end becomes at most three lines and an exit code.

Exit codes are those of contract section 1: 0 done, 1 failed, 2 usage, 3 needs attention, 75 try again later,
78 configuration. Nothing here prints a traceback unless `TRIALWIRE_TRACEBACK` asks for one.
"""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from monitor.cli import terminal
from monitor.errors import MonitorError

ATTENTION = 3
"""Done, but something needs attention."""

_IN_WORDS = {
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be": "it should be",
}
_TYPES_WORDS = re.compile("|".join(map(re.escape, ("Value error, ", *_IN_WORDS))))
"""What the parser of option values says in its own words."""

_INTERRUPTED = 130
_FAILED = 1


def guard(command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Run `command`, turn whatever it raises into a message on stderr, and return the exit code."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot say a word must not end the answer
    try:
        code = command(hoisted(argv))
        sys.stdout.flush()
    except typer.TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        terminal.note("Interrupted.")
        return _INTERRUPTED
    except BrokenPipeError:
        return _unheard()
    except SystemExit as leave:
        # How Rich leaves where it was the one to find the pipe broken.
        if isinstance(leave.__context__, BrokenPipeError):
            return _unheard()
        raise
    except Exception as error:
        return failure(error)
    return code


def failure(error: Exception) -> int:
    """Say what failed and what to do about it, and return the exit code for it."""
    if isinstance(error, MonitorError):
        return _told(error)
    if isinstance(error, OSError):
        return _system(error)
    return _bug(error)


def hoisted(argv: Sequence[str]) -> list[str]:
    """The arguments with `--config FILE` moved to the front, where the command line expects it."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest.extend((word, *words))
        elif word == "--config":
            front.extend((word, *(value for value in [next(words, None)] if value is not None)))
        elif word.startswith("--config="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _open_what_is_closed() -> None:
    """Standard streams that were closed (`>&-`) lead nowhere; nothing else may take their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _unheard() -> int:
    """The reader of our output has left (`| head`): not our failure, and nothing more to say to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _told(error: MonitorError) -> int:
    terminal.complain(error.message, error.remedy)
    _maybe_trace(error)
    return error.exit_code


def _misused(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    place = context.command_path if context is not None else "trialwire"
    message = _TYPES_WORDS.sub(lambda found: _IN_WORDS.get(found[0], ""), error.format_message())
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(message)
        return 2
    terminal.complain(message, f"`{place} --help` shows what it takes, with an example.")
    return 2


def _system(error: OSError) -> int:
    place = f"{error.filename}: " if error.filename else ""
    remedy = {
        PermissionError: "Run as a user who may, or choose another place.",
        FileNotFoundError: "Check the path.",
        IsADirectoryError: "Name a file.",
    }.get(type(error))
    terminal.complain(f"{place}{(error.strerror or str(error)).lower()}.", remedy)
    _maybe_trace(error)
    return _FAILED


def _bug(error: Exception) -> int:
    said = next(iter(str(error).splitlines()), "(no text)")
    terminal.complain(
        f"internal error, {type(error).__name__}: {said}",
        "This is a mistake in Trialwire; TRIALWIRE_TRACEBACK=1 shows where it happened, for a report.",
    )
    _maybe_trace(error)
    return _FAILED


def _maybe_trace(error: BaseException) -> None:
    if os.environ.get("TRIALWIRE_TRACEBACK"):
        traceback.print_exception(error, file=sys.stderr)
