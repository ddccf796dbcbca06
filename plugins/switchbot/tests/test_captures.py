"""Every message of the vendor's documentation, from the data beside the project, read to its stated meaning."""

import json
from pathlib import Path

import elfe_switchbot as plugin
import pytest
from elfe_switchbot.codec import Settings

from elfe.devices import Acknowledgement, Device, Measure, Press, Progress, Quantity, Query

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "switchbot.json"
BOT = Device(id="C003", type_id=311, templates={"gateway": "switchbot/esp32", "bot": "switchbotone", "hold": "5"})
OUTCOMES = {
    "ok": lambda event: isinstance(event, Acknowledgement) and event.ok,
    "error": lambda event: isinstance(event, Acknowledgement) and not event.ok,
    "error_retry": lambda event: isinstance(event, Progress),      # the gateway tries again by itself
    "progress": lambda event: isinstance(event, Progress),
}
WE_SAY = {"PRESS", "switchbotone", "switchbotone 5", "switchbotone MODEPRESS"}      # the rest of its words are for other uses

def captures(*kinds):
    if not CAPTURES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]
    read = [each for each in json.loads(CAPTURES.read_text("utf-8")) if not kinds or each["meaning"]["kind"] in kinds]
    return [pytest.param(each, id=f"{each['topic']}-{each['payload']}") for each in read]


def decoded(capture):
    return plugin.decode_message(BOT, capture["topic"], capture["payload"].encode())


@pytest.mark.parametrize("capture", captures("command_status"))
def test_an_answer_is_success_failure_or_not_over(capture):
    event, *_ = decoded(capture)
    assert event.token == capture["meaning"]["command"]
    assert OUTCOMES[capture["meaning"]["outcome"]](event)
    assert (event == plugin.encode_command(BOT, Press()).expects) is (
        (capture["meaning"]["outcome"], capture["meaning"]["command"]) == ("ok", "PRESS"))


@pytest.mark.parametrize("capture", captures("attributes"))
def test_a_scan_tells_battery_and_signal(capture):
    measured = {event.quantity: event.value for event in decoded(capture) if isinstance(event, Measure)}
    assert measured == {Quantity.BATTERY: capture["meaning"]["battery_pct"], Quantity.SIGNAL: capture["meaning"]["rssi_dbm"]}


@pytest.mark.parametrize("capture", captures("requestInfo", "setHold", "setMode", "command"))
def test_what_it_is_told_is_what_we_say(capture):
    push = plugin.push_config(BOT, Settings())
    commands = [each for command in (Press(), Query()) for each in plugin.encode_command(BOT, command).publishes]
    ours = {(each.topic, _flat(each.payload.decode())) for each in (*commands, *push.steps)}
    told = _flat(capture["payload"])
    assert ((capture["topic"], told) in ours) is (told in WE_SAY)


@pytest.mark.parametrize("capture", captures(
    "position", "motion", "illuminance", "contact", "in", "out", "button", "rescan", "holdPress"))
def test_a_curtain_and_a_sensor_are_no_bots(capture):
    assert decoded(capture) == ()


def _flat(payload):
    return " ".join(map(str, json.loads(payload).values())) if payload.startswith("{") else payload
