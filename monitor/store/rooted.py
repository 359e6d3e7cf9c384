"""The root of all rows: one metadata, and names for every constraint. It knows no table."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""Every constraint has a name from the first revision on: batch migrations cannot alter a nameless one."""


class Row(SQLModel):
    """The common root: one metadata of our own, so that nobody else's tables mix in."""

    metadata = MetaData(naming_convention=NAMING)
