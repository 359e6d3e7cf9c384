"""`trialwire demo`: the real pipeline over a story of invented trials, on loopback, in simulated time.

A stand-in registry publishes five data versions; after each one the tour polls, composes and delivers as the
daemon would, and holds what was found against what the story says happened. It talks to 127.0.0.1 only and
writes to a folder of its own.
"""

from __future__ import annotations

import base64
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor import bootstrap
from monitor.bootstrap import App
from monitor.core.change import LEVELS, at_least
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange, RecordedFinding
from monitor.demo import evidence
from monitor.demo.evidence import Audience
from monitor.demo.scenario import Edition, editions
from monitor.demo.sinks import MailSink, Reaction, WebhookSink
from monitor.demo.standin import DataVersion, StandIn
from monitor.demo.trials import PERIOPERATIVE
from monitor.pipeline import backfill, compose, deliver, poll
from monitor.store.values import ChangeQuery

_ZONE = ZoneInfo("Europe/London")
_POLLED_AT = clock_time(9, 41)
_DIGEST_AT = clock_time(7, 31)
_TROUBLE = 3
"""The edition at which the webhook receiver is down for a moment."""

_CONFIG = f"""\
{evidence.MARK} The registry and the receivers lived on 127.0.0.1 while it ran.
[store]
state_dir = "state"

[registries.ctgov]
base_url = "{{registry}}"
requests_per_second = 50.0

[[channels]]
name = "team"
type = "email"
to = ["team@example.com"]
from = "Trialwire <trialwire@example.com>"
host = "127.0.0.1"
port = {{smtp_port}}
tls = "none"
unsubscribe = "mailto:ops@example.com?subject=unsubscribe"

[[channels]]
name = "pipeline"
type = "webhook"
url = "{{webhook}}"
secret_file = "webhook-secret"
allow_networks = ["127.0.0.0/8"]

[[subscriptions]]
name = "morning"
channels = ["team"]
cadence = "daily 07:30 Europe/London"

[[subscriptions]]
name = "feed"
channels = ["pipeline"]
cadence = "immediate"
"""


