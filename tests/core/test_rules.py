"""The rule table: every rule decides what it says and nothing beside it; levels and thresholds can be set."""

from __future__ import annotations

import re

import pytest

from monitor import compare
from monitor.core.change import LEVELS, ChangeSet
from monitor.core.fits import FITS
from monitor.core.rule import RuleTable
from monitor.core.rules import CRITICAL, MAJOR, MINOR, NOISE, default_rules
from monitor.errors import ConfigError
from tests.support.rule_examples import EXAMPLES, Example, trial

NEEDS_HISTORY = {"M16", "M22"}
"""Shown elsewhere: among the findings, where a history is given; and where trials come into searches."""


def deciding(found: ChangeSet, field: str) -> set[str]:
    """The rules that decide changes of a field; of the findings, roll-ups included, where none is named."""
    if field:
        return {change.rule for change in found if change.field == field}
    rolled = [finding.facts.get("roll_ups") for finding in found.findings]
    return {finding.rule for finding in found.findings}.union(*(r for r in rolled if isinstance(r, dict)))


def name_of(example: Example) -> str:
    return f"{example.rule}-{'fits' if example.fits else 'not'}-{example.note or example.field}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_a_rule_decides_what_it_says(example: Example) -> None:
    """The change of the example's field meets the rule, or just does not."""
    found = compare(trial(**example.before), trial(**example.after))
    rules = deciding(found, example.field)
    assert (example.rule in rules) == example.fits, rules


def test_every_rule_has_an_example_of_each_kind() -> None:
    """No rule goes without an amendment it decides and one it does not."""
    shown = {(example.rule, example.fits) for example in EXAMPLES}
    wanted = {(rule.id, fits) for rule in default_rules() for fits in (True, False)}
    assert wanted - shown == {(rule, fits) for rule in NEEDS_HISTORY for fits in (True, False)}


def test_the_table_holds_the_reviewed_rules_in_order() -> None:
    """Thirteen critical, twenty-two major, eighteen minor and seven noise rules, worst first."""
    assert [rule.id for rule in CRITICAL] == [f"C{n}" for n in range(1, 14)]
    assert {rule.id for rule in MAJOR} == {f"M{n}" for n in range(1, 23)}
    assert [rule.id for rule in MINOR] == [f"m{n}" for n in range(1, 19)]
    assert [rule.id for rule in NOISE] == [f"n{n}" for n in range(1, 8)]
    levels = [LEVELS.index(rule.level) for rule in default_rules()]
    assert levels == sorted(levels)


def test_every_rule_has_a_predicate_or_sits_on_findings() -> None:
    """What the table says is carried out: a predicate each, but for what reads a version as a whole."""
    assert {rule.id for rule in default_rules()} - FITS.keys() == {"M15", "m18"}
    assert FITS.keys() <= {rule.id for rule in default_rules()}


def test_names_are_unique_and_conditions_name_their_thresholds() -> None:
    """A rule is one line for people: its text names every threshold it has."""
    rules = list(default_rules())
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        named = set(re.findall(r"\{(\w+)\}", rule.condition))
        assert named == set(rule.thresholds), rule.id
        assert "{" not in rule.text


def test_levels_and_thresholds_are_overridden_by_id() -> None:
    """A reader's own threshold and level are in force, and show in the rule's text."""
    table = default_rules().with_overrides({"C6": {"threshold_days": 120}, "m7": {"level": "noise"}})
    before, after = (
        trial(pcd={"date": "2027-01-01", "type": "ESTIMATED"}),
        trial(pcd={"date": "2027-05-01", "type": "ESTIMATED"}),
    )
    assert [c.rule for c in compare(before, after)] == ["M2"]
    (change,) = compare(before, after, rules=table)
    assert (change.rule, change.significance) == ("C6", "critical")
    assert "threshold 120" in change.reason
    assert "120" in table["C6"].text
    assert table.level("m7") == "noise"
    assert default_rules().level("m7") == "minor"


def test_a_raised_threshold_leaves_the_rest_to_the_next_rule() -> None:
    """M2 takes what C6 no longer does."""
    table = default_rules().with_overrides({"C6": {"threshold_days": 400}})
    before = trial(pcd={"date": "2027-01-01", "type": "ESTIMATED"})
    (change,) = compare(before, trial(pcd={"date": "2027-12-01", "type": "ESTIMATED"}), rules=table)
    assert change.rule == "M2"


def test_all_mistakes_of_overrides_are_named_at_once() -> None:
    """Unknown rules, unknown thresholds, bad levels and bad numbers come in one error, by dotted name."""
    with pytest.raises(ConfigError) as caught:
        default_rules().with_overrides(
            {
                "C99": {},
                "C6": {"days": 3, "threshold_days": "many"},
                "m7": {"level": "loud"},
                "M2": {"threshold_days": -1},
            }
        )
    message = str(caught.value)
    for part in (
        "rules.C99",
        "rules.C6.days",
        "rules.C6.threshold_days",
        "rules.m7.level",
        "rules.M2.threshold_days",
    ):
        assert part in message
    assert caught.value.key == "rules.C99"
    assert caught.value.remedy


def test_rules_are_found_by_field_in_the_tables_order() -> None:
    """Only rules about the field are asked, worst first, and the catch-all is kept for last."""
    table: RuleTable = default_rules()
    asked = tuple(rule.id for rule in table.for_field("status.primaryCompletionDate"))
    assert asked == ("C6", "M2", "M3", "M14", "M16", "m2", "n4")
    assert [table.rank(rule) for rule in asked] == sorted(table.rank(rule) for rule in asked)
    assert table.for_field("never.heard.of") == ()
