"""What Tasmota is told: orders, settings, its broker, its next firmware. https://tasmota.github.io/docs/Commands/"""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

from attrs import field, frozen

from elfe.devices import (
    Capability,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    FirmwareSteps,
    HttpGet,
    Network,
    OutputState,
    Publish,
    Query,
    Setting,
    Switch,
    UnsupportedCommand,
)
from elfe_tasmota.devices import ANY_PLUG, NOUS_A1T, READS_TIC
from elfe_tasmota.topics import power_of, topic

PULSE_OFFSET = 100      # PulseTime from 112 on is seconds + 100, up to 64900; 1..111 are tenths of a second
DELTA_OFFSET = 100      # PowerDelta from 101 on is a change in W, + 100, up to 32000; 1..100 are percents


@frozen
class Settings:
    """What a device is set to, over MQTT."""

    tele_period_s: int = field(default=0, metadata={"from": 0, "to": 3600})      # 0: the type's own period
    power_delta_w: int = field(default=10, metadata={"from": 1, "to": 31_900})   # a change that is said at once
    pulse_time_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per device. Not less: the command engine repeats an OFF in time for this much."""


# -- orders -----------------------------------------------------------------------------------------------------------------


def encode(device: Device, command: Command, within: timedelta) -> Encoded:
    """POWER ON or OFF, which any StateText understands. STATUS 11 asks for the state and STATUS 10 for the measures.

    Never an empty POWER: up to 8.5 at least it stops the PulseTime that runs. https://github.com/arendst/Tasmota/issues/9325
    """
    match command:
        case Switch(on):
            say = Publish(topic(device, "cmnd", power_of(device)), b"ON" if on else b"OFF")
            return Encoded((say,), expects=OutputState(on, device.channel), within=within)
        case Query():
            status = topic(device, "cmnd", "STATUS")
            return Encoded((Publish(status, b"11"), Publish(status, b"10")), None, within)
    raise UnsupportedCommand(f"{device.id}: {command}")


# -- settings -----------------------------------------------------------------------------------------------------------------


def configure(device: Device, type: DeviceType, settings: Settings) -> ConfigPush:
    """Its words, its period, and its fail-safe, a message each: of a Backlog, nothing tells which command was refused.

    SetOption4 0 makes it answer on RESULT, which we hear, and StateText on and off in the words that the rest is read in: they
    come first. SetOption59, a STATE per order, would say again what RESULT says.
    """
    words = {"SetOption4": (0, "OFF"), "StateText1": ("OFF", "OFF"), "StateText2": ("ON", "ON"), "SetOption65": (1, "ON")}
    numbers = {"TelePeriod": settings.tele_period_s or int(type.publishes_every.total_seconds()),
               "PowerDelta1": settings.power_delta_w + DELTA_OFFSET}
    wanted = {name: (value, str(value)) for name, value in numbers.items()}
    values = {**words, **wanted, **(_fail_safe(device, type, settings) if type.can(Capability.SWITCH) else {})}
    told = {name: answer for name, (_, answer) in values.items() if (type.id, name) not in MAY_BE_UNKNOWN}
    return ConfigPush(
        steps=tuple(Publish(topic(device, "cmnd", name), str(value).encode()) for name, (value, _) in values.items()),
        read_back=tuple(Publish(topic(device, "cmnd", name), b"") for name in told),
        expects=tuple(Setting(name, answer) for name, answer in told.items()),
    )


MAY_BE_UNKNOWN = {(ANY_PLUG.id, "PowerDelta1")}
"""A plug without a meter knows of no PowerDelta."""


def _fail_safe(device: Device, type: DeviceType, settings: Settings) -> dict[str, tuple[int, str]]:
    """After an OFF, a repeated one too, it closes again by itself.

    `PowerOnState 5` turns `PulseTime` round for good, and must come first: before it, an ON would cut itself. When its
    supply comes back the relay stays open until `PulseTime` is over, each device at a time of its own. Wired inverted, its
    home is served when it is open: the plain `PulseTime` then opens it again.
    """
    assert type.fail_safe is not None
    at_power_up = 5 if device.serves_when else 0
    pulse = settings.pulse_time_s + int(type.fail_safe.own_part(device.id).total_seconds()) + PULSE_OFFSET
    return {"PowerRetain": (0, "OFF"), "PowerOnState": (at_power_up, str(at_power_up)),
            f"PulseTime{device.channel + 1}": (pulse, str(pulse))}


# -- out of the box -----------------------------------------------------------------------------------------------------------


def lead(device: Device, type: DeviceType, network: Network) -> ConfigPush:
    """One Backlog over its web page (192.168.4.1 on its own access point): it restarts when all of it is done, not before.

    Each of these commands alone restarts it, and the next would be lost. Where its page has a password, HTTP asks for it.
    """
    if network.tls and type is NOUS_A1T:
        raise ValueError(f"{type.product}: its official builds speak no TLS; set it up on a build of your own by hand, "
                         f"or give it a broker without TLS on the home's network")
    if not 2 <= network.port <= 32_766:
        raise ValueError(f"MqttPort is 2 to 32766 for Tasmota, not {network.port}")
    wifi = {"SSId1": network.wifi, "Password1": network.wifi_password or CLEARED} if network.wifi else {}
    texts = {**wifi, "MqttHost": network.host, "MqttPort": str(network.port), "MqttUser": network.username,
             "MqttPassword": network.password, "FullTopic": device.templates["full_topic"], "Topic": device.templates["topic"]}
    for name, text in texts.items():
        _check(name, text)
    told = {**({"SetOption103": "1"} if network.tls else {}), **texts}
    expects = {name: "ON" if name == "SetOption103" else value for name, value in told.items() if not name.endswith(SECRET)}
    return ConfigPush(
        steps=(http("Backlog " + ";".join(f"{name} {value}" for name, value in told.items())),),
        read_back=tuple(http(name) for name in expects),
        expects=tuple(Setting(name, value) for name, value in expects.items()),
    )


SECRET = ("Password", "Password1")      # MqttPassword too: they are written and never read
CLEARED = '"'                         # the word that empties a setting; 0 and 1 clear and reset too
LONGEST = {"SSId1": 32, "Password1": 64, "FullTopic": 100}
SHORTEST = {"MqttPassword": 5}


def _check(name: str, value: str) -> None:
    """A Backlog has no way to escape a semicolon, and a command's ends are trimmed: what would not arrive is refused."""
    if ";" in value or value != value.strip() or not value.isprintable():
        raise ValueError(f"{name}: no semicolon, no space at its ends and no control character can be said to Tasmota")
    if value in ("", "0", "1") or (value == CLEARED and name != "Password1"):
        raise ValueError(f"{name}: empty, 0, 1 and a lone quote mean something else to Tasmota")
    if not SHORTEST.get(name, 1) <= len(value.encode()) <= LONGEST.get(name, 128):
        raise ValueError(f"{name}: {SHORTEST.get(name, 1)} to {LONGEST.get(name, 128)} bytes for Tasmota")


