"""`python -m tests.golden` writes the stories anew, to be read as a difference before they are committed."""

from __future__ import annotations

from tests.golden.stories import GOLDEN, told

if __name__ == "__main__":
    GOLDEN.write_text(told(), encoding="utf-8")
