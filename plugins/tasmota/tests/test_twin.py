"""The twin keeps to the vendor's documentation, and the driver to what the twin does."""

import json
from datetime import UTC, datetime, timedelta

import elfe_tasmota as plugin
import pytest
from attrs import evolve

from elfe.devices import Device, Firmware, Measure, OutputState, Publish, Quantity, Query, Setting, Switch

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
PLUG = Device(id="A123", type_id=112, templates={"topic": "A123", "full_topic": "%prefix%/%topic%/"})
CARD = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})
STRIP = Device(id="A125", type_id=1210, templates={"topic": "strip", "full_topic": "%prefix%/%topic%/"}, channel=3)
READER = Device(id="X001", type_id=1212, templates={"topic": "X001", "full_topic": "xky/%topic%/%prefix%/"})


def twin_of(device, pushed=False):
    twin = plugin.simulate(device, seed=1)
    twin.connected(NOON)
    if pushed:
        for step in plugin.push_config(device, plugin.Settings()).steps:
            twin.receive(step.topic, step.payload, NOON)
    return twin


def hear(device, messages):
    """What the driver understands, of the topics that it listens to."""
    listen = plugin.build_topics(device).listen
    return [event for said in messages if said.topic in listen and not said.topic.endswith("/LWT")
            for event in plugin.decode_message(device, said.topic, said.payload)]


def tell(device, twin, name, payload, now=NOON):
    """The driver's ear on the answer to one command."""
    command = device.templates["full_topic"].replace("%prefix%", "cmnd").replace("%topic%", device.templates["topic"])
    return hear(device, twin.receive(f"{command}{name}", payload, now))


def order(device, twin, command, now=NOON):
    return hear(device, [said for each in plugin.encode_command(device, command).publishes
                         for said in twin.receive(each.topic, each.payload, now)])


# -- the fail-safe ------------------------------------------------------------------------------------------------------------


def test_a_repeated_off_holds_the_timer_off():
    twin = twin_of(PLUG, pushed=True)
    for minutes in (0, 25, 50):
        order(PLUG, twin, Switch(False), NOON + timedelta(minutes=minutes))
    twin.tick(NOON + timedelta(minutes=75))
    assert twin.outputs == {0: False}
    assert OutputState(True) in hear(PLUG, twin.tick(NOON + timedelta(minutes=95)))
    assert twin.outputs == {0: True}


def test_after_a_power_cut_it_stays_open_until_its_timer_is_over():
    twin = twin_of(PLUG, pushed=True)
    twin.reboot(NOON)
    assert twin.outputs == {0: False}
    twin.tick(NOON + timedelta(minutes=45))
    assert twin.outputs == {0: True}


def test_an_on_before_the_power_up_state_is_inverted_cuts_itself():
    twin = twin_of(PLUG)
    twin.receive("cmnd/A123/PulseTime1", b"1900", NOON)
    twin.receive("cmnd/A123/POWER", b"ON", NOON)
    twin.tick(NOON + timedelta(minutes=31))
    assert twin.outputs == {0: False}


def test_pushed_to_a_relay_that_is_open_the_timer_runs_at_once():
    """As the firmware does: the setting itself starts the timer, however the relay stands."""
    twin = twin_of(PLUG)
    order(PLUG, twin, Switch(False))
    for step in plugin.push_config(PLUG, plugin.Settings()).steps:
        twin.receive(step.topic, step.payload, NOON)
    twin.tick(NOON + timedelta(minutes=41))
    assert twin.outputs == {0: True}


def test_pushed_to_a_relay_that_is_closed_the_end_of_the_timer_changes_nothing():
    twin = twin_of(PLUG, pushed=True)
    twin.tick(NOON + timedelta(minutes=41))
    assert twin.outputs == {0: True}


@pytest.mark.parametrize("minutes", [5, 25])
def test_our_question_leaves_the_timer_of_old_firmware_alone(minutes):
    twin = twin_of(PLUG, pushed=True)
    twin.a_question_disarms = True
    order(PLUG, twin, Switch(False))
    assert OutputState(False) in order(PLUG, twin, Query(), NOON + timedelta(minutes=minutes))
    twin.tick(NOON + timedelta(minutes=41))
    assert twin.outputs == {0: True}


def test_an_empty_power_would_have_stopped_it():
    """8.5.0: https://github.com/arendst/Tasmota/issues/9325"""
    twin = twin_of(PLUG, pushed=True)
    twin.a_question_disarms = True
    order(PLUG, twin, Switch(False))
    twin.receive("cmnd/A123/POWER", b"", NOON)
    twin.tick(NOON + timedelta(minutes=41))
    assert twin.outputs == {0: False}


