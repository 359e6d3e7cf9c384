"""`serve`: web pages, a JSON API and feeds, over a database that is only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.cli import session, terminal
from monitor.cli.application import app
from monitor.transport.addresses import is_this_machine

if TYPE_CHECKING:
    from monitor.config import Settings


@app.command("serve", rich_help_panel="Operate")
def serve() -> None:
    """Serve web pages, a JSON API and feeds at `[pages] listen`, until told to end.

    It reads the database beside a running daemon, and answers to this machine alone unless told otherwise.

    Example: `trialwire serve`
    """
    from monitor.cli import health
    from monitor.web import routes, server
    from monitor.web.site import Site

    found = session.settings()
    with session.application(found, read_only=True) as works:
        store = works.lookup  # a missing database ends it before anybody asks
        site = Site(works, lambda held: health.report(held, found))
        session.log_to_stderr()
        host, port = found.pages.place
        with server.bound(host, port) as listening:
            terminal.note(f"Serving {_address(listening.getsockname())} from {store.place}; Ctrl-C ends it.")
            terminal.note(*warning(found))
            server.server(routes.build(site)).run(sockets=[listening])


def _address(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}/"


def warning(found: Settings) -> tuple[str, ...]:
    """What to say where others than this machine can reach it; nothing where they cannot."""
    if is_this_machine(found.pages.place[0]):
        return ()
    return (
        f"Whoever reaches {found.pages.listen} can read everything here, unencrypted.",
        "Put a proxy before it that speaks TLS and asks who it is, and listen at 127.0.0.1.",
    )
