"""The registry rewrites the form of all its texts: nothing has happened."""

from __future__ import annotations

from monitor import compare
from monitor.demo.standin.reformat import reformatted
from tests.support.payloads import rich_study
from tests.support.real import load, needs_real_records, study_files


def test_another_form_of_every_text_is_no_change() -> None:
    """Bullets and escapes are otherwise, the record's digest too, and no field is."""
    study = rich_study()
    assert reformatted(study) != study
    assert not list(compare(study, reformatted(study)))
    assert not list(compare(reformatted(study), study))


@needs_real_records
def test_real_records_are_rewritten_quietly() -> None:
    """Most of them differ in their bytes, none in a field."""
    studies = [load(path) for path in study_files()[::5]]
    assert sum(reformatted(study) != study for study in studies) > len(studies) // 2
    assert not [study for study in studies if list(compare(study, reformatted(study)))]
