"""The one door to Jinja2: domain values in, text, HTML and Markdown out.

A template is looked for in the user's own folders first, then in the package, then in the checkout. Every
value is registry text and hostile until escaped: HTML is auto-escaped without exception, Markdown through
`md`. The HTML of a digest stays under 90,000 bytes on the wire, where mail clients begin to cut: what does
not fit is counted, in all forms alike, with the command that shows it. Nothing here sends or stores.
"""

from __future__ import annotations

import quopri
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)
from jinja2.bccache import Bucket

from monitor.core.apart import by_trial, of_no_trial, rest_subject, thread_subject
from monitor.core.digest import Digest, Rendered, ThreadText, subject
from monitor.core.folding import fitting
from monitor.core.links import Links
from monitor.core.outline import Outline
from monitor.core.phrases import Span, clean, clip, plural
from monitor.core.record import TrialRecord
from monitor.core.recorded import RecordedChange
from monitor.core.sheet import sheet, sheet_name
from monitor.core.trial_page import trial_page
from monitor.core.watching import Snapshot
from monitor.errors import RenderError

HTML_BUDGET = 90_000
"""Bytes of quoted-printable HTML; Gmail cuts at about 102 KB."""
LEAVE_ROOM = 1_200
"""Bytes of them that are left free: mail puts each reader's own way to leave into the page."""
TEXT_WIDTH = 100

_TEXT_MARKS = {"=": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}
_MARKDOWN_MARKS = {"=": ("", ""), "-": ("~~", "~~"), "+": ("**", "**")}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_TIES = re.compile(r" (?=[%·])|(?<=Phase) (?=\d)")
_CODE = re.compile(r"`([^`]+)`")
_LEADING = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s)")


@dataclass(frozen=True, slots=True)
class _Part:
    """A digest, or a part of it, as it goes out."""

    said: Outline
    text: str
    html: str


class _Compiled(BytecodeCache):
    """Templates as compiled so far in this process, each by where it stands and what it says."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled of the same text before, if it was."""
        if known := self._known.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


