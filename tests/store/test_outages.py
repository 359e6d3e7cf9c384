"""Targets that are down, through the outbox of either database: all arrives everywhere, and nothing twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from monitor.bootstrap import App
from monitor.demo.sinks import Hook, Reaction, WebhookSink
from monitor.pipeline import deliver
from tests.store.conftest import Place
from tests.support.outboxes import fill, installation, log_of, webhook
from tests.support.world import SECRET, Clock

DIGESTS = 3
DOWN, FAILURES = 503, 4


def ids(hooks: list[Hook]) -> list[str]:
    """The ids a receiver took."""
    return sorted(hook.headers["webhook-id"] for hook in hooks)


def daemon(folder: Path, place: Place, clock: Clock, *sinks: WebhookSink) -> App:
    """What a daemon does after a restart: void leases, and send what is due; then it leaves."""
    tables = [webhook(f"t{number}", sink.url) for number, sink in enumerate(sinks)]
    with installation(folder, *tables, clock=clock, url=place.url) as app:
        app.store.void_leases(clock())
        deliver.run(app)
    return app


def test_one_target_down_and_one_healthy(place: Place, tmp_path: Path) -> None:
    """What one missed it gets later, the other gets nothing twice, across restarts in between."""
    clock = Clock()
    with WebhookSink(SECRET) as well, WebhookSink(SECRET) as ill:
        ill.reactions.extend([Reaction(DOWN)] * FAILURES)
        sent: list[str] = []
        for number in range(1, DIGESTS + 1):
            tables = [webhook("t0", well.url), webhook("t1", ill.url)]
            with installation(tmp_path, *tables, clock=clock, url=place.url) as app:
                sent += fill(app, "t0", "t1", each=2, of=number)
            daemon(tmp_path, place, clock, well, ill)
            clock.forward(minutes=10)
        for _ in range(4):
            daemon(tmp_path, place, clock, well, ill)
            clock.forward(hours=6)
        with installation(tmp_path, *tables, clock=clock, url=place.url) as app:
            states = Counter(one.state for one in app.store.deliveries())
            mine = {one.id for one in app.store.deliveries(channel="t0")}
            theirs = {one.id for one in app.store.deliveries(channel="t1")}
        assert states == {"sent": len(sent)}
        assert ids(well.received) == sorted(mine)
        taken = ill.received[FAILURES:]
        assert ids(taken) == sorted(theirs)
        assert len({hook.body for hook in ill.received}) == 2


def test_a_week_away(place: Place, tmp_path: Path) -> None:
    """A target that names a week is asked nothing for a week, whoever restarts, and then gets all."""
    clock = Clock()
    with WebhookSink(SECRET) as away:
        away.reactions.append(Reaction(429, {"Retry-After": str(7 * 86400)}))
        table = webhook("t0", away.url)
        with installation(tmp_path, table, clock=clock, url=place.url) as app:
            (first,) = fill(app, "t0")
        for _ in range(7):
            daemon(tmp_path, place, clock, away)
            clock.forward(hours=23)
        assert len(away.received) == 1
        clock.forward(days=1)
        daemon(tmp_path, place, clock, away)
        with installation(tmp_path, table, clock=clock, url=place.url) as app:
            assert log_of(app, first) == [("later", 429, "answer"), ("sent", 204, "")]
    assert ids(away.received) == [first, first]


def test_serial_goes_one_at_a_time_and_in_order(place: Place, tmp_path: Path) -> None:
    """Where a channel is serial the next waits until the one before is sent or dead; others do not."""
    clock = Clock()
    with WebhookSink(SECRET) as serial, WebhookSink(SECRET) as free:
        for sink in (serial, free):
            sink.reactions.append(Reaction(500))
        tables = [webhook("t0", serial.url, "serial = true"), webhook("t1", free.url)]
        with installation(tmp_path, *tables, clock=clock, url=place.url) as app:
            fill(app, "t0", "t1", each=4)
            assert deliver.run(app).counts == {"pending": 2, "sent": 3}
            assert len(serial.received) == 1
            clock.forward(seconds=5)
            assert deliver.run(app).counts == {"sent": 5}
            order = [one.id for one in reversed(app.store.deliveries(channel="t0"))]
    assert [hook.headers["webhook-id"] for hook in serial.received] == [order[0], *order]


def test_serial_waits_for_the_dead_no_longer(place: Place, tmp_path: Path) -> None:
    """A message given up lets the next one go; sent again by hand, it goes before those after it."""
    clock = Clock()
    with WebhookSink(SECRET) as sink:
        table = webhook("t0", sink.url, "serial = true")
        with installation(tmp_path, table, clock=clock, url=place.url) as app:
            first, second, third = fill(app, "t0", each=3)
            app.store.drop([first])
            sink.reactions.append(Reaction(500))
            assert deliver.run(app).counts == {"pending": 1}
            app.store.retry([first], clock())
            clock.forward(seconds=5)
            assert deliver.run(app).counts == {"sent": 3}
    told = [hook.headers["webhook-id"] for hook in sink.received]
    assert told == [second, first, second, third]


def test_what_was_sent_is_sent_again(place: Place, tmp_path: Path) -> None:
    """A replay: the same ids and bytes, new attempts, the whole schedule; not to those who have left."""
    clock = Clock()
    with WebhookSink(SECRET) as sink:
        table = webhook("t0", sink.url)
        with installation(tmp_path, table, clock=clock, url=place.url) as app:
            sent = fill(app, "t0", each=3)
            left = fill(app, "t0", of=2, recipients=["Gone"])
            assert deliver.run(app).counts == {"sent": 4}
            app.store.opt_out("t0", "gone", clock())
            assert app.store.replayable(channel="t0") == tuple(sent)
            assert app.store.replayable(digest=app.store.digests()[0].id) == ()
            assert app.store.replayable(until=clock()) == ()
            assert app.store.replay([*sent, *left], clock()) == tuple(sent)
            assert app.store.replayable(channel="t0") == ()
            sink.reactions.extend([Reaction(500)] * 3)
            clock.forward(minutes=1)
            assert deliver.run(app).counts == {"pending": 3}
            clock.forward(seconds=5)
            assert deliver.run(app).counts == {"sent": 3}
            assert [outcome for outcome, *_ in log_of(app, sent[0])] == ["sent", "later", "sent"]
    for one in sent:
        hooks = [hook for hook in sink.received if hook.headers["webhook-id"] == one]
        assert len(hooks) == 3
        assert len({hook.body for hook in hooks}) == 1
        assert all(hook.verified for hook in hooks)
        assert len({hook.headers["webhook-timestamp"] for hook in hooks}) == 3
