"""Steps that talk to the network: done here under the daemon's lock, or asked of the daemon that holds it.

Two processes never poll or deliver at once. A request stays in the database; the daemon picks it up within
seconds, and the command waits for its outcome.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from monitor.cli import dates, session, terminal
from monitor.errors import LockedError, MonitorError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.core.watching import RequestKind
    from monitor.store import Store
    from monitor.store.locks import DaemonLock

Wait: TypeAlias = Annotated[
    float, typer.Option("--wait", min=0, metavar="S", help="Beside a daemon: seconds to wait for its answer.")
]
PATIENCE_S = 900.0
_LOOK_EVERY_S = 0.25
_GONE_AFTER_S = 2.0
"""Without an answer for so long, see whether the daemon is still there."""


def either(kind: RequestKind, args: Sequence[str], here: Callable[[App], str], *, patience_s: float) -> str:
    """Do a step here if no daemon runs, else have the daemon do it; its outcome in words either way.

    A daemon that leaves before it has answered leaves the step to us. Raises LockedError (exit 75) where it
    does not answer in time.
    """
    session.log_to_stderr("warning")
    found = session.settings()
    with session.writing(found) as store:
        lock = store.daemon_lock()
        number = None
        if not taken(lock):
            number = store.ask(kind, args, dates.now())
            terminal.note(f"A daemon is running: asked it (request {number}), waiting for its answer.")
            answer = _answer(store, number, lock, patience_s)
            if answer is not None:
                return answer
        try:
            with session.application(found) as app:
                outcome = here(app)
            if number is not None:
                store.answer(number, "done", outcome, dates.now())
            return outcome
        finally:
            lock.release()


def send_again(
    kind: Literal["deliveries.retry", "deliveries.replay"], ids: tuple[str, ...], *, patience_s: float
) -> None:
    """Make deliveries due, in a new round, and send them."""

    def here(app: App) -> str:
        from monitor.pipeline import deliver

        again = app.store.retry if kind == "deliveries.retry" else app.store.replay
        due = again(ids, app.clock())
        told = deliver.in_words(deliver.run(app).counts)
        return f"{len(due):,} of {len(ids):,} due now" + (f": {told}" if told else "")

    terminal.note(either(kind, ids, here, patience_s=patience_s))


def _answer(store: Store, number: int, lock: DaemonLock, patience_s: float) -> str | None:
    """What the daemon says; None where it has left without a word, and the lock is ours."""
    deadline = time.monotonic() + patience_s
    look_for_it = time.monotonic() + _GONE_AFTER_S
    while time.monotonic() < deadline:
        request = store.request(number)
        if request is not None and request.state == "done":
            return request.result
        if request is not None and request.state == "failed":
            raise MonitorError(f"the daemon could not do it: {request.result}")
        if time.monotonic() > look_for_it:
            if taken(lock):
                return None
            look_for_it = time.monotonic() + _GONE_AFTER_S
        time.sleep(_LOOK_EVERY_S)
    raise LockedError(
        f"no answer from the daemon within {patience_s:.0f} s",
        remedy=f"Request {number} stays; `journalctl -u trialwire` tells what the daemon is doing.",
    )


def taken(lock: DaemonLock) -> bool:
    """Take the daemon's lock; False where a daemon holds it."""
    try:
        lock.acquire()
    except LockedError:
        return False
    return True