def http(command: str) -> HttpGet:
    """A command over its web page."""
    return HttpGet(f"/cm?cmnd={quote(command, safe='')}")


# -- firmware -----------------------------------------------------------------------------------------------------------------

STONES = (      # from below a version, what to install first: https://tasmota.github.io/docs/Upgrading/#upgrade-flow
    ((5, 14, 0), None, ""),      # by hand, over a cable
    ((6, 7, 1), "http://ota.tasmota.com/tasmota/release-6.7.1/sonoff.bin", "6.7.1"),
    ((7, 2, 0), "http://ota.tasmota.com/tasmota/release-7.2.0/tasmota-lite.bin", "7.2.0"),
    ((8, 5, 1), "http://ota.tasmota.com/tasmota/release-8.5.1/tasmota-lite.bin", "8.5.1"),
    ((9, 1, 0), "http://ota.tasmota.com/tasmota/release-9.1.0/tasmota-lite.bin.gz", "9.1.0"),
)
LATEST = "http://ota.tasmota.com/tasmota/release/tasmota.bin.gz"
VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})[^(]*(?:\((?P<build>[^)]*)\))?")


def upgrade(device: Device, running: str) -> FirmwareSteps:
    """STATUS 2, then OtaUrl and Upgrade 1. A version that is not known is asked for first: old ones need stepping stones.

    A TIC reader runs a build of its own and keeps it. A build for ESP32 is upgraded from its own OtaUrl.
    """
    read = (Publish(topic(device, "cmnd", "STATUS"), b"2"),)
    known = VERSION.match(running)
    if known is None or device.type_id in READS_TIC:
        return FirmwareSteps(read)
    version = tuple(int(part) for part in known.groups()[:3])
    if "32" in (known["build"] or ""):
        return FirmwareSteps(read, (_told(device, "Upgrade", "1"),))
    url, brings = next(((url, brings) for below, url, brings in STONES if version < below), (LATEST, ""))
    if url is None:
        return FirmwareSteps(read)
    return FirmwareSteps(read, (_told(device, "OtaUrl", url), _told(device, "Upgrade", "1")), brings)


def _told(device: Device, name: str, value: str) -> Publish:
    return Publish(topic(device, "cmnd", name), value.encode())
