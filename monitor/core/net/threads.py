"""Which recorded steps led to which net change, and which led nowhere: items followed through the versions.

An item is followed by its place (list and key) from version to version, a field by its name. Steps are said
to be undone only where that is certain: the field, or the item, or the part is as it was. All others belong
to a net change of their field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from monitor.core.catalogue import field as known_field
from monitor.core.recorded import RecordedChange

Place: TypeAlias = "tuple[str, str]"
"""List and key; a field without items has an empty key."""
_Edit: TypeAlias = "tuple[Place | None, Place | None, list[RecordedChange]]"
"""The place before, the place after, the changes between them; None: not there."""


@dataclass(slots=True, eq=False)
class _Thread:
    """One item, or one field, through the versions; None: not there."""

    start: Place | None
    end: Place | None
    steps: list[RecordedChange] = field(default_factory=list)
    nets: list[RecordedChange] = field(default_factory=list)

    @property
    def is_sure(self) -> bool:
        """Is it certainly the same item at both ends? Numbered ones may have changed numbers."""
        return self.start == self.end and not any("#" in (step.key or "") for step in self.steps)


class Threads:
    """Steps and net changes, laid beside each other."""

    steps: dict[str, tuple[str, ...]]
    """Ids of the steps of each net change, by its id, oldest first."""
    undone: tuple[tuple[RecordedChange, ...], ...]
    """Steps that led back, together with what they belong to; oldest first."""

    def __init__(self, steps: Sequence[RecordedChange], nets: Sequence[RecordedChange]) -> None:
        self._led: dict[str, list[RecordedChange]] = {net.id: [] for net in nets}
        self._by_family: dict[str, list[RecordedChange]] = {}
        for net in nets:
            self._by_family.setdefault(family_of(net), []).append(net)
        undone: list[tuple[RecordedChange, ...]] = []
        for thread in _joined(_threads(steps), nets):
            undone += self._settled(thread)
        for name, found in self._by_family.items():
            self._lend(found, [step for step in steps if family_of(step) == name])
        order = {step.id: number for number, step in enumerate(steps)}
        self.steps = {
            net: tuple(sorted({step.id for step in led}, key=order.__getitem__))
            for net, led in self._led.items()
        }
        self.undone = tuple(sorted(undone, key=lambda group: order[group[0].id]))

    def _settled(self, thread: _Thread) -> list[tuple[RecordedChange, ...]]:
        """Give the thread's steps to net changes; what is left is undone."""
        others = self._by_family.get(family_of(thread.steps[0]), [])
        if not others:
            return [tuple(thread.steps)]
        if not thread.nets:
            if thread.is_sure:
                return [tuple(thread.steps)]
            self._led[others[0].id] += thread.steps
            return []
        undone = []
        by_part: dict[str, list[RecordedChange]] = {}
        for step in thread.steps:
            by_part.setdefault(step.part, []).append(step)
        whole = [net for net in thread.nets if not net.part]
        for part, steps in by_part.items():
            fitting = [net for net in thread.nets if part and net.part and _overlap(part, net.part)]
            fitting = fitting or (whole if part or whole else [])
            if fitting:
                self._led[fitting[0].id] += steps
            elif _leads_back(part, steps):
                undone.append(tuple(steps))
            else:
                for net in thread.nets:
                    self._led[net.id] += steps
        return undone

    def _lend(self, nets: Sequence[RecordedChange], steps: Sequence[RecordedChange]) -> None:
        """A net change that no thread leads to has all steps of its family; some of them led to it."""
        for net in nets:
            if not self._led[net.id]:
                self._led[net.id] += steps


def _threads(steps: Sequence[RecordedChange]) -> list[_Thread]:
    threads: list[_Thread] = []
    at: dict[Place, _Thread] = {}
    gone: dict[Place, _Thread] = {}
    for _, version in groupby(steps, key=lambda step: step.stamp.identity_to):
        moved: list[tuple[_Thread, Place | None]] = []
        for before, after, members in _edits(list(version)):
            thread = at.pop(before, None) if before else gone.pop(after, None) if after else None
            if thread is None:
                thread = _Thread(before, after)
                threads.append(thread)
            thread.steps += members
            thread.end = after
            if after is None and before:
                gone[before] = thread
            moved.append((thread, after))
        at.update((after, thread) for thread, after in moved if after)
    return threads


def _edits(changes: Iterable[RecordedChange]) -> list[_Edit]:
    """(place before, place after, the changes) of each item or field that one comparison touched."""
    groups: dict[tuple[Place, bool], list[RecordedChange]] = {}
    for change in changes:
        groups.setdefault(((change.field, change.key or ""), _is_whole(change, "removed")), []).append(change)
    edits: list[_Edit] = []
    for (place, removed), members in groups.items():
        first = members[0]
        if first.key is None:
            edits.append((place, place, members))
            continue
        lists = [str(name) for change in members if (name := change.body.get("from_field"))]
        keys = [str(name) for change in members if (name := change.body.get("from_key"))]
        before = (lists[0] if lists else first.field, keys[0] if keys else place[1])
        added = any(_is_whole(change, "added") for change in members)
        edits.append((None if added else before, None if removed else place, members))
    return edits


def _joined(threads: list[_Thread], nets: Sequence[RecordedChange]) -> list[_Thread]:
    """The threads with the net changes at their ends."""
    starts: dict[Place, list[_Thread]] = {}
    ends: dict[Place, list[_Thread]] = {}
    for thread in threads:
        if thread.start:
            starts.setdefault(thread.start, []).append(thread)
        if thread.end:
            ends.setdefault(thread.end, []).append(thread)
    for before, after, members in _edits(nets):
        found = [*ends.get(after, ())] if after else []
        found += [thread for thread in starts.get(before, ()) if thread not in found] if before else []
        for thread in found:
            thread.nets += members
    return threads


def _leads_back(part: str, steps: Sequence[RecordedChange]) -> bool:
    """A part that is what it was, or an item that is in the list it was in."""
    first, last = steps[0], steps[-1]
    if part:
        return len(steps) > 1 and first.body["old"] == last.body["new"]
    return all(step.body["op"] == "moved" for step in steps) and first.body.get("from_field") == last.field


def _is_whole(change: RecordedChange, op: str) -> bool:
    return change.key is not None and change.body["op"] == op and not change.part


def family(name: str) -> str:
    """The lists among which items move, or the field itself."""
    return known_field(name).family or name


def family_of(change: RecordedChange) -> str:
    """The family of the changed field."""
    return family(change.field)


def _overlap(one: str, other: str) -> bool:
    """Is one the other, or inside it?"""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
