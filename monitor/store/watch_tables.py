"""The rows about what is watched: the watch list, searches, what is due, who is told, what is held back.

As in `tables`, which holds the others; a change of this file needs an alembic revision beside it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, true
from sqlmodel import Field

from monitor.store.rooted import Row


class WatchRow(Row, table=True):
    """An entry of the watch list: `kind` `trial` names one trial; the others have a row in `search`."""

    __tablename__ = "watch"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    note: str = ""
    added_at: datetime


class WatchTagRow(Row, table=True):
    """A tag of a watch; changes up to `after_change` are older than the tag and no news under it."""

    __tablename__ = "watch_tag"
    __table_args__ = (Index(None, "tag"),)

    watch_id: int = Field(primary_key=True, foreign_key="watch.id")
    tag: str = Field(primary_key=True)
    after_change: int


class WatchTrialRow(Row, table=True):
    """Which trials a watch holds, since when; changes up to `after_change` are older than that."""

    __tablename__ = "watch_trial"
    __table_args__ = (Index(None, "trial_id"),)

    watch_id: int = Field(primary_key=True, foreign_key="watch.id")
    trial_id: int = Field(primary_key=True, foreign_key="trial.id")
    entered_at: datetime
    left_at: datetime | None = None
    after_change: int
    until_change: int | None = None
    """Where it has left: the last change that still belongs to the watch, the leaving itself."""
    follow: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """Is it read at every data version? Else it is only known to be there."""
    matched_name: str = Field(default="", sa_column_kwargs={"server_default": ""})
    matched_place: str = Field(default="", sa_column_kwargs={"server_default": ""})


class SearchRow(Row, table=True):
    """What a watch of kind `search`, `asset` or `all` looks for, and how far it has come."""

    __tablename__ = "search"

    watch_id: int = Field(primary_key=True, foreign_key="watch.id")
    registry_name: str = Field(sa_column_kwargs={"name": "registry"})
    definition: str = Field(sa_type=Text)
    follow: bool
    asked_at: datetime
    """When somebody last said what it looks for."""
    begun_at: datetime | None = None
    """When its first whole run ended: what enters from then on is news."""
    checked_at: datetime | None = None
    data_version: str | None = None
    """The data version of its last whole run."""
    through: str | None = None
    """Of `all`: the day up to which every trial first posted is known."""
    problem: str = Field(default="", sa_type=Text)
    """Why the last run was not whole; empty where it was."""


class SweepRow(Row, table=True):
    """How far a registry's updates are known, where not all watched trials are read every time."""

    __tablename__ = "sweep"

    registry_name: str = Field(primary_key=True, sa_column_kwargs={"name": "registry"})
    updated_through: str | None = None
    """The data version up to which the trials the registry has updated are marked as due."""
    fresh_from: str | None = None
    """A trial read at this day's data or later is not behind; None: all are read at each data version."""


class SubscriptionRow(Row, table=True):
    """When a subscription began, as a time for people and as running numbers for selecting."""

    __tablename__ = "subscription_state"

    name: str = Field(primary_key=True)
    begun_at: datetime
    after_change: int
    after_notice: int
    paused_at: datetime | None = None
    """Since then nothing is composed for it; what is pending waits."""
    paused_why: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    failing_since: datetime | None = None
    """Since then no digest of it could be composed."""
    failing_why: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})


class HoldRow(Row, table=True):
    """What was recorded at one data version of a registry, and whether digests may have it."""

    __tablename__ = "hold"
    __table_args__ = (Index(None, "registry", "state"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    registry_name: str = Field(sa_column_kwargs={"name": "registry"})
    data_version: str
    since_version: str | None = None
    """The last data version that was read before it; None where none was."""
    state: str
    reason: str = Field(default="", sa_type=Text)
    """Why it is or was held; empty where it never was."""
    after_change: int
    """Changes with higher numbers are withheld or let go with it."""
    until_change: int | None = None
    """The last of them; None while the data version is being read."""
    counted_from: int
    """Changes with higher numbers are of this data version, those of an earlier hold on it too."""
    opened_at: datetime
    settled_at: datetime | None = None
    """When it was last judged."""
    decided_at: datetime | None = None
    """When a person released or dismissed it."""
