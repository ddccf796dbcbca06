"""How they are set, over the local network: pushed and read back, led to our broker, given their firmware."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import elfe_shelly_gen1 as plugin
import pytest
from attrs import evolve
from elfe_shelly_gen1.twin import Web, plug_settings

from elfe.devices import BadPayload, Device, Fault, Firmware, HttpGet, Measure, Network, OutputState, Publish, Quantity, Setting

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
ROOT = "shellies/shellyplug-s-A8BC25"
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": ROOT})
ROOM = Device(id="F002", type_id=611, hardware_id="703523", templates={"root": "shellies/F002"})
NETWORK = Network("mqtt.example.org", 1883, "A101", "s3cret-é&?+ =", "la maison", "w1fi &=#+%")
OF_2022 = "20200827-065344/v1.8.3@4a8bc427"


def carry(device, twin, steps):
    """What the driver understands of the twin's answers."""
    heard = []
    for step in steps:
        if isinstance(step, HttpGet):
            heard += plugin.decode_http(device, step.path, twin.get(step.path).encode())
        else:
            topics = plugin.build_topics(device).listen
            heard += [event for said in twin.receive(step.topic, step.payload, NOON) if said.topic in topics
                      for event in plugin.decode_message(device, said.topic, said.payload)]
    return heard


def plug_of(build):
    """A plug that runs an older build."""
    twin = plugin.simulate(PLUG, seed=1)
    twin.web = Web(ROOT, "SHPLG-S", plug_settings(), running=build)
    twin.connected(NOON)
    return twin


# -- push and read back


def test_a_plug_is_set_and_read_back_whole():
    push = plugin.push_config(PLUG, plugin.Settings(update_period_s=20, auto_on_s=3600))
    delay = 3600 + int(plugin.PLUG.type.fail_safe.own_part("A101").total_seconds())
    assert push.steps == (
        HttpGet("/settings?mqtt_update_period=20"),
        HttpGet(f"/settings/relay/0?default_state=on&auto_on={delay}&auto_off=0&schedule=0"),
    )
    assert push.expects == (
        Setting("device.type", "SHPLG-S"), Setting("mqtt.update_period", "20"), Setting("relay/0.default_state", "on"),
        Setting("relay/0.auto_on", str(delay)), Setting("relay/0.auto_off", "0"), Setting("relay/0.schedule", "false"))
    twin = plugin.simulate(PLUG, seed=1)
    assert set(push.expects) - set(carry(PLUG, twin, push.read_back))
    carry(PLUG, twin, push.steps)
    assert set(push.expects) <= set(carry(PLUG, twin, push.read_back))


def test_behind_a_relay_that_is_wired_inverted_all_is_the_other_way_round():
    expects = plugin.push_config(evolve(PLUG, serves_when=False), plugin.Settings()).expects
    values = {each.name: each.value for each in expects}
    assert (values["relay/0.default_state"], values["relay/0.auto_on"]) == ("off", "0")
    assert int(values["relay/0.auto_off"]) >= 1800


def test_a_timer_that_would_cut_the_home_is_taken_back():
    twin = plugin.simulate(PLUG, seed=1)
    twin.get("/settings/relay/0?auto_off=60&schedule=true")
    carry(PLUG, twin, plugin.push_config(PLUG, plugin.Settings()).steps)
    assert (twin.relay["auto_off"], twin.relay["schedule"]) == (0, False)


def test_a_push_to_the_wrong_model_is_seen():
    thermometer = plugin.simulate(ROOM, seed=1)
    expects = plugin.push_config(PLUG, plugin.Settings()).expects
    assert Setting("device.type", "SHPLG-S") in set(expects) - set(carry(PLUG, thermometer, (HttpGet("/settings"),)))


def test_a_restart_is_only_made_where_it_is_wanted():
    assert plugin.push_config(PLUG, plugin.Settings(restart=True)).steps[-1] == HttpGet("/reboot")
    assert HttpGet("/reboot") not in plugin.push_config(PLUG, plugin.Settings()).steps
    assert HttpGet("/reboot") not in plugin.push_config(ROOM, plugin.Settings(restart=True)).steps


