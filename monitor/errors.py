"""Every error Trialwire raises on purpose, and the exit code each one ends a command with.

    MonitorError                      1
    ├─ ConfigError                    78   .key
    ├─ RegistryError                  1    .registry .trial
    │  ├─ RegistryUnavailableError    75   .retry_after_s    transient: try again later
    │  ├─ RegistryBlockedError        75                     403: slow down, tell the operator
    │  ├─ RecordFormatError           1    .pointer          not a record as we know it
    │  ├─ UnknownTrialError           2                      no registry has such a number
    │  └─ SearchRefusedError          2    .parameter        a search that cannot be asked
    ├─ StoreError                     1
    │  ├─ SchemaVersionError          78
    │  ├─ MissingDatabaseError        78
    │  ├─ NotWatchedError             1
    │  ├─ LockedError                 75
    │  └─ StoreUnavailableError       75                     the database server cannot be reached now
    ├─ RenderError                    1    .template
    ├─ DeliveryError                  1    .channel .delivery
    │  ├─ DeliveryDeferredError       75   .retry_after_s    transient
    │  └─ DeliveryRejectedError       1    .disable          permanent
    └─ StoppedError                   75                     asked to stop in the middle of a step

A message names the thing, says why, and what to do. `remedy`, where given, is that last part.
"""

from __future__ import annotations


class MonitorError(Exception):
    """The root: catch this to catch everything Trialwire raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(MonitorError):
    """A setting is wrong; `key` is its dotted name."""

    exit_code = 78

    def __init__(self, message: str, *, key: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.key = key


class RegistryError(MonitorError):
    """A registry, or what it said, is at fault."""

    def __init__(
        self,
        message: str,
        *,
        registry: str | None = None,
        trial: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.registry = registry
        self.trial = trial


class RegistryUnavailableError(RegistryError):
    """The registry could not be read now: network, 429, 5xx, an answer that is no answer."""

    exit_code = 75

    def __init__(
        self,
        message: str,
        *,
        registry: str | None = None,
        trial: str | None = None,
        retry_after_s: float | None = None,
        throttled: bool = False,
        broken: bool = False,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, registry=registry, trial=trial, remedy=remedy)
        self.retry_after_s = retry_after_s
        self.throttled = throttled
        self.broken = broken


class RegistryBlockedError(RegistryError):
    """The registry refuses us (403). Never retried fast: slow down and tell the operator."""

    exit_code = 75


class RecordFormatError(RegistryError):
    """What came is not a trial record; `pointer` is the JSON pointer (RFC 6901) to what is wrong."""

    def __init__(
        self,
        message: str,
        *,
        pointer: str,
        registry: str | None = None,
        trial: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, registry=registry, trial=trial, remedy=remedy)
        self.pointer = pointer


class UnknownTrialError(RegistryError):
    """No registry we know has trial numbers of this form."""

    exit_code = 2


class SearchRefusedError(RegistryError):
    """A search cannot be asked, or the registry refuses it; `parameter` is the part of it, where known."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        parameter: str | None = None,
        registry: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, registry=registry, remedy=remedy)
        self.parameter = parameter


class StoreError(MonitorError):
    """The database cannot do what was asked."""


class SchemaVersionError(StoreError):
    """The database was written by another version of Trialwire."""

    exit_code = 78


class MissingDatabaseError(StoreError):
    """A look-up found no database; the message says at which path it looked."""

    exit_code = 78


class NotWatchedError(StoreError):
    """The trial is not on the watch list and nothing is stored of it."""


class LockedError(StoreError):
    """Somebody else holds the lock: try again later."""

    exit_code = 75


class StoreUnavailableError(StoreError):
    """The database server cannot be reached now: try again later."""

    exit_code = 75


class RenderError(MonitorError):
    """A template failed; `template` is its name."""

    def __init__(self, message: str, *, template: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.template = template


class DeliveryError(MonitorError):
    """A channel's target did not take a message."""

    def __init__(
        self,
        message: str,
        *,
        channel: str | None = None,
        delivery: str | None = None,
        status: int | None = None,
        excerpt: str = "",
        error_class: str = "",
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.channel = channel
        self.delivery = delivery
        self.status = status
        self.excerpt = excerpt
        self.error_class = error_class
        """What kind of failure it is, where that is known (`core.delivery.ErrorClass`)."""


class DeliveryDeferredError(DeliveryError):
    """Transient: try again, not before `retry_after_s` where the target named a time."""

    exit_code = 75

    def __init__(
        self,
        message: str,
        *,
        channel: str | None = None,
        delivery: str | None = None,
        status: int | None = None,
        excerpt: str = "",
        error_class: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(
            message,
            channel=channel,
            delivery=delivery,
            status=status,
            excerpt=excerpt,
            error_class=error_class,
        )
        self.retry_after_s = retry_after_s


class DeliveryRejectedError(DeliveryError):
    """Permanent for this message; with `disable` the target wants nothing more at all (410)."""

    def __init__(
        self,
        message: str,
        *,
        channel: str | None = None,
        delivery: str | None = None,
        status: int | None = None,
        excerpt: str = "",
        error_class: str = "",
        disable: bool = False,
    ) -> None:
        super().__init__(
            message,
            channel=channel,
            delivery=delivery,
            status=status,
            excerpt=excerpt,
            error_class=error_class,
        )
        self.disable = disable


class StoppedError(MonitorError):
    """Trialwire was asked to stop and gave up what it was doing; nothing half done is kept."""

    exit_code = 75
