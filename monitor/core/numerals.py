"""Numbers as people write them: figures in one spelling, words as the numbers they name.

What a number counts or limits is not read here.
"""

from __future__ import annotations

import re

ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
CARDINALS = {
    **{word: number for number, word in enumerate(ONES, 1)},
    **{word: number for number, word in enumerate(_TEENS, 10)},
    **{word: 10 * number for number, word in enumerate(TENS, 2)},
    **{
        f"{ten}-{one}": 10 * tens + ones
        for tens, ten in enumerate(TENS, 2)
        for ones, one in enumerate(ONES, 1)
    },
}
"""`one` to `ninety-nine`."""
_FIRST = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
ORDINALS = {**{word: number for number, word in enumerate(_FIRST, 1)}, "twelfth": 12}

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers a text holds, in order, without thousands separators."""
    return tuple(plain_number(found) for found in _NUMBER.findall(text))


def plain_number(text: str) -> str:
    """`1,000` is a thousand, `0,5` a half: a comma before exactly three digits separates thousands."""
    head, *tails = text.split(",")
    plain = head
    for tail in tails:
        thousands = len(tail.partition(".")[0]) == 3 and head != "0"
        plain += tail if thousands else f".{tail}"
    whole, dot, fraction = plain.partition(".")
    if "." in fraction:
        return plain
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (dot + fraction if fraction else "")
