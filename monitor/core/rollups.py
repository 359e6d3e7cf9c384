"""What only all changes together show: sites by country (M10, M15), slips added up (M16).

Roll-ups sit on findings, never on changes (rules, "Findings").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.core.change import Change
from monitor.core.countries import canonical_country
from monitor.core.fits.dates import crossed_slip
from monitor.core.record import Collection, JsonObject, Named, Tree, Value
from monitor.core.scene import PRIMARY_COMPLETION, Case, Scene, shown
from monitor.core.sentences.words import in_country, listing, status, stretch

SITES = "locations"
_COUNTRIES = 5
"""Countries named in one line."""
_MOVES = 4
"""Kinds of status moves named in one line."""
_ADDRESS = frozenset({"city", "state", "zip", "country"})
_BEFORE_OPENING = ("NOT_YET_RECRUITING", "WITHDRAWN")


@dataclass(frozen=True, slots=True)
class RollUp:
    """A rule about many changes, and why it fits."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class SiteTally:
    """What happened to the sites, counted."""

    before: int
    after: int
    added: Counter[str] = field(default_factory=Counter)
    """By country, under the name in use."""
    removed: Counter[str] = field(default_factory=Counter)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Statuses, before and after."""
    wiped: int = 0
    stillborn: int = 0
    """Added ones that were withdrawn already: they open no country and no site."""
    renamed: int = 0
    re_placed: int = 0
    """Under another address, the name unchanged."""
    other: int = 0
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def facts(self) -> JsonObject:
        """Counts for programs."""
        named: tuple[tuple[str, Counter[str]], ...] = (("added", self.added), ("removed", self.removed))
        facts: JsonObject = {"sites_before": self.before, "sites_after": self.after}
        for name, counted in named:
            if counted:
                facts[f"sites_{name}"] = counted.total()
                facts[f"sites_{name}_by_country"] = dict(counted.most_common())
        if self.gained:
            facts["countries_gained"] = list(self.gained)
        if self.lost:
            facts["countries_lost"] = list(self.lost)
        if self.moved:
            facts["site_statuses"] = {new: number for new, number in self.arrived.most_common() if new}
        counts = (
            ("sites_added_withdrawn", self.stillborn),
            ("sites_renamed", self.renamed),
            ("sites_re_placed", self.re_placed),
            ("statuses_wiped", self.wiped),
        )
        return facts | {name: number for name, number in counts if number}

    @property
    def arrived(self) -> Counter[str]:
        """Sites by the status they have now, of those whose status changed."""
        found: Counter[str] = Counter()
        for (_, new), number in self.moved.items():
            found[new] += number
        return found


def tally_sites(scene: Scene, changes: Sequence[Change]) -> SiteTally:
    """Count the changes of sites, after pairing."""
    before, after = scene.before.items(SITES), scene.after.items(SITES)
    tally = SiteTally(len(before), len(after))
    wiped = stillborn = 0
    parts: dict[str, set[str]] = {}
    for change in changes:
        delta = change.delta
        if delta.field != SITES:
            continue
        if not delta.at and delta.op == "added" and isinstance(delta.new, Mapping):
            tally.added[_country(delta.new)] += 1
            stillborn += delta.new.get("status") == "WITHDRAWN"
        elif not delta.at and delta.op == "removed" and isinstance(delta.old, Mapping):
            tally.removed[_country(delta.old)] += 1
        elif change.rule == "n7":
            wiped += 1
        elif delta.at[:1] == ("status",):
            tally.moved[shown(delta.old), shown(delta.new)] += 1
        elif change.significance != "noise":
            parts.setdefault(delta.key or "", set()).add(delta.at[0] if delta.at else "")
    re_countried = any(delta.at == ("country",) for delta in scene.by_field.get(SITES, ()))
    stayed = not (tally.added or tally.removed or re_countried)
    gained, lost = ((), ()) if stayed else _countries(before, after)
    kinds = Counter(map(_kind, parts.values()))
    return replace(
        tally,
        wiped=wiped,
        stillborn=stillborn,
        renamed=kinds["renamed"],
        re_placed=kinds["re-placed"],
        other=kinds["other"],
        gained=gained,
        lost=lost,
    )


def _kind(parts: set[str]) -> str:
    """What became of a site, by the one of its changed parts that says most."""
    if "facility" in parts:
        return "renamed"
    return "other" if _ADDRESS.isdisjoint(parts) else "re-placed"


def site_roll_ups(scene: Scene, tally: SiteTally) -> tuple[RollUp, ...]:
    """M10 and M15, where they fit."""
    found = []
    if tally.gained or tally.lost:
        told = [f"first site in {listing(map(in_country, tally.gained))}"] if tally.gained else []
        told += [f"last site in {listing(map(in_country, tally.lost))} gone"] if tally.lost else []
        found.append(RollUp("M10", "; ".join(told)))
    many, share, floor = (
        scene.rules.limit("M15", name) for name in ("threshold_count", "threshold_percent", "percent_count")
    )
    for what, counted in (("added", tally.added), ("removed", tally.removed)):
        number = counted.total()
        surge = number >= many or (number >= floor and number * 100 >= share * tally.before)
        if tally.before and surge:
            limits = f"threshold {many:g}, or {share:g} % and {floor:g}"
            found.append(RollUp("M15", f"{number} of {tally.before} sites {what} ({limits})"))
            break
    return tuple(found)


def site_headline(tally: SiteTally) -> str:
    """`12 sites added (China 8, United States 4), first in China; 3 removed; 5 now recruiting`."""
    parts = []
    if tally.added:
        first = f", first in {listing(map(in_country, tally.gained))}" if tally.gained else ""
        told = f"{_by_country(tally.added)}{first}{_stillborn(tally)}"
        parts.append((tally.added.total(), f"added {told}"))
    if tally.removed:
        gone = f", no site left in {listing(map(in_country, tally.lost), last='or')}" if tally.lost else ""
        parts.append((tally.removed.total(), f"removed {_by_country(tally.removed)}{gone}"))
    parts += _moves(tally)
    for number, told in (
        (tally.renamed, "renamed"),
        (tally.re_placed, "with another address"),
        (tally.other, "with other parts changed"),
    ):
        if number:
            parts.append((number, told))
    said = [
        f"{_sites(number) if not at else f'{number:,}'} {told}" for at, (number, told) in enumerate(parts)
    ]
    if shown_at := _appeared(tally):
        said.append(shown_at)
    if tally.wiped and not said:
        said.append(wipe_line(tally))
    return "; ".join(said)


def _stillborn(tally: SiteTally) -> str:
    if not tally.stillborn:
        return ""
    return (
        ", withdrawn already"
        if tally.stillborn == tally.added.total()
        else f", {tally.stillborn} withdrawn already"
    )


def _moves(tally: SiteTally) -> list[tuple[int, str]]:
    """Sites whose status moved, by where it came to; past some kinds the rest is counted."""
    told: Counter[str] = Counter()
    for (old, new), number in tally.moved.items():
        if old:
            told["withdrawn before opening" if (old, new) == _BEFORE_OPENING else _now(new)] += number
    kinds = told.most_common()
    kept = kinds if len(kinds) <= _MOVES else kinds[: _MOVES - 1]
    rest = sum(number for _, number in kinds[len(kept) :])
    moves = [(number, words) for words, number in kept]
    return [*moves, (rest, "with another status")] if rest else moves


def _appeared(tally: SiteTally) -> str:
    """Statuses that were not shown before, as when a trial recruits again."""
    appeared = Counter({new: number for (old, new), number in tally.moved.items() if not old})
    if not appeared:
        return ""
    told = [f"{number:,} {_now(new).removeprefix('now ')}" for new, number in appeared.most_common()]
    return f"statuses shown at {_sites(appeared.total())} ({listing(told)})"


def _now(state: str) -> str:
    """`now recruiting`, `not yet recruiting`, `without a status`."""
    words = status(state)[:1].lower() + status(state)[1:]
    if not state:
        return "without a status"
    return words if state == "NOT_YET_RECRUITING" else f"now {words}"


def wipe_line(tally: SiteTally) -> str:
    """n7 in one line."""
    return f"Site statuses no longer shown at {_sites(tally.wiped)}"


def slip_roll_up(scene: Scene) -> tuple[RollUp, ...]:
    """M16, where it fits."""
    for delta in scene.by_field.get(PRIMARY_COMPLETION, ()):
        crossed = crossed_slip(Case(delta, scene))
        if crossed:
            total, limit = crossed
            way = "later" if total > 0 else "earlier"
            told = f"primary completion {stretch(total)} {way} than first known, in all"
            return (RollUp("M16", f"{told} (threshold {limit:g} days)"),)
    return ()


def _countries(before: Collection, after: Collection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Countries that gained their first site, and that lost their last one."""
    if not before:
        return (), ()
    now = tuple(after.combinations("country", "status"))
    had = _by_form(country for (country,) in before.combinations("country"))
    has = _by_form(country for country, _ in now)
    opened = _by_form(country for country, state in now if state != "WITHDRAWN")
    gained = tuple(sorted(opened[form] for form in opened.keys() - had.keys()))
    lost = tuple(sorted(had[form] for form in had.keys() - has.keys()))
    return gained, lost


def _by_form(countries: Iterable[Value | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for country in countries:
        if country is not None:
            form = country.form if isinstance(country, Named) else shown(country).casefold()
            found.setdefault(form, canonical_country(shown(country)))
    return found


def _country(site: Tree) -> str:
    return canonical_country(shown(site.get("country"))) or "country not given"


def _by_country(counted: Counter[str]) -> str:
    """`(China 8, United States 4)`: the numbers add up to the whole."""
    if len(counted) == 1:
        return f"({next(iter(counted))})"
    ranked = counted.most_common()
    kept = ranked if len(ranked) <= _COUNTRIES + 1 else ranked[:_COUNTRIES]
    told = [f"{country} {number}" for country, number in kept]
    more = len(ranked) - len(kept)
    rest = counted.total() - sum(number for _, number in kept)
    return f"({', '.join(told)}{f', {rest} in {more} more countries' if more else ''})"


def _sites(number: int) -> str:
    return f"{number:,} site{'' if number == 1 else 's'}"
