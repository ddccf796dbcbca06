"""What travels between drivers, engine and edges. Powers in W, energies in Wh, temperatures in °C, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from random import Random
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from attrs import frozen as event
else:
    # What devices say is made by the hundred thousand each second: to enforce at run time what mypy has proved would double its
    # cost (`benchmarks/`).
    event = define(unsafe_hash=True)


class BadPayload(ValueError):
    """What a device said cannot be read. The only exception that a decoder may raise."""


class UnsupportedCommand(ValueError):
    """A driver was asked for what its type does not claim to do. The core never asks; a person's `devices send` may."""


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

    LAST_WILL = auto()     # it, or its gateway, has a last will; silence is a second opinion
    SILENCE = auto()       # no last will: only its silence can tell
    SLEEPS = auto()        # sleeps between two reports: its last will says ASLEEP, only long silence is a loss


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
class Caveat:
    """What one must know of a type and would not guess: in English, in French, and where it is written."""

    english: str
    french: str
    link: str


CONTRACT_IDS = range(1, 1000)
"""Device types of the contract; their rows and detail tables stand in the reference rows."""
OUR_IDS = range(1000, 2000)
"""Reserved: newer types of the plugins that come with elfe."""
STRANGERS_IDS = range(2000, 10_000)
"""Reserved: everybody else's types. `elfe db upgrade` creates the row and the detail table that a plugin declares."""


@frozen
class DeviceType:
    """One row of the catalogue: what is true of every device of the type."""

    id: int                        # equipement_domotique_type.id: the contract's, or of a reserved range
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
    parent: str = ""
    """The template that names its gateway or bridge: what the parent says of itself, its neighbours hear too."""
    fail_safe: FailSafe | None = None
    human_name: str = ""           # in French, for people; the product where it is empty
    letter: str = ""               # the first letter of its points' ids; any where it is empty
    caveats: tuple[Caveat, ...] = ()
    everybody: Mapping[str, str] = field(factory=dict)
    """The templates of a device that stands for all of its type: what is told to it, each of them hears. Empty: there is none."""
    carries_w: float = 0.0         # what an output may carry, as its maker says; 0: not known

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
    serves_when: bool = True
    """The state of its output in which the home is served: False behind a relay that is wired inverted."""


class Role(Enum):
    """Why we listen to a topic."""

    SAYS = auto()        # goes to decode_message
    PRESENCE = auto()    # goes to parse_lwt
    ANSWERS = auto()     # answers to our own requests; goes to decode_message, only the asker listens


@frozen
class Topics:
    """Where a device listens, and what it says where."""

    command: str                   # empty: it takes no command
    listen: Mapping[str, Role]
    reads: tuple[str, ...] = ()
    """The filters that the unit itself subscribes to, its account's rights; empty: its command topic."""
    writes: tuple[str, ...] = ()
    """The filters that the unit itself publishes on; empty: what we listen to."""


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
    ASLEEP = "asleep"      # gone, and that is its normal life


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


@event
class Measure:
    """A reading, in the unit of its quantity. `register` tells several of a kind apart (a tariff index, a phase)."""

    quantity: Quantity
    value: float
    channel: int = 0
    register: str = ""


@event
class OutputState:
    """An output is on or off, and that is the device's own word for it."""

    on: bool
    channel: int = 0


@event
class Acknowledgement:
    """The answer to one of our requests, known by its token."""

    token: str
    ok: bool
    detail: str = ""


@event
class Progress:
    """The device is at our request, and has not answered yet. What an edge has begun is never asked again blindly."""

    token: str
    detail: str


@event
class LocalControl:
    """A person took the whole unit over at the unit itself, or gave it back."""

    taken: bool


class Gesture(Enum):
    """What a person did on a screen."""

    DOWN = "down"
    SHORT = "up"           # a short press, released
    LONG = "long"
    HOLD = "hold"          # still pressed
    RELEASE = "release"    # released after a long press
    CHANGED = "changed"    # another value was chosen
    PAGE = "page"          # another page is shown; no item


@event
class UserInput:
    """A person touched an item of a page of a screen."""

    gesture: Gesture
    page: int
    item: int = 0
    value: int | None = None       # the chosen option, on or off, a position
    text: str = ""                 # the chosen option as it reads


@event
class Firmware:
    """The version that it runs, and the newer one that it knows of."""

    version: str
    newer: str = ""


@event
class Setting:
    """A setting that a device read back to us, in the words of its family."""

    name: str
    value: str


PROTECTIONS: Mapping[str, str] = {
    "overpower": "surcharge", "overcurrent": "surintensité", "overvoltage": "surtension", "undervoltage": "sous-tension",
    "overtemperature": "surchauffe", "overtemp": "surchauffe"}
"""The faults for which devices open their outputs by themselves, in the words of their families, and in French."""


@event
class Fault:
    """The device says that something is wrong with it: overpower, overtemperature, ..."""

    what: str
    channel: int = 0

    @property
    def cuts(self) -> bool:
        """Whether it opens its output by itself for that."""
        return self.what in PROTECTIONS


Event = Measure | OutputState | Acknowledgement | Progress | LocalControl | UserInput | Setting | Firmware | Fault


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


@frozen
class Press:
    """Press once. Never to be repeated blindly: pressing twice undoes."""

    token: str = ""


@frozen
class Widget:
    """What one item of a screen's page is to show; what is None stays as it is."""

    page: int
    item: int
    value: int | None = None
    text: str | None = None
    color: str | None = None           # of its ground, #RRGGBB
    text_color: str | None = None
    more: tuple[tuple[str, str | int], ...] = ()
    """Properties in the family's own words, where a layout needs them: ("obj", "label"), ("x", 50)."""


@frozen
class Render:
    """Show this."""

    widgets: tuple[Widget, ...]


Command = Switch | Query | Press | Render


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
class SerialLine:
    """A step that only a cable can do: a line to type on the device's serial console."""

    text: str


Step = Publish | HttpGet | SerialLine


@frozen
class Encoded:
    """What to say, the event that will prove that it was heard, and how long to wait for it."""

    publishes: tuple[Publish, ...]
    expects: Event | None
    within: timedelta


@frozen
class ConfigPush:
    """What brings a device to the wanted settings, in order, and what it must say when it is read back."""

    steps: tuple[Step, ...]
    read_back: tuple[Step, ...] = ()
    expects: tuple[Setting, ...] = ()


@frozen
class FirmwareSteps:
    """How its firmware is read, and how the next one is forced upon it."""

    read: tuple[Step, ...]             # what makes it say its `Firmware`
    update: tuple[Step, ...] = ()      # empty: nothing to do from the version that it runs
    brings: str = ""                   # the version that `update` brings; empty: the newest that the vendor offers


@frozen
class Network:
    """What a unit needs to reach our broker; the secrets are in here and nowhere else."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    wifi: str = ""
    wifi_password: str = field(default="", repr=False)
    tls: bool = False
