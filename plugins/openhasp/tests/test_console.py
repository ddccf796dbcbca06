"""What is typed on a screen's serial console, and what the screen makes of it."""

import json

import elfe_openhasp as plugin
import pytest
from attrs import evolve
from elfe_openhasp.twin import ScreenTwin
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices import Device, Network, SerialLine, Setting

SCREEN = Device(id="G002", type_id=711, templates={"node": "hasp/G002"})
ALL = Network("mqtt.example.org", 1883, "G002", "s3cret", "Livebox-1234", "clé Wi-Fi")
WIFI = Network("", 0, "", "", "Livebox-1234", "clé Wi-Fi")
FORGET = Network("", 0, "", "")


def lines(network: Network, device: Device = SCREEN) -> list[str]:
    return [step.text for step in plugin.onboard(device, network).steps if isinstance(step, SerialLine)]


def test_everything_is_typed_as_lists_of_commands_that_fit_the_console_the_reboot_last():
    assert lines(ALL) == [
        '["hostname=g002", "mqtthost=mqtt.example.org", "mqttport=1883", "mqttuser=G002", "mqttpass=s3cret", '
        '"ssid=Livebox-1234", "pass=cl\\u00e9 Wi-Fi", "reboot"]']
    assert len(lines(evolve(ALL, password="m" * 60, wifi_password="w" * 60, host="h" * 100))) == 2


def test_without_a_broker_the_wifi_alone_is_set():
    assert lines(WIFI) == ['["ssid=Livebox-1234", "pass=cl\\u00e9 Wi-Fi", "reboot"]']


def test_without_a_wifi_either_it_is_forgotten():
    assert lines(FORGET) == ['["ssid=", "pass=", "reboot"]']       # as the operators' documentation has it


def test_a_screen_whose_wifi_stands_is_told_its_broker_alone():
    assert "ssid" not in "".join(lines(evolve(ALL, wifi="", wifi_password="")))


def test_the_banner_of_the_boot_proves_that_it_was_heard():
    twin = ScreenTwin(node="hasp/g002")
    (proof,) = plugin.onboard(SCREEN, ALL).expects

    assert proof == Setting("console", "Home Automation Switch Plate")
    assert [proof.value in twin.type_line(each) for each in ('["ssid=maison"]', "reboot")] == [False, True]


@pytest.mark.parametrize(("changed", "said"), [
    ({"tls": True}, "ne parle pas TLS"),
    ({"wifi": "x" * 32}, "ssid : l'écran n'en retient que 31 octets"),
    ({"wifi": "é" * 16}, "ssid : l'écran n'en retient que 31 octets, en voici 32"),
    ({"wifi_password": "x" * 64}, "pass : l'écran n'en retient que 63"),
    ({"wifi_password": "é" * 31 + "e"}, None),
    ({"password": "x" * 64}, "mqttpass : l'écran n'en retient que 63"),
    ({"username": "x" * 32}, "mqttuser : l'écran n'en retient que 31"),
    ({"host": "x" * 128}, "mqtthost : l'écran n'en retient que 127"),
    ({"wifi_password": "ligne\nligne"}, "pass : un caractère qui ne peut être tapé"),
    ({"wifi_password": "********"}, "que l'écran prend pour « inchangé »"),
    ({"wifi_password": "€" * 21 + "€"}, "pass : l'écran n'en retient que 63"),
])
def test_what_the_screen_would_cut_without_a_word_is_refused_in_french(changed, said):
    if said is None:
        assert all(len(each) <= 254 for each in lines(evolve(ALL, **changed)))
    else:
        with pytest.raises(ValueError, match=said) as refused:
            lines(evolve(ALL, **changed))
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("node", ["hasp/un-nom-bien-trop-long", "maison/g002", "hasp/a/b", "hasp"])
def test_a_root_that_is_no_hostname_is_refused(node):
    with pytest.raises(ValueError, match=r"hostname|hasp/<nom>"):
        lines(ALL, Device(id="G002", type_id=711, templates={"node": node}))


PRINTED = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=31)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(wifi=PRINTED, wifi_password=PRINTED, username=PRINTED, password=PRINTED)
def test_whatever_is_typed_is_in_force_after_the_reboot(wifi, wifi_password, username, password):
    twin = ScreenTwin(node="hasp/g002")
    for each in lines(Network("10.0.0.1", 1883, username, password, wifi or "maison", wifi_password)):
        assert len(each) <= 254
        assert isinstance(json.loads(each), list)
        twin.type_line(each)

    assert twin.boots == 1
    assert twin.in_force == {"hostname": "g002", "mqtthost": "10.0.0.1", "mqttport": "1883", "mqttuser": username,
                             "mqttpass": password, "ssid": wifi or "maison", "pass": wifi_password}
