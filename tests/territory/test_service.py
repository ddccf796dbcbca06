"""The territory's daemon on a real mosquitto, both databases and a real mail server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from attrs import define, evolve, field
from sqlalchemy import insert

from elfe import connectors
from elfe.app import post as post_office
from elfe.app.post import Post
from elfe.broker.client import MqttSession
from elfe.broker.session import Message
from elfe.connectors import PartlyRead, Sampled, Source, WeatherHour
from elfe.coordination import announced, queries, tables
from elfe.devices.drivers import Drivers, load
from elfe.devices.values import Publish
from elfe.ems import store as sortie_store
from elfe.ems.forecast import store as expected
from elfe.ems.values import Plan
from elfe.errors import HistoryAway, SourceError
from elfe.history.keeper import Keeper
from elfe.history.store import SqlHistory, open_history
from elfe.history.values import BALANCE, Reading
from elfe.slots import HORIZON, SLOT, slot_of, slot_start
from elfe.territory import store
from elfe.territory.balance import Sample
from elfe.territory.service import REFRESHES_EVERY, Place, Territory, World
from tests.brokers import connected, mosquitto, until  # noqa: F401 - a fixture

pytestmark = pytest.mark.mosquitto
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 10, 6, 0, 10, tzinfo=UTC)          # 7 h in Paris
FOUR = (-2000.0, -500.0, 500.0, 2000.0)


@define
class Told:
    """A source that does as it is told."""

    answers: list[Sequence[Sampled] | Exception]
    asked: int = 0

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@define
class Village:
    """A territory's world, and short words to fill it."""

    world: World
    place: Place
    here: MqttSession                                       # somebody who listens to everything
    sources: list[Source] = field(factory=list)
    running: list[Territory] = field(factory=list)

    def meter(self, id: int, watts: float, at: datetime = NOW) -> None:
        series = self.world.history.series(f"B{id:03} puissance", "W")
        with self.world.coordination.begin() as connection:
            connection.execute(insert(tables.ApplianceRow.__table__).values(
                id=id, nom_humain="Compteur", description="", utilisateur=f"R{id:03}", equipement_pilote_specifique_id=id,
                equipement_pilote_ou_mesure_type_id=410, equipement_pilote_ou_mesure_mode_id=1,
                typologie_installation_domotique_id=120, etat_controle_id=15, etat_commande_id=99, ems_consigne_marche=False,
                timestamp_derniere_mise_en_marche=0, timestamp_derniere_programmation=0))
            connection.execute(insert(tables.MeterRow.__table__).values(
                equipement_pilote_ou_mesure_id=id, numero_pdl="0", mesures_puissance_elec_id=series))
        self.world.history.append([Reading(series, at - timedelta(seconds=30), watts)])

    def participant(self, reference: str, email: str) -> None:
        with self.world.coordination.begin() as connection:
            connection.execute(insert(tables.ParticipantRow.__table__).values(reference=reference, email=email, observer=False))

    def plan(self, balance_w: tuple[float, ...], at: datetime = NOW) -> None:
        sortie_store.write_plan(self.world.sortie, Plan(slot_of(at), at, (), balance_w, "persistence", "optimal", 1.0, 1.0, 3))

    def balance(self, watts: float, slots: int, until_: datetime = NOW) -> None:
        series = self.world.history.series(BALANCE, "W")
        last = slot_of(until_)
        self.world.history.append([Reading(series, slot_start(last - i), watts + i % 7) for i in range(1, slots + 1)])

    def start(self) -> Territory:
        service = Territory(self.place, self.world, self.sources)
        until(lambda: self.world.session.ready, self.world.session)
        self.running.append(service)
        return service

    def said(self, topic: str) -> bytes:
        """What is said on a topic, waiting for it."""
        found: list[bytes] = []

        def came() -> bool:
            found.extend(each.payload for each in self.here.arrivals() if isinstance(each, Message) and each.topic == topic)
            return bool(found)

        until(came, self.here)
        return found[-1]


@pytest.fixture
def village(mosquitto, coordination_url: str, tmp_path: Path) -> Iterator[Village]:  # noqa: F811
    drivers: Drivers = load()
    coordination, sortie = queries.open_coordination(coordination_url), sortie_store.open_sortie(f"sqlite:///{tmp_path}/s.db")
    sortie_store.create_sortie(sortie)
    history = open_history(f"sqlite:///{tmp_path}/h.db")
    with closing(MqttSession(mosquitto.address, "elfe-territory")) as session, connected(mosquitto.address, "here", "#") as here:
        made = Village(World(session, coordination, sortie, history, drivers, lambda: []),
                       Place(PARIS, homes=100, folder=tmp_path / "public"), here)
        yield made
        for each in made.running:
            each.close()
    for engine in (coordination, sortie, history.engine):
        engine.dispose()


