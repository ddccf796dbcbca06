"""One interface, two stores: what must be true of the history in SQL and in a real Zabbix alike."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from elfe.errors import HistoryAway
from elfe.history.quarters import counted
from elfe.history.store import open_history
from elfe.history.values import History, PartlyKept, Reading
from elfe.history.zabbix.api import Access
from elfe.history.zabbix.naming import Item
from elfe.history.zabbix.store import ZabbixHistory
from elfe.slots import slot_of
from tests.brokers import until
from tests.zabbix import Zabbix, zabbix

__all__ = ["zabbix"]
NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
NUMBERS = itertools.count(100)


def access(running: Zabbix) -> Access:
    return Access(running.url, user="Admin", password="zabbix", trapper_port=running.trapper)


class Settled(ZabbixHistory):
    """Waits until the trapper knows its items, and until what was sent can be read."""

    def append(self, readings: Iterable[Reading]) -> None:
        waiting = list(readings)

        def taken() -> bool:
            nonlocal waiting
            try:
                super(Settled, self).append(waiting)
            except PartlyKept as error:
                waiting = list(error.refused)
                return False
            return True

        given = {each.series: each for each in sorted(waiting, key=lambda each: each.at)}
        until(taken, within_s=30)
        until(lambda: all(self._there(each) for each in given.values()), within_s=30)

    def _there(self, reading: Reading) -> bool:
        at = reading.at - timedelta(microseconds=reading.at.microsecond % 1000)
        return any(each.at == at for each in self._values([reading.series], at, at + timedelta(seconds=1)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql),
                        pytest.param("zabbix", marks=pytest.mark.zabbix)])
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[History]:
    if request.param == "zabbix":
        yield Settled(access(request.getfixturevalue("zabbix")))
        return
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/history.db"
    history = open_history(url)
    yield history
    history.engine.dispose()


@pytest.fixture
def name() -> Callable[[str], str]:
    """Names that no other test has used: Zabbix is the same for all."""
    point = f"D{next(NUMBERS)}"
    return lambda what: f"{point} {what}"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_series_is_made_once_and_found_by_its_name(store, name):
    assert store.find(name("puissance")) is None
    power, energy = store.series(name("puissance"), "W"), store.series(name("energie"), "Wh")
    assert power != energy
    assert store.series(name("puissance"), "W") == store.find(name("puissance")) == power
    assert {(power, name("puissance"), "W"), (energy, name("energie"), "Wh")} <= set(store.names())
    assert {each[1] for each in store.of_point(name("").strip())} == {name("puissance"), name("energie")}


def test_a_reading_is_kept_once_and_as_it_first_was_in_any_order(store, name):
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, at(60), 300.0), Reading(power, NOON, 100.0)])
    store.append([Reading(power, NOON, 999.0), Reading(power, at(30), 200.0)])
    found = [(each.at, each.value) for each in store.readings(power, NOON, at(90))]
    assert found == [(NOON, 100.0), (at(30), 200.0), (at(60), 300.0)]


def test_it_says_which_of_some_readings_it_has_written(store, name):
    power, energy = store.series(name("puissance"), "W"), store.series(name("energie"), "Wh")
    kept = [Reading(power, at(0.25), 1.0), Reading(energy, at(0.25), 2.0)]
    store.append(kept)
    assert set(store.written(kept)) == set(kept)
    assert list(store.written(())) == []
    if store.forgets:
        assert store.written([*kept, Reading(power, at(0.5), 1.0), Reading(energy, at(9), 1.0)]) == kept


def test_an_instant_is_kept_to_the_millisecond_and_a_window_holds_its_start_and_not_its_end(store, name):
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, at(seconds), 1.5) for seconds in (-0.001, 0, 0.123456, 0.999, 1)])
    assert [each.at for each in store.readings(power, NOON, at(1))] == [NOON, at(0.123), at(0.999)]


def test_the_last_reading_before_an_instant(store, name):
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, at(0), 1.0), Reading(power, at(60), 2.0)])
    assert store.last(power, at(60)) == Reading(power, at(0), 1.0)
    assert store.last(power, at(60.001)) == Reading(power, at(60), 2.0)
    assert store.last(power, at(0)) is None


def test_quarters_are_exact_and_gaps_stay_gaps(store, name):
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, at(seconds), watts) for seconds, watts in ((-60, 500.0), (450, 1500.0), (2700, 100.0))])
    assert store.quarters(power, slot_of(NOON), 4, timedelta(minutes=15)) == [1000.0, 1500.0, None, 100.0]


def test_many_series_are_read_together_and_one_that_said_nothing_holds_nobody_up(store, name):
    power, felt, silent = (store.series(name(what), "") for what in ("puissance", "temp", "energie"))
    store.append([Reading(power, at(seconds), watts) for seconds, watts in ((-60, 500.0), (450, 1500.0), (2700, 100.0))])
    store.append([Reading(felt, at(10), 19.0), Reading(felt, at(20), 21.0)])
    quarter = timedelta(minutes=15)
    assert store.quarters_of([power, felt, silent], slot_of(NOON), 4, quarter) == {
        power: [1000.0, 1500.0, None, 100.0], felt: store.quarters(felt, slot_of(NOON), 4, quarter), silent: [None] * 4}
    assert store.newest([power, felt, silent], NOON, at(460)) == {
        power: Reading(power, at(450), 1500.0), felt: Reading(felt, at(20), 21.0)}
    assert store.newest([power, felt], at(20), at(450)) == {felt: Reading(felt, at(20), 21.0)}
    assert store.quarters_of([], slot_of(NOON), 4, timedelta(minutes=15)) == store.newest([], NOON, at(9)) == {}


def test_a_counter_that_was_reset_begins_a_new_count(store, name):
    energy = store.series(name("energie"), "Wh")
    said = ((0, 900.0), (600, 1000.0), (890, 1020.0), (910, 3.0), (1790, 53.0))
    store.append([Reading(energy, at(seconds), wh) for seconds, wh in said])
    found = counted(store.readings(energy, NOON, at(1800)), slot_of(NOON), 2, timedelta(minutes=15))
    assert found == [pytest.approx(120.0), pytest.approx(50.0)]


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-10-25", 100)])
def test_d1_a_day_of_92_or_100_quarters_is_read_whole(store, name, day, count):
    begin = datetime.fromisoformat(day).replace(tzinfo=PARIS)
    first, end = slot_of(begin), slot_of(begin + timedelta(days=1))
    assert end - first == count
    power = store.series(name("puissance"), "W")
    start = begin.astimezone(UTC)
    store.append([Reading(power, start + timedelta(minutes=5 * number), float(number // 3)) for number in range(3 * count)])
    assert store.quarters(power, first, count, timedelta(minutes=15)) == [float(each) for each in range(count)]


def test_what_is_forgotten_may_be_kept_under_another_name(store, name):
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, NOON, 1.0)])
    kept = store.forget(power, name("anonyme"))
    assert list(store.readings(power, NOON, at(60))) == []
    assert [each.value for each in store.readings(kept, NOON, at(60))] == [1.0]
    assert store.find(name("puissance")) == power


# -- Zabbix alone ----------------------------------------------------------------------------------------------------------------


@pytest.mark.zabbix
def test_what_zabbix_does_not_know_yet_is_said_and_the_rest_is_kept(zabbix, name):
    store = Settled(access(zabbix))
    known = store.series(name("puissance"), "W")
    store.append([Reading(known, NOON, 1.0)])
    plain = ZabbixHistory(access(zabbix))
    new = plain.series(name("energie"), "Wh")
    plain.api("item.update", {"itemid": str(new), "status": 1})
    with pytest.raises(PartlyKept) as told:
        plain.append([Reading(known, at(1), 2.0), Reading(new, at(1), 3.0)])
    assert [each.series for each in told.value.refused] == [new]
    until(lambda: [each.value for each in plain.readings(known, NOON, at(9))] == [1.0, 2.0], within_s=20)


@pytest.mark.zabbix
def test_an_item_that_stands_elsewhere_under_the_contracts_name_is_the_series(zabbix, name):
    """The first territory's items were made by hand, on hosts and under keys of their own."""
    store = ZabbixHistory(access(zabbix))
    host = store.hosts({name("à la main").replace(" ", "-").replace("à", "a")})
    [made] = store.api("item.create", {"hostid": next(iter(host.values())), "name": name("puissance"), "key_": "watts", "type": 2,
                                       "value_type": 3, "delay": "0"})["itemids"]
    assert store.series(name("puissance"), "W") == int(made)


