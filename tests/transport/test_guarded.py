"""The guarded sender against real receivers on loopback and a resolver that lies."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
from monitor.transport import GuardedSender
from monitor.transport.guarded import MAX_READ
from tests.support.clockwork import Clockwork
from tests.support.scripted import Scripted, dripping, response

LOOPBACK = ["127.0.0.0/8"]


def sender(*addresses: str) -> GuardedSender:
    """A sender for which every name has these addresses (by default, loopback's)."""
    found = addresses or ("127.0.0.1",)
    return GuardedSender(now=Clockwork().now, resolve=lambda host, port: found)


def test_the_bytes_arrive_as_given_under_the_names_headers() -> None:
    """Body and headers are the caller's; `Host` is the name's, not the address's."""
    with Scripted(response(200, b"thanks\n for that", "text/plain")) as server:
        reply = sender().post(
            f"http://hooks.example.test:{server.port}/in?x=1",
            "données".encode(),
            {"Content-Type": "application/json", "webhook-id": "dlv_1", "Host": "evil.example"},
            allow_networks=LOOPBACK,
        )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert (reply.status, reply.excerpt, body.decode()) == (200, "thanks for that", "données")
    assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"webhook-id: dlv_1" in head
    assert f"Host: hooks.example.test:{server.port}".encode() in head
    assert b"evil" not in head


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "100.64.0.1", "fe80::1%lo"],
)
def test_a_name_that_leads_to_a_forbidden_address_is_rejected(address: str) -> None:
    """Whatever public-looking name it has, nothing is connected to."""
    with pytest.raises(DeliveryRejectedError, match=r"hooks\.example\.test is not sent to"):
        sender(address).post("https://hooks.example.test/x", b"{}", {})


def test_one_forbidden_address_among_public_ones_is_enough() -> None:
    """All addresses are checked before any is used."""
    with pytest.raises(DeliveryRejectedError, match=r"10\.0\.0\.7"):
        sender("93.184.215.14", "10.0.0.7").post("https://hooks.example.test/x", b"{}", {})


def test_a_name_is_resolved_once_and_the_connection_goes_there() -> None:
    """A resolver that answers differently the second time is not asked a second time."""
    answers = iter([["127.0.0.1"]])

    def once(host: str, port: int) -> Sequence[str]:
        return next(answers)

    with Scripted(response(204, b"", "")) as server:
        guarded = GuardedSender(now=Clockwork().now, resolve=once)
        reply = guarded.post(
            f"http://rebinding.example.test:{server.port}/", b"{}", {}, allow_networks=LOOPBACK
        )
    assert reply.status == 204


def test_another_address_is_tried_where_the_first_does_not_listen() -> None:
    """A receiver with a dead address beside a good one is reached."""
    with Scripted(response(200)) as server:
        reply = sender("127.0.0.9", "127.0.0.1").post(
            f"http://hooks.example.test:{server.port}/", b"{}", {}, allow_networks=LOOPBACK
        )
    assert (reply.status, len(server.requests)) == (200, 1)


def test_an_address_that_swallows_everything_leaves_time_for_the_next() -> None:
    """Where connecting hangs, the share of the time is spent and the good address is reached."""
    with Scripted(response(200)) as server, contextlib.ExitStack() as deaf:
        deaf.enter_context(socket.create_server(("127.0.0.9", server.port), backlog=0))
        for _ in range(4):  # a full queue answers no one
            waiting = deaf.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.9", server.port))
        reply = sender("127.0.0.9", "127.0.0.1").post(
            f"http://hooks.example.test:{server.port}/", b"{}", {}, allow_networks=LOOPBACK, timeout_s=1
        )
    assert (reply.status, len(server.requests)) == (200, 1)


@pytest.mark.parametrize("status", [200, 204, 302, 400, 410, 429, 500, 503])
def test_every_status_is_a_reply(status: int) -> None:
    """What a status means is for the channel to say."""
    with Scripted(response(status, b"", "", retry_after="30")) as server:
        reply = sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK)
    assert (reply.status, reply.retry_after_s, reply.headers["retry-after"]) == (status, 30.0, "30")


