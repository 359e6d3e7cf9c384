"""Discover: run the saved searches at a data version, and write who came into them and who left.

A list counts only where it is whole and of one data version. A search that failed moves nobody; who is no
longer found is read once more before it is let go, so that what made it leave is told; an asset's own record
decides, not the search engine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from monitor.core import life
from monitor.core.change import ChangeSet
from monitor.core.record import TrialId, TrialRecord
from monitor.core.recorded import stamp_changes
from monitor.core.searches import Matched, Membership, SavedSearch, matched, moves, questions
from monitor.core.watching import stamp_between
from monitor.errors import RegistryBlockedError, RegistryError, RegistryUnavailableError, SearchRefusedError
from monitor.pipeline.works import Works, failpoint
from monitor.registries import Registry, Searchable
from monitor.store.engine import chunks
from monitor.store.values import Member, MemberMove, NoticeDraft, SearchRun, Stored

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Trials that are read before those of them that came in are written."""

Read = Callable[[Sequence[TrialId], Collection[TrialId]], "RegistryError | None"]
"""Reads trials that were not read at this data version; of the second ones no first sight is told."""


def due(works: Works, registry: Registry, version: str) -> tuple[SavedSearch, ...]:
    """The searches that were not run whole at this data version; none where the registry has no search."""
    if not isinstance(registry, Searchable):
        return ()
    found = works.store.searches(registry=registry.name)
    return tuple(saved for saved in found if saved.data_version != version)


@dataclass(slots=True)
class Discovery:
    """The searches of one registry, at one data version."""

    works: Works
    registry: Registry
    version: str
    read: Read
    trouble: RegistryError | None = None
    """The worst that happened; what it kept from being done is done at the next poll."""
    moved: int = 0

    def run(self, searches: Sequence[SavedSearch]) -> None:
        """Run searches and assets, whole registries left out."""
        for saved in searches:
            if self.works.stop.is_set() or is_storm(self.trouble):
                break
            if saved.kind != "all" and isinstance(self.registry, Searchable):
                self._one(saved, self.registry)

    def _one(self, saved: SavedSearch, asked: Searchable) -> None:
        """One search; its failure stops no other."""
        try:
            found = tuple(dict.fromkeys(trial for part in questions(saved) for trial in asked.found(part)))
            run = _Run(self, saved, found)
            run.come_in()
            if run.missing and not run.is_whole_list(asked):
                raise RegistryUnavailableError(
                    f"{self.registry.name}: the list of {saved.name!r} lacks trials that it counts",
                    registry=self.registry.name,
                    broken=True,
                )
            run.let_go()
        except SearchRefusedError as error:
            self._ended(saved, error.message, refused=True)
        except RegistryError as error:
            log.warning("search not run", extra={"search": saved.name, "why": error.message})
            self.trouble = error
            self._ended(saved, error.message)
        else:
            self.moved += run.moved
            self._ended(saved, run.problem)

    def _ended(self, saved: SavedSearch, problem: str, *, refused: bool = False) -> None:
        now = self.works.clock()
        whole = not problem
        notices: list[NoticeDraft] = []
        if refused and problem != saved.problem:
            said = f"The search {saved.name} cannot be run: {problem}."
            notices.append(NoticeDraft("search_refused", saved.name, said, now))
        if whole and saved.begun_at is None:
            notices.append(NoticeDraft("search", saved.name, self._begun(saved), now))
        run = SearchRun(saved, now, self.version if whole else None, problem)
        self.works.store.end_run(saved.name, run, notices)

    def _begun(self, saved: SavedSearch) -> str:
        held = self.works.store.search(saved.name)
        number = held.members if held else 0
        what = "asset" if saved.kind == "asset" else "search"
        return (
            f"Now watching the {what} {saved.name}: {number:,} trial{'' if number == 1 else 's'}. "
            "What comes in from now on is told."
        )


