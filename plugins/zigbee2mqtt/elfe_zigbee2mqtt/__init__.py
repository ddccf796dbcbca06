"""Zigbee plugs behind zigbee2mqtt: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html

Written with nothing but the public kit, as the proof that it suffices. A bridge joins the broker, its plugs do not: its account,
its last will and its base topic are theirs too, and every home needs a base topic of its own.
"""

import json
from datetime import timedelta

from attrs import field, frozen

import elfe.devices as kit
from elfe.devices import Device, Quantity, hookimpl

DOCS = "https://www.zigbee2mqtt.io/guide"
PLUG = kit.DeviceType(
    id=1300, name="zigbee2mqtt_plug", product="Zigbee plug with a meter, behind zigbee2mqtt", human_name="Prise Zigbee",
    vendor_url=f"{DOCS}/usage/mqtt_topics_and_messages.html", capabilities=frozenset({kit.Capability.SWITCH, kit.Capability.METER}),
    # It speaks on change; how often at least is a reporting setting of each plug. The bridge pings a silent one after 10 minutes.
    publishes_every=timedelta(minutes=5), silent_after=timedelta(minutes=20), templates={"bridge": "zigbee2mqtt", "name": "{id}"},
    parent="bridge", fail_safe=kit.FailSafe(safe_state=True, enforced_by="power_on_behavior", after=None),
    caveats=(kit.Caveat("Nothing switches it back by itself.", "Rien ne la rallume d'elle-même.", f"{DOCS}/usage/exposes.html"),
             kit.Caveat("Enable `availability`.", "Activer « availability ».", f"{DOCS}/configuration/device-availability.html")))
# Energy in kWh.
MEASURES = {"power": (Quantity.POWER, 1), "energy": (Quantity.ENERGY, 1000), "voltage": (Quantity.VOLTAGE, 1),
            "current": (Quantity.CURRENT, 1)}
STATES = {"ON": True, "OFF": False}
PRESENCES = {"online": kit.Presence.ONLINE, "offline": kit.Presence.OFFLINE}


@frozen
class Settings:
    """What a plug is set to."""

    power_on_behavior: str = field(default="on", metadata={"of": ("on", "off", "previous", "toggle")})


@hookimpl
def device_types() -> tuple[kit.DeviceType, ...]:
    return (PLUG,)


@hookimpl
def build_topics(device: Device) -> kit.Topics:
    bridge, own = device.templates["bridge"], f"{device.templates['bridge']}/{device.templates['name']}"
    listen = {own: kit.Role.SAYS, f"{own}/availability": kit.Role.PRESENCE, f"{bridge}/bridge/state": kit.Role.PRESENCE}
    return kit.Topics(f"{own}/set", listen, reads=(f"{own}/set", f"{own}/get"), writes=(f"{bridge}/#",))


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[kit.Event, ...]:
    said = kit.json_object(payload)
    state = (kit.OutputState(kit.meaning(said["state"], STATES)),) if "state" in said else ()
    return (*state, *kit.measures(said, MEASURES), *kit.settings_said(said, "power_on_behavior"))


@hookimpl
def encode_command(device: Device, command: kit.Command) -> kit.Encoded:
    if isinstance(command, kit.Query):
        return kit.Encoded((_say(device, "get", state=""),), None, PLUG.answers_within)
    if not isinstance(command, kit.Switch):
        raise kit.UnsupportedCommand(f"{PLUG.product}: {command}")
    say = _say(device, "set", state="ON" if command.on else "OFF")
    return kit.Encoded((say,), kit.OutputState(command.on), PLUG.answers_within)


def _say(device: Device, verb: str, **values: str) -> kit.Publish:
    return kit.Publish(f"{device.templates['bridge']}/{device.templates['name']}/{verb}", json.dumps(values).encode())


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> kit.Presence:
    # The word alone in legacy mode, the default before 2.0; {"state":"online"} since.
    return kit.one_of(payload.strip().removeprefix(b'{"state":').removesuffix(b"}").strip(b'" '), PRESENCES)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def push_config(device: Device, settings: Settings) -> kit.ConfigPush:
    name, word = "power_on_behavior", settings.power_on_behavior if device.serves_when else "off"
    return kit.ConfigPush((_say(device, "set", **{name: word}),), (_say(device, "get", **{name: ""}),), (kit.Setting(name, word),))


@hookimpl
def simulate(device: Device, seed: int) -> kit.Twin:
    says, hears = next(iter(build_topics(device).listen)), build_topics(device).reads
    return kit.JsonRelay(
        seed=seed, period=PLUG.publishes_every, says=says, hears=hears, words=STATES, power_up="power_on_behavior",
        alive=(f"{device.templates['bridge']}/bridge/state", '{"state":"online"}', "offline"),
        measures=lambda twin: {"power": round(twin.power_w, 1), "energy": round(twin.energy_wh / 1000, 3), "voltage": 230})
