"""Pairing: which item is which, whatever its key and place."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.catalogue import collection, natural_key
from monitor.core.countries import country
from monitor.core.facilities import facility, is_placeholder, name_likeness
from monitor.core.pairing import Pairing, Place, pair, pair_inside
from monitor.core.pairing.kinds import KINDS
from monitor.core.pairing.likeness import candidates, likeness
from monitor.core.record import Items, Text, Tree
from monitor.registries.ctgov.normalize import normalize
from tests.support.real import STUDIES, load, needs_real_records


def tree(**parts: str) -> Tree:
    """An item with texts as parts."""
    return {name: country(said) if name == "country" else Text.plain(said) for name, said in parts.items()}


def paired(name: str, before: list[Tree], after: list[Tree]) -> set[tuple[str, str]]:
    """The pairs of one collection, by the first part of each item."""
    olds, news = collection(name, before), collection(name, after)
    pairing = pair({name: olds}, {name: news})
    assert len(pairing.pairs) + len(pairing.removed) == len(before)
    assert len(pairing.pairs) + len(pairing.added) == len(after)
    return {(_first(olds[old.key]), _first(news[new.key])) for old, new in pairing.pairs}


def _first(item: Tree) -> str:
    value = next(iter(item.values()))
    assert isinstance(value, Text)
    return value.shown


SAME: list[tuple[str, Tree, Tree]] = [
    ("outcomes.primary", tree(measure="Overall survival"), tree(measure="OVERALL  SURVIVAL")),
    ("outcomes.primary", tree(measure="Overall survival"), tree(measure="Overall survival (OS)")),
    (
        "outcomes.secondary",
        tree(measure="ORR", description="Share of patients with a complete or partial response."),
        tree(measure="ORR per RECIST", description="Share of patients with a complete or partial response."),
    ),
    (
        "armsInterventions.arms",
        tree(label="Arm A", description="Veltomab 10 mg/kg every three weeks until progression"),
        tree(label="Arm A: Veltomab", description="Veltomab 10 mg/kg every three weeks until progression"),
    ),
    (
        "armsInterventions.interventions",
        tree(name="Veltomab", type="DRUG"),
        tree(name="Veltomab", type="BIOLOGICAL"),
    ),
    ("sponsor.collaborators", tree(name="Alpha Bio Inc"), tree(name="Alpha Bio, Inc.")),
    ("identification.secondaryIds", tree(id="2025-500001-11-00"), tree(id="2025-500001-11-00", type="CTIS")),
    ("references.references", tree(citation="Doe J. A trial."), tree(citation="Doe J. A trial.", pmid="123")),
    (
        "documents.largeDocs",
        tree(filename="Prot_000.pdf", typeAbbrev="Prot", label="Protocol"),
        tree(filename="Prot_001.pdf", typeAbbrev="Prot", label="Protocol"),
    ),
    ("derived.conditionMesh", tree(id="D1", term="Asthma"), tree(id="D2", term="Asthma")),
    ("contacts.officials", tree(name="Jane Doe", role="A"), tree(name="Jane Doe", role="B")),
]


@pytest.mark.parametrize(("name", "old", "new"), SAME)
def test_the_same_thing_under_another_key(name: str, old: Tree, new: Tree) -> None:
    """A re-worded, re-typed or completed item is the item it was."""
    assert len(paired(name, [old], [new])) == 1


OTHER: list[tuple[str, Tree, Tree]] = [
    ("outcomes.primary", tree(measure="Progression-free survival"), tree(measure="Objective response rate")),
    (
        "outcomes.primary",
        tree(measure="Cmax of veltomab, Part A"),
        tree(measure="AUC of oxaliplatin, Part B"),
    ),
    ("armsInterventions.arms", tree(label="Placebo"), tree(label="Veltomab 10 mg/kg")),
    ("armsInterventions.interventions", tree(name="Cisplatin"), tree(name="Veltomab")),
    ("sponsor.collaborators", tree(name="Alpha Bio"), tree(name="Beta Pharma")),
    ("conditions.conditions", tree(name="Gastric Cancer"), tree(name="Asthma")),
    (
        "references.references",
        tree(pmid="1", citation="Doe J. One."),
        tree(pmid="2", citation="Roe R. Another matter."),
    ),
    ("annotation.unpostedEvents", tree(type="RELEASE"), tree(type="RESET")),
]


@pytest.mark.parametrize(("name", "old", "new"), OTHER)
def test_another_thing_is_not_taken_for_it(name: str, old: Tree, new: Tree) -> None:
    """Items that have too little in common stay apart."""
    assert paired(name, [old], [new]) == set()


def place(facility: str, city: str = "Riverton", zip_code: str = "10001", land: str = "China") -> Tree:
    """A site."""
    parts = {"facility": facility, "city": city, "zip": zip_code}
    return {**tree(**{name: said for name, said in parts.items() if said}), "country": country(land)}


SAME_SITE = [
    (place("Local Institution - 0012"), place("City Hospital")),
    (place("Research Site"), place("City Hospital")),
    (place("GSK Investigational Site", zip_code=""), place("City Hospital", zip_code="")),
    (place("Research Site", "Tainan City"), place("Research Site", "Tainan")),
    (place("Local Institution - 0082", zip_code="20231"), place("Local Institution - 0082", "Rio", "20230")),
    (place("Hôpital Émile Muller"), place("Hopital Emile Muller")),
    (place("HÃ´pital Foch"), place("Hôpital Foch")),
    (place("City Hospital, Xi'an"), place("City Hospital of Xian")),
    (place("City Hospital", "Xi'an"), place("City Hospital", "Xian")),
    (place("Metro Medical and Research Centre"), place("Metro Medical & Research Center Inc.")),
    (
        place("Goztepe Suleyman Yalcin Sehir", "Istanbul", "1"),
        place("Goztepe Suleyman Yalcin Sehir", "Kocaeli", "2"),
    ),
    (place("City Hospital", land="Turkey"), place("City  hospital", land="Turkey (Türkiye)")),
    (place("Local Institution - 0012", zip_code="410011"), place("Aster Hospital", zip_code="400011")),
    (place("Local Institution - 0012", zip_code="30060"), place("Aster Hospital", zip_code="300060")),
    (place("Local Institution - 0012", zip_code="416002"), place("Aster Hospital", zip_code="416005")),
    (place("Local Institution - 0012", zip_code=""), place("Aster Hospital", zip_code="416005")),
    (
        place("Aster Center", zip_code="19111-2497", land="United States"),
        place("Aster Center - Elm Campus", zip_code="19111-2433", land="United States"),
    ),
    (place("Aster Clinic - Transplant Center"), place("Aster Clinic Cancer Center (MCCC)")),
    (place("1st Hosp of Aster University"), place("The First Hospital of Aster University")),
    (place("Aster Universitesi Tip Fakultesi"), place("Aster University Medical Faculty")),
    (place("CHU Riverton"), place("Centre Hospitalier Universitaire de Riverton")),
    (place("Asteruv onkologicky ustav"), place("Aster Memorial Cancer Institute")),
]


@pytest.mark.parametrize(("old", "new"), SAME_SITE)
def test_the_same_site_under_another_spelling(old: Tree, new: Tree) -> None:
    """Stand-ins pair by zip and city or by number, names by likeness in the same place."""
    assert len(paired("locations", [old], [new])) == 1


OTHER_SITE = [
    (place("Research Site"), place("Research Site", zip_code="94800")),
    (place("Local Institution - 0012"), place("Local Institution - 0013")),
    (place("Local Institution - 0012"), place("City Hospital", "Lakeside", "2")),
    (place("Tongji Hospital", zip_code="1"), place("Union Hospital, Tongji Medical College", zip_code="2")),
    (place("City Hospital"), place("City Hospital", "Lakeside", "2")),
    (place("City Hospital"), place("City Hospital", land="Japan")),
    (place("Northern Cancer Center", zip_code=""), place("Lakeside Heart Clinic", zip_code="")),
    (place("Aster Medical Center"), place("Riverton Medical Center")),
    (place("First Hospital of Aster University"), place("Second Hospital of Aster University")),
    (place("Aster University Cancer Center"), place("Elm Hospital of Aster University")),
    (place("Hospital Universitario La Rosa"), place("Hospital Universitario Ramon y Elm")),
    (place("Aster Hospital", zip_code="1"), place("Aster NHS Foundation Trust", zip_code="2")),
    (place("Local Institution - 0012", zip_code="13353"), place("Aster Hospital", zip_code="22203")),
    (place("Local Institution - 0012", zip_code=""), place("Local Institution - 0013", zip_code="")),
]


@pytest.mark.parametrize(("old", "new"), OTHER_SITE)
def test_another_site_is_not_taken_for_it(old: Tree, new: Tree) -> None:
    """A stand-in elsewhere, another number, another name or another country is another site."""
    assert paired("locations", [old], [new]) == set()


def test_a_stand_in_stays_put_where_the_city_leaves_a_choice() -> None:
    """Two stand-ins, or two names, and zips that tell nothing: nobody knows which became which."""
    one, two = place("Local Institution - 0012", zip_code=""), place("Local Institution - 0013", zip_code="")
    aster, elm = place("Aster Hospital", zip_code=""), place("Elm Hospital", zip_code="")
    assert paired("locations", [one, two], [aster, elm]) == set()
    assert paired("locations", [one], [aster, elm]) == set()
    assert paired("locations", [one, elm], [aster, elm]) == {
        ("Local Institution - 0012", "Aster Hospital"),
        ("Elm Hospital", "Elm Hospital"),
    }


def test_many_stand_ins_get_their_names() -> None:
    """235 stand-ins of which 46 are left are the same 235 sites, whatever the order of the lists."""
    towns = [("Riverton", "Lakeside", "Hilltop")[n % 3] for n in range(235)]
    before = [place(f"Local Institution - {n:04}", town, f"{n:05}") for n, town in enumerate(towns)]
    after = before[:46] + [place(f"Hospital {n} of {towns[n]}", towns[n], f"{n:05}") for n in range(46, 235)]
    found = paired("locations", before, after[::-1])
    assert len(found) == 235
    assert all(f"{int(old[-4:])}" in new for old, new in found)


def test_sites_of_one_stand_in_pair_by_zip_and_status() -> None:
    """Twelve "Research Sites" of one city: those of another zip are others, the likest of one zip pair."""

    def one(zip_code: str, status: str) -> Tree:
        return {**place("Research Site", zip_code=zip_code), "status": status}

    name, zips = "locations", [f"1000{n}" for n in range(10)]
    before = collection(name, [*(one(code, "RECRUITING") for code in zips), one("10009", "WITHDRAWN")])
    after = collection(name, [*(one(code, "COMPLETED") for code in zips[2:]), one("10009", "WITHDRAWN")])
    pairing = pair({name: before}, {name: after})
    assert (len(pairing.pairs), len(pairing.removed), len(pairing.added)) == (9, 2, 0)
    for old, new in pairing.pairs:
        was, now = before[old.key], after[new.key]
        assert was["zip"] == now["zip"]
        assert (was["status"] == "WITHDRAWN") == (now["status"] == "WITHDRAWN")


def test_a_thousand_new_sites_of_one_city_are_compared_in_bounded_time() -> None:
    """Where no name, zip or number tells sites apart, they are not all compared with one another."""
    before = [place(f"Aster {n} Hospital", zip_code="") for n in range(1154)]
    after = [place(f"Elm {n}X Hospital", zip_code="") for n in range(1154)]
    started = time.process_time()
    assert paired("locations", before, after) == set()
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "facility",
    [
        "Research Site",
        "GSK Investigational Site",
        "Local Institution - 0012",
        "Novartis Investigative Site",
        "Investigational Site Number : 124",
        "USA02-0",
        "Site US101",
        "Zai Lab Site 2003",
        "Research Site US-12-3",
        "Clinical Site",
        "For additional information regarding investigative sites, call us.",
    ],
)
def test_stand_ins_are_known(facility: str) -> None:
    """Names that say nothing of the place are not compared as names."""
    assert is_placeholder(facility)


@pytest.mark.parametrize(
    "facility",
    [
        "City Hospital",
        "Rambam Health Care Campus ( Site 0602)",
        "Clinical Center Kragujevac",
        "Hospital 12 de Octubre",
        "Institut Curie - Site de Paris",
        "Peking Union Clinical Research Center",
        "2nd Affiliated Hospital",
        "",
    ],
)
def test_names_are_not_taken_for_stand_ins(facility: str) -> None:
    """A name with a number or with the word "site" in it is still a name."""
    assert not is_placeholder(facility)


def test_a_name_with_the_sponsors_number_behind_it_is_the_name() -> None:
    """`/ID# 21345` and `( Site 0602)` number a site; they do not make it another house."""
    for shown in ("Rambam Campus /ID# 21345", "Rambam Campus ( Site 0602)"):
        assert name_likeness(facility("Rambam Campus"), facility(shown), "haifa", exact=False) > 0.9


def test_the_pairs_that_are_likest_together() -> None:
    """Where several could pair, those pair that are likest together, whatever the order of the lists."""
    olds = [tree(measure="Overall survival at 2 years"), tree(measure="Overall survival")]
    news = [tree(measure="Overall survival (OS)"), tree(measure="Overall survival at 2 years in Asia")]
    expected = {
        ("Overall survival", "Overall survival (OS)"),
        ("Overall survival at 2 years", "Overall survival at 2 years in Asia"),
    }
    for before, after in itertools.product(itertools.permutations(olds), itertools.permutations(news)):
        assert paired("outcomes.primary", list(before), list(after)) == expected


def test_a_move_between_lists_needs_more_than_a_likeness() -> None:
    """Across lists only the same measure or a very alike one is a move; a vague one is not."""
    before = {
        "outcomes.primary": collection("outcomes.primary", [tree(measure="Overall survival, 24 months")])
    }
    same = {"outcomes.secondary": collection("outcomes.secondary", [tree(measure="Overall survival, 24 mo")])}
    vague = {
        "outcomes.secondary": collection("outcomes.secondary", [tree(measure="Event-free survival rate")])
    }
    ((old, new),) = pair(before, same).pairs
    assert (old.field, new.field) == ("outcomes.primary", "outcomes.secondary")
    assert pair(before, vague).pairs == ()


def test_lists_inside_items_pair_inside_and_twins_by_likeness() -> None:
    """Inside an item nothing pairs across keys; among items of one key, the likest do."""
    before = collection("references.availIpds", [tree(id="a", url="1"), tree(id="a", url="22"), tree(id="b")])
    after = collection("references.availIpds", [tree(id="a", url="22"), tree(id="a", url="13"), tree(id="c")])
    pairing = pair_inside(before, after)
    shown = {(_part(before[old.key]), _part(after[new.key])) for old, new in pairing.pairs}
    assert shown == {("22", "22"), ("1", "13")}
    assert (pairing.removed, pairing.added) == ((Place("", "b"),), (Place("", "c"),))


def _part(item: Tree) -> str:
    value = item["url"]
    assert isinstance(value, Text)
    return value.form


@given(
    st.dictionaries(st.sampled_from("abc"), st.text("xy ", max_size=4)),
    st.dictionaries(st.sampled_from("abc"), st.text("xy ", max_size=4)),
)
def test_likeness_is_symmetric_and_full_for_equals(one: dict[str, str], other: dict[str, str]) -> None:
    """Likeness lies between 0 and 1, does not depend on the side, and is 1 for equal items."""
    old, new = tree(**one), tree(**other)
    assert 0 <= likeness(old, new) <= 1
    assert likeness(old, new) == pytest.approx(likeness(new, old))
    assert likeness(old, old) == 1


def test_long_lists_pair_in_bounded_time() -> None:
    """Two hundred re-worded outcomes find their partners without comparing everything with everything."""
    stems, ends = ("alpha", "beta", "gamma", "delta"), ("ning", "ment", "tion", "ling")
    words = [stem + end for stem, end in itertools.product(stems, ends)]
    names = [" ".join(three) for three in itertools.islice(itertools.permutations(words, 3), 0, 3000, 15)]
    before = [tree(measure=f"Change in {name} score") for name in names]
    after = [tree(measure=f"Change in {name} score from baseline") for name in names]
    started = time.process_time()
    found = paired("outcomes.secondary", before, after[::-1])
    assert time.process_time() - started < 5
    assert sum(f"{old} from baseline" == new for old, new in found) == len(names)


texts = st.lists(
    st.sampled_from(["overall", "survival", "response", "rate", "week 2", "Cohort 1", "Cohort 2"]), max_size=4
).map(" ".join)
outcomes = st.lists(st.builds(lambda measure: tree(measure=measure), texts), max_size=6)


@settings(max_examples=80)
@given(outcomes, outcomes, outcomes, outcomes, st.randoms(use_true_random=False))
def test_pairs_are_one_to_one_like_enough_and_the_same_in_any_order(
    first: list[Tree], second: list[Tree], third: list[Tree], fourth: list[Tree], chance: random.Random
) -> None:
    """Two lists on each side: nothing pairs twice, nothing below the threshold, and order never matters."""
    names = ("outcomes.primary", "outcomes.secondary")

    def paired_up(olds: list[list[Tree]], news: list[list[Tree]]) -> Pairing:
        return pair(
            {name: collection(name, items) for name, items in zip(names, olds, strict=True)},
            {name: collection(name, items) for name, items in zip(names, news, strict=True)},
        )

    pairing = paired_up([first, second], [third, fourth])
    assert (
        len({old for old, _ in pairing.pairs}) == len({new for _, new in pairing.pairs}) == len(pairing.pairs)
    )
    assert len(pairing.pairs) + len(pairing.removed) == len(first) + len(second)
    assert len(pairing.pairs) + len(pairing.added) == len(third) + len(fourth)
    before = {name: collection(name, items) for name, items in zip(names, (first, second), strict=True)}
    after = {name: collection(name, items) for name, items in zip(names, (third, fourth), strict=True)}
    for old, new in pairing.pairs:
        was, now = before[old.field][old.key], after[new.field][new.key]
        if was != now:
            ((score, _, _),) = candidates(KINDS[new.field], [was], [now])
            assert score >= (0.8 if old.field != new.field else 0.6)
    shuffled = [[*items] for items in (first, second, third, fourth)]
    for items in shuffled:
        chance.shuffle(items)
    assert paired_up(shuffled[:2], shuffled[2:]) == pairing


@needs_real_records
def test_real_stand_ins_that_got_their_names_are_the_sites_they_were() -> None:
    """Where 235 stand-ins became 46, at most a quarter of the sites reads as come or gone."""
    before, after = map(normalize, map(load, sorted((STUDIES / "NCT05827016").glob("*.json"))[:2]))
    name = "locations"
    olds, news = (Items.of(record.items(name).values(), natural_key(name)) for record in (before, after))
    pairing = pair({name: olds}, {name: news})
    assert len(pairing.pairs) > 220
    assert max(len(pairing.removed), len(pairing.added)) < 60
