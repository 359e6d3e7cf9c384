"""One installation, served once for all tests of pages in a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.site import Served, served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Pages over two invented trials; tests may leave channels, and change nothing else."""
    with served(tmp_path_factory.mktemp("pages")) as found:
        yield found
