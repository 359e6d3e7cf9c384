"""Labelled changes: edits put in words by hand, with the rule, level and sentence that a reader expects."""