@pytest.mark.zabbix
def test_readings_come_page_after_page(zabbix, name, monkeypatch):
    monkeypatch.setattr("elfe.history.zabbix.store.PAGE", 7)
    store = Settled(access(zabbix))
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, at(number * 0.4), float(number)) for number in range(40)])
    assert [each.value for each in store.readings(power, NOON, at(60))] == [float(number) for number in range(40)]


@pytest.mark.zabbix
@pytest.mark.parametrize(("changed", "told"), [
    ({"url": "http://127.0.0.1:9"}, "does not answer at http://127.0.0.1:9"), ({"password": "wrong"}, "refuses"),
    ({"user": "", "password": "", "token": "0" * 64}, "refuses")])
def test_an_access_that_does_not_work_is_told_without_its_secret(zabbix, changed, told):
    wrong = evolve(access(zabbix), **changed)
    with pytest.raises(HistoryAway, match=told) as error:
        ZabbixHistory(wrong).find("D100 puissance")
    assert "wrong" not in str(error.value)
    assert "0000" not in str(error.value) + repr(wrong)


@pytest.mark.zabbix
def test_a_token_is_enough(zabbix, name):
    api = ZabbixHistory(access(zabbix)).api
    [made] = api("token.create", {"name": name("token"), "userid": "1"})["tokenids"]
    token = api("token.generate", [made])[0]["token"]
    assert ZabbixHistory(evolve(access(zabbix), user="", password="", token=token)).find(name("puissance")) is None


