"""Attacks on the guard: what a configuration, a name server and a receiver could try, each in a row."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.transport import GuardedSender
from monitor.transport.addresses import check_url
from tests.support.clockwork import Clockwork
from tests.support.scripted import Line, Scripted, response

PUBLIC = "93.184.215.14"
LOOPBACK = ("127.0.0.0/8",)

# How the address is written: refused when configured, and again before anything is looked up.
WRITTEN = {
    "loopback": "https://127.0.0.1/x",
    "loopback-port": "https://127.0.0.1:8443/x",
    "short": "https://127.1/x",
    "shorter": "https://0/x",
    "decimal": "https://2130706433/x",
    "hexadecimal": "https://0x7f000001/x",
    "hexadecimal-bytes": "https://0x7f.0x0.0x0.0x1/x",
    "octal": "https://0177.0.0.1/x",
    "zeros": "https://00.0.0.0/x",
    "too-large-a-number": "https://4294967296/x",
    "too-many-numbers": "https://127.0.0.1.1/x",
    "number-of-nothing": "https://hooks.0x/x",
    "final-dot": "https://127.0.0.1./x",
    "two-final-dots": "https://127.0.0.1../x",
    "fullwidth": "https://１２７.0.0.1/x",
    "circled": "https://①②⑦.⓪.⓪.①/x",
    "ideographic-stops": "https://127。0。0。1/x",
    "one-dot-leaders": "https://127․0․0․1/x",
    "localhost": "https://localhost/x",
    "LOCALHOST.": "https://LOCALHOST./x",
    "localhost-below": "https://a.localhost/x",
    "circled-localhost": "https://ⓁⓄⒸⒶⓁⒽⓄⓈⓉ/x",
    "private": "https://10.0.0.1/x",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata-decimal": "https://2852039166/latest/meta-data/",
    "metadata-ipv6": "https://[fd00:ec2::254]/latest/meta-data/",
    "metadata-carrier": "https://100.100.100.200/latest/meta-data/",
    "metadata-oracle": "https://192.0.0.192/latest/",
    "wire-server": "https://168.63.129.16/machine",
    "unspecified": "https://0.0.0.0/x",
    "unspecified-ipv6": "https://[::]/x",
    "loopback-ipv6": "https://[::1]/x",
    "loopback-ipv6-long": "https://[0000:0000:0000:0000:0000:0000:0000:0001]/x",
    "zone": "https://[fe80::1%25eth0]/x",
    "zone-of-loopback": "https://[::1%25lo]/x",
    "mapped": "https://[::ffff:127.0.0.1]/x",
    "mapped-hexadecimal": "https://[::ffff:7f00:1]/x",
    "compatible": "https://[::127.0.0.1]/x",
    "translated": "https://[::ffff:0:127.0.0.1]/x",
    "nat64": "https://[64:ff9b::7f00:1]/x",
    "nat64-local": "https://[64:ff9b:1::7f00:1]/x",
    "6to4": "https://[2002:7f00:1::]/x",
    "teredo": "https://[2001:0:53aa:64c:0:fbff:80ff:fffe]/x",
    "site-local": "https://[fec0::1]/x",
    "multicast": "https://224.0.0.1/x",
    "multicast-ipv6": "https://[ff02::1]/x",
    "broadcast": "https://255.255.255.255/x",
    "no-ip-in-brackets": "https://[v1.fe80]/x",
    "user": "https://hooks.example.com@127.0.0.1/x",
    "user-of-nothing": "https://@hooks.example.com/x",
    "password": "https://a:b@hooks.example.com/x",
    "backslash": "https://hooks.example.com\\@127.0.0.1/x",
    "tab": "https://hooks.example.com\t/x",
    "new-line": "https://hooks.example.com/x\r\nHost: 127.0.0.1",
    "zero-byte": "https://hooks.example.com\x00.evil.example/x",
    "percent": "https://%31%32%37.0.0.1/x",
    "percent-zero": "https://127.0.0.1%00.example/x",
    "blank-in-disguise": "https://a\u00a0b.example/x",
    "dots-in-disguise": "https://evil…com/x",
    "soft-hyphen": "https://ex\u00adample.com/x",
    "zero-width": "https://exa\u200bmple.com/x",
    "sharp-s": "https://faß.example/x",
    "separators": "https://a;b.example/x",
    "a-list": "https://a.example,b.example/x",
    "too-long": "https://" + ".".join(["a" * 60] * 5) + "/x",
    "plain": "http://hooks.example.com/x",
    "odd-port": "https://hooks.example.com:8443/x",
    "port-of-http": "https://hooks.example.com:80/x",
    "port-zero": "https://hooks.example.com:0/x",
    "no-port": "https://hooks.example.com:port/x",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "unix": "unix:///run/docker.sock",
    "no-host": "https:///x",
}

# What the name servers say: nothing is wrong with the address as configured.
RESOLVED = {
    "loopback": ["127.0.0.1"],
    "metadata": ["169.254.169.254"],
    "public-then-private": [PUBLIC, "10.0.0.7"],
    "private-then-public": ["10.0.0.7", PUBLIC],
    "public-then-loopback-ipv6": [PUBLIC, "2606:4700::1111", "::1"],
    "mapped": ["::ffff:169.254.169.254"],
    "nat64": ["64:ff9b::a9fe:a9fe"],
    "6to4": ["2002:a9fe:a9fe::1"],
    "carrier": ["100.64.0.1"],
    "unspecified": ["0.0.0.0"],
    "zone": ["fe80::1%lo"],
    "hundred-and-one": [*([PUBLIC] * 100), "127.0.0.1"],
}


def sender(*answers: str) -> GuardedSender:
    """A sender for which every name has these addresses."""
    return GuardedSender(now=Clockwork().now, resolve=lambda host, port: answers)


def unasked(host: str, port: int) -> Sequence[str]:
    """A resolver that must not be asked."""
    raise AssertionError(f"{host} was looked up")


@pytest.mark.parametrize("url", WRITTEN.values(), ids=WRITTEN)
def test_an_address_that_is_no_public_one_is_refused_at_once(url: str) -> None:
    """When configured, with a remedy; and when sending, before a name server is asked."""
    with pytest.raises(ConfigError) as caught:
        check_url(url)
    assert caught.value.remedy
    with pytest.raises(DeliveryRejectedError):
        GuardedSender(now=Clockwork().now, resolve=unasked).post(url, b"{}", {})


@pytest.mark.parametrize("answers", RESOLVED.values(), ids=RESOLVED)
def test_a_name_that_leads_inside_is_refused_before_connecting(answers: list[str]) -> None:
    """One forbidden address among many is enough, in any clothes and any place."""
    url = "https://hooks.example.com/x"
    assert check_url(url).host == "hooks.example.com"
    with pytest.raises(DeliveryRejectedError, match="is not sent to"):
        sender(*answers).post(url, b"{}", {}, timeout_s=1)


@pytest.mark.parametrize(
    ("networks", "answer"),
    [
        (["10.0.0.0/8"], "127.0.0.1"),
        (["10.0.0.0/8"], "169.254.169.254"),
        (["10.0.0.0/8"], "64:ff9b::a00:1"),
        (["10.0.0.0/8"], "2002:a00:1::"),
        (["0.0.0.0/0"], "::1"),
        (["::/0"], "127.0.0.1"),
        (["::/0"], "::ffff:127.0.0.1"),
        (["10.0.0.7"], "10.0.0.8"),
        (["127.0.0.0/8"], PUBLIC),
    ],
)
def test_permission_is_for_what_is_listed(networks: list[str], answer: str) -> None:
    """A listed network allows its own addresses, no others in whatever clothes, and no plain http outside."""
    with pytest.raises(DeliveryRejectedError):
        sender(answer).post("http://hooks.example.com:8080/x", b"{}", {}, allow_networks=networks)


def test_what_is_listed_is_reached() -> None:
    """An intranet's receiver is legitimate: with its network listed, plainly and at any port."""
    with Scripted(response(204)) as server:
        url = f"http://hooks.example.com:{server.port}/x"
        assert sender("127.0.0.1").post(url, b"{}", {}, allow_networks=LOOPBACK).status == 204


