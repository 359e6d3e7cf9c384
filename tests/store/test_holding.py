"""Holds in the store, on both engines: what they keep back, whatever order things happen in."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitor.core.brakes import Changed
from monitor.errors import LockedError, StoreError
from monitor.store import Store, open_store
from tests.store.making import DAY, NOW, amended, first, snapshot, subscription, trial
from tests.support.world import empty_database

OLD, NEW = "2026-11-20T09:00:05", "2026-11-21T09:00:05"
LATER = NOW + 400 * DAY
FIELDS = ("status.overallStatus", "status.statusVerifiedDate")


def amend(store: Store, number: int, seq: int, fields: tuple[str, ...] = FIELDS[:1]) -> None:
    """Another version of a trial."""
    before = snapshot(str(seq - 1), who=trial(number), seq=seq - 1)
    store.record([amended(before, str(seq), seq=seq, at=NOW + DAY, fields=fields)])


def pending(store: Store) -> set[str]:
    """Trials with changes that a digest could have."""
    found = store.pending(subscription(), LATER).changes
    return {change.trial.id[-1] for change in found}


@pytest.fixture
def watched(store: Store) -> Store:
    """Four watched trials, read once, and a subscription."""
    store.add_watches([trial(number) for number in range(1, 5)], now=NOW)
    store.record([first(trial(number), letter="1", data_version=OLD) for number in range(1, 5)])
    store.begin_subscription("morning", NOW)
    return store


def test_what_is_counted_or_held_is_kept_back(watched: Store) -> None:
    """From before the first change to the decision; what is recorded after the judgment is not concerned."""
    watched.open_hold("ctgov", NEW, NOW)
    amend(watched, 1, 2)
    assert pending(watched) == set()
    counting = watched.counting_hold("ctgov")
    assert counting is not None
    assert (counting.since_version, counting.state) == (OLD, "counting")
    assert watched.settle_hold(counting.id, "too many", NOW)
    assert not watched.settle_hold(counting.id, "", NOW)
    amend(watched, 2, 2)
    assert pending(watched) == {"2"}
    (hold,) = watched.holds()
    assert watched.pending(subscription(), LATER, since=NOW).changes[0].trial == trial(1)
    watched.decide_hold(hold.id, "released", NOW)
    assert pending(watched) == {"1", "2"}


def test_a_tally_counts_trials_by_day_and_field(watched: Store) -> None:
    """Distinct trials outside administrative fields, by the day posted, beside those that were read."""
    watched.open_hold("ctgov", NEW, NOW)
    amend(watched, 1, 2, FIELDS)
    amend(watched, 2, 2, FIELDS[1:])
    watched.add_watches([trial(5)], now=NOW)
    watched.record([first(trial(5), data_version=NEW)])
    counting = watched.counting_hold("ctgov")
    assert counting is not None
    assert watched.tally(counting, least=3) is None
    tally = watched.tally(counting)
    assert tally is not None
    assert (tally.watched, tally.read, tally.moved, tally.versions) == (5, 3, 2, 1)
    assert tally.outside == Changed({"2026-11-21": 1})
    assert tally.fields == {FIELDS[0]: Changed({"2026-11-21": 1}), FIELDS[1]: Changed({"2026-11-21": 2})}


def test_what_is_held_can_be_shown(watched: Store) -> None:
    """Counts, fields by how many trials they changed in, and three examples."""
    watched.open_hold("ctgov", NEW, NOW)
    for number in range(1, 5):
        amend(watched, number, 2, FIELDS if number == 1 else FIELDS[1:])
    counting = watched.counting_hold("ctgov")
    assert counting is not None
    watched.settle_hold(counting.id, "too many", NOW)
    found = watched.withheld(watched.holds()[0])
    assert (found.trials, found.changes) == (4, 5)
    assert found.fields == ((FIELDS[1], 4), (FIELDS[0], 1))
    assert [change.field for change in found.examples] == [FIELDS[1]] * 3


class Holding(RuleBasedStateMachine):
    """Cycles that end or die, data versions that move, decisions: beside a model of what may be told."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "t.db").write_bytes(empty_database())
        self.store = open_store(f"sqlite:///{self.folder}/t.db", state_dir=self.folder)
        self.version, self.seq = 20, 1
        self.fate: dict[int, str] = {}
        """By data version: open, held, clear, released or dismissed."""
        self.of: dict[int, int] = {}
        """The data version, by our number of the trial's version it was recorded as."""
        self.frozen: dict[int, str] = {}
        """By the same number: what was decided, where the rest of the data version is judged anew."""

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """One watched trial and a reader."""
        self.store.add_watches([trial()], now=NOW)
        self.store.record([first(letter="1", data_version=OLD)])
        self.store.begin_subscription("morning", NOW)

    @rule()
    def registry_publishes(self) -> None:
        """Another data version."""
        self.version += 1

    @rule(changes=st.integers(0, 2), reason=st.sampled_from(["", "too many", "too many", None]))
    def cycle(self, changes: int, reason: str | None) -> None:
        """As the pipeline does; without a reason it dies before it has judged."""
        left = self.store.counting_hold("ctgov")
        if left is not None and left.data_version != str(self.version):
            self._settle("")
        self.store.open_hold("ctgov", str(self.version), NOW)
        if self.fate.get(self.version) == "dismissed":
            self._freeze("dismissed")
        if self.fate.get(self.version) != "released":
            self.fate[self.version] = "open"
        for _ in range(changes):
            self._record()
            self.nothing_else_is_pending()
        if reason is not None:
            self._settle(reason)

    @rule(decision=st.sampled_from(["released", "dismissed"]), twice=st.booleans())
    def somebody_decides(self, decision: str, twice: bool) -> None:
        """On the newest hold, once or twice, whatever its state."""
        holds = self.store.holds("counting", "held", "clear", "released", "dismissed")
        if not holds:
            return
        newest = holds[-1]
        for _ in range(1 + twice):
            try:
                self.store.decide_hold(newest.id, decision, NOW + timedelta(hours=1))  # type: ignore[arg-type]
            except (LockedError, StoreError):
                assert newest.state not in ("held", decision)
            else:
                assert newest.state in ("held", decision)
                self.fate[int(newest.data_version)] = decision

    def _record(self) -> None:
        self.seq += 1
        before = snapshot(str(self.seq - 1), seq=self.seq - 1, first_seen=str(self.seq - 1))
        self.store.record(
            [amended(before, str(self.seq), seq=self.seq, at=NOW + DAY, first_seen=str(self.seq))]
        )
        self.of[self.seq] = self.version

    def _settle(self, reason: str) -> None:
        left = self.store.counting_hold("ctgov")
        if left is not None:
            assert self.store.settle_hold(left.id, reason, NOW)
            self.fate[int(left.data_version)] = "held" if reason else "clear"

    @invariant()
    def nothing_else_is_pending(self) -> None:
        """A digest could have exactly what was let go."""
        expected = {
            seq
            for seq, version in self.of.items()
            if self.frozen.get(seq, self.fate[version]) in ("clear", "released")
        }
        found = self.store.pending(subscription(), LATER).changes
        assert {change.stamp.snapshot_to for change in found} == expected

    def _freeze(self, fate: str) -> None:
        """What was decided of a version stays so for what it held, whatever comes of the rest."""
        for seq, version in self.of.items():
            if version == self.version:
                self.frozen.setdefault(seq, fate)


TestHolding = Holding.TestCase
TestHolding.settings = settings(max_examples=15, stateful_step_count=12)
