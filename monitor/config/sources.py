"""Where settings come from: the file in force, and the environment laid over it.

Nothing is judged here: a bad value in one table must not hide what is wrong in the next.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from monitor.errors import ConfigError

PREFIX = "TRIALWIRE_"

Raw: TypeAlias = "dict[str, Any]"
"""Tables as TOML gives them, not judged yet."""


def find_file(path: Path | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The config file in force (contract section 1); None where there is none.

    Raises ConfigError where a file was named, by option or variable, and is not there.
    """
    named = path or (Path(env["TRIALWIRE_CONFIG"]) if env.get("TRIALWIRE_CONFIG") else None)
    if named is not None:
        there = cwd / named.expanduser()
        if not there.is_file():
            raise ConfigError(f"{there}: there is no such config file", remedy="`trialwire init` writes one")
        return there
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    places = (
        cwd / "trialwire.toml",
        home / ".config" / "trialwire" / "trialwire.toml",
        Path("/etc/trialwire/trialwire.toml"),
    )
    return next((place for place in places if _holds_file(place)), None)


def _holds_file(place: Path) -> bool:
    # A place that may not be looked at, such as another user's home after `sudo`, holds nothing for us.
    try:
        return place.is_file()
    except OSError:
        return False


def merged(found: Path | None, env: Mapping[str, str]) -> Raw:
    """The file's tables with `TRIALWIRE_<SECTION>__<KEY>` laid over them."""

    class Merged(BaseSettings):
        model_config = SettingsConfigDict(extra="allow")

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = TomlConfigSettingsSource(settings_cls, toml_file=found)
            return Environment(settings_cls, env), file

    try:
        return dict(Merged().model_extra or {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found}: not TOML: {error}", remedy="mend the file at that place") from error
    except OSError as error:
        raise ConfigError(f"{found}: cannot be read: {error}", remedy="check its owner and mode") from error


class Environment(PydanticBaseSettingsSource):
    """`TRIALWIRE_<SECTION>__<KEY>` from a given environment; rule ids keep their case (M6 is not m6)."""

    def __init__(self, settings_cls: type[BaseSettings], env: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._env = env

    def get_field_value(self, _field: object, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: there are no declared fields, `__call__` gives whole tables."""
        return None, field_name, False

    def __call__(self) -> Raw:
        """The tables the environment speaks of."""
        tables: Raw = {}
        for name, text in sorted(self._env.items()):
            if name.startswith(PREFIX) and "__" in name:
                section, *middle, key = name.removeprefix(PREFIX).split("__")
                if section.upper() != "RULES":
                    middle = [part.lower() for part in middle]
                _put(tables, [section.lower(), *middle], key.lower(), _from_text(text))
        return tables


def _put(tables: Raw, path: list[str], key: str, value: object) -> None:
    for part in path:
        child = tables.get(part)
        if not isinstance(child, dict):
            child = tables[part] = {}
        tables = child
    tables[key] = value


def _from_text(text: str) -> object:
    """A list or table in JSON becomes one; the settings' own types read the rest."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value
