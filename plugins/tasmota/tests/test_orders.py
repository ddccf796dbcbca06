"""What devices are told: orders, settings, their broker, their next firmware."""

from datetime import timedelta
from urllib.parse import parse_qs

import elfe_tasmota as plugin
import pytest
from attrs import evolve

from elfe.devices import Device, Encoded, HttpGet, Network, OutputState, Publish, Query, Setting, Switch, UnsupportedCommand

PLUG = Device(id="A123", type_id=112, templates={"topic": "A123", "full_topic": "%prefix%/%topic%/"})
CARD = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})
THIRD = Device(id="A125", type_id=1210, templates={"topic": "strip", "full_topic": "%prefix%/%topic%/"}, channel=2)
READER = Device(id="X001", type_id=1212, templates={"topic": "X001", "full_topic": "xky/%topic%/%prefix%/"})
EACH = (PLUG, CARD, THIRD, READER)


def pushed(device, **settings):
    """What is pushed, by name, in order."""
    steps = plugin.push_config(device, plugin.Settings(**settings)).steps
    return {step.topic.rpartition("/")[2]: step.payload.decode() for step in steps}


# -- orders -----------------------------------------------------------------------------------------------------------------


def test_on_is_said_in_its_own_word_and_proved_by_its_result():
    assert plugin.encode_command(PLUG, Switch(True)) == Encoded(
        (Publish("cmnd/A123/POWER", b"ON"),), expects=OutputState(True), within=timedelta(seconds=5))


def test_each_relay_of_a_unit_has_its_own_order():
    assert plugin.encode_command(THIRD, Switch(False)) == Encoded(
        (Publish("cmnd/strip/POWER3", b"OFF"),), expects=OutputState(False, channel=2), within=timedelta(seconds=5))


def test_a_question_is_never_an_empty_power():
    publishes = plugin.encode_command(PLUG, Query()).publishes
    assert publishes == (Publish("cmnd/A123/STATUS", b"11"), Publish("cmnd/A123/STATUS", b"10"))


def test_a_reader_without_relay_takes_no_order():
    assert plugin.build_topics(READER).command == ""
    with pytest.raises(UnsupportedCommand):
        plugin.encode_command(READER, Switch(True))


# -- settings -----------------------------------------------------------------------------------------------------------------


def test_what_is_pushed_to_a_plug():
    assert pushed(PLUG) == {
        "SetOption4": "0", "StateText1": "OFF", "StateText2": "ON", "SetOption65": "1", "TelePeriod": "30", "PowerDelta1": "110",
        "PowerRetain": "0", "PowerOnState": "5", "PulseTime1": pushed(PLUG)["PulseTime1"]}


@pytest.mark.parametrize("device", [PLUG, CARD, THIRD])
def test_the_power_up_state_is_pushed_before_the_timer_that_it_turns_round(device):
    assert list(pushed(device))[-2:] == ["PowerOnState", f"PulseTime{device.channel + 1}"]


@pytest.mark.parametrize("device", EACH)
def test_the_words_that_the_rest_is_read_in_are_pushed_first(device):
    assert list(pushed(device))[:3] == ["SetOption4", "StateText1", "StateText2"]


def test_wired_inverted_the_plain_timer_opens_it_again():
    assert pushed(evolve(PLUG, serves_when=False))["PowerOnState"] == "0"


def test_a_reader_has_no_fail_safe_to_push():
    assert list(pushed(READER)) == ["SetOption4", "StateText1", "StateText2", "SetOption65", "TelePeriod", "PowerDelta1"]


@pytest.mark.parametrize(("device", "seconds"), [(PLUG, "30"), (CARD, "300"), (THIRD, "30"), (READER, "300")])
def test_each_type_has_its_own_period(device, seconds):
    assert pushed(device)["TelePeriod"] == seconds


def test_a_longest_timer_stays_in_the_firmwares_range():
    assert 64_100 <= int(pushed(PLUG, pulse_time_s=64_000)["PulseTime1"]) <= 64_900


def test_a_plug_without_a_meter_is_not_expected_to_know_of_power():
    push = plugin.push_config(THIRD, plugin.Settings())
    assert "PowerDelta1" in pushed(THIRD)
    assert not any(each.name == "PowerDelta1" for each in push.expects)
    assert len(push.read_back) == len(push.expects) == len(push.steps) - 1


# -- out of the box -----------------------------------------------------------------------------------------------------------

NETWORK = Network("mqtt.example.org", 1883, "A123", "s3cret-é&?", "maison &=#", "w1fi+% x")


def test_a_unit_is_led_to_our_broker_in_one_backlog():
    (step,) = plugin.onboard(PLUG, NETWORK).steps
    assert isinstance(step, HttpGet)
    assert " " not in step.path
    assert parse_qs(step.path.partition("?")[2], strict_parsing=True) == {"cmnd": [
        "Backlog SSId1 maison &=#;Password1 w1fi+% x;MqttHost mqtt.example.org;MqttPort 1883;MqttUser A123;"
        "MqttPassword s3cret-é&?;FullTopic %prefix%/%topic%/;Topic A123"]}


