"""The watch list, from the command line and from files."""

from __future__ import annotations

from typing import cast

import pytest

from monitor.core.record import JsonObject
from tests.cli.command import Command


def listed(trialwire: Command) -> dict[str, JsonObject]:
    """The watch list as `watch list --format json` tells it, by number."""
    rows = cast("list[dict[str, JsonObject]]", trialwire("watch", "list", "--format", "json").json())
    return {str(row["trial"]["id"]): cast("JsonObject", row) for row in rows}


def test_add_normalizes(untouched: Command) -> None:
    """Numbers in any case and addresses of study pages become the canonical number; a repeat merges tags."""
    first = untouched(
        "watch", "add", "nct09000001,", "https://clinicaltrials.gov/study/NCT09000002", "-t", "a"
    )
    assert first.code == 0
    assert first.out == ""
    assert "Created the database" in first.err
    again = untouched("watch", "add", "NCT09000001,NCT09000001", "--tag", "b", "--note", "pivotal")
    assert "1 trial was watched already" in again.err
    rows = listed(untouched)
    assert list(rows) == ["NCT09000001", "NCT09000002"]
    assert rows["NCT09000001"]["tags"] == ["a", "b"]
    assert rows["NCT09000001"]["note"] == "pivotal"
    assert rows["NCT09000002"]["presence"] == "unseen"


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        ("NCT09000001\nnct09000002 # the other one\n\n", ["NCT09000001", "NCT09000002"]),
        ("NCT09000001, NCT09000002; NCT09000003", ["NCT09000001", "NCT09000002", "NCT09000003"]),
        ('\ufeffRank,NCT Number,Study Title\r\n1,NCT09000001,"A, B"\r\n', ["NCT09000001"]),
        ("trial;tags;note\nNCT09000001;x,y;why\n", ["NCT09000001"]),
    ],
    ids=["plain", "one line", "the registry's CSV", "our CSV"],
)
def test_import(trialwire: Command, content: str, numbers: list[str]) -> None:
    """Plain numbers, CSV and the registry's own CSV download are read, from a file and from stdin."""
    (trialwire.folder / "list.txt").write_bytes(content.encode())
    assert trialwire("watch", "import", "list.txt", "--tag", "t").code == 0
    assert list(listed(trialwire)) == numbers
    assert trialwire("watch", "import", "-", stdin=content.encode()).code == 0
    assert list(listed(trialwire)) == numbers


def test_import_refuses_whole(untouched: Command) -> None:
    """A file with lines that name no trial is refused whole, and the lines are named."""
    (untouched.folder / "list.txt").write_text("NCT09000001\nNCTx9\nhello\n")
    ran = untouched("watch", "import", "list.txt")
    assert ran.code == 2
    assert "line 2: 'NCTx9'" in ran.err
    assert "line 3: 'hello'" in ran.err
    assert not untouched.database.exists()


def test_import_of_no_list(untouched: Command) -> None:
    """What is no list says so: a picture, a folder, an empty file; a spreadsheet's encodings are read."""
    (untouched.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0")
    refused = untouched("watch", "import", "picture.png")
    assert (refused.code, refused.complaint[0]) == (
        1, "trialwire: picture.png: not text, but a file of another kind."
    )  # fmt: skip
    assert "one number a line" in refused.err
    (untouched.folder / "empty.txt").touch()
    assert "names no trial" in untouched("watch", "import", "empty.txt").err
    assert not untouched.database.exists()
    header = "NCT Number\tStudy Title\r\nNCT09000001\tÄrzte\r\n"
    for encoding in ("utf-16", "cp1252", "utf-8-sig"):
        (untouched.folder / "list.txt").write_bytes(header.encode(encoding))
        assert untouched("watch", "import", "list.txt").code == 0, encoding
    assert list(listed(untouched)) == ["NCT09000001"]


def test_show_is_for_people(trialwire: Command) -> None:
    """`watch show` tells in words what the list holds of a trial; the members are in the machine formats."""
    trialwire("watch", "add", "NCT09000001", "--tag", "a", "--note", "pivotal")
    shown = trialwire("watch", "show", "nct09000001")
    assert shown.code == 0
    lines = dict(line.split("  ", 1) for line in shown.out.splitlines())
    assert {name: words.strip() for name, words in lines.items() if name != "Watched since"} == {
        "Trial": "NCT09000001",
        "Status": "not read yet",
        "Tags": "a",
        "Note": "pivotal",
    }
    assert "{" not in shown.out


def test_export_imports(trialwire: Command) -> None:
    """What `watch export` writes, `watch import` reads: numbers, tags and notes."""
    trialwire("watch", "add", "NCT09000001", "--tag", "a", "--tag", "b", "--note", 'said "no", twice')
    before = listed(trialwire)["NCT09000001"]
    exported = trialwire("watch", "export").out
    assert trialwire("watch", "remove", "NCT09000001").code == 0
    assert listed(trialwire) == {}
    assert trialwire("watch", "import", "-", stdin=exported.encode()).code == 0
    after = listed(trialwire)["NCT09000001"]
    assert (after["tags"], after["note"]) == (before["tags"], before["note"])


def test_remove_unwatched(trialwire: Command) -> None:
    """Removing what is not watched ends with 1, names it, and removes the rest."""
    trialwire("watch", "add", "NCT09000001")
    ran = trialwire("watch", "remove", "NCT09000001", "NCT09000002")
    assert ran.code == 1
    assert "NCT09000002" in ran.err
    assert listed(trialwire) == {}


def test_empty_answers(trialwire: Command) -> None:
    """An empty list says what was looked for and what would widen the search; for programs it is `[]`."""
    trialwire("init")
    assert "watch add" in trialwire("watch", "list").err
    assert "'x'" in trialwire("watch", "list", "--tag", "x").err
    assert trialwire("watch", "list", "--tag", "x", "--format", "json").json() == []
