"""Saved searches in the store: what they look for, who is in them, when they are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.search import Search
from monitor.core.searches import Matched, SavedSearch
from monitor.errors import NotWatchedError, StoreError
from monitor.store import Store
from monitor.store.values import MemberMove, NoticeDraft, SearchRun
from tests.store.making import DAY, NOW, first, subscription, trial


def test_a_search_that_was_not_run_makes_a_poll_due(store: Store) -> None:
    """When it is saved and when it looks for something else; not again and again where it cannot be run."""
    saved = SavedSearch("akeso", "search", "ctgov", search=Search(term="a"))
    hour = timedelta(hours=1)
    assert store.put_search(saved, NOW)
    assert store.has_unseen("ctgov", added_after=NOW - hour)
    assert not store.has_unseen("ctgov", added_after=NOW)
    store.end_run("akeso", SearchRun(saved, NOW, "v1"))
    assert not store.has_unseen("ctgov", added_after=NOW - hour)
    other = replace(saved, search=Search(term="b"))
    assert not store.put_search(other, NOW + hour)
    assert store.has_unseen("ctgov", added_after=NOW)
    (held,) = store.searches(registry="ctgov")
    assert (held.search, held.begun_at, held.data_version) == (Search(term="b"), None, None)


def test_a_run_of_what_is_no_longer_looked_for_counts_for_nothing(store: Store) -> None:
    """A search that was given another definition while it ran is run again."""
    saved = SavedSearch("akeso", "search", "ctgov", search=Search(term="a"))
    store.put_search(saved, NOW)
    store.put_search(replace(saved, search=Search(term="b")), NOW)
    store.end_run("akeso", SearchRun(saved, NOW, "v1"))
    (held,) = store.searches()
    assert held.begun_at is None
    with pytest.raises(StoreError, match="is the name of a search already"):
        store.put_search(replace(saved, kind="asset", names=("akeso",)), NOW)
    store.remove_search("AKESO")
    with pytest.raises(NotWatchedError):
        store.members("akeso")


def test_members_come_and_go_and_come_back(store: Store) -> None:
    """A membership that ended keeps its row; the same moves twice are one."""
    store.put_search(SavedSearch("akeso", "search", "ctgov", search=Search(term="a"), tags=("t",)), NOW)
    store.record([first(trial(1)), first(trial(2))])
    came = [MemberMove(trial(n), "entered", Matched("a", "title")) for n in (1, 2)]
    for _ in range(2):
        store.move_members("akeso", came, NOW)
    store.move_members("akeso", [MemberMove(trial(1), "left")], NOW + DAY)
    old, still = store.members("akeso")
    assert (old.left_at, still.left_at, still.matched) == (NOW + DAY, None, Matched("a", "title"))
    assert store.to_read("ctgov") == (trial(2),)
    assert store.not_in("akeso", [trial(1), trial(2)]) == (trial(1),)
    store.move_members("akeso", [MemberMove(trial(1), "back")], NOW + 2 * DAY)
    assert {one.state.trial: one.left_at for one in store.members("akeso")} == dict.fromkeys(
        (trial(1), trial(2))
    )
    assert list(store.damage()) == []


def test_the_first_run_of_a_search_is_told_to_those_who_chose_it(store: Store) -> None:
    """By name, by tag, or by choosing nothing; not to who chose other searches, other tags or trials."""
    chosen = {
        "all": subscription("all"),
        "by-tag": subscription("by-tag", tags=("t",)),
        "by-name": replace(subscription("by-name"), searches=("AKESO",)),
        "other-tag": subscription("other-tag", tags=("u",)),
        "other-name": replace(subscription("other-name"), searches=("escc",)),
        "trials": subscription("trials", trials=(trial(1).id,)),
    }
    for name in chosen:
        store.begin_subscription(name, NOW)
    store.put_search(SavedSearch("akeso", "search", "ctgov", search=Search(term="a"), tags=("t",)), NOW)
    store.add_notices([NoticeDraft("search", "akeso", "Now watching the search akeso.", NOW)])
    told = {name for name, one in chosen.items() if store.pending(one, NOW + DAY).baselines}
    assert told == {"all", "by-tag", "by-name"}