def source(name: str, *answers: Sequence[Sampled] | Exception, kind: str = "production", every_s: float = 60) -> Source:
    return Source(name, kind, every_s, Told(list(answers)))


def steps(service: Territory, now: datetime, holds: Callable[[], bool]) -> None:
    until(lambda: (service.step(now), holds())[1], service.world.session)


# -- the balance ---------------------------------------------------------------------------------------------------------------


def test_the_balance_is_published_and_kept_under_the_contracts_names(village):
    village.sources = [source("Prod_solaire", [Sampled(50_000.0)]), source("Prod_eolienne", [Sampled(25_000.0)])]
    village.meter(1, 300)
    village.meter(2, 250)
    service = village.start()
    steps(service, NOW, lambda: len(service._production) == 2)
    service.step(NOW + timedelta(minutes=1))
    assert float(village.said("INDICATEURS/general/equilibre2")) == 75_000 * 2 / 100 - 550
    history = village.world.history
    kept = {name: history.last(history.find(name), NOW + timedelta(hours=1)).value
            for name in ("Prod_solaire", "Panel_Prod_puissance_mae", "Panel_R_puissance_mae", "equilibre_general_p_c")}
    assert kept == {"Prod_solaire": 50_000.0, "Panel_Prod_puissance_mae": 1500.0, "Panel_R_puissance_mae": 550.0,
                    "equilibre_general_p_c": 950.0}


def test_f12_a_source_that_fails_is_told_once_and_its_last_value_stands_a_quarter(village, caplog):
    village.sources = [source("Prod_solaire", [Sampled(1000.4)], SourceError("https://x answers 500"))]
    village.meter(1, 5)
    service = village.start()
    steps(service, NOW, lambda: bool(service._production))
    for minute in range(1, 20):
        now = NOW + timedelta(minutes=minute)
        village.world.history.append([Reading(village.world.history.series("B001 puissance"), now, 5.0)])
        asked = village.sources[0].connector.asked
        steps(service, now, lambda: village.sources[0].connector.asked > asked and service._asked[0].answer is None)  # noqa: B023
    assert [each.message for each in caplog.records if "answers 500" in each.message] == ["Prod_solaire: https://x answers 500"]
    kept = village.world.history
    balances = kept.readings(kept.find("equilibre_general_p_c"), NOW, NOW + timedelta(hours=1))
    assert [each.at for each in balances] == [NOW + timedelta(minutes=minute) for minute in range(1, 16)]


def test_f12_a_source_that_is_asked_every_three_hours_is_asked_again_a_quarter_after_it_failed(village, caplog):
    hour = WeatherHour(NOW, 12.0, 300.0, 4.0)
    village.sources = [source("meteo", SourceError("https://x answers 500"), [hour], kind="weather", every_s=10_800)]
    service, told = village.start(), village.sources[0].connector

    def asked_at(minutes: int) -> int:
        steps(service, NOW + timedelta(minutes=minutes), lambda: bool(service._asked) and service._asked[0].answer is None)
        return told.asked

    assert [asked_at(minutes) for minutes in (0, 14, 15, 30, 194, 195)] == [1, 1, 2, 2, 2, 3]
    assert [each.message for each in caplog.records if "meteo" in each.message] == ["meteo: https://x answers 500",
                                                                                   "meteo: answers again"]


def test_f12_a_source_that_hangs_holds_nobody_up_and_is_told_once(village, caplog):
    leaves = threading.Event()

    @define
    class Hangs:
        def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
            leaves.wait(20)
            return ()

    village.sources = [*(Source(f"slow {n}", "production", 60, Hangs()) for n in range(20)), source("quick", [Sampled(9.0)])]
    service = village.start()
    steps(service, NOW, lambda: "quick" in service._production)
    for minute in (1, 2):
        service.step(NOW + timedelta(minutes=minute))
    assert [each.message for each in caplog.records if "slow 7" in each.message] == ["slow 7: has not answered for a minute"]
    leaves.set()


def test_a_source_on_the_broker_is_heard_and_a_word_that_is_no_number_is_counted(village):
    village.sources = connectors.opened({"Prod_eolienne": {"connector": "mqtt", "topic": "parc/p", "scale": 1000}})
    service = village.start()
    for payload in (b"wind", b"12.5"):
        village.here.send(Publish("parc/p", payload))
    steps(service, NOW, lambda: "Prod_eolienne" in service._production)
    assert service._production["Prod_eolienne"].value == 12_500.0
    assert service.counters["unreadable"] == 1


