"""Sentences of a story that belong to no single change: contradictions, lags, gaps, what did not move.

Each is a plain comparison of what the record says in two places, or at two times; none guesses why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from monitor.core.contradictions import ARMS, CONTRADICTIONS, STATUS, Contradiction, Said
from monitor.core.partial_date import days_between
from monitor.core.record import Dated, Value
from monitor.core.scene import COMPLETION, CONTROL_ARMS, PRIMARY_COMPLETION, START, Scene
from monitor.core.sentences.words import capital, stretch, when

_GAP = timedelta(days=180)
_LAG_DAYS = 60
_MOVED_DAYS = 60
_TARGET_PERCENT = 30
ANYWHERE = ""
"""The kind of a sentence about the version as a whole: it goes with the first story told."""
_POSTED = "status.lastUpdatePostDate"
_MOVES = (START, PRIMARY_COMPLETION, COMPLETION, "design.enrollmentCount", "status.overallStatus")


def remarks(scene: Scene) -> Iterator[tuple[str, str]]:
    """(the kind of finding it belongs to, the sentence)."""
    yield from contradictions(scene)
    yield from _status_remarks(scene)
    yield from _date_remarks(scene)
    yield from _enrollment_remarks(scene)
    yield from _design_remarks(scene)


def contradictions(scene: Scene) -> Iterator[tuple[str, str]]:
    """What cannot all be so, and is news: it became true, or the version moved what it is read from."""
    if scene.as_of is None or scene.veil is not None:
        return
    now = Said(scene.after, scene.as_of)
    for one in CONTRADICTIONS:
        moved = scene.changed(*one.fields)
        if not moved and not (one.timely and scene.changed(_POSTED)):
            continue
        sentence = one.told(now)
        if sentence is None or (one.name == "one_arm" and _lost_arm(scene)):
            continue
        if scene.status_move:
            yield "status" if STATUS in one.fields else one.kind, capital(sentence.removeprefix("Still "))
        elif moved:
            yield one.kind, sentence
        elif not _told_before(scene, one):
            yield ANYWHERE, sentence


def _told_before(scene: Scene, one: Contradiction) -> bool:
    """Did it hold already when the earlier version was posted?"""
    posted = scene.before.dated(_POSTED)
    return posted is None or one.told(Said(scene.before, posted.date.last)) is not None


def gap(scene: Scene) -> str | None:
    """What may have happened between two versions that lie far apart (rules, "Gaps").

    Nothing did while the earlier one was seen to stand: of a watched trial no version goes unseen.
    """
    old = scene.before.dated("status.lastUpdatePostDate")
    new = scene.after.dated("status.lastUpdatePostDate")
    if old is None or new is None or not scene.changed(*_MOVES):
        return None
    if new.date.first - max(old.date.last, scene.confirmed or old.date.last) <= _GAP:
        return None
    return f"Between the versions of {when(old)} and {when(new)} (those between not seen): at least one move."


def _status_remarks(scene: Scene) -> Iterator[tuple[str, str]]:
    if scene.status_move is None:
        return
    start = scene.after.dated(START)
    if (
        scene.status == "RECRUITING"
        and scene.status_move[0] == "NOT_YET_RECRUITING"
        and start
        and scene.as_of
    ):
        lag = (scene.as_of - start.date.last).days
        if start.type == "ACTUAL" and lag > _LAG_DAYS:
            # With versions unseen between, an earlier one may have said so.
            said = "the first version seen to say so came" if gap(scene) else "the registry says so"
            yield "status", f"Recruiting since {when(start)}; {said} {stretch(lag)} later."
    over = scene.status in ("TERMINATED", "SUSPENDED", "COMPLETED")
    if over and (still := _still(scene)):
        yield "status", still


def _date_remarks(scene: Scene) -> Iterator[tuple[str, str]]:
    start = _slip(scene, START)
    if start is not None and start > _MOVED_DAYS and (still := _still(scene)):
        yield "dates", still


def _enrollment_remarks(scene: Scene) -> Iterator[tuple[str, str]]:
    old, new = scene.enrollments
    if old is None or new is None or not old.count or old.type != new.type or new.type != "ESTIMATED":
        return
    large = abs(new.count - old.count) * 100 >= _TARGET_PERCENT * old.count
    if large and not scene.changed(COMPLETION) and (still := _still(scene)):
        yield "enrollment", still


def _design_remarks(scene: Scene) -> Iterator[tuple[str, str]]:
    if what := _lost_arm(scene):
        yield "design", f"{what}; the record still says randomized."


def _lost_arm(scene: Scene) -> str | None:
    """Was an arm removed that leaves a randomized trial with one?"""
    lost = [delta.old for delta in scene.by_field.get(ARMS, ()) if delta.op == "removed" and not delta.at]
    if not lost or len(scene.after.items(ARMS)) != 1:
        return None
    if scene.after.word("design.allocation") != "RANDOMIZED":
        return None
    return "Control arm dropped" if any(map(_is_control, lost)) else "One arm is left"


def _is_control(arm: Value | None) -> bool:
    return isinstance(arm, Mapping) and arm.get("type") in CONTROL_ARMS


def _still(scene: Scene) -> str | None:
    """What did not move: an estimated primary completion that stays where it was."""
    done = scene.after.dated(PRIMARY_COMPLETION)
    if done is None or done.type != "ESTIMATED" or scene.changed(PRIMARY_COMPLETION):
        return None
    return f"Primary completion not moved: still {when(done)} (estimated)."


def _slip(scene: Scene, name: str) -> int | None:
    for delta in scene.by_field.get(name, ()):
        if isinstance(delta.old, Dated) and isinstance(delta.new, Dated):
            return days_between(delta.old.date, delta.new.date)
    return None
