"""What travels between drivers, engine and edges. Powers in W, energies in Wh, temperatures in °C, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from random import Random

from attrs import field, frozen


class BadPayload(ValueError):
    """What a device said cannot be read. The only exception that a codec may raise."""


# -- what a device is ---------------------------------------------------------------------------------------------


class Capability(Enum):
    """What a type can do; what it cannot do is not there."""

    SWITCH = "switch"      # idempotent outputs: on and off may be repeated
    PRESS = "press"        # an edge: pressing twice undoes
    METER = "meter"        # measures electricity
    AMBIENT = "ambient"    # measures the room
    SCREEN = "screen"      # shows and is tapped


class PresenceBy(Enum):
    """How we know that a device is there."""

    LAST_WILL = auto()     # it has a last will; silence is a second opinion
    SILENCE = auto()       # no last will: only its silence can tell
    SLEEPS = auto()        # sleeps between two reports: an "offline" of its last will is normal life


@frozen
class FailSafe:
    """How a home is served when the centre is silent."""

    safe_state: bool               # the state that a participant would want: nearly always on
    enforced_by: str               # the words for an installer: which setting of the device does it
    after: timedelta | None        # None: at the next power-up only, nothing fires by itself
    spread: timedelta = timedelta()
    """A random part per device, so that a territory never switches as one."""

    def own_part(self, device_id: str) -> timedelta:
        """The part of `spread` that is a device's own, in whole seconds: the same at every push."""
        seconds = int(self.spread.total_seconds())
        return timedelta(seconds=Random(device_id).randrange(seconds) if seconds else 0)

    @property
    def needs_refresh(self) -> bool:
        """Whether an opposite state must be repeated before the device gives it up."""
        return self.after is not None


@frozen
class DeviceType:
    """One row of the catalogue: what is true of every device of the type."""

    id: int                        # equipement_domotique_type.id
    name: str                      # equipement_domotique_type.nom; the name of its detail table ends with it
    product: str
    vendor_url: str
    capabilities: frozenset[Capability]
    publishes_every: timedelta
    silent_after: timedelta        # longer than this without a word: not there
    answers_within: timedelta = timedelta(seconds=5)
    presence_by: PresenceBy = PresenceBy.LAST_WILL
    outputs: int = 1               # channels that can be switched or pressed, numbered from 0
    templates: Mapping[str, str] = field(factory=dict)
    """The device's topic data and their defaults; `{id}` and `{hardware_id}` are filled in, the rest is as stored."""
    fail_safe: FailSafe | None = None

    def can(self, capability: Capability) -> bool:
        """Whether the type has the capability."""
        return capability in self.capabilities


@frozen
class Device:
    """What we talk to, on an installation point that outlives it."""

    id: str                        # the installation point, D003
    type_id: int
    hardware_id: str = ""          # what is printed on it, A8BC25
    templates: Mapping[str, str] = field(factory=dict)
    """Its topic data, whole: every name that its type declares. Data of the device, never code."""
    channel: int = 0
    reply_to: str = ""
    """Where it alone may answer our requests: elfe/<instance>/<device>."""


class Role(Enum):
    """Why we listen to a topic."""

    SAYS = auto()        # goes to decode_message
    PRESENCE = auto()    # goes to parse_lwt
    ANSWERS = auto()     # answers to our own requests; goes to decode_message, only the asker listens


@frozen
class Topics:
    """Where a device listens, and what it says where."""

    command: str
    listen: Mapping[str, Role]


@frozen
class LegacyTopics:
    """The three topic columns of a device's detail table, as the first command engine reads them."""

    control: str     # topic_mqtt_controle_json
    command: str     # topic_mqtt_commande_text
    lwt: str         # topic_mqtt_lwt


# -- what a device says -------------------------------------------------------------------------------------------


class Presence(Enum):
    """What a last will says."""

    ONLINE = "online"
    OFFLINE = "offline"


class Quantity(Enum):
    """What is measured; the value names the unit."""

    POWER = "W"
    ENERGY = "Wh"
    APPARENT_POWER = "VA"
    REACTIVE_POWER = "var"
    VOLTAGE = "V"
    CURRENT = "A"
    FREQUENCY = "Hz"
    POWER_FACTOR = "1"
    TEMPERATURE = "°C"
    HUMIDITY = "%RH"
    BATTERY = "%"
    SIGNAL = "dBm"


@frozen
class Measure:
    """A reading, in the unit of its quantity. `register` tells several of a kind apart (a tariff index, a phase)."""

    quantity: Quantity
    value: float
    channel: int = 0
    register: str = ""


@frozen
class OutputState:
    """An output is on or off, and that is the device's own word for it."""

    on: bool
    channel: int = 0


@frozen
class Acknowledgement:
    """The answer to one of our requests, known by its token."""

    token: str
    ok: bool
    detail: str = ""


@frozen
class Setting:
    """A setting that a device read back to us, in the words of its family."""

    name: str
    value: str


@frozen
class Fault:
    """The device says that something is wrong with it: overpower, overtemperature, ..."""

    what: str
    channel: int = 0


Event = Measure | OutputState | Acknowledgement | Setting | Fault


# -- what we say to it --------------------------------------------------------------------------------------------


@frozen
class Switch:
    """Bring an output to a level. Safe to repeat."""

    on: bool
    token: str = ""      # comes back in the answer where the family can carry one


@frozen
class Query:
    """Ask for the present state."""

    token: str = ""


Command = Switch | Query


@frozen
class Publish:
    """One message on the wire. Commands are never retained."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


@frozen
class HttpGet:
    """A step that only the local network can do: the path and query to ask of the device itself."""

    path: str


@frozen
class Encoded:
    """What to say, the event that will prove that it was heard, and how long to wait for it."""

    publishes: tuple[Publish, ...]
    expects: Event | None
    within: timedelta


@frozen
class ConfigPush:
    """What brings a device to the wanted settings, in order, and what it must say when it is read back."""

    steps: tuple[Publish | HttpGet, ...]
    read_back: tuple[Publish | HttpGet, ...] = ()
    expects: tuple[Setting, ...] = ()