def test_f12_what_the_broker_had_kept_of_a_source_is_not_taken_for_now(village):
    village.sources = connectors.opened({
        "Prod_eolienne": {"connector": "mqtt", "topic": "parc/p"},
        "Prod_solaire": {"connector": "mqtt", "topic": "parc/dated", "path": "w", "time": "at"}})
    village.world.session.listen(())
    for topic, payload in (("parc/p", b"12500"), ("parc/dated", b'{"w":7,"at":"2026-03-10T05:50:00Z"}')):
        village.here.send(Publish(topic, payload, retain=True))
        village.said(topic)
    service = village.start()
    steps(service, NOW, lambda: "Prod_solaire" in service._production and bool(service.counters["retained"]))
    assert service._production == {"Prod_solaire": Sample(NOW - timedelta(seconds=610), 7.0)}
    assert village.world.history.find("Prod_eolienne") is None
    village.here.send(Publish("parc/p", b"13000", retain=True))
    steps(service, NOW, lambda: "Prod_eolienne" in service._production)
    assert service._production["Prod_eolienne"].value == 13_000.0


def test_f12_rows_of_another_time_are_told_and_neither_kept_nor_used(village, caplog):
    rows = [Sampled(1.0, datetime(9000, 1, 1, tzinfo=UTC)), Sampled(2.0, NOW - timedelta(minutes=1)),
            Sampled(3.0, datetime.min.replace(tzinfo=UTC))]
    village.sources = [source("Prod_solaire", rows)]
    service = village.start()
    steps(service, NOW, lambda: "Prod_solaire" in service._production)
    history = village.world.history
    kept = history.readings(history.find("Prod_solaire"), datetime(1971, 1, 1, tzinfo=UTC), datetime(9001, 1, 1, tzinfo=UTC))
    assert [each.value for each in kept] == [2.0]
    assert service.counters["of another time"] == 2
    assert "Prod_solaire: rows of another time are left out, one of 9000-01-01" in [each.message for each in caplog.records]


def test_f12_rows_that_can_be_read_are_kept_though_others_cannot(village, caplog):
    village.sources = [source("Prod_solaire", PartlyRead("line 3: a number is expected", [Sampled(5.0)]))]
    service = village.start()
    steps(service, NOW, lambda: "Prod_solaire" in service._production)
    assert "Prod_solaire: line 3: a number is expected" in [each.message for each in caplog.records]


def test_f12_a_strangers_connector_that_fails_on_a_message_stops_nothing(village, caplog):
    class Stranger:
        topics = ("parc/p",)

        def decode(self, payload: bytes) -> Sampled:
            raise KeyError("power")

    village.sources = [Source("Prod_eolienne", "production", 60, Stranger())]
    service = village.start()
    for _ in range(2):
        village.here.send(Publish("parc/p", b"1"))
    steps(service, NOW, lambda: service.counters["unreadable"] == 2)
    assert [each.message for each in caplog.records if "KeyError" in each.message] == ["Prod_eolienne: KeyError: 'power'"]


@pytest.mark.parametrize("answer", [[1.0], [Sampled(5.0), None], 7.0])
def test_f12_a_strangers_connector_that_answers_what_is_no_answer_stops_nothing(village, caplog, answer):
    village.sources = [source("Prod_strange", answer), source("Prod_solaire", [Sampled(50_000.0)])]
    service = village.start()
    steps(service, NOW, lambda: bool(service._production) and bool(service._asked[0].problem))
    assert list(service._production) == ["Prod_solaire"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "5"])
def test_f12_what_is_no_number_is_no_sample(value):
    with pytest.raises(ValueError, match="number"):
        Sampled(value)


def test_f12_an_instant_without_its_zone_is_no_samples():
    with pytest.raises(ValueError, match="zone"):
        Sampled(5.0, NOW.replace(tzinfo=None))


def test_d3_a_clock_that_is_set_back_by_hours_stops_neither_balance_nor_sources_nor_weather(village):
    village.sources = [source("Prod_solaire", [Sampled(50_000.0)])]
    village.meter(1, 300)
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan((0.0,) * HORIZON, NOW - timedelta(hours=4))
    service = village.start()
    steps(service, NOW, lambda: bool(service._production))
    back = NOW - timedelta(hours=3)
    village.world.history.append([Reading(village.world.history.find("B001 puissance"), back, 300.0)])
    asked, sent = village.sources[0].connector.asked, village.world.session.sent["INDICATEURS/meteo/general"]
    steps(service, back, lambda: village.sources[0].connector.asked > asked and service._asked[0].answer is None)
    service.step(back + timedelta(minutes=1))
    assert float(village.said("INDICATEURS/general/equilibre2")) == 200.0
    assert village.world.session.sent["INDICATEURS/meteo/general"] > sent


def test_d3_a_source_is_never_asked_from_an_instant_that_is_to_come(village):
    asked = []

    class Listens:
        def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
            asked.append((since, now))
            return [Sampled(1.0, now)]

    village.sources = [Source("Prod_solaire", "production", 60, Listens())]
    service = village.start()
    steps(service, NOW, lambda: bool(service._production))
    steps(service, NOW - timedelta(hours=3), lambda: len(asked) == 2)
    assert all(since <= now for since, now in asked)


