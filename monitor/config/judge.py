"""Judges every table and collects everything that is wrong, each by its dotted name with its remedy.

A table that fails is told in full and the rest is judged all the same; nothing stops at the first mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.sources import Raw
from monitor.config.tables import AlertSettings, ChannelName, SubscriptionTable
from monitor.core.catalogue import CATEGORIES
from monitor.core.rule import RuleTable
from monitor.core.rules import default_rules
from monitor.core.subscription import Subscription
from monitor.errors import ConfigError, MonitorError

M = TypeVar("M", bound=BaseModel)

SECTIONS = (
    "registries",
    "poll",
    "store",
    "rules",
    "channels",
    "subscriptions",
    "alerts",
    "brakes",
    "retention",
    "delivery",
    "pages",
    "log",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One `[[channels]]` table: `options` is an instance of the channel type's own model."""

    name: str
    type: str
    options: BaseModel
    serial: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    """What plug-ins bring along: their settings models by name, and how a trial number is read."""

    channels: Mapping[str, type[BaseModel]]
    registries: Mapping[str, type[BaseModel]]
    identify: Callable[[str], str]
    """A trial number in canonical form; raises MonitorError on what is none of any registry."""
    check_secrets: Callable[[ChannelSettings, Path], None]
    """Raises ConfigError where a secret of the channel is missing; files are looked for from the folder."""


