"""What `[registries.ctgov]` may say. It checks forms; it reaches for nothing."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from monitor.transport.manners import Politeness


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https address, e.g. https://clinicaltrials.gov")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must hold no query, fragment, user name or password")
    return text.rstrip("/")


def _printable_ascii(text: str) -> str:
    if not text.isascii() or not all(character.isprintable() for character in text):
        raise ValueError("must be printable ASCII: it becomes an HTTP header")
    return text


class Settings(BaseModel):
    """ClinicalTrials.gov: where it is and how gently it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[str, AfterValidator(_base_url)] = "https://clinicaltrials.gov"
    """Without `/api/v2`."""
    requests_per_second: float = Field(default=1.0, gt=0, le=50)
    """Its robots.txt states a crawl delay of one second, the only rate it states at all."""
    user_agent: Annotated[str, AfterValidator(_printable_ascii)] = ""
    """Empty: the library's own token, Trialwire's version and the contact."""
    contact: Annotated[str, AfterValidator(_printable_ascii)] = ""
    """Where the registry's people may write: an address or a page, part of the default User-Agent."""
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    retries: int = Field(default=5, ge=0, le=20)
    batch_size: int = Field(default=200, ge=1, le=200)
    """Trials asked for in one request; many more make an address the registry refuses (414)."""

    def politeness(self) -> Politeness:
        """How gently it is asked, as the HTTP client wants to know it."""
        return Politeness(
            requests_per_second=self.requests_per_second,
            user_agent=self.user_agent,
            contact=self.contact,
            timeout_s=self.timeout_s,
            retries=self.retries,
        )
