"""Mail servers that other people wrote, run as they come: Postfix's test server, and npm's smtp-server."""

from __future__ import annotations

import base64
import email as stdlib_email
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import IO, Any

import orjson
import pytest

from tests.channels.mail_servers import authority

PACKAGES = ("smtp-server", "postal-mime")
SCRIPT = Path(__file__).with_name("mail_server.mjs")


@dataclass(frozen=True)
class Arrived:
    """A message as a server had it."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    told: Mapping[str, Any]
    """What else the server said of it."""

    @property
    def parsed(self) -> EmailMessage:
        """As the standard library reads it."""
        message = stdlib_email.message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@contextmanager
def postfix(folder: Path, *options: str) -> Iterator[int]:
    """Postfix's smtp-sink on a port of loopback; what it takes is written to files in the folder.

    `$POSTFIX_ROOT` may name a folder into which the package was only unpacked; skips where there is none.
    """
    root = Path(os.environ.get("POSTFIX_ROOT", "/"))
    binary = root / "usr/sbin/smtp-sink"
    if not binary.exists():
        pytest.skip("needs smtp-sink of Debian's postfix package; $POSTFIX_ROOT may name an unpacked one")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = [str(binary), *options, *user, "-4", "-d", "mail.", f"127.0.0.1:{port}", "10"]
    folder.chmod(0o777)
    running = subprocess.Popen(command, cwd=folder, env={"LD_LIBRARY_PATH": str(root / "usr/lib/postfix")})
    try:
        _listening(port)
        yield port
    finally:
        running.terminate()
        running.wait(10)


def _listening(port: int) -> None:
    """Wait until somebody answers there."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on {port}")


def dumped(folder: Path) -> list[Arrived]:
    """What smtp-sink took, by recipient: lines of its own, the message with bare line feeds, a blank."""
    found = []
    for file in folder.glob("mail.*"):
        own, begins, message = file.read_bytes().partition(b"\nFrom: ")
        if begins:
            facts = dict(re.findall(r"^(X-[\w-]+): <([^>]*)>", own.decode("ascii"), re.MULTILINE))
            raw = (begins[1:] + message.removesuffix(b"\n")).replace(b"\n", b"\r\n")
            found.append(Arrived(raw, facts["X-Mail-Args"], (facts["X-Rcpt-Args"],), {"own": own.decode()}))
    return sorted(found, key=lambda one: one.recipients)


class NodeServer:
    """npm's smtp-server in a process of node, encrypted, with a log-in; it tells what postal-mime reads."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        assert running.stdout is not None
        self._told: IO[bytes] = running.stdout
        self.port: int = orjson.loads(self._told.readline())["port"]

    def arrived(self) -> Arrived:
        """The next message."""
        told = orjson.loads(self._told.readline())
        recipients = tuple(one["address"] for one in told["to"])
        return Arrived(base64.b64decode(told["raw"]), told["from"]["address"], recipients, told)


@contextmanager
def node_server(packages: Path, username: str, password: str) -> Iterator[NodeServer]:
    """A server for `localhost` with a certificate of the private authority."""
    certificate = authority().issue_cert("localhost")
    chain, key = packages / "server.pem", packages / "server.key"
    chain.write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    script = shutil.copy(SCRIPT, packages)
    command = ["node", script, str(chain), str(key), username, password]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        try:
            yield NodeServer(running)
        finally:
            running.terminate()
