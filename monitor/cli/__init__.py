"""The command: parses what was asked, asks the floors below, prints the answer, sets the exit code.

Data goes to stdout, everything else to stderr. Modules here import what is heavy inside their commands, so
that a look-up starts quickly. Nothing here decides what a change means or when something is due.
"""