@dataclass(slots=True)
class Calendar:
    """Simulated time: it stands still until it is moved on, and never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def at(self, day: str, moment: clock_time, zone: ZoneInfo | None = None) -> None:
        """Move on to a time of a day."""
        wanted = datetime.combine(datetime.fromisoformat(day).date(), moment, zone or UTC)
        self.now = max(self.now, wanted.astimezone(UTC))

    def later(self, **span: float) -> None:
        """Move on by so much."""
        self.now += timedelta(**span)


def run(
    audience: Audience,
    *,
    keep: Path | None = None,
    story: tuple[Edition, ...] | None = None,
    program: str = "trialwire",
) -> bool:
    """Give the tour, of our own story if none is given; True where all that was promised was seen to hold.

    `program` is how the reader calls this command: what is told to be tried next begins with it.
    Raises ConfigError where `keep` holds anything that no tour has written.
    """
    if keep is not None:
        evidence.refuse_foreign(keep)
    begun = time.monotonic()
    story = story or editions()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trialwire-demo-")))
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        registry = stack.enter_context(StandIn([_served(e) for e in story]))
        mails, hooks = stack.enter_context(MailSink()), stack.enter_context(WebhookSink(secret))
        config = folder / "trialwire.toml"
        config.write_text(
            _CONFIG.format(registry=registry.base_url, smtp_port=mails.port, webhook=hooks.url), "utf-8"
        )
        (folder / "webhook-secret").write_text(secret, "utf-8")
        calendar = Calendar(datetime.fromisoformat(f"{story[0].day}T08:00:00+00:00"))
        with bootstrap.App(bootstrap.load_settings(config, {}), env={}, clock=calendar) as app:
            tour = Tour(audience, app, calendar, registry, mails, hooks)
            tour.give(story)
        if keep is not None:
            evidence.keep(folder, keep, mails.messages, hooks.received)
        _farewell(audience, keep, tour, time.monotonic() - begun, program=program)
    return not tour.broken


class Tour:
    """One tour under way; `broken` lists what did not hold."""

    def __init__(
        self,
        audience: Audience,
        app: App,
        calendar: Calendar,
        registry: StandIn,
        mails: MailSink,
        hooks: WebhookSink,
    ) -> None:
        self.broken: list[str] = []
        self.checked = 0
        self._audience, self._app, self._calendar = audience, app, calendar
        self._registry, self._mails, self._hooks = registry, mails, hooks

    def give(self, story: tuple[Edition, ...]) -> None:
        """All of it, first to last."""
        self._audience.heading("Trialwire, from a watched trial to a digest in someone's inbox")
        self._audience.pairs(
            (
                ("registry", f"a stand-in for ClinicalTrials.gov, {self._registry.base_url}"),
                ("inbox", f"a mail server on 127.0.0.1:{self._mails.port}; a digest every morning at 07:30"),
                ("program", f"a webhook receiver, {self._hooks.url}; told at once"),
                (
                    "trials",
                    f"{len(story[0].studies)}, invented; time is simulated, the pipeline is the real one",
                ),
            )
        )
        for number, edition in enumerate(story):
            if number:
                self._registry.advance()
            self._day(number, edition)
        self._unmoved()
        self._show_digest()
        self._show_history()

    def _day(self, number: int, edition: Edition) -> None:
        """One data version: what happened, what was found, who was told."""
        self._calendar.at(edition.day, _POLLED_AT)
        self._audience.heading(f"{number + 1} · {self._calendar.now:%a %-d %b %Y}: {edition.story}")
        if number == 0:
            trials = [TrialId("ctgov", nct) for nct in edition.studies]
            self._app.store.add_watches(trials, tags=("lumeltamig",), now=self._calendar.now)
        told_before = len(self._hooks.received), len(self._mails.messages)
        self._poll(edition, first=number == 0)
        if number == 0:
            self._read_past()
        compose.run(self._app)
        self._tell_program(trouble=number == _TROUBLE)
        self._calendar.at((self._calendar.now + timedelta(days=1)).date().isoformat(), _DIGEST_AT, _ZONE)
        compose.run(self._app)
        deliver.run(self._app)
        self._tell_inbox(told_before[1])
        if not edition.amended:
            silent = (len(self._hooks.received), len(self._mails.messages)) == told_before
            self._check("nobody was told anything", held=silent)

    def _poll(self, edition: Edition, *, first: bool) -> None:
        asked = len(self._registry.requests)
        since = self._calendar.now
        reports = [poll.cycle(self._app, registry) for registry in self._app.registries.values()]
        requests = len(self._registry.requests) - asked
        found = self._app.store.changes(ChangeQuery(observed_since=since))
        read = sum(
            report.counts.get(word, 0) for report in reports for word in ("new", "changed", "unchanged")
        )
        changed = {change.trial.id for change in found}
        worth = sum(change.significance != "noise" for change in found)
        if first:
            self._check(
                f"read {read} trials in {requests} requests: first sight", held=read == len(edition.studies)
            )
            return
        counted = f"{len(found)} changes in {len(changed)} trials, {worth} of them worth telling"
        self._check(
            f"read {read} trials in {requests} requests: {counted if found else 'no change'}",
            held=changed == edition.amended and read == len(edition.studies),
        )
        for finding in self._findings(found):
            self._audience.finding(finding.significance, finding.trial.id, finding.headline)

    def _read_past(self) -> None:
        """What the registry tells of the time before: history, and no news."""
        backfill.enlist(self._app)
        backfill.run(self._app, may_ask=lambda: True)
        pasts = self._app.store.backfills().values()
        versions, known = sum(one.held for one in pasts), sum(one.total for one in pasts)
        words = f"read the past of {len(pasts)} trials, {versions} earlier version: history, no news"
        self._check(words, held=versions == known and all(one.state == "done" for one in pasts))

    def _findings(self, found: Sequence[RecordedChange]) -> list[RecordedFinding]:
        """The stories over some changes that are worth telling, worst first."""
        over = self._app.store.findings(changes=[change.id for change in found]) if found else ()
        told = [finding for finding in over if at_least(finding.significance, "major")]
        return sorted(told, key=lambda finding: (LEVELS.index(finding.significance), finding.trial))

    def _tell_program(self, *, trouble: bool) -> None:
        """Deliver what is due at once; with `trouble` the receiver is down the first time."""
        before = len(self._hooks.received)
        if trouble:
            self._hooks.reactions.append(Reaction(503))
        deliver.run(self._app)
        if trouble:
            refused = self._hooks.received[before:]
            self._audience.line(
                "the webhook receiver was down (503): the message waits, frozen, under its id"
            )
            self._calendar.later(seconds=30)
            deliver.run(self._app)
            again = self._hooks.received[before + len(refused) :]
            same = [(h.headers["webhook-id"], h.body) for h in refused] == [
                (h.headers["webhook-id"], h.body) for h in again
            ]
            self._check(
                "sent again after half a minute: the same id, the same bytes", held=bool(again) and same
            )
        for hook in self._hooks.received[-1:] if len(self._hooks.received) > before else ():
            self._check(f"webhook {evidence.event(hook)}, signature verified", held=evidence.genuine(hook))

    def _tell_inbox(self, before: int) -> None:
        for mail in self._mails.messages[before:]:
            message = evidence.parsed(mail)
            self._check(
                f"mail, {self._calendar.now.astimezone(_ZONE):%-d %b %H:%M} London: “{message['subject']}”",
                held=evidence.agrees(message),
            )

    def _unmoved(self) -> None:
        self._audience.heading("An hour later: nothing new at the registry")
        self._calendar.later(hours=1)
        asked = len(self._registry.requests)
        for registry in self._app.registries.values():
            poll.cycle(self._app, registry)
        seen = self._registry.requests[asked:]
        cheap = [request.status for request in seen] == [304]
        self._check("asked whether anything is new: one request, 304, no trial read", held=cheap)

    def _show_digest(self) -> None:
        self._audience.heading("The last mail, its text part (the HTML part says the same)")
        if self._mails.messages:
            self._audience.verbatim(evidence.text_part(evidence.parsed(self._mails.messages[-1])))

    def _show_history(self) -> None:
        self._audience.heading(f"On record: trialwire history {PERIOPERATIVE}")
        found: tuple[RecordedChange, ...] = self._app.store.changes(
            ChangeQuery(trials=(TrialId("ctgov", PERIOPERATIVE),), min_significance="minor")
        )
        self._audience.changes(found)
        self._check(
            "every amendment of the story is there", held=len({c.stamp.snapshot_to for c in found}) == 3
        )

    def _check(self, words: str, *, held: bool) -> None:
        self.checked += 1
        if not held:
            self.broken.append(words)
        self._audience.line(words, good=held)


def _served(edition: Edition) -> DataVersion:
    return DataVersion(edition.stamp, edition.studies, edition.submissions)


def _farewell(audience: Audience, keep: Path | None, tour: Tour, seconds: float, *, program: str) -> None:
    audience.heading("That was it")
    if keep is not None:
        here = f"{program} --config {keep / 'trialwire.toml'}"
        audience.pairs(
            (
                ("digests", f"{keep / 'digests'}: open the .html in a browser, the .eml in a mail program"),
                ("webhooks", f"{keep / 'webhooks'}: the bodies as received"),
                ("look", f"{here} history {PERIOPERATIVE}"),
                ("compare", f"{here} diff {PERIOPERATIVE}@s1 {PERIOPERATIVE}"),
            )
        )
    else:
        audience.line("nothing is left behind; --keep DIR keeps the HTML, the messages and the database")
    audience.line(f"next, on real trials: {program} init, {program} watch add NCT07263919, {program} run")
    verdict = f"{tour.checked - len(tour.broken)} of {tour.checked} checks held, in {seconds:.1f} s"
    audience.line(verdict, good=not tour.broken)
