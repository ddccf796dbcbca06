"""What the command engine is told and what it asks for. Events come in, effects go out; both are values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from elfe.command.orders import On, Order
from elfe.command.typologies import Typology
from elfe.coordination.holds import Hold
from elfe.coordination.values import Appliance, Flexibility, InstalledDevice, Mode, Write
from elfe.devices.drivers import Driver
from elfe.devices.values import Device, Event, Presence, Publish
from elfe.ems.values import Decisions

# -- what is told -------------------------------------------------------------------------------------------------


@frozen
class Installed:
    """One device in its home, with the driver that speaks to it."""

    row: InstalledDevice
    device: Device
    driver: Driver


@frozen
class Pilot:
    """One appliance that we may move: how it hangs on its devices, and its open flexibility."""

    appliance: Appliance
    typology: Typology
    driven: Installed               # the device that supplies it; the one that starts it where nothing does
    meter: str                      # the device whose power proves it; empty: nothing measures it
    flexibility: Flexibility | None = None
    besides: tuple[Installed, ...] = ()      # its further relays
    presses: tuple[Installed, ...] = ()      # its fingers, in the order of its typology's presses
    hold: Hold | None = None                 # what a person has decided of it for a while

    @property
    def supplies(self) -> tuple[Installed, ...]:
        """Its relays."""
        return (self.driven, *self.besides) if self.typology.supplies else ()

    @property
    def devices(self) -> tuple[Installed, ...]:
        """All that we may order, each once."""
        if not self.besides and not self.presses:
            return (self.driven,)
        return tuple({each.device.id: each for each in (self.driven, *self.besides, *self.presses)}.values())


@frozen
class FleetRead:
    """What the coordination database says now, of all appliances or of some."""

    pilots: Mapping[int, Pilot]              # by appliance
    asked: frozenset[int] | None = None      # None: of all


@frozen
class PlanRead:
    """The plan in force, or None."""

    plan: Decisions | None


@frozen
class LedgerRead:
    """The orders that were live when the engine last stopped, and the presses of the stays in mode 30 that are not over."""

    orders: tuple[Order, ...]
    newest_slot: int = 0       # in which something last happened to an order


@frozen
class Said:
    """A device said something."""

    device_id: str
    event: Event | Presence
    retained: bool = False


@frozen
class BrokerUp:
    """The broker let us in, and our subscriptions stand."""


@frozen
class BrokerDown:
    """The broker is out of reach."""


@frozen
class Recorded:
    """The order's id and key are committed: it may be sent."""

    order_id: str


@frozen
class Known:
    """An order of the same key was made before, perhaps by an engine that died: this one is dropped."""

    order_id: str
    earlier: Order


@frozen
class NotRecorded:
    """The order could not be written, or the mode has changed meanwhile: it is dropped."""

    order_id: str


@frozen
class Found:
    """Orders that live in the ledger alone: they were dropped because nobody said that they were committed."""

    orders: tuple[Order, ...]


@frozen
class Unsent:
    """The broker was out of reach when the order was to be sent."""

    order_id: str


@frozen
class Tick:
    """Time has passed."""


EngineEvent = (FleetRead | PlanRead | LedgerRead | Said | BrokerUp | BrokerDown
               | Recorded | Known | NotRecorded | Found | Unsent | Tick)

# -- what is asked for --------------------------------------------------------------------------------------------


@frozen
class Record:
    """Commit the order before anything is sent, if the appliance's mode is still the one in which it was made."""

    order: Order
    allowed: Mode


@frozen
class Save:
    """Keep what happened to an order."""

    order: Order
    what: On
    at: datetime
    detail: str = ""


@frozen
class Send:
    """Say an order to its device; worthless after `expires`."""

    order: Order
    publishes: tuple[Publish, ...]
    expires: datetime


@frozen
class Ask:
    """Ask a device for its state."""

    device_id: str
    publishes: tuple[Publish, ...]


@frozen
class OpenFlexibility:
    """The appliance has entered mode 30."""

    appliance_id: int


@frozen
class MarkStarted:
    """The device has acknowledged the start of what was declared."""

    flexibility_id: int
    at: datetime


@frozen
class CloseFlexibility:
    """The appliance has left mode 30."""

    flexibility_id: int
    outcome: str


@frozen
class LeaveAlone:
    """A person has switched the appliance: it is theirs until then."""

    appliance_id: int
    until: datetime


@frozen
class TakeOver:
    """A person has taken the unit over at the unit itself, or given it back: 70, or what it was before."""

    appliance_id: int
    device_id: str
    taken: bool


@frozen
class LookAt:
    """Something about a device is odd: somebody is asked to look at it."""

    device_id: str
    why: str             # in French, for who will


Effect = LookAt | LeaveAlone | TakeOver | Record | Save | Send | Ask | Write | OpenFlexibility | MarkStarted | CloseFlexibility
