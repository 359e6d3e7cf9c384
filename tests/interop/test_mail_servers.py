"""Mail through servers that other people wrote, read back by parsers that other people wrote."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from monitor import channels
from monitor.channels import Channel, ChannelContext, Secrets
from monitor.core.delivery import Delivery, outbox
from monitor.core.digest import Digest, Rendered
from monitor.core.links import Links
from monitor.demo.sinks import MailSink
from monitor.errors import DeliveryDeferredError, DeliveryError, DeliveryRejectedError
from monitor.render import HTML_BUDGET, Renderer
from monitor.transport import GuardedSender
from tests.channels.mail_servers import authority_pem
from tests.channels.support import refusal
from tests.interop import npm
from tests.interop.mail_servers import PACKAGES, Arrived, NodeServer, dumped, node_server, postfix
from tests.support.digests import NOW, change, composed, finding, gathered, trial
from tests.support.sample import sample_digest

pytestmark = pytest.mark.slow

PAGES = Links("https://trialwire.example.com/" + "deep/" * 40 + "end", b"k" * 32)
READERS = ['"Müller, Bea" <bea@example.com>', "cem@example.com"]
SENDER = "Trialwire – akeso <tw@example.com>"
MAIL = "mailto:tw@example.com?subject=unsubscribe%20ci-team"
TABLE = b"trial,change\r\n" + "NCT09000001,Recruiting → Suspended\r\n".encode() * 500


def channel(port: int, folder: Path | None = None, **options: object) -> Channel:
    """A channel to a server on this machine, with pages served over https."""
    table = {
        "to": READERS,
        "from": SENDER,
        "host": "localhost",
        "port": port,
        "bounce": "bounces@example.com",
    }
    model = channels.settings_model("email").model_validate({**table, "timeout_s": 10, **options})
    secrets = Secrets({"RIGHT": "right", "WRONG": "wrong"}, folder or Path("/nonexistent"))
    context = ChannelContext(secrets, GuardedSender(now=lambda: NOW), links=PAGES)
    return channels.build("email", "ci-team", model, context)


def large_digest(trials: int) -> Digest:
    """Very many stories with hostile words."""
    stories = []
    for number in range(1, trials + 1):
        state = trial(number, title=f"Veltomab\r\nBcc: x@example.com №{number} <b>&amp;</b> – 试验")
        news = change(state, f"Primary completion {number} months later.\r\n.\r\n", level="major")
        stories.append((state, finding(state, f"Completion {number} months later", news), (news,)))
    return composed(gathered(*stories))


DIGESTS = {"sample": sample_digest(), "500 trials": large_digest(500)}


def rendered(digest: Digest) -> Rendered:
    """A digest with an attachment."""
    return replace(Renderer().digest(digest), csv=TABLE, csv_name="akeso.csv")


def rows(mail: Channel, digest: Digest) -> tuple[Delivery, ...]:
    """The outbox of a digest, by reader."""
    return outbox(digest.id, mail.name, mail.messages(digest, rendered(digest)), now=NOW)


def body(message: EmailMessage, kind: str) -> str:
    """The words of one form."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def assert_arrived(arrived: Arrived, delivery: Delivery, digest: Digest) -> None:
    """What holds of every message, whoever carried it."""
    page = PAGES.unsubscribe("ci-team", delivery.recipient)
    assert arrived.raw == delivery.content, "carried to the byte"
    assert len(page) > 300
    assert f"\r\nList-Unsubscribe: <{page}>,\r\n <{MAIL}>\r\n".encode() in arrived.raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in arrived.raw
    assert arrived.raw.isascii()
    assert max(map(len, arrived.raw.split(b"\r\n"))) <= 998
    assert (arrived.sender, arrived.recipients) == ("bounces@example.com", (delivery.recipient,))
    message = arrived.parsed
    assert "Bcc" not in message
    assert message["Message-ID"] == f"<{delivery.id}@example.com>"
    assert str(message["From"]) == SENDER
    (attached,) = message.iter_attachments()
    assert isinstance(attached, EmailMessage)
    assert attached.get_payload(decode=True) == TABLE
    assert_forms_agree(message, digest, page)


