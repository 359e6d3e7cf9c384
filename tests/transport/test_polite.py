"""The polite client against real servers on loopback, with time that passes only when somebody waits."""

from __future__ import annotations

import gzip
import threading
import time

import httpx
import pytest

from monitor import __version__
from monitor.errors import RegistryBlockedError, RegistryUnavailableError, StoppedError
from monitor.transport import PoliteClient, Politeness
from monitor.transport.polite import default_user_agent
from tests.support.clockwork import Clockwork
from tests.support.scripted import Scripted, dripping, response

OK = response(200, b'{"good": true}', ETag='"e1"')


def client(clockwork: Clockwork, politeness: Politeness | None = None) -> PoliteClient:
    """A client that asks a registry called `reg`."""
    return PoliteClient(
        "reg",
        politeness or Politeness(),
        monotonic=clockwork.monotonic,
        now=clockwork.now,
        wait=clockwork.wait,
        random=clockwork.random,
    )


def test_an_answer_comes_back_whole() -> None:
    """Status, media type without its parameters, body and entity tag are those of the wire."""
    with Scripted(response(200, b"{}", "Application/JSON; charset=utf-8", ETag='"x"')) as server:
        answer = client(Clockwork()).get(server.url)
    assert (answer.status, answer.media_type, answer.body, answer.etag) == (
        200,
        "application/json",
        b"{}",
        '"x"',
    )


def test_requests_are_paced_from_start_to_start() -> None:
    """At two a second the first goes at once and each other one half a second after the one before."""
    clockwork = Clockwork()
    with Scripted(OK) as server, client(clockwork, Politeness(requests_per_second=2)) as http:
        for _ in range(4):
            http.get(server.url)
    assert clockwork.waits == [0.5, 0.5, 0.5]


def test_the_known_tag_makes_the_request_conditional() -> None:
    """`If-None-Match` carries the tag as it was given, and 304 is an answer."""
    with Scripted(response(304, b"", "")) as server:
        answer = client(Clockwork()).get(server.url, etag='"e1-gzip"')
    assert answer.status == 304
    assert b'If-None-Match: "e1-gzip"' in server.requests[0]


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """The second server of a redirect is never asked."""
    with Scripted(OK) as other, Scripted(response(301, b"", "", Location=other.url)) as server:
        answer = client(Clockwork()).get(server.url)
    assert (answer.status, answer.location, other.requests) == (301, other.url, [])


@pytest.mark.parametrize("status", [400, 404, 410, 414])
def test_a_refusal_of_the_request_itself_is_an_answer(status: int) -> None:
    """What would fail again in the same way is not asked again."""
    with Scripted(response(status, b"no such thing", "text/plain")) as server:
        answer = client(Clockwork()).get(server.url)
    assert (answer.status, answer.excerpt(), len(server.requests)) == (status, "no such thing", 1)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_being_refused_is_raised_at_once_and_never_retried(status: int) -> None:
    """One request, one error that says what an operator can do."""
    clockwork = Clockwork()
    refusal = response(status, b"<html>", "text/html")
    with Scripted(refusal) as server, pytest.raises(RegistryBlockedError, match=str(status)) as raised:
        client(clockwork).get(server.url)
    assert (len(server.requests), clockwork.waits) == (1, [])
    assert "contact" in (raised.value.remedy or "")


