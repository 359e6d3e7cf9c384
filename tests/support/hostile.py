"""Digests as large and as ill-meant as a registry could make them: all of it is invented."""

from __future__ import annotations

from monitor.core.change import Significance
from monitor.core.digest import Digest
from tests.support.digests import change, composed, finding, gathered, notice, trial

NASTY = (
    "<!channel> <@U123> @everyone <https://evil.example|Click me> [here](https://evil.example) "
    "**bold** ~~no~~ `code` ||spoiler|| # head > quote & &amp; <at>all</at> "
    "\u202egnp.exe\u2066 https://evil.example/x \x1b[31m - 1. * _under_ 日本語のタイトル"
)
"""What calls people, makes links or marks, or turns text around, in one chat or another."""
LEVELS: tuple[Significance, ...] = ("critical", "major", "minor")


def hostile_digest(changes: int, text: str = NASTY) -> Digest:
    """As many trials with one change each, a third of each level, all of whose words are `text`."""
    stories = []
    for number in range(changes):
        state = trial(number, f"{text} {number}", text)
        news = change(
            state, f"{text}; {number}.", level=LEVELS[number % 3], key=f"k{number}", number=number + 1
        )
        stories.append((state, finding(state, f"{text}: {number}", news), (news,)))
    notices = (notice("source", f"The registry cannot be reached: {text}", number=7),)
    return composed(gathered(*stories, notices=notices))
