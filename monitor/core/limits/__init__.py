"""Numeric limits of eligibility criteria: read, compared, and put in few words.

Nothing here judges what a moved limit is worth: that is for the rules.
"""

from monitor.core.limits.limit import Limit
from monitor.core.limits.moving import Direction, Move, Moves, moves
from monitor.core.limits.reading import limits_in
from monitor.core.limits.subject import same_but_terms, same_subject
from monitor.core.limits.wording import limit_words, moved_words, to_facts, way_words

__all__ = [
    "Direction",
    "Limit",
    "Move",
    "Moves",
    "limit_words",
    "limits_in",
    "moved_words",
    "moves",
    "same_but_terms",
    "same_subject",
    "to_facts",
    "way_words",
]