def assert_forms_agree(message: EmailMessage, digest: Digest, page: str) -> None:
    """Text and page tell the same trials and headlines and lead to the same places."""
    text, html = body(message, "plain"), body(message, "html")
    words = " ".join(text.split())
    visible = " ".join(re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL).split())
    numbers = set(re.findall(r"NCT\d{8}", words))
    assert numbers == set(re.findall(r"NCT\d{8}", visible))
    headlines = {story.finding.headline for story in digest.stories}
    told = {headline for headline in headlines if headline in words}
    assert told
    assert told == {headline for headline in headlines if headline in visible.replace("\u00a0", " ")}
    assert text.rstrip().endswith(f"Unsubscribe: {page}")
    assert f'href="{page}"' in html
    leads = {link.rstrip(".") for link in re.findall(r"https://[^\s\"<>)]+", text)}
    assert leads <= set(re.findall(r'href="([^"]+)"', html.replace("&amp;", "&")))
    part = message.get_body(("html",))
    assert part is not None
    assert len(str(part.get_payload())) <= HTML_BUDGET


@pytest.mark.parametrize("name", DIGESTS)
def test_postfix_takes_what_we_send(tmp_path: Path, name: str) -> None:
    """Each reader's message arrives to the byte, with reports asked for as Postfix offers them."""
    with postfix(tmp_path) as port:
        mail = channel(port, tls="none")
        sent = rows(mail, DIGESTS[name])
        for delivery in sent:
            assert mail.send(delivery, NOW) == (250, "2.0.0 Ok")
    arrived = dumped(tmp_path)
    assert len(arrived) == len(sent) == 2
    for one, delivery in zip(arrived, sent, strict=True):
        assert_arrived(one, delivery, DIGESTS[name])
        assert f"RET=HDRS ENVID={delivery.id}" in one.told["own"]
        assert "NOTIFY=FAILURE,DELAY" in one.told["own"]


@pytest.mark.parametrize(
    ("option", "commands", "kind", "words"),
    [
        ("-r", "rcpt", DeliveryDeferredError, "put off the recipient: 450 4.3.0"),
        ("-f", "rcpt", DeliveryRejectedError, "refused the recipient: 500 5.3.0"),
        ("-f", "mail", DeliveryRejectedError, "refused the sender: 500 5.3.0"),
        ("-r", ".", DeliveryDeferredError, "put off the message: 450 4.3.0"),
        ("-Q", "rcpt", DeliveryDeferredError, "put off the recipient: 421 4.0.0"),
        ("-Q", "connect", DeliveryDeferredError, "cannot be spoken to: it said 421 4.0.0"),
        ("-q", "mail", DeliveryDeferredError, "broke off before it had the message"),
        ("-q", ".", DeliveryDeferredError, "goes out again with the same Message-ID"),
    ],
)
def test_what_postfix_says_is_understood(
    tmp_path: Path, option: str, commands: str, kind: type[DeliveryError], words: str
) -> None:
    """Each fault that smtp-sink can play has the right outcome, and words that tell how far it came."""
    with postfix(tmp_path, option, commands) as port:
        mail = channel(port, tls="none")
        error = refusal(mail, rows(mail, sample_digest())[0])
    assert type(error) is kind
    assert words in error.message


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """npm's packages."""
    folder = tmp_path_factory.mktemp("npm")
    npm.install(folder, *PACKAGES)
    return folder


@pytest.fixture
def node(packages: Path) -> Iterator[NodeServer]:
    """npm's smtp-server with STARTTLS and a log-in."""
    with node_server(packages, "trialwire", "right") as server:
        yield server


def secured(node: NodeServer, folder: Path, **options: object) -> Channel:
    """A channel that knows the server's authority and the password."""
    (folder / "ca.pem").write_text(authority_pem(), encoding="ascii")
    known = {"ca_file": "ca.pem", "username": "trialwire", "password_env": "RIGHT"}
    return channel(node.port, folder, **{**known, **options})


