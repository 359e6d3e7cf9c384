"""Atom feeds: read back by an independent reader, whole at every moment, and nobody's entries lost."""

from __future__ import annotations

import resource
import signal
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor import channels
from monitor.channels import Channel, ChannelContext, Secrets
from monitor.channels.atom import MAX_CONTENT
from monitor.core.delivery import Delivery
from monitor.core.digest import Digest
from monitor.core.links import Links
from monitor.errors import ConfigError, DeliveryDeferredError
from tests.channels.support import context, ping_rows, rows
from tests.support.digests import NOW
from tests.support.hostile import NASTY, hostile_digest
from tests.support.sample import sample_digest


def atom(folder: Path, links: Links | None = None, **table: object) -> Channel:
    """A channel of feeds below a folder."""
    given = ChannelContext(Secrets({}), context().sender, folder, links)
    return channels.build("atom", "feeds", channels.settings_model("atom").model_validate(table), given)


def send(channel: Channel, *digests: Digest) -> list[str]:
    """Deliver the digests; return what was said of each."""
    return [channel.send(row, NOW)[1] for digest in digests for row in rows(channel, digest)]


def read(path: Path) -> Any:
    """The feed as an independent reader sees it, which finds nothing to complain of."""
    feed = feedparser.parse(path.read_bytes())
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    return feed


def later(days: int, *, name: str = "akeso") -> Digest:
    """The sample digest of some days later."""
    digest = sample_digest()
    subscription = replace(digest.subscription, name=name)
    at = digest.created_at + timedelta(days=days)
    return replace(digest, id=f"dig_{name}{days}", created_at=at, subscription=subscription)


def test_a_reader_reads_it(tmp_path: Path) -> None:
    """Ids, times, title, link and content come back; the file may be read by whoever serves it."""
    channel = atom(tmp_path)
    said = send(channel, sample_digest())
    path = tmp_path / "feeds" / "akeso.atom"
    assert said == [f"{path}: 1 entry"]
    feed = read(path)
    assert (feed.feed.title, feed.feed.id) == (
        "Trialwire · akeso",
        "tag:trialwire.invalid,2026:feed/feeds/akeso",
    )
    (entry,) = feed.entries
    assert entry.title == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    assert entry.id == f"tag:trialwire.invalid,2026:{rows(channel, sample_digest())[0].id}"
    assert feed.feed.updated == entry.updated == "2026-11-20T07:30:05Z"
    assert entry.link == "https://clinicaltrials.gov/study/NCT09000001"
    assert entry.content[0].type == "text/html"
    assert "<h2>Critical</h2>" in entry.content[0].value
    assert "<del>0–1</del> <ins>0–2</ins>" in entry.content[0].value
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert b"ns0:" not in path.read_bytes()


def test_a_repeat_replaces_its_own_entry(tmp_path: Path) -> None:
    """The same delivery again changes nothing, not a byte."""
    channel = atom(tmp_path)
    send(channel, later(0), later(1))
    path = tmp_path / "feeds" / "akeso.atom"
    before = path.read_bytes()
    send(channel, later(0))
    assert path.read_bytes() == before


def test_the_newest_are_kept(tmp_path: Path) -> None:
    """Newest first, as many as asked for, in whatever order they are delivered."""
    send(atom(tmp_path, entries=3), *(later(day) for day in (2, 0, 4, 1, 3)))
    entries = read(tmp_path / "feeds" / "akeso.atom").entries
    assert [entry.updated[:10] for entry in entries] == ["2026-11-24", "2026-11-23", "2026-11-22"]


def test_each_subscription_has_a_feed(tmp_path: Path) -> None:
    """Or all of them one, named after the channel, at a path of one's own."""
    send(atom(tmp_path), later(0), later(1, name="other"))
    assert sorted(path.name for path in (tmp_path / "feeds").glob("*.atom")) == ["akeso.atom", "other.atom"]
    shared = tmp_path / "elsewhere" / "all.xml"
    send(atom(Path("/nonexistent"), path=str(shared)), later(0), later(1, name="other"))
    feed = read(shared)
    assert (feed.feed.title, len(feed.entries)) == ("Trialwire · feeds", 2)


def test_where_it_is_served_it_says_so(tmp_path: Path) -> None:
    """With an address a feed names itself and its host the ids; with pages the entries lead there."""
    links = Links("https://trialwire.example.com", b"k" * 32)
    send(atom(tmp_path, links, url="https://feeds.example.org/f/"), sample_digest())
    feed = read(tmp_path / "feeds" / "akeso.atom")
    assert {"rel": "self", "href": "https://feeds.example.org/f/akeso.atom"} in [
        {"rel": link.rel, "href": link.href} for link in feed.feed.links
    ]
    assert feed.entries[0].id.startswith("tag:feeds.example.org,2026:dlv_")
    assert feed.entries[0].link == links.digest(sample_digest().id)
    send(atom(tmp_path / "two", links), sample_digest())
    entry = read(tmp_path / "two" / "feeds" / "akeso.atom").entries[0]
    assert entry.id.startswith("tag:trialwire.example.com,2026:dlv_")