@pytest.mark.zabbix
def test_a_token_that_was_replaced_is_read_again(zabbix, name):
    api = ZabbixHistory(access(zabbix)).api

    def token() -> tuple[str, str]:
        nonlocal id
        [id] = api("token.create", {"name": name(f"token {next(NUMBERS)}"), "userid": "1"})["tokenids"]
        return api("token.generate", [id])[0]["token"], ""

    id, tokens = "", []
    tokens.append(token())
    store = ZabbixHistory(evolve(access(zabbix), user="", password="", renewed=lambda: tokens[-1]))
    store.series(name("puissance"), "W")
    for end in (lambda: api("token.update", [{"tokenid": id, "expires_at": 1}]), lambda: api("token.delete", [id])):
        end()
        with pytest.raises(HistoryAway, match="refuses"):
            store.written(())
        tokens.append(token())
        store.written(())


@pytest.mark.zabbix
def test_a_trapper_that_is_away_is_told(zabbix, name):
    store = ZabbixHistory(evolve(access(zabbix), trapper_port=9))
    series = store.series(name("puissance"), "W")
    with pytest.raises(HistoryAway, match="trapper does not answer at 127"):
        store.append([Reading(series, NOON, 1.0)])


def _framed(words: bytes) -> bytes:
    return b"ZBXD\x01" + struct.pack("<II", len(words), 0) + words


@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"ZBXD", *map(_framed, (
        b"", b"hello", b"null", b"[1, 2]", b"\xff{}", b'{"response": "success"}', b'{"response": "failed", "info": "x"}',
        b'{"response": "success", "info": "lalala"}'))])
def test_whatever_answers_in_the_trappers_place_costs_nothing(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve() -> None:
            with server.accept()[0] as caller:
                caller.recv(65536)
                caller.sendall(answer)

        speaks = threading.Thread(target=serve)
        speaks.start()
        store = ZabbixHistory(Access("http://127.0.0.1:9", trapper_port=server.getsockname()[1], timeout_s=5))
        store._remember("D100 puissance", Item(7, "D100", "puissance", "D100 puissance", "W", 0))
        with pytest.raises(HistoryAway, match="trapper does not answer"):
            store.append([Reading(7, NOON, 1.0)])
        speaks.join()


@pytest.mark.zabbix
def test_an_item_that_somebody_deleted_costs_no_other_series(zabbix, name):
    store = Settled(access(zabbix))
    power = store.series(name("puissance"), "W")
    store.append([Reading(power, NOON, 7.0)])
    assert store.quarters_of([power, 999_999], slot_of(NOON), 1, timedelta(minutes=15)) == {power: [7.0], 999_999: [None]}
    with pytest.raises(HistoryAway, match="no item 999999"):
        store.readings(999_999, NOON, at(60))


def test_a_series_that_zabbix_does_not_take_costs_some_twenty_sends_and_no_other_series(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[Reading]] = []
    unknown = {77, 800}

    def not_taken(_: ZabbixHistory, given: list[Reading]) -> int:
        sent.append(given)
        return sum(each.series in unknown for each in given)

    monkeypatch.setattr(ZabbixHistory, "_send", not_taken)
    history = ZabbixHistory(Access("http://127.0.0.1:9"))
    given = [Reading(series, NOON + timedelta(seconds=series), 1.0) for series in range(1000)]
    with pytest.raises(PartlyKept) as told:
        history.append(given)
    assert sorted(each.series for each in told.value.refused) == sorted(unknown)
    assert len(sent) < 45
    taken = {each.series for batch in sent if not unknown & {each.series for each in batch} for each in batch}
    assert taken == set(range(1000)) - unknown
    monkeypatch.setattr(ZabbixHistory, "_send", lambda _, given: sent.append(given) or len(given))
    sent.clear()
    with pytest.raises(PartlyKept):
        history.append(given)
    assert len(sent) == 1
