"""ClinicalTrials.gov's trial numbers. It knows their form; whether a trial exists is for the registry."""

from __future__ import annotations

import re

from monitor.core.record import TrialId

NAME = "ctgov"

# The API's own pattern for `nctId`, upper limit of eight digits included.
_NUMBER = re.compile(r"NCT0*([1-9][0-9]{0,7})", re.IGNORECASE | re.ASCII)
_PAGE = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?clinicaltrials\.gov/(?:[\w.-]+/)*(NCT0*[1-9][0-9]{0,7})(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)


def canonical_number(text: str) -> str | None:
    """`NCT` and eight digits for a number written as the API accepts it (`nct7263919`); None for others."""
    found = _NUMBER.fullmatch(text)
    return f"NCT{int(found[1]):08d}" if found else None


def identify(text: str) -> TrialId | None:
    """The trial named by a number, however written, or by the address of its page; None for other texts."""
    wanted = text.strip()
    page = _PAGE.fullmatch(wanted)
    number = canonical_number(page[1] if page else wanted)
    return TrialId(NAME, number) if number else None
