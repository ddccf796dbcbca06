"""Settings: what is wrong is named with its line and what is accepted, and nothing starts."""

from __future__ import annotations

import pickle

import pytest
from attrs import field, frozen

from elfe import settings
from elfe.devices import drivers
from elfe.errors import SettingsError


def parse(text: str, **environ: str) -> settings.Settings:
    return settings.parse(text, environ, "elfe.toml")


def problems(text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        parse(text, **environ)
    return str(refused.value).splitlines()


def test_nothing_said_means_everything_embedded():
    given = parse("")

    assert given.broker.host == ""
    assert given.database("coordination").startswith("sqlite:///")
    assert given.zone.key == "Europe/Paris"


def test_the_environment_overrides_the_file():
    given = parse('[databases]\ncoordination = "sqlite:///a.db"\n', ELFE_DATABASES_COORDINATION="postgresql://b/c",
                  ELFE_COMMAND_POLL_S="2.5", ELFE_DATA_DIR="/var/lib/elfe", ELFE_PLUGINS_DISABLED="one, two")

    assert given.database("coordination") == "postgresql://b/c"
    assert (given.command.poll_s, given.data_dir, given.plugins.disabled) == (2.5, "/var/lib/elfe", ("one", "two"))


@pytest.mark.parametrize(("text", "said"), [
    ("[broker]\nhots = 'x'\n", ["elfe.toml, line 2: broker.hots: unknown key", "known: folder, homes_host"]),
    ("\n\ntimezone = 'Europe/Redon'\n", ["line 3: timezone: 'Europe/Redon' cannot be", "a time zone such as Europe/Paris"]),
    ("[broker]\nport = 'mqtt'\n", ["line 2: broker.port: 'mqtt' cannot be", "a whole number from 0 to 65535"]),
    ("[broker]\nport = 99999\n", ["line 2: broker.port: 99999 cannot be"]),
    ("[broker]\nprotocol = '4'\n", ["'5' or '3.1.1'"]),
    ("[ems]\ngap = true\n", ["line 2: ems.gap: True cannot be (accepted: a number from 0 to 1)"]),
    ("[brokers]\n", ["line 1: brokers: unknown key"]),
    ("broker = 3\n", ["line 1: broker: a section is expected: [broker]"]),
    ("a = \n", ["elfe.toml: "]),
])
def test_a_mistake_is_named_with_its_line_and_what_is_accepted(text, said):
    told = "\n".join(problems(text))

    assert all(each in told for each in said)


def test_all_mistakes_are_told_at_once():
    assert len(problems("[broker]\nport = -1\nhots = ''\n[ems]\ngap = 'small'\n")) == 3


def test_a_bad_variable_is_named_too():
    assert "ELFE_BROKER_PORT" in problems("", ELFE_BROKER_PORT="mqtt")[0]


def test_settings_travel_between_processes():
    given = parse("[plugins.acme]\nperiod_s = 3\n")

    assert pickle.loads(pickle.dumps(given)) == given


@frozen
class AcmeSettings:
    period_s: int = field(default=30, metadata={"from": 1, "to": 60})


class TestOfPlugins:
    """A plugin's own settings, read with its own class."""

    @pytest.fixture
    def acme(self):
        driver = drivers.Driver(type=None, plugin="acme", build_topics=None, decode_message=None, render_legacy_topics=None,
                                parse_legacy_topics=None, settings=lambda: AcmeSettings)
        return drivers.Drivers((drivers.Plugin("acme", "1"),), {900: driver})

    def test_are_an_instance_of_its_class(self, acme):
        read = settings.plugin_settings(parse("[plugins.acme]\nperiod_s = 3\n"), acme)

        assert read == {"acme": AcmeSettings(3)}

    @pytest.mark.parametrize(("text", "said"), [
        ("[plugins.acme]\nperiods = 3\n", "line 2: plugins.acme.periods: unknown key"),
        ("[plugins.acme]\nperiod_s = 99\n", "plugins.acme.period_s: 99 cannot be"),
        ("[plugins.acne]\nperiod_s = 3\n", "plugins.acne: no such plugin (installed: acme)"),
    ])
    def test_are_refused_by_name(self, acme, text, said):
        with pytest.raises(SettingsError, match=r"line") as refused:
            settings.plugin_settings(parse(text), acme)
        assert said in str(refused.value)