def test_f12_a_source_that_falls_silent_is_told_when_the_balance_goes_on_without_it_and_when_it_is_back(village, caplog):
    village.sources = connectors.opened({"Prod_eolienne": {"connector": "mqtt", "topic": "parc/p"},
                                         "Prod_never": {"connector": "mqtt", "topic": "parc/never"}})
    service = village.start()

    def told() -> list[str]:
        return [each.message for each in caplog.records if each.name == "elfe.territory"]

    village.here.send(Publish("parc/p", b"12500"))
    steps(service, NOW, lambda: "Prod_eolienne" in service._production)
    for minute in range(1, 20):
        service.step(NOW + timedelta(minutes=minute))
    assert told() == [f"{name}: nothing of the last quarter of an hour is known; the balance goes on without it"
                      for name in ("Prod_never", "Prod_eolienne")]
    village.here.send(Publish("parc/p", b"12500"))
    steps(service, NOW + timedelta(minutes=20), lambda: service._production["Prod_eolienne"].at > NOW)
    service.step(NOW + timedelta(minutes=21))
    assert told()[2:] == ["Prod_eolienne: is counted again"]


def test_without_homes_in_the_settings_somebody_else_publishes_the_balance(village):
    village.place = evolve(village.place, homes=0)
    village.meter(1, 5)
    service = village.start()
    service.step(NOW)
    assert village.world.session.sent == {}


def test_f12_a_row_that_is_dated_before_we_asked_and_written_after_it_is_not_lost(village):
    asked = []

    class Late:
        def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
            asked.append(since)
            rows = [Sampled(9.0, NOW - timedelta(minutes=2))] if len(asked) == 1 else [Sampled(8.0, NOW - timedelta(minutes=1))]
            return [each for each in rows if each.at >= since]

    village.sources = [Source("Prod_solaire", "production", 60, Late())]
    service, later = village.start(), NOW + timedelta(minutes=1)
    steps(service, NOW, lambda: "Prod_solaire" in service._production)
    steps(service, later, lambda: service._production["Prod_solaire"].value == 8.0)
    assert asked[1] == NOW - timedelta(minutes=2)


# -- the weather ---------------------------------------------------------------------------------------------------------------


def test_the_weather_is_published_retained_and_written_whole(village, tmp_path, mosquitto):  # noqa: F811
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan(tuple(3000.0 if 20 <= i < 34 else 0.0 for i in range(HORIZON)))
    village.start().step(NOW)
    said = json.loads(village.said("INDICATEURS/meteo/general"))
    assert [each["start"] for each in said["windows"]] == ["2026-03-10T11:00:00+00:00"]
    with connected(mosquitto.address, "late") as late:
        late.listen(("INDICATEURS/meteo/#",))
        found = []
        until(lambda: found.extend(late.arrivals()) or any(isinstance(each, Message) and each.retained for each in found), late)
    assert sorted(path.name for path in (tmp_path / "public").iterdir()) == ["meteo-general.html", "meteo-general.ics"]


def test_the_first_thresholds_come_from_the_history_once(village):
    village.balance(-1000, 672)
    village.plan((0.0,) * HORIZON)
    service = village.start()
    service.step(NOW)
    [(_, since, four)] = announced.thresholds(village.world.coordination)
    assert (since, four) == (NOW, (-1000.0, -1000.0, -1000.0, -990.0))
    service.step(NOW + SLOT)
    assert len(announced.thresholds(village.world.coordination)) == 1


def test_thresholds_that_somebody_wrote_and_that_do_not_rise_count_for_nothing(village, caplog):
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(hours=1), FOUR[::-1])
    village.plan((0.0,) * HORIZON)
    village.start().step(NOW)
    assert json.loads(village.said("INDICATEURS/meteo/general"))["level"] == 0
    assert "must rise" in caplog.text


def test_a_group_has_its_own_thresholds_and_topic(village):
    coordination = village.world.coordination
    announced.set_thresholds(coordination, "", NOW - timedelta(days=1), FOUR)
    announced.set_thresholds(coordination, "ACC_1", NOW - timedelta(days=1), (-9.0, -8.0, -7.0, -6.0))
    announced.join_cohort(coordination, "R004", "ACC_1")
    village.plan((0.0,) * HORIZON)
    village.start().step(NOW)
    assert json.loads(village.said("INDICATEURS/meteo/ACC_1"))["level"] == 2


