"""The units, judged by systemd's own tools where they are at hand; nothing is started."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[1] / "systemd"
SERVICES = ("trialwire.service", "trialwire-once.service", "trialwire-web.service")
MOST_EXPOSURE = 15
"""Ten times systemd's exposure level: 1.5 of 10."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not at hand"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A copy of the units that starts a program found on any machine."""
    folder = tmp_path / "systemd"
    shutil.copytree(UNITS, folder)
    for service in SERVICES:
        edit(folder / service, r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}")
    return folder


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace in a file what must be there to be replaced."""
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"))
    assert count, f"{path.name}: nothing matches {pattern}"
    path.write_text(text, "utf-8")


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze in the folder of the units."""
    return subprocess.run(["systemd-analyze", *arguments], cwd=folder, capture_output=True, text=True)


def verify(folder: Path, unit: str) -> subprocess.CompletedProcess[str]:
    """Verify a unit and all it names; without the two options a misspelt directive passes."""
    return analyze(folder, "verify", "--man=no", "--recursive-errors=yes", f"./{unit}")


@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, "trialwire-once.timer"])
def test_systemd_finds_nothing_wrong(units: Path, unit: str) -> None:
    """Every unit verifies, with the drop-ins and units it draws in."""
    verdict = verify(units, unit)
    assert (verdict.returncode, verdict.stderr) == (0, "")


@needs_systemd
def test_the_credentials_drop_in_verifies_once_its_lines_are_uncommented(units: Path) -> None:
    """An administrator only has to remove the number signs."""
    edit(units / "trialwire.service.d/credentials.conf", r"(?m)^#(LoadCredential)", r"\1")
    verdict = verify(units, "trialwire.service")
    assert (verdict.returncode, verdict.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize(
    ("file", "pattern", "replacement"),
    [
        ("trialwire.service", "ProtectSystem=", "ProtectSistem="),
        ("trialwire-once.service", "ProtectHome=yes", "ProtectHome=perhaps"),
        ("trialwire-once.timer", "OnCalendar=hourly", "OnCalendar=hurly"),
        ("trialwire.service.d/credentials.conf", r"#LoadCredential=", "LoadCredentials="),
    ],
)
def test_a_mistake_in_a_unit_is_found(units: Path, file: str, pattern: str, replacement: str) -> None:
    """A misspelt directive or a bad value fails the check, so the check is able to fail."""
    edit(units / file, pattern, replacement)
    verdict = verify(units, file.partition(".d/")[0])
    assert verdict.returncode != 0


@needs_systemd
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_hardly_exposed(units: Path, service: str) -> None:
    """The sandbox leaves a service with little more than its network and its own directories."""
    threshold = f"--threshold={MOST_EXPOSURE}"
    verdict = analyze(units, "security", "--offline=true", threshold, f"./{service}")
    assert verdict.returncode == 0, verdict.stdout


@needs_systemd
def test_a_hole_in_the_sandbox_is_found(units: Path) -> None:
    """Without a few of its walls a service is over the threshold."""
    edit(units / "trialwire.service", r"(?m)^(NoNew|Capab|Protect|SystemCallFilter).*\n", "")
    verdict = analyze(units, "security", "--offline=true", "--threshold=15", "./trialwire.service")
    assert verdict.returncode != 0


def sandbox(service: str) -> str:
    """The part of a service that says who it is and what it can do."""
    text = (UNITS / service).read_text("utf-8")
    return text[text.index("# Who it is") :].partition("\n[Install]")[0].rstrip()


def test_both_services_have_the_same_sandbox() -> None:
    """The daemon and the single pass run as the same user behind the same walls."""
    assert sandbox(SERVICES[0]) == sandbox(SERVICES[1])


def test_the_pages_have_it_too_and_reach_nobody() -> None:
    """Every wall of the daemon stands around the pages; beyond it they talk to this machine alone."""
    pages = sandbox("trialwire-web.service").splitlines()
    daemon = [line for line in sandbox(SERVICES[0]).splitlines() if not line.startswith("RuntimeDirectory=")]
    assert [line for line in daemon if line not in pages] == []
    assert {"IPAddressDeny=any", "IPAddressAllow=localhost"} <= set(pages)


def test_no_credential_is_asked_for_unless_an_administrator_says_so() -> None:
    """A missing credential file stops a unit, so that none is named by default."""
    for path in UNITS.rglob("*"):
        if path.suffix in {".service", ".conf"}:
            assert "\nLoadCredential" not in path.read_text("utf-8"), path.name


def test_a_bad_configuration_is_not_tried_again() -> None:
    """What runs for good is restarted after a failure, and not after a configuration error (exit 78)."""
    for service in ("trialwire.service", "trialwire-web.service"):
        text = (UNITS / service).read_text("utf-8")
        assert "\nRestart=on-failure\n" in text
        assert "\nRestartPreventExitStatus=78\n" in text
