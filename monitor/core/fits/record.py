"""Does a rule about results, references, documents, titles or texts fit? C3, C13, M12, M13, M19, m8–m16."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.bodies import same_name
from monitor.core.numerals import numbers_in
from monitor.core.record import Dated
from monitor.core.scene import Case, shown
from monitor.core.text import same_words

_REFERENCES = "references.references"
_TITLES = frozenset({"identification.briefTitle", "identification.officialTitle", "identification.acronym"})
_FIRSTS = frozenset(
    {"status.resultsFirstSubmitDate", "status.dispFirstSubmitDate", "status.dispFirstPostDate"}
)
_POSTED = frozenset({"status.resultsFirstPostDate", "status.dispFirstPostDate"})
_BODIES = {"sponsor.lead": "", "sponsor.collaborators": "name", "identification.organization": "fullName"}
_PUBLICATIONS = frozenset({"DERIVED", "RESULT"})


def results_posted(case: Case) -> str | None:
    """C3: results are public."""
    if case.delta.field == "results.hasResults":
        return "hasResults false → true" if case.delta.new is True else None
    return "results posting date first given" if case.gives else None


def violation(case: Case) -> str | None:
    """C13: a notice of the regulator's."""
    if case.delta.field == "oversight.fdaaa801Violation":
        return "fdaaa801Violation appears" if case.delta.new is True else None
    return "a notice of violation appears" if case.delta.op == "added" and not case.delta.at else None


def results_signal(case: Case) -> str | None:
    """M12: results are on their way, or put off."""
    field = case.delta.field
    if field in _FIRSTS:
        return f"{field.rpartition('.')[2]} first given" if case.gives else None
    if field == "annotation.unpostedEvents":
        return f"an event of unposted results {case.delta.op}"
    if field == "derived.submissionTracking":
        infos = case.part == "submissionInfos" or (not case.delta.at and _holds(case, "submissionInfos"))
        return "tracking of submitted results changed" if infos else None
    if field == "documents.largeDocs" and case.delta.op == "added" and not case.delta.at:
        return "a protocol or analysis plan added" if is_protocol_or_plan(case) else None
    return None


def results_revised(case: Case) -> str | None:
    """M13: what was posted is not what stands there now, or stands there no more."""
    scene, field = case.scene, case.delta.field
    if field == "results.hasResults":
        return "hasResults true → false" if scene.results_gone else None
    if field == "status.resultsFirstPostDate":
        gone = scene.results_gone and case.delta.op == "removed"
        return "results posting date withdrawn with the results" if gone else None
    posted = scene.before.get("results.hasResults") is True
    return f"posted {field.rpartition('.')[2]} changed" if posted else None


def publication(case: Case) -> str | None:
    """M19: the first publication of an overdue trial, and every retraction."""
    if case.part == "retractions" or (not case.delta.at and _holds(case, "retractions") and case.gives):
        return None if case.delta.new is None else "a retraction"
    scene = case.scene
    new_one = (case.delta.op == "added" and not case.delta.at) or case.part == "type"
    if (
        not new_one
        or case.of_item("type") not in _PUBLICATIONS
        or scene.after.get("results.hasResults") is True
    ):
        return None
    earlier = any(
        shown(item.get("type")) in _PUBLICATIONS for item in scene.before.items(_REFERENCES).values()
    )
    if earlier or scene.completed_by is None:
        return None
    return f"first publication after primary completion ({scene.completed_by}), no results posted"


def references(case: Case) -> str | None:
    """m14: other changes of publications of results."""
    if keywords_links(case):
        return None
    kind = f"{case.of_item('type').lower()} reference".strip()
    return f"{kind}'s {case.part} {case.delta.op}" if case.part else f"{kind} {case.delta.op}"


def collaborators_party(case: Case) -> str | None:
    """m8: who takes part, not how the name is spelled."""
    return None if _spelling(case) else listed(case)


def titles(case: Case) -> str | None:
    """m9: a title says something else."""
    if case.old and case.new and same_words(case.old, case.new):
        return None
    return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"


def listed(case: Case) -> str:
    """m12, m13, m15: an entry of a list, or a field of that group, changed."""
    return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"


def documents_ipd(case: Case) -> str | None:
    """m15: other documents, and how data are shared."""
    resized = case.delta.field == "documents.largeDocs" and case.part == "size"
    return None if resized else listed(case)


def summary_text(case: Case) -> str | None:
    """m16: a summary tells another story."""
    limit = case.limit("m16", "similarity")
    if not (case.old and case.new):
        return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"
    if sorted(numbers_in(case.old)) != sorted(numbers_in(case.new)):
        return f"a number changed in the text, similarity {case.similarity:.2f}"
    if case.similarity < limit:
        return f"similarity {case.similarity:.2f} (threshold {limit:g})"
    return None


def admin_dates(case: Case) -> str | None:
    """n1: the registry's own calendar."""
    if case.delta.field in _POSTED:
        old, new = case.delta.old, case.delta.new
        same = isinstance(old, Dated) and isinstance(new, Dated) and old.date == new.date
        return "type of a posting date" if same else None
    return "administrative date"


def keywords_links(case: Case) -> str | None:
    """n5: what helps searching, and what the sponsor read."""
    if case.delta.field != _REFERENCES:
        return f"{case.delta.field.rpartition('.')[2]} {case.delta.op}"
    before, after = shown(case.item_before.get("type")), case.of_item("type")
    if case.part == "type" and not case.scene.started and {case.old, case.new} == {"BACKGROUND", "RESULT"}:
        return "background ↔ result before start"
    kinds = {after} if not case.delta.at else {before, after}
    return "background reference" if kinds == {"BACKGROUND"} and not publication(case) else None


def cosmetic_text(case: Case) -> str | None:
    """n6: the same said a little otherwise."""
    if case.delta.field == "documents.largeDocs":
        return "file size" if case.part == "size" else None
    if _spelling(case):
        return "the same name, spelled otherwise"
    if case.delta.field in _BODIES:
        return None
    if case.delta.field in _TITLES:
        return "case or punctuation of a title" if not titles(case) else None
    return f"similarity {case.similarity:.2f}, no number changed" if not summary_text(case) else None


def is_protocol_or_plan(case: Case) -> bool:
    """Is the document a protocol or a statistical analysis plan?"""
    item = case.item
    kind = shown(item.get("typeAbbrev"))
    return item.get("hasProtocol") is True or item.get("hasSap") is True or "Prot" in kind or "SAP" in kind


def _spelling(case: Case) -> bool:
    """Is it the name of a body, only spelled otherwise?"""
    return case.part == _BODIES.get(case.delta.field) and same_name(case.old, case.new)


def _holds(case: Case, name: str) -> bool:
    value = case.delta.new if case.delta.new is not None else case.delta.old
    return isinstance(value, Mapping) and name in value