def test_a_group_that_nobody_is_in_has_its_weather_and_one_that_is_no_more_has_none(village, tmp_path, mosquitto):  # noqa: F811
    coordination = village.world.coordination
    announced.set_thresholds(coordination, "", NOW - timedelta(days=1), FOUR)
    announced.set_thresholds(coordination, "Bourg", NOW - timedelta(days=1), FOUR)
    announced.join_cohort(coordination, "R004", "ACC_1")
    village.plan((0.0,) * HORIZON)
    village.start().step(NOW)
    assert json.loads(village.said("INDICATEURS/meteo/ACC_1"))["level"] == 0
    (tmp_path / "public" / "meteo-montagne.html").write_text("somebody else's")
    announced.join_cohort(coordination, "R004", "")
    village.start().step(NOW + SLOT)
    assert village.said("INDICATEURS/meteo/ACC_1") == b""
    assert sorted(each.name for each in (tmp_path / "public").iterdir()) == [
        "meteo-Bourg.html", "meteo-Bourg.ics", "meteo-general.html", "meteo-general.ics", "meteo-montagne.html"]


@pytest.mark.parametrize("left", [3, 0, -4])
def test_f8_when_the_last_plan_ends_the_weather_says_what_is_and_that_the_forecast_is_missing(village, tmp_path, left):
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.balance(3000, 4, NOW + SLOT)
    village.plan((0.0,) * HORIZON, NOW - (HORIZON - left) * SLOT)
    village.start().step(NOW)
    said = json.loads(village.said("INDICATEURS/meteo/general"))
    assert (said["level"], said["next"]["levels"], said["windows"], said["least_bad"]) == (2, [0] * max(0, left), [], None)
    page = (tmp_path / "public" / "meteo-general.html").read_text()
    assert ("La prévision manque" in page) == (left <= 0)


def test_d3_a_plan_of_a_clock_that_ran_ahead_is_not_the_weathers(village):
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan((900.0,) * HORIZON)
    village.plan((3000.0,) * HORIZON, NOW + timedelta(days=3))
    village.start().step(NOW)
    assert json.loads(village.said("INDICATEURS/meteo/general"))["next"] == {
        "from": slot_start(slot_of(NOW)).isoformat(), "step_s": 900, "levels": [1] * HORIZON}


def test_groups_whose_names_could_not_stand_in_a_topic_stop_nobodys_weather(village, tmp_path):
    coordination, names = village.world.coordination, ("a/+/#", "a_", "../../x", "general", "Forêt-1", "x" * 300)
    announced.set_thresholds(coordination, "", NOW - timedelta(days=1), FOUR)
    for n, name in enumerate(names):
        announced.join_cohort(coordination, f"R{n:03}", name)
    village.plan((0.0,) * HORIZON)
    village.start().step(NOW)
    words = {"general", "a%2F%2B%2F%23", "a_", "%2E%2E%2F%2E%2E%2Fx", "%67eneral", "Forêt-1", sha256(b"x" * 300).hexdigest()}
    heard: set[str] = set()
    topics = {f"INDICATEURS/meteo/{each}" for each in words}
    until(lambda: (heard.update(each.topic for each in village.here.arrivals() if isinstance(each, Message)), topics <= heard)[1],
          village.here)
    assert {each.stem for each in (tmp_path / "public").iterdir()} == {f"meteo-{each}" for each in words}


def test_the_run_of_the_ems_is_relayed_when_it_is_new(village):
    village.plan((-5.0,) * HORIZON)
    service = village.start()
    service.step(NOW)
    said = json.loads(village.said("INDICATEURS/general/ems_run_info"))
    assert (said["timestamp"], said["consumer_count"], said["conso_min_hour"]) == (slot_of(NOW) * 900, 0, -5)
    history, begin = village.world.history, slot_start(slot_of(NOW))
    for name, value in (("run_time_ms", 3.0), ("consumer_count", 0.0), ("conso_min_hour", -5.0), ("conso_max_hour", -5.0)):
        series = history.find(f"ems_{name}")
        assert history.last(series, NOW) == Reading(series, begin, value)
    sent = village.world.session.sent["INDICATEURS/general/ems_run_info"]
    service.step(NOW + timedelta(minutes=1))
    assert village.world.session.sent["INDICATEURS/general/ems_run_info"] == sent


def test_the_plans_curves_are_said_to_everybody(village):
    village.plan((-5.0,) * HORIZON)
    village.start().step(NOW)
    curves = json.loads(village.said("INDICATEURS/general/plan"))
    assert (curves["placed"], curves["balance_with_w"][:2], len(curves["balance_w"])) == (0, [-5, -5], HORIZON)


def test_the_mornings_windows_are_kept_to_be_judged_whether_mails_are_sent_or_not(village):
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan(tuple(3000.0 if 20 <= i < 34 else 0.0 for i in range(HORIZON)))
    service = village.start()
    service.step(NOW - timedelta(minutes=20))
    assert announced.announced(village.world.coordination, "", NOW.date()) == []      # it is not seven yet
    service.step(NOW)
    service.step(NOW + SLOT)
    assert [(first, end) for _, first, end in announced.announced(village.world.coordination, "", NOW.date())] == [
        (slot_of(NOW) + 20, slot_of(NOW) + 34)]


