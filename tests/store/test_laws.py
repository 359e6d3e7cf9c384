"""The law of telling: whatever is recorded, composed, sent and lost in whatever order, each change is told
to each subscription exactly once, and each message goes out until it is settled."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.core.delivery import Settlement
from monitor.store import ChangeQuery, Store, open_store
from tests.store.making import NOW, amended, delivery, digest, first, snapshot, subscription, trial
from tests.support.world import empty_database

NAMES = ("morning", "evening")


class Telling(RuleBasedStateMachine):
    """Two trials, two subscriptions, and a model of what each must have been told."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now: datetime = NOW
        self.versions = {1: 1, 2: 1}
        self.expected: dict[str, set[str]] = {}
        self.sent: set[str] = set()
        self.digests = 0

    @initialize()
    def start(self) -> None:
        """Watch two trials."""
        url = f"sqlite:///{self.folder.name}/t.db"
        Path(self.folder.name, "t.db").write_bytes(empty_database())
        self.store = open_store(url, state_dir=Path(self.folder.name))
        self.store.add_watches([trial(1), trial(2)], now=NOW)
        self.store.record([first(trial(1)), first(trial(2))])

    @rule(name=st.sampled_from(NAMES))
    def begin(self, name: str) -> None:
        """A subscription is seen in the config."""
        self.store.begin_subscription(name, self.now)
        self.expected.setdefault(name, set())

    @rule(number=st.sampled_from([1, 2]), fields=st.sets(st.sampled_from(["a.x", "b.y", "c.z"]), min_size=1))
    def amend(self, number: int, fields: set[str]) -> None:
        """A registry amends a trial."""
        self.now += timedelta(hours=1)
        seq = self.versions[number] + 1
        before = snapshot(f"v{seq - 1}" if seq > 2 else "A", who=trial(number), seq=seq - 1)
        made = amended(before, f"v{seq}", seq=seq, at=self.now, fields=sorted(fields))
        self.store.record([made])
        self.versions[number] = seq
        for told in self.expected.values():
            told.update(change.id for change in made.changes)

    @rule(name=st.sampled_from(NAMES), part=st.integers(0, 3))
    def compose(self, name: str, part: int) -> None:
        """A digest tells some or all of what is pending; composing it twice changes nothing."""
        pending = self.store.pending(subscription(name), self.now).changes
        told = [change.id for change in pending[: part or None]]
        self.digests += 1
        made = digest(
            told,
            name=name,
            period=str(self.digests),
            sequence=self.store.next_sequence(name),
            at=self.now,
        )
        message = delivery(self.digests, of=made.id, at=self.now)
        assert self.store.enqueue(made, [message], told=told)
        assert not self.store.enqueue(made, [message], told=told)
        assert set(told) <= self.expected.get(name, set())

    @rule(outcome=st.sampled_from(["sent", "later", "lost"]))
    def send(self, outcome: str) -> None:
        """What is due is claimed; it arrives, is put off, or the process dies over it."""
        for claimed in self.store.claim(self.now, lease_s=60, limit=2):
            assert claimed.id not in self.sent
            if outcome == "sent":
                self.store.settle(claimed.id, claimed.attempts, Settlement("sent", None, ""), now=self.now)
                self.sent.add(claimed.id)
            elif outcome == "later":
                again = Settlement("pending", self.now, "busy")
                self.store.settle(claimed.id, claimed.attempts, again, now=self.now)

    @rule()
    def restart(self) -> None:
        """A new process opens the database and voids what the old one held."""
        self.store.close()
        self.store = open_store(f"sqlite:///{self.folder.name}/t.db", state_dir=Path(self.folder.name))
        self.store.void_leases(self.now)

    @invariant()
    def each_change_is_told_or_pending(self) -> None:
        """For each subscription every change since it began is in exactly one digest, or pending."""
        if not hasattr(self, "store"):
            return
        for name, expected in self.expected.items():
            told = [
                change.id
                for one in self.store.digests(subscription=name)
                for change in self.store.digest_changes(one.id)
            ]
            pending = [change.id for change in self.store.pending(subscription(name), self.now).changes]
            assert sorted(told + pending) == sorted(expected)

    @precondition(lambda self: hasattr(self, "store"))
    @invariant()
    def every_message_is_sent_or_on_its_way(self) -> None:
        """Nothing leaves the outbox but by being sent."""
        states = {one.id: one.state for one in self.store.deliveries()}
        assert {one for one, state in states.items() if state == "sent"} == self.sent
        assert set(states.values()) <= {"pending", "leased", "sent"}
        assert len(self.store.changes(ChangeQuery())) == self.store.stats().rows["change"]

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "store"):
            self.store.close()
        self.folder.cleanup()


TestTelling = Telling.TestCase
TestTelling.settings = settings(max_examples=15, stateful_step_count=25)
