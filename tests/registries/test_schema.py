"""ClinicalTrials.gov's description of its own records, asked for and read."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from monitor.core.drift import drifts
from monitor.core.record import Json
from monitor.demo.standin import DataVersion, StandIn
from monitor.demo.standin.schema import PIECES, Piece
from monitor.errors import RecordFormatError, RegistryUnavailableError
from monitor.registries import DescribesRecords
from monitor.registries.ctgov.fields import catalogue_field
from monitor.registries.ctgov.schema import schema
from tests.registries.harness import ctgov_at
from tests.support.real import SHARED, needs_real_records
from tests.support.scripted import Scripted, response


def test_a_new_release_of_the_registry_is_told() -> None:
    """A field, a value and a length more; the version is that of the API."""
    before = DataVersion("2026-11-19T09:00:05", {})
    longer = tuple(replace(each, max_chars=400) if each.name == "BriefTitle" else each for each in PIECES)
    after = DataVersion(
        "2026-11-20T09:00:05",
        {},
        pieces=(*longer, Piece("PauseDate", "protocolSection.statusModule.pauseDate", "NormalizedDate")),
        enum_values={"Status": ("PAUSED",)},
        api_version="2.1.0",
    )
    with StandIn([before, after]) as server, ctgov_at(server.base_url) as registry:
        assert isinstance(registry, DescribesRecords)
        then = registry.schema()
        server.advance()
        now = registry.schema()
    assert (then.api_version, now.api_version) == ("2.0.5", "2.1.0")
    assert [drift.summary for drift in drifts(then, now)] == [
        "New field: protocolSection.statusModule.pauseDate (NormalizedDate).",
        "New value of Status: PAUSED.",
        f"{PIECES[4].path} may be of another length: any number of → 400 characters.",
    ]
    assert catalogue_field("protocolSection.statusModule.pauseDate") == (
        "other.protocolSection.statusModule.pauseDate"
    )


FIELD: Json = {"name": "a", "type": "text"}


@pytest.mark.parametrize(
    ("metadata", "enums", "pointer"),
    [
        ({}, [], "/metadata"),
        ([], [], "/metadata"),
        ([1], [], "/metadata/0"),
        ([{"name": "a"}], [], "/metadata/0"),
        ([{"name": "a", "type": "b", "children": 1}], [], "/metadata/0/children"),
        ([FIELD], {}, "/enums"),
        ([FIELD], [{"type": "E"}], "/enums/0"),
    ],
)
def test_another_shape_is_an_error_that_points_at_it(metadata: Json, enums: Json, pointer: str) -> None:
    """An empty description would look as if every field had gone."""
    with pytest.raises(RecordFormatError) as raised:
        schema(metadata, enums, None)
    assert raised.value.pointer == pointer


def test_a_description_that_makes_no_sense_is_broken() -> None:
    """And a refusal says its status."""
    version = response(200, b'{"apiVersion":"2.0.5"}')
    for answers in (
        [response(200, b"[{}]"), response(200, b"[]"), version],
        [response(404, b"")],
        [response(200, b"{}")] * 2,
    ):
        with Scripted(*answers) as server, ctgov_at(server.base_url, retries=0) as registry:
            assert isinstance(registry, DescribesRecords)
            with pytest.raises(RegistryUnavailableError) as raised:
                registry.schema()
            assert raised.value.broken


@needs_real_records
def test_the_real_description_is_read() -> None:
    """Hundreds of fields and dozens of types; every leaf has its place in the catalogue."""
    told = [
        orjson.loads((SHARED / "registry" / f"studies-{name}.json").read_bytes())
        for name in ("metadata", "enums")
    ]
    found = schema(told[0], told[1], "2.0.5")
    assert len(found.fields) > 440
    assert len(found.enums) > 25
    assert "RECRUITING" in found.enums["Status"]
    inner = {path.rpartition(".")[0] for path in found.fields}
    leaves = found.fields.keys() - inner
    strangers = {leaf for leaf in leaves if (catalogue_field(leaf) or "").startswith("other.")}
    assert strangers == set()
