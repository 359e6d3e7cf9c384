"""A trial's past as its registry tells it: the versions before we looked, and what its reviewers said.

Values only. Numbers are 1-based, as on the registry's own pages. Its two clocks are kept apart: an index
knows when a version was *submitted*; when it was *posted* stands in the version's own record.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.record import Json, TrialId

__all__ = ["Past", "PastRecord", "PastVersion", "ReviewComment", "UnpostedEvent"]


@dataclass(frozen=True, slots=True)
class UnpostedEvent:
    """Results on their way: handed in, sent back, or withdrawn, without having been posted."""

    kind: str
    """`RELEASE`, `RESET` or `UNRELEASE`; another word of the registry's is kept as it is."""
    on: str | None
    """A date, as precise as given; None where the registry says it does not know."""


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version, as the index lists it."""

    number: int
    """1 is the first; what the registry counts from 0 is counted from 1 here, as on its pages."""
    submitted_on: str
    """When the sponsor submitted it. A version may appear later than younger ones: go by `number`."""
    status: str | None = None
    study_type: str | None = None
    sections: tuple[str, ...] = ()
    """The parts the registry says it touched, in its words; it names more than really changed."""
    failed_review: bool = False
    """The registry's reviewers sent it back."""
    unposted: tuple[UnpostedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """All versions of a trial, in ascending order of number; there is always one."""

    trial: TrialId
    """As the registry calls it now, which may be another number than was asked for."""
    versions: tuple[PastVersion, ...]

    def submitted_on(self, number: int) -> str:
        """The day a version was submitted; KeyError for one that is not listed."""
        return {version.number: version.submitted_on for version in self.versions}[number]

    def newest(self, most: int) -> tuple[PastVersion, ...]:
        """At most so many, the newest first."""
        return self.versions[::-1][:most]


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """What the registry's reviewers asked for, and of which part of the record."""

    path: str
    """Dotted, list positions in brackets: `resultsSection.outcomeMeasuresModule.outcomeMeasures[0]`."""
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastRecord:
    """A version's whole record, in the shape and the text of a record served today.

    It holds what the sponsor submitted; what the registry adds to a record of its own is not part of it.
    """

    trial: TrialId
    number: int
    body: bytes
    """The record as JSON: made of what was served, not a slice of it."""
    record: Json
    comments: tuple[ReviewComment, ...] = ()
