"""Documents: what the files of an import hold, as bytes under the name people call them by.

A file is one document, and so is a line of JSON lines and a member of a zip; a folder holds files. Nothing is
parsed here: what a document says is for the registries' readers.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_LINES = (".jsonl", ".ndjson")


def documents(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Every document in the files and what people call it; folders in order of their paths."""
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.suffix in (".json", ".zip", *_LINES) and p.is_file())
            yield from documents(sorted(inside))
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield f"{path}:{name}", archive.read(name)
        elif path.suffix in _LINES:
            with path.open("rb") as lines:
                yield from (
                    (f"{path}:{n}", line) for n, line in enumerate(lines, start=1) if not line.isspace()
                )
        else:
            yield str(path), path.read_bytes()
