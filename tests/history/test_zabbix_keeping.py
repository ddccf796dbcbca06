"""Zabbix kept as what is installed asks for, and a recorder that loses nothing while it is away: on a real server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import update

from elfe import clock
from elfe.app.context import Context
from elfe.app.zabbix import Follower
from elfe.cli import app
from elfe.coordination import queries, store
from elfe.history import keeper
from elfe.history.doubt import WRITTEN_WITHIN
from elfe.history.values import PartlyKept, Reading
from elfe.history.zabbix.naming import place, tags
from elfe.history.zabbix.store import ZabbixHistory
from elfe.indicators.definitions import INDICATORS
from elfe.settings import load
from tests.brokers import until
from tests.cli.test_cli import RUNNER, elfe
from tests.history.test_both_stores import NOON, access
from tests.history.test_recorder import Bench, bench, memory  # noqa: F401 - fixtures
from tests.zabbix import Zabbix, zabbix  # noqa: F401 - a fixture

INVENTORY = """\
participant;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;volume_l;puissance_w
R004;Lave-linge;lave_linge;120;A901;11;111;A8BC25;;
R004;Ballon;ballon_ecs;180;D901;12;411;;200;2200
R004;Ballon;;;B901;21;211;;;
R005;Chambre;lave_vaisselle;120;A902;11;112;;;
"""


@pytest.mark.parametrize(("name", "host", "key"), [
    ("D101 puissance", "D101", "puissance"), ("D101 puissance apparente", "D101", "puissance_apparente"),
    ("Panel_R_puissance_mae", "Zabbix server", "Panel_R_puissance_mae"),
    ("Equilibre General P=C bis", "Zabbix server", "equilibre_general_p_c_bis")])
def test_a_series_has_its_place_by_its_name(name, host, key):
    assert (place(name).host, place(name).key, place(name).name) == (host, key, name)


def test_the_tags_are_those_of_the_contract():
    assert ("appareil", "LV") in tags("A101 puissance", 111)
    assert ("appareil", "ECS") in tags("B901 energie", 131)      # the first EMS takes a tank's day from its counter
    assert not [each for each in tags("A101 energie today", 111) if each[0] == "appareil"]
    for each in INDICATORS:
        assert tags(each.key) == (("client", "indicateur"), ("indicateurs", ""))
    for name in ("Prod_solaire", "prix_spot", "ems_run_time_ms", "Equilibre General P=C bis", "Panel_R_puissance_mae"):
        assert tags(name) == (("elfe", "territoire"),)


@pytest.fixture
def here(tmp_path, monkeypatch, zabbix: Zabbix) -> Iterator[Context]:  # noqa: F811
    """Four devices in two homes, and the history in Zabbix."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text("zabbix")
    (tmp_path / "elfe.toml").write_text(
        f'[zabbix]\nurl = "{zabbix.url}"\nuser = "Admin"\npassword_file = "password"\ntrapper_port = {zabbix.trapper}\n')
    (tmp_path / "inventory.csv").write_text(INVENTORY)
    elfe("devices", "provision", "inventory.csv", "--yes")
    found = Context(load(tmp_path / "elfe.toml"))
    yield found
    hosts = found.history.api("host.get", {"output": ["hostid"], "groupids": [found.history.group()]})
    found.history.api("host.delete", [each["hostid"] for each in hosts])


@pytest.mark.zabbix
def test_the_items_of_what_is_installed_are_made_with_their_tags_and_again_nothing_changes(here):
    assert elfe("zabbix", "sync").endswith("0 items created, 0 changed, 52 stand.\n")
    said = json.loads(elfe("zabbix", "check", "--json"))
    assert [each for each in said["items"] if each["what"] != "foreign"] == said["series"] == []
    items = {each.name: each for each in here.history.items(filter={"host": ["A901", "D901", "B901", "A902"]})}
    assert {"A901 puissance", "A901 energie", "A901 etat", "A901 presence", "B901 puissance", "D901 puissance"} <= items.keys()
    assert ("appareil", "LL") in items["A901 puissance"].tags
    assert ("appareil", "ECS") in items["B901 puissance"].tags
    assert (items["A902 energie"].unit, items["A902 energie"].host) == ("Wh", "A902")
    general = {each.key: each for each in here.history.items(filter={"host": "Zabbix server"})}
    assert (general["Cumul_energie_placee"].name, ("client", "indicateur") in general["Cumul_energie_placee"].tags) == (
        "Cumul énergie placée", True)
    assert {"Panel_R_puissance_mae", "Panel_Prod_puissance_mae", "equilibre_general_p_c_bis"} <= general.keys()