def test_each_relay_of_a_unit_has_its_own_timer():
    twin = twin_of(STRIP, pushed=True)
    order(STRIP, twin, Switch(False))
    order(evolve(STRIP, channel=0), twin, Switch(False))
    twin.tick(NOON + timedelta(minutes=41))
    assert twin.outputs == {0: False, 1: True, 2: True, 3: True}


# -- what it says ---------------------------------------------------------------------------------------------------------------


def test_four_relays_of_one_unit_are_told_apart():
    twin = twin_of(STRIP)
    assert order(STRIP, twin, Switch(False)) == [OutputState(False, channel=3), OutputState(False, channel=3)]
    assert {OutputState(True), OutputState(True, channel=2), OutputState(False, channel=3)} <= set(order(STRIP, twin, Query()))
    assert {Measure(Quantity.POWER, 500.0, register="b"), Measure(Quantity.POWER, 500.0)} <= set(
        hear(STRIP, twin.draw(500.0, NOON, channel=1)))


def test_a_plug_without_a_meter_says_its_state_alone():
    twin = twin_of(evolve(STRIP, channel=0))
    twin.metered = False
    heard = hear(STRIP, twin.tick(NOON + timedelta(seconds=30)))
    assert heard == [OutputState(True), Measure(Quantity.SIGNAL, -53.0)]
    assert tell(STRIP, twin, "PowerDelta1", b"110") == []


@pytest.mark.parametrize("option", ["SetOption4", "SetOption26", "SetOption59"])
def test_an_order_is_proved_however_its_answers_are_set(option):
    twin = twin_of(PLUG)
    twin.values[option] = 1
    assert OutputState(False) in order(PLUG, twin, Switch(False))
    assert OutputState(False) in order(PLUG, twin, Query())


def test_set_to_answer_elsewhere_it_answers_here_again_after_a_push():
    twin = twin_of(PLUG)
    twin.values["SetOption4"], twin.values["StateText1"], twin.values["StateText2"] = 1, "AUS", "AN"
    push = plugin.push_config(PLUG, plugin.Settings())
    for step in push.steps:
        twin.receive(step.topic, step.payload, NOON)
    heard = hear(PLUG, [said for step in push.read_back for said in twin.receive(step.topic, step.payload, NOON)])
    assert set(push.expects) <= set(heard)


def test_told_not_to_retain_it_clears_what_was():
    twin = twin_of(PLUG)
    twin.receive("cmnd/A123/PowerRetain", b"1", NOON)
    assert [said.retain for said in twin.receive("cmnd/A123/POWER", b"OFF", NOON)] == [False, True]
    said = twin.receive("cmnd/A123/PowerRetain", b"0", NOON)
    assert said[0] == Publish("stat/A123/POWER", b"", qos=0)
    assert hear(PLUG, said) == [Setting("PowerRetain", "OFF")]


def test_a_small_change_of_power_waits_for_the_period():
    twin = twin_of(PLUG, pushed=True)
    assert twin.draw(9.0, NOON) == ()
    assert [each.topic for each in twin.draw(11.0, NOON)] == ["tele/A123/STATE", "tele/A123/SENSOR"]


def test_told_its_period_it_speaks_at_once():
    assert Measure(Quantity.POWER, 0.0) in tell(PLUG, twin_of(PLUG), "TelePeriod", b"30")


def test_a_counter_that_goes_back_is_said_as_it_is():
    twin = twin_of(PLUG)
    twin.draw(1000.0, NOON)
    hour = NOON + timedelta(hours=1)
    assert Measure(Quantity.ENERGY, 1000.0) in order(PLUG, twin, Query(), hour)
    tell(PLUG, twin, "EnergyTotal", b"0", hour)
    assert Measure(Quantity.ENERGY, 0.0) in order(PLUG, twin, Query(), hour)


def test_a_clock_that_is_wrong_changes_nothing():
    right, wrong = twin_of(PLUG), twin_of(PLUG)
    wrong.clock_off = timedelta(days=-20_000)
    assert order(PLUG, right, Query()) == order(PLUG, wrong, Query())


def test_once_after_a_boot_it_says_its_version():
    twin = plugin.simulate(PLUG, seed=1)
    assert Firmware("12.1.1(tasmota)") in hear(PLUG, twin.connected(NOON))
    assert Firmware("12.1.1(tasmota)") not in hear(PLUG, twin.connected(NOON))
    assert Firmware("12.1.1(tasmota)") in hear(PLUG, twin.reboot(NOON))


