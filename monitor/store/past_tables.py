"""The rows about a trial's past: how far it is read, what its registry's reviewers said, how the API fares.

Like all rows they never leave this package, and a change of this file needs an alembic revision.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from monitor.store.rooted import Row


class BackfillRow(Row, table=True):
    """How far the past of one trial is read (`core.backfill.Backfill`)."""

    __tablename__ = "backfill"
    __table_args__ = (Index(None, "state", "next_at"),)

    trial_id: int = Field(primary_key=True, foreign_key="trial.id")
    state: str
    asked: bool
    most: int | None = None
    total: int = 0
    held: int = 0
    next_version: int | None = None
    changes: int = 0
    error: str = Field(default="", sa_type=Text)
    attempts: int = 0
    next_at: datetime | None = None
    done_at: datetime | None = None


class VersionNoteRow(Row, table=True):
    """Something the registry's reviewers said of a version; it belongs to no field of the record."""

    __tablename__ = "version_note"

    trial_id: int = Field(primary_key=True, foreign_key="trial.id")
    version: int = Field(primary_key=True)
    """The registry's own number."""
    position: int = Field(primary_key=True)
    path: str
    words: str = Field(sa_type=Text)


class HistorySourceRow(Row, table=True):
    """How the part of a registry that tells the past is doing: apart, because no poll depends on it."""

    __tablename__ = "history_source"

    registry_name: str = Field(primary_key=True, sa_column_kwargs={"name": "registry"})
    state: str
    since: datetime
    reason: str = Field(sa_type=Text)
    failures: int
    """In a row."""
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    not_before: datetime | None = None
