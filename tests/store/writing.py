"""A process of its own that records trials, to be raced and killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.store.conftest import Place

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from pathlib import Path
from monitor.store import open_store
from tests.store.making import NOW, first, trial
with open_store(sys.argv[1], state_dir=Path(sys.argv[2])) as store:
    start = int(sys.argv[3])
    for number in range(start, start + int(sys.argv[4])):
        store.record([first(trial(number))])
        print(number, flush=True)
"""


def writer(place: Place, start: int, count: int) -> subprocess.Popen[str]:
    """A process that records `count` trials from `start` on, and prints each once it is recorded."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, place.url, str(place.state_dir), str(start), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
