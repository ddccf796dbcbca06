"""The driver framework: everything that a driver may use of elfe, and nothing else.

    values.py      what travels between drivers, engine and edges
    payloads.py    reading words, numbers and JSON that may be anything
    hookspecs.py   the contract of a driver, whole
    drivers.py     from installed plugins to one driver per device type
    routing.py     from a message on the wire to what it says of which device
    twins.py       what a simulated device is
    testing.py     the conformance kit that every plugin runs in one line
"""

from elfe.devices.hookspecs import hookimpl
from elfe.devices.payloads import as_number, as_object, json_object, number, one_of, word
from elfe.devices.twins import MeteredRelay, Twin
from elfe.devices.values import (
    Acknowledgement,
    BadPayload,
    Capability,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FailSafe,
    Fault,
    HttpGet,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    PresenceBy,
    Publish,
    Quantity,
    Query,
    Role,
    Setting,
    Switch,
    Topics,
)

__all__ = [
    "Acknowledgement",
    "BadPayload",
    "Capability",
    "Command",
    "ConfigPush",
    "Device",
    "DeviceType",
    "Encoded",
    "Event",
    "FailSafe",
    "Fault",
    "HttpGet",
    "LegacyTopics",
    "Measure",
    "MeteredRelay",
    "OutputState",
    "Presence",
    "PresenceBy",
    "Publish",
    "Quantity",
    "Query",
    "Role",
    "Setting",
    "Switch",
    "Topics",
    "Twin",
    "as_number",
    "as_object",
    "hookimpl",
    "json_object",
    "number",
    "one_of",
    "word",
]
