"""The labelled tables: over two hundred edits, each with the rule, the level and the sentence expected."""

from __future__ import annotations

import pytest

import monitor
from monitor.core.rules import default_rules
from tests.labelled.reading import Row, rows

ROWS = tuple(rows())


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.rule} {row.edit}" for row in ROWS])
def test_an_edit_is_told_as_labelled(row: Row) -> None:
    """The change of the labelled field has its rule, its level and, word for word, its sentence."""
    changes = [change for change in monitor.compare(row.before, row.after) if change.field == row.field]
    told = [(change.rule, change.significance, change.summary) for change in changes]
    assert (row.rule, row.level, row.says) in told


def test_the_tables_are_large_and_cover_every_rule() -> None:
    """At least 200 rows, none twice, and one at least for each rule that judges changes of a record."""
    assert len({(row.edit, row.field, row.says) for row in ROWS}) == len(ROWS) >= 200
    of_records = (
        rule for rule in default_rules() if not all(name.startswith("registry.") for name in rule.fields)
    )
    judging = {rule.id for rule in of_records if rule.on == "change"}
    assert judging - {row.rule for row in ROWS} == set()
