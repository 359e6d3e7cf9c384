"""A stand-in for ClinicalTrials.gov's API v2, on loopback: the demo's registry, and the tests'.

It answers `version`, `studies` (by `filter.ids`, in pages) and `studies/{nctId}` as the registry does,
quirks included, from a list of data versions that the caller moves through. It refuses (501) what it does
not imitate, rather than answer something plausible, and it needs nothing but the standard library and orjson.

    versions = [DataVersion("2026-11-19T09:00:05", before), DataVersion("2026-11-20T09:00:05", after)]
    with StandIn(versions) as registry:
        ...  # [registries.ctgov] base_url = registry.base_url
        registry.advance()
"""

from __future__ import annotations

from monitor.demo.standin.data import DataVersion, Submission
from monitor.demo.standin.faults import Fault
from monitor.demo.standin.server import Seen, StandIn

__all__ = ["DataVersion", "Fault", "Seen", "StandIn", "Submission"]
