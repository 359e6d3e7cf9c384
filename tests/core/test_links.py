"""Addresses of our own pages, and those by which a reader leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.links import Links
from monitor.core.record import TrialId

LINKS = Links("https://trialwire.example.com", b"k" * 32)


def test_pages_stand_below_the_base() -> None:
    """A digest and a trial each have an address."""
    assert LINKS.digest("dig_1") == "https://trialwire.example.com/digests/dig_1"
    assert LINKS.trial(TrialId("ctgov", "NCT09100001")).endswith("/trials/ctgov/NCT09100001")


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_address_to_leave_by_names_its_reader(channel: str, recipient: str) -> None:
    """What was made for one reader of one channel is read as that, in lower case, and fits in a header."""
    address = LINKS.unsubscribe(channel, recipient)
    assert address.isascii()
    assert not set(address) & set(" <>,")
    assert LINKS.leaving(address.rpartition("/")[2]) == (channel, recipient.lower())


@pytest.mark.parametrize("token", ["", ".", "WyJhIiwiYiJd.", "WyJhIiwiYiJd.AAAA", "é.é", "a.b.c"])
def test_nobody_leaves_for_somebody_else(token: str) -> None:
    """A token without its proof names nobody."""
    assert LINKS.leaving(token) is None


def test_another_key_proves_nothing() -> None:
    """A token of another installation names nobody here."""
    token = Links(LINKS.base, b"x" * 32).unsubscribe("ci", "a@example.com").rpartition("/")[2]
    assert LINKS.leaving(token) is None
