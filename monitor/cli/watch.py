"""`watch add|list|show|remove|import|export`: the watch list.

Numbers are checked for form and normalized at once; whether they exist, the next poll finds out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from monitor.cli import dates, formats, number_lists, references, searching, session, terminal, words
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.cli.search_options import with_search_options
from monitor.core.phrases import phase_words
from monitor.core.record import JsonObject, TrialId
from monitor.errors import NotWatchedError

if TYPE_CHECKING:
    from monitor.core.watching import TrialState, Watch

group = typer.Typer(
    no_args_is_help=True, help="The watch list: add trials, list, show, remove, import, export."
)
app.add_typer(group, name="watch", rich_help_panel="Watch")

Tags: TypeAlias = Annotated[
    list[str] | None, typer.Option("--tag", "-t", metavar="T", help="Group them; may be given several times.")
]


@group.command("add")
@with_search_options
def add(
    trials: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRIAL]...", help="NCT07263919, nct7263919, or the address of its page."),
    ] = None,
    *,
    search: Annotated[
        str | None, typer.Option("--search", metavar="NAME", help="Save a search under this name.")
    ] = None,
    asset: Annotated[
        str | None, typer.Option("--asset", metavar="NAME", help="Watch every trial of this asset.")
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option("--alias", metavar="NAME", help="Another name of the asset; may be added later."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Watch all of the registry.")] = False,
    tag: Tags = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why you watch them.")] = "",
    follow: Annotated[
        bool | None,
        typer.Option(
            "--follow/--no-follow", help="Read what is found at every data version, or only tell of it."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    given: Mapping[str, object],
) -> None:
    """Watch trials, a saved search, an asset under all its names, or a whole registry.

    A search is tried at the registry before it is saved: it says how many trials match, and shows five.

    Example: `trialwire watch add NCT07263919 NCT06494995 --tag akeso --note "pivotal"`

    Example: `trialwire watch add --search escc --condition "esophageal squamous" --status RECRUITING`

    Example: `trialwire watch add --asset cadonilimab --alias AK104 --alias candonilimab --tag akeso`
    """
    searching.require_one(
        trials, search, asset, everything=everything, narrowed=any(given.values()), aliases=alias
    )
    if everything:
        searching.everything(tags=_tags(tag), note=note, yes=yes)
    elif search is not None or asset is not None:
        searching.save(
            searching.wanted(search, asset, alias, given, _tags(tag), note), yes=yes, follow=follow
        )
    else:
        _add_trials(trials or [], _tags(tag), note)


def _add_trials(trials: list[str], tags: tuple[str, ...], note: str) -> None:
    numbers = references.trial_ids(trials)
    with session.writing(create=True) as store:
        added = store.add_watches(numbers, tags=tags, note=note, now=dates.now())
    for text in references.numbers(trials):
        _read_as(text, references.trial_id(text))
    _added(added, numbers)


@group.command("list")
def list_(
    *,
    tag: Annotated[str | None, typer.Option("--tag", "-t", metavar="T", help="Only with this tag.")] = None,
    searches: Annotated[bool, typer.Option("--searches", help="Searches and assets, not trials.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """The watched trials, and how each one stands; then the searches and assets.

    Example: `trialwire watch list --tag akeso --format csv`
    """
    with session.reading() as store:
        saved = [one for one in store.searches() if tag is None or tag in one.tags]
        number = 0 if searches else store.watch_count(tag=tag)
        if form is Format.TABLE and not (number or saved):
            terminal.note(
                f"No watched trial has the tag {tag!r}; `trialwire watch list` shows all." if tag
                else "The watch list is empty: `trialwire watch add NCT07263919` begins it."
            )  # fmt: skip
            return
        if number or not (searches or form is Format.TABLE):
            formats.write(map(_row, store.watches(tags=(tag,) if tag else ())), _SHOWN, form, paths=_PATHS)
    if form is Format.TABLE and number:
        terminal.say(f"\n{counted(number, 'trial')}.", "dim")
        if saved:
            terminal.say()
    if searches or (saved and form is Format.TABLE):
        searching.list_all(saved, form)


@group.command("show")
def show(
    trial: Annotated[
        str, typer.Argument(metavar="TRIAL|NAME", help="A watched trial, or the name of a search or asset.")
    ],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """All that the watch list says of one trial, search or asset.

    Example: `trialwire watch show NCT07263919`
    """
    with session.reading() as store:
        if not references.is_number(trial) and (saved := store.search(trial)) is not None:
            # Of a whole registry there are too many to be of use.
            searching.show(saved, () if saved.kind == "all" else store.members(saved.name), form)
            return
        number = references.trial_id(trial)
        watch = store.watch(number)
        former, doubles = store.former_numbers(number), store.double_registrations(number)
    if watch is None:
        raise _not_watched(number)
    row = _row(watch) | {
        "former_numbers": [str(each) for each in former],
        "double_registrations": [str(each) for each in doubles],
    }
    if form is not Format.TABLE:
        formats.write([row], _SHOWN, form)
        return
    formats.pairs((name, words) for name, words in _standing_in_full(row) if words)


@group.command("remove")
def remove(
    trials: Annotated[
        list[str],
        typer.Argument(metavar="TRIAL|NAME...", help="Watched trials, names of searches or assets."),
    ],
) -> None:
    """Watch trials, searches or assets no longer; what was recorded stays.

    Example: `trialwire watch remove NCT07263919`
    """
    names = [text for text in trials if not references.is_number(text)]
    with session.writing() as store:
        known = [name for name in names if store.search(name) is not None]
        numbers = references.trial_ids([text for text in trials if text not in known])
        for name in known:
            store.remove_search(name)
            terminal.note(f"{name} is looked for no longer; what was recorded stays.")
        removed = store.remove_watches(numbers)
    missing = [number for number in numbers if number not in removed]
    if removed:
        terminal.note(f"{counted(len(removed), 'trial')} no longer watched; what was recorded stays.")
    if missing:
        raise _not_watched(*missing)


@group.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Numbers, CSV or the registry's CSV; `-`: stdin.")
    ],
    *,
    tag: Tags = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why you watch them.")] = "",
) -> None:
    """Watch the trials a file names: one number a line, a CSV, or the registry's own CSV download.

    A CSV is known by a column such as "NCT Number"; its columns "tags" and "note" are taken along. A file
    with a line that names no trial is refused whole.

    Example: `trialwire watch import search-results.csv --tag oncology`
    """
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    found = number_lists.identified(content, "stdin" if file == "-" else file)
    shared = _tags(tag)
    groups: dict[tuple[tuple[str, ...], str], list[TrialId]] = {}
    for line, trial in found:
        groups.setdefault((tuple(dict.fromkeys((*shared, *line.tags))), line.note or note), []).append(trial)
    added: list[TrialId] = []
    with session.writing(create=True) as store:
        for (tags, why), trials in groups.items():
            added.extend(
                store.add_watches(tuple(dict.fromkeys(trials)), tags=tags, note=why, now=dates.now())
            )
    _added(added, tuple(dict.fromkeys(trial for _, trial in found)))


@group.command("export")
def export(
    *,
    searches: Annotated[bool, typer.Option("--searches", help="Searches and assets, not trials.")] = False,
    form: FormatOption = Format.CSV,
) -> None:
    """The watch list as a file that `watch import` reads; with `--searches` what is looked for, for programs.

    Example: `trialwire watch export > watched.csv`
    """
    with session.reading() as store:
        if searches:
            searching.list_all(store.searches(), Format.JSON if form is Format.CSV else form)
            return
        formats.write(
            map(_portable, store.watches()), _PORTABLE, form, paths=[one.title for one in _PORTABLE]
        )


def _added(added: Sequence[TrialId], asked: Sequence[TrialId]) -> None:
    """Say what became of an addition."""
    for trial in added if len(added) <= 10 else ():
        terminal.note(f"Watching {trial}.")
    if len(added) > 10:
        terminal.note(f"Watching {counted(len(added), 'more trial')}.")
    known = len(asked) - len(added)
    if known:
        terminal.note(
            f"{counted(known, 'trial was', 'trials were')} watched already; tags and note are merged."
        )
    if added:
        terminal.note(
            "The next poll reads them: `trialwire poll`, or within minutes beside a running daemon."
        )


def _read_as(text: str, trial: TrialId) -> None:
    """Say how a shortened number was read: a digit too few is another trial."""
    if text.strip().upper() != trial.id and "/" not in text:
        terminal.note(f"{text} is read as {trial}.")


def _tags(tag: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in tag or () if name.strip()))


def _not_watched(*numbers: TrialId) -> NotWatchedError:
    named = ", ".join(str(number) for number in numbers)
    return NotWatchedError(
        f"not on the watch list: {named}.", remedy="`trialwire watch list` shows what is watched."
    )


def _time(watch: Watch) -> str:
    from monitor.core.recorded import isoformat

    return isoformat(watch.added_at)


def _row(watch: Watch) -> JsonObject:
    state = watch.state
    return cast(
        "JsonObject",
        {
            "trial": {"registry": watch.trial.registry, "id": watch.trial.id, "title": state.title},
            "tags": list(watch.tags),
            "note": watch.note,
            "added_at": _time(watch),
            "presence": state.presence,
            "overall_status": state.overall_status,
            "phases": list(state.phases),
            "sponsor": state.sponsor,
            "snapshots": state.snapshot_seq,
            "checked_data_version": state.checked_data_version,
            "changed_at": _optional_time(state),
            "renamed_to": str(state.renamed_to) if state.renamed_to else None,
        },
    )


def _portable(watch: Watch) -> JsonObject:
    return {
        "trial": watch.trial.id, "tags": ";".join(watch.tags), "note": watch.note, "added_at": _time(watch)
    }  # fmt: skip


def _optional_time(state: TrialState) -> str | None:
    from monitor.core.recorded import isoformat

    return isoformat(state.changed_at) if state.changed_at else None


def _standing(row: JsonObject) -> str:
    if row["presence"] == "present":
        return words.status(cast("str | None", row["overall_status"]))
    return {"unseen": "not read yet", "unknown": "no such trial", "gone": "gone from the registry"}.get(
        str(row["presence"]), str(row["presence"])
    )


def _standing_in_full(row: JsonObject) -> Iterator[tuple[str, str]]:
    yield "Trial", formats.flat(formats.member(row, "trial.id"))
    yield "Title", formats.flat(formats.member(row, "trial.title"))
    yield "Status", _standing(row)
    yield "Renamed to", formats.flat(row["renamed_to"])
    yield "Formerly", formats.flat(row["former_numbers"])
    yield "Perhaps the same study", formats.flat(row["double_registrations"])
    yield "Phase", phase_words(cast("list[str]", row["phases"]))
    yield "Sponsor", formats.flat(row["sponsor"])
    yield "Tags", formats.flat(row["tags"])
    yield "Note", formats.flat(row["note"])
    yield "Versions held", formats.flat(row["snapshots"])
    for title, name in (("Watched since", "added_at"), ("Last change seen", "changed_at")):
        yield title, f"{dates.short(cast('str', row[name]))} UTC" if row[name] else ""
    yield "Read at data version", dates.short(cast("str | None", row["checked_data_version"]))


_PATHS = (
    "trial.registry", "trial.id", "trial.title", "tags", "note", "added_at", "presence", "overall_status",
    "phases", "sponsor", "snapshots", "checked_data_version", "changed_at", "renamed_to",
)  # fmt: skip
_PORTABLE = tuple(Shown(name, name) for name in ("trial", "tags", "note", "added_at"))
_SHOWN = (
    Shown("Trial", "trial.id", "bold"),
    Shown("Status", _standing),
    Shown("Phase", lambda row: phase_words(cast("list[str]", row["phases"])), hidden_below=90),
    Shown("Sponsor", "sponsor", wrap=True, hidden_below=110),
    Shown("Changed", lambda row: str(row["changed_at"] or "")[:10], hidden_below=72),
    Shown("Tags", "tags", hidden_below=60),
    Shown("Title", "trial.title", wrap=True),
)