def test_a_person_at_the_button_is_heard():
    assert hear(PLUG, twin_of(PLUG).press_button(NOON)) == [OutputState(False), OutputState(False)]


def test_old_firmware_walks_up_to_the_newest():
    twin, visited = twin_of(PLUG), []
    twin.version = "6.6.0"
    while (running := next(event.version for event in tell(PLUG, twin, "STATUS", b"2"))) != "15.0.1(tasmota)":
        visited.append(running)
        for step in plugin.firmware(PLUG, running).update:
            twin.receive(step.topic, step.payload, NOON)
    assert [each.partition("(")[0] for each in visited] == ["6.6.0", "6.7.1", "7.2.0", "8.5.1", "9.1.0"]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"NaN", b"99999999999999999999", b"ON;OFF"])
@pytest.mark.parametrize("name", ["POWER", "POWER9", "PulseTime1", "STATUS", "TelePeriod", "Backlog", "Nonsense", "é", ""])
def test_nothing_that_it_is_told_breaks_it(name, payload):
    twin = twin_of(PLUG)
    assert all(each.topic.startswith(("stat/A123/", "tele/A123/")) for each in twin.receive(f"cmnd/A123/{name}", payload, NOON))


# -- the TIC --------------------------------------------------------------------------------------------------------------------


def frames(device, twin, seconds):
    """The raw frames of a while."""
    said = [each for second in range(1, seconds + 1) for each in twin.tick(NOON + timedelta(seconds=second))]
    return [json.loads(each.payload) for each in said if each.topic.endswith("SENSOR") and b"ENERGY" not in each.payload]


@pytest.mark.parametrize("device", [CARD, READER])
def test_a_home_is_read_in_historique(device):
    twin = twin_of(device)
    twin.draw(2300.0, NOON)
    heard = hear(device, twin.receive(plugin.topics.topic(device, "cmnd", "STATUS"), b"10", NOON + timedelta(hours=1)))
    assert {Measure(Quantity.POWER, 2300.0), Measure(Quantity.ENERGY, 2300.0), Measure(Quantity.APPARENT_POWER, 2300.0),
            Measure(Quantity.ENERGY, 2300.0, register="HCHP"), Measure(Quantity.CURRENT, 10.0),
            Measure(Quantity.TEMPERATURE, 36.1, register="internal")} <= set(heard)


@pytest.mark.parametrize("device", [CARD, READER])
def test_a_home_is_read_in_standard(device):
    twin = twin_of(device)
    tell(device, twin, "EnergyConfig", b"Standard")
    twin.draw(2300.0, NOON)
    heard = hear(device, twin.receive(plugin.topics.topic(device, "cmnd", "STATUS"), b"10", NOON + timedelta(hours=1)))
    assert {Measure(Quantity.POWER, 2300.0), Measure(Quantity.ENERGY, 2300.0, register="EAST"),
            Measure(Quantity.ENERGY, 2300.0, register="EASF02"), Measure(Quantity.APPARENT_POWER, 2300.0),
            Measure(Quantity.VOLTAGE, 230.0, register="a"), Measure(Quantity.CURRENT, 10.0, register="a")} <= set(heard)


def test_full_says_each_frame_whole_and_without_energy():
    twin = twin_of(READER)
    tell(READER, twin, "EnergyConfig", b"Full")
    said = frames(READER, twin, 9)
    assert len(said) == 4      # a frame in historique takes 1.5 s, looked at each second
    assert all(list(each) == ["TIC"] and each["TIC"]["ADCO"] == "000000000000" for each in said)


def test_changed_says_what_changed_alone():
    twin = twin_of(READER)
    twin.draw(100.0, NOON)
    tell(READER, twin, "EnergyConfig", b"Changed")
    first = frames(READER, twin, 4)
    twin.draw(180.0, NOON + timedelta(seconds=5))
    later = [each for second in range(6, 9) for each in twin.tick(NOON + timedelta(seconds=second))]
    assert len(first) == 1
    assert [json.loads(each.payload) for each in later] == [{"TIC": {"IINST": 1, "PAPP": 180}}]
    assert hear(READER, later) == [Measure(Quantity.CURRENT, 1.0), Measure(Quantity.APPARENT_POWER, 180.0)]


def test_a_reader_knows_of_no_relay():
    twin = twin_of(READER)
    assert twin.outputs == {}
    assert hear(READER, twin.press_button(NOON)) == []
    (said,) = twin.receive("xky/X001/cmnd/POWER", b"ON", NOON)
    assert json.loads(said.payload) == {"Command": "Unknown"}
