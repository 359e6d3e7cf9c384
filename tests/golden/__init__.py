"""Whole stories of invented amendments, kept as a text to read: `python -m tests.golden` writes it anew."""