@pytest.mark.zabbix
def test_the_doctor_asks_zabbix_and_its_trapper(here):
    said = {each["what"]: each for each in json.loads(RUNNER.invoke(app, ["doctor", "--json"]).stdout)}
    assert said["database history"] == {"what": "database history", "state": "ok", "says":
                                        f"Zabbix at {here.history.where}; `elfe zabbix check` looks at its items"}
    with open("elfe.toml", "a") as more:
        more.write('trapper_host = "127.0.0.2"\n')
    said = {each["what"]: each for each in json.loads(RUNNER.invoke(app, ["doctor", "--json"]).stdout)}
    assert said["database history"]["state"] == "fail"
    assert "its trapper at 127.0.0.2" in said["database history"]["says"]


@pytest.mark.zabbix
def test_the_series_that_the_portal_is_told_is_the_item(here):
    [washer] = [each for each in store.standing(here.coordination).appliances if each.name == "Lave-linge"]
    assert washer.power_series == here.history.find("A901 puissance")


@pytest.mark.zabbix
def test_what_somebody_changed_is_told_and_put_right_and_what_is_not_ours_stays(here):
    elfe("zabbix", "sync")
    zabbix = here.history  # noqa: F811
    ids = {each.name: str(each.id) for each in zabbix.items(filter={"host": ["A901", "A902", "B901"]})}
    zabbix.api("item.update", [{"itemid": ids["A901 puissance"], "name": "prise de Anne", "tags": [{"tag": "cave", "value": ""}]},
                               {"itemid": ids["A902 energie"], "status": 1, "units": "kWh"}])
    zabbix.api("item.delete", [ids["B901 energie"]])
    host = zabbix.hosts({"A902"})["A902"]
    zabbix.api("item.create", {"hostid": host, "name": "Z999 puissance", "key_": "autre", "type": 2, "value_type": 0, "delay": "0"})
    zabbix.series("A902 energie today", "Wh")

    checked = RUNNER.invoke(app, ["zabbix", "check"])
    assert checked.exit_code == 1
    assert "A901 puissance (is called 'prise de Anne'; lacks appareil:LL" in checked.output
    assert "A902 energie (is disabled; is in kWh)" in checked.output
    assert "left alone: Z999 puissance" in checked.output
    assert "A902 energie today" not in checked.output            # A902 is installed, and says so
    assert "1 items to be created" in checked.output

    elfe("zabbix", "sync")
    assert RUNNER.invoke(app, ["zabbix", "check"]).exit_code == 0
    [mended] = zabbix.items(itemids=[ids["A901 puissance"]])
    assert (mended.name, ("cave", "") in mended.tags, ("appareil", "LL") in mended.tags) == ("A901 puissance", True, True)
    assert zabbix.items(filter={"name": "Z999 puissance"}) != []


@pytest.mark.zabbix
def test_the_series_of_an_appliance_follows_its_item(here):
    elfe("zabbix", "sync")
    with here.coordination.begin() as connection:
        connection.execute(update(queries.MACHINE).values(mesures_puissance_elec_id=4))
    assert len(json.loads(elfe("zabbix", "sync", "--dry-run", "--json"))["series"]) == 2
    elfe("zabbix", "sync")
    [washer] = [each for each in store.standing(here.coordination).appliances if each.name == "Lave-linge"]
    assert washer.power_series == here.history.find("A901 puissance")


@pytest.mark.zabbix
def test_without_zabbix_in_the_settings_it_says_what_to_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "name it under [zabbix]" in str(RUNNER.invoke(app, ["zabbix", "sync"]).exception)


# -- the recorder --------------------------------------------------------------------------------------------------------------


@pytest.mark.zabbix
def test_e3_nothing_is_lost_while_zabbix_is_away_and_nothing_doubled_when_it_returns(bench: Bench, zabbix: Zabbix, monkeypatch):  # noqa: F811
    history = ZabbixHistory(access(zabbix))
    series = history.series("D101 puissance", "W")
    bench.now = NOON               # not so long ago that Zabbix' housekeeper comes
    monkeypatch.setattr(bench.recorder.keeper, "history", history)
    sent = 0

    def speak(times: int) -> None:
        nonlocal sent
        for _ in range(times):
            sent += 1
            bench.hear(("D101/power", str(sent).encode()), after=timedelta(seconds=1))

    def drained() -> bool:
        bench.hear(after=keeper.RETRIES_EVERY)
        return bench.recorder.keeper.spool.count == 0

    speak(10)
    until(drained, within_s=30)
    zabbix.stop()
    try:
        speak(50)
        assert bench.recorder.keeper.spool.count == 60      # what it took last may not be written, and goes again
    finally:
        zabbix.start()
    speak(10)
    until(drained, within_s=30)
    begin = bench.now - timedelta(days=1)
    until(lambda: len(history.readings(series, begin, bench.now)) >= sent, within_s=30)
    assert [each.value for each in history.readings(series, begin, bench.now)] == [float(each) for each in range(1, sent + 1)]
    assert bench.recorder.keeper.spool.counted() == {}


