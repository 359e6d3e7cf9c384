"""Kept connections: one for several messages, each to an address that was checked when it was made."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
from monitor.transport import GuardedSender
from monitor.transport.kept import MAX_READ
from tests.support.clockwork import Clockwork
from tests.support.scripted import Scripted, read_request, response

LOOPBACK = ["127.0.0.0/8"]
KEEPS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answers(*said: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Answer one request after the other on the same connection, then hang up without a word."""

    def talk(connection: socket.socket, _: threading.Event) -> None:
        for answer in said:
            connection.sendall(answer)
            if not read_request(connection):
                return

    return talk


class Names:
    """A resolver that notes what it was asked, and gives each answer once, the last one for ever."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        return [self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]]


@pytest.fixture
def names() -> Names:
    """Every name is on loopback."""
    return Names("127.0.0.1")


@pytest.fixture
def sender(names: Names) -> Iterator[GuardedSender]:
    """A sender that hangs up at the end."""
    guarded = GuardedSender(now=Clockwork().now, resolve=names)
    yield guarded
    guarded.close()


def post(sender: GuardedSender, server: Scripted, host: str = "hooks.example.test") -> int:
    """The status of a message to the server, under a name."""
    url = f"http://{host}:{server.port}/hook"
    return sender.post(url, b"{}", {}, allow_networks=LOOPBACK, timeout_s=2).status


def test_messages_in_a_row_share_a_connection(sender: GuardedSender, names: Names) -> None:
    """It is made once, and its name resolved once."""
    with Scripted(answers(KEEPS, KEEPS, KEEPS)) as server:
        assert [post(sender, server) for _ in range(3)] == [200, 200, 200]
        assert len(server.requests) == 1, "one connection, of which the first request is noted"
        sender.close()
    assert names.asked == ["hooks.example.test"]


def test_names_at_one_address_share_nothing(sender: GuardedSender, names: Names) -> None:
    """A connection was checked, and its certificate proven, for one name."""
    with Scripted(response(200)) as server:
        assert [post(sender, server, host) for host in ("a.example.test", "b.example.test")] == [200, 200]
        assert [b"Host: " + host in server.requests[n] for n, host in enumerate((b"a.", b"b."))] == [True] * 2
    assert names.asked == ["a.example.test", "b.example.test"]


@pytest.mark.parametrize(
    "answer",
    [
        response(200),
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MAX_READ) + b"x" * 2 * MAX_READ,
    ],
    ids=["asked to close", "HTTP/1.0", "more on its way"],
)
def test_what_may_not_stay_is_made_anew(sender: GuardedSender, names: Names, answer: bytes) -> None:
    """Where the receiver closes, or more is on its way than is read, the next message starts afresh."""
    with Scripted(answer) as server:
        assert [post(sender, server), post(sender, server)] == [200, 200]
        assert len(server.requests) == 2
    assert len(names.asked) == 2


def test_a_connection_made_anew_is_checked_anew() -> None:
    """A name that leads elsewhere when the kept connection is gone is refused: nothing is rebound."""
    names = Names("127.0.0.1", "169.254.169.254")
    closes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    guarded = GuardedSender(now=Clockwork().now, resolve=names)
    with Scripted(closes) as server:
        assert post(guarded, server) == 200
    # The receiver's goodbye has arrived once its thread has ended.
    with pytest.raises(DeliveryRejectedError, match=r"169\.254\.169\.254"):
        post(guarded, server)
    assert len(server.requests) == 1
    guarded.close()


def test_a_receiver_that_hangs_up_without_a_word_is_asked_once(sender: GuardedSender, names: Names) -> None:
    """The request is not repeated behind the log's back; that receiver gets new connections from then on."""
    with Scripted(answers(KEEPS), answers(KEEPS), answers(KEEPS)) as server:
        assert post(sender, server) == 200
        with pytest.raises(DeliveryDeferredError, match="broke off") as failed:
            post(sender, server)
        assert failed.value.error_class == "connection"
        assert [post(sender, server), post(sender, server)] == [200, 200]
        assert len(server.requests) == 3
    assert len(names.asked) == 3


def test_after_the_end_nothing_is_kept(names: Names) -> None:
    """A sender that was closed still sends, and hangs up each time."""
    guarded = GuardedSender(now=Clockwork().now, resolve=names)
    guarded.close()
    with Scripted(answers(KEEPS)) as server:
        assert [post(guarded, server), post(guarded, server)] == [200, 200]
        assert len(server.requests) == 2
