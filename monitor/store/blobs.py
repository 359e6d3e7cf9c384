"""Payloads packed with zstandard: whole, or as the difference to an earlier version of the same trial.

Packing keeps every byte: what comes out is what went in. A difference is always packed against a whole
payload, never against another difference, so that reading needs one step at most. Every frame carries its
checksum: a damaged one is an error, never a wrong payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from monitor.errors import StoreError

WHOLE = "zstd"
DELTA = "zstd-delta"
_LEVEL = 3
_WORTH = 0.5
"""A difference above this share of the whole is not worth it: the whole becomes a new base."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload as stored; `base` is the digest of the whole payload it is the difference to."""

    codec: str
    base: str | None
    size: int
    data: bytes


class Packer:
    """Packs payloads; one for each batch, because the compressor under it is not safe between threads."""

    def __init__(self) -> None:
        self._whole = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)

    def pack(self, body: bytes, base: tuple[str, bytes] | None = None) -> Packed:
        """Pack a payload, as the difference to `base` (digest, payload) where that is much smaller."""
        whole = self._whole.compress(body)
        if base is not None:
            digest, earlier = base
            dictionary = zstandard.ZstdCompressionDict(earlier, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            packer = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary, write_checksum=True)
            delta = packer.compress(body)
            if len(delta) <= len(whole) * _WORTH:
                return Packed(DELTA, digest, len(body), delta)
        return Packed(WHOLE, None, len(body), whole)

    def pack_all(self, bodies: Sequence[bytes]) -> list[Packed]:
        """Pack payloads whole, in one go: meanwhile other threads run as if nothing were packed."""
        if not bodies:
            return []
        frames = self._whole.multi_compress_to_buffer([*bodies])
        return [Packed(WHOLE, None, len(body), frames[place].tobytes()) for place, body in enumerate(bodies)]


def unpack(packed: Packed, base: bytes | None = None) -> bytes:
    """The payload, byte for byte; StoreError where the stored bytes are damaged."""
    try:
        if packed.codec == DELTA:
            if base is None:
                raise StoreError(
                    f"the payload that {packed.base} is the base of cannot be read: it is missing"
                )
            dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(packed.data)
        return zstandard.ZstdDecompressor().decompress(packed.data)
    except zstandard.ZstdError as error:
        raise StoreError(
            f"a stored payload is damaged: {error}", remedy="restore the latest backup"
        ) from error