@dataclass(slots=True)
class _Run:
    """One whole list, against who is in the search."""

    of: Discovery
    saved: SavedSearch
    found: tuple[TrialId, ...]
    members: Mapping[TrialId, Member] = field(init=False)
    problem: str = ""
    moved: int = 0

    def __post_init__(self) -> None:
        self.members = self._members()
        if self.missing:
            self._read(self.missing)
            self.members = self._members()  # a number merged into another is in it under that one now

    def _members(self) -> dict[TrialId, Member]:
        return {one.state.trial: one for one in self.of.works.store.members(self.saved.name)}

    @property
    def inside(self) -> frozenset[TrialId]:
        """Who is in it now."""
        return frozenset(trial for trial, member in self.members.items() if member.left_at is None)

    @property
    def missing(self) -> tuple[TrialId, ...]:
        """Who is in it and was not found."""
        return moves(self.inside, self.found).leave

    def is_whole_list(self, asked: Searchable) -> bool:
        """Does the registry count as many as it listed? Asked only where somebody would leave."""
        parts = questions(self.saved)
        if len(parts) > 1 or self.saved.kind == "asset":
            return True  # an asset's own record decides who leaves
        return asked.matching(parts[0], first=1).total == len(self.found)

    def come_in(self) -> None:
        """Read who is new and write it, some at a time."""
        for part in chunks(moves(self.inside, self.found).enter, AT_ONCE):
            if self.of.works.stop.is_set():
                self.problem = "stopped before it was through"
                return
            states = self._read(part)
            if not all(was_answered(states.get(trial)) for trial in part):
                self.problem = "some of the trials found could not be read"
            self._write([move for trial in part if (move := self._entering(trial, states.get(trial)))])

    def let_go(self) -> None:
        """Read who is no longer found, and of an asset everybody, and write who left."""
        asset = self.saved.kind == "asset"
        looked_at = sorted(self.inside) if asset else list(self.missing)
        states = self._read(looked_at)
        leaving = []
        for trial in looked_at:
            state = states.get(trial)
            if state is not None and state.state.presence == "renamed":
                leaving.append(MemberMove(trial, "left"))  # its new number is in it in its place
            elif state is None or not self._is_current(state):
                unread = state is None or state.state.presence in ("unseen", "present")
                self.problem = self.problem or ("some of its trials could not be read" if unread else "")
            elif not asset or not self._still_matches(trial, state):
                leaving.append(self._move(trial, "left", state, None))
        self._write(leaving)

    def _read(self, trials: Sequence[TrialId]) -> Mapping[TrialId, Stored]:
        """Read those not read at this data version, and tell how all of them stand then."""
        store = self.of.works.store
        states = store.latest(trials)
        old = [t for t in trials if t not in states or not self._is_settled(states[t])]
        readable = [t for t in old if t not in states or states[t].state.presence != "renamed"]
        if not readable:
            return states
        quiet = frozenset(readable) - store.watched_elsewhere(readable, self.saved.name)
        if (error := self.of.read(readable, quiet)) is not None:
            self.of.trouble = error
            if is_storm(error):
                raise error
        return store.latest(trials)

    def _is_settled(self, held: Stored) -> bool:
        """Need it not be asked for? Who is in the search and was absent at this data version still is."""
        member = self.members.get(held.state.trial)
        inside = member is not None and member.left_at is None
        absent = held.state.presence in ("absent", "gone") and inside
        return self._is_current(held) or (absent and held.state.checked_data_version == self.of.version)

    def _is_current(self, held: Stored) -> bool:
        """Was it read, and there, at this data version?"""
        return held.state.checked_data_version == self.of.version and held.state.presence == "present"

    def _entering(self, trial: TrialId, held: Stored | None) -> MemberMove | None:
        """Who comes in; None where an asset's record names it in none of the places.

        One whose answer was not believed comes in at the beginning; later it waits until it can be told.
        """
        if held is None or held.snapshot is None or held.state.presence != "present":
            waits = self.saved.kind == "asset" or self.saved.begun_at is not None
            doubted = held is not None and held.state.presence == "unseen" and was_answered(held)
            return MemberMove(trial, "entered") if doubted and not waits else None
        why = None
        if self.saved.kind == "asset":
            why = matched(self._record(held), self.saved.names)
            if why is None:
                return None
        event: Membership = "back" if trial in self.members else "entered"
        return self._move(trial, event, held, why)

    def _still_matches(self, trial: TrialId, held: Stored) -> bool:
        """Is the asset still named? What has not changed since the last run was looked at then."""
        member, seen = self.members[trial], self.saved.checked_at
        changed = held.state.changed_at
        same = self.saved.begun_at is not None and seen is not None and (changed is None or changed < seen)
        if member.matched is not None and same:
            return True
        return matched(self._record(held), self.saved.names) is not None

    def _record(self, held: Stored) -> TrialRecord:
        assert held.snapshot is not None
        body = self.of.works.store.bodies([held.snapshot.digest])[held.snapshot.digest]
        return self.of.registry.normalize(orjson.loads(body))

    def _move(self, trial: TrialId, event: Membership, held: Stored, why: Matched | None) -> MemberMove:
        """The move, with its change; who was there when the search began is no news."""
        if self.saved.begun_at is None or held.snapshot is None:
            return MemberMove(trial, event, why)
        found = life.search_change(
            self.saved.name, event, self._record(held), matched=why, rules=self.of.works.rules
        )
        return self._told(MemberMove(trial, event, why), found, held, self.of.works.clock())

    def _told(self, move: MemberMove, found: ChangeSet, held: Stored, now: datetime) -> MemberMove:
        """It happens to the snapshot held, not to a new one."""
        snapshot, version = held.snapshot, self.of.version
        assert snapshot is not None
        url = self.of.registry.url(move.trial)
        stamp = stamp_between(snapshot, snapshot, url=url, observed_at=now, origin="poll")
        identity = f"{snapshot.identity}:{self.saved.kind}:{self.saved.name}:{move.event}:{version}"
        stamp = replace(
            stamp, identity_to=identity, submitted_on=None, posted_on=None, data_version=version[:10]
        )
        changes, findings = stamp_changes(found, stamp)
        return replace(move, changes=changes, findings=findings)

    def _write(self, found: Sequence[MemberMove]) -> None:
        failpoint("before_members")
        self.of.works.store.move_members(self.saved.name, found, self.of.works.clock())
        failpoint("after_members")
        self.moved += len(found)


def was_answered(held: Stored | None) -> bool:
    """Has the registry ever answered about it, whether or not the answer was believed?"""
    return held is not None and held.state.checked_at is not None


def is_storm(error: RegistryError | None) -> bool:
    """Would asking on be a storm? It refuses us, or has asked us to slow down."""
    return isinstance(error, RegistryBlockedError) or (
        isinstance(error, RegistryUnavailableError) and error.throttled
    )
