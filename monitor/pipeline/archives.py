"""Zip archives as a stream: members one after the other, without a list of them all in memory.

The registry's download has some 600,000 members: their directory alone, read at once as the standard library
does it, takes more memory than all the rest of an import. Stored and deflated members are read, in archives
of any size (zip64); what is encrypted, compressed in another way or damaged is told, and the rest goes on.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from monitor.errors import MonitorError

_END = struct.Struct("<4s4H2LH")
_END_SIGN = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGN = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_SIGN = b"PK\x06\x06"
_ENTRY = struct.Struct("<4s6H3L5H2L")
_ENTRY_SIGN = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_SIGN = b"PK\x03\x04"
_LONGEST_COMMENT = 65_535
_FULL16, _FULL32 = 0xFFFF, 0xFFFF_FFFF
_ZIP64_FIELD = 1
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _IN_UTF8 = 1, 0x800
LARGEST = 512 << 20
"""A member that claims to be larger than this is refused, and none is unpacked beyond what it claims."""


class ArchiveError(MonitorError):
    """Not a zip archive that can be read, or a member of one."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, by its entry in the directory."""

    name: str
    offset: int
    packed_size: int
    size: int
    crc: int
    method: int
    flags: int


@dataclass(frozen=True, slots=True)
class _Directory:
    offset: int
    count: int
    shift: int
    """How many bytes stand before the archive in its file."""


def members(file: BinaryIO) -> Iterator[Member]:
    """What the archive holds, in the order of its directory; ArchiveError where it is none, or cut off."""
    found = _directory(file)
    at = found.offset + found.shift
    for number in range(found.count):
        file.seek(at)
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(_ENTRY_SIGN):
            raise ArchiveError(f"its directory is damaged after {number:,} of {found.count:,} members")
        fields = _ENTRY.unpack(head)
        name_size, extra_size, comment_size = fields[10:13]
        rest = file.read(name_size + extra_size)
        at += _ENTRY.size + name_size + extra_size + comment_size
        yield _member(fields, rest[:name_size], rest[name_size:], found.shift)


def content(file: BinaryIO, member: Member) -> bytes:
    """The bytes of one member, proven by its checksum; ArchiveError where they cannot be had."""
    if member.flags & _ENCRYPTED:
        raise ArchiveError("it is encrypted")
    if max(member.size, member.packed_size) > LARGEST:
        raise ArchiveError(f"it claims to have {member.size:,} bytes, more than {LARGEST:,}")
    file.seek(member.offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_SIGN):
        raise ArchiveError("it is not where the archive's directory says")
    name_size, extra_size = _LOCAL.unpack(head)[9:11]
    file.seek(member.offset + _LOCAL.size + name_size + extra_size)
    packed = file.read(member.packed_size)
    unpacked = _unpacked(packed, member)
    if len(unpacked) != member.size or zlib.crc32(unpacked) != member.crc:
        raise ArchiveError("it is damaged: its checksum is wrong")
    return unpacked


def opened(path: Path) -> BinaryIO:
    """The archive's file, read ahead generously: its members follow each other."""
    return path.open("rb", buffering=1 << 18)


def _unpacked(packed: bytes, member: Member) -> bytes:
    if member.method == _STORED:
        return packed
    if member.method != _DEFLATED:
        raise ArchiveError(f"it is compressed by method {member.method}, which is not supported")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return unpacker.decompress(packed, member.size + 1)
    except zlib.error as error:
        raise ArchiveError(f"it is damaged: {error}") from error


def _directory(file: BinaryIO) -> _Directory:
    """Where the directory is, by the record at the archive's end."""
    file.seek(0, 2)
    size = file.tell()
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    place = tail.rfind(_END_SIGN)
    if place < 0 or place + _END.size > len(tail):
        raise ArchiveError("it is no zip archive, or was cut off")
    _, _, _, _, count, length, offset, _ = _END.unpack_from(tail, place)
    end = tail_at + place
    if count == _FULL16 or _FULL32 in (length, offset):
        end, count, length, offset = _zip64(file, end, count, length, offset)
    if offset + length > end:
        raise ArchiveError("it was cut off: its directory is not in it")
    return _Directory(offset, count, end - length - offset)


def _zip64(file: BinaryIO, end: int, count: int, length: int, offset: int) -> tuple[int, int, int, int]:
    """The same from the record for large archives, where there is one."""
    file.seek(max(0, end - _LOCATOR.size))
    locator = file.read(_LOCATOR.size)
    if len(locator) < _LOCATOR.size or not locator.startswith(_LOCATOR_SIGN):
        return end, count, length, offset
    at = end - _LOCATOR.size - _END64.size
    file.seek(max(0, at))
    record = file.read(_END64.size)
    if not record.startswith(_END64_SIGN):
        at = _LOCATOR.unpack(locator)[2]
        file.seek(at)
        record = file.read(_END64.size)
    if len(record) < _END64.size or not record.startswith(_END64_SIGN):
        raise ArchiveError("it was cut off: the record of its directory is not in it")
    fields = _END64.unpack(record)
    return at, fields[7], fields[8], fields[9]


def _member(fields: tuple[int, ...], name: bytes, extra: bytes, shift: int) -> Member:
    flags, method, crc, packed_size, size, offset = (
        fields[3],
        fields[4],
        fields[7],
        fields[8],
        fields[9],
        fields[16],
    )
    # Sizes too large for their field stand in the extra one, in this order, and only those.
    larger = iter(_larger(extra))
    size = next(larger, size) if size == _FULL32 else size
    packed_size = next(larger, packed_size) if packed_size == _FULL32 else packed_size
    offset = next(larger, offset) if offset == _FULL32 else offset
    spelled = name.decode("utf-8" if flags & _IN_UTF8 else "cp437", errors="replace")
    return Member(spelled, offset + shift, packed_size, size, crc, method, flags)


def _larger(extra: bytes) -> tuple[int, ...]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64_FIELD:
            return struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4)
        at += 4 + length
    return ()
