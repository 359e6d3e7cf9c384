"""`schemas`: the JSON Schemas of what webhooks carry, for whoever writes a receiver."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli import formats
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject


@app.command("schemas", rich_help_panel="Tell")
def schemas(
    name: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="An event's type, or a part of one.")
    ] = None,
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """What webhooks carry: the types there are, or the JSON Schema of one, complete in itself.

    A schema may come to describe more members. Where one goes, or comes to mean something else, its version
    grows.

    Example: `trialwire schemas digest.created > digest.created.schema.json`
    """
    from monitor import schemas as known

    if name is None:
        rows: list[JsonObject] = []
        for each in known.names():
            found = known.schema(each)
            rows.append(
                {
                    "name": each,
                    "version": known.version(found),
                    "is": "event" if "." in each else "part",
                    "uri": found["$id"],
                    "description": found["description"],
                }
            )
        formats.write(rows, _SHOWN, form)
        return
    if name not in known.names():
        raise typer.BadParameter(
            f"there is no schema {name!r}; there are {', '.join(known.names())}.", param_hint="TYPE"
        )
    formats.write_json(known.bundled(name))


_SHOWN = (
    Shown("Name", "name"),
    Shown("Version", "version", right=True),
    Shown("Is", "is", hidden_below=72),
    Shown("Description", "description", wrap=True),
)