@dataclass(slots=True)
class Judge:
    """Judges one configuration; `problems` fills up on the way."""

    raw: Raw
    models: Models
    problems: list[Problem] = field(default_factory=list)

    def sections(self) -> None:
        """Top-level keys must be known."""
        for name in self.raw.keys() - set(SECTIONS):
            self._add(name, "unknown section", _nearest(name, SECTIONS))

    def table(self, model: type[M], section: str) -> M:
        """A table of our own; its defaults where it cannot be believed."""
        return self._model(model, self.raw.get(section, {}), section) or model()

    def registries(self) -> Mapping[str, BaseModel]:
        """Every registry's settings, by its own model; all defaults where it is not mentioned."""
        tables = self._named_tables("registries")
        known = self.models.registries
        for name in tables.keys() - known.keys():
            self._add(f"registries.{name}", "unknown registry", _nearest(name, known))
        judged = {
            name: self._model(model, tables.get(name, {}), f"registries.{name}")
            for name, model in known.items()
        }
        return {name: settings for name, settings in judged.items() if settings is not None}

    def rules(self) -> RuleTable:
        """The rule table with the overrides that can be applied."""
        table = default_rules()
        for rule, overrides in self._named_tables("rules").items():
            for name, value in overrides.items():
                try:
                    table = table.with_overrides({rule: {name: _number(value)}})
                except ConfigError as error:
                    key = error.key or f"rules.{rule}"
                    self._add(key, error.message.removeprefix(f"{key}: "), error.remedy)
        return table

    def channels(self) -> tuple[ChannelSettings, ...]:
        """Every channel by its type's own model."""
        found = []
        for where, table in self._listed_tables("channels"):
            head, type_ = self._model(ChannelName, table, where), table.get("type")
            if not isinstance(type_, str):
                continue
            if type_ not in self.models.channels:
                self._add(f"{where}.type", f"unknown channel type {type_!r}", _one_of(self.models.channels))
                continue
            own = {key: value for key, value in table.items() if key not in ChannelName.model_fields}
            options = self._model(self.models.channels[type_], own, where)
            if head is not None and options is not None:
                found.append(ChannelSettings(head.name, head.type, options, head.serial))
        return tuple(found)

    def subscriptions(self, rules: RuleTable) -> tuple[Subscription, ...]:
        """Every subscription, and whether what it names exists."""
        channels = _names(self.raw.get("channels"))
        found = []
        for where, table in self._listed_tables("subscriptions"):
            judged = self._model(SubscriptionTable, table, where)
            self._known(f"{where}.channels", table.get("channels"), channels)
            self._known(
                f"{where}.rules",
                table.get("rules"),
                [rule.id for rule in rules],
                "`trialwire rules` lists all",
            )
            self._known(f"{where}.categories", table.get("categories"), CATEGORIES)
            trials = tuple(self._trials(f"{where}.trials", table.get("trials")))
            if judged is not None:
                found.append(replace(judged.subscription(), trials=trials))
        return (*found, *self._alerts(channels))

    def _alerts(self, channels: Sequence[str]) -> Iterator[Subscription]:
        """The subscription to trouble, where `[alerts]` names channels."""
        table = self.raw.get("alerts", {})
        judged = self.table(AlertSettings, "alerts")
        self._known("alerts.channels", table.get("channels") if isinstance(table, dict) else None, channels)
        if (made := judged.subscription()) is not None:
            yield made

    def secrets(self, channels: Sequence[ChannelSettings], folder: Path) -> None:
        """Every secret the channels name must be there."""
        for channel in channels:
            try:
                self.models.check_secrets(channel, folder)
            except ConfigError as error:
                key = error.key or f"channels.{channel.name}"
                self._add(key, error.message.removeprefix(f"{key}: "), error.remedy)

    def _trials(self, where: str, numbers: object) -> Iterator[str]:
        for number in numbers if isinstance(numbers, list) else ():
            if not isinstance(number, str):
                continue
            try:
                yield self.models.identify(number)
            except MonitorError as error:
                self._add(where, error.message, error.remedy)

    def _known(self, where: str, named: object, known: Collection[str], else_: str | None = None) -> None:
        for name in named if isinstance(named, list) else ():
            if isinstance(name, str) and name not in known:
                self._add(where, f"there is no {name!r}", _nearest(name, known, else_))

    def _named_tables(self, section: str) -> dict[str, Raw]:
        tables = self.raw.get(section, {})
        if not isinstance(tables, dict):
            self._add(section, "must be a table", f"write [{section}.NAME]")
            return {}
        for name in (name for name, table in tables.items() if not isinstance(table, dict)):
            self._add(f"{section}.{name}", "must be a table", f"write [{section}.{name}]")
        return {name: table for name, table in tables.items() if isinstance(table, dict)}

    def _listed_tables(self, section: str) -> Iterator[tuple[str, Raw]]:
        """Each table of an array of tables with the name problems go by; duplicate names are a problem."""
        tables = self.raw.get(section, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._add(section, "must be a list of tables", f"write [[{section}]] in the config file")
            return
        names = _names(tables)
        for name in {name for name in names if names.count(name) > 1}:
            self._add(f"{section}.{name}", f"{names.count(name)} tables have this name", "rename all but one")
        for number, table in enumerate(tables, start=1):
            name = table.get("name")
            yield f"{section}.{name}" if isinstance(name, str) else f"{section}[{number}]", table

    def _model(self, model: type[M], table: object, where: str) -> M | None:
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._add(*_told(detail, where, _keys(model)))
            return None

    def _add(self, key: str, what: str, remedy: str | None) -> None:
        problem = Problem(key, _sentence(what, remedy))
        if problem not in self.problems:
            self.problems.append(problem)


def _told(detail: ErrorDetails, where: str, keys: Sequence[str]) -> tuple[str, str, str | None]:
    """A pydantic error as name, what and remedy. Of values only short plain ones are repeated."""
    path = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in detail["loc"])
    key, given = f"{where}{path}", _repeated(detail["input"])
    match detail["type"]:
        case "extra_forbidden":
            return key, "unknown key", _nearest(str(detail["loc"][-1]), keys)
        case "missing":
            return key, "is missing", "add it"
        case "value_error":
            said = str(detail["ctx"]["error"])
            if not given or said.startswith(given):
                return key, said, None
            quotes_a_part = said.startswith(("'", '"'))
            return key, f"{given.rstrip()}: {said}" if quotes_a_part else f"{given}{said}", None
        case "literal_error":
            return key, f"{given}is not possible", f"one of {detail['ctx']['expected']}"
        case "model_type" | "dict_type":
            return key, "must be a table", f"write [{where}]"
        case "tuple_type" | "list_type":
            example = f'["{detail["input"]}"]' if given and isinstance(detail["input"], str) else "[…]"
            return key, f"{given}is no list", f"write {example}"
        case "too_short":
            return key, "is empty", "name at least one"
        case "string_type":
            return key, f"{given}is no text", "write it in quotes"
        case "int_parsing" | "float_parsing" | "int_type" | "float_type":
            return key, f"{given}is no number", "write one without quotes and unit"
        case "bool_parsing" | "bool_type":
            return key, f"{given}is neither true nor false", "write one of the two, without quotes"
        case _:
            return key, f"{given}{detail['msg'].removeprefix('Input ')}", None


def _repeated(value: Any) -> str:
    """The value as given, where it is short and cannot hold a secret, as an address can."""
    is_text = isinstance(value, str) and len(value) <= 40 and "://" not in value
    plain = isinstance(value, (bool, int, float)) or is_text
    return f"{value!r} " if plain else ""


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _number(value: object) -> object:
    """The environment knows only text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _names(tables: object) -> list[str]:
    found = [t.get("name") for t in tables if isinstance(t, dict)] if isinstance(tables, list) else []
    return [name for name in found if isinstance(name, str)]


def _sentence(what: str, remedy: str | None) -> str:
    return f"{what}; {remedy}" if remedy else what


def _nearest(name: str, known: Collection[str], else_: str | None = None) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else else_ or _one_of(known)


def _one_of(known: Collection[str]) -> str:
    return f"known: {', '.join(sorted(known))}" if known else "there are none"
