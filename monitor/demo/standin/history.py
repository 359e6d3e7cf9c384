"""The undocumented API behind the registry's history pages: an index of versions, and each version in HTML.

What nobody has seen of the real one (patches, the words of its refusals) is refused with 501 or an empty 404.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import orjson

from monitor.core.record import Json, JsonObject
from monitor.demo.standin.data import DataVersion, Submission, canonical
from monitor.demo.standin.hypertext import as_html
from monitor.demo.standin.reply import Reply

_PATH = re.compile(r"/api/int/studies/([^/]+)(/history(?:/([0-9]{1,6}))?)?")


def history_reply(path: str, parameters: Mapping[str, str], version: DataVersion) -> Reply:
    """The answer to `GET path` under `/api/int`."""
    found = _PATH.fullmatch(path)
    number = canonical(found[1]) if found else None
    if found is None or number is None:
        return Reply(404)
    if dict(parameters) != ({} if found[2] else {"history": "true"}):
        return Reply.text(501, "this stand-in does not imitate these parameters")
    if number in version.aliases:
        return Reply(301, headers={"Location": f"/api/int/studies/{version.aliases[number]}"})
    if number not in version.studies:
        return Reply(404)
    submissions = version.past(number)
    if found[3] is not None:
        return _version(int(found[3]), submissions)
    index = _index(submissions)
    if found[2]:
        return Reply.json(orjson.dumps(index))
    study: Json = orjson.loads(version.served(number))
    return Reply.json(orjson.dumps({"study": as_html(study), "topics": {}, "history": index}))


def _version(number: int, submissions: Sequence[Submission]) -> Reply:
    if number >= len(submissions):
        return Reply(404)
    study = {name: part for name, part in submissions[number].study.items() if name != "derivedSection"}
    return Reply.json(orjson.dumps({"studyVersion": number, "study": as_html(study)}))


def _index(submissions: Sequence[Submission]) -> JsonObject:
    changes: list[Json] = []
    for number, submission in enumerate(submissions):
        changes.append(
            {
                "version": number,
                "date": submission.date,
                "status": submission.at("statusModule", "overallStatus"),
                "studyType": submission.at("designModule", "studyType"),
                "moduleLabels": list(submission.labels),
                **submission.remarks,
            }
        )
    outcomes = sum("Outcome Measures" in submission.labels for submission in submissions)
    return {
        "changes": changes,
        "originalData": {},
        "lastUpdateVersions": {},
        "outcomesUpdateCount": outcomes,
    }
