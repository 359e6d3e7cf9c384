"""Which web addresses a webhook may be sent to: the guard against requests forged through us (SSRF).

A receiver's address is typed by whoever may edit the configuration and resolved by whoever runs its DNS.
Only public addresses are allowed, unless a network is listed; inside a listed one, private addresses, plain
http and any port are allowed too. This module resolves nothing and sends nothing.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from monitor.errors import ConfigError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

DEFAULT_PORTS = {"https": 443, "http": 80}


def is_this_machine(host: str) -> bool:
    """Is it written as this machine's own address, or as `localhost`? Nothing is looked up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# `is_global` alone is not enough: on Python 3.11 it is true of most of these.
_FORBIDDEN: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("100.64.0.0/10", "shared by a carrier's customers"),
        ("168.63.129.16/32", "a cloud's own service"),
        ("192.0.0.0/24", "kept for protocols"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/96", "an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "local translation to IPv4"),
        ("100::/64", "discarded"),
        ("2001::/23", "kept for protocols, Teredo tunnels among them"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_LONGEST = 253
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""What a host name is made of, as it is looked up."""
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an address, or nothing at all."""
_NAT64 = IPv6Network("64:ff9b::/96")
_MISTYPED = "write it like https://hooks.example.com/trials"


@dataclass(frozen=True, slots=True)
class Target:
    """A web address taken apart once, so that what is checked is what is asked."""

    scheme: str
    host: str
    """ASCII, lower case, without brackets."""
    port: int
    path: str
    """Path and query as sent."""

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """For messages: without the path, which may hold a secret."""
        return f"{self.scheme}://{self.authority}"

    @property
    def is_plain(self) -> bool:
        """Is it what anybody may use: https on its own port?"""
        return self.scheme == "https" and self.port == DEFAULT_PORTS["https"]


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks like `10.20.0.0/16`; a single address is a network of one. Raise ConfigError on others."""
    try:
        return tuple(ip_network(text.strip()) for text in texts)
    except ValueError as error:
        raise ConfigError(
            f"allow_networks: {error}", remedy='write networks like "10.20.0.0/16" or "127.0.0.0/8"'
        ) from error


def check_url(url: str, allow_networks: Sequence[str] = ()) -> Target:
    """What can be said of a receiver's address without asking DNS; raise ConfigError where it is wrong.

    The name is resolved, and every address checked, when something is sent (`refusal`).
    """
    networks = parse_networks(allow_networks)
    target = _target(url)
    literal = literal_address(target.host)
    if literal is not None:
        if why := refusal(literal, target, networks):
            raise ConfigError(f"url: {why}", remedy=_remedy(literal))
    elif _is_local_name(target.host) and not networks:
        raise ConfigError(f"url: {target.host} is this machine", remedy=_remedy(IPv4Address("127.0.0.1")))
    elif not target.is_plain and not networks:
        raise ConfigError(
            f"url: {target.shown}: only https on port 443 is allowed for public receivers",
            remedy="use https, or list the receiver's network in allow_networks",
        )
    return target


def refusal(address: Address, target: Target, networks: Sequence[Network]) -> str | None:
    """Why `target` may not be reached at `address`; None where it may."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return refusal(address.ipv4_mapped, target, networks)
    if any(address.version == network.version and address in network for network in networks):
        return None
    if why := forbidden(address):
        return f"{address} is not a public address ({why})"
    if not target.is_plain:
        return f"only https on port 443 is allowed to {address}"
    return None


def forbidden(address: Address) -> str | None:
    """Why an address is not public; None where it, and every address it stands for, is."""
    for network, why in _FORBIDDEN:
        if address.version == network.version and address in network:
            return why
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return forbidden(inner)
    if address.is_multicast or address.is_reserved or address.is_unspecified:
        return "reserved"
    return None if address.is_global else "private"


def literal_address(host: str) -> Address | None:
    """The address a host is, in any spelling the system's resolver would accept (`127.1`, `0x7f000001`)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that the system or a NAT64 translator makes of an IPv6 one."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.ipv4_mapped


def _target(url: str) -> Target:
    parts, port = _split(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ConfigError("url: not an https address", remedy=_MISTYPED)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "url: a receiver's address must hold no user name or password",
            remedy="receivers know us by the signature; secrets stand in files",
        )
    host = _host(parts.hostname, is_bracketed="[" in parts.netloc)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    if not target.isascii() or any(character.isspace() for character in target):
        raise ConfigError("url: percent-encode what is not plain ASCII", remedy=_MISTYPED)
    return Target(parts.scheme, host, port if port is not None else DEFAULT_PORTS[parts.scheme], target)


def _host(written: str, *, is_bracketed: bool) -> str:
    """The host in ASCII, as it is looked up; ConfigError where that is not what was written."""
    try:
        host = written.encode("idna").decode().removesuffix(".").lower()
        shown = host.encode().decode("idna")
    except UnicodeError as error:
        raise ConfigError("url: no such host name can exist", remedy=_MISTYPED) from error
    literal = literal_address(host)
    if literal is None and (
        is_bracketed or len(host) > _LONGEST or not _NAME.fullmatch(host) or _ends_in_a_number(host)
    ):
        raise ConfigError("url: no such host name can exist", remedy=_MISTYPED)
    # What disappears or turns into other letters on the way to DNS shows another host than it asks.
    if not written.isascii() and unicodedata.normalize("NFC", written.lower()).rstrip(".") != shown:
        raise ConfigError(
            f"url: the host is looked up as {host}, which is not as it is written", remedy="write it so"
        )
    if literal is not None and "%" in host:
        raise ConfigError("url: an address with a zone cannot be sent to", remedy=_MISTYPED)
    return host


def _ends_in_a_number(host: str) -> bool:
    return _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def _split(url: str) -> tuple[SplitResult, int | None]:
    if any(ord(character) < 0x21 or character in '\\\x7f"<>' for character in url):
        raise ConfigError("url: holds characters no address has", remedy=_MISTYPED)
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as error:
        raise ConfigError(f"url: {error}", remedy=_MISTYPED) from error


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _remedy(address: Address) -> str:
    return f'if the receiver is yours, list its network: allow_networks = ["{address}"]'
