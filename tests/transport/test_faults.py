"""Every exception httpx can raise has words here and becomes one of ours."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitor.errors import ConfigError, RegistryUnavailableError
from monitor.transport.faults import in_words, mapped, tls_context


def exceptions() -> Iterator[type[Exception]]:
    """All exception classes httpx exports, and all of their subclasses, wherever they live."""
    waiting = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, Exception)]
    seen: set[type[Exception]] = set()
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            waiting += kind.__subclasses__()
            yield kind


def made(kind: type[Exception]) -> Exception:
    """An instance, whatever its constructor wants."""
    request = httpx.Request("GET", "https://reg.example/")
    wanted = inspect.signature(kind.__init__).parameters
    arguments = {"request": request, "response": httpx.Response(500, request=request), "message": "boom"}
    given = {name: value for name, value in arguments.items() if name in wanted}
    return kind(**given)


@pytest.mark.parametrize("kind", sorted(exceptions(), key=repr))
def test_no_exception_of_httpx_is_unmapped(kind: type[Exception]) -> None:
    """Raised inside, it comes out as the error the caller chose, with words and its cause."""
    with (
        pytest.raises(RegistryUnavailableError) as raised,
        mapped(lambda words: RegistryUnavailableError(words)),
    ):
        raise made(kind)
    assert raised.value.message == in_words(made(kind))
    assert isinstance(raised.value.__cause__, kind)


def test_other_errors_pass() -> None:
    """What is not httpx's is not hidden."""
    with pytest.raises(ZeroDivisionError), mapped(lambda words: RegistryUnavailableError(words)):
        raise ZeroDivisionError


def test_an_unreadable_authority_is_a_config_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong SSL_CERT_FILE is said to be that, not a network failure."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigError, match="certificate authorities"):
        tls_context()
