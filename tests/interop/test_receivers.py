"""Foreign receivers take what we send, refuse what was tampered with or is old, and see a secret rotated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import channels
from monitor.channels import Answer, Channel, Sender
from monitor.core.delivery import Delivery
from monitor.errors import DeliveryDeferredError
from monitor.transport import GuardedSender
from tests.channels.support import LOOPBACK, OLD_SECRET, SECRET, context, rows
from tests.interop import npm, receivers
from tests.support.digests import change, composed, finding, gathered, trial
from tests.support.sample import programme_digest, sample_digest, window_digest
from tests.support.told import discovered, troubled

EVENTS = ("digest.created", "change.detected", "trial.discovered", "source.unhealthy")
DIGESTS = (sample_digest, window_digest, programme_digest, troubled, discovered)
PATHS: Mapping[str, Mapping[str, object]] = {
    "/standard/new": {"secret": SECRET, "cloudevents": False},
    "/standard/old": {"secret": OLD_SECRET, "cloudevents": False},
    "/cloudevents/new": {"secret": SECRET, "cloudevents": True},
    "/cloudevents/old": {"secret": OLD_SECRET, "cloudevents": True},
}


@pytest.fixture(scope="module", params=["python", pytest.param("node", marks=pytest.mark.slow)])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a receiver with the four paths: in PyPI's libraries, or in npm's."""
    if request.param == "python":
        kinds = {False: receivers.standard, True: receivers.cloud}
        paths = {path: kinds[bool(one["cloudevents"])](str(one["secret"])) for path, one in PATHS.items()}
        with receivers.in_python(paths) as url:
            yield url
        return
    packages = tmp_path_factory.mktemp("npm")
    npm.install(packages, *receivers.PACKAGES)
    with receivers.in_node(packages, PATHS) as url:
        yield url


def channel(base: str, path: str, *secrets: str, sender: Sender | None = None) -> Channel:
    """Our own channel to a path, signing with these secrets."""
    table = {
        "url": base + path,
        "secret_env": "HOOK",
        "format": "cloudevents" if path.startswith("/cloudevents") else "standard",
        "events": EVENTS,
        "allow_networks": LOOPBACK,
    }
    settings = channels.settings_model("webhook").model_validate(table)
    ours = context({"HOOK": "\n".join(secrets)})
    return channels.build("webhook", "pipeline", settings, replace(ours, sender=sender or ours.sender))


def delivered(to: Channel, delivery: Delivery, now: datetime | None = None) -> dict[str, Any]:
    """What the receiver says it understood."""
    status, excerpt = to.send(delivery, now or datetime.now(UTC))
    assert status == 200
    understood: dict[str, Any] = json.loads(excerpt)
    return understood


@pytest.mark.parametrize("form", ["standard", "cloudevents"])
def test_every_event_is_taken(base: str, form: str) -> None:
    """All types of all our digests: verified, parsed, and by node also held against the printed schemas."""
    to = channel(base, f"/{form}/new", SECRET)
    seen = set()
    for digest in DIGESTS:
        for row in rows(to, digest()):
            understood = delivered(to, row)
            assert understood["id"] == row.id
            assert understood["type"].removeprefix("io.trialwire.") == row.event
            if form == "cloudevents":
                about_one = row.event in ("change.detected", "trial.discovered")
                assert understood["source"] == "urn:trialwire:subscription:akeso"
                assert (understood["subject"] or "").startswith("NCT09") == about_one
            seen.add(row.event)
    assert seen == set(EVENTS)


@pytest.mark.parametrize("form", ["standard", "cloudevents"])
def test_parts_and_foreign_letters_are_taken(base: str, form: str) -> None:
    """Bodies of a quarter of a megabyte in several scripts arrive as they were signed."""
    stories = []
    for number in range(3):
        state = trial(number, "试验 · пробы · δοκιμή 🧪")
        news = change(
            state, "Résumé − “≥ 1.5 × 10⁹/L”", old="细胞" * 20_000, new="é" * 20_000, number=number + 1
        )
        stories.append((state, finding(state, "Étude", news), (news,)))
    to = channel(base, f"/{form}/new", SECRET)
    sent = [row for row in rows(to, composed(gathered(*stories))) if row.event == "digest.created"]
    assert len(sent) > 1
    assert max(len(row.content) for row in sent) > 150_000
    assert [delivered(to, row)["id"] for row in sent] == [row.id for row in sent]


@pytest.mark.parametrize("form", ["standard", "cloudevents"])
def test_both_sides_of_a_rotation_accept(base: str, form: str) -> None:
    """While both secrets stand in the file, who knows the old one and who knows the new one both take it."""
    for path in (f"/{form}/old", f"/{form}/new"):
        both = channel(base, path, SECRET, OLD_SECRET)
        row = rows(both, sample_digest())[0]
        assert delivered(both, row)["id"] == row.id
    after = channel(base, f"/{form}/old", SECRET)
    with pytest.raises(DeliveryDeferredError) as caught:
        delivered(after, row)
    assert caught.value.status == 401


@pytest.mark.parametrize(("minutes", "is_taken"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_old_messages_are_refused_and_retries_are_not(base: str, minutes: int, is_taken: bool) -> None:
    """Five minutes are allowed: a replay is refused, and a retry of the same bytes is signed for its time."""
    to = channel(base, "/standard/new", SECRET)
    row = rows(to, sample_digest())[0]
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    if is_taken:
        assert delivered(to, row, at)["id"] == row.id
        return
    with pytest.raises(DeliveryDeferredError) as caught:
        to.send(row, at)
    assert caught.value.status == 401
    assert delivered(to, row)["id"] == row.id


class Meddler:
    """Somebody between us and the receiver, who changes one thing."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.answers: list[int] = []

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        allow_networks: Sequence[str],
        timeout_s: float,
    ) -> Answer:
        """Pass it on, changed."""
        changed = dict(headers)
        match self._what:
            case "body":
                content = content.replace(b"NCT09000001", b"NCT09000002", 1)
            case "id":
                changed["webhook-id"] = headers["webhook-id"][::-1]
            case "timestamp":
                changed["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
            case "signature":
                changed["webhook-signature"] = "v1," + "A" * 43 + "="
            case "version":
                changed["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
            case "missing":
                del changed["webhook-signature"]
        sender = GuardedSender(now=lambda: datetime.now(UTC))
        answer = sender.post(url, content, changed, allow_networks=allow_networks, timeout_s=timeout_s)
        sender.close()
        self.answers.append(answer.status)
        return answer


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("nothing", 200),
        ("body", 401),
        ("id", 401),
        ("timestamp", 401),
        ("signature", 401),
        ("version", 401),
        ("missing", 401),
    ],
)
def test_what_was_tampered_with_is_refused(base: str, what: str, status: int) -> None:
    """A byte of the body, another id, another time, another signature or none: 401."""
    meddler = Meddler(what)
    to = channel(base, "/standard/new", SECRET, sender=meddler)
    row = rows(to, sample_digest())[0]
    with pytest.raises(DeliveryDeferredError) if status != 200 else nullcontext():
        to.send(row, datetime.now(UTC))
    assert meddler.answers == [status]