def test_announced_windows_are_judged_by_what_was_measured(village):
    coordination, history = village.world.coordination, village.world.history
    announced.set_thresholds(coordination, "", NOW - timedelta(days=40), FOUR)
    now_slot = slot_of(NOW)
    windows = [(now_slot - 90, now_slot - 80), (now_slot - 40, now_slot - 30)]
    announced.announce(coordination, (NOW - timedelta(days=1)).date(), "", windows)
    series = history.series(BALANCE, "W")
    history.append([Reading(series, slot_start(now_slot - i), 900.0 if i > 50 else -900.0) for i in range(95, 0, -1)])
    found = store.judged(coordination, history, "", NOW, PARIS)
    assert (found.announced, found.judged, found.hits) == (2, 2, 1)
    assert 0.4 < found.by_chance < 0.5


# -- screens -------------------------------------------------------------------------------------------------------------------


def a_screen(village) -> None:
    driver = village.world.drivers[711]
    row = queries.InstalledDevice("G004", 711, 71, 1, "", "R004", None, 0, "", "", "")
    village.world = evolve(village.world, installed=lambda: [(row, driver.device("G004"))])


def told_the_weather(village):
    """The service after its first step, with a screen, thresholds and a plan."""
    a_screen(village)
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan((0.0,) * HORIZON)
    service = village.start()
    service.step(NOW)
    return service


def test_a_screen_is_told_what_changes_and_everything_when_it_asks(village):
    service = told_the_weather(village)
    [topic] = [each for each in village.world.session.sent if each.startswith("hasp/")]
    told = village.world.session.sent[topic]
    service.step(NOW + SLOT)
    assert village.world.session.sent[topic] == told
    village.here.send(Publish("INDICATEURS/refresh", b"1"))
    steps(service, NOW + SLOT + REFRESHES_EVERY, lambda: village.world.session.sent[topic] > told)


def test_who_asks_for_everything_without_end_is_answered_now_and_then(village):
    service = told_the_weather(village)
    said = village.world.session.sent["INDICATEURS/meteo/general"]
    for heard in range(1, 21):
        village.here.send(Publish("INDICATEURS/refresh", b"1" * 1000 * heard))
        steps(service, NOW, lambda: village.world.session.received["INDICATEURS/refresh"] >= heard)  # noqa: B023
    service.step(NOW + REFRESHES_EVERY)
    assert village.world.session.sent["INDICATEURS/meteo/general"] == said + 1


# -- the mails -----------------------------------------------------------------------------------------------------------------


@define
class Box:
    """A mail server's deliveries; `refuses` one address, `falls` after so many."""

    mails: list[tuple[str, bytes]] = field(factory=list)
    refuses: str = ""
    times: int = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.refuses and self.times > 0:
            self.times -= 1
            return "450 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails += [(each, envelope.content) for each in envelope.rcpt_tos]
        return "250 OK"


@pytest.fixture
def box() -> Iterator[tuple[Box, Post]]:
    found = Box()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield found, Post("127.0.0.1", port, "none")
    finally:
        server.stop()


def posting(village: Village, post: Post) -> None:
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan(tuple(3000.0 if 20 <= i < 34 else 0.0 for i in range(HORIZON)))
    for reference in ("R001", "R002", "R003"):
        village.participant(reference, f"{reference.lower()}@example.org")
    village.world = evolve(village.world, send_mails=post.send)
    village.place = evolve(village.place, mail_at=time(7), sender="Énergies <bulletin@example.org>")


def test_f11_one_mail_a_day_and_participant_whatever_restarts(village, box):
    found, post = box
    posting(village, post)
    announced.subscribe(village.world.coordination, "R002", False, NOW)
    for minutes in (-5, 0, 1, 2):
        village.start().step(NOW + timedelta(minutes=minutes))
    assert [to for to, _ in found.mails] == ["r001@example.org", "r003@example.org"]
    assert {each.status for each in announced.mails(village.world.coordination, NOW.date())} == {"sent"}
    village.start().step(NOW + timedelta(days=1))
    assert len(found.mails) == 4


def test_f11_a_mail_that_the_server_refuses_is_tried_again_and_the_others_go(village, box):
    found, post = box
    found.refuses, found.times = "r001@example.org", 1
    posting(village, post)
    service = village.start()
    service.step(NOW)
    assert [to for to, _ in found.mails] == ["r002@example.org", "r003@example.org"]
    service.step(NOW + timedelta(minutes=1))
    assert found.mails[-1][0] == "r001@example.org"
    [first] = [each for each in announced.mails(village.world.coordination, NOW.date()) if each.reference == "R001"]
    assert (first.status, first.tries) == ("sent", 2)