def test_a_zone_is_refused_even_where_its_network_is_listed() -> None:
    """It names an interface of this machine, which is nobody else's to choose."""
    with pytest.raises(ConfigError, match="with a zone"):
        check_url("https://[fe80::1%25eth0]/x", ["fe80::/10"])
    assert check_url("https://[fe80::1]/x", ["fe80::/10"]).host == "fe80::1"


def test_a_name_that_moves_inside_is_caught() -> None:
    """Rebinding: each connection goes to what was checked for it, and the next look-up is checked again."""
    answers = iter([["127.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["127.0.0.1"]])
    guarded = GuardedSender(now=Clockwork().now, resolve=lambda host, port: next(answers))
    with Scripted(response(204)) as server:
        url = f"http://rebinding.example.com:{server.port}/x"
        assert guarded.post(url, b"{}", {}, allow_networks=LOOPBACK).status == 204
        with pytest.raises(DeliveryRejectedError, match=r"169\.254\.169\.254"):
            guarded.post(url, b"{}", {}, allow_networks=LOOPBACK)
        assert len(server.requests) == 1
    guarded.close()


def test_permission_of_one_channel_is_not_anothers() -> None:
    """A connection kept for a channel that may go there is not used for one that may not."""

    def staying(connection: socket.socket, end: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 204 X\r\n\r\n")
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")

    with Scripted(staying) as server:
        url = f"http://hooks.example.com:{server.port}/x"
        guarded = sender("127.0.0.1")
        assert guarded.post(url, b"{}", {}, allow_networks=LOOPBACK).status == 204
        with pytest.raises(DeliveryRejectedError):
            guarded.post(url, b"{}", {}, allow_networks=["10.0.0.0/8"])
        guarded.close()


def test_nobody_makes_us_knock_at_a_thousand_doors() -> None:
    """Of a name with very many addresses the first few are tried, and the time allowed is shared by those."""
    with Scripted(response(204)) as server:
        answers = [*(f"127.0.1.{n}" for n in range(1, 9)), "127.0.0.1"]
        guarded = sender(*answers)
        with pytest.raises(DeliveryDeferredError, match="no connection"):
            guarded.post(f"http://many.example.com:{server.port}/x", b"{}", {}, allow_networks=LOOPBACK)
        assert server.requests == []
        guarded = sender(*answers[1:])
        reply = guarded.post(f"http://many.example.com:{server.port}/x", b"{}", {}, allow_networks=LOOPBACK)
        assert reply.status == 204


def endless(first: bytes, again: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """A receiver that never comes to an end."""

    def say(connection: socket.socket, end: threading.Event) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(first)
            while not end.is_set():
                connection.sendall(again)

    return say


@pytest.mark.parametrize(
    "script",
    [
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n"),
        endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 65536),
        endless(b"", b"x" * 65536),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: ssh\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"",
    ],
    ids=[
        "continue", "headers", "header", "garbage", "chunk", "upgrade", "negative", "two-lengths", "status",
        "no-status", "no-http", "nothing",
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_no_success(script: Line) -> None:
    """Whatever a hostile receiver says: in time, as a reason to try later, and as no other error."""
    began = time.monotonic()
    with Scripted(script) as server:
        guarded = sender("127.0.0.1")
        with pytest.raises(DeliveryDeferredError):
            guarded.post(server.url, b"{}", {}, allow_networks=LOOPBACK, timeout_s=0.4)
        guarded.close()
    assert time.monotonic() - began < 3
