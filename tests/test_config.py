"""The configuration: where it is found, what overrides it, and that all its mistakes are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from monitor.config import ChannelSettings, Models, Settings, load
from monitor.errors import ConfigError, UnknownTrialError


class Pigeon(BaseModel):
    """An invented channel type."""

    model_config = ConfigDict(extra="forbid")

    to: str
    loft: int = Field(default=1, ge=1)
    ring_file: str | None = None


class Heaven(BaseModel):
    """An invented registry's settings."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://heaven.example"
    requests_per_second: float = Field(default=1.0, gt=0)


def identify(text: str) -> str:
    if not text.upper().startswith("HV"):
        raise UnknownTrialError(f"{text!r} is not a trial number", remedy="Known forms: HV and digits.")
    return text.upper()


def check_secrets(channel: ChannelSettings, folder: Path) -> None:
    ring = getattr(channel.options, "ring_file", None)
    if ring is not None and not (folder / ring).is_file():
        key = f"channels.{channel.name}.ring_file"
        raise ConfigError(f"{key}: no such secret: {folder / ring}", key=key, remedy="create the file")


MODELS = Models({"pigeon": Pigeon}, {"heaven": Heaven}, identify, check_secrets)


def judged(folder: Path, toml: str = "", **env: str) -> Settings:
    path = folder / "trialwire.toml"
    path.write_text(toml, "utf-8")
    return load(path, {"HOME": str(folder), **env}, MODELS, cwd=folder)


