"""The twins keep to the vendor's documentation: what changes is notified, what is refused says why, a sleeper sleeps."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import elfe_shelly_gen2 as plugin
import pytest

from elfe.devices import Acknowledgement, Device, Fault, Measure, OutputState, Presence, Quantity, Query, Switch

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
RELAY = Device(id="D003", type_id=411, templates={"root": "D003"}, reply_to="elfe/engine/D003")
ROOM = Device(id="F002", type_id=1161, templates={"root": "F002"}, reply_to="elfe/engine/F002")
FOUR = Device(id="D005", type_id=1108, templates={"root": "D005"}, channel=3, reply_to="elfe/engine/D005")


def twin_of(device):
    twin = plugin.simulate(device, seed=1)
    twin.connected(NOON)
    return twin


def hear(device, messages):
    """What the driver understands, of the topics that it listens to."""
    listen = plugin.build_topics(device).listen
    return [event for said in messages if said.topic in listen and not said.topic.endswith("/online")
            for event in plugin.decode_message(device, said.topic, said.payload)]


def order(device, twin, command, now=NOON):
    return hear(device, [said for each in plugin.encode_command(device, command).publishes
                         for said in twin.receive(each.topic, each.payload, now)])


def call(twin, method, now=NOON, **params):
    """The whole answer to a call."""
    request = {"id": 1, "src": "elfe/test", "method": method, "params": params}
    (answer, *_) = twin.receive(f"{twin.root}/rpc", json.dumps(request).encode(), now)
    return json.loads(answer.payload)


def test_a_repeated_order_is_answered_and_nothing_else():
    assert order(RELAY, twin_of(RELAY), Switch(True, token="o-17")) == [Acknowledgement("o-17", ok=True)]


def test_an_order_is_answered_then_notified():
    assert order(RELAY, twin_of(RELAY), Switch(False, token="o-17")) == [Acknowledgement("o-17", ok=True), OutputState(False)]


def test_a_person_at_the_button_is_heard():
    assert hear(RELAY, twin_of(RELAY).press_button(NOON)) == [OutputState(False)]


@pytest.mark.parametrize(("method", "params", "code"), [
    ("Switch.Sett", {"id": 0}, 404),
    ("Cover.Open", {"id": 0}, 404),
    ("Switch.GetStatus", {}, -103),
    ("Switch.GetStatus", {"id": 1}, -105),
    ("Switch.Set", {"id": 7, "on": True}, -105),
    ("Switch.Set", {"id": 0}, -103),
    ("Switch.Set", {"id": 0, "on": "yes"}, -103),
    ("Switch.SetConfig", {"id": 0}, -103),
    ("Switch.SetConfig", {"id": 0, "config": {"initial_state": "maybe"}}, -103),
    ("Shelly.Update", {}, -103),
])
def test_what_it_refuses_says_why_and_changes_nothing(method, params, code):
    twin = twin_of(RELAY)
    before = json.dumps(twin.configs), twin.on
    answer = call(twin, method, **params)
    assert answer["error"]["code"] == code
    assert "result" not in answer
    assert (json.dumps(twin.configs), twin.on) == before


def test_overloaded_it_opens_says_why_and_refuses_to_close():
    twin = twin_of(RELAY)
    assert set(hear(RELAY, twin.channels[0].overload(NOON))) == {OutputState(False), Fault("overpower")}
    (refused,) = order(RELAY, twin, Switch(True, token="o"))
    assert refused == Acknowledgement("o", ok=False, detail="-109 Overpower condition")
    assert not twin.on


def test_the_energy_of_the_last_three_minutes_is_in_milliwatt_hours_the_nearest_first():
    twin = twin_of(RELAY)
    twin.draw(60.0, NOON)
    twin.draw(120.0, NOON + timedelta(minutes=1))
    twin.draw(0.0, NOON + timedelta(minutes=2))
    counter = call(twin, "Switch.GetStatus", NOON + timedelta(minutes=3, seconds=20), id=0)["result"]["aenergy"]
    assert counter == {"total": 3.0, "by_minute": [0.0, 2000.0, 1000.0], "minute_ts": int(NOON.timestamp()) + 180}


def test_counters_start_again():
    twin = twin_of(RELAY)
    twin.draw(1000.0, NOON)
    later = NOON + timedelta(hours=1)
    assert Measure(Quantity.ENERGY, 1000.0) in order(RELAY, twin, Query(token="q"), later)
    assert call(twin, "Switch.ResetCounters", later, id=0)["result"]["aenergy"]["total"] == 1000.0
    assert Measure(Quantity.ENERGY, 0.0) in order(RELAY, twin, Query(token="q"), later)


def test_a_timer_of_one_order_switches_back():
    twin = twin_of(RELAY)
    call(twin, "Switch.Set", id=0, on=False, toggle_after=60)
    status = call(twin, "Switch.GetStatus", id=0)["result"]
    assert (status["timer_started_at"], status["timer_duration"]) == (NOON.timestamp(), 60)
    assert OutputState(True) not in hear(RELAY, twin.tick(NOON + timedelta(seconds=59)))
    assert OutputState(True) in hear(RELAY, twin.tick(NOON + timedelta(seconds=60)))


@pytest.mark.parametrize(("rearms", "on"), [(True, False), (False, True)])
def test_whether_a_repeated_off_rearms_is_not_documented_and_can_be_tried_both_ways(rearms, on):
    twin = twin_of(RELAY)
    twin.channels[0].rearms = rearms
    call(twin, "Switch.SetConfig", id=0, config={"auto_on": True, "auto_on_delay": 1800})
    call(twin, "Switch.Set", id=0, on=False)
    call(twin, "Switch.Set", NOON + timedelta(seconds=900), id=0, on=False)
    twin.tick(NOON + timedelta(seconds=1801))
    assert twin.on is on


@pytest.mark.parametrize("rearms", [True, False])
def test_an_off_of_ours_holds_until_half_an_hour_behind_the_last_one_and_then_serves_its_home(rearms):
    twin = twin_of(RELAY)
    twin.channels[0].rearms = rearms
    call(twin, "Switch.SetConfig", id=0, config={"auto_on": True, "auto_on_delay": 1800})
    for minutes in (0, 15, 30, 45):
        order(RELAY, twin, Switch(False, token="o"), NOON + timedelta(minutes=minutes))
    twin.tick(NOON + timedelta(minutes=74))
    assert not twin.on
    twin.tick(NOON + timedelta(minutes=45 + 40))
    assert twin.on


@pytest.mark.parametrize(("word", "on"), [("on", True), ("off", False), ("toggle", False)])
def test_a_word_on_its_command_topic_switches_it_while_control_is_enabled(word, on):
    twin = twin_of(RELAY)
    twin.receive("D003/command/switch:0", word.encode(), NOON)
    assert twin.on is on
    call(twin, "Mqtt.SetConfig", config={"enable_control": False})
    assert twin.receive("D003/command/switch:0", b"toggle", NOON) == ()
    assert twin.on is on


def test_asked_for_its_statuses_it_publishes_all_of_them():
    twin = twin_of(RELAY)
    assert twin.receive("D003/command", b"status_update", NOON) == ()
    call(twin, "Mqtt.SetConfig", config={"status_ntf": True})
    twin.reboot(NOON)
    assert {said.topic for said in twin.receive("D003/command", b"status_update", NOON)} == {
        f"D003/status/{name}" for name in ("sys", "wifi", "mqtt", "switch:0")}


def test_four_relays_of_one_unit_are_told_apart():
    twin = twin_of(FOUR)
    assert order(FOUR, twin, Switch(False, token="o")) == [Acknowledgement("o", ok=True), OutputState(False, channel=3)]
    assert twin.outputs == {0: True, 1: True, 2: True, 3: False}
    assert Measure(Quantity.POWER, 500.0, channel=1) in hear(FOUR, twin.draw(500.0, NOON, channel=1))


def test_passwords_are_written_and_never_read():
    twin = twin_of(RELAY)
    call(twin, "Mqtt.SetConfig", config={"user": "D003", "pass": "s3cret"})
    call(twin, "Wifi.SetConfig", config={"sta": {"ssid": "maison", "pass": "s3cret"}})
    for method in ("Mqtt.GetConfig", "Wifi.GetConfig", "Shelly.GetConfig"):
        assert "s3cret" not in str(call(twin, method))


def test_told_not_to_notify_it_is_silent_on_events():
    twin = twin_of(RELAY)
    call(twin, "Mqtt.SetConfig", config={"rpc_ntf": False})
    assert twin.draw(100.0, NOON) == ()


def test_a_frame_that_names_nobody_is_answered_to_nobody():
    twin = twin_of(RELAY)
    assert [twin.receive("D003/rpc", payload, NOON) for payload in (b"", b"[]", b'{"id":1}', b"\xff")] == [()] * 4


# -- a thermometer ------------------------------------------------------------------------------------------------------------


def test_a_thermometer_reports_every_two_hours_and_sleeps_between():
    twin = twin_of(ROOM)
    spoke = [now for minutes in range(1, 24 * 60) if (now := NOON + timedelta(minutes=minutes))
             and Measure(Quantity.TEMPERATURE, 20.0) in hear(ROOM, twin.tick(now))]
    assert len(spoke) == 12
    assert {after - before for before, after in pairwise(spoke)} == {timedelta(hours=2)}


def test_its_last_words_are_its_sleep():
    twin = twin_of(ROOM)
    *said, will = twin.tick(NOON + timedelta(minutes=5))
    assert [json.loads(each.payload)["params"]["events"][0]["event"] for each in said] == ["sleep"]
    assert hear(ROOM, said) == []
    assert (will.topic, plugin.parse_lwt(ROOM, will.payload)) == ("F002/online", Presence.ASLEEP)


def test_told_that_there_is_no_more_it_sleeps_at_once():
    twin = twin_of(ROOM)
    assert call(twin, "Mqtt.EndOfQueue")["result"] is None
    assert twin.receive("F002/rpc", b'{"id":1,"src":"x","method":"Shelly.GetStatus"}', NOON) == ()


def test_a_room_that_warms_wakes_it_beyond_its_threshold():
    twin = twin_of(ROOM)
    twin.tick(NOON + timedelta(minutes=5))
    assert twin.feel(20.4, 50.0, NOON + timedelta(minutes=10)) == ()
    assert Measure(Quantity.TEMPERATURE, 20.6) in hear(ROOM, twin.feel(20.6, 50.0, NOON + timedelta(minutes=15)))


def test_on_usb_it_has_no_battery_to_speak_of():
    twin = twin_of(ROOM)
    assert Measure(Quantity.BATTERY, 100.0) in hear(ROOM, twin.wake(NOON))
    twin.on_usb = True
    assert not [event for event in hear(ROOM, twin.wake(NOON)) if getattr(event, "quantity", None) is Quantity.BATTERY]
