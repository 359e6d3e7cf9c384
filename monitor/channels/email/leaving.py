"""How one reader leaves: the addresses mail programs use (RFC 2369, RFC 8058) and the line people read.

A digest is rendered once for all; the way to leave is each reader's own and is put in afterwards. Nothing
here acts on a wish to leave.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from monitor.core.links import Links

PLACE = "<!--leave-->"
"""Where the digest's template has room for it; a template of the user's own may have none."""
ONE_CLICK = "List-Unsubscribe=One-Click"
URI_LIMIT = 900
"""Characters of an address to leave by: a header's line has 998 and is never cut inside of it."""
_BODY_ENDS = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leaving:
    """One reader's way out."""

    uris: tuple[str, ...]
    """For mail programs, the best one first."""
    one_click: bool
    """May a mail program leave for its reader, with one POST to the first of them?"""
    shown: str
    """For people."""

    @property
    def header(self) -> str:
        """The value of List-Unsubscribe."""
        return ", ".join(f"<{uri}>" for uri in self.uris)

    @property
    def words(self) -> str:
        """What leaving by it does: an address of mail is read by somebody, who can change things too."""
        return "Unsubscribe or change" if self.shown.startswith("mailto:") else "Unsubscribe"


def leaving(
    channel: str, recipient: str, *, operator: str, unsubscribe: str | None = None, links: Links | None = None
) -> Leaving:
    """How `recipient` leaves `channel`: by the operator's own `https:` address, our page, or mail.

    `unsubscribe` is what the config says; where it says nothing mail goes to `operator`. Our page takes one
    click only where it is served over https (RFC 8058, section 3.1); else people find it in the text.
    """
    if unsubscribe and unsubscribe.startswith("https:"):
        return Leaving((unsubscribe,), one_click=True, shown=unsubscribe)
    subject = quote(f"unsubscribe {channel}", safe="")
    mail = unsubscribe or f"mailto:{quote(operator, safe='@+')}?subject={subject}"
    page = links.unsubscribe(channel, recipient) if links else ""
    if not page or len(page) > URI_LIMIT:
        return Leaving((mail,), one_click=False, shown=mail)
    if not page.startswith("https:"):
        return Leaving((mail,), one_click=False, shown=page)
    return Leaving((page, mail), one_click=True, shown=page)


def in_text(text: str, way: Leaving) -> str:
    """The text with the way to leave as its last line."""
    return f"{text.rstrip()}\n{way.words}: {way.shown}\n"


def in_html(html: str, way: Leaving) -> str:
    """The page with the way to leave in its place, else before its end."""
    link = f'<a href="{escape(way.shown)}">{way.words}</a>'
    if PLACE in html:
        return html.replace(PLACE, f"<br>\n{link}", 1)
    ends = list(_BODY_ENDS.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return f'{html[:at]}<p style="font-size:12px">{link}</p>\n{html[at:]}'
