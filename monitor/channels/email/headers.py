"""Header values as they stand on the wire: ASCII, RFC 2047 where it must be, folded only where it may be.

The library's own folding is not used for what we write: it encodes a URI longer than a line, which mail
programs then do not find (CPython issue 85725), and loses the quotes of a long name. Nothing here knows what
a header is for, and nothing gets past it that could begin a header of its own.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from email import policy
from email.errors import ObsoleteHeaderDefect
from email.headerregistry import Address
from hashlib import sha256

from monitor.core.phrases import clean

LINE = 76
"""Columns of a line: RFC 2047 allows no more where a word is encoded."""
LINE_LIMIT = 998
"""Columns no line may have more of (RFC 5322, section 2.1.1)."""
_WORD = 52
"""Columns for the text of an encoded word, so that the first fits beside its header's name."""

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*")
_LITERAL = re.compile(r"[A-Za-z0-9!*+\-/]")
_LABEL = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def parse_address(text: str) -> Address:
    """Read `name@example.com` or `Name <name@example.com>`; raise ValueError on anything else."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("an address has no line breaks or control characters")
    header = policy.SMTP.header_factory("to", text)
    addresses: Sequence[Address] = getattr(header, "addresses", ())
    address = addresses[0] if len(addresses) == 1 else Address()
    if not address.domain.isascii():
        raise ValueError(f"{address.domain!r} is not ASCII; write the domain in its xn-- form")
    if not address.username.isascii():
        raise ValueError(f"{address.username!r} is not ASCII, which not every mail server on the way takes")
    broken = [defect for defect in header.defects if not isinstance(defect, ObsoleteHeaderDefect)]
    if broken or not address.domain or not address.username:
        raise ValueError(
            f"{text!r} is no address; write name@example.com or Name <name@example.com>, "
            "the name in quotes where it has a comma"
        )
    return address


def mailbox(address: Address) -> str:
    """An address with its name, for From and To."""
    name = phrase(address.display_name)
    return f"{name} <{address.addr_spec}>" if name else address.addr_spec


def phrase(name: str) -> str:
    """A name as it stands before an address: atoms, a quoted string, or encoded words."""
    name = clean(name)
    if not name.isascii() or "=?" in name:
        return " ".join(_encoded(name))
    if not name or _ATOMS.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def unstructured(text: str) -> str:
    """Words for a header that only people read."""
    text = clean(text)
    plain = text.isascii() and "=?" not in text and all(len(word) < LINE // 2 for word in text.split(" "))
    return text if plain else " ".join(_encoded(text))


def label(name: str) -> str:
    """A name for the left side of a List-Id or Message-ID: a dot-atom of its own for each name."""
    if _LABEL.fullmatch(name):
        return name
    kept = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    return "-".join(filter(None, (kept, sha256(name.encode()).hexdigest()[:8])))


def line(name: str, value: str) -> bytes:
    """A header with its line ends, folded at blanks and nowhere else.

    Raises ValueError on a value that is not ASCII, holds control characters or cannot be folded to 998.
    """
    if not (value.isascii() and value.isprintable()) or value != " ".join(value.split()):
        raise ValueError(f"{name}: {value!r} is not fit for a header")
    lines = [f"{name}:"]
    for word in value.split(" "):
        if len(lines[-1]) + 1 + len(word) > LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    if max(map(len, lines)) > LINE_LIMIT:
        raise ValueError(f"{name}: a part of it is longer than {LINE_LIMIT} characters")
    return "".join(f"{one}\r\n" for one in lines).encode("ascii")


def _encoded(text: str) -> Iterator[str]:
    """RFC 2047 words of `text`, no character cut in two: readable where most of it is ASCII, else shorter."""
    plain = sum(_LITERAL.fullmatch(character) is not None or character == " " for character in text)
    quoted = 2 * plain > len(text)
    chunk = ""
    for character in text:
        wider = chunk + character
        if len(_quoted(wider) if quoted else _based(wider)) > _WORD:
            yield _word(chunk, quoted)
            wider = character
        chunk = wider
    if chunk:
        yield _word(chunk, quoted)


def _word(chunk: str, quoted: bool) -> str:  # noqa: FBT001 - which of two alphabets
    return f"=?utf-8?q?{_quoted(chunk)}?=" if quoted else f"=?utf-8?b?{_based(chunk)}?="


def _quoted(text: str) -> str:
    """The Q encoding, with the few characters that are safe inside a name too (RFC 2047, section 5.3)."""
    return "".join(
        "_" if c == " " else c if _LITERAL.fullmatch(c) else "".join(f"={byte:02X}" for byte in c.encode())
        for c in text
    )


def _based(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
