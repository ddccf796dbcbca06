"""The driver framework: everything that a driver may use of elfe, and nothing else.

    values.py      what travels between drivers, engine and edges
    payloads.py    reading words, numbers and JSON that may be anything
    hookspecs.py   the contract of a driver, whole
    drivers.py     from installed plugins to one driver per device type
    routing.py     from a message on the wire to what it says of which device
    spoken.py      what passes on a wire, in words
    twins.py       what a simulated device is
    mischief.py    how one misbehaves on demand
    quality.py     how far a driver is to be trusted
    testing.py     the conformance kit that every plugin runs in one line
"""

from elfe.devices.hookspecs import hookimpl
from elfe.devices.payloads import as_number, as_object, json_object, meaning, measures, number, one_of, settings_said, word
from elfe.devices.twins import JsonRelay, MeteredRelay, Twin
from elfe.devices.values import (
    Acknowledgement,
    BadPayload,
    Capability,
    Caveat,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FailSafe,
    Fault,
    Firmware,
    FirmwareSteps,
    Gesture,
    HttpGet,
    LegacyTopics,
    LocalControl,
    Measure,
    Network,
    OutputState,
    Presence,
    PresenceBy,
    Press,
    Progress,
    Publish,
    Quantity,
    Query,
    Render,
    Role,
    SerialLine,
    Setting,
    Step,
    Switch,
    Topics,
    UnsupportedCommand,
    UserInput,
    Widget,
)

__all__ = [
    "Acknowledgement",
    "BadPayload",
    "Capability",
    "Caveat",
    "Command",
    "ConfigPush",
    "Device",
    "DeviceType",
    "Encoded",
    "Event",
    "FailSafe",
    "Fault",
    "Firmware",
    "FirmwareSteps",
    "Gesture",
    "HttpGet",
    "JsonRelay",
    "LegacyTopics",
    "LocalControl",
    "Measure",
    "MeteredRelay",
    "Network",
    "OutputState",
    "Presence",
    "PresenceBy",
    "Press",
    "Progress",
    "Publish",
    "Quantity",
    "Query",
    "Render",
    "Role",
    "SerialLine",
    "Setting",
    "Step",
    "Switch",
    "Topics",
    "Twin",
    "UnsupportedCommand",
    "UserInput",
    "Widget",
    "as_number",
    "as_object",
    "hookimpl",
    "json_object",
    "meaning",
    "measures",
    "number",
    "one_of",
    "settings_said",
    "word",
]