def test_a_thermometer_is_set_to_celsius_and_to_our_thresholds():
    push = plugin.push_config(ROOM, plugin.Settings())
    assert push.steps == (HttpGet("/settings?temperature_units=C&temperature_threshold=0.5&humidity_threshold=10.0"),)
    twin = plugin.simulate(ROOM, seed=1)
    twin.get("/settings?temperature_units=F")
    carry(ROOM, twin, push.steps)
    assert set(push.expects) <= set(carry(ROOM, twin, push.read_back))
    assert Setting("sensors.temperature_unit", "C") in push.expects


def test_a_thermometer_that_sleeps_answers_nothing():
    twin = plugin.simulate(ROOM, seed=1)
    twin.connected(NOON)
    twin.sleep(NOON + timedelta(minutes=3))
    with pytest.raises(BadPayload):
        carry(ROOM, twin, plugin.push_config(ROOM, plugin.Settings()).read_back)


# -- every answer


ANSWERS = [      # firmware 20230913-113421/v1.14.0; delays of v1.5 are written 1800.00
    ("/shelly", b'{"type":"SHPLG-S","mac":"AABBCCDDEEFF","auth":false,"fw":"20230913-113421/v1.14.0-gcb84623","longid":1}',
     [Firmware("1.14.0")]),
    ("/settings/relay/0", b'{"name":null,"ison":true,"default_state":"on","auto_on":1800.00,"auto_off":0.00,"schedule":false}',
     [Setting("relay/0.default_state", "on"), Setting("relay/0.auto_on", "1800"), Setting("relay/0.auto_off", "0"),
      Setting("relay/0.schedule", "false")]),
    ("/settings/relay/0?auto_on=1800.5", b'{"auto_on":1800.5}', [Setting("relay/0.auto_on", "1800.5")]),
    ("/settings/sta?enabled=1", b'{"enabled":true,"ssid":"maison","ipv4_method":"dhcp","ip":null}',
     [Setting("wifi_sta.enabled", "true"), Setting("wifi_sta.ssid", "maison")]),
    ("/settings", b'{"mqtt":{"enable":true,"update_period":30},"wifi_sta":{"ssid":null},"relays":[]}',
     [Setting("mqtt.enable", "true"), Setting("mqtt.update_period", "30")]),
    ("/relay/0?turn=off", b'{"ison":false,"has_timer":false,"overpower":true,"source":"http"}',
     [OutputState(False), Fault("overpower")]),
    ("/meter/0", b'{"power":12.5,"is_valid":true,"total":120}', [Measure(Quantity.POWER, 12.5), Measure(Quantity.ENERGY, 2.0)]),
    ("/ota", b'{"status":"idle","has_update":true,"new_version":"20230913-113421/v1.14.0-gcb84623",'
             b'"old_version":"20210115-103101/v1.9.4@e2732e05"}', [Firmware("1.9.4", newer="1.14.0")]),
    ("/ota/check", b'{"status":"ok"}', []),
    ("/reboot", b'{"ok":true}', []),
]


@pytest.mark.parametrize(("path", "body", "meaning"), ANSWERS)
def test_what_a_plug_answers(path, body, meaning):
    assert list(plugin.decode_http(PLUG, path, body)) == meaning


@pytest.mark.parametrize(("path", "body"), [
    ("/settings", b"401 Unauthorized"), ("/settings", b""), ("/settings", b'{"relays":[1]}'), ("/settings", b'{"mqtt":true}'),
    ("/settings", b'{"mqtt":{"update_period":[30]}}'), ("/ota", b"[]"), ("/relay/0", b"{}"), ("/light/0", b"{}"),
])
def test_what_a_plug_never_answers_is_refused(path, body):
    with pytest.raises(BadPayload):
        plugin.decode_http(PLUG, path, body)


# -- out of the box


@pytest.mark.parametrize(("device", "id"), [(PLUG, "shellyplug-s-A8BC25"), (ROOM, "F002")])
def test_a_unit_out_of_its_box_is_led_to_our_broker(device, id):
    push = plugin.onboard(device, NETWORK)
    asked = [urlsplit(step.path) for step in push.steps]
    assert [each.path for each in asked] == ["/settings", "/settings/sta", "/reboot"]
    assert parse_qs(asked[0].query) == {
        "mqtt_enable": ["1"], "mqtt_server": ["mqtt.example.org:1883"], "mqtt_user": ["A101"], "mqtt_id": [id],
        "mqtt_retain": ["0"], "mqtt_pass": ["s3cret-é&?+ ="]}
    assert parse_qs(asked[1].query) == {"enabled": ["1"], "ssid": ["la maison"], "key": ["w1fi &=#+%"]}
    twin = plugin.simulate(device, seed=1)
    carry(device, twin, push.steps)
    assert set(push.expects) <= set(carry(device, twin, push.read_back))
    assert twin.web.secrets == {"mqtt_pass": NETWORK.password, "key": NETWORK.wifi_password}


