"""Records out of files: a payload as saved, or a list response as downloaded. It judges shape only."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import orjson

from monitor.core.record import Json, TrialId
from monitor.errors import RecordFormatError
from monitor.registries import Payload
from monitor.registries.ctgov import belief
from monitor.registries.ctgov.numbers import NAME, canonical_number


class _List(msgspec.Struct):
    """A list response; each study is kept as the bytes it came in."""

    studies: list[msgspec.Raw]


def records(content: bytes) -> Iterator[Payload]:
    """Every record in `content`, each with its own slice of the bytes.

    Raises RecordFormatError where it is no JSON, or holds neither a record nor a list of them.
    """
    whole = _parsed(content, "")
    if isinstance(whole, dict) and "studies" in whole:
        try:
            rows = msgspec.json.decode(content, type=_List).studies
        except msgspec.ValidationError as error:
            raise RecordFormatError(
                f"not a list of studies: {error}", pointer="/studies", registry=NAME
            ) from error
        for number, row in enumerate(rows):
            pointer = f"/studies/{number}"
            yield _payload(bytes(row), _parsed(bytes(row), pointer), pointer)
    else:
        yield _payload(content, whole, "")


def _parsed(content: bytes, pointer: str) -> Json:
    try:
        parsed: Json = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RecordFormatError(f"not JSON: {error}", pointer=pointer, registry=NAME) from error
    return parsed


def _payload(body: bytes, record: Json, pointer: str) -> Payload:
    number = canonical_number(belief.nct_id(record) or "")
    if number is None:
        raise RecordFormatError(
            "not a study: it has no nctId",
            pointer=f"{pointer}/protocolSection/identificationModule/nctId",
            registry=NAME,
        )
    return Payload(TrialId(NAME, number), body, record)
