"""Release: an answer that was not believed becomes the version it would have been, because somebody looked.

What cannot be read as a record of its trial stays where it is, whoever asks: there is nothing to compare.
Nothing here talks to the network.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from monitor.core.record import Json
from monitor.core.recorded import isoformat
from monitor.core.rule import RuleTable
from monitor.core.watching import Quarantined
from monitor.errors import RecordFormatError, StoreError
from monitor.pipeline.reading import Known, Reading
from monitor.registries import Payload, Reader
from monitor.store import Store


def accept(store: Store, number: int, *, reader: Reader, rules: RuleTable, now: datetime) -> int:
    """Believe a held answer: record it as the poll would have (T1); return how many changes that gave.

    Raises StoreError where it is not held any more or a newer version was read since, RecordFormatError where
    it is no record of its trial.
    """
    found = store.quarantine_item(number)
    if found is None or found[0].state != "held":
        raise StoreError(f"{number} is not held in quarantine.", remedy="`trialwire quarantine list`")
    item, body = found
    payload = _read(item, body, reader)
    stored = store.latest([item.trial])
    current = stored[item.trial].snapshot if item.trial in stored else None
    version = item.data_version or isoformat(now)
    if current is not None and (current.data_version or "") > version[:10]:
        raise StoreError(
            f"{item.trial} was read again since, at data version {current.data_version}.",
            remedy=f"`trialwire quarantine drop {number}` puts the older answer away.",
        )
    known = Known(
        stored=stored,
        digests={item.trial: reader.digest(payload)},
        bodies=store.bodies([current.digest] if current else []),
        history=store.earlier_changes([item.trial]),
        doubted=store.quarantine_seen,
    )
    recordings = Reading(reader, rules, version, now).recordings(Payload(item.trial, body, payload), known)
    store.record(recordings)
    store.settle_quarantine(number, "accepted")
    return sum(len(recording.changes) for recording in recordings)


def _read(item: Quarantined, body: bytes, reader: Reader) -> Json:
    """The answer as a record of its trial."""
    remedy = f"`trialwire quarantine show {item.id} --body` shows it; `trialwire quarantine drop {item.id}`"
    try:
        payload: Json = orjson.loads(body)
        named = reader.normalize(payload).trial
    except (orjson.JSONDecodeError, RecordFormatError) as error:
        raise RecordFormatError(
            f"it is no trial record and cannot be believed: {error}",
            pointer=getattr(error, "pointer", ""),
            trial=str(item.trial),
            remedy=remedy,
        ) from error
    if named != item.trial:
        raise StoreError(f"it is a record of {named}, not of {item.trial}.", remedy=remedy)
    return payload