class Renderer:
    """Renders domain values; the same values and templates always give the same bytes."""

    def __init__(self, folders: Sequence[Path] = (), links: Links | None = None) -> None:
        self._links = links
        here = Path(__file__).resolve().parent
        self._environment = Environment(
            loader=FileSystemLoader([*folders, here / "templates", here.parent / "templates"]),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            bytecode_cache=_COMPILED,
        )
        self._environment.filters.update(md=markdown_escape, yaml=yaml_text, clean=clean, clip=clip)
        self._environment.filters.update(
            marked=marked, marked_md=marked_markdown, wrap=wrapped, beside=beside, bar=text_bar
        )
        self._environment.filters.update(tied=tied, code_parts=code_parts, coded_md=coded_markdown)
        self._environment.filters.update(uncoded=uncoded, no_breaks=no_breaks)

    def digest(self, digest: Digest, *, width: int = TEXT_WIDTH) -> Rendered:
        """A digest as subject, text, HTML and Markdown, all with the same facts.

        Where its layout is `threads`, there is a part for each trial, and one of what belongs to none.
        """
        if digest.subscription.layout == "threads":
            return self._in_threads(digest, width)
        whole = self._part(digest, digest, width)
        said = whole.said
        markdown = self._render("digest.md.j2", said)
        return self._with_sheet(Rendered(said.subject, whole.text, whole.html, markdown), digest, [said])

    def _in_threads(self, digest: Digest, width: int) -> Rendered:
        parts = [(trial, self._of_trial(digest, part, width)) for trial, part in by_trial(digest)]
        threads = tuple(
            ThreadText(trial, part.said.sections[0].cards[0].title, part.said.subject, part.text, part.html)
            for trial, part in parts
        )
        rest = of_no_trial(digest)
        about = rest_subject(digest, rest) if rest else subject(digest)
        told = None
        if rest:
            apart = f"{plural(len(threads), 'trial')} told of in threads of their own"
            told = self._part(digest, rest, width, subject=about, scope=apart if threads else None)
        whole = self._markdown(digest)
        text, html = (told.text, told.html) if told else ("", "")
        rendered = Rendered(about, text, html, whole, threads)
        outlines = [part.said for _, part in parts] + ([told.said] if told else [])
        return self._with_sheet(rendered, digest, outlines)

    def _of_trial(self, digest: Digest, part: Digest, width: int) -> _Part:
        return self._part(digest, part, width, subject=thread_subject(part), scope="in this trial", unread=())

    def _markdown(self, digest: Digest) -> str:
        fitted = fitting(
            digest,
            lambda said: self._render("digest.md.j2", said),
            lambda text: len(text.encode()) <= HTML_BUDGET,
            links=self._links,
        )
        return fitted.made if fitted else ""

    def _with_sheet(self, rendered: Rendered, digest: Digest, outlines: Sequence[Outline]) -> Rendered:
        if any(said.attached for said in outlines):
            return replace(rendered, csv=sheet(digest), csv_name=sheet_name(digest))
        return rendered

    def _part(
        self,
        digest: Digest,
        part: Digest,
        width: int,
        *,
        subject: str | None = None,
        scope: str | None = None,
        unread: tuple[str, ...] | None = None,
    ) -> _Part:
        """What is told of `part` of a digest, where it is not the whole with words of its own."""
        attached = f"By mail, every change of this digest comes as {sheet_name(digest)}, one a line."

        def build(said: Outline) -> tuple[Outline, str]:
            said = replace(
                said,
                subject=said.subject if subject is None else subject,
                scope=said.scope if scope is None else scope,
                unread=said.unread if unread is None else unread,
                attached=attached if said.shortened and not self._links else "",
            )
            return said, self._render("digest.html.j2", said)

        fitted = fitting(
            part,
            build,
            lambda made: len(quopri.encodestring(made[1].encode())) <= HTML_BUDGET - LEAVE_ROOM,
            links=self._links,
        )
        if fitted is None:
            raise RenderError(
                f"digest {digest.id}: its HTML does not fit {HTML_BUDGET:,} bytes with nearly all folded",
                template="digest.html.j2",
                remedy="make your own digest.html.j2 smaller",
            )
        said, html = fitted.made
        return _Part(said, self._render("digest.txt.j2", said, width=width), html)

    def trial_page(
        self,
        record: TrialRecord,
        snapshot: Snapshot,
        changes: Sequence[RecordedChange],
        *,
        url: str,
        source: str,
    ) -> str:
        """The trial page (`show --format markdown`): front matter, key facts, recent field changes."""
        page = trial_page(record, snapshot, changes, url=url, source=source)
        return self._render_with("trial.md.j2", {"page": page})

    def page(self, name: str, values: Mapping[str, object]) -> str:
        """A page of `trialwire serve`, by its file in `templates/pages` without `.j2`."""
        return self._render_with(f"pages/{name}.j2", values)

    def _render(self, template: str, said: Outline, *, width: int = TEXT_WIDTH) -> str:
        return self._render_with(template, {"digest": said, "width": width})

    def _render_with(self, template: str, context: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(template).render(context)
        except TemplateError as error:
            where = f" (line {line})" if (line := getattr(error, "lineno", None)) else ""
            raise RenderError(
                f"template {template}{where}: {error}",
                template=template,
                remedy="mend or remove your own copy of it; the packaged one works",
            ) from error


def markdown_escape(text: str) -> str:
    """Text that reads the same in Markdown, whatever it contains."""
    return _LEADING.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", clean(text)))


def yaml_text(text: str) -> str:
    """A double-quoted YAML scalar of one line."""
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def marked(spans: Sequence[Span]) -> str:
    """Changed words in plain text: `[-removed-]`, `{+added+}`."""
    return "".join(_between(text, *_TEXT_MARKS[sign]) for sign, text in spans)


def marked_markdown(spans: Sequence[Span]) -> str:
    """Changed words in Markdown: struck and bold."""
    return "".join(_between(text, *_MARKDOWN_MARKS[sign], escape=markdown_escape) for sign, text in spans)


def _between(text: str, left: str, right: str, escape: Callable[[str], str] = str) -> str:
    """The text between two marks, the blanks at its edges outside of them."""
    inside = text.strip()
    before, _, after = text.partition(inside)
    return f"{before}{left}{escape(inside)}{right}{after}"


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    """Text wrapped to `width`, its first line led by `first` and the others by `rest` (default: as wide)."""
    rest = " " * len(first) if rest is None else rest
    return textwrap.fill(
        text,
        max(width, len(first) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def beside(left: str, right: str, width: int) -> str:
    """Two texts on one line where they fit, else one below the other."""
    one = f"{left}     {right}"
    return one if len(one) <= width else f"{wrapped(left, width)}\n{wrapped(right, width)}"


def tied(text: str) -> str:
    """Text with no-break spaces where a line must not end: before a percent sign, a dot, a phase number."""
    return _TIES.sub("\u00a0", text)


def uncoded(text: str) -> str:
    """Text of ours without the backticks around commands, for readers who see them as they are."""
    return _CODE.sub(r"\1", text)


def code_parts(text: str) -> list[tuple[str, bool]]:
    """Text of ours in parts: (text, whether it stood between backticks)."""
    return [(part, index % 2 == 1) for index, part in enumerate(_CODE.split(text)) if part]


def coded_markdown(text: str) -> str:
    """Text of ours for Markdown, what stands between backticks kept as code."""
    return "".join(f"`{part}`" if code else markdown_escape(part) for part, code in code_parts(text))


def no_breaks(text: str) -> str:
    """Text that stays on one line."""
    return text.replace(" ", "\u00a0")


def text_bar(share: float, width: int = 40) -> str:
    """A bar of box-drawing characters: `├────┤`."""
    return "├" + "─" * max(0, round(share * width) - 2) + "┤"
