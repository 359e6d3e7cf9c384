"""How random tests search: the same examples at every run, no clock; `make test-slow` searches anew."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("anew", deadline=None, print_blob=True, database=None)
settings.load_profile(os.environ.get("TRIALWIRE_TEST_SEARCH", "same"))
