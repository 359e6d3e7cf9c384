"""For those who watch the process: is it alive, and is what it shows worth reading.

`healthz` asks nothing and says that the process answers; `readyz` looks at the database and names every
reason why a reader should not rely on the pages now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor import __version__
from monitor.core.recorded import isoformat
from monitor.core.watching import SourceHealth
from monitor.errors import MonitorError
from monitor.web.answering import plain_json
from monitor.web.site import Site

LATE_POLLS = 3
"""Polls missed in a row before data counts as old."""
WAITING = timedelta(minutes=15)
"""A message that has been due for so long shows that nobody sends."""


def alive(_: Request) -> Response:
    """The process answers."""
    return plain_json(200, {"alive": True, "version": __version__})


def ready(site: Site, _: Request) -> Response:
    """200 where the database can be read and is fed; 503 with every reason where not."""
    try:
        reasons = list(_reasons(site))
    except MonitorError as error:
        reasons = [f"the database cannot be read: {error.message}"]
    return plain_json(503 if reasons else 200, {"ready": not reasons, "reasons": list(reasons)})


def _reasons(site: Site) -> Iterator[str]:
    store, settings, now = site.store, site.works.settings, site.now
    sources = store.sources()
    if not sources and store.watch_count():
        yield "nothing was read from any registry yet"
    late = max(LATE_POLLS * timedelta(seconds=settings.poll.every_s), timedelta(hours=1))
    yield from (said for source in sources if (said := _late(source, now - late)))
    waiting = store.waiting_since([channel.name for channel in settings.channels])
    if waiting is not None and now - waiting > WAITING:
        yield f"a message has been due since {isoformat(waiting)} and is not sent: is the daemon running?"


def _late(source: SourceHealth, floor: datetime) -> str:
    """Why its data is old; empty where it was read since `floor`."""
    read = source.last_success_at
    if read is not None and read >= floor:
        return ""
    when = f"was last read {isoformat(read)}" if read else "was never read"
    return f"{source.registry} {when} ({source.state})"
