"""What a channel offers and what it is given: the port between the pipeline and whatever tells somebody.

It holds protocols, the reading of secrets and what keeps them unseen, and knows no type of channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from monitor.core.delivery import Delivery, Message
from monitor.core.digest import Digest, Rendered
from monitor.core.links import Links
from monitor.errors import ConfigError

_TELLING = 6
"""Characters from which a part of an address may be the secret one."""


class Channel(Protocol):
    """A channel as the pipeline sees it."""

    name: str
    type: str

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        """The messages a digest becomes here: one for each recipient and part, bytes frozen."""

    def test_message(self, now: datetime) -> Sequence[Message]:
        """A message marked as a test, for each recipient."""

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        """Send it once; return the target's status and the first bytes of its answer.

        Raises DeliveryDeferredError (try again) or DeliveryRejectedError (never again), and nothing else.
        """

    def check(self) -> None:
        """Look whether its secrets can be read; raise ConfigError with the dotted key where not."""

    def describe(self) -> str:
        """Where it leads, without secrets, for `channels list`."""


class Answer(Protocol):
    """What a target said to a request; the transport's `Reply` is one."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def excerpt(self) -> str:
        """The first bytes of the body, as text."""

    @property
    def retry_after_s(self) -> float | None:
        """The wait the target asked for, in seconds."""


class Sender(Protocol):
    """The one way out for channels that speak HTTP: guarded, without redirects; see `transport`."""

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        allow_networks: Sequence[str],
        timeout_s: float,
    ) -> Answer:
        """Send `content` once. Raises DeliveryDeferredError or DeliveryRejectedError where no answer came."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets are read, at the moment they are needed: files and the environment, never the config."""

    environ: Mapping[str, str]
    folder: Path = Path()
    """Where relative paths that are more than a bare name start: the config file's own folder."""

    def read(self, *, key: str, file: str | None = None, env: str | None = None) -> str:
        """The secret, without white space around it; ConfigError under the dotted `key` where it is missing.

        A bare file name is looked up in `$CREDENTIALS_DIRECTORY` (systemd credentials), then beside the
        config file.
        """
        if env is not None:
            return self._from_environment(key, env)
        if file is not None:
            return self._from_file(key, file)
        raise ConfigError(f"{key}: no secret is named", key=key, remedy=f"set {key}_file or {key}_env")

    def _from_environment(self, key: str, env: str) -> str:
        value = self.environ.get(env, "").strip()
        if not value:
            raise ConfigError(
                f"{key}_env: the environment variable {env} is not set",
                key=f"{key}_env",
                remedy=f"export {env}, or name a file with {key}_file",
            )
        return value

    def _from_file(self, key: str, file: str) -> str:
        places = self.places(file)
        for place in places:
            try:
                value = place.read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{key}_file: {place} cannot be read: {error}",
                    key=f"{key}_file",
                    remedy="make it a UTF-8 file this user may read",
                ) from error
            if not value:
                raise ConfigError(
                    f"{key}_file: {place} is empty", key=f"{key}_file", remedy="write the secret to it"
                )
            return value
        looked = " and ".join(str(place) for place in places)
        raise ConfigError(
            f"{key}_file: no such file; looked at {looked}",
            key=f"{key}_file",
            remedy="create the file, or pass it with systemd's LoadCredential=",
        )

    def places(self, file: str) -> tuple[Path, ...]:
        """The paths a secret's file name may mean, first one first."""
        path = Path(file).expanduser()
        credentials = self.environ.get("CREDENTIALS_DIRECTORY")
        if len(path.parts) == 1 and credentials:
            return (Path(credentials) / path, self.folder / path)
        return (self.folder / path,)


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What channels are given by bootstrap."""

    secrets: Secrets
    sender: Sender
    files: Path = Path()
    """The state directory: where a channel that writes files starts from."""
    links: Links | None = None
    """Our own pages, where they are served."""


def ping_words(name: str) -> str:
    """What a message of `channels test` says to people."""
    return f"This is a test of the Trialwire channel {name}. Nothing has changed in any trial."


def without(text: str, words: Iterable[str]) -> str:
    """The text with every one of these words cut that is long enough to be a secret, the longest first."""
    for word in sorted({*words}, key=lambda word: (-len(word), word)):
        if len(word) >= _TELLING:
            text = text.replace(word, "…")
    return text
