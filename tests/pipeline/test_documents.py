"""Documents out of files: every container, read to its end whatever is damaged in it."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.pipeline import archives
from monitor.pipeline.archives import ArchiveError
from monitor.pipeline.documents import Document, documents


def zipped(contents: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive by the standard library."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return made.getvalue()


def read(archive: bytes) -> dict[str, bytes]:
    """What our reader makes of it."""
    file = io.BytesIO(archive)
    return {member.name: archives.content(file, member) for member in archives.members(io.BytesIO(archive))}


def found(path: Path) -> list[Document]:
    return list(documents([path]))


@settings(max_examples=40)
@given(
    st.dictionaries(st.text("abc/ü", min_size=1, max_size=12), st.binary(max_size=600), max_size=8),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=30),
)
def test_archives_are_read_as_the_standard_library_wrote_them(
    contents: dict[str, bytes], method: int, before: bytes
) -> None:
    """Names and bytes are those put in, also where something else stands before the archive."""
    assert read(before + zipped(contents, method)) == contents


def test_a_streamed_archive_is_read() -> None:
    """Archives written to a pipe, whose members' sizes stand behind them, are read by their directory."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(cast("bytes", data))
            self.written += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"[1]" * 99)
    assert read(bytes(pipe.written)) == {"a.json": b"[1]" * 99}


def test_more_members_than_the_old_format_counts() -> None:
    """An archive of more than 65,535 members is one of the large format, and is read to its end."""
    contents = {f"{number}.json": b"" for number in range(65_540)}
    names = [member.name for member in archives.members(io.BytesIO(zipped(contents, zipfile.ZIP_STORED)))]
    assert names == list(contents)


def test_sizes_in_the_large_format(tmp_path: Path) -> None:
    """A member whose sizes stand in its extra field is read."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, archive.open("a.json", "w", force_zip64=True) as member:
        member.write(b"{}")
    archive_bytes = bytearray(made.getvalue())
    entry = archive_bytes.find(b"PK\x01\x02")
    extra = struct.pack("<2H2Q", 1, 16, 2, 2)
    archive_bytes[entry + 20 : entry + 28] = b"\xff" * 8
    archive_bytes[entry + 30 : entry + 32] = struct.pack("<H", len(extra))
    archive_bytes[entry + 46 + 6 : entry + 46 + 6] = extra
    end = archive_bytes.find(b"PK\x05\x06")
    length = struct.unpack_from("<L", archive_bytes, end + 12)[0]
    struct.pack_into("<L", archive_bytes, end + 12, length + len(extra))
    assert read(bytes(archive_bytes)) == {"a.json": b"{}"}


@pytest.mark.parametrize("cut", [10, 30, 200])
def test_what_was_cut_off_is_no_archive(cut: int) -> None:
    """An archive without its end is refused as one, not read as far as it goes."""
    archive = zipped({f"{n}.json": bytes(range(200)) for n in range(9)}, zipfile.ZIP_STORED)
    with pytest.raises(ArchiveError, match="cut off"):
        read(archive[:-cut])


def test_a_damaged_member_is_told_and_the_rest_read(tmp_path: Path) -> None:
    """One member that lost a bit stops nothing."""
    path = tmp_path / "all.zip"
    archive = bytearray(zipped({f"{n}.json": b'{"n":%d}' % n for n in range(3)}, zipfile.ZIP_STORED))
    archive[archive.find(b'"n":1') + 4] ^= 1
    path.write_bytes(archive)
    assert [(one.content, one.trouble) for one in found(path)] == [
        (b'{"n":0}', ""),
        (b"", "it is damaged: its checksum is wrong"),
        (b'{"n":2}', ""),
    ]


def test_every_container_is_opened(tmp_path: Path) -> None:
    """Nested folders, gzip, JSON lines inside and outside of archives; other files are passed over."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"A"))
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(b"B1\n\nB2\n"))
    (tmp_path / "c.txt").write_bytes(b"no")
    (tmp_path / "deep" / "er" / "D.JSON").write_bytes(b"D")
    inside = {
        "e/e.json": b"E",
        "e/f.json.gz": gzip.compress(b"F"),
        "g.jsonl": b"G1\nG2",
        "h.jsonl.gz": gzip.compress(b"H1\n"),
        "readme.md": b"no",
    }
    (tmp_path / "deep" / "x.zip").write_bytes(zipped(inside))
    documents_found = found(tmp_path)
    assert [one.content for one in documents_found] == [
        b"A",
        b"B1",
        b"B2",
        b"D",
        b"E",
        b"F",
        b"G1",
        b"G2",
        b"H1",
    ]
    shares = [one.through for one in documents_found]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] <= 1


@pytest.mark.parametrize("name", ["a.zip", "a.json.gz", "a.jsonl.gz"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    """It is told, and nothing is raised."""
    (tmp_path / name).write_bytes(b"<html>")
    (one,) = found(tmp_path / name)
    assert one.content == b""
    assert one.trouble
