"""`python -m tests.bench [NAME…] [--rounds N]`: how fast Trialwire is, as ratios measured in one run."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Mapping

from tests.bench import comparing, delivering, importing, polling, rivals, watching

BENCHES: Mapping[str, Callable[[int], Iterator[str]]] = {
    "compare": comparing.report,
    "deliver": delivering.report,
    "import": importing.report,
    "pass": polling.report,
    "rivals": rivals.report,
    "watch": watching.report,
}


def main() -> None:
    """Run the benchmarks asked for, all by default, and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHES)}")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of each variant")
    asked = parser.parse_args()
    if unknown := set(asked.names) - BENCHES.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {sys.platform}")
    for name in asked.names or BENCHES:
        print()
        for line in BENCHES[name](asked.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
