"""Alembic's folder: the environment and one file for each revision, packaged with the store."""
