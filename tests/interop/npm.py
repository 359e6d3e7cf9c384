"""Packages of npm's, for tests that ask what other people wrote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def install(folder: Path, *packages: str) -> None:
    """The newest of these packages in a folder; skips where node, npm or its registry is out of reach."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder), *packages]
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm could not install {' and '.join(packages)}: {error.stderr[-300:]}")
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {' and '.join(packages)} in time")