@pytest.mark.zabbix
def test_e3_what_zabbix_took_and_had_not_written_when_it_died_goes_again(zabbix: Zabbix):  # noqa: F811
    history, kept = ZabbixHistory(access(zabbix)), keeper.Keeper(ZabbixHistory(access(zabbix)))
    seconds, now = count(), NOON
    values = (float(each) for each in count(1))

    def speak() -> None:
        kept.keep([keeper.spooled("D102 puissance", "W", NOON + timedelta(seconds=next(seconds)), next(values))], now)

    def written() -> list[float]:
        return [each.value for each in history.readings(history.series("D102 puissance"), NOON, NOON + timedelta(days=1))]

    def passed(some: timedelta) -> bool:
        nonlocal now
        now += some
        kept.catch_up(now)
        return kept.spool.count == 0

    speak()
    until(lambda: passed(keeper.RETRIES_EVERY), within_s=30)
    until(lambda: written() == [1.0], within_s=30)
    zabbix.hold_back()
    speak()
    assert kept.counters["kept"] == 2
    zabbix.kill()
    zabbix.start()
    assert written() == [1.0]
    passed(WRITTEN_WITHIN)
    passed(WRITTEN_WITHIN)                                          # nobody saw it go: it is looked for
    until(lambda: passed(keeper.RETRIES_EVERY), within_s=30)
    until(lambda: written() == [1.0, 2.0], within_s=30)             # no time passes for the keeper while Zabbix writes

    zabbix.hold_back()
    speak()
    zabbix.kill()
    speak()                                                         # now it is seen
    assert kept.spool.count == 4
    zabbix.start()
    until(lambda: passed(keeper.RETRIES_EVERY), within_s=30)
    until(lambda: written() == [1.0, 2.0, 3.0, 4.0], within_s=30)
    assert kept.counters["kept"] == 4


@pytest.mark.zabbix
def test_an_item_that_is_deleted_while_it_is_written_to_is_made_again_and_its_appliance_follows(here, caplog):
    recording = Context(load(Path("elfe.toml")))
    history, kept = recording.history, keeper.Keeper(recording.history)
    follower = Follower(recording.settings, history)
    follower.look()
    assert follower.thread.ident is None
    before, now, later = history.find("A901 puissance"), clock.now(), count(1)

    def written(number: int) -> None:
        kept.keep([keeper.spooled("A901 puissance", "W", now + timedelta(milliseconds=number), float(number))], now)
        until(lambda: (kept.catch_up(now + next(later) * keeper.RETRIES_EVERY), not kept.spool.count)[1], within_s=30)

    written(1)
    here.history.api("item.delete", [str(before)])
    until(lambda: (written(2), history.find("A901 puissance") != before)[1], within_s=30)
    after = history.find("A901 puissance")
    assert [each.value for each in history.readings(after, now - timedelta(days=1), now + timedelta(days=1))] in ([], [2.0])
    follower.look()
    follower.thread.join(60)
    [washer] = [each for each in store.standing(here.coordination).appliances if each.name == "Lave-linge"]
    assert washer.power_series == after
    assert "52 stand" in elfe("zabbix", "check")
    assert "1 items were missing in Zabbix and were made" in caplog.text


@pytest.mark.zabbix
def test_a_host_that_is_deleted_is_made_again(zabbix: Zabbix):  # noqa: F811
    history = ZabbixHistory(access(zabbix))
    history.series("Y901 puissance", "W")
    history.api("host.delete", [history.hosts({"Y901"})["Y901"]])
    assert history.all_series({"Y901 energie": "Wh"}) == {}      # of what it knew nothing stands
    found = history.all_series({"Y901 energie": "Wh"})
    assert [each.id for each in history.items(filter={"host": "Y901"})] == list(found.values())


@pytest.mark.zabbix
def test_series_are_found_and_made_together_and_one_that_zabbix_does_not_take_costs_no_other(zabbix: Zabbix, caplog):  # noqa: F811
    history, asked = ZabbixHistory(access(zabbix)), []
    ask = history.api
    history.api = lambda method, params: (asked.append(method), ask(method, params))[1]
    wanted = {f"X{n:03} puissance": "W" for n in range(100, 140)}
    ids = history.all_series(wanted)
    assert ids.keys() == wanted.keys()
    assert Counter(asked) == Counter(["item.get"] * 2 + ["item.create", "hostgroup.get", "host.create", "host.get"]) | Counter(
        set(asked) & {"hostgroup.create"})
    assert ZabbixHistory(access(zabbix)).all_series(wanted) == ids
    odd = "x" * 300
    more = history.all_series({f"X{n:03} energie": "Wh" for n in range(100, 140)} | {odd: ""})
    assert len(more) == 40
    assert [each for each in caplog.messages if each.startswith(f"no item for {odd}")] != []


