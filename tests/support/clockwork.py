"""Time that passes only when somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Clockwork:
    """A clock, a sleep and a die for whoever is given them; nothing here really waits."""

    draw: float = 1.0
    """What every draw of the die gives; 1.0 makes jittered back-off its longest."""
    passed_s: float = 0.0
    waits: list[float] = field(default_factory=list)
    """Every wait that took time, in order."""
    stop_after: int | None = None
    """So many waits, short or long, and the answer is: stop."""

    def monotonic(self) -> float:
        """Seconds since it was wound up."""
        return self.passed_s

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.passed_s)

    def random(self) -> float:
        """The die."""
        return self.draw

    def wait(self, seconds: float) -> bool:
        """Let time pass; say whether to stop."""
        if self.stop_after is not None:
            self.stop_after -= 1
            if self.stop_after < 0:
                return True
        if seconds > 0:
            self.waits.append(round(seconds, 6))
            self.passed_s += seconds
        return False
