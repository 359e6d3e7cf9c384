"""Trials with a past: data versions of a stand-in in which primary completion slips every time."""

from __future__ import annotations

from monitor.core.record import Json, JsonObject
from monitor.demo.standin import DataVersion, Submission
from tests.support.world import number_of, sample

SLIPS = ("2027-03", "2027-06", "2027-11", "2028-01", "2028-05")
"""Primary completion in each version."""
REVIEW: JsonObject = {
    "primaryOutcomes": [{"measure": "Survival", "reviewUnit": {"resetReasons": ["Too short."]}}]
}


def slipped(number: int, place: int, *, months: int = 1, **members: object) -> JsonObject:
    """The version at `place`, from 0, of an invented trial; they are `months` apart."""
    month = 1 + place * months
    day = f"{2024 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}"
    status = "protocolSection__statusModule__"
    return sample(
        number,
        **{
            f"{status}lastUpdateSubmitDate": f"{day}-03",
            f"{status}lastUpdatePostDateStruct": {"date": f"{day}-05", "type": "ACTUAL"},
            f"{status}primaryCompletionDateStruct": {
                "date": SLIPS[place % len(SLIPS)],
                "type": "ESTIMATED",
            },
            **members,
        },
    )


def submitted(study: JsonObject, **remarks: Json) -> Submission:
    """It as its sponsor submitted it, on the day it says."""
    date = Submission("", study).at("statusModule", "lastUpdateSubmitDate")
    return Submission(str(date), study, remarks=remarks)


def past_version(day: int, *trials: tuple[JsonObject, ...], hour: int = 9) -> DataVersion:
    """A data version of November 2026 with these trials and all versions of each, the last as it stands."""
    return DataVersion(
        f"2026-11-{day:02d}T{hour:02d}:00:05",
        {number_of(versions[-1]): versions[-1] for versions in trials},
        {number_of(versions[-1]): [submitted(one) for one in versions] for versions in trials},
    )


def story(number: int, length: int = 4) -> tuple[JsonObject, ...]:
    """An invented trial's versions, oldest first."""
    return tuple(slipped(number, place) for place in range(length))
