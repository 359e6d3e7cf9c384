"""The options that say what is searched for: one for each part of a search, named and explained by the port.

No registry is known here; what a registry cannot ask, it refuses by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from monitor.core.search import PARTS, Search

PANEL = "What is searched for"


def with_search_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command with those options in place of its parameter `given`, a mapping of parts to values."""
    own = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    options = _options()
    parameters = [
        parameter.replace(annotation=hints[name])
        for name, parameter in own.parameters.items()
        if name != "given"
    ]

    @wraps(command)
    def wrapper(*args: Any, **values: Any) -> None:
        given: Mapping[str, object] = {part: values.pop(name) for part, name in _names().items()}
        command(*args, given=given, **values)

    signature = own.replace(parameters=[*parameters, *options], return_annotation=None)
    wrapper.__signature__ = signature  # type: ignore[attr-defined]
    wrapper.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
    del wrapper.__wrapped__
    return wrapper


def _names() -> Mapping[str, str]:
    """Each part's parameter."""
    return {part: f"search_{part}" for part in PARTS}


def _options() -> list[inspect.Parameter]:
    blank = Search()
    found = []
    for part, name in _names().items():
        option, help_ = PARTS[part]
        shown = typer.Option(f"--{option}", metavar=option.upper(), help=help_, rich_help_panel=PANEL)
        many = isinstance(getattr(blank, part), tuple)
        kind: Any = Annotated[list[str] | None, shown] if many else Annotated[str | None, shown]
        found.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind))
    return found