def test_f11_one_at_which_the_server_hangs_up_stands_behind_the_others(village, box):
    _, post = box
    posting(village, post)
    for minute in (0, 1):
        with dying(after=b"RCPT TO:<r001@example.org>") as port:
            village.world = evolve(village.world, send_mails=evolve(post, port=port).send)
            village.start().step(NOW + timedelta(minutes=minute))
    assert [(each.reference, each.status, each.tries) for each in announced.mails(village.world.coordination, NOW.date())] == [
        ("R001", "refused", 0), ("R002", "sent", 1), ("R003", "sent", 1)]


def test_f11_a_server_that_makes_strangers_wait_has_the_morning(village, box):
    found, post = box
    posting(village, post)
    found.refuses, found.times = "r001@example.org", 7
    service = village.start()
    for minute in range(128):
        service.step(NOW + timedelta(minutes=minute))
    [first] = [each for each in announced.mails(village.world.coordination, NOW.date()) if each.reference == "R001"]
    assert (first.status, first.tries, first.problem) == ("sent", 8, "")


def test_f11_a_mail_that_cannot_be_made_is_not_taken_for_one_that_went(village, box, monkeypatch):
    found, post = box
    posting(village, post)
    monkeypatch.setattr(store, "done", lambda *_: (_ for _ in ()).throw(HistoryAway("Zabbix has no item 7")))
    village.start().step(NOW)
    assert announced.mails(village.world.coordination, NOW.date()) == []
    monkeypatch.undo()
    village.start().step(NOW + timedelta(minutes=1))
    assert len(found.mails) == 3


@pytest.mark.parametrize(("address", "said"), [
    ("a\nb@example.org", "linefeed"), ("dupont@", "range"), ('"', "range"), ("d@[x.fr", "attribute")])
def test_f11_a_mail_that_no_address_can_have_is_told_and_the_others_go(village, box, address, said):
    found, post = box
    posting(village, post)
    village.participant("R000", address)
    village.start().step(NOW)
    assert [to for to, _ in found.mails] == ["r001@example.org", "r002@example.org", "r003@example.org"]
    first = announced.mails(village.world.coordination, NOW.date())[0]
    assert (first.reference, first.status) == ("R000", "refused")
    assert said in first.problem


def test_f11_a_server_that_dies_before_it_takes_a_mail_gets_it_later_and_one_that_dies_after_never_again(village, box):
    found, post = box
    posting(village, post)
    with dying(after=b"MAIL FROM:<bulletin@example.org>") as port:
        posted = evolve(post, port=port)
        village.world = evolve(village.world, send_mails=posted.send)
        village.start().step(NOW)
    [first] = announced.mails(village.world.coordination, NOW.date())
    assert (first.reference, first.status, first.tries) == ("R001", "refused", 0)
    with dying(after=b".") as port:
        posted = evolve(post, port=port)
        village.world = evolve(village.world, send_mails=posted.send)
        village.start().step(NOW + timedelta(minutes=1))
    assert [(each.reference, each.status) for each in announced.mails(village.world.coordination, NOW.date())] == [
        ("R001", "refused"), ("R002", "sending")]
    village.world = evolve(village.world, send_mails=post.send)
    village.start().step(NOW + timedelta(minutes=2))
    assert [to for to, _ in found.mails] == ["r003@example.org", "r001@example.org"]


def test_f11_a_mail_server_that_drips_its_words_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(post_office, "LONGEST_S", 0.2)
    dripped = []

    def serve(server: socket.socket) -> None:
        client, _ = server.accept()
        with closing(client), suppress(OSError):
            client.settimeout(0.02)
            while len(dripped) < 500:
                client.send(b"2")
                dripped.append(1)
                with suppress(TimeoutError):
                    if not client.recv(1):
                        return

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        with pytest.raises(OSError, match=r"127\.0\.0\.1"):
            list(Post("127.0.0.1", server.getsockname()[1], "none").send([]))
        thread.join(20)
    assert len(dripped) < 500