@pytest.mark.zabbix
def test_an_item_that_was_replaced_is_found_by_those_who_only_read(zabbix: Zabbix, monkeypatch):  # noqa: F811
    writes, reads = (ZabbixHistory(access(zabbix)) for _ in range(2))
    before = writes.series("Y902 puissance", "W")
    assert reads.find("Y902 puissance") == before
    writes.api("item.delete", [str(before)])
    monkeypatch.setattr("elfe.history.zabbix.store.ASKED_ANEW_S", 0.0)
    assert reads.find("Y902 puissance") is None
    after = writes.series("Y902 puissance", "W")
    assert reads.find("Y902 puissance") == after != before


# -- what operators see ---------------------------------------------------------------------------------------------------------


def watched(here) -> dict[str, str]:
    rows = here.history.api("trigger.get", {"output": ["description", "expression"], "expandExpression": True,
                                            "tags": [{"tag": "elfe", "value": "watch", "operator": 1}]})
    return {each["description"]: each["expression"] for each in rows}


@pytest.mark.zabbix
def test_what_is_installed_is_watched_and_what_has_left_no_longer_is(here):
    names = watched(here)
    assert names["A901 is offline"] == "max(/A901/presence,1h)=0"      # as its template says
    assert {"A901 measures nothing", "B901 is offline", "elfe: no balance for 30 minutes"} <= names.keys()
    zabbix = here.history  # noqa: F811
    [mine] = zabbix.api("trigger.get", {"output": ["triggerid"], "filter": {"description": "D901 is offline"}})
    zabbix.api("trigger.update", {"triggerid": mine["triggerid"], "expression": "max(/D901/presence,5m)=0", "priority": 4})
    old = {"tag": "elfe.expression", "value": "as an older elfe wrote it"}
    [old_one] = zabbix.api("trigger.get", {"output": ["triggerid"], "filter": {"description": "A902 is offline"}})
    zabbix.api("trigger.update", {"triggerid": old_one["triggerid"], "tags": [{"tag": "elfe", "value": "watch"}, old]})
    zabbix.api("trigger.create", {"description": "of nobody", "expression": "last(/D901/puissance)>1",
                                  "tags": [{"tag": "elfe", "value": "watch"}]})
    assert "0 triggers created, 1 changed, 1 removed." in elfe("zabbix", "sync")
    [mine] = zabbix.api("trigger.get", {"output": ["priority"], "filter": {"description": "D901 is offline"}})
    assert (mine["priority"], watched(here)["D901 is offline"]) == ("4", "max(/D901/presence,5m)=0")      # theirs to say
    [template] = zabbix.api("template.get", {"filter": {"host": "elfe-point"}, "selectMacros": "extend", "selectHosts": ["host"]})
    assert {each["macro"]: each["value"] for each in template["macros"]}["{$ELFE.OFFLINE}"] == "1h"
    assert {"A901", "A902", "B901", "D901"} <= {each["host"] for each in template["hosts"]}
    assert elfe("zabbix", "check").endswith("52 stand.\n")


@pytest.mark.zabbix
def test_a_host_that_somebody_renamed_is_watched_under_its_name_and_holds_up_nobody(here):
    zabbix = here.history  # noqa: F811
    zabbix.api("host.update", {"hostid": zabbix.hosts({"D901"})["D901"], "host": "cave-de-Paul"})
    elfe("zabbix", "sync")
    names = watched(here)
    assert names["D901 is offline"] == "max(/cave-de-Paul/presence,1h)=0"
    assert names["A901 is offline"] == "max(/A901/presence,1h)=0"
    assert elfe("zabbix", "check").endswith("52 stand.\n")
    assert zabbix.api("host.get", {"filter": {"host": "D901"}}) == []


@pytest.mark.zabbix
def test_a_device_that_is_offline_is_a_problem_on_the_dashboard(here):
    zabbix = here.history  # noqa: F811
    series = zabbix.find("A902 presence")
    assert series is not None

    def is_told() -> bool:
        with suppress(PartlyKept):      # until Zabbix has read of the new item
            zabbix.append([Reading(series, clock.now() - timedelta(minutes=each), 0.0) for each in (59, 30, 0)])
        found = zabbix.api("problem.get", {"tags": [{"tag": "elfe", "value": "watch", "operator": 1}]})
        return any(each["name"] == "A902 is offline" for each in found)

    until(is_told, within_s=30)
    [shown] = zabbix.api("dashboard.get", {"filter": {"name": "elfe"}, "selectPages": "extend"})
    assert [each["type"] for each in shown["pages"][0]["widgets"]] == ["problems", *["svggraph"] * 3]
    assert shown["private"] == "0"      # not only for the account that made it