@pytest.mark.parametrize(
    "content", [b"", b"<feed", b"\xff\xfe\x00", b"<html/>", b'<?xml version="1.0" encoding="nonsense"?><a/>',
                b'<feed xmlns="http://www.w3.org/2005/Atom"><generator>Other</generator></feed>']
)  # fmt: skip
def test_what_is_no_feed_of_ours_is_set_aside(tmp_path: Path, content: bytes) -> None:
    """It is kept, the answer says where, and a second one does not take its place."""
    path = tmp_path / "feeds" / "akeso.atom"
    for name in ("akeso.atom.bad", "akeso.atom.bad2"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        (said,) = send(atom(tmp_path), sample_digest())
        assert said.endswith(f"is kept as {name}")
        assert (path.parent / name).read_bytes() == content
        assert len(read(path).entries) == 1


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Twelve at once, through two channels of one path: each entry is there, and no draft is left."""
    channels_ = [atom(tmp_path), atom(tmp_path)]
    work: list[tuple[Channel, Delivery]] = [
        (channels_[day % 2], row) for day in range(12) for row in rows(channels_[day % 2], later(day))
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: pair[0].send(pair[1], NOW), work))
    path = tmp_path / "feeds" / "akeso.atom"
    assert len(read(path).entries) == 12
    assert sorted(left.name for left in path.parent.iterdir()) == [".akeso.atom.lock", "akeso.atom"]


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond a size: what a write then says is as with a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_put_off_and_leaves_the_feed_as_it_was(tmp_path: Path) -> None:
    """The error says which file and why; what was there stays, and no draft is left."""
    channel, path = atom(tmp_path), tmp_path / "feeds" / "akeso.atom"
    send(channel, later(0))
    before = path.read_bytes()
    (row,) = rows(channel, later(1))
    with (
        full_disk(1_000),
        pytest.raises(DeliveryDeferredError, match=r"akeso\.atom cannot be written: File too"),
    ):
        channel.send(row, NOW)
    assert path.read_bytes() == before
    assert not path.with_name(".akeso.atom.new").exists()
    channel.send(row, NOW)
    assert len(read(path).entries) == 2


@settings(max_examples=8, deadline=None)
@given(words=st.text(max_size=120))
def test_any_words_make_a_feed(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    """Characters that XML cannot hold and words that look like markup make no feed unreadable."""
    folder = tmp_path_factory.mktemp("feeds")
    channel = atom(folder)
    send(channel, hostile_digest(2, words + NASTY), sample_digest())
    entries = read(folder / "feeds" / "akeso.atom").entries
    assert "<script" not in entries[0].content[0].value
    assert '<a href="https://evil' not in entries[0].content[0].value


def test_a_large_digest_is_folded(tmp_path: Path) -> None:
    """An entry has a size, and what is folded is counted in it."""
    send(atom(tmp_path), hostile_digest(400))
    (entry,) = read(tmp_path / "feeds" / "akeso.atom").entries
    assert len(entry.content[0].value) <= MAX_CONTENT
    assert "more major changes in" in entry.content[0].value


def test_a_test_has_a_feed_of_its_own(tmp_path: Path) -> None:
    """No reader of a subscription's feed sees it."""
    channel = atom(tmp_path)
    (row,) = ping_rows(channel)
    channel.send(row, NOW)
    (entry,) = read(tmp_path / "feeds" / "test.atom").entries
    assert entry.title == "Trialwire: test of feeds"
    assert "Nothing has changed in any trial" in entry.content[0].value


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("feeds/{subscription}.db", "must end with"),
        ("feeds/{name}.atom", "no other braces"),
        ("feeds/{}.atom", "no other braces"),
        ("feeds/{subscription.atom", "no other braces"),
        ("../{subscription}.atom", "must not lead out"),
    ],
)
def test_a_path_that_cannot_be_meant_is_refused(path: str, why: str) -> None:
    """A feed is a file of its own kind, below a folder that was named."""
    with pytest.raises(ValidationError, match=why):
        channels.settings_model("atom").model_validate({"path": path})


@pytest.mark.parametrize("url", ["ftp://example.com", "https://", "https://me:secret@example.com/"])
def test_an_address_to_read_from_is_a_web_address(url: str) -> None:
    """And holds no password, as everybody sees it."""
    with pytest.raises(ValidationError, match="must be the address"):
        channels.settings_model("atom").model_validate({"url": url})


def test_a_folder_that_cannot_be_written_to_is_found_by_check(tmp_path: Path) -> None:
    """Under its key, before anything is sent."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"channels\.feeds\.path: .* cannot be written to"):
        atom(tmp_path, path=str(tmp_path / "file" / "{subscription}.atom")).check()
    atom(tmp_path, path=str(tmp_path / "new" / "{subscription}.atom")).check()
    atom(tmp_path).check()
