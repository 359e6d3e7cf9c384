"""The registry's own history of a trial, asked for: the undocumented API behind its history pages.

Nothing else rests on it. Where it fails, changes shape or is refused, the error says so and the monitor can
go on without it; it never gives a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from monitor.core.past import Past, PastRecord
from monitor.core.record import JsonObject, TrialId
from monitor.errors import RecordFormatError, RegistryUnavailableError
from monitor.registries.ctgov.asking import MOST_HOPS, REDIRECTS, Asking, number_in, unexpected
from monitor.registries.ctgov.numbers import NAME
from monitor.registries.ctgov.past import past, past_record

_T = TypeVar("_T")
_OBJECT = cast("type[JsonObject]", dict)


class History:
    """The past of trials at `base_url`."""

    def __init__(self, base_url: str, asking: Asking) -> None:
        self._api = f"{base_url}/api/int/studies"
        self._asking = asking

    def past(self, trial: TrialId) -> Past | None:
        """The index of its versions; None where the registry has no such trial."""
        found = self._answer(trial, "?history=true")
        return None if found is None else _read(lambda: past(*found))

    def version(self, trial: TrialId, number: int) -> PastRecord | None:
        """Version `number`, from 1; None where the registry has no such version."""
        if number < 1:
            raise ValueError(f"versions are counted from 1, not {number}")
        found = self._answer(trial, f"/history/{number - 1}")
        return None if found is None else _read(lambda: past_record(*found, number))

    def _answer(self, trial: TrialId, what: str) -> tuple[JsonObject, TrialId] | None:
        """The JSON told, and of which trial.

        Of a redirect only the number is used, to ask for that one ourselves.
        """
        number, seen = trial.id, {trial.id}
        while True:
            answer, told = self._asking.read(f"{self._api}/{number}{what}", _OBJECT)
            if told is not None:
                return told, TrialId(NAME, number)
            if answer.status == 404:
                return None
            moved = number_in(answer.location) if answer.status in REDIRECTS else None
            if moved is None or moved in seen or len(seen) > MOST_HOPS:
                raise unexpected(answer)
            number = moved
            seen.add(number)


def _read(parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except RecordFormatError as error:
        raise RegistryUnavailableError(
            error.message,
            registry=NAME,
            broken=True,
            remedy="The history API is undocumented; the monitor goes on without it.",
        ) from error
