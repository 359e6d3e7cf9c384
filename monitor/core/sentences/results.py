"""Sentences about results: submitted, returned, posted, put off, and what the regulator says of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.core.partial_date import days_between
from monitor.core.record import Dated
from monitor.core.scene import PRIMARY_COMPLETION, Case, shown
from monitor.core.sentences.record import plain
from monitor.core.sentences.words import edited, moved, ordinal, stop, stretch, times, value_words, when, word

_EVENTS = {"RELEASE": "submitted", "UNRELEASE": "withdrawn", "RESET": "returned"}
_TRACKED = {"releaseDate": "submitted", "unreleaseDate": "withdrawn", "resetDate": "returned"}
_MORE = {
    "limitationsAndCaveats": "limitations and caveats",
    "certainAgreement": "agreement with investigators",
    "pointOfContact": "point of contact",
    "piSponsorEmployee": "all employed by the sponsor",
    "restrictiveAgreement": "restricts publication",
    "restrictionType": "restriction",
    "otherDetails": "details",
    "phoneExt": "extension",
}
UNTOLD = "Registry's tracking of submitted results changed."


def has_results(case: Case) -> str:
    """Results came, or went."""
    if case.delta.new is not True:
        was = case.scene.before.dated("status.resultsFirstPostDate")
        return f"Results no longer posted{f' (were posted {when(was)})' if was else ''}."
    return _results(case, case.scene.after.dated("status.resultsFirstPostDate"))


def results_post_date(case: Case) -> str:
    """Results came, with their date."""
    new = case.delta.new
    return _results(case, new) if case.gives and isinstance(new, Dated) else plain(case)


def results_signal(case: Case) -> str:
    """Results or a certificate of delay were submitted or posted."""
    what = {
        "status.resultsFirstSubmitDate": "Results first submitted",
        "status.dispFirstSubmitDate": "Sponsor certified delay of results",
        "status.dispFirstPostDate": "Certificate of delay posted",
    }[case.delta.field]
    new = case.delta.new
    if not (case.gives and isinstance(new, Dated)):
        return plain(case)
    return f"{what}, {when(new)}{_after_completion(case, new)}."


def unposted_event(case: Case) -> str:
    """Results went to the registry, or came back."""
    kind, day = case.of_item("type"), case.item.get("date")
    if case.delta.at or kind not in _EVENTS:
        return plain(case)
    told = _submission(_EVENTS[kind], day if isinstance(day, Dated) else None, _events(case))
    return f"No longer listed: {told}" if case.delta.op == "removed" else told


def submission_tracking(case: Case) -> str:
    """The registry's own account of submitted results."""
    if case.delta.at and case.part != "submissionInfos":
        return plain(case)
    if case.delta.op == "removed" and not case.delta.at:
        return "Registry's tracking of submitted results no longer shown."
    told = [_submission(what, day, _tracked(case)) for what, day in _newly_tracked(case)]
    return " ".join(told[-2:]) if told else UNTOLD


def is_told_by_event(case: Case) -> bool:
    """Does the registry's account say only what its events of unposted results in this version say?"""
    told = set(_newly_tracked(case))
    events = {
        (_EVENTS.get(shown(delta.new.get("type"))), delta.new.get("date"))
        for delta in case.scene.by_field.get("annotation.unpostedEvents", ())
        if delta.op == "added" and not delta.at and isinstance(delta.new, Mapping)
    }
    return bool(events) and told <= events


def _newly_tracked(case: Case) -> list[tuple[str, Dated]]:
    """What the account says for the first time, in the order of its days."""
    at, new = case.delta.at, case.delta.new
    entries: Iterable[object] = ()
    if not at and isinstance(new, Mapping):
        infos = new.get("submissionInfos")
        entries = infos.values() if isinstance(infos, Mapping) else ()
    elif case.part == "submissionInfos":
        entries = (new if isinstance(new, Mapping) else {at[-1]: new},)
    parts = [part for entry in entries if isinstance(entry, Mapping) for part in entry.items()]
    told = [(_TRACKED[name], day) for name, day in parts if name in _TRACKED and isinstance(day, Dated)]
    return sorted(told, key=lambda entry: entry[1].date.first)


def _submission(what: str, day: Dated | None, known: Sequence[tuple[str, Dated]]) -> str:
    """`Results submitted a third time on 2 Mar 2026; returned twice.`"""
    if day is None:
        return f"Results {what}, date unknown."
    number = sum(1 for kind, when_ in known if kind == what and when_.date.first <= day.date.first)
    again = f" {'an' if number == 8 else 'a'} {ordinal(number).lower()} time" if number > 1 else ""
    back = sum(1 for kind, when_ in known if kind == "returned" and when_.date.first <= day.date.first)
    returned = f"; returned {times(back)}" if what == "submitted" and back else ""
    return f"Results {what}{again} on {when(day)}{returned}."


def _events(case: Case) -> list[tuple[str, Dated]]:
    found = []
    for item in case.scene.after.items(case.delta.field).values():
        kind, day = _EVENTS.get(shown(item.get("type"))), item.get("date")
        if kind and isinstance(day, Dated):
            found.append((kind, day))
    return found


def _tracked(case: Case) -> list[tuple[str, Dated]]:
    tracking = case.scene.after.get(case.delta.field)
    infos = tracking.get("submissionInfos") if isinstance(tracking, Mapping) else None
    entries = infos.values() if isinstance(infos, Mapping) else ()
    parts = [part for entry in entries if isinstance(entry, Mapping) for part in entry.items()]
    return [(_TRACKED[name], day) for name, day in parts if name in _TRACKED and isinstance(day, Dated)]


def more_info(case: Case) -> str:
    """What is said beside the results: caveats, agreements, whom to ask."""
    at = case.delta.at
    if not at or at[0] not in _MORE:
        return plain(case)
    label = ", ".join(["Results", *(_MORE.get(name, name) for name in at)])
    old, new = case.delta.old, case.delta.new
    if isinstance(old, bool) or isinstance(new, bool):
        return f"{label}: {'yes' if old is True else 'no'} → {'yes' if new is True else 'no'}."
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return f"{label} {'given' if case.delta.op == 'added' else 'no longer given'}."
    return stop(f"{label}{edited(word(case.old), word(case.new))}")


def violation(case: Case) -> str:
    """A notice of violation."""
    if case.delta.field == "oversight.fdaaa801Violation":
        return (
            "FDAAA 801 violation noted." if case.delta.new is True else "FDAAA 801 violation no longer noted."
        )
    kind, day = word(case.of_item("type")), value_words(case.item.get("issuedDate"))
    return f"FDAAA 801 notice {case.delta.op}: {kind or 'no type'}{f', {day}' if day else ''}."


def _results(case: Case, posted: Dated | None) -> str:
    day = f" {when(posted)}" if posted else ""
    return f"Results posted{day}{_after_completion(case, posted)}."


def _after_completion(case: Case, day: Dated | None) -> str:
    done = case.scene.after.dated(PRIMARY_COMPLETION)
    if day is None or done is None or done.type == "ESTIMATED":
        return ""
    days = days_between(done.date, day.date)
    if days == 0:
        return f", in the {done.date.precision} of primary completion"
    return (
        f", {stretch(days)} after primary completion"
        if days > 0
        else f", {moved(days)} than primary completion"
    )
