"""Payloads packed with zstandard: whole, or as the difference to the version of the trial before.

Packing keeps every byte: what comes out is what went in, and every payload carries the sha256 of the bytes it
was served as, which is looked at whenever it is read. Differences follow each other for a few versions at
most; then comes a whole payload again, so that reading stays cheap and one damaged row costs few versions.
Whole payloads are packed with a dictionary, where the installation has trained one from its own.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import zstandard

from monitor.errors import StoreError

WHOLE = "zstd"
TRAINED = "zstd-dictionary"
DELTA = "zstd-delta"
DROPPED = "dropped"
"""The bytes were given up by retention; size and digests are kept."""
LONGEST = 20
"""Differences that may follow each other before the whole is stored again."""
TRAINED_FROM = 1_000
"""Payloads that a dictionary is trained from."""
_LEVEL = 6
_DELTA_LEVEL = 12
"""Differences are few and small: a millisecond more is well spent on each."""
_WORTH = 0.8
"""A difference above this share of the whole is not worth it: the whole is stored again."""
_DICTIONARY_BYTES = 256_000
_SEGMENT, _DMER = 1024, 8
"""Of the training: found by measuring, ten times faster than having the trainer try them out."""


class DroppedError(StoreError):
    """The payload was given up by retention: only what is derived from it is left."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload as stored."""

    codec: str
    size: int
    data: bytes
    sha256: bytes | None = None
    """Of the payload as served; None where it was stored by a version that kept none."""
    base: str | None = None
    """The digest of the version it is the difference to."""
    depth: int = 0
    """Differences between it and a whole payload."""
    dictionary: int | None = None
    """The number of the dictionary it is packed with."""


@dataclass(frozen=True, slots=True)
class Base:
    """What the next version of a trial is packed against."""

    digest: str
    body: bytes
    depth: int


class Dictionary:
    """A trained dictionary: part of the database for good, because payloads cannot be read without it."""

    def __init__(self, number: int, content: bytes) -> None:
        self.number = number
        self._content = zstandard.ZstdCompressionDict(content)
        self._turn = threading.Lock()
        self._prepared = False

    def compressor(self) -> zstandard.ZstdCompressor:
        """A compressor with it; not safe between threads."""
        with self._turn:
            # Once only: preparing it anew would take it away under a compressor at work in another thread.
            if not self._prepared:
                self._content.precompute_compress(level=_LEVEL)
                self._prepared = True
        return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, dict_data=self._content)

    def decompress(self, data: bytes) -> bytes:
        """The payload; ZstdError where the bytes are damaged."""
        return zstandard.ZstdDecompressor(dict_data=self._content).decompress(data)


def trained(bodies: Sequence[bytes]) -> bytes | None:
    """A dictionary from payloads; None where they have too little in common to train one from."""
    try:
        made = zstandard.train_dictionary(_DICTIONARY_BYTES, list(bodies), k=_SEGMENT, d=_DMER, level=_LEVEL)
    except zstandard.ZstdError:
        return None
    return made.as_bytes()


@dataclass(slots=True)
class Packer:
    """Packs payloads; one for each batch, because the compressor under it is not safe between threads."""

    dictionary: Dictionary | None = None
    _whole: zstandard.ZstdCompressor = field(init=False)

    def __post_init__(self) -> None:
        if self.dictionary is None:
            self._whole = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        else:
            self._whole = self.dictionary.compressor()

    def pack(self, body: bytes, base: Base | None = None) -> Packed:
        """Pack a payload, as the difference to `base` where that is much smaller."""
        whole = self._whole.compress(body)
        if base is not None and base.depth < LONGEST:
            dictionary = zstandard.ZstdCompressionDict(base.body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            packer = zstandard.ZstdCompressor(level=_DELTA_LEVEL, dict_data=dictionary, write_checksum=True)
            delta = packer.compress(body)
            if len(delta) <= len(whole) * _WORTH:
                return Packed(DELTA, len(body), delta, proof(body), base.digest, base.depth + 1)
        return self._as_whole(body, whole)

    def pack_all(self, bodies: Sequence[bytes]) -> list[Packed]:
        """Pack payloads whole, in one go: meanwhile other threads run as if nothing were packed."""
        if not bodies:
            return []
        frames = self._whole.multi_compress_to_buffer([*bodies])
        return [self._as_whole(body, frames[place].tobytes()) for place, body in enumerate(bodies)]

    def _as_whole(self, body: bytes, data: bytes) -> Packed:
        if self.dictionary is None:
            return Packed(WHOLE, len(body), data, proof(body))
        return Packed(TRAINED, len(body), data, proof(body), dictionary=self.dictionary.number)


def proof(body: bytes) -> bytes:
    """What a payload is recognized by, byte for byte."""
    return hashlib.sha256(body).digest()


def unpack(packed: Packed, base: bytes | None = None, dictionary: Dictionary | None = None) -> bytes:
    """The payload, byte for byte; StoreError where the stored bytes are damaged or what they need is gone."""
    try:
        body = _unpacked(packed, base, dictionary)
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from error
    if packed.sha256 is not None and packed.sha256 != proof(body):
        raise _damaged("it is not what was served")
    return body


def _unpacked(packed: Packed, base: bytes | None, dictionary: Dictionary | None) -> bytes:
    match packed.codec:
        case "zstd-delta":
            if base is None:
                raise _damaged(f"the version {packed.base} it is the difference to is missing")
            before = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            return zstandard.ZstdDecompressor(dict_data=before).decompress(packed.data)
        case "zstd-dictionary":
            if dictionary is None:
                raise _damaged(f"the dictionary {packed.dictionary} it is packed with is missing")
            return dictionary.decompress(packed.data)
        case "zstd":
            return zstandard.ZstdDecompressor().decompress(packed.data)
        case "dropped":
            raise DroppedError(
                "the payload is no longer kept ([retention] payload_days); what changed in it is",
                remedy="restore a backup from before it was dropped to read it",
            )
        case _:
            raise _damaged(f"it is packed in a way this version does not know, {packed.codec!r}")


def _damaged(why: str) -> StoreError:
    return StoreError(f"a stored payload is damaged: {why}", remedy="restore the latest backup")
