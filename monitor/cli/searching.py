"""What `watch` does with searches, assets and whole registries: try, save, list, show.

A search is tried before it is saved: the registry says how many trials fit, and five are shown. The command
asks for itself, with the same manners as the daemon; only the polls run what is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import typer

from monitor.cli import dates, formats, references, session, terminal, words
from monitor.cli.formats import Format, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject
from monitor.errors import RegistryUnavailableError, SearchRefusedError

if TYPE_CHECKING:
    from monitor.core.search import Search
    from monitor.core.searches import SavedSearch
    from monitor.pipeline.trying import Outcome
    from monitor.store.values import Member

TOO_BROAD = 1000
"""More trials than this are watched only where somebody says that it is meant so."""
LONGEST_NAME = 80


def search_of(given: Mapping[str, object]) -> Search:
    """The search that options ask for, by the names of its parts."""
    from monitor.core.search import Search

    members = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value not in (None, "", [])
    }
    return Search(**members)  # type: ignore[arg-type]


def require_one(
    trials: Sequence[str] | None,
    search: str | None,
    asset: str | None,
    *,
    everything: bool,
    narrowed: bool,
    aliases: Sequence[str] | None,
) -> None:
    """One thing is added at a time, and no option is left without an effect."""
    if sum((bool(trials), search is not None, asset is not None, everything)) != 1:
        told = "name trials, or --search NAME, or --asset NAME, or --all: one of them."
        raise typer.BadParameter(told, param_hint="TRIAL")
    if narrowed and search is None and asset is None:
        raise typer.BadParameter("what is searched for needs a name: --search NAME.")
    if search is not None and not narrowed:
        raise typer.BadParameter(f"what does {search!r} search for? Say it with --condition, --term, …")
    if aliases and asset is None:
        raise typer.BadParameter("an alias is another name of an asset: --asset NAME --alias NAME.")


def wanted(
    search: str | None,
    asset: str | None,
    aliases: Sequence[str] | None,
    given: Mapping[str, object],
    tags: tuple[str, ...],
    note: str,
) -> SavedSearch:
    """What is to be saved; its registry is chosen later."""
    from monitor.core.searches import SHORTEST_NAME, SavedSearch

    name = " ".join((search or asset or "").split())
    if not name or len(name) > LONGEST_NAME or references.is_number(name):
        raise typer.BadParameter(f"{name!r} is no name for it: words, and no trial number.")
    names = tuple(dict.fromkeys(" ".join(one.split()) for one in (name, *(aliases or ()))))
    if asset is not None:
        for one in names:
            if sum(letter.isalnum() for letter in one) < SHORTEST_NAME:
                raise typer.BadParameter(f"{one!r} is too short a name to look for.")
    return SavedSearch(
        name,
        "search" if asset is None else "asset",
        "",
        search=search_of(given),
        names=() if asset is None else names,
        tags=tags,
        note=note,
    )


def save(wanted: SavedSearch, *, yes: bool, follow: bool | None) -> None:
    """Try a search or asset and save it, with the names that an asset of that name has already."""
    chosen = session.settings()
    session.ensure_database(chosen)
    with session.application(chosen) as works:
        from monitor.pipeline import trying

        held = works.store.search(wanted.name)
        saved = _joined(replace(wanted, registry=trying.searchable(works, wanted.registry or None)), held)
        saved = replace(saved, follow=follow if follow is not None else (held.follow if held else True))
        with _explained():
            found = trying.attempt(works, saved)
        _tell(saved, found)
        _require_meant(found, yes=yes)
        new = works.store.put_search(saved, dates.now())
    _saved(saved, new=new)


@contextmanager
def _explained() -> Iterator[None]:
    """A refusal names the option at fault and what it takes; a registry that is away saves nothing."""
    from monitor.core.search import PARTS

    try:
        yield
    except SearchRefusedError as error:
        if (part := PARTS.get(error.parameter or "")) is not None:
            option, takes = part
            error.remedy = error.remedy or f"--{option} takes this: {takes[0].lower()}{takes[1:]}"
        error.remedy = error.remedy or "`trialwire watch add --help` shows what a search takes; try it again."
        raise
    except RegistryUnavailableError as error:
        error.remedy = "Nothing was saved; try it again later."
        raise


def everything(*, tags: Sequence[str], note: str, yes: bool) -> None:
    """Watch all of a registry."""
    chosen = session.settings()
    session.ensure_database(chosen)
    with session.application(chosen) as works:
        from monitor.pipeline import trying

        registry = trying.searchable(works)
        terminal.note(
            f"This watches every trial of {works.registries[registry].label}: some hundreds of thousands.",
            "What is not held yet is read over many polls; importing its download first is faster.",
        )
        _agreed("Watch all of it?", yes=yes)
        number = works.store.watch_everything(registry, tags=tags, note=note, now=dates.now())
    terminal.note(
        f"Watching all of {registry}: {counted(number, 'trial')} held joined now.",
        "The rest comes with the polls.",
    )


def _joined(wanted: SavedSearch, held: SavedSearch | None) -> SavedSearch:
    """An asset keeps the names it has and what else it was narrowed by."""
    from monitor.core.search import Search

    if held is None or held.kind != wanted.kind or wanted.kind != "asset":
        return wanted
    folded = {name.casefold() for name in held.names}
    added = tuple(name for name in wanted.names if name.casefold() not in folded)
    search = held.search if wanted.search == Search() else wanted.search
    return replace(wanted, name=held.name, names=(*held.names, *added), search=search)


def _tell(saved: SavedSearch, found: Outcome) -> None:
    about = "" if found.exact else "at most "
    places = " (an asset's own record decides who stays)" if saved.kind == "asset" else ""
    terminal.note(f"{about}{counted(found.total, 'trial matches', 'trials match')} now{places}.".capitalize())
    for one in found.first:
        parts = [one.title, words.status(one.status) if one.status else "", str(one.matched or "")]
        if saved.kind == "asset" and one.matched is None:
            parts[-1] = "not named where it would be about it: left out"
        terminal.note("  " + " · ".join(part for part in (str(one.trial), *parts) if part))
    if found.total > len(found.first) > 0:
        terminal.note(f"  and {found.total - len(found.first):,} more")


def _require_meant(found: Outcome, *, yes: bool) -> None:
    """Ask where the search finds nothing, or very much."""
    if found.total == 0:
        terminal.note("Nothing matches: look for a slip of the pen, or save it for what may come.")
        _agreed("Save it all the same?", yes=yes)
    elif found.total > TOO_BROAD:
        _agreed(f"Watch some {found.total:,} trials?", yes=yes)


def _agreed(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not terminal.interactive():
        raise typer.BadParameter(f"{question} Say so with --yes.", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)


def _saved(saved: SavedSearch, *, new: bool) -> None:
    what = "asset" if saved.kind == "asset" else "search"
    terminal.note(
        f"Watching the {what} {saved.name}."
        if new
        else f"The {what} {saved.name} is looked for as said now.",
        "The next poll runs it: `trialwire poll`, or within a minute beside a running daemon.",
        "Who is found then is no news; who comes in later is.",
    )


def row(saved: SavedSearch) -> JsonObject:
    """A search for programs."""
    from monitor.core.recorded import isoformat
    from monitor.core.searches import to_definition

    return cast(
        "JsonObject",
        {
            "name": saved.name,
            "kind": saved.kind,
            "registry": saved.registry,
            **to_definition(saved),
            "follow": saved.follow,
            "tags": list(saved.tags),
            "note": saved.note,
            "members": saved.members,
            "data_version": saved.data_version,
            "begun_at": isoformat(saved.begun_at) if saved.begun_at else None,
            "checked_at": isoformat(saved.checked_at) if saved.checked_at else None,
            "through": saved.through,
            "problem": saved.problem,
        },
    )


def member_row(member: Member) -> JsonObject:
    """One trial of a search for programs."""
    from monitor.core.recorded import isoformat

    state, why = member.state, member.matched
    return {
        "trial": {"registry": state.trial.registry, "id": state.trial.id, "title": state.title},
        "overall_status": state.overall_status,
        "presence": state.presence,
        "entered_at": isoformat(member.entered_at),
        "left_at": isoformat(member.left_at) if member.left_at else None,
        "matched": {"name": why.name, "place": why.place} if why else None,
    }


def list_all(searches: Sequence[SavedSearch], form: Format) -> None:
    """The saved searches."""
    formats.write([row(one) for one in searches], SEARCHES, form)


def show(saved: SavedSearch, members: Sequence[Member], form: Format) -> None:
    """One search with its trials; in machine formats those that left, too."""
    rows = [member_row(one) for one in members]
    if form is not Format.TABLE:
        found: JsonObject = {**row(saved), "trials": list(rows)}
        formats.write([found], SEARCHES, form)
        return
    formats.pairs((title, text) for title, text in _standing(saved) if text)
    terminal.say()
    if saved.kind == "all":
        terminal.say(f"{counted(saved.members, 'trial')}.", "dim")
        return
    formats.write([one for one in rows if one["left_at"] is None], _MEMBERS, form)
    left = sum(one["left_at"] is not None for one in rows)
    terminal.say(f"\n{counted(saved.members, 'trial')}; {left} left.", "dim")


def _standing(saved: SavedSearch) -> list[tuple[str, str]]:
    return [
        ("Name", saved.name),
        ("Kind", saved.kind),
        ("Looks for", looks_for(row(saved))),
        ("Its trials are", "read at every data version" if saved.follow else "only told of"),
        ("Tags", ", ".join(saved.tags)),
        ("Note", saved.note),
        ("Run at data version", dates.short(saved.data_version)),
        ("Not run since", saved.problem),
        ("Through", saved.through or ""),
    ]


def looks_for(of: JsonObject) -> str:
    """What a search looks for, in the words of the options."""
    from monitor.core.search import PARTS

    names = of["names"]
    parts = [" | ".join(map(str, names))] if isinstance(names, list) and names else []
    search = of["search"]
    for name, value in search.items() if isinstance(search, dict) else ():
        parts.append(f"{PARTS[name][0] if name in PARTS else name} {formats.flat(value)}")
    return "; ".join(parts) or ("everything" if of["kind"] == "all" else "")


def _how_it_stands(of: JsonObject) -> str:
    if of["problem"]:
        return "not run"
    return "" if of["begun_at"] else "not run yet"


SEARCHES = (
    Shown("Search", "name", "bold"),
    Shown("Kind", "kind"),
    Shown("Trials", "members", right=True),
    Shown("Looks for", looks_for, wrap=True),
    Shown("State", _how_it_stands),
    Shown("Tags", "tags", hidden_below=70),
)
_MEMBERS = (
    Shown("Trial", "trial.id", "bold"),
    Shown("Status", lambda of: words.status(cast("str | None", of["overall_status"]))),
    Shown("Matched", lambda of: _why(of)),
    Shown("Since", lambda of: str(of["entered_at"])[:10], hidden_below=80),
    Shown("Title", "trial.title", wrap=True),
)


def _why(of: JsonObject) -> str:
    found = of["matched"]
    return f"{found['name']} in {found['place']}" if isinstance(found, dict) else ""
