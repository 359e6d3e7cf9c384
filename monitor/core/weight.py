"""What circumstances do to a rule's level (rules, "Context"): summed, clamped to one level, named."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.change import LEVELS, Significance
from monitor.core.lazy import kept
from monitor.core.rule import RuleTable, Shift
from monitor.core.rules import LONG_COMPLETED, NEAR_COMPLETION, OBSERVATIONAL
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, Scene


def weigh(rule: str, table: RuleTable, shifts: Sequence[Shift]) -> tuple[Significance, tuple[str, ...]]:
    """(the level of a change this rule decides, the circumstances that moved it)."""
    base = table.level(rule)
    touching = [shift for shift in shifts if shift.touches(rule)]
    if base == "noise" or not touching:
        return base, ()
    anywhere = [shift for shift in touching if shift.at is None]
    levels = (base, _moved(base, anywhere))
    touching = [shift for shift in touching if shift.at is None or shift.at in levels]
    return _moved(base, touching), tuple(shift.name for shift in touching)


def _moved(base: Significance, shifts: Sequence[Shift]) -> Significance:
    steps = max(-1, min(1, sum(shift.steps for shift in shifts)))
    return LEVELS[max(0, min(len(LEVELS) - 1, LEVELS.index(base) - steps))]


@kept
def circumstances(scene: Scene) -> tuple[Shift, ...]:
    """The circumstances this version was made in."""
    near = _days_to_completion(scene)
    found = (
        (OBSERVATIONAL, scene.observational),
        (LONG_COMPLETED, _long_completed(scene)),
        (NEAR_COMPLETION, near is not None and 0 <= near <= NEAR_COMPLETION.days),
    )
    return tuple(shift for shift, holds in found if holds)


def _long_completed(scene: Scene) -> bool:
    """Completed before this version and for long: the version that says so is no aftermath."""
    if scene.status != "COMPLETED" or scene.status_move:
        return False
    done = scene.days_since(COMPLETION)
    over = done if done is not None else scene.days_since(PRIMARY_COMPLETION)
    return over is not None and over > LONG_COMPLETED.days


def _days_to_completion(scene: Scene) -> int | None:
    done = scene.after.dated(PRIMARY_COMPLETION)
    return (done.date.midpoint - scene.as_of).days if done and scene.as_of else None
