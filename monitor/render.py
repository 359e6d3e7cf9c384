"""The one door to Jinja2: domain values in, text, HTML and Markdown out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monitor.core.change import RecordedChange
from monitor.core.digest import Digest, Rendered
from monitor.core.record import TrialRecord
from monitor.core.watching import Snapshot


class Renderer:
    """Renders with the user's own templates first, then the packaged ones, then the checkout's."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = tuple(folders)

    def digest(self, digest: Digest) -> Rendered:
        """A digest as subject, text, HTML and Markdown, all with the same facts; pure."""
        raise RuntimeError("being written")

    def trial_page(
        self,
        record: TrialRecord,
        snapshot: Snapshot,
        changes: Sequence[RecordedChange],
        *,
        url: str,
        source: str,
    ) -> str:
        """The trial page (`show --format markdown`): front matter, key facts, recent field changes."""
        raise RuntimeError("being written")
