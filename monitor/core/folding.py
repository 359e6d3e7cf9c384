"""How a digest is made to fit a target: the same outline with ever tighter limits, never a cut one.

A target bounds bytes, blocks or characters; what does not fit is counted in the outline itself, with where it
is told, so every form says that it left something out. Nothing here knows of a target or a form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitor.core.digest import Digest
from monitor.core.entries import Limits
from monitor.core.links import Links
from monitor.core.outline import Outline, outline

LADDER: tuple[Limits, ...] = (
    Limits(),
    Limits(stories=100, lines=8, clip=400, spans=24, items=20),
    Limits(stories=60, entries=6, lines=6, clip=300, spans=16, items=12),
    Limits(stories=40, entries=4, lines=4, clip=240, spans=12, items=10),
    Limits(stories=25, entries=3, lines=3, clip=200, spans=10, items=8),
    Limits(stories=12, entries=3, lines=3, clip=160, spans=8, items=6),
    Limits(stories=6, entries=2, lines=2, clip=120, spans=4, items=4),
    Limits(stories=2, entries=1, lines=1, clip=80, spans=0, items=2),
)
"""Ever less in full; the last is a few kilobytes of HTML whatever the text is."""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Fitted(Generic[Made]):
    """What was built, and the outline it was built from."""

    made: Made
    outline: Outline
    limits: Limits


def fitting(
    digest: Digest,
    build: Callable[[Outline], Made],
    fits: Callable[[Made], bool],
    *,
    ladder: Sequence[Limits] = LADDER,
    links: Links | None = None,
) -> Fitted[Made] | None:
    """The first form on the ladder that fits; None where not even the last does.

    `build` makes the form of an outline and `fits` says whether the target takes it: by bytes, by blocks, by
    both. A target with a ladder of its own passes it, loosest first.
    """
    for limits in ladder:
        said = outline(digest, limits, links)
        made = build(said)
        if fits(made):
            return Fitted(made, said, limits)
    return None
