"""Trialwire: a change-tracking monitor for clinical-trial registries."""

__version__ = "0.1.0"