def test_no_secret_is_told_back():
    twin = plugin.simulate(PLUG, seed=1)
    carry(PLUG, twin, plugin.onboard(PLUG, NETWORK).steps)
    assert not any("s3cret" in twin.get(path) or "w1fi" in twin.get(path) for path in ("/settings", "/settings/sta", "/status"))


def test_a_space_is_written_so_that_no_firmware_takes_it_for_a_plus():
    assert "ssid=la%20maison" in plugin.onboard(PLUG, NETWORK).steps[1].path


def test_a_unit_that_is_on_its_wifi_already_keeps_it():
    assert [urlsplit(step.path).path for step in plugin.onboard(PLUG, evolve(NETWORK, wifi="")).steps] == ["/settings", "/reboot"]


def test_tls_is_refused_in_words():
    with pytest.raises(ValueError, match="no TLS"):
        plugin.onboard(PLUG, evolve(NETWORK, tls=True))


@pytest.mark.parametrize("root", ["maison/prise", "shellies/", "A101"])
def test_a_root_that_it_cannot_have_is_refused_in_words(root):
    with pytest.raises(ValueError, match="its root cannot be"):
        plugin.onboard(evolve(PLUG, templates={"root": root}), NETWORK)


# -- firmware


ANNOUNCE, OTA = Publish(f"{ROOT}/command", b"announce"), HttpGet("/ota")
STONE = HttpGet("/ota?url=http://archive.shelly-tools.de/version/v1.9.4/SHPLG-S.zip")
NEXT = Publish(f"{ROOT}/command", b"update_fw")


@pytest.mark.parametrize(("running", "read", "update", "brings"), [
    ("", (ANNOUNCE, OTA), NEXT, ""),                # not known: nothing is forced upon it
    ("1.5.0-hotfix4", (OTA,), STONE, "1.9.4"),      # does not announce itself on a topic of its own
    ("1.8.3", (ANNOUNCE,), STONE, "1.9.4"),
    (OF_2022, (ANNOUNCE,), STONE, "1.9.4"),         # the whole build's name does as well
    ("1.9.4", (ANNOUNCE,), NEXT, ""),
    ("1.10", (ANNOUNCE,), NEXT, ""),
    ("1.14.0", (ANNOUNCE,), NEXT, ""),
    ("20161223-111304/master@2bc16496", (ANNOUNCE, OTA), NEXT, ""),
])
def test_how_a_plug_gets_its_next_firmware(running, read, update, brings):
    steps = plugin.firmware(PLUG, running)
    assert (steps.read, steps.update, steps.brings) == (read, (update,), brings)


def test_a_plug_of_2022_takes_its_stepping_stone_and_then_the_rest():
    twin = plug_of(OF_2022)
    twin.receive(f"{ROOT}/command", b"update_fw", NOON)      # it finds nothing: it is stuck
    seen = []
    for minute in range(1, 4):
        running = next(event for event in carry(PLUG, twin, (OTA,)) if isinstance(event, Firmware))
        seen.append(running)
        for step in plugin.firmware(PLUG, running.version).update:
            if isinstance(step, HttpGet):
                twin.get(step.path)
            else:
                twin.receive(step.topic, step.payload, NOON)
        twin.tick(NOON + timedelta(minutes=minute))
    assert seen == [Firmware("1.8.3"), Firmware("1.9.4", newer="1.14.0"), Firmware("1.14.0")]


def test_a_thermometer_is_updated_while_it_is_awake():
    steps = plugin.firmware(ROOM, "1.11.0")
    assert (steps.read, steps.update) == ((OTA,), (HttpGet("/ota?update=1"),))
    assert carry(ROOM, plugin.simulate(ROOM, seed=1), steps.read) == [Firmware("1.14.0")]
