"""`python -m monitor` and the `trialwire` command: both are `monitor.cli`. Nothing else lives here."""

from __future__ import annotations

import sys

from monitor.cli.commands import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