@pytest.mark.parametrize("name", DIGESTS)
def test_smtp_server_takes_what_we_send(node: NodeServer, tmp_path: Path, name: str) -> None:
    """Encrypted and logged in; what postal-mime reads is what was written."""
    mail, digest = secured(node, tmp_path), DIGESTS[name]
    for delivery in rows(mail, digest):
        assert mail.send(delivery, NOW)[0] == 250
        arrived = node.arrived()
        assert (arrived.told["secure"], arrived.told["user"]) == (True, "trialwire")
        assert_arrived(arrived, delivery, digest)
        read, message = arrived.told["read"], arrived.parsed
        headers = {one["key"]: one["value"] for one in read["headers"]}
        page = PAGES.unsubscribe("ci-team", delivery.recipient)
        assert headers["list-unsubscribe"] == f"<{page}>, <{MAIL}>"
        assert read["subject"] == rendered(digest).subject
        assert (read["from"]["name"], read["from"]["address"]) == ("Trialwire – akeso", "tw@example.com")
        assert [one["address"] for one in read["to"]] == [delivery.recipient]
        assert read["text"].replace("\r\n", "\n").rstrip() == body(message, "plain").rstrip()
        assert read["html"].replace("\r\n", "\n").rstrip() == body(message, "html").rstrip()
        (attached,) = read["attachments"]
        assert (attached["filename"], attached["mimeType"]) == ("akeso.csv", "text/csv")
        assert base64.b64decode(attached["content"]) == TABLE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password_env": "WRONG"}, "does not let trialwire log in: it said 535"),
        ({"ca_file": None}, "name it with ca_file"),
        ({"host": "127.0.0.1"}, "IP address mismatch"),
        ({"username": None, "password_env": None}, "wants a log-in it accepts: 530"),
    ],
)
def test_what_keeps_us_out_can_be_mended(
    node: NodeServer, tmp_path: Path, options: dict[str, str | None], words: str
) -> None:
    """A wrong password, an unknown authority, another's certificate, no log-in: told, and tried again."""
    mail = secured(node, tmp_path, **options)
    error = refusal(mail, rows(mail, sample_digest())[0])
    assert isinstance(error, DeliveryDeferredError)
    assert words in error.message
    assert "right" not in error.message.replace("cannot be", "")


def test_a_message_too_large_for_smtp_server_is_not_offered(node: NodeServer, tmp_path: Path) -> None:
    """It says how much it takes, and is believed."""
    mail = secured(node, tmp_path)
    delivery = rows(mail, sample_digest())[0]
    large = replace(delivery, content=delivery.content + b"x" * 70 + b"\r\n" * 400_000)
    error = refusal(mail, large)
    assert isinstance(error, DeliveryRejectedError)
    assert "and the mail server takes 400,000" in error.message


@pytest.mark.parametrize("canonical", [b"simple", b"relaxed"])
def test_what_a_relay_signs_can_be_verified(canonical: bytes) -> None:
    """A signature over body and headers, the ways to leave included, holds after a further hop (RFC 8058)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    signed = [
        b"from",
        b"to",
        b"subject",
        b"date",
        b"message-id",
        b"list-unsubscribe",
        b"list-unsubscribe-post",
    ]
    with MailSink() as sink:
        mail = channel(sink.port, tls="none")
        for delivery in rows(mail, large_digest(60)):
            signature = dkim.sign(
                delivery.content, b"s1", b"example.com", private,
                canonicalize=(canonical, canonical), include_headers=signed,
            )  # fmt: skip
            mail.send(replace(delivery, content=signature + delivery.content), NOW)
    record = b"v=DKIM1; k=rsa; p=" + public
    assert len(sink.messages) == len(READERS)
    for arrived in sink.messages:
        assert dkim.verify(arrived.content, dnsfunc=lambda *_, **__: record)
        bent = arrived.content.replace(b"/unsubscribe/", b"/unsubscribe!", 1)
        assert not dkim.verify(bent, dnsfunc=lambda *_, **__: record)
