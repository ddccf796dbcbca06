"""Production that somebody keeps in a Zabbix: a real one."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from elfe import clock, connectors
from elfe.connectors import zabbix as source
from elfe.errors import HistoryAway, SettingsError, SourceError
from elfe.history.values import PartlyKept, Reading
from elfe.history.zabbix.api import Access, Api
from elfe.history.zabbix.store import ZabbixHistory
from tests.brokers import until
from tests.zabbix import Zabbix, zabbix  # noqa: F401 - a fixture


@pytest.fixture
def options(zabbix: Zabbix, tmp_path: Path) -> dict[str, object]:  # noqa: F811
    (tmp_path / "password").write_text("zabbix\n")
    return {"url": zabbix.url, "user": "Admin", "password_file": str(tmp_path / "password")}


@pytest.mark.zabbix
def test_an_items_values_are_read_since_it_was_last_asked(options, zabbix):  # noqa: F811
    history = ZabbixHistory(Access(zabbix.url, user="Admin", password="zabbix", trapper_port=zabbix.trapper))
    series, now = history.series("Centrale solaire puissance", "kW"), clock.now()
    asked = source.connect({**options, "item": "Centrale solaire puissance", "scale": 1000})

    def told() -> bool:
        with suppress(PartlyKept):      # until Zabbix has read of the new item
            history.append([Reading(series, now - timedelta(minutes=n), n / 2) for n in (0, 1, 30)])
        return len(asked.read(now - timedelta(minutes=5), now)) == 2

    until(told, within_s=60)
    older, newer = asked.read(now - timedelta(minutes=5), now)
    assert (older.value, newer.value) == (500.0, 0.0)
    assert older.at is not None
    assert abs(older.at - (now - timedelta(minutes=1))) < timedelta(milliseconds=2)
    elsewhere = source.connect({**options, "item": "Centrale solaire puissance", "host": "another"})
    with pytest.raises(SourceError, match="no item that we may see is called so"):
        elsewhere.read(now - timedelta(minutes=5), now)


@pytest.mark.zabbix
def test_a_zabbix_that_does_not_let_us_in_names_the_setting_to_look_at(options, zabbix):  # noqa: F811
    now, by_token = clock.now(), {"url": zabbix.url, "token_file": options["password_file"]}
    for given, settings in (({**options, "user": "Nobody"}, "user and password_file"), (by_token, "token_file")):
        with pytest.raises(SourceError, match=rf"item\.get.*; look at {settings}$"):
            source.connect({**given, "item": "x"}).read(now, now)
    for access, settings in ((Access(zabbix.url, user="Nobody", password="wrong"), r"zabbix\.user and zabbix\.password_file"),
                             (Access(zabbix.url, token="wrong"), r"zabbix\.token_file")):
        with pytest.raises(HistoryAway, match=rf"Zabbix refuses item\.get.*; look at {settings}$"):
            Api(access)("item.get", {"limit": 1})
    with pytest.raises(HistoryAway, match=r"refuses item\.nothing") as error:
        Api(Access(zabbix.url, user="Admin", password="zabbix"))("item.nothing", {})
    assert "look at" not in str(error.value)


@pytest.mark.parametrize("url", ["http://me:s3cret@127.0.0.1:1/?k=s3cret", "http://me:s3cret@127.0.0.1"])
def test_a_zabbix_that_cannot_be_asked_is_told_without_the_secrets_of_its_address(url, tmp_path):
    (tmp_path / "token").write_text("t0ken")
    asked = source.connect({"url": url, "item": "x", "token_file": str(tmp_path / "token")})
    for ask in (lambda: asked.read(clock.now(), clock.now()), lambda: Api(Access(url, token="t0ken"))("host.get", {})):
        with pytest.raises((SourceError, HistoryAway), match=r"127\.0\.0\.1") as error:
            ask()
        assert "s3cret" not in str(error.value)


def test_a_zabbix_that_is_not_there_is_told_in_a_sentence(tmp_path):
    (tmp_path / "token").write_text("s3cr3t")
    asked = source.connect({"url": "http://127.0.0.1:1", "item": "x", "token_file": str(tmp_path / "token")})
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1") as error:
        asked.read(clock.now(), clock.now())
    assert "s3cr3t" not in str(error.value)
    with pytest.raises(SettingsError, match="a token_file is needed"):
        connectors.opened({"x": {"connector": "zabbix", "url": "http://127.0.0.1:1", "item": "x"}})
