"""Edits and noise planted in records, and an oracle that knows what must be said of them."""
