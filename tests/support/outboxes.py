"""An installation with channels and messages in its outbox, without a registry or a digest's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from monitor.bootstrap import App, load_settings
from monitor.core.delivery import Attempt, Message, outbox
from tests.store.making import digest
from tests.support.world import SECRET, Clock

WEBHOOK = """
[[channels]]
name = "{name}"
type = "webhook"
url = "{url}"
secret_env = "HOOK_SECRET"
allow_networks = ["127.0.0.0/8"]
{more}
"""


@contextmanager
def installation(
    folder: Path, *channels: str, clock: Clock, url: str = "", chance: float = 0.0
) -> Iterator[App]:
    """An app with these `[[channels]]` tables and a clock that is set."""
    config = folder / "trialwire.toml"
    store = f'[store]\nstate_dir = "{folder}/state"\n' + (f'url = "{url}"\n' if url else "")
    config.write_text(store + "\n".join(channels), "utf-8")
    env = {"TRIALWIRE_CONFIG": str(config), "HOOK_SECRET": SECRET, "HOME": str(folder)}
    (folder / "state").mkdir(exist_ok=True)
    with App(
        load_settings(None, env),
        env=env,
        clock=clock,
        monotonic=lambda: clock().timestamp(),
        chance=lambda: chance,
    ) as app:
        yield app


def webhook(name: str, url: str, *more: str) -> str:
    """A `[[channels]]` table."""
    return WEBHOOK.format(name=name, url=url, more="\n".join(more))


def fill(app: App, *channels: str, each: int = 1, of: int = 1, recipients: Sequence[str] = ()) -> list[str]:
    """Put messages into the outbox, under the digest `of`; return their ids, oldest first."""
    now = app.clock()
    made = digest(period=f"2026-11-{of:02d}", sequence=of, at=now)
    rows = [
        replace(row, digest=made.id)
        for number in range(each)
        for name in channels
        for who in recipients or (name,)
        for row in outbox(
            made.id,
            name,
            [Message(who, number + 1, b'{"number":%d}' % number, "digest.created")],
            now=now,
        )
    ]
    assert app.store.enqueue(made, rows, told=())
    return [row.id for row in rows]


def log_of(app: App, delivery: str) -> list[tuple[str, int | None, str]]:
    """Outcome, status and error class of each attempt."""
    return [(one.outcome, one.status, one.error_class) for one in app.store.attempts(delivery)]


def last(app: App, delivery: str) -> Attempt:
    """The last attempt."""
    return app.store.attempts(delivery)[-1]