def mistakes(folder: Path, toml: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        judged(folder, toml, **env)
    assert caught.value.exit_code == 78
    return str(caught.value).splitlines()


WHOLE = """
[registries.heaven]
base_url = "http://127.0.0.1:9"
requests_per_second = 5

[poll]
every = "30m"
backfill = "off"

[rules.C6]
threshold_days = 120
[rules.m7]
level = "noise"

[[channels]]
name = "ci-team"
type = "pigeon"
to = "roof"

[[subscriptions]]
name = "morning"
channels = ["ci-team"]
cadence = "daily 07:30 Europe/London"
tags = ["akeso"]
trials = ["hv1"]
min_significance = "minor"
immediate_at = "critical"

[brakes]
changed_share = 0.5
[retention]
payload_days = 30
"""


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Every table of the contract becomes a setting."""
    settings = judged(tmp_path, WHOLE)
    assert settings.registries["heaven"] == Heaven(base_url="http://127.0.0.1:9", requests_per_second=5)
    assert (settings.poll.every_s, settings.poll.backfill) == (1800.0, "off")
    assert settings.rules.limit("C6", "threshold_days") == 120
    assert settings.rules.level("m7") == "noise"
    assert settings.channels == (ChannelSettings("ci-team", "pigeon", Pigeon(to="roof")),)
    (morning,) = settings.subscriptions
    assert (morning.name, morning.channels, morning.tags) == ("morning", ("ci-team",), ("akeso",))
    assert morning.trials == ("HV1",)
    assert (morning.immediate_at, morning.min_significance) == ("critical", "minor")
    assert (settings.brakes.changed_share, settings.retention.payload_days) == (0.5, 30)


def test_nothing_is_needed(tmp_path: Path) -> None:
    """Without a file every setting has its default."""
    settings = load(None, {"HOME": str(tmp_path)}, MODELS, cwd=tmp_path)
    assert (settings.path, settings.poll.every_s) == (None, 3600.0)
    assert settings.registries["heaven"] == Heaven()
    assert settings.state_dir == tmp_path / ".local" / "state" / "trialwire"
    assert settings.store_url == f"sqlite:///{settings.state_dir}/trialwire.db"


def test_settings_never_change(tmp_path: Path) -> None:
    """Settings and their tables are frozen."""
    settings = judged(tmp_path)
    with pytest.raises(AttributeError):
        settings.store_url = "sqlite://"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        settings.poll.backfill = "off"


def test_five_mistakes_give_five_lines(tmp_path: Path) -> None:
    """Mistakes in different tables are told together, one line each, by dotted name and with a remedy."""
    told = mistakes(
        tmp_path,
        WHOLE.replace('every = "30m"', 'evry = "30m"')
        .replace("Europe/London", "Europe/Lundon")
        .replace('channels = ["ci-team"]', 'channels = ["ci-taem"]')
        .replace("threshold_days = 120", 'threshold_days = "soon"')
        .replace('to = "roof"', 'too = "roof"\nto = "roof"'),
    )
    assert len(told) == 5
    whole = "\n".join(told)
    assert "poll.evry: unknown key; did you mean 'every'?" in whole
    assert "subscriptions.morning.cadence: 'daily 07:30 Europe/Lundon'" in whole
    assert "subscriptions.morning.channels: there is no 'ci-taem'; did you mean 'ci-team'?" in whole
    assert "rules.C6.threshold_days: 'soon'" in whole
    assert "channels.ci-team.too: unknown key; did you mean 'to'?" in whole


MISTAKES = [
    ('[pol]\nevery = "1h"', "pol: unknown section; did you mean 'poll'?"),
    ('poll = "often"', "poll: must be a table"),
    ('[poll]\nevery = "1 fortnight"', "poll.every: '1 fortnight' is no duration"),
    ('[poll]\nevery = "0s"', "poll.every: '0s' is no duration"),
    ('[poll]\nbackfill = "some"', "poll.backfill: 'some' is not possible; one of 'auto', 'all' or 'off'"),
    ("[brakes]\nchanged_share = 2", "brakes.changed_share: 2 should be less than or equal to 1"),
    ('[retention]\npayload_days = "x"', "retention.payload_days: 'x' is no number"),
    ("[registries.heven]", "registries.heven: unknown registry; did you mean 'heaven'?"),
    ("[registries.heaven]\nrequests_per_second = 0", "registries.heaven.requests_per_second: 0 "),
    ("[registries]\nheaven = 1", "registries.heaven: must be a table"),
    ('[rules.C99]\nlevel = "noise"', "rules.C99"),
    ('[rules.C6]\nlevel = "huge"', "rules.C6.level: 'huge' is not one of critical, major, minor, noise"),
    ("[rules.C6]\nthreshold_dys = 3", "rules.C6.threshold_dys"),
    ('channels = "x"', "channels: must be a list of tables"),
    ('[[channels]]\ntype = "pigeon"\nto = "roof"', "channels[1].name: is missing"),
    ('[[channels]]\nname = "a"\ntype = "owl"', "channels.a.type: unknown channel type 'owl'; known: pigeon"),
    ('[[channels]]\nname = "a"\ntype = "pigeon"', "channels.a.to: is missing"),
    ('[[channels]]\nname = "a b"\ntype = "pigeon"\nto = "roof"', "channels.a b.name: 'a b' is no name"),
    ('[[channels]]\nname = "a"\ntype = "pigeon"\nto = "x"\nloft = 0', "channels.a.loft: 0 "),
    ('[[subscriptions]]\nname = "s"\nchannels = []\ncadence = "hourly"', "subscriptions.s.channels: "),
    (
        '[[subscriptions]]\nname = "s"\nchannels = ["x"]\ncadence = "hourly"',
        "there is no 'x'; there are none",
    ),
    ('[pages]\nurl = "https://trials.example.org/pages"', "pages.url: must end with the name"),
    ('[pages]\nlisten = "8320"', "is no place to listen at; write"),
    ('[pages]\nlisten = "::1:8320"', "is no place to listen at; write"),
    ('[pages]\nlisten = "127.0.0.1:70000"', "is no place to listen at; write"),
]


@pytest.mark.parametrize(("toml", "line"), MISTAKES)
def test_a_mistake_is_told_by_its_name(tmp_path: Path, toml: str, line: str) -> None:
    """Each kind of mistake is one line that names the setting and what to do."""
    (told,) = mistakes(tmp_path, toml)
    assert line in told


def test_an_address_that_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    """It may hold a password, or a path that is as good as one."""
    (told,) = mistakes(tmp_path, '[pages]\nurl = "ftp://me:hush@pages.example/hush"')
    assert told.startswith("pages.url: ")
    assert "hush" not in told


SUBSCRIPTION_MISTAKES = [
    ('min_significance = "huge"', "subscriptions.morning.min_significance: 'huge' is not possible"),
    ('categories = ["dats"]', "subscriptions.morning.categories: there is no 'dats'; did you mean 'dates'?"),
    ('rules = ["C77"]', "subscriptions.morning.rules: there is no 'C77'"),
    ('trials = ["NCT1"]', "subscriptions.morning.trials: 'NCT1' is not a trial number; Known forms"),
    ('baseline = "none"', "subscriptions.morning.baseline: 'none' is not possible"),
    ('layout = "letter"', "subscriptions.morning.layout: 'letter' is not possible"),
    ('conditions = [" "]', "subscriptions.morning.conditions[1]: ' ' is empty, and part of everything"),
    ('sponsors = [""]', "subscriptions.morning.sponsors[1]: '' is empty, and part of everything"),
    ('quiet_hours = "22-7"', "subscriptions.morning.quiet_hours: '22-7' is no stretch of the day; write"),
    (
        'heartbeat = "maybe"',
        "subscriptions.morning.heartbeat: 'maybe' is neither true nor false; write one of",
    ),
    (
        'quiet_hours = "22:00-07:00 Mars"',
        "subscriptions.morning.quiet_hours: '22:00-07:00 Mars': 'Mars' is no time zone",
    ),
]


@pytest.mark.parametrize(("setting", "line"), SUBSCRIPTION_MISTAKES)
def test_a_subscription_may_name_only_what_exists(tmp_path: Path, setting: str, line: str) -> None:
    """A filter that could never match anything is a mistake, not silence."""
    whole = WHOLE.replace('min_significance = "minor"', "").replace('trials = ["hv1"]', "")
    (told,) = mistakes(tmp_path, whole.replace("tags =", f"{setting}\ntags ="))
    assert line in told


ALERT_MISTAKES = [
    ('[alerts]\nchannels = ["ci-taem"]', "alerts.channels: there is no 'ci-taem'; did you mean 'ci-team'?"),
    ('[alerts]\nchanels = ["ci-team"]', "alerts.chanels: unknown key; did you mean 'channels'?"),
    ("alerts = 3", "alerts: must be a table"),
    (
        '[[subscriptions]]\nname = "alerts"\nchannels = ["ci-team"]\ncadence = "hourly"',
        "subscriptions.alerts.name: 'alerts' is the name of what [alerts] makes; choose another",
    ),
    (
        (
            '[[subscriptions]]\nname = "b"\nchannels = ["ci-team"]\n'
            'cadence = "hourly"\nquiet_hours = "22:00-07:00"'
        ),
        "subscriptions.b.quiet_hours: '22:00-07:00' names no time zone, nor does the cadence",
    ),
    (
        '[[subscriptions]]\nname = "b"\nchannels = ["ci-team"]\ncadence = "hourly"\nquiet_hours = "25:00"',
        "subscriptions.b.quiet_hours: '25:00' is no stretch of the day; write",
    ),
    (
        '[[subscriptions]]\nname = "b"\nchannels = ["ci-team"]\ncadence = "daily 7:30 UTC"',
        "subscriptions.b.cadence: 'daily 7:30 UTC': '7:30' is no time of day; write",
    ),
]


@pytest.mark.parametrize(("toml", "line"), ALERT_MISTAKES)
def test_alerts_and_quiet_hours_are_judged_like_the_rest(tmp_path: Path, toml: str, line: str) -> None:
    """Their channels must be there, their name is nobody else's, and UTC is not guessed."""
    whole = f"{toml}\n{WHOLE}" if toml.startswith("alerts") else WHOLE + toml
    (told,) = mistakes(tmp_path, whole)
    assert line in told


def test_alerts_are_a_subscription_to_trouble(tmp_path: Path) -> None:
    """They stand among the subscriptions, told at once; without channels there are none."""
    *_, alerts = judged(tmp_path, WHOLE + '[alerts]\nchannels = ["ci-team", "ci-team"]\n').subscriptions
    assert (alerts.name, alerts.channels, alerts.cadence) == ("alerts", ("ci-team",), "immediate")
    assert alerts.only_notices
    assert len(judged(tmp_path, WHOLE + "[alerts]\n").subscriptions) == 1


def test_two_tables_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    """Names of channels and subscriptions are unique."""
    channel = '[[channels]]\nname = "a"\ntype = "pigeon"\nto = "x"\n'
    assert mistakes(tmp_path, channel * 2) == ["channels.a: 2 tables have this name; rename all but one"]


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    """A syntax error names the file and the place."""
    (told,) = mistakes(tmp_path, "[poll\nevery")
    assert "trialwire.toml: not TOML" in told
    assert "line 1" in told


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """`TRIALWIRE_<SECTION>__<KEY>` wins over the file, table by table, and rule ids keep their case."""
    settings = judged(
        tmp_path,
        WHOLE,
        TRIALWIRE_STORE__URL="sqlite:////tmp/other.db",
        TRIALWIRE_REGISTRIES__HEAVEN__BASE_URL="http://127.0.0.1:8",
        TRIALWIRE_POLL__EVERY="2h",
        TRIALWIRE_RULES__C6__THRESHOLD_DAYS="90",
        TRIALWIRE_RULES__m7__LEVEL="minor",
        TRIALWIRE_FAILPOINT="nothing",
    )
    assert settings.store_url == "sqlite:////tmp/other.db"
    assert settings.registries["heaven"] == Heaven(base_url="http://127.0.0.1:8", requests_per_second=5)
    assert (settings.poll.every_s, settings.poll.backfill) == (7200.0, "off")
    assert settings.rules.limit("C6", "threshold_days") == 90
    assert settings.rules.level("m7") == "minor"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("TRIALWIRE_STOR__URL", "stor: unknown section; did you mean 'store'?"),
        ("TRIALWIRE_STORE__URI", "store.uri: unknown key; did you mean 'url'?"),
        ("TRIALWIRE_CHANNELS__A__TO", "channels: must be a list of tables"),
    ],
)
def test_a_variable_that_sets_nothing_is_a_mistake(tmp_path: Path, name: str, line: str) -> None:
    """A misspelt variable is told like a misspelt key."""
    (told,) = mistakes(tmp_path, "", **{name: "x"})
    assert line in told