@contextmanager
def dying(after: bytes) -> Iterator[int]:
    """A mail server that answers all lines until one begins so, and hangs up."""
    def serve(server: socket.socket) -> None:
        client, _ = server.accept()
        with closing(client), client.makefile("rwb", buffering=0) as talk:
            talk.write(b"220 here\r\n")
            text = False
            for line in talk:
                if line.rstrip().lower().startswith(after.lower()):
                    return
                if text:
                    text = line.rstrip() != b"."
                    talk.write(b"" if text else b"250 ok\r\n")
                else:
                    text = line.startswith(b"data")
                    talk.write(b"354 go on\r\n" if text else b"250 ok\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_f11_a_folder_that_takes_no_page_stops_nothing_else(village, tmp_path):
    (tmp_path / "public").write_text("not a folder")
    announced.set_thresholds(village.world.coordination, "", NOW - timedelta(days=1), FOUR)
    village.plan((0.0,) * HORIZON)
    service = village.start()
    service.step(NOW)
    assert json.loads(village.said("INDICATEURS/meteo/general"))["level"] == 0
    assert service.counters["pages not written"] == 1


def test_f11_a_mail_server_that_is_down_loses_nothing_and_is_told_once(village, box, caplog):
    found, post = box
    posting(village, Post("127.0.0.1", 9, "none"))
    service = village.start()
    service.step(NOW)
    service.step(NOW + timedelta(minutes=1))
    assert service.counters["mail server away"] == 2
    assert len([each for each in caplog.records if "no mails" in each.message]) == 1
    assert announced.mails(village.world.coordination, NOW.date()) == []
    village.world = evolve(village.world, send_mails=post.send)
    village.start().step(NOW + timedelta(minutes=2))
    assert len(found.mails) == 3


def test_f11_who_dies_while_sending_does_not_send_twice(village, box):
    found, post = box
    posting(village, post)

    def dies(mails):
        for key, each in mails:
            list(post.send([(key, each)]))
            raise SystemExit

    village.world = evolve(village.world, send_mails=dies)
    with pytest.raises(SystemExit):
        village.start().step(NOW)
    village.world = evolve(village.world, send_mails=post.send)
    village.start().step(NOW + timedelta(minutes=1))
    assert sorted(to for to, _ in found.mails) == [f"r00{i}@example.org" for i in (1, 2, 3)]


def test_a_meter_that_says_less_than_nothing_makes_no_share_below_nothing_or_above_all(village):
    history, day = village.world.history, NOW.date()
    first, end = store.local_day(day - timedelta(days=1), PARIS)
    mine, balance = history.series("B001 puissance", "W"), history.series(BALANCE, "W")
    for at in range(first, end):
        noon = 40 <= at - first < 56
        history.append([Reading(mine, slot_start(at), -300.0 if noon else 500.0),
                        Reading(balance, slot_start(at), 900.0 if noon else -900.0)])
    [found] = store.done(history, village.world.coordination, [store.Measured(1, "Ballon", "R001", mine)], day, PARIS)
    assert found.local_share == 0.0


def test_nobody_reads_anothers_mail(village, box):
    found, post = box
    posting(village, post)
    village.start().step(NOW)
    for to, content in found.mails:
        others = {"r001", "r002", "r003"} - {to.partition("@")[0]}
        assert not [each for each in others if each.encode() in content.lower()]


def test_in_the_evening_the_morning_is_over(village, box):
    found, post = box
    posting(village, post)
    village.start().step(NOW + timedelta(hours=6))
    assert found.mails == []




# -- the weather that forecasts are learned from --------------------------------------------------------------------------------


def test_the_weather_is_kept_for_the_ems_and_asked_again_from_where_it_ended(village):
    asked = []

    class Sky:
        def read(self, since: datetime, now: datetime) -> Sequence[WeatherHour]:
            asked.append(now - since)
            return [WeatherHour(slot_start(slot_of(now)) + timedelta(hours=n), 12.0, 300.0, 4.0) for n in range(24)]

    village.sources.append(Source("meteo", "weather", 10_800, Sky()))
    service = village.start()
    until(lambda: service.step(NOW) and expected.newest_weather(village.world.sortie) is not None, village.world.session)
    assert expected.weather(village.world.sortie, slot_of(NOW), 4)[:, 0].tolist() == [12.0, 300.0, 4.0]
    assert village.world.history.find("meteo") is None
    again = village.start()
    later = NOW + timedelta(hours=1)
    until(lambda: again.step(later) and len(asked) == 2, village.world.session)
    assert [each.days for each in asked] == [58, 0]


# -- a history that is away -------------------------------------------------------------------------------------------------------


class Away:
    """A history that may be away, as Zabbix is when it is stopped."""

    def __init__(self, history: SqlHistory) -> None:
        self.history, self.away = history, False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise HistoryAway("Zabbix does not answer")
        return getattr(self.history, name)


def test_e3_what_the_territory_makes_waits_while_the_history_is_away_and_everything_else_goes_on(village):
    history = Away(village.world.history)
    village.world = evolve(village.world, history=history, keeper=Keeper(history))
    village.sources.append(Source("Prod_solaire", "production", 60, Told([[Sampled(5000.0)]])))
    service = village.start()
    history.away = True
    later = NOW + timedelta(minutes=2)
    for _ in range(3):
        until(lambda: service.step(NOW) and service._asked[0].answer is None, village.world.session)
        service.step(later)
    assert service.counters["database away"] > 0
    assert village.world.keeper.spool.count > 0
    history.away = False
    until(lambda: service.step(later + timedelta(minutes=1)) and village.world.keeper.spool.count == 0, village.world.session)
    assert history.find("Prod_solaire") is not None
    assert village.world.keeper.counters["lost"] == 0
