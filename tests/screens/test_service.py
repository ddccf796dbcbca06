"""The screens' daemon with the command engine and the twins beside it: what a finger does, and what is then shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import define, field
from paho.mqtt.client import topic_matches_sub
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from elfe import clock
from elfe.app import services as services_of
from elfe.broker.client import MqttSession
from elfe.broker.session import Connected, Message, Session
from elfe.command.service import CommandService
from elfe.coordination import holds, inventory, queries
from elfe.coordination import store as provisioning
from elfe.coordination.devices import device_values
from elfe.coordination.values import ControlState, Mode
from elfe.devices.drivers import load
from elfe.devices.testing import MockBroker
from elfe.devices.values import Publish
from elfe.ems import store as sortie
from elfe.screens import words
from elfe.screens.layout import DEFAULT
from elfe.screens.service import AWAY, LOST, NOT_OURS, RESTS, Screen, Screens
from tests.coordination.conftest import NOW, MemoryHistory, csv

PARIS = ZoneInfo("Europe/Paris")
HOME = ("R004;;Lave-linge #1;lave_linge;120;A001;11;111;A8BC25;2h30;;;;",
        "R004;;Lave-linge du studio;lave_linge;120;A002;11;111;A8BC26;2h;;;;",
        "R004;;Ballon;ballon_ecs;190;D001;11;411;;;200;2000;;", "R004;;Ballon;;;G002;71;711;;;;;;",
        "R004;;Lave-linge du studio;;;G003;71;711;;;;;;",
        "R005;;Lave-linge;lave_linge;120;A003;11;111;A8BC27;2h;;;;")
WASHER, STUDIO, TANK, ELSEWHERE = 1, 2, 3, 4
LAVE_LINGE, BALLON = 3, 6        # pages
PILOT, FORCE, STOP, NEXT, STATUS, LED, NAME = 3, 11, 12, 22, 21, 10, 20


@define
class Flat:
    """A home with a screen, and everything that is in it."""

    coordination: Engine
    sortie: Engine
    broker: MockBroker
    screens: Screens
    engine: CommandService
    twins: dict[str, tuple[object, Session]] = field(factory=dict)
    now: datetime = NOW

    @property
    def screen(self):
        return self.twins["G002"][0]

    def live(self, **elapsed: float) -> None:
        """Time passes; then what was touched is heard, and the finger rests."""
        self.now += timedelta(**elapsed)
        for _ in range(2):
            self._settle()
            self.now += RESTS

    def _settle(self) -> None:
        for _ in range(8):
            self.engine.step(self.now)
            self.screens.step(self.now)
            for twin, session in self.twins.values():
                hear(twin, session, self.now)

    def touch(self, page: int, item: int) -> None:
        self.say(self.screen.tap(page, item, self.now))

    def choose(self, page: int, item: int, value: int) -> None:
        self.say(self.screen.choose(page, item, value, f"{value:02}", self.now))

    def say(self, messages) -> None:
        for each in messages:
            self.twins["G002"][1].send(each)

    def shows(self, page: int, item: int, what: str = "text"):
        return self.screen.shown[page, item].get(what)

    def appliance(self, id: int):
        return next(each for each in queries.appliances(self.coordination) if each.id == id)


def hear(twin, session: Session, now) -> None:
    for arrival in session.arrivals():
        if isinstance(arrival, Connected):
            for said in twin.connected(now):
                session.send(said)
        elif isinstance(arrival, Message):
            for said in twin.receive(arrival.topic, arrival.payload, now):
                session.send(said)


def answered(arrival, twins):
    """What those say to whom it is addressed."""
    for twin in twins:
        if isinstance(arrival, Connected):
            yield from twin.connected(clock.now())
        elif isinstance(arrival, Message) and any(topic_matches_sub(each, arrival.topic) for each in twin.subscriptions):
            yield from twin.receive(arrival.topic, arrival.payload, clock.now())


def build(url: str, folder: Path) -> tuple[Engine, Engine]:
    coordination, history, drivers = queries.open_coordination(url), MemoryHistory(), load()
    queries.create_blank(coordination)
    asked, problems = inventory.read(csv(*HOME), drivers)
    assert not problems
    provisioning.apply(coordination, provisioning.prepare(coordination, asked, problems, history), drivers, history, NOW)
    with coordination.begin() as connection:
        for id in (WASHER, STUDIO, TANK, ELSEWHERE):
            queries.write_appliance(connection, id, only_if_modes=Mode, mode=Mode.MANUAL)
    output = sortie.open_sortie(f"sqlite:///{folder}/sortie.db")
    sortie.create_sortie(output)
    return coordination, output


def services(session: Session, others: Session, coordination: Engine, output: Engine) -> tuple[Screens, CommandService]:
    drivers = load()

    def installed() -> list[Screen]:
        pairs = device_values(queries.installed_devices(coordination), drivers, "screens")[0]
        return [Screen(device, drivers[row.type_id], row.participant) for row, device in pairs if row.type_id == 711]

    return (Screens(session, coordination, output, drivers, installed, DEFAULT, PARIS),
            CommandService(others, coordination, output, drivers, poll_every=timedelta(seconds=5)))


@pytest.fixture
def flat(coordination_url: str, tmp_path: Path) -> Iterator[Flat]:
    coordination, output = build(coordination_url, tmp_path)
    broker = MockBroker()
    made = Flat(coordination, output, broker, *services(broker.session(), broker.session(), coordination, output))
    for _, device in device_values(queries.installed_devices(coordination), load(), "twin")[0]:
        twin, session = load()[device.type_id].simulate(device, 1), broker.session()
        session.listen(twin.subscriptions)
        made.twins[device.id] = (twin, session)
    made.live(seconds=1)
    made.live(seconds=1)
    yield made
    made.engine.close()
    coordination.dispose()
    output.dispose()


def test_a_screen_that_comes_is_drawn_whole_and_told_the_weather(flat):
    assert (flat.shows(LAVE_LINGE, NAME), flat.shows(LAVE_LINGE, STATUS)) == (
        "Lave-linge n°1", "Non piloté : tournez les chiffres, puis Piloté")
    assert (flat.shows(LAVE_LINGE, 5, "val"), flat.shows(LAVE_LINGE, 6, "val")) == (2, 2)
    assert flat.shows(9, 8) == "ecran connecté"
    assert flat.shows(8, 13, "bg_color") == "#FF0000"
    assert [each for each in flat.broker.log if each.topic == "INDICATEURS/refresh"]


def test_lending_is_choosing_an_hour_and_turning_the_switch(flat):
    flat.choose(LAVE_LINGE, 8, 18)
    flat.choose(LAVE_LINGE, 9, 3)
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)

    assert flat.appliance(WASHER).mode == Mode.PILOTED
    lent = queries.open_flexibilities(flat.coordination)[0]
    assert (lent.appliance_id, f"{lent.deadline.astimezone(PARIS):%H:%M}", lent.lasts) == (WASHER, "18:45", timedelta(hours=2.5))
    assert (flat.shows(LAVE_LINGE, PILOT, "val"), flat.shows(LAVE_LINGE, LED, "bg_color")) == (1, "#00FF00")


def test_it_shows_what_the_plug_has_confirmed_and_not_what_was_wished(flat):
    plug, session = flat.twins.pop("A001")
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, STATUS) == "Noté. La prise doit confirmer..."

    flat.twins["A001"] = (plug, session)
    flat.live(seconds=6)
    flat.live(seconds=6)
    assert flat.appliance(WASHER).control == ControlState.OFF
    assert flat.shows(LAVE_LINGE, STATUS).startswith("Démarre au bon moment, prêt ")


def test_the_switch_turned_back_gives_it_back(flat):
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    flat.live(seconds=6)

    assert flat.appliance(WASHER).mode == Mode.MANUAL
    assert queries.open_flexibilities(flat.coordination) == []
    assert flat.twins["A001"][0].outputs[0] is True


def test_what_is_lent_is_lent_anew_when_another_hour_is_chosen(flat):
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    flat.choose(LAVE_LINGE, 8, 21)
    flat.live(seconds=1)

    lent = queries.open_flexibilities(flat.coordination)
    assert [f"{each.deadline.astimezone(PARIS):%H}" for each in lent] == ["21"]


def test_b13_of_twenty_taps_a_second_the_last_one_counts_and_the_screen_is_put_right(flat):
    for _ in range(41):
        flat.touch(LAVE_LINGE, PILOT)
        flat.now += timedelta(milliseconds=50)
        flat.screens.step(flat.now)
    flat.live(seconds=1)

    assert flat.appliance(WASHER).mode == Mode.PILOTED
    assert flat.shows(LAVE_LINGE, PILOT, "val") == 1
    assert flat.screens.counters["Lend"] + flat.screens.counters["TakeBack"] <= 3


def test_b13_malformed_taps_change_nothing(flat):
    node, before = flat.screen.node, flat.appliance(WASHER)
    for place, said in (("p3b3", "{"), ("p3b3", '{"event":"up"}'), ("p3b3", '{"event":"up","val":9}'),
                        ("p3b8", '{"event":"changed","val":99}'), ("p99b3", '{"event":"up","val":1}'),
                        ("p3b3", '{"event":"up","val":true}'), ("p4b3", '{"event":"up","val":1}')):
        flat.say([Publish(f"{node}/state/{place}", said.encode())])
    flat.live(seconds=1)

    assert flat.appliance(WASHER) == before
    assert queries.open_flexibilities(flat.coordination) == []


def test_a_second_machine_of_a_kind_is_reached_by_its_button(flat):
    flat.touch(LAVE_LINGE, NEXT)
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, NAME) == "Lave-linge du studio"
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)

    assert [flat.appliance(id).mode for id in (WASHER, STUDIO)] == [Mode.MANUAL, Mode.PILOTED]


def test_a_tap_that_was_meant_for_what_stood_there_before_moves_nothing_else(flat):
    flat.touch(LAVE_LINGE, PILOT)
    flat.touch(LAVE_LINGE, NEXT)
    flat.live(seconds=1)

    assert [flat.appliance(id).mode for id in (WASHER, STUDIO)] == [Mode.PILOTED, Mode.MANUAL]


def test_force_and_stop_are_a_persons_will_for_a_while_and_end_at_a_second_touch(flat):
    flat.touch(BALLON, STOP)
    flat.live(seconds=1)
    flat.live(seconds=6)
    held = holds.in_force(flat.coordination, flat.now)
    assert [(each.appliance_id, each.supply, each.origin) for each in held] == [(TANK, False, "screen")]
    assert flat.shows(BALLON, STATUS).startswith("Arrêt forcé jusqu'à ")
    assert flat.twins["D001"][0].outputs[0] is True          # inverted: closed cuts it

    flat.touch(BALLON, FORCE)
    flat.live(seconds=1)
    flat.live(seconds=6)
    assert flat.shows(BALLON, STATUS).startswith("Marche forcée jusqu'à ")
    assert (flat.shows(BALLON, FORCE), flat.shows(BALLON, STOP)) == ("Annuler", "Arrêt")
    flat.touch(BALLON, FORCE)
    flat.live(seconds=1)
    assert holds.in_force(flat.coordination, flat.now) == []


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED])
def test_w2_a_screen_moves_nothing_that_is_not_ours_to_move(flat, mode):
    with flat.coordination.begin() as connection:
        queries.write_appliance(connection, WASHER, only_if_modes=Mode, mode=mode)
    before = flat.twins["A001"][0].outputs[0]
    flat.live(seconds=6)
    assert all(flat.shows(LAVE_LINGE, item, "hidden") for item in (PILOT, FORCE, STOP, 8, 9, 5, 6))
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, STATUS) == words.MODES[mode][0]

    for item, said in ((PILOT, b'{"event":"up","val":1}'), (FORCE, b'{"event":"up"}')):     # who taps what is not there
        flat.say([Publish(f"{flat.screen.node}/state/p{LAVE_LINGE}b{item}", said)])
        flat.live(seconds=6)
        assert flat.shows(LAVE_LINGE, STATUS) == NOT_OURS

    assert flat.appliance(WASHER).mode == mode
    assert flat.twins["A001"][0].outputs[0] == before
    assert flat.shows(LAVE_LINGE, PILOT, "val") == 0


def test_w34_a_screen_that_restarts_is_drawn_again_whatever_we_remember_of_it(flat):
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    flat.say(flat.screen.reboot(flat.now))
    assert flat.shows(LAVE_LINGE, PILOT, "val") is None
    flat.live(seconds=1)
    assert (flat.shows(LAVE_LINGE, PILOT, "val"), flat.shows(LAVE_LINGE, NAME)) == (1, "Lave-linge n°1")


def test_when_we_leave_every_screen_says_that_it_is_out_of_touch_until_we_are_back(flat):
    assert flat.screen.shown[0, 250]["hidden"] == 1
    flat.screens.farewell = services_of._farewell(load(), DEFAULT)
    flat.screens.close()
    hear(*flat.twins["G002"], flat.now)
    assert (flat.shows(0, 250), flat.shows(0, 250, "hidden")) == ("Hors ligne : pas à jour", 0)

    flat.screens, _ = services(flat.broker.session(), flat.broker.session(), flat.coordination, flat.sortie)
    flat.live(seconds=1)
    assert flat.shows(0, 250, "hidden") == 1


def test_a_daemon_that_restarts_draws_the_screens_that_it_finds(flat):
    flat.screen.shown[LAVE_LINGE, NAME]["text"] = "what somebody left"
    flat.broker.sessions.remove(flat.screens.session)
    flat.screens, _ = services(flat.broker.session(), flat.broker.session(), flat.coordination, flat.sortie)
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, NAME) == "Lave-linge n°1"


def test_what_another_program_writes_is_shown_when_it_says_so(flat):
    queries.declare(flat.coordination, TANK, None, None, flat.now)
    flat.broker.session().send(Publish(f"viriya/update/{TANK}", b"1"))
    flat.live(seconds=1)
    assert flat.shows(BALLON, PILOT, "val") == 1


def test_while_the_database_is_away_a_touch_is_kept_and_told(flat, monkeypatch):
    def away(self):
        raise OperationalError("BEGIN", {}, ConnectionError("away"))

    monkeypatch.setattr(type(flat.coordination), "begin", away)
    flat.touch(LAVE_LINGE, PILOT)
    for _ in range(3):
        flat.now += timedelta(seconds=1)
        flat.screens.step(flat.now)
    hear(*flat.twins["G002"], flat.now)
    assert flat.shows(LAVE_LINGE, STATUS) == AWAY

    monkeypatch.undo()
    flat.live(seconds=3)
    assert flat.appliance(WASHER).mode == Mode.PILOTED


def test_what_was_asked_too_long_ago_would_surprise_and_is_told_to_be_asked_again(flat, monkeypatch):
    def away(self):
        raise OperationalError("BEGIN", {}, ConnectionError("away"))

    monkeypatch.setattr(type(flat.coordination), "begin", away)
    flat.touch(LAVE_LINGE, PILOT)
    for _ in range(12):
        flat.now += timedelta(minutes=1)
        flat.screens.step(flat.now)
    monkeypatch.undo()
    flat.live(seconds=1)

    assert flat.appliance(WASHER).mode == Mode.MANUAL
    assert flat.shows(LAVE_LINGE, STATUS) == LOST
    assert flat.screens.counters["touches lost"] == 1


def test_another_homes_screen_shows_nothing_of_it(flat):
    names = {shows.get("text") for shows in flat.screen.shown.values()}
    assert "Lave-linge" not in names


def test_two_screens_of_a_home_show_the_same_truth_and_each_its_own_page(flat):
    flat.touch(LAVE_LINGE, NEXT)
    flat.live(seconds=1)
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    other = flat.twins["G003"][0]

    assert (flat.shows(LAVE_LINGE, NAME), other.shown[LAVE_LINGE, NAME]["text"]) == ("Lave-linge du studio", "Lave-linge n°1")
    flat.live(seconds=6)
    assert (flat.shows(LAVE_LINGE, PILOT, "val"), other.shown[LAVE_LINGE, PILOT]["val"]) == (1, 0)


def test_a_page_that_somebody_turns_to_is_drawn_again_whatever_got_lost_on_its_way(flat):
    flat.screen.shown[LAVE_LINGE, STATUS]["text"] = "what a lost message would have changed"
    flat.say(flat.screen.turn_to(LAVE_LINGE, flat.now))
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, STATUS).startswith("Non piloté")


def test_the_weathers_page_is_the_territorys_and_not_drawn_over(flat):
    flat.screen.shown[1, 14]["text"] = "Beaucoup d'énergie locale"
    flat.say(flat.screen.turn_to(1, flat.now))
    flat.live(seconds=70)
    assert flat.shows(1, 14) == "Beaucoup d'énergie locale"


def test_who_comes_and_goes_does_not_make_the_territory_tell_everybody_without_end(flat):
    asked = len([each for each in flat.broker.log if each.topic == "INDICATEURS/refresh"])
    for _ in range(20):
        flat.say(flat.screen.reboot(flat.now))
        flat.now += timedelta(milliseconds=500)
        flat.screens.step(flat.now)
    flat.live(seconds=11)
    assert len([each for each in flat.broker.log if each.topic == "INDICATEURS/refresh"]) - asked <= 3


def test_what_is_old_is_not_shown_as_news_when_the_database_is_away(flat, monkeypatch):
    def away(self, *given, **named):
        raise OperationalError("SELECT", {}, ConnectionError("away"))

    flat.live(seconds=6)
    clock_before = flat.shows(9, 9)
    monkeypatch.setattr(type(flat.coordination), "connect", away)
    shown = {}
    for seconds in (60, 120, 200):
        flat.now += timedelta(seconds=seconds - max(shown, default=0))
        flat.screens.step(flat.now)
        hear(*flat.twins["G002"], flat.now)
        shown[seconds] = flat.shows(0, 250, "hidden")
    assert shown == {60: 1, 120: 1, 200: 0}
    assert (flat.shows(9, 8), flat.shows(9, 9)) == ("hors ligne", clock_before)

    monkeypatch.undo()
    flat.live(seconds=6)
    assert (flat.shows(0, 250, "hidden"), flat.shows(9, 8)) == (1, "ecran connecté")


def test_a_service_that_knows_nothing_yet_says_so_instead_of_showing_nothing(flat, monkeypatch):
    def away(*given):
        raise OperationalError("SELECT", {}, ConnectionError("away"))

    monkeypatch.setattr("elfe.screens.store.plan", away)
    flat.broker.sessions.remove(flat.screens.session)
    flat.screens, _ = services(flat.broker.session(), flat.broker.session(), flat.coordination, flat.sortie)
    flat.live(seconds=1)
    assert flat.shows(0, 250, "hidden") == 0

    monkeypatch.undo()
    flat.live(seconds=6)
    assert flat.shows(0, 250, "hidden") == 1


def test_an_appliance_that_was_removed_is_not_left_standing_on_the_screen(flat):
    with flat.coordination.begin() as connection:
        queries.write_appliance(connection, TANK, only_if_modes=Mode, mode=Mode.REMOVED)
    flat.live(seconds=6)
    assert all(flat.shows(BALLON, item, "hidden") for item in (NAME, PILOT, STATUS))
    assert flat.shows(8, 16, "hidden") == 1


def test_a_home_that_no_engine_drives_is_told_so_after_half_a_minute_and_until_one_does(flat):
    alone = {"R004"}
    flat.screens.undriven = alone.intersection
    flat.live(seconds=10)
    assert flat.shows(LAVE_LINGE, STATUS) != words.UNDRIVEN      # a standby engine may be taking over

    flat.live(seconds=30)
    assert flat.shows(LAVE_LINGE, STATUS) == flat.shows(BALLON, STATUS) == words.UNDRIVEN

    alone.clear()
    flat.live(seconds=6)
    assert words.UNDRIVEN not in (flat.shows(LAVE_LINGE, STATUS), flat.shows(BALLON, STATUS))


def test_when_the_broker_goes_in_the_middle_of_a_touch_the_touch_is_done_and_all_is_drawn_again(flat):
    flat.touch(LAVE_LINGE, PILOT)
    flat.screens.session.lose()
    flat.live(seconds=1)
    flat.screen.shown[LAVE_LINGE, NAME]["text"] = "what a dropped message left"
    flat.screens.session.regain()
    flat.live(seconds=1)

    assert flat.appliance(WASHER).mode == Mode.PILOTED
    assert (flat.shows(LAVE_LINGE, PILOT, "val"), flat.shows(LAVE_LINGE, NAME)) == (1, "Lave-linge n°1")


@pytest.mark.mosquitto
def test_from_the_finger_to_the_relay_on_a_real_broker(mosquitto, coordination_url, tmp_path):
    coordination, output = build(coordination_url, tmp_path)
    drivers = load()
    with closing(MqttSession(mosquitto.address, "screens")) as first, closing(MqttSession(mosquitto.address, "engine")) as second:
        screens, engine = services(first, second, coordination, output)
        devices = {device.id: device for _, device in device_values(queries.installed_devices(coordination), drivers, "twin")[0]}
        screen, plug = (drivers[devices[id].type_id].simulate(devices[id], 1) for id in ("G002", "A001"))
        with closing(MqttSession(mosquitto.address, "home")) as home:
            home.listen((*screen.subscriptions, *plug.subscriptions))

            def live_until(holds) -> None:
                until = clock.now() + timedelta(seconds=30)
                while not holds() and clock.now() < until:
                    screens.step(clock.now())
                    engine.step(clock.now())
                    home.wait(timedelta(milliseconds=20))
                    for arrival in home.arrivals():
                        for said in answered(arrival, (screen, plug)):
                            home.send(said)
                assert holds()

            live_until(lambda: screen.shown.get((LAVE_LINGE, NAME), {}).get("text") == "Lave-linge n°1")
            later = (clock.now() + timedelta(hours=12)).astimezone(PARIS).hour      # or it would have to start at once
            chosen = screen.choose(LAVE_LINGE, 8, later, f"{later:02} h", clock.now())
            for each in (*chosen, *screen.tap(LAVE_LINGE, PILOT, clock.now())):
                home.send(each)
            live_until(lambda: plug.outputs[0] is False)
            live_until(lambda: screen.shown[LAVE_LINGE, STATUS].get("text", "").startswith("Démarre au bon moment"))
        engine.close()
    coordination.dispose()
    output.dispose()