@pytest.mark.parametrize(
    "trouble",
    [
        response(500),
        response(502, b"<html>", "text/html"),
        response(408),
        response(200, b"<html>", "text/html"),
        response(200, b"{}", ""),
        response(206, b"{}"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n\r\nnot gzip",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_what_may_pass_is_tried_again(trouble: bytes) -> None:
    """Server errors, answers that are no JSON, broken ones and none at all are asked for again."""
    with Scripted(trouble, OK) as server:
        assert client(Clockwork()).get(server.url).body == b'{"good": true}'
    assert len(server.requests) == 2


def test_back_off_doubles_up_to_a_minute_and_attempts_are_bounded() -> None:
    """With the die at its highest the waits are 1, 2, 4 … 60 s; then the failure is raised."""
    clockwork = Clockwork(draw=1.0)
    with Scripted(response(500)) as server, pytest.raises(RegistryUnavailableError) as raised:
        client(clockwork, Politeness(retries=8, requests_per_second=10)).get(server.url)
    assert clockwork.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (len(server.requests), raised.value.throttled, raised.value.registry) == (9, False, "reg")
    assert "status 500" in raised.value.message


def test_jitter_takes_up_to_half_of_the_back_off_away() -> None:
    """With the die at its lowest each wait is half as long."""
    clockwork = Clockwork(draw=0.0)
    with Scripted(response(500), response(500), OK) as server:
        client(clockwork, Politeness(requests_per_second=10)).get(server.url)
    assert clockwork.waits == [0.5, 1.0]


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Fri, 20 Nov 2026 09:00:30 GMT", 30.0)])
def test_retry_after_is_honored(header: str, seconds: float) -> None:
    """In seconds or as a date, it is waited for in full."""
    clockwork = Clockwork()
    with Scripted(response(429, retry_after=header), OK) as server:
        client(clockwork).get(server.url)
    assert clockwork.waits == [seconds]


def test_a_wait_beyond_our_patience_is_left_to_another_cycle() -> None:
    """The error says for how long, and until then not one request goes out."""
    clockwork = Clockwork()
    with Scripted(response(503, retry_after="3600"), OK) as server, client(clockwork) as http:
        with pytest.raises(RegistryUnavailableError, match="status 503") as raised:
            http.get(server.url)
        assert (raised.value.retry_after_s, raised.value.throttled) == (3600.0, True)
        clockwork.passed_s += 1000
        with pytest.raises(RegistryUnavailableError, match="2600 s") as again:
            http.get(server.url)
        assert (again.value.retry_after_s, again.value.throttled, len(server.requests)) == (2600.0, True, 1)
        clockwork.passed_s += 2600
        assert http.get(server.url).status == 200
    assert clockwork.waits == []


def test_being_throttled_halves_the_pace_until_it_was_good_for_a_while() -> None:
    """After one 429 requests go half as fast, and after twenty good answers as fast as before."""
    clockwork = Clockwork()
    with Scripted(response(429, retry_after="5"), OK) as server, client(clockwork) as http:
        for _ in range(24):
            http.get(server.url)
    assert clockwork.waits == [5.0] + [2.0] * 20 + [1.0] * 3


def test_a_failure_starts_the_while_again() -> None:
    """The slower pace is kept until twenty answers in a row were good."""
    clockwork = Clockwork(draw=0.0)
    script = [response(429), *[OK] * 19, response(500), OK]
    with Scripted(*script) as server, client(clockwork) as http:
        for _ in range(41):
            http.get(server.url)
    assert clockwork.waits == [1.0] + [2.0] * 40 + [1.0]


def test_the_pace_has_a_lowest() -> None:
    """However often it is throttled, it never waits more than sixteen intervals for its turn."""
    clockwork = Clockwork(draw=0.0)
    slow = Politeness(retries=7, requests_per_second=0.5)
    with Scripted(*[response(429)] * 7, OK) as server, client(clockwork, slow) as http:
        http.get(server.url)
        clockwork.waits.clear()
        http.get(server.url)
    assert clockwork.waits == [32.0]


def test_a_stop_ends_the_wait() -> None:
    """Asked to stop while backing off, it raises and asks nobody again."""
    clockwork = Clockwork(stop_after=1)
    with Scripted(response(500)) as server, pytest.raises(StoppedError):
        client(clockwork).get(server.url)
    assert len(server.requests) == 1


def test_an_event_is_a_stop() -> None:
    """Setting a threading event from outside ends a real wait of a minute within a moment."""
    stop = threading.Event()
    clockwork = Clockwork()
    http = PoliteClient(
        "reg",
        Politeness(),
        monotonic=time.monotonic,
        now=clockwork.now,
        wait=stop.wait,
        random=clockwork.random,
    )
    with Scripted(response(429, retry_after="60")) as server, http:
        threading.Timer(0.2, stop.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError):
            http.get(server.url)
    assert time.monotonic() - began < 5


def test_hanging_up_ends_the_request_under_way() -> None:
    """Who leaves waits for no answer, and what breaks then is no failure of the registry's."""
    with Scripted(dripping(b"HTTP/1.1 200 X\r\n")) as server, client(Clockwork()) as http:
        threading.Timer(0.2, http.hang_up).start()
        begun = time.monotonic()
        with pytest.raises(StoppedError):
            http.get(server.url)
        assert time.monotonic() - begun < 5


def test_an_answer_has_a_time_limit_however_it_drips() -> None:
    """A body, or a head, that comes byte by byte is cut off when its whole time is up."""
    slow = Politeness(total_s=0.3, timeout_s=5, retries=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    for script in (dripping(head), dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ")):
        with Scripted(script) as server, pytest.raises(RegistryUnavailableError, match=r"within 0\.3 s"):
            client(Clockwork(), slow).get(server.url)


def test_a_connection_kept_alive_is_cut_too() -> None:
    """The time limit holds for the second answer on a connection as for the first."""
    first = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    slow = Politeness(total_s=0.4, timeout_s=5, retries=0)
    drip = dripping(first + b"HTTP/1.1 200 OK\r\nX: ")
    with Scripted(drip) as server, client(Clockwork(), slow) as http:
        assert http.get(server.url).body == b"{}"
        with pytest.raises(RegistryUnavailableError, match=r"within 0\.4 s"):
            http.get(server.url)


def test_an_answer_has_a_size_limit_after_decompression() -> None:
    """A small body that inflates beyond the limit is not read to its end."""
    bomb = response(200, gzip.compress(b" " * 1_000_000), Content_Encoding="gzip")
    with Scripted(bomb) as server, pytest.raises(RegistryUnavailableError, match="more than 50000 bytes"):
        client(Clockwork(), Politeness(max_bytes=50_000, retries=0)).get(server.url)


def test_nobody_listening_is_unavailable() -> None:
    """A refused connection is a transient failure with words for people."""
    with Scripted(OK) as server:
        url = server.url
    with pytest.raises(RegistryUnavailableError, match="no connection"):
        client(Clockwork(), Politeness(retries=0)).get(url)


def test_the_default_agent_is_honest() -> None:
    """It names the library that really speaks, our version and a contact, and no browser."""
    with Scripted(OK) as server:
        client(Clockwork(), Politeness(contact="mailto:ops@example.org")).get(server.url)
    expected = f"python-httpx/{httpx.__version__} (trialwire/{__version__}; +mailto:ops@example.org)"
    assert f"User-Agent: {expected}\r\n".encode() in server.requests[0]
    assert "Mozilla" not in default_user_agent()


def test_the_agent_can_be_set() -> None:
    """What the operator writes is sent as it stands."""
    with Scripted(OK) as server:
        client(Clockwork(), Politeness(user_agent="lab-monitor/2")).get(server.url)
    assert b"User-Agent: lab-monitor/2\r\n" in server.requests[0]


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in on loopback is reached directly even where a proxy is configured."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Scripted(OK) as server:
        assert client(Clockwork()).get(server.url).status == 200
