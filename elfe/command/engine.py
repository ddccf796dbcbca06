"""The command engine, pure: events in, effects out, one owner. It has no clock, no socket and no database.

Once a quarter, and whenever something changes, it asks of each appliance that we may move what is wanted of it now
(`typologies.wish`), and makes an order where none stands for that wish. Orders then live the life of `orders.py`.

The rules that it keeps:
- an order is made only in the mode that allows it, and sent only once it is recorded;
- one live order per device: a new wish supersedes the old one;
- a level order is said again while it is valid and unanswered, never while its device or the broker is away;
- only the device's own word acknowledges, only power measured behind that word proves;
- a device found in another state is a person's will, unless it has just come back or its fail-safe may have fired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from attrs import define, evolve, field

from elfe.command import orders
from elfe.command.orders import Cause, On, Order, Why
from elfe.command.typologies import ALLOWED, Wish, wish
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    Effect,
    EngineEvent,
    FleetRead,
    Installed,
    Known,
    LedgerRead,
    MarkStarted,
    NotRecorded,
    OpenFlexibility,
    Pilot,
    PlanRead,
    Record,
    Recorded,
    Rules,
    Said,
    Save,
    Send,
    Tick,
    Unsent,
    Write,
)
from elfe.coordination.values import CommandState, ControlState, Mode
from elfe.devices.values import Acknowledgement, Measure, OutputState, Presence, Quantity, Query, Switch
from elfe.ems.values import Decisions
from elfe.errors import DriverDefect
from elfe.slots import slot_of, slot_start

JUST_BACK = timedelta(seconds=30)
"""What a device says of its output so soon after its return is its power-up state, not a person's will."""


@define
class Seen:
    """What is known of one device."""

    presence: Presence | None = None
    back_at: datetime | None = None          # when it last came back
    told_off_at: datetime | None = None      # when it last acknowledged the state that its fail-safe undoes


