"""The story the demonstration tells: what it says happened is what its records show."""

from __future__ import annotations

import itertools

from monitor import registries
from monitor.demo.scenario import editions


def test_story_is_true() -> None:
    """From one edition to the next exactly the trials differ that the story says were amended."""
    reader = registries.reader("ctgov")
    story = editions()
    for before, after in itertools.pairwise(story):
        differing = {
            nct
            for nct in after.studies
            if reader.digest(before.studies[nct]) != reader.digest(after.studies[nct])
        }
        assert differing == after.amended, after.stamp
    assert not story[2].amended, "one edition only re-stamps"


def test_records_are_believable() -> None:
    """Every invented record is one the registry could have served."""
    reader = registries.reader("ctgov")
    for before, after in itertools.pairwise((editions()[0], *editions())):
        for nct, study in after.studies.items():
            assert reader.normalize(study).trial.id == nct
            assert reader.data_version(study) == after.day
            assert reader.disbelief(before.studies[nct], study) is None


def test_editions_are_independent() -> None:
    """Telling the story twice gives the same story, and an amendment leaves the edition before alone."""
    first, second = editions(), editions()
    assert first == second
    statuses = [edition.studies["NCT09100001"]["protocolSection"] for edition in first]
    assert statuses[0] != statuses[1]
