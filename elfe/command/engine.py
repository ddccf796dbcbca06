"""The command engine, pure: events in, effects out, one owner. It has no clock, no socket and no database.

Once a quarter, and whenever something changes, it asks of each appliance that we may move what is wanted of it now
(`typologies.wish`), and makes an order where none stands for that wish. Orders then live the life of `orders.py`.

The rules that it keeps:
- an order is made only in the mode that allows it, and sent only once it is recorded, and only while that mode lasts;
- one live order per device: a new wish supersedes the old one;
- a level is said again while it is valid and unanswered, and before the device's fail-safe undoes it; never while its device
  or the broker is away. A press is said once;
- only the device's own word acknowledges, only power measured behind that word proves;
- a device found in another state is a person's will, unless it has just come back or its fail-safe may have fired;
- a cycle that is under way is never cut, and is given its power back after a blip;
- nothing is wanted in a slot that is over, though the clock goes back to it, and nothing is said before its slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop

from attrs import define

from elfe.command import ending, hearing, saying, wanting
from elfe.command.memory import OURS, Memory
from elfe.command.orders import Cause, On, Order
from elfe.command.values import (
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    Effect,
    EngineEvent,
    FleetRead,
    Found,
    Known,
    LedgerRead,
    NotRecorded,
    OpenFlexibility,
    Pilot,
    PlanRead,
    Record,
    Recorded,
    Said,
    Save,
    Unsent,
)
from elfe.coordination.values import Mode
from elfe.slots import slot_of

PRESSES_KEPT = timedelta(days=1)
"""So long the presses of a stay that is over are known: a database that lags behind may still call it open."""


@define
class Engine(Memory):
    """Call `on` with each event, perform the effects in order."""

    def on(self, event: EngineEvent, now: datetime) -> list[Effect]:
        """What to do because of `event`."""
        match event:
            case FleetRead(pilots, asked):
                return self._read_fleet(pilots, now) if asked is None else self._read_some(pilots, asked, now)
            case PlanRead(plan):
                self.plan = plan
                return self._review(now) if self.pilots else []      # what was left behind is not judged by who knows no appliance
            case LedgerRead(kept, newest_slot):
                self.newest_slot = max(self.newest_slot, newest_slot)
                return self._resume(kept, now)
            case Said(device_id, said, retained):
                return hearing.recall(self, device_id, said, now) if retained else hearing.hear(self, device_id, said, now)
            case BrokerUp():
                self.connected = self.to_ask = True
                self.listen_anew(now)
                return [*saying.ask_all(self), *saying.say_all(self, now)]
            case BrokerDown():
                self.connected = False
                return []
            case Recorded(order_id) if order_id in self.too_late:
                return [Save(self.too_late.pop(order_id), On.SUPERSEDES, now, Cause.NEW_WISH)]
            case Recorded(order_id):
                return [*self.move(order_id, On.RECORDS, now), *saying.say(self, self.order_of(order_id), now)]
            case Known(order_id, earlier):
                self.too_late.pop(order_id, None)
                return self._adopt(order_id, earlier, now)
            case NotRecorded(order_id):
                self.too_late.pop(order_id, None)
                self.forget(order_id)
                return []
            case Found(found):
                return [effect for order in found for effect in self.find(order, now)]
            case Unsent(order_id):
                return saying.postpone(self, order_id)
            case _:      # a Tick
                return self._pass_time(now)

    def _pass_time(self, now: datetime) -> list[Effect]:
        if self.reviewed != slot_of(now):
            return [*self._review(now), *saying.say_all(self, now)]
        due = self._due(now)
        return [effect for device_id in due for effect in self._look_at(device_id, now)]

    def _due(self, now: datetime) -> list[str]:
        """The devices whose alarm has gone off; each once, those whose start is latest last."""
        due: dict[str, None] = {}
        while self.alarms and self.alarms[0][0] <= now:
            due[heappop(self.alarms)[1]] = None
        ordered = [self.live[id] for id in due if id in self.live]
        return [*(id for id in due if id not in self.live),
                *(each.device_id for each in sorted(ordered, key=partial(saying.urgency, self)))]

    def _look_at(self, device_id: str, now: datetime) -> list[Effect]:
        order = self.live.get(device_id)
        effects: list[Effect] = []
        if order is not None and ending.is_over(self, order, now):
            effects += ending.end(self, order, now)
        effects += saying.say(self, self.live.get(device_id), now)
        pilot = self.pilot_of(device_id)
        return [*effects, *(wanting.want(self, pilot, now) if pilot and pilot.presses else [])]

    def _read_fleet(self, pilots: Mapping[int, Pilot], now: datetime) -> list[Effect]:
        self.learn(pilots)
        self.pressed = {id: presses for id, presses in self.pressed.items() if not self._is_past(presses[-1], now)}
        return [*self._open(pilots), *self._leave(pilots), *saying.ask_all(self), *self._review(now), *saying.say_all(self, now)]

    def _is_past(self, press: Order, now: datetime) -> bool:
        """Whether its stay is over, for long; of an appliance that cannot be read nobody knows."""
        pilot = self.pilots.get(press.appliance_id)
        over = pilot is not None and (pilot.flexibility is None or pilot.flexibility.id != press.flexibility_id)
        return over and press.ended_at is not None and now - press.ended_at > PRESSES_KEPT

    def _read_some(self, pilots: Mapping[int, Pilot], asked: frozenset[int], now: datetime) -> list[Effect]:
        """Likewise for those of which something was written since."""
        for id in asked:
            before = self.pilots.pop(id, None)
            if before is not None:
                if before.meter:
                    self.by_meter[before.meter].remove(id)
                for each in before.devices:
                    del self.driven[each.device.id]
        for id, pilot in pilots.items():
            self.pilots[id] = pilot
            if pilot.meter:
                self.by_meter.setdefault(pilot.meter, []).append(id)
            self.driven |= {each.device.id: (id, each) for each in pilot.devices}
        wanted = self._want(pilots.values(), now)
        standing = [self.live[each.device.id] for pilot in pilots.values() for each in pilot.devices if each.device.id in self.live]
        said = [effect for order in sorted(standing, key=partial(saying.urgency, self)) for effect in saying.say(self, order, now)]
        return [*self._open(pilots), *self._leave(pilots), *wanted, *said]

    @staticmethod
    def _open(pilots: Mapping[int, Pilot]) -> list[Effect]:
        return [OpenFlexibility(id) for id, pilot in pilots.items()
                if pilot.appliance.mode == Mode.PILOTED and pilot.flexibility is None]

    @staticmethod
    def _leave(pilots: Mapping[int, Pilot]) -> list[Effect]:
        """Appliances that were taken out of our hands: their flexibility is over, and no order is made."""
        return [CloseFlexibility(pilot.flexibility.id, f"mode {pilot.appliance.mode}")
                for pilot in pilots.values() if pilot.flexibility and pilot.appliance.mode not in OURS]

    def _resume(self, kept: tuple[Order, ...], now: datetime) -> list[Effect]:
        """Take up what an engine that stopped had left. Levels are safe to say again; what was pressed is not pressed again."""
        self.to_ask = True
        self.listen_anew(now)
        self._resume_pace(kept, now)
        for order in kept:
            if not order.live:
                self.pressed.setdefault(order.flexibility_id, []).append(order)
            else:
                self.keep(order if order.heard or order.press else order.but(say_again_at=now))
        return []

    def _resume_pace(self, kept: tuple[Order, ...], now: datetime) -> None:
        """What it has just switched on counts."""
        for at, device_id in sorted((max(order.sent_at, order.acknowledged_at or order.sent_at), order.device_id)
                                    for order in kept if order.powers and order.sent_at):
            self.pace.spend(device_id, min(at, now))

    def _review(self, now: datetime) -> list[Effect]:
        """End what is over, then make the orders that are missing."""
        self.reviewed = slot_of(now)
        return [*ending.close(self, now), *self._want(self.pilots.values(), now)]

    def _want(self, pilots: Iterable[Pilot], now: datetime) -> list[Effect]:
        """Make the orders that are missing for appliances: what must start soonest is recorded, and so said, first."""
        wanted = [effect for pilot in pilots for effect in wanting.want(self, pilot, now)]
        made = [each for each in wanted if isinstance(each, Record)]
        return [*(each for each in wanted if not isinstance(each, Record)),
                *sorted(made, key=lambda each: saying.urgency(self, each.order))]

    def _adopt(self, order_id: str, earlier: Order, now: datetime) -> list[Effect]:
        """The order exists already: go on with it when it lives, leave it when it has ended."""
        self.forget(order_id)
        if not earlier.live:
            self.settled[earlier.device_id] = earlier.key
            if earlier.press:
                self.pressed.setdefault(earlier.flexibility_id, []).append(earlier)
            return []
        self.keep(earlier if earlier.heard or earlier.press else earlier.but(say_again_at=now))
        return saying.say(self, self.live[earlier.device_id], now)
