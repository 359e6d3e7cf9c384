"""Which addresses webhooks may go to: the table of the guard, and the forms a URL may have."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.transport.addresses import Target, check_url, forbidden, literal_address, refusal

FORBIDDEN = [
    # Loopback, private, link-local with the clouds' metadata service, this network, broadcast.
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "255.255.255.255",
    # Shared by carriers (a known hole of other guards), protocols, relays, benchmarks, documentation.
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    # Multicast and reserved.
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    # The same in IPv6.
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "4000::1",
    # IPv4 in the clothes of IPv6: mapped, compatible, NAT64, local NAT64, 6to4, Teredo.
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.64.0.1",
    "::7f00:1",
    "::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::6440:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:53aa:64c:0:fbff:80ff:fffe",
    "2001::1",
]

PUBLIC = [
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_that_are_not_public_are_forbidden(address: str) -> None:
    """None of them may be sent to, whatever the standard library calls global."""
    assert forbidden(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    """Ordinary addresses are, also as a resolver behind a translator gives them."""
    assert forbidden(ipaddress.ip_address(address)) is None


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_no_clothes_make_a_forbidden_address_allowed(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address is as forbidden mapped or behind NAT64 as it is by itself."""
    for disguise in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert (forbidden(ipaddress.ip_address(disguise)) is None) == (forbidden(address) is None)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_the_standard_library_calls_private_is_never_allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The table only ever adds to the standard library's, save for addresses that stand for public ones."""
    if forbidden(address) is None and not getattr(address, "ipv4_mapped", None):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_only_the_global_unicast_of_ipv6_is_public(address: ipaddress.IPv6Address) -> None:
    """2000::/3 is all that is in use (RFC 4291), but for addresses that stand for an IPv4 one."""
    stands = address.ipv4_mapped or address in ipaddress.ip_network("64:ff9b::/96")
    if forbidden(address) is None and not stands:
        assert address in ipaddress.ip_network("2000::/3")


@given(st.text(max_size=12), st.text(max_size=12))
def test_whatever_is_written_is_a_target_or_a_config_error(host: str, rest: str) -> None:
    """No text brings the guard to another end, and what passes is a plain host and an ASCII path."""
    try:
        target = check_url(f"https://{host}/{rest}")
    except ConfigError:
        return
    assert re.fullmatch(r"[a-z0-9._:-]+", target.host)
    assert target.path.isascii()
    assert target.is_plain


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
    ],
)
def test_old_spellings_of_addresses_are_seen_through(host: str, address: str) -> None:
    """What the system's resolver would take for an address is judged as that address."""
    assert str(literal_address(host)) == address
    with pytest.raises(ConfigError, match="not a public address"):
        check_url(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/x", "only https on port 443"),
        ("https://hooks.example.com:8443/x", "only https on port 443"),
        ("https://127.0.0.1/x", "not a public address"),
        ("https://[::1]/x", "not a public address"),
        ("https://[::ffff:10.0.0.1]/x", "not a public address"),
        ("http://8.8.8.8/x", "only https on port 443"),
        ("https://localhost/x", "is this machine"),
        ("https://a.localhost./x", "is this machine"),
        ("https://user:pass@hooks.example.com/x", "no user name or password"),
        ("ftp://hooks.example.com/x", "not an https address"),
        ("file:///etc/passwd", "not an https address"),
        ("hooks.example.com/x", "not an https address"),
        ("https:///x", "not an https address"),
        ("https://hooks.example.com:99999/x", "[Pp]ort"),
        ("https://hooks.example.com:x/x", "[Pp]ort"),
        ("https://[::1/x", "Invalid IPv6"),
        ("https://hooks.example.com/a b", "characters no address has"),
        ("https://hooks.example.com/\r\nHost: x", "characters no address has"),
        ("https://hooks.example.com\\@10.0.0.1/", "characters no address has"),
        ("https://hooks.example.com/é", "percent-encode"),
        ("https://" + "a" * 64 + ".example/x", "no such host name"),
        ("https://a..example/x", "no such host name"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_when_configured(url: str, why: str) -> None:
    """Each mistake has its message and a remedy, and no message repeats the path, which may be secret."""
    with pytest.raises(ConfigError, match=why) as raised:
        check_url(url)
    assert raised.value.remedy
    assert "/x" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com/a/b?c=d", Target("https", "hooks.example.com", 443, "/a/b?c=d")),
        ("https://Hooks.Example.com.", Target("https", "hooks.example.com", 443, "/")),
        ("https://bücher.example/x", Target("https", "xn--bcher-kva.example", 443, "/x")),
        ("HTTPS://8.8.8.8:443/#part", Target("https", "8.8.8.8", 443, "/")),
    ],
)
def test_a_good_address_is_taken_apart_once(url: str, target: Target) -> None:
    """Host in ASCII and lower case, port filled in, fragment dropped."""
    assert check_url(url) == target


@pytest.mark.parametrize(
    ("url", "networks"),
    [
        ("http://127.0.0.1:8080/x", ["127.0.0.0/8"]),
        ("http://[::1]:8080/x", ["::1"]),
        ("http://intranet:8080/x", ["10.20.0.0/16"]),
        ("http://localhost/x", ["127.0.0.0/8"]),
        ("https://[::ffff:10.20.0.1]/x", ["10.20.0.0/16"]),
    ],
)
def test_a_listed_network_allows_what_is_private(url: str, networks: list[str]) -> None:
    """Inside it private addresses, plain http and any port are allowed; names are checked when resolved."""
    assert check_url(url, networks).path == "/x"


def test_a_listed_network_allows_nothing_outside_it() -> None:
    """Another private address stays forbidden, and public ones stay https only."""
    networks = (ipaddress.ip_network("10.20.0.0/16"),)
    plain = Target("http", "intranet", 8080, "/")
    assert refusal(ipaddress.ip_address("10.20.3.4"), plain, networks) is None
    assert "not a public address" in (refusal(ipaddress.ip_address("10.21.0.1"), plain, networks) or "")
    assert "only https" in (refusal(ipaddress.ip_address("8.8.8.8"), plain, networks) or "")
    assert refusal(ipaddress.ip_address("8.8.8.8"), Target("https", "h", 443, "/"), networks) is None


@pytest.mark.parametrize("network", ["10.20.0.1/16", "ten", ""])
def test_a_network_that_is_none_is_a_config_error(network: str) -> None:
    """The message holds what was written, the remedy how to write it."""
    with pytest.raises(ConfigError, match="allow_networks"):
        check_url("https://hooks.example.com/", [network])


def test_the_host_header_names_a_port_only_where_it_is_not_the_usual_one() -> None:
    """As browsers do, and with brackets around IPv6."""
    assert Target("https", "h.example", 443, "/").authority == "h.example"
    assert Target("http", "h.example", 8080, "/").authority == "h.example:8080"
    assert Target("https", "::1", 8443, "/").authority == "[::1]:8443"