def test_a_redirect_is_not_followed() -> None:
    """Not even to a place that would be allowed."""
    with Scripted(response(200)) as other, Scripted(response(307, b"", "", Location=other.url)) as server:
        assert sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK).status == 307
    assert other.requests == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the proxy would resolve the name again, and reach what we may not."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Scripted(response(200)) as server:
        assert sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK).status == 200


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", every_s=0.02),
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", every_s=0.02),
        dripping(every_s=0.02),
        lambda connection, end: end.wait(5) or None,
    ],
    ids=["body", "head", "garbage", "silence"],
)
def test_nobody_holds_us_longer_than_the_timeout(script: Callable[[socket.socket, object], None]) -> None:
    """Dripping bodies, dripping heads and silence all end in time, as a reason to try later."""
    began = time.monotonic()
    with Scripted(script) as server, pytest.raises(DeliveryDeferredError):
        sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK, timeout_s=0.4)
    assert time.monotonic() - began < 3


def test_no_more_is_read_than_may_be_wanted() -> None:
    """Of an endless answer the first 16 KB are read, and an excerpt of it is kept."""

    sent = [0]

    def flood(connection: socket.socket, end: object) -> None:
        connection.sendall(b"HTTP/1.1 500 X\r\nContent-Length: 1000000000\r\n\r\n")
        while sent[0] < 1_000_000_000:
            sent[0] += connection.send(b"y" * 65536)

    with Scripted(flood) as server:
        reply = sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK, timeout_s=5)
    assert reply.status == 500
    assert reply.excerpt == "y" * len(reply.excerpt)
    assert len(reply.excerpt) < MAX_READ
    assert sent[0] < 50_000_000


def test_compressed_answers_are_not_unpacked() -> None:
    """None is asked for, and a bomb that comes anyway is not set off."""
    with Scripted(response(200, b"\x1f\x8b\x08", Content_Encoding="gzip")) as server:
        assert sender().post(server.url, b"{}", {}, allow_networks=LOOPBACK).status == 200
    assert b"Accept-Encoding: identity" in server.requests[0]


def test_nobody_listening_is_deferred() -> None:
    """A refused connection is a reason to try later, named by host."""
    with Scripted(response(200)) as server:
        url = server.url
    with pytest.raises(DeliveryDeferredError, match=r"127\.0\.0\.1: no connection"):
        sender().post(url, b"{}", {}, allow_networks=LOOPBACK)


def test_a_name_nobody_knows_is_deferred() -> None:
    """Name servers have bad days; the name was good when it was configured."""

    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(DeliveryDeferredError, match="cannot be resolved"):
        GuardedSender(now=Clockwork().now, resolve=unknown).post("https://no.example.test/", b"", {})


def test_a_name_without_addresses_is_deferred() -> None:
    """An empty answer is no permission."""
    guarded = GuardedSender(now=Clockwork().now, resolve=lambda host, port: [])
    with pytest.raises(DeliveryDeferredError, match="has no address"):
        guarded.post("https://no.example.test/", b"", {})


@pytest.mark.parametrize("url", ["http://hooks.example.test/x", "https://127.0.0.1/x", "https://localhost/x"])
def test_a_wrong_address_is_rejected_without_asking_anybody(url: str) -> None:
    """What `check_url` refuses when configured is refused here too, before the name is resolved."""

    def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError("resolved")

    with pytest.raises(DeliveryRejectedError):
        GuardedSender(now=Clockwork().now, resolve=never).post(url, b"{}", {})


def test_the_system_resolver_is_the_default() -> None:
    """Loopback by name is found, and refused."""
    with pytest.raises(DeliveryRejectedError, match="is not sent to"):
        GuardedSender(now=Clockwork().now).post(
            "https://localhost/x", b"{}", {}, allow_networks=["10.0.0.0/8"]
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for hooks.example.test, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=hooks.example.test"]
    command += ["-addext", "subjectAltName=DNS:hooks.example.test"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.mark.parametrize(("host", "is_right"), [("hooks.example.test", True), ("other.example.test", False)])
def test_the_certificate_must_be_the_names(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_right: bool
) -> None:
    """Connected to an address, the receiver must still prove to be the host that was configured."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    asked: list[str | None] = []
    tls.sni_callback = lambda connection, name, context: asked.append(name)
    with Scripted(response(200), tls=tls) as server:
        url = f"https://{host}:{server.port}/x"
        if is_right:
            assert sender().post(url, b"{}", {}, allow_networks=LOOPBACK).status == 200
        else:
            with pytest.raises(DeliveryDeferredError, match="CERTIFICATE_VERIFY_FAILED"):
                sender().post(url, b"{}", {}, allow_networks=LOOPBACK)
    assert asked == [host]
