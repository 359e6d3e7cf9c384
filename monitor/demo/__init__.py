"""The offline demonstration: a registry stand-in, sinks on loopback, and a story of invented trials.

Tests use the stand-in and the sinks too. Nothing here is reached by a poll of the real registry.
"""
