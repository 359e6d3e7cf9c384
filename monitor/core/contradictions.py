"""What a record says that cannot all be so: a date that has passed, a fact still to come, a count too many.

Each is a plain comparison of what the record says in two places, or of a date with the day it is read on;
none guesses why, and none is told again with every version (`core.remarks` sees to that).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from monitor.core.lazy import lazy
from monitor.core.record import Dated, TrialRecord
from monitor.core.scene import (
    ALLOTTED,
    COMPLETION,
    PRIMARY_COMPLETION,
    RECRUITING,
    START,
    Enrollment,
)
from monitor.core.sentences.words import capital, when, word

STATUS = "status.overallStatus"
ARMS = "armsInterventions.arms"
_COUNT, _TYPE = "design.enrollmentCount", "design.enrollmentType"
_RESULTS = "results.hasResults"
_OPEN = frozenset({"RECRUITING", "ENROLLING_BY_INVITATION"})
_TOLD = re.compile(
    r"^(?:[A-Z][^“\"]*, though (?:its|the|nobody|enrollment|primary|\d)"
    r"|Given as actual though still to come: "
    r"|Primary completion \([^()]*\) is given (?:later|earlier) than )"
)
_LABELS = {START: "start", PRIMARY_COMPLETION: "primary completion", COMPLETION: "study completion"}


@dataclass(frozen=True)
class Said:
    """One version of a record on the day it is read."""

    record: TrialRecord
    day: date

    @lazy
    def status(self) -> str:
        """The overall status; empty where there is none."""
        return self.record.word(STATUS) or ""

    @lazy
    def start(self) -> Dated | None:
        """The start."""
        return self.record.dated(START)

    @lazy
    def primary(self) -> Dated | None:
        """Primary completion."""
        return self.record.dated(PRIMARY_COMPLETION)

    @lazy
    def study(self) -> Dated | None:
        """Study completion."""
        return self.record.dated(COMPLETION)

    @lazy
    def enrollment(self) -> Enrollment | None:
        """How many, and the registry's word for it; None where either is missing."""
        count, kind = self.record.number(_COUNT), self.record.word(_TYPE)
        return Enrollment(count, kind) if count is not None and kind and count < ALLOTTED else None

    @lazy
    def state(self) -> str:
        """The status as a sentence begins."""
        return capital(word(self.status))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two things a record cannot both mean."""

    name: str
    kind: str
    """The kind of finding it belongs to."""
    fields: tuple[str, ...]
    """The fields it is read from."""
    told: Callable[[Said], str | None]
    """The sentence, where it holds."""
    timely: bool = False
    """Can it become true with nothing changed, as a date passes?"""


def _passed(said: Said) -> str | None:
    done = said.primary if said.status in RECRUITING else None
    if done is None or done.type != "ESTIMATED":
        return None
    if not done.date.ends_before(said.day):
        return None
    return f"Still {word(said.status)}, though its primary completion date ({when(done)}) has passed."


def _start_passed(said: Said) -> str | None:
    start = said.start if said.status == "NOT_YET_RECRUITING" else None
    if start is None or start.type != "ESTIMATED":
        return None
    if not start.date.ends_before(said.day) or _passed(said):
        return None
    return f"Still not yet recruiting, though its start date ({when(start)}) has passed."


def _actual_to_come(said: Said) -> str | None:
    ahead = [
        f"{_LABELS[name]} ({when(given)})"
        for name, given in ((START, said.start), (PRIMARY_COMPLETION, said.primary), (COMPLETION, said.study))
        if given and given.type == "ACTUAL" and given.date.first > said.day
    ]
    return f"Given as actual though still to come: {', '.join(ahead)}." if ahead else None


def _start_to_come(said: Said) -> str | None:
    start = said.start
    if said.status not in _OPEN | {"ACTIVE_NOT_RECRUITING"} or start is None or start.type == "ACTUAL":
        return None
    if start.date.first <= said.day:
        return None
    return f"{said.state}, though its start ({when(start)}) is still to come."


def _begun(said: Said) -> str | None:
    start = said.start if said.status == "NOT_YET_RECRUITING" else None
    if start is None or start.type != "ACTUAL":
        return None
    return f"Not yet recruiting, though its start is given as actual ({when(start)})."


def _completed_ahead(said: Said) -> str | None:
    done = said.study or said.primary
    if said.status != "COMPLETED" or done is None or done.type == "ACTUAL" or done.date.first <= said.day:
        return None
    label = "study" if said.study else "primary"
    return f"Completed, though its {label} completion ({when(done)}) is an estimate still to come."


def _primary_in(said: Said) -> str | None:
    done = said.primary
    if said.status not in _OPEN | {"NOT_YET_RECRUITING"} or done is None or done.type != "ACTUAL":
        return None
    if done.date.first > said.day:
        return None
    return f"{said.state}, though primary completion is given as actual ({when(done)})."


def _wrong_way_round(said: Said) -> str | None:
    start, primary, study = said.start, said.primary, said.study
    if primary and study and primary.date.first > study.date.last:
        return f"Primary completion ({when(primary)}) is given later than study completion ({when(study)})."
    if start and primary and primary.date.last < start.date.first:
        return f"Primary completion ({when(primary)}) is given earlier than the start ({when(start)})."
    return None


def _enrolled_open(said: Said) -> str | None:
    enrolled = said.enrollment
    if enrolled is None or enrolled.type != "ACTUAL" or not enrolled.count:
        return None
    if said.status not in _OPEN | {"NOT_YET_RECRUITING"}:
        return None
    return f"{said.state}, though enrollment is given as actual ({enrolled.count:,})."


def _enrolled_none(said: Said) -> str | None:
    enrolled = said.enrollment
    if enrolled is None or enrolled.type != "ACTUAL":
        return None
    if said.status == "WITHDRAWN" and enrolled.count:
        return f"Withdrawn, though {enrolled.count:,} are given as enrolled."
    if said.status in ("COMPLETED", "TERMINATED") and not enrolled.count:
        return f"{said.state}, though nobody is given as enrolled."
    return None


def _planned_still(said: Said) -> str | None:
    planned = said.enrollment
    if planned is None or planned.type != "ESTIMATED" or said.status not in ("COMPLETED", "TERMINATED"):
        return None
    return f"{said.state}, though enrollment ({planned.count:,}) is still given as an estimate."


def _results_open(said: Said) -> str | None:
    if said.status not in RECRUITING or said.record.get(_RESULTS) is not True:
        return None
    return f"Results are posted, though the trial is {word(said.status)}."


def _one_arm(said: Said) -> str | None:
    allocation = said.record.word("design.allocation")
    model = said.record.word("design.interventionModel")
    if allocation != "RANDOMIZED" or model == "CROSSOVER" or len(said.record.items(ARMS)) != 1:
        return None
    return "One arm is given, though the record says randomized."


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction("completion_passed", "dates", (STATUS, PRIMARY_COMPLETION), _passed, timely=True),
    Contradiction("start_passed", "dates", (STATUS, START), _start_passed, timely=True),
    Contradiction("actual_to_come", "dates", (START, PRIMARY_COMPLETION, COMPLETION), _actual_to_come),
    Contradiction("start_to_come", "dates", (STATUS, START), _start_to_come),
    Contradiction("begun", "dates", (STATUS, START), _begun),
    Contradiction("completed_ahead", "dates", (STATUS, COMPLETION, PRIMARY_COMPLETION), _completed_ahead),
    Contradiction("primary_in", "dates", (STATUS, PRIMARY_COMPLETION), _primary_in),
    Contradiction("wrong_way_round", "dates", (START, PRIMARY_COMPLETION, COMPLETION), _wrong_way_round),
    Contradiction("enrolled_open", "enrollment", (STATUS, _COUNT, _TYPE), _enrolled_open),
    Contradiction("enrolled_none", "enrollment", (STATUS, _COUNT, _TYPE), _enrolled_none),
    Contradiction("planned_still", "enrollment", (STATUS, _COUNT, _TYPE), _planned_still),
    Contradiction("results_open", "results", (STATUS, _RESULTS), _results_open),
    Contradiction("one_arm", "design", (ARMS, "design.allocation", "design.interventionModel"), _one_arm),
)


def is_contradiction(sentence: str) -> bool:
    """Is a sentence of a story one of these? Stories keep their sentences, and not what made them."""
    return _TOLD.match(sentence) is not None
