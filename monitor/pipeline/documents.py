"""Documents: what the files of an import hold, as bytes under the name people call them by.

A file is one document, and so is a line of JSON lines and a member of a zip; a folder holds files, and any of
them may be gzipped. Nothing is parsed here: what a document says is for the registries' readers. What cannot
be unpacked is a document without content, that says why.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias, cast

from monitor.pipeline import archives
from monitor.pipeline.archives import ArchiveError

_LINES = (".jsonl", ".ndjson")
_GZIPPED = ".gz"
_READ = (".json", ".zip", *_LINES)


@dataclass(frozen=True, slots=True)
class Document:
    """Some bytes out of a file."""

    where: str
    content: bytes
    trouble: str = ""
    """Why there are none."""
    through: float = 0.0
    """How much was read up to and with this one, 0 to 1: roughly, as far as it is known beforehand."""


_Found: TypeAlias = tuple[str, bytes, str, float]
"""Where, content, trouble, and how much of its file or folder is read by then."""


def documents(paths: Iterable[Path]) -> Iterator[Document]:
    """Every document in the files, folders in order of their names; OSError where one cannot be opened."""
    given = list(paths)
    for number, path in enumerate(given):
        for where, content, trouble, share in _under(path) if path.is_dir() else _of(path):
            yield Document(where, content, trouble, (number + share) / len(given))


def _under(folder: Path) -> Iterator[_Found]:
    """What a folder holds; of a large one no more is kept in memory than the names of one level."""
    names = sorted(entry.name for entry in os.scandir(folder))
    for number, name in enumerate(names):
        path = folder / name
        found: Iterator[_Found] = iter(())
        if path.is_dir():
            found = _under(path)
        elif _kind(name) in _READ and path.is_file():
            found = _of(path)
        for where, content, trouble, share in found:
            yield where, content, trouble, (number + share) / len(names)


def _of(path: Path) -> Iterator[_Found]:
    kind, size = _kind(path.name), path.stat().st_size
    if kind == ".zip":
        yield from _in_archive(path, size)
    elif kind in _LINES:
        with path.open("rb") as file:
            gzipped = path.suffix.casefold() == _GZIPPED
            lines = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if gzipped else file
            yield from _in_lines(str(path), lines, file, size)
    else:
        yield (*_whole(str(path), path.name, path.read_bytes()), 1.0)


def _in_archive(path: Path, size: int) -> Iterator[_Found]:
    """Members, wherever they are in its folders; what is no document of ours is passed over."""
    with archives.opened(path) as file, archives.opened(path) as directory:
        try:
            for member in archives.members(directory):
                kind, where = _kind(member.name), f"{path}:{member.name}"
                if kind not in _READ or kind == ".zip":
                    continue
                share = min(1.0, (member.offset + member.packed_size) / size)
                try:
                    content = archives.content(file, member)
                except ArchiveError as error:
                    yield where, b"", error.message, share
                    continue
                if kind in _LINES:
                    where, content, trouble = _whole(where, member.name, content)
                    if trouble:
                        yield where, content, trouble, share
                    for number, line in enumerate(content.split(b"\n"), start=1):
                        if line.strip():
                            yield f"{where}:{number}", line.rstrip(b"\r"), "", share
                else:
                    yield (*_whole(where, member.name, content), share)
        except ArchiveError as error:
            yield str(path), b"", error.message, 1.0


def _in_lines(where: str, lines: IO[bytes], file: IO[bytes], size: int) -> Iterator[_Found]:
    try:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                yield f"{where}:{number}", line.rstrip(b"\r\n"), "", file.tell() / (size or 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield where, b"", f"it is damaged from here on: {error}", 1.0


def _whole(where: str, name: str, content: bytes) -> tuple[str, bytes, str]:
    """Gunzipped, where it says so by its name."""
    if not name.casefold().endswith(_GZIPPED):
        return where, content, ""
    try:
        return where, gzip.decompress(content), ""
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return where, b"", f"it is damaged: {error}"


def _kind(name: str) -> str:
    """What a file is by its name, whatever its case and whether or not it is gzipped."""
    lower = name.casefold().removesuffix(_GZIPPED)
    return "." + lower.rpartition(".")[2]
