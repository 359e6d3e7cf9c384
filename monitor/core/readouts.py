"""The readout clock as values: what covered trials are expected to read out, and whose results are due.

Two questions, asked of a trial's own record and a day. When does it plan to finish collecting its primary
outcome, and how often has that moved? And when would results be due, if it is a trial that must report them?
Results are due one year after the primary completion date (42 CFR 11.44); whether the rule applies to a trial
turns on facts that no record shows in full, so it is never judged here and every list of results says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from monitor.core.partial_date import PartialDate
from monitor.core.record import TrialId

ReadoutKind: TypeAlias = Literal["expected", "passed", "due", "overdue", "delayed"]
"""Primary completion `expected`, or `passed` and still an estimate; results `due`, `overdue`, or `delayed` by
certificate."""


@dataclass(frozen=True, slots=True)
class Readout:
    """One trial on the clock."""

    kind: ReadoutKind
    trial: TrialId
    title: str
    """As the registry has it: not cleaned, not clipped."""
    sponsor: str | None
    phases: tuple[str, ...]
    on: PartialDate
    """The day it is about: primary completion, or when results are due. As precise as the record."""
    when: str
    """The same in words: `Mar 2027`."""
    text: str
    """What is to be said of it, in a sentence."""
    slips: str = ""
    """How often and how far its primary completion moved so far, in a sentence; empty where it never did."""
    url: str = ""
    """The registry's page of it."""


@dataclass(frozen=True, slots=True)
class ReadoutList:
    """Readouts of one kind, by date: the earliest first, which is the worst where it has passed."""

    kind: ReadoutKind
    title: str
    items: tuple[Readout, ...]
    more: int = 0
    """How many are left out, later than those told."""

    @property
    def total(self) -> int:
        """How many there are, told or left out."""
        return len(self.items) + self.more


@dataclass(frozen=True, slots=True)
class Readouts:
    """The clock of one subscription on one day."""

    as_of: date
    days: int
    """How far ahead it looks."""
    lists: tuple[ReadoutList, ...]
    """In the order in which they are told; none of them empty."""
    caveat: str = ""
    """What must be said wherever results are called due; empty where none are."""

    @property
    def total(self) -> int:
        """How many trials are on it."""
        return sum(one.total for one in self.lists)