@define
class Engine:
    """The state of the engine. Call `on` with each event, perform the effects in order."""

    rules: Rules = field(factory=Rules)
    new_id: Callable[[], str] = field(default=lambda: str(uuid4()))
    plan: Decisions | None = None
    connected: bool = False
    pilots: dict[int, Pilot] = field(factory=dict)
    live: dict[str, Order] = field(factory=dict)          # by device: its one live order
    settled: dict[str, str] = field(factory=dict)         # by device: the key of its last order that ended
    seen: dict[str, Seen] = field(factory=dict)
    _by_device: dict[str, int] = field(factory=dict)      # driven device → appliance
    _by_meter: dict[str, list[int]] = field(factory=dict)

    # -- the door -------------------------------------------------------------------------------------------------

    def on(self, event: EngineEvent, now: datetime) -> list[Effect]:
        """What to do because of `event`."""
        match event:
            case FleetRead(pilots):
                return self._read_fleet(pilots, now)
            case PlanRead(plan):
                self.plan = plan
                return self._review(now)
            case LedgerRead(kept):
                return self._resume(kept, now)
            case Said(device_id, said, retained):
                return self._recall(device_id, said) if retained else self._hear(device_id, said, now)
            case BrokerUp():
                self.connected = True
                return [*self._ask_all(), *self._say(now)]
            case BrokerDown():
                self.connected = False
                return []
            case Recorded(order_id):
                return [*self._move(order_id, On.RECORDS, now), *self._say(now, self._order_of(order_id))]
            case Known(order_id, earlier):
                return self._adopt(order_id, earlier, now)
            case NotRecorded(order_id):
                self._forget(order_id)
                return []
            case Unsent(order_id):
                return self._postpone(order_id)
            case Tick():
                return [*self._review(now), *self._say(now)]

    def next_at(self, now: datetime) -> datetime:
        """When time alone will next ask for something."""
        quarter = slot_start(slot_of(now) + 1)
        again = [order.say_again_at for order in self.live.values()
                 if order.say_again_at and self.connected and self._present(order.device_id) and order.may(On.SENDS)]
        return min([quarter, *again])

    # -- what the database says -----------------------------------------------------------------------------------

    def _read_fleet(self, pilots: Mapping[int, Pilot], now: datetime) -> list[Effect]:
        self.pilots = dict(pilots)
        self._by_device = {pilot.driven.device.id: id for id, pilot in pilots.items()}
        self._by_meter = {}
        for id, pilot in pilots.items():
            self._by_meter.setdefault(pilot.meter, []).append(id)
        opened: list[Effect] = [OpenFlexibility(id) for id, pilot in pilots.items()
                                if pilot.appliance.mode == Mode.PILOTED and pilot.flexibility is None]
        return [*opened, *self._leave(), *self._review(now), *self._say(now)]

    def _leave(self) -> list[Effect]:
        """Appliances that were taken out of our hands: their flexibility is over, and no order is made."""
        return [CloseFlexibility(pilot.flexibility.id, f"mode {pilot.appliance.mode}")
                for pilot in self.pilots.values()
                if pilot.flexibility and pilot.appliance.mode not in {Mode.PILOTED, Mode.MANUAL}]

    def _resume(self, kept: tuple[Order, ...], now: datetime) -> list[Effect]:
        """Take up what an engine that stopped had left; levels are safe to say again."""
        for order in kept:
            self.live[order.device_id] = order if order.heard else evolve(order, say_again_at=now)
        return []

    # -- what is wanted -------------------------------------------------------------------------------------------

    def _review(self, now: datetime) -> list[Effect]:
        """End what is over, then make the orders that are missing."""
        closed = self._close(now)
        return [*closed, *(effect for pilot in self.pilots.values() for effect in self._want(pilot, now))]

    def _want(self, pilot: Pilot, now: datetime) -> list[Effect]:
        device_id = pilot.driven.device.id
        standing = self.live.get(device_id)
        wanted = wish(pilot.appliance, pilot.flexibility, self.plan, now)
        if wanted is None:
            if standing and not self._awaits_proof_only(standing):
                return self._move(standing.id, On.SUPERSEDES, now, Cause.MODE)
            return []
        order = self._order(pilot, wanted, now)
        if (standing and standing.key == order.key) or self.settled.get(device_id) == order.key:
            return []
        effects = self._move(standing.id, On.SUPERSEDES, now, Cause.NEW_WISH) if standing else []
        self.live[device_id] = order
        return [*effects, Record(order, ALLOWED[order.why])]

    def _order(self, pilot: Pilot, wanted: Wish, now: datetime) -> Order:
        assert pilot.flexibility is not None
        return Order(
            id=self.new_id(), device_id=pilot.driven.device.id, appliance_id=pilot.appliance.id, why=wanted.why,
            on=pilot.typology.level(wanted.powers), powers=wanted.powers, slot=slot_of(now),
            flexibility_id=pilot.flexibility.id, wanted_at=now,
        )

    @staticmethod
    def _awaits_proof_only(order: Order) -> bool:
        """Its appliance is its person's again by the order itself; only the proof is awaited."""
        return order.why in {Why.START, Why.RELEASE} and order.acknowledged_at is not None

    # -- saying it ------------------------------------------------------------------------------------------------

    def _say(self, now: datetime, *only: Order | None) -> list[Effect]:
        """Send what is due: of these orders, or of all."""
        if not self.connected:
            return []
        return [effect for order in only or list(self.live.values())
                if order is not None and order.due(now) and self._present(order.device_id)
                for effect in self._send(order, now)]

    def _send(self, order: Order, now: datetime) -> list[Effect]:
        driven = self._installed(order.device_id)
        if driven is None or driven.driver.encode_command is None:
            return []
        try:
            encoded = driven.driver.encode_command(driven.device, Switch(order.on, token=order.id))
        except (DriverDefect, ValueError) as error:
            failed = order.happens(On.FAILS, now, f"{Cause.NO_WORDS}: {error}")
            self._settle(failed)
            return [Save(failed, On.FAILS, now, failed.cause), *self._say_what_is_not_known(failed)]
        said = order.said(now, encoded.within)
        self.live[order.device_id] = said
        return [Save(said, On.SENDS, now), Send(said, encoded.publishes, said.valid_until)]

    def _postpone(self, order_id: str) -> list[Effect]:
        order = self._order_of(order_id)
        if order is not None:
            self.live[order.device_id] = evolve(order, say_again_at=None)
        return []

    def _ask_all(self) -> list[Effect]:
        """After a silence of ours, each device's own word about its state."""
        return [effect for pilot in self.pilots.values() for effect in self._ask(pilot.driven)]

    @staticmethod
    def _ask(driven: Installed) -> list[Effect]:
        if driven.driver.encode_command is None:
            return []
        try:
            return [Ask(driven.device.id, driven.driver.encode_command(driven.device, Query()).publishes)]
        except (DriverDefect, ValueError):      # not asked: its next order tells, and says why
            return []

    # -- hearing --------------------------------------------------------------------------------------------------

    def _hear(self, device_id: str, said: object, now: datetime) -> list[Effect]:
        match said:
            case Presence():
                return self._hear_presence(device_id, said, now)
            case Measure(Quantity.POWER, value, _, ""):
                return self._weigh(device_id, value, now)
            case OutputState(on):
                return self._hear_state(device_id, on, now)
            case Acknowledgement(token, ok, detail):
                return self._hear_answer(device_id, token, ok, detail, now)
        return []

    def _recall(self, device_id: str, said: object) -> list[Effect]:
        """What the broker kept is never fresh; but who was gone when it was kept is gone until it speaks."""
        if said is Presence.OFFLINE:
            self.seen.setdefault(device_id, Seen()).presence = Presence.OFFLINE
        return []

    def _hear_presence(self, device_id: str, said: Presence, now: datetime) -> list[Effect]:
        known = self.seen.setdefault(device_id, Seen())
        was, known.presence = known.presence, said
        if said is not Presence.ONLINE or was is Presence.ONLINE or device_id not in self._by_device:
            return []
        known.back_at = now
        driven = self._installed(device_id)
        order = self.live.get(device_id)
        if order and order.may(On.SENDS):
            self.live[device_id] = evolve(order, say_again_at=None)
        return [*(self._ask(driven) if driven and self.connected else []), *self._say(now, self.live.get(device_id))]

    def _hear_answer(self, device_id: str, token: str, ok: bool, detail: str, now: datetime) -> list[Effect]:
        order = self.live.get(device_id)
        if order is None or order.id != token:
            return []
        if ok:
            return self._acknowledge(order, now)
        return self._move(order.id, On.REFUSES, now, f"{Cause.REFUSED}: {detail}") if order.may(On.REFUSES) else []

    def _hear_state(self, device_id: str, on: bool, now: datetime) -> list[Effect]:
        order = self.live.get(device_id)
        if order is None:
            return []
        if on == order.on:
            return self._acknowledge(order, now)
        if not order.heard:
            return []
        if self._lost_it(order, now):
            return [*self._move(order.id, On.LAPSES, now), *self._say(now, self.live.get(device_id))]
        return self._yield_to_a_person(order, now)

    def _weigh(self, meter_id: str, power_w: float, now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        for appliance_id in self._by_meter.get(meter_id, ()):
            order = self.live.get(self.pilots[appliance_id].driven.device.id)
            if order is None or not order.heard:
                continue
            weighed = order.weighs(power_w, self.rules.proof_w, now)
            self.live[order.device_id] = weighed
            if weighed.stage is not order.stage:
                effects.append(Save(weighed, On.DRAWS, now, f"{power_w:.0f} W"))
        return effects

    # -- what follows from an answer ------------------------------------------------------------------------------

    def _acknowledge(self, order: Order, now: datetime) -> list[Effect]:
        if not order.may(On.ECHOES):
            return []
        if not order.powers:
            self.seen.setdefault(order.device_id, Seen()).told_off_at = now
        return [*self._move(order.id, On.ECHOES, now), *self._write_what_is_known(order, now)]

    def _write_what_is_known(self, order: Order, now: datetime) -> list[Effect]:
        id = order.appliance_id
        piloted, manual = frozenset({Mode.PILOTED}), frozenset({Mode.MANUAL})
        off = Write(id, piloted, control=ControlState.OFF, command=CommandState.STANDING_BY, ems_order=False)
        on = Write(id, piloted, control=ControlState.ON, command=CommandState.MANUAL_ON, ems_order=True)
        match order.why:
            case Why.HAND:
                return []      # whoever gave it writes
            case Why.START:
                return [evolve(on, mode=Mode.MANUAL, last_started=now), MarkStarted(order.flexibility_id, now),
                        CloseFlexibility(order.flexibility_id, "started")]
            case Why.RELEASE:
                return [evolve(on, only_in=manual), CloseFlexibility(order.flexibility_id, "given back")]
            case Why.PLAN if order.powers:
                was_off = self.pilots[id].appliance.control != ControlState.ON if id in self.pilots else True
                return [evolve(on, last_started=now if was_off else None)]
        return [off]

    def _lost_it(self, order: Order, now: datetime) -> bool:
        """The device has another state without anybody's will: it restarted, or its fail-safe fired."""
        known = self.seen.setdefault(order.device_id, Seen())
        if known.back_at and now - known.back_at <= JUST_BACK:
            return True
        driven = self._installed(order.device_id)
        fail_safe = driven.driver.type.fail_safe if driven else None
        return bool(not order.powers and fail_safe and fail_safe.after and known.told_off_at
                    and now - known.told_off_at >= fail_safe.after)

    def _yield_to_a_person(self, order: Order, now: datetime) -> list[Effect]:
        """Switched by hand: no fight. A waiting cycle is theirs again, a continuous load until the quarter ends."""
        effects = self._move(order.id, On.OVERRIDES, now, Cause.PERSON)
        if order.why is Why.WAIT:
            effects += [
                Write(order.appliance_id, frozenset({Mode.PILOTED}), mode=Mode.MANUAL, control=ControlState.ON,
                      command=CommandState.MANUAL_ON, ems_order=False),
                CloseFlexibility(order.flexibility_id, Cause.PERSON),
            ]
        return effects

    # -- ends -----------------------------------------------------------------------------------------------------

    def _close(self, now: datetime) -> list[Effect]:
        """End the orders whose validity is over."""
        return [effect for order in list(self.live.values()) if orders.is_over(order, now)
                for effect in self._end(order, now)]

    def _end(self, order: Order, now: datetime) -> list[Effect]:
        if not order.may(On.SENDS) and not order.heard:          # never recorded: it never was
            self._forget(order.id)
            return []
        pilot = self.pilots.get(order.appliance_id)
        ended = orders.ends(
            order, now, present=self._present(order.device_id), connected=self.connected,
            measured=bool(pilot and pilot.meter), thirsty=bool(pilot and not pilot.appliance.continuous),
        )
        self._settle(ended)
        return [Save(ended, _event_of(order, ended), now), *self._say_what_is_not_known(ended)]

    @staticmethod
    def _say_what_is_not_known(ended: Order) -> list[Effect]:
        """An order that was never answered leaves the appliance's supply unknown."""
        if ended.stage not in orders.MISSED or ended.acknowledged_at is not None:
            return []
        return [Write(ended.appliance_id, frozenset({Mode.PILOTED, Mode.MANUAL}),
                      control=ControlState.UNKNOWN, command=CommandState.FAILED)]

    # -- the one live order of a device ---------------------------------------------------------------------------

    def _move(self, order_id: str, what: On, now: datetime, cause: str = "") -> list[Effect]:
        order = self._order_of(order_id)
        if order is None or not order.may(what):
            return []
        moved = order.happens(what, now, cause)
        recorded = order.recorded_at is not None or what is On.RECORDS
        if moved.live:
            self.live[order.device_id] = moved
        else:
            self._settle(moved)
        return [Save(moved, what, now, cause)] if recorded else []

    def _settle(self, ended: Order) -> None:
        self.live.pop(ended.device_id, None)
        self.settled[ended.device_id] = ended.key

    def _adopt(self, order_id: str, earlier: Order, now: datetime) -> list[Effect]:
        """The order exists already: go on with it when it lives, leave it when it has ended."""
        self._forget(order_id)
        if not earlier.live:
            self.settled[earlier.device_id] = earlier.key
            return []
        self.live[earlier.device_id] = earlier if earlier.heard else evolve(earlier, say_again_at=now)
        return self._say(now, self.live[earlier.device_id])

    def _forget(self, order_id: str) -> None:
        order = self._order_of(order_id)
        if order is not None:
            del self.live[order.device_id]

    def _order_of(self, order_id: str) -> Order | None:
        return next((order for order in self.live.values() if order.id == order_id), None)

    def _installed(self, device_id: str) -> Installed | None:
        appliance_id = self._by_device.get(device_id)
        return self.pilots[appliance_id].driven if appliance_id is not None else None

    def _present(self, device_id: str) -> bool:
        known = self.seen.get(device_id)
        return known is None or known.presence is not Presence.OFFLINE


def _event_of(before: Order, after: Order) -> On:
    return next(what for what, stage in orders.TRANSITIONS[before.stage].items() if stage is after.stage)