@pytest.mark.parametrize("device", EACH)
def test_it_reads_back_where_it_was_led_and_no_secret(device):
    twin, push = plugin.simulate(device, seed=1), plugin.onboard(device, NETWORK)
    for step in push.steps:
        twin.get(step.path)
    answers = [twin.get(step.path) for step in push.read_back]
    heard = {event for step, answer in zip(push.read_back, answers, strict=True)
             for event in plugin.decode_http(device, step.path, answer.encode())}
    assert set(push.expects) <= heard
    assert (twin.values["MqttPassword"], twin.values["Password1"]) == ("s3cret-é&?", "w1fi+% x")
    assert not any(secret in f"{answers} {push.expects}" for secret in ("s3cret", "w1fi"))


def test_on_the_homes_network_already_its_wifi_is_left_alone():
    push = plugin.onboard(PLUG, Network("10.0.0.2", 1883, "A123", "secret"))
    assert "SSId" not in push.steps[0].path
    assert Setting("MqttHost", "10.0.0.2") in push.expects


def test_an_open_wifi_has_its_password_emptied():
    (step,) = plugin.onboard(PLUG, Network("10.0.0.2", 1883, "A123", "secret", "libre")).steps
    assert 'Password1 ";' in parse_qs(step.path.partition("?")[2])["cmnd"][0]


def test_the_plug_speaks_no_tls_and_says_so():
    with pytest.raises(ValueError, match="no TLS"):
        plugin.onboard(PLUG, evolve(NETWORK, port=8883, tls=True))


def test_a_unit_that_may_speak_tls_is_told_to():
    push = plugin.onboard(CARD, evolve(NETWORK, port=8883, tls=True))
    assert "SetOption103%201" in push.steps[0].path
    assert Setting("SetOption103", "ON") in push.expects


@pytest.mark.parametrize(("changes", "name"), [
    ({"password": "s3c;ret"}, "MqttPassword"), ({"wifi_password": "wi;fi"}, "Password1"), ({"wifi": "mai;son"}, "SSId1"),
    ({"password": " s3cret"}, "MqttPassword"), ({"password": "s3cret\n"}, "MqttPassword"), ({"password": "1"}, "MqttPassword"),
    ({"password": "0"}, "MqttPassword"), ({"password": '"'}, "MqttPassword"), ({"password": "abcd"}, "MqttPassword"),
    ({"wifi": "x" * 33}, "SSId1"), ({"wifi_password": "x" * 65}, "Password1"), ({"port": 1}, "MqttPort"),
    ({"port": 40_000}, "MqttPort"), ({"host": ""}, "MqttHost"), ({"username": "a b;"}, "MqttUser"),
])
def test_what_would_not_arrive_is_refused_by_its_name_and_not_repeated(changes, name):
    with pytest.raises(ValueError, match=name) as refused:
        plugin.onboard(PLUG, evolve(NETWORK, **changes))
    assert not any(secret in str(refused.value) for secret in ("s3c", "wi;fi", "xxx"))


# -- firmware -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("running", "url", "brings"), [
    ("5.14.0", "http://ota.tasmota.com/tasmota/release-6.7.1/sonoff.bin", "6.7.1"),
    ("6.6.0(sonoff)", "http://ota.tasmota.com/tasmota/release-6.7.1/sonoff.bin", "6.7.1"),
    ("6.7.1(sonoff)", "http://ota.tasmota.com/tasmota/release-7.2.0/tasmota-lite.bin", "7.2.0"),
    ("8.1.0.2(tasmota)", "http://ota.tasmota.com/tasmota/release-8.5.1/tasmota-lite.bin", "8.5.1"),
    ("8.5.1(lite)", "http://ota.tasmota.com/tasmota/release-9.1.0/tasmota-lite.bin.gz", "9.1.0"),
    ("9.1.0(lite)", "http://ota.tasmota.com/tasmota/release/tasmota.bin.gz", ""),
    ("12.1.1(tasmota)", "http://ota.tasmota.com/tasmota/release/tasmota.bin.gz", ""),
])
def test_old_firmware_goes_over_the_vendors_stepping_stones(running, url, brings):
    steps = plugin.firmware(PLUG, running)
    assert steps.update == (Publish("cmnd/A123/OtaUrl", url.encode()), Publish("cmnd/A123/Upgrade", b"1"))
    assert steps.brings == brings


@pytest.mark.parametrize("running", ["", "unknown", "5.12.0a", "1.0.11"])
def test_what_is_not_known_is_asked_first_and_what_is_too_old_is_left_to_a_cable(running):
    steps = plugin.firmware(PLUG, running)
    assert steps.read == (Publish("cmnd/A123/STATUS", b"2"),)
    assert steps.update == ()


def test_a_build_for_another_chip_is_upgraded_from_its_own_address():
    assert plugin.firmware(THIRD, "13.4.0(tasmota32)").update == (Publish("cmnd/strip/Upgrade", b"1"),)


@pytest.mark.parametrize("device", [CARD, READER])
def test_nothing_is_forced_upon_a_tic_reader_whose_build_is_its_own(device):
    assert plugin.firmware(device, "12.1.1(tasmota)").update == ()


# -- the catalogue ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", plugin.device_types(), ids=lambda each: each.name)
def test_what_one_would_not_guess_is_written_in_two_languages_with_its_source(type_):
    assert type_.human_name
    assert type_.letter
    assert all(caveat.english and caveat.french and caveat.link.startswith("https://") for caveat in type_.caveats)
    assert len(set(type_.caveats)) == len(type_.caveats) > 2
