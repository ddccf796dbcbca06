"""Whatever is true of every value, tried on many: what a twin says comes back, and nothing but BadPayload is raised."""

import json
from datetime import UTC, datetime, timedelta

import elfe_shelly_gen1 as plugin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices import BadPayload, Device, HttpGet, LegacyTopics, Measure, Network, Quantity

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": "shellies/shellyplug-s-A8BC25"})
ROOM = Device(id="F002", type_id=611, hardware_id="703523", templates={"root": "shellies/F002"})
some = settings(max_examples=60, deadline=None, database=None, derandomize=True)
watts = st.floats(0, 2500)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
ids = st.text(st.characters(categories=["L", "N"], include_characters="-_ ."), min_size=1, max_size=25)


def heard(device, said):
    topics = plugin.build_topics(device).listen
    return [event for each in said if each.topic in topics and not each.topic.endswith("/online")
            for event in plugin.decode_message(device, each.topic, each.payload)]


def values(events, quantity, register=""):
    return [each.value for each in events
            if isinstance(each, Measure) and (each.quantity, each.register) == (quantity, register)]


@some
@given(watts, st.integers(0, 86_400))
def test_what_is_drawn_is_heard_over_mqtt_and_over_http(power_w, seconds):
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    twin.draw(power_w, NOON)
    events = heard(PLUG, twin.receive("shellies/command", b"update", NOON + timedelta(seconds=seconds)))
    (power,), (energy,) = values(events, Quantity.POWER), values(events, Quantity.ENERGY)
    assert power == pytest.approx(power_w, abs=0.005)
    assert energy == pytest.approx(power_w * seconds / 3600, abs=1 / 60)      # it counts whole watt-minutes
    answered = plugin.decode_http(PLUG, "/meter/0", twin.get("/meter/0").encode())
    assert (values(answered, Quantity.POWER), values(answered, Quantity.ENERGY)) == ([pytest.approx(power, abs=0.005)], [energy])


@some
@given(st.floats(-40, 60), st.floats(0, 100))
def test_a_room_is_heard_as_it_is_on_its_own_topics_and_on_info(celsius, humidity):
    twin = plugin.simulate(ROOM, seed=1)
    twin.temperature_c, twin.humidity_pct = celsius, humidity
    events = heard(ROOM, twin.connected(NOON))
    assert values(events, Quantity.TEMPERATURE) == [pytest.approx(celsius, abs=0.006)] * 2
    assert values(events, Quantity.HUMIDITY) == [pytest.approx(humidity, abs=0.06)] * 2


@some
@given(st.integers(1, 45), st.integers(1800, 64_000), st.floats(0.5, 15), st.floats(1, 100), st.booleans())
def test_all_settings_are_read_back_as_they_were_pushed(period, auto_on, celsius, humidity, serves_when):
    wanted = plugin.Settings(update_period_s=period, auto_on_s=auto_on, report_c=celsius, report_rh=humidity)
    for device in (PLUG, ROOM):
        own = Device(device.id, device.type_id, templates=device.templates, serves_when=serves_when)
        twin, push = plugin.simulate(own, seed=1), plugin.push_config(own, wanted)
        for step in push.steps:
            twin.get(step.path)
        assert set(push.expects) <= set(plugin.decode_http(own, "/settings", twin.get("/settings").encode()))


@some
@given(words, words, words, words)
def test_any_secret_and_any_name_arrive_whole(username, password, wifi, wifi_password):
    twin = plugin.simulate(PLUG, seed=1)
    push = plugin.onboard(PLUG, Network("10.0.0.1", 1883, username, password, wifi, wifi_password))
    for step in push.steps:
        assert isinstance(step, HttpGet)
        assert step.path.isascii()
        assert " " not in step.path
        twin.get(step.path)
    assert twin.web.secrets == {"mqtt_pass": password, "key": wifi_password}
    assert (twin.web.settings["mqtt"]["user"], twin.web.settings["wifi_sta"]["ssid"]) == (username, wifi)


@some
@given(ids, st.sampled_from([111, 611]))
def test_columns_round_trip_whatever_the_id(id, type_id):
    root = f"shellies/{id.strip() or 'x'}"
    columns = plugin.render_legacy_topics(Device("F002", type_id, templates={"root": root}))
    assert plugin.parse_legacy_topics(type_id, columns) == ({"root": root}, 0)
    assert plugin.parse_legacy_topics(type_id, LegacyTopics("aucun", "aucun", columns.lwt)) == ({"root": root}, 0)


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
names = st.sampled_from(["relays", "meters", "ison", "power", "total", "tmp", "hum", "bat", "tC", "value", "is_valid", "update",
                         "old_version", "new_version", "has_update", "wifi_sta", "rssi", "sensor_error", "mqtt", "device", "type",
                         "update_period", "sensors", "fw", "fw_ver", "new_fw", "temperature", "auto_on", "schedule", "overpower"])
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=12)


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.sampled_from([PLUG, ROOM]), trees | st.dictionaries(names, trees, max_size=6), st.data())
def test_whatever_json_it_is_it_is_read_or_refused(device, tree, data):
    body, kind = json.dumps(tree).encode(), plugin.KINDS[device.type_id]
    path, name = data.draw(st.sampled_from(sorted(kind.answers))), data.draw(st.sampled_from(sorted(kind.says)))
    for read in (lambda: plugin.decode_http(device, path, body),
                 lambda: plugin.decode_message(device, f"{device.templates['root']}/{name}", body)):
        try:
            assert isinstance(read(), tuple)
        except BadPayload:
            continue
