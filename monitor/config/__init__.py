"""The one door to configuration: a TOML file, the environment over it, and secret files beside them.

`load` finds the file (contract section 1), lays `TRIALWIRE_<SECTION>__<KEY>` over it, judges every table and
reports everything that is wrong at once, each by its dotted name with its remedy (contract section 6). It
knows no channel type and no registry by name: bootstrap hands in their models. A secret that is missing
stops only who asks for it: a look-up must not fail for want of a mail password.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from monitor.config.judge import ChannelSettings, Judge, Models, Problem
from monitor.config.sources import find_file, merged
from monitor.config.tables import (
    BrakeSettings,
    DeliverySettings,
    LogSettings,
    PagesSettings,
    PollSettings,
    RetentionSettings,
    StoreSettings,
)
from monitor.core.rule import RuleTable
from monitor.core.subscription import Subscription
from monitor.errors import ConfigError

__all__ = ["ChannelSettings", "Models", "Problem", "Settings", "find_file", "load"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, judged and frozen."""

    path: Path | None
    """The file that was read; None where all is default."""
    folder: Path
    """Where relative paths in it start: beside the file, else the working directory."""
    state_dir: Path
    store_url: str
    registries: Mapping[str, BaseModel]
    poll: PollSettings
    rules: RuleTable
    channels: tuple[ChannelSettings, ...]
    subscriptions: tuple[Subscription, ...]
    brakes: BrakeSettings
    retention: RetentionSettings
    delivery: DeliverySettings
    pages: PagesSettings
    log: LogSettings


def load(path: Path | None, env: Mapping[str, str], models: Models, *, cwd: Path | None = None) -> Settings:
    """Read, judge and freeze the configuration.

    Raises one ConfigError (exit 78) with a line for everything that is wrong. Missing secrets are among them,
    but are no mistake by themselves: who sends nothing needs none.
    """
    cwd = cwd or Path.cwd()
    found = find_file(path, env, cwd)
    folder = found.parent if found else cwd
    judge = Judge(merged(found, env), models)
    judge.sections()
    store, rules = judge.table(StoreSettings, "store"), judge.rules()
    state_dir = _state_dir(store.state_dir, env, folder, cwd)
    settings = Settings(
        path=found,
        folder=folder,
        state_dir=state_dir,
        store_url=store.url or f"sqlite:///{state_dir / 'trialwire.db'}",
        registries=judge.registries(),
        poll=judge.table(PollSettings, "poll"),
        rules=rules,
        channels=judge.channels(),
        subscriptions=judge.subscriptions(rules),
        brakes=judge.table(BrakeSettings, "brakes"),
        retention=judge.table(RetentionSettings, "retention"),
        delivery=judge.table(DeliverySettings, "delivery"),
        pages=judge.table(PagesSettings, "pages"),
        log=judge.table(LogSettings, "log"),
    )
    if judge.problems:
        judge.secrets(settings.channels, folder)
        raise _refusal(judge.problems)
    return settings


def _state_dir(named: str, env: Mapping[str, str], folder: Path, cwd: Path) -> Path:
    """Contract section 1: the setting, else systemd's, else `./state` in a checkout, else the home's."""
    if named:
        return folder / Path(named).expanduser()
    if given := env.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given)
    if _is_checkout(cwd):
        return cwd / "state"
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return home / ".local" / "state" / "trialwire"


def _is_checkout(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "trialwire"


def _refusal(problems: Sequence[Problem]) -> ConfigError:
    only = problems[0].key if len(problems) == 1 else None
    return ConfigError("\n".join(str(problem) for problem in problems), key=only)
