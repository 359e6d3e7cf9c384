"""Numbers as people write them."""

from __future__ import annotations

import pytest

from monitor.core.numerals import CARDINALS, numbers_in, plain_number


def test_numbers_are_read_without_separators() -> None:
    """Thousands separators, decimal commas and trailing zeros do not make another number."""
    assert numbers_in("1,000 mg or 0,5 ml, 1.50 × 10^9/L") == ("1000", "0.5", "1.5", "10", "9")


@pytest.mark.parametrize(
    ("text", "number"), [("1,000", "1000"), ("0,5", "0.5"), ("1.50", "1.5"), ("007", "7")]
)
def test_a_number_is_read_without_separators(text: str, number: str) -> None:
    """A comma before three digits separates thousands, any other marks a fraction."""
    assert plain_number(text) == number


def test_every_number_below_a_hundred_has_one_word() -> None:
    """Words for numbers are read up to ninety-nine, none of them for two numbers."""
    assert sorted(CARDINALS.values()) == list(range(1, 100))
