"""What one command engine knows: what it was told, what it has heard, and of each device its one live order.

Pure, and one owner's: the engine (`engine.py`) hands it to the functions of the modules beside it (`wanting`, `pressing`, `saying`,
`hearing`, `answering`, `ending`), which do something to it and return the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from heapq import heappush
from uuid import uuid4

from attrs import define, field

from elfe.command.orders import Cause, On, Order
from elfe.command.pace import Pace
from elfe.command.rules import Rules
from elfe.command.seen import Seen
from elfe.command.values import Effect, Installed, Pilot, Save
from elfe.coordination.values import Mode
from elfe.devices.values import Presence
from elfe.ems.values import Decisions
from elfe.slots import slot_of, slot_start

PILOTED, MANUAL = frozenset({Mode.PILOTED}), frozenset({Mode.MANUAL})
OURS = PILOTED | MANUAL


@define
class Memory:
    """The state of an engine."""

    rules: Rules = field(factory=Rules)
    new_id: Callable[[], str] = field(default=lambda: str(uuid4()))
    plan: Decisions | None = None
    connected: bool = False
    pilots: dict[int, Pilot] = field(factory=dict)
    live: dict[str, Order] = field(factory=dict)               # by device: its one live order
    settled: dict[str, str] = field(factory=dict)              # by device: the key of its last order that ended
    pressed: dict[int, list[Order]] = field(factory=dict)      # by flexibility: its presses that have ended
    seen: dict[str, Seen] = field(factory=dict)
    deaf_until_at: datetime | None = None                      # when its last silence ended: it began, or the broker returned
    to_ask: bool = False                                       # we were away: each device is still to be asked how it is
    reviewed: int | None = None                                # the slot of the last review of everything
    newest_slot: int = 0                                       # the last one in which something was wanted
    pace: Pace = field(factory=Pace)
    alarms: list[tuple[datetime, str]] = field(factory=list)   # when to look at a device's order again
    device_of: dict[str, str] = field(factory=dict)            # order → device
    too_late: dict[str, Order] = field(factory=dict)           # superseded while its recording was under way
    driven: dict[str, tuple[int, Installed]] = field(factory=dict)      # device → appliance, and how to speak to it
    by_meter: dict[str, list[int]] = field(factory=dict)

    @property
    def recorded(self) -> list[Order]:
        """The orders that we know to be committed, of those that still matter."""
        known = [*self.live.values(), *(each for some in self.pressed.values() for each in some)]
        return [each for each in known if each.recorded_at is not None]

    def ask_again(self) -> None:
        """What we go by may be old: each device is to be asked for its state, before anything else is said."""
        self.to_ask = True

    def next_at(self, now: datetime) -> datetime:
        """When time alone will next ask for something."""
        quarter = slot_start(slot_of(now) + 1)
        return max(now, min(quarter, self.alarms[0][0])) if self.alarms else quarter

    def learn(self, pilots: Mapping[int, Pilot]) -> None:
        """What the database says now goes before whatever is said, also because of what was heard before it was read."""
        self.pilots = dict(pilots)
        self.driven = {each.device.id: (id, each) for id, pilot in pilots.items() for each in pilot.devices}
        self.by_meter = {}
        for id, pilot in pilots.items():
            if pilot.meter:
                self.by_meter.setdefault(pilot.meter, []).append(id)

    def listen_anew(self, now: datetime) -> None:
        """What devices did meanwhile nobody has heard."""
        self.deaf_until_at = now
        for known in self.seen.values():
            known.watts = known.output = None

    def keep(self, order: Order) -> None:
        """It is its device's live order now, and will be looked at when time asks for it."""
        self.live[order.device_id] = order
        self.device_of[order.id] = order.device_id
        for at in {order.over_at(self.rules.proves_within), order.say_again_at or order.valid_until}:
            heappush(self.alarms, (at, order.device_id))

    def move(self, order_id: str, what: On, now: datetime, cause: str = "") -> list[Effect]:
        """Something happens to an order, if it may: what is to be kept of it."""
        order = self.order_of(order_id)
        if order is None or not order.may(what):
            return []
        moved = order.happens(what, now, cause)
        recorded = order.recorded_at is not None or what is On.RECORDS
        if moved.live:
            self.keep(moved)
        else:
            self.settle(moved)
            if not recorded:
                self.too_late[moved.id] = moved
        return [Save(moved, what, now, cause)] if recorded else []

    def settle(self, ended: Order) -> None:
        """It has ended: its device has no live order."""
        self.live.pop(ended.device_id, None)
        self.device_of.pop(ended.id, None)
        self.settled[ended.device_id] = ended.key
        if ended.press and ended.recorded_at:
            self.pressed.setdefault(ended.flexibility_id, []).append(ended)

    def find(self, order: Order, now: datetime) -> list[Effect]:
        """It exists after all: its device's live order again, for the review to judge, unless another one is by now."""
        standing = self.live.setdefault(order.device_id, order)
        if standing.id == order.id:
            self.keep(standing)
            return []
        return [Save(order.happens(On.SUPERSEDES, now, Cause.NEW_WISH), On.SUPERSEDES, now, Cause.NEW_WISH)]

    def forget(self, order_id: str) -> None:
        """It was never recorded: it never was."""
        order = self.order_of(order_id)
        if order is not None:
            del self.live[order.device_id], self.device_of[order_id]

    def order_of(self, order_id: str) -> Order | None:
        """A live order by its id."""
        order = self.live.get(self.device_of.get(order_id, ""))
        return order if order is not None and order.id == order_id else None

    def installed(self, device_id: str) -> Installed | None:
        """How to speak to a device that we drive."""
        found = self.driven.get(device_id)
        return found[1] if found else None

    def pilot_of(self, device_id: str) -> Pilot | None:
        """The appliance that a device drives."""
        found = self.driven.get(device_id)
        return self.pilots.get(found[0]) if found else None

    def meters_of(self, device_id: str) -> list[Seen]:
        """What measures the appliance that it drives; itself where it measures one."""
        pilot = self.pilot_of(device_id)
        found = {device_id if device_id in self.by_meter else "", pilot.meter if pilot else ""}
        return [self.seen[id] for id in found if id in self.seen]

    def seen_of(self, device_id: str) -> Seen:
        """What is known of a device, to be added to."""
        known = self.seen.get(device_id)
        if known is None:
            known = self.seen[device_id] = Seen()
        return known

    def is_present(self, device_id: str) -> bool:
        """Whether nobody has said that it is away."""
        known = self.seen.get(device_id)
        return known is None or known.presence is not Presence.OFFLINE
