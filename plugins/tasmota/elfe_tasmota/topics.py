"""Where a device listens and speaks: three prefixes in the device's own FullTopic. https://tasmota.github.io/docs/MQTT/

`cmnd` for what it is told, `stat` for what it answers, `tele` for what it says by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from elfe.devices import Device, LegacyTopics, Role, Topics

POWERS = {"POWER": 0, **{f"POWER{number}": number - 1 for number in range(1, 33)}}
"""POWER and POWER1 are the first relay; 32 is the most that the firmware is built for."""
SAYS = (      # and POWERn
    ("stat", "RESULT"),                                   # the answer to any command
    ("stat", "STATE"),                                    # the same to STATE where SetOption4 is 1
    ("stat", "STATUS2"), ("stat", "STATUS8"), ("stat", "STATUS10"), ("stat", "STATUS11"),
    ("stat", "UPGRADE"),                                  # how an upgrade ended
    ("tele", "STATE"), ("tele", "SENSOR"), ("tele", "INFO1"),
)


def topics(device: Device, switches: bool) -> Topics:
    """Where it listens and what it says where; a reader without relay takes no command."""
    power = power_of(device)
    return Topics(
        command=topic(device, "cmnd", power) if switches else "",
        listen={
            **{topic(device, prefix, name): Role.SAYS for prefix, name in SAYS},
            **({topic(device, "stat", power): Role.SAYS} if switches else {}),
            topic(device, "tele", "LWT"): Role.PRESENCE,
        },
        reads=(topic(device, "cmnd", "#"),),
        writes=(topic(device, "stat", "#"), topic(device, "tele", "#"), topic(device, "cmnd", "POWER")),      # its own, at birth
    )


def topic(device: Device, prefix: str, name: str) -> str:
    """A topic of the device's own FullTopic."""
    full = device.templates["full_topic"].replace("%prefix%", prefix).replace("%topic%", device.templates["topic"])
    return f"{full.rstrip('/')}/{name}"


def power_of(device: Device) -> str:
    """What its relay is called: POWER, POWER2, POWER3, ..."""
    return "POWER" if device.channel == 0 else f"POWER{device.channel + 1}"


# -- the first command engine's columns -------------------------------------------------------------------------------------

PREFIX = r"(?:cmnd|cmd|stat|tele)"       # "cmd" stands in rows that were filled by hand
NAME = r"(?:POWER\d{0,2}|RESULT|STATE|STATUS\d{0,2}|SENSOR|LWT)"
TOPIC = rf"(?!{NAME}(?:/|$))(?P<topic>[^/+#]+)"
SHAPES = (
    re.compile(rf"(?P<before>(?:[^+#]+/)?){PREFIX}/{TOPIC}(?:/(?P<name>{NAME}))?"),      # cmnd/A110/POWER, tele/A110
    re.compile(rf"(?P<before>(?:[^+#]+/)?){TOPIC}/{PREFIX}(?:/(?P<name>{NAME}))?"),      # xky/A110/tele/SENSOR
)
FULL_TOPICS = ("%prefix%/%topic%/", "%topic%/%prefix%/")


def render_columns(device: Device) -> LegacyTopics:
    """Where it answers, where it is told, where it says that it is there."""
    return LegacyTopics(control=topic(device, "stat", "RESULT"), command=topic(device, "cmnd", power_of(device)),
                        lwt=topic(device, "tele", "LWT"))


def parse_columns(columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    """The topic, the FullTopic and the relay, from whichever column tells."""
    for column in (columns.command, columns.control, columns.lwt):
        for shape, full_topic in zip(SHAPES, FULL_TOPICS, strict=True):
            match = shape.fullmatch(column.strip().strip("/"))
            if match:
                return {"topic": match["topic"], "full_topic": match["before"] + full_topic}, POWERS.get(match["name"] or "", 0)
    raise ValueError(f"no topic column tells the topic of a Tasmota device: expected cmnd/A110/POWER, "
                     f"found {columns.command!r}")