def test_a_missing_secret_is_no_mistake_by_itself(tmp_path: Path) -> None:
    """A look-up loads without the secret; it is told together with any other mistake, while it is missing."""
    toml = '[[channels]]\nname = "a"\ntype = "pigeon"\nto = "x"\nring_file = "ring"\n'
    assert judged(tmp_path, toml).channels[0].name == "a"
    secret = f"channels.a.ring_file: no such secret: {tmp_path / 'ring'}; create the file"
    misspelt = toml + "[poll]\nevry = 1\n"
    told = mistakes(tmp_path, misspelt)
    assert any(line.startswith("poll.evry: unknown key") for line in told)
    assert secret in told
    (tmp_path / "ring").write_text("secret")
    assert mistakes(tmp_path, misspelt) == [line for line in told if line != secret]


def test_a_value_that_may_be_secret_is_not_repeated(tmp_path: Path) -> None:
    """An inline password is refused without being shown."""
    toml = '[[channels]]\nname = "a"\ntype = "pigeon"\nto = "x"\npassword = "hunter2"\n'
    (told,) = mistakes(tmp_path, toml)
    assert "channels.a.password: unknown key" in told
    assert "hunter2" not in told


def test_the_file_is_looked_for_in_order(tmp_path: Path) -> None:
    """Option, variable, working directory, home: the first there is wins (contract section 1)."""
    places = {
        "option": tmp_path / "option.toml",
        "variable": tmp_path / "variable.toml",
        "here": tmp_path / "here" / "trialwire.toml",
        "home": tmp_path / "home" / ".config" / "trialwire" / "trialwire.toml",
    }
    for number, path in enumerate(places.values(), start=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[poll]\nevery = "{number}h"\n')
    env = {"HOME": str(tmp_path / "home"), "TRIALWIRE_CONFIG": str(places["variable"])}
    home = {"HOME": env["HOME"]}
    here, elsewhere = tmp_path / "here", tmp_path
    assert load(places["option"], env, MODELS, cwd=here).path == places["option"]
    assert load(None, env, MODELS, cwd=here).path == places["variable"]
    assert load(None, home, MODELS, cwd=here).path == places["here"]
    assert load(None, home, MODELS, cwd=elsewhere).path == places["home"]


def test_a_home_that_cannot_be_looked_at_holds_no_file(tmp_path: Path) -> None:
    """After a change of user `$HOME` may be somebody else's; that is no reason to fail."""
    assert load(None, {"HOME": "/" + "x" * 5000}, MODELS, cwd=tmp_path).path is None


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """A config file asked for and missing is an error, never a silent default."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such config file"):
        load(None, {"TRIALWIRE_CONFIG": str(tmp_path / "nowhere.toml")}, MODELS)


def test_the_state_directory_is_found_in_order(tmp_path: Path) -> None:
    """Setting, systemd's variable, a checkout's `./state`, the home's (contract section 1)."""
    systemd = {"STATE_DIRECTORY": "/var/lib/trialwire"}
    named = judged(tmp_path, '[store]\nstate_dir = "elsewhere"', **systemd)
    assert named.state_dir == tmp_path / "elsewhere"
    assert judged(tmp_path, "", **systemd).state_dir == Path("/var/lib/trialwire")
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text('[project]\nname = "trialwire"\n')
    assert judged(checkout).state_dir == checkout / "state"
    assert judged(checkout, "", **systemd).state_dir == Path("/var/lib/trialwire")


def test_mistakes_are_told_in_words(tmp_path: Path) -> None:
    """A text for a list, a unit on a number, a name in no list: told as people would, each once."""
    found = mistakes(
        tmp_path,
        """
        [delivery]
        parallel = "8 at once"
        [log]
        level = 3
        [[channels]]
        name = "a b"
        type = "mail"
        [[channels]]
        name = "roof"
        type = "pigeon"
        to = 7
        [[channels]]
        name = "roof"
        type = "pigeon"
        to = 7
        [[subscriptions]]
        name = "m"
        channels = "roof"
        cadence = "weekly"
        trials = ["XX1"]
        rules = ["Z1"]
        [[subscriptions]]
        name = "n"
        channels = []
        cadence = "hourly"
        """,
    )
    for line in (
        "delivery.parallel: '8 at once' is no number; write one without quotes and unit",
        "channels.a b.type: unknown channel type 'mail'; known: pigeon",
        "channels.roof: 2 tables have this name; rename all but one",
        "channels.roof.to: 7 is no text; write it in quotes",
        "subscriptions.m.channels: 'roof' is no list; write [\"roof\"]",
        "subscriptions.m.trials: 'XX1' is not a trial number; Known forms: HV and digits.",
        "subscriptions.m.rules: there is no 'Z1'; `trialwire rules` lists all",
        "subscriptions.n.channels: is empty; name at least one",
    ):
        assert found.count(line) == 1, (line, found)
    (cadence,) = (line for line in found if line.startswith("subscriptions.m.cadence"))
    assert cadence.count("'weekly'") == 1
    assert len(found) == len(set(found))
