"""The two locks (contract section 5): one daemon at a time, and short turns for writers.

Both are `flock` on a file of the state directory: the kernel lets go of them when their holder dies.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self


def daemon_pid(state_dir: Path) -> int | None:
    """The process that holds the daemon lock, or None."""


class DaemonLock:
    """Held by the daemon, and by `run --once` while it works: a second one gets LockedError (exit 75)."""

    def acquire(self) -> None:
        """Take it, or raise LockedError naming who has it. Never waits."""

    def release(self) -> None:
        """Let go."""

    def still_held(self) -> bool:
        """False where the PostgreSQL session that held it is gone: stop at once."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
