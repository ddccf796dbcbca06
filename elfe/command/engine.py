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

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import uuid4

from attrs import define, evolve, field

from elfe.command import orders
from elfe.command.orders import LONGEST_PATIENCE, REFRESHES, Cause, On, Order, Stage, Why
from elfe.command.pace import Pace, said_at
from elfe.command.rules import Rules
from elfe.command.seen import Seen
from elfe.command.signature import ODD_FOR, oddity
from elfe.command.typologies import NextPress, Situation, Wish, latest_start, next_press, usual_w, wish
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    Effect,
    EngineEvent,
    FleetRead,
    Found,
    Installed,
    Known,
    LeaveAlone,
    LedgerRead,
    LookAt,
    MarkStarted,
    NotRecorded,
    OpenFlexibility,
    Pilot,
    PlanRead,
    Record,
    Recorded,
    Said,
    Save,
    Send,
    TakeOver,
    Unsent,
)
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Write
from elfe.devices.values import (
    PROTECTIONS,
    Acknowledgement,
    Fault,
    LocalControl,
    Measure,
    OutputState,
    Presence,
    Press,
    Quantity,
    Query,
    Switch,
)
from elfe.ems.values import Decisions
from elfe.errors import DriverDefect
from elfe.slots import slot_of, slot_start

LISTENS = timedelta(minutes=6)
"""After a silence, ours or its device's own, a machine may have been started by its person or its device's fail-safe: it is not cut
before its power is heard. A meter that says nothing for so long, longer than any period, is not waited for."""
PRESSES_KEPT = timedelta(days=1)
"""So long the presses of a stay that is over are known: a database that lags behind may still call it open."""
CAPPED = frozenset({Why.PLAN, Why.START, Why.GUARANTEE})
"""What waits for the limit of kilowatts a minute; what gives a home its service back does not, but counts."""
PILOTED, MANUAL = frozenset({Mode.PILOTED}), frozenset({Mode.MANUAL})
OURS = PILOTED | MANUAL


@define
class Engine:
    """The state of the engine. Call `on` with each event, perform the effects in order."""

    rules: Rules = field(factory=Rules)
    new_id: Callable[[], str] = field(default=lambda: str(uuid4()))
    plan: Decisions | None = None
    connected: bool = False
    pilots: dict[int, Pilot] = field(factory=dict)
    live: dict[str, Order] = field(factory=dict)               # by device: its one live order
    settled: dict[str, str] = field(factory=dict)              # by device: the key of its last order that ended
    pressed: dict[int, list[Order]] = field(factory=dict)      # by flexibility: its presses that have ended
    seen: dict[str, Seen] = field(factory=dict)
    _deaf_until_at: datetime | None = None                     # when its last silence ended: it began, or the broker returned
    _to_ask: bool = False                                      # we were away: each device is still to be asked how it is
    _reviewed: int | None = None                               # the slot of the last review of everything
    _newest_slot: int = 0                                      # the last one in which something was wanted
    _pace: Pace = field(factory=Pace)
    _alarms: list[tuple[datetime, str]] = field(factory=list)  # when to look at a device's order again
    _device_of: dict[str, str] = field(factory=dict)           # order → device
    _too_late: dict[str, Order] = field(factory=dict)          # superseded while its recording was under way
    _driven: dict[str, tuple[int, Installed]] = field(factory=dict)      # device → appliance, and how to speak to it
    _by_meter: dict[str, list[int]] = field(factory=dict)

    # -- the door -------------------------------------------------------------------------------------------------

    def on(self, event: EngineEvent, now: datetime) -> list[Effect]:
        """What to do because of `event`."""
        match event:
            case FleetRead(pilots, asked):
                return self._read_fleet(pilots, now) if asked is None else self._read_some(pilots, asked, now)
            case PlanRead(plan):
                self.plan = plan
                return self._review(now) if self.pilots else []      # what was left behind is not judged by who knows no appliance
            case LedgerRead(kept, newest_slot):
                self._newest_slot = max(self._newest_slot, newest_slot)
                return self._resume(kept, now)
            case Said(device_id, said, retained):
                return self._recall(device_id, said, now) if retained else self._hear(device_id, said, now)
            case BrokerUp():
                self.connected = self._to_ask = True
                self._listen_anew(now)
                return [*self._ask_all(), *self._say_all(now)]
            case BrokerDown():
                self.connected = False
                return []
            case Recorded(order_id) if order_id in self._too_late:
                return [Save(self._too_late.pop(order_id), On.SUPERSEDES, now, Cause.NEW_WISH)]
            case Recorded(order_id):
                return [*self._move(order_id, On.RECORDS, now), *self._say(self._order_of(order_id), now)]
            case Known(order_id, earlier):
                self._too_late.pop(order_id, None)
                return self._adopt(order_id, earlier, now)
            case NotRecorded(order_id):
                self._too_late.pop(order_id, None)
                self._forget(order_id)
                return []
            case Found(found):
                return [effect for order in found for effect in self._find(order, now)]
            case Unsent(order_id):
                return self._postpone(order_id)
            case _:      # a Tick
                return self._pass_time(now)

    @property
    def recorded(self) -> list[Order]:
        """The orders that we know to be committed, of those that still matter."""
        known = [*self.live.values(), *(each for some in self.pressed.values() for each in some)]
        return [each for each in known if each.recorded_at is not None]

    def ask_again(self) -> None:
        """What we go by may be old: each device is to be asked for its state, before anything else is said."""
        self._to_ask = True

    def next_at(self, now: datetime) -> datetime:
        """When time alone will next ask for something."""
        quarter = slot_start(slot_of(now) + 1)
        return max(now, min(quarter, self._alarms[0][0])) if self._alarms else quarter

    def _pass_time(self, now: datetime) -> list[Effect]:
        if self._reviewed != slot_of(now):
            return [*self._review(now), *self._say_all(now)]
        due = self._due(now)
        return [effect for device_id in due for effect in self._look_at(device_id, now)]

    def _due(self, now: datetime) -> list[str]:
        """The devices whose alarm has gone off; each once, those whose start is latest last."""
        due: dict[str, None] = {}
        while self._alarms and self._alarms[0][0] <= now:
            due[heappop(self._alarms)[1]] = None
        ordered = [self.live[id] for id in due if id in self.live]
        return [*(id for id in due if id not in self.live), *(each.device_id for each in sorted(ordered, key=self._urgency))]

    def _look_at(self, device_id: str, now: datetime) -> list[Effect]:
        order = self.live.get(device_id)
        effects: list[Effect] = []
        if order is not None and self._is_over(order, now):
            effects += self._end(order, now)
        effects += self._say(self.live.get(device_id), now)
        pilot = self._pilot_of(device_id)
        return [*effects, *(self._want(pilot, now) if pilot and pilot.presses else [])]

    # -- what the database says -----------------------------------------------------------------------------------

    def learn(self, pilots: Mapping[int, Pilot]) -> None:
        """What the database says now goes before whatever is said, also because of what was heard before it was read."""
        self.pilots = dict(pilots)
        self._driven = {each.device.id: (id, each) for id, pilot in pilots.items() for each in pilot.devices}
        self._by_meter = {}
        for id, pilot in pilots.items():
            self._by_meter.setdefault(pilot.meter, []).append(id)

    def _read_fleet(self, pilots: Mapping[int, Pilot], now: datetime) -> list[Effect]:
        self.learn(pilots)
        self.pressed = {id: presses for id, presses in self.pressed.items() if not self._is_past(presses[-1], now)}
        return [*self._open(pilots), *self._leave(pilots), *self._ask_all(), *self._review(now), *self._say_all(now)]

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
                self._by_meter[before.meter].remove(id)
                for each in before.devices:
                    del self._driven[each.device.id]
        for id, pilot in pilots.items():
            self.pilots[id] = pilot
            self._by_meter.setdefault(pilot.meter, []).append(id)
            self._driven |= {each.device.id: (id, each) for each in pilot.devices}
        wanted = [effect for pilot in pilots.values() for effect in self._want(pilot, now)]
        standing = [self.live[each.device.id] for pilot in pilots.values() for each in pilot.devices if each.device.id in self.live]
        said = [effect for order in sorted(standing, key=self._urgency) for effect in self._say(order, now)]
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
        self._to_ask = True
        self._listen_anew(now)
        self._resume_pace(kept, now)
        for order in kept:
            if not order.live:
                self.pressed.setdefault(order.flexibility_id, []).append(order)
            else:
                self._keep(order if order.heard or order.press else evolve(order, say_again_at=now))
        return []

    def _resume_pace(self, kept: tuple[Order, ...], now: datetime) -> None:
        """What it has just switched on counts."""
        for at, device_id in sorted((max(order.sent_at, order.acknowledged_at or order.sent_at), order.device_id)
                                    for order in kept if order.powers and order.sent_at):
            self._pace.spend(device_id, min(at, now))

    def _listen_anew(self, now: datetime) -> None:
        """What devices did meanwhile nobody has heard."""
        self._deaf_until_at = now
        for known in self.seen.values():
            known.watts = known.output = None

    # -- what is wanted -------------------------------------------------------------------------------------------

    def _review(self, now: datetime) -> list[Effect]:
        """End what is over, then make the orders that are missing."""
        self._reviewed = slot_of(now)
        closed = self._close(now)
        return [*closed, *(effect for pilot in self.pilots.values() for effect in self._want(pilot, now))]

    def _want(self, pilot: Pilot, now: datetime) -> list[Effect]:
        if slot_of(now) < self._newest_slot:        # the clock was set back: what is over is over
            return []
        wanted = wish(pilot.appliance, self._situation(pilot, now))
        if wanted is None:
            return self._drop(pilot, now)
        unsaid = self._unpress(pilot, now) if pilot.presses and wanted.why is not Why.START else []
        if not pilot.supplies:
            return [*unsaid, *(self._want_press(pilot, now) if wanted.why is Why.START else self._tell(pilot, wanted))]
        effects = [*unsaid, *(effect for each in pilot.supplies for effect in self._want_level(pilot, each.device.id, wanted, now))]
        if pilot.presses and wanted.why is Why.START and not effects and self._supplied(pilot, now):
            return self._want_press(pilot, now)
        return effects

    def _situation(self, pilot: Pilot, now: datetime) -> Situation:
        return Situation(now, self.rules, self.plan, pilot.flexibility, pilot.hold, self._runs(pilot, now), self._owed(pilot, now))

    def _want_level(self, pilot: Pilot, device_id: str, wanted: Wish, now: datetime) -> list[Effect]:
        standing = self.live.get(device_id)
        order = self._order(pilot, device_id, wanted.why, now, on=pilot.typology.level(wanted.powers), powers=wanted.powers)
        if (standing and standing.key == order.key) or self.settled.get(device_id) == order.key:
            return []
        if wanted.why is Why.PLAN and self._too_soon(device_id, wanted.powers, now):
            return []
        return self._make(order, standing, pilot, now)

    def _order(self, pilot: Pilot, device_id: str, why: Why, now: datetime, *, on: bool = True, powers: bool = True,
               press: bool = False, step: int = 0, again: int = 0) -> Order:
        """An order as it would be; it gets its id when it is made."""
        flexibility_id = pilot.flexibility.id if pilot.flexibility else 0
        return Order("", device_id, pilot.appliance.id, why, on, powers, slot_of(now), flexibility_id, now,
                     press=press, step=step, again=again)

    def _make(self, order: Order, standing: Order | None, pilot: Pilot, now: datetime) -> list[Effect]:
        effects = self._move(standing.id, On.SUPERSEDES, now, Cause.NEW_WISH) if standing else []
        latest = latest_start(pilot.flexibility) if pilot.flexibility else None
        slack = latest - now if latest and order.why is Why.START else self.rules.spread
        order = evolve(order, id=self.new_id(), say_again_at=said_at(order, self.rules.spread, slack))
        self._newest_slot = max(self._newest_slot, order.slot)
        self._keep(order)
        return [*effects, Record(order, Mode(pilot.appliance.mode))]

    def _drop(self, pilot: Pilot, now: datetime) -> list[Effect]:
        """Nothing is wanted of it: what has not been done yet is not done any more."""
        runs = pilot.appliance.mode == Mode.PILOTED and pilot.flexibility and not pilot.hold
        cause = Cause.RUNS if runs else Cause.HELD if pilot.hold else Cause.MODE
        standing = [self.live[each.device.id] for each in pilot.devices if each.device.id in self.live]
        return [effect for order in standing if not self._stands_by_itself(order, pilot)
                for effect in self._move(order.id, On.SUPERSEDES, now, cause)]

    @staticmethod
    def _stands_by_itself(order: Order, pilot: Pilot) -> bool:
        """Its appliance is its person's again by the order itself, or it cannot be unsaid; only the proof is awaited."""
        if order.why is Why.RESTORE:
            return pilot.appliance.mode == Mode.MANUAL
        return bool(order.press and order.attempts) or (order.why in {Why.START, Why.RELEASE} and order.acknowledged_at is not None)

    def _too_soon(self, device_id: str, powers: bool, now: datetime) -> bool:
        """Whether the level that it has was only just asked for: a plan that changes its mind makes nothing flutter."""
        known = self.seen.get(device_id)
        return bool(known and known.switched_at and known.powers is not None and known.powers != powers
                    and slot_of(known.switched_at) == slot_of(now) and now - known.switched_at < self.rules.least_level)

    def _runs(self, pilot: Pilot, now: datetime) -> bool:
        """Whether a cycle of it is under way, as far as its meter tells; while nobody can tell yet, it may be.

        One that has only just begun is not: behind a plug, a machine is started by its person, declared, and waits for its power.
        """
        driven, standing = self.seen.get(pilot.driven.device.id), self.live.get(pilot.driven.device.id)
        if standing and standing.heard and not standing.powers:
            return False
        if not self._is_measured(pilot) and self._may_run_unseen(pilot, now):
            return True
        meter = self.seen.get(pilot.meter)
        if meter is None or meter.draws_since is None or not meter.drew_within(self.rules.pauses_within, now):
            return False
        since, cut_at = meter.draws_since, driven.told_off_at if driven else None
        if driven and cut_at and cut_at >= since:      # it was cut meanwhile: what it draws now began after that
            if driven.output == pilot.typology.level(False) or not meter.drew_within(now - cut_at, now):
                return False
            since = cut_at
        return meter.found_running or now - since > self.rules.arms_within

    def _is_measured(self, pilot: Pilot) -> bool:
        """Whether something measures it now: a meter that is no plug may be away while its relays are there."""
        return pilot.meter == pilot.driven.device.id or bool(pilot.meter and self._present(pilot.meter))

    def _may_run_unseen(self, pilot: Pilot, now: datetime) -> bool:
        """Nothing measures it now: what has had its supply for longer than it takes to be made ready may be under way."""
        if pilot.flexibility is None or any(self._cuts(each.device.id, pilot, now) for each in pilot.supplies):
            return False
        opened_at = pilot.flexibility.opened_at
        relays = [self.seen[each.device.id] for each in pilot.supplies if each.device.id in self.seen]
        given_back = [each.given_back_at for each in relays if each.given_back_at and not each.told_off_since(each.given_back_at)]
        if any(timedelta() <= opened_at - each <= self.rules.arms_within for each in given_back):
            return True      # its stay goes on from before its person had it in hand
        since = max([opened_at, *(each.told_off_at for each in relays if each.told_off_at)])
        return now - since > self.rules.arms_within

    def _cuts(self, device_id: str, pilot: Pilot, now: datetime) -> bool:
        """Whether a relay is known to cut it: of who is away only until its fail-safe may have fired."""
        known = self.seen.get(device_id)
        cuts = known is not None and known.output == pilot.typology.level(False)
        return cuts and (self._present(device_id) or not self._may_have_fired(device_id, now))

    def _may_run_until(self, pilot: Pilot, now: datetime) -> datetime | None:
        """Until when nobody can tell, after a silence, that no cycle of it is under way; None: it can be told.

        What was declared during the silence, and draws nothing now, may have been started then, and soak.
        """
        meter, driven = self.seen.get(pilot.meter), self.seen.get(pilot.driven.device.id)
        unheard_until = self._unheard_until(pilot.meter, pilot.driven.device.id)
        if not pilot.meter or pilot.appliance.continuous or unheard_until is None:
            return None
        if driven is not None and (driven.output == pilot.typology.level(False) or driven.told_off_since(unheard_until)):
            return None
        unheard = meter is None or meter.watts is None
        opened_at = pilot.flexibility.opened_at if pilot.flexibility else now
        long_ago = opened_at < unheard_until and now - opened_at > self.rules.arms_within
        doubt = max(LISTENS if unheard else timedelta(), self.rules.pauses_within if long_ago else timedelta())
        return unheard_until + doubt if now < unheard_until + doubt else None

    def _speaks_first(self, order: Order, pilot: Pilot, now: datetime) -> datetime | None:
        """When to look again at who says nothing, and may have been started by the time it hears us; None: it can be told now."""
        opened_at = pilot.flexibility.opened_at if pilot.flexibility else now
        known = self._seen(order.device_id)
        speaks = known.spoke_at is not None and now - known.spoke_at <= self.rules.arms_within
        still_cut = known.output == pilot.typology.level(False) and not self._may_have_fired(order.device_id, now)
        return None if speaks or still_cut or now - opened_at <= self.rules.arms_within else now + LONGEST_PATIENCE

    def _unheard_until(self, *device_ids: str) -> datetime | None:
        """When the last silence ended in which a cycle may have begun: ours, or of one of the devices itself."""
        ends = [self._deaf_until_at, *(self.seen[id].unheard_until for id in device_ids if id in self.seen)]
        return max((each for each in ends if each is not None), default=None)

    def _owed(self, pilot: Pilot, now: datetime) -> bool:
        """Whether a tank has been cut for so long that it is supplied, whatever the plan says."""
        appliance, flexibility = pilot.appliance, pilot.flexibility
        if appliance.type != ApplianceType.WATER_HEATER or flexibility is None:
            return False
        known = self.seen.setdefault(pilot.driven.device.id, Seen())
        if known.owed_until is None or now >= known.owed_until:
            since = max(appliance.last_started or flexibility.opened_at, flexibility.opened_at)
            if appliance.control != ControlState.OFF or now - since <= self.rules.longest_without:
                return False
            known.owed_until = now + self.rules.then_for
        return True

    # -- presses --------------------------------------------------------------------------------------------------

    def _want_press(self, pilot: Pilot, now: datetime) -> list[Effect]:
        """The next press of a start, once what came before it is done and has had its time."""
        assert pilot.flexibility is not None
        standing = [self.live[each.device.id] for each in pilot.presses
                    if each.device.id in self.live and self.live[each.device.id].press]
        effects: list[Effect] = []
        for order in standing:
            if not order.heard or order.step == len(pilot.presses) - 1:
                return effects
            if self._waits(order, pilot, now):
                return effects
            effects += self._move(order.id, On.SETTLES, now, Cause.NEXT_STEP)
        if not standing and self._starts_by_itself(pilot, now):
            return self._has_started(pilot, now, "started" if pilot.supplies else "started by hand")
        nexts = next_press(pilot.typology, self.pressed.get(pilot.flexibility.id, ()))
        if nexts is None:
            return effects
        deadline = pilot.flexibility.deadline
        if deadline is not None and nexts == NextPress(0, 0) and now - deadline > self.rules.too_late:
            return self._is_not_started(pilot.appliance.id, pilot.flexibility.id, "too late")
        device_id = pilot.presses[nexts.step].device.id
        order = self._order(pilot, device_id, Why.START, now, press=True, step=nexts.step, again=nexts.again)
        return [*effects, *self._make(order, None, pilot, now)]

    def _unpress(self, pilot: Pilot, now: datetime) -> list[Effect]:
        """A press that has not left us is not wanted any more."""
        standing = [self.live[each.device.id] for each in pilot.presses if each.device.id in self.live]
        return [effect for order in standing if order.press and not order.attempts
                for effect in self._move(order.id, On.SUPERSEDES, now, Cause.NEW_WISH)]

    def _waits(self, before: Order, pilot: Pilot, now: datetime) -> bool:
        """Whether the press after it must still wait; it is looked at again when it need not."""
        at = (before.acknowledged_at or before.proved_at or now) + pilot.typology.gap
        if now < at:
            heappush(self._alarms, (at, before.device_id))
        return now < at

    def _supplied(self, pilot: Pilot, now: datetime) -> bool:
        """Whether the relays have given it its supply for this start, long enough ago for it to be ready."""
        given = [self.live.get(each.device.id) for each in pilot.supplies]
        return all(order and order.heard and not self._waits(order, pilot, now) for order in given)

    def _starts_by_itself(self, pilot: Pilot, now: datetime) -> bool:
        """Whether its person was faster than we: what runs, or goes on as soon as it has its supply, is not pressed again."""
        if pilot.supplies:
            given = [self.live[each.device.id] for each in pilot.supplies]
            return any(each.seen_w is not None and each.seen_w >= self.rules.proof_w for each in given)
        meter = self.seen.get(pilot.meter)
        return meter is not None and meter.drew_within(self.rules.pauses_within, now)

    def _tell(self, pilot: Pilot, wanted: Wish) -> list[Effect]:
        """What is never cut has nothing done to it while it waits, nor when it is given back: that much is written."""
        appliance = pilot.appliance
        if wanted.why is Why.WAIT and appliance.command != CommandState.STANDING_BY:
            return [Write(appliance.id, PILOTED, command=CommandState.STANDING_BY, ems_order=False)]
        if wanted.why is Why.RELEASE and pilot.flexibility:
            return [Write(appliance.id, MANUAL, command=CommandState.INITIAL, ems_order=False),
                    CloseFlexibility(pilot.flexibility.id, "given back")]
        return []

    def _has_started(self, pilot: Pilot, now: datetime, outcome: str = "started") -> list[Effect]:
        """A pressed machine runs: it is its person's again."""
        assert pilot.flexibility is not None
        by_us = outcome == "started"
        return [Write(pilot.appliance.id, PILOTED, mode=Mode.MANUAL, control=ControlState.ON, command=CommandState.MANUAL_ON,
                      ems_order=by_us, last_started=now),
                MarkStarted(pilot.flexibility.id, now), CloseFlexibility(pilot.flexibility.id, outcome)]

    def _press_is_over(self, order: Order, now: datetime) -> list[Effect]:
        """What follows from a press that has ended: it started, it is pressed again, or nobody can start it."""
        pilot = self.pilots.get(order.appliance_id)
        if pilot is None or pilot.flexibility is None or pilot.flexibility.id != order.flexibility_id or not order.attempts:
            return []
        if order.stage is Stage.DONE:
            last = order.step == len(pilot.presses) - 1
            return self._has_started(pilot, now) if last and order.proved_at is None else []
        if next_press(pilot.typology, self.pressed.get(order.flexibility_id, ())) is not None:
            return []
        outcome = "not started" if order.stage is Stage.FAILED else "unknown whether it started"
        return self._is_not_started(order.appliance_id, order.flexibility_id, outcome)

    @staticmethod
    def _is_not_started(appliance_id: int, flexibility_id: int, outcome: str) -> list[Effect]:
        """It is its person's again, who is told that it did not run."""
        return [Write(appliance_id, PILOTED, mode=Mode.MANUAL, command=CommandState.FAILED, ems_order=False),
                CloseFlexibility(flexibility_id, outcome)]

    # -- saying it ------------------------------------------------------------------------------------------------

    def _say_all(self, now: datetime) -> list[Effect]:
        """Send what is due; what must start soonest first, for the limit of kilowatts lets not all through at once."""
        if not self.connected:
            return []
        due = [order for order in self.live.values() if order.due(now) or order.fades(now)]
        return [effect for order in sorted(due, key=self._urgency) for effect in self._say(order, now)]

    def _urgency(self, order: Order) -> tuple[bool, bool, datetime]:
        """Who has been asked already and was silent comes after the others: it may not be there."""
        pilot = self.pilots.get(order.appliance_id)
        latest = latest_start(pilot.flexibility) if pilot and pilot.flexibility and order.why is Why.START else None
        return order.why in CAPPED, order.attempts > 0, latest or order.valid_until

    def _say(self, order: Order | None, now: datetime) -> list[Effect]:
        if order is None or not self.connected or not self._present(order.device_id) or not self._may_say(order):
            return []
        if order.why is Why.WAIT and not order.heard:
            pilot = self.pilots[order.appliance_id]
            if self._runs(pilot, now):
                return self._move(order.id, On.SUPERSEDES, now, Cause.RUNS)
            if doubt := self._may_run_until(pilot, now) or self._speaks_first(order, pilot, now):
                self._keep(evolve(order, say_again_at=doubt))
                return []
        if order.fades(now):
            return self._refresh(order, now)
        return self._send(order, now) if order.due(now) and self._has_room(order, now) else []

    def _may_say(self, order: Order) -> bool:
        """Whether its appliance is still ours to move: the mode and what a person has decided go before every message."""
        pilot = self.pilots.get(order.appliance_id)
        return pilot is not None and pilot.appliance.mode in OURS and (pilot.hold is None or pilot.hold.supply is not None)

    def _has_room(self, order: Order, now: datetime) -> bool:
        """Whether the limit of kilowatts a minute lets it through; it is looked at again when it does."""
        if not order.powers:
            return True
        at = self._pace.room_at(order.device_id, self._switches_kw, self.rules.most_kw_a_minute, now)
        if order.why in CAPPED and at > now:
            self._keep(evolve(order, say_again_at=at))
            return False
        self._pace.spend(order.device_id, now)
        return True

    def _switches_kw(self, device_id: str) -> float:
        pilot = self._pilot_of(device_id)
        return usual_w(pilot.appliance) / 1000 if pilot else 0.0

    def _send(self, order: Order, now: datetime) -> list[Effect]:
        driven = self._installed(order.device_id)
        if driven is None or driven.driver.encode_command is None:
            return []
        if order.press and self._flat(order.device_id):
            return self._fail(order, now, Cause.FLAT)
        try:
            encoded = driven.driver.encode_command(driven.device, _command(order))
        except (DriverDefect, ValueError) as error:
            return self._fail(order, now, f"{Cause.NO_WORDS}: {error}")
        said = order.said(now, encoded.within)
        self._keep(said)
        return [Save(said, On.SENDS, now), Send(said, encoded.publishes, said.worthless_at(now, self.rules.proves_within))]

    def _refresh(self, order: Order, now: datetime) -> list[Effect]:
        """Say again what the device has done, before its fail-safe undoes it; nothing is awaited and nothing kept."""
        driven = self._installed(order.device_id)
        self._keep(evolve(order, say_again_at=self._fades_at(order, now)))
        if driven is None or driven.driver.encode_command is None:
            return []
        try:
            encoded = driven.driver.encode_command(driven.device, _command(order))
        except (DriverDefect, ValueError):      # its next order says so
            return []
        return [Send(order, encoded.publishes, order.worthless_at(now, self.rules.proves_within))]

    def _fail(self, order: Order, now: datetime, cause: str) -> list[Effect]:
        failed = order.happens(On.FAILS, now, cause)
        self._settle(failed)
        return [Save(failed, On.FAILS, now, failed.cause), *self._say_what_is_not_known(failed)]

    def _flat(self, device_id: str) -> bool:
        known = self.seen.get(device_id)
        return known is not None and known.battery_pct is not None and known.battery_pct <= self.rules.flat_pct

    def _postpone(self, order_id: str) -> list[Effect]:
        order = self._order_of(order_id)
        if order is not None and not order.press:
            self._keep(evolve(order, say_again_at=None))
        return []

    def _ask_all(self) -> list[Effect]:
        """After a silence of ours, each device's own word about its state."""
        if not self._to_ask or not self.connected or not self._driven:
            return []
        self._to_ask = False
        return [effect for _, driven in self._driven.values() for effect in self._ask(driven)]

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
        self._deaf_until_at = self._deaf_until_at or now      # the first word of all: nobody has listened before
        self._seen(device_id).speaks(self.rules.arms_within, now, self._deaf_until_at)
        if isinstance(said, Presence):
            return self._hear_presence(device_id, said, now)
        known = self.seen.get(device_id)
        gone = known is not None and known.presence is Presence.OFFLINE      # who speaks is there: a last will may come too late
        back = self._hear_presence(device_id, Presence.ONLINE, now) if gone else []
        return [*back, *self._hear_word(device_id, said, now)]

    def _hear_word(self, device_id: str, said: object, now: datetime) -> list[Effect]:
        match said:
            case Measure(Quantity.POWER, value, _, ""):
                return self._weigh(device_id, value, now)
            case Measure(Quantity.BATTERY, value):
                self._seen(device_id).battery_pct = value
            case OutputState(on):
                return self._hear_state(device_id, on, now)
            case Acknowledgement(token, ok, detail):
                return self._hear_answer(device_id, token, ok, detail, now)
            case LocalControl(taken):
                return self._hear_local(device_id, taken, now)
            case Fault() if said.cuts:
                return self._hear_protection(device_id, said.what)
        return []

    def _recall(self, device_id: str, said: object, now: datetime) -> list[Effect]:
        """What the broker kept is never fresh; but who was gone when it was kept is gone until it speaks, and who was taken over
        is left alone until it says that it was given back."""
        if said is Presence.OFFLINE:
            self._seen(device_id).presence = Presence.OFFLINE
        return self._hear_local(device_id, True, now) if said == LocalControl(True) else []

    def _hear_presence(self, device_id: str, said: Presence, now: datetime) -> list[Effect]:
        known = self._seen(device_id)
        was, known.presence = known.presence, said
        if said is Presence.OFFLINE and was is not said:
            known.gone_at = now
        if said is Presence.ONLINE and was is Presence.OFFLINE and known.gone_at:
            for meter in self._meters_of(device_id):
                meter.pauses(known.gone_at, self.rules.pauses_within, now)
        if said is not Presence.ONLINE or was is Presence.ONLINE or device_id not in self._driven:
            return []
        known.back_at = now
        driven = self._installed(device_id)
        order = self.live.get(device_id)
        if order and order.sayable and not order.press:
            self._keep(evolve(order, say_again_at=None))
        return [*(self._ask(driven) if driven and self.connected else []), *self._say(self.live.get(device_id), now)]

    def _hear_answer(self, device_id: str, token: str, ok: bool, detail: str, now: datetime) -> list[Effect]:
        order = self.live.get(device_id)
        if order is None or token not in (order.id, self._answered_by(order)):
            return []
        if ok:
            return self._acknowledge(order, now)
        return self._move(order.id, On.REFUSES, now, f"{Cause.REFUSED}: {detail}") if order.may(On.REFUSES) else []

    def _answered_by(self, order: Order) -> str:
        """What the answer to it is known by where that is not its id: some devices say the command alone, as a finger does."""
        driven = self._installed(order.device_id)
        if driven is None or driven.driver.encode_command is None or order.stage is not Stage.SENT:
            return ""
        try:
            expects = driven.driver.encode_command(driven.device, _command(order)).expects
        except (DriverDefect, ValueError):      # it was said, so this is another driver than it was
            return ""
        return expects.token if isinstance(expects, Acknowledgement) else ""

    def _hear_state(self, device_id: str, on: bool, now: datetime) -> list[Effect]:
        order, known = self.live.get(device_id), self._seen(device_id)
        first, known.output = known.output is None, on
        was_on, known.last_output = known.last_output, on
        known.cut_itself = known.cut_itself and not on
        if order is None:
            return self._restore(device_id, on, was_on, now)
        if order.press:
            return []
        if on == order.on:
            known.acknowledges(order.powers, now)
            pilot = self._pilot_of(device_id)
            return [*self._acknowledge(order, now), *(self._heard_at_last(pilot, now) if first and pilot else [])]
        if not order.heard:
            return []
        if self._lost_it(order, now):
            return [*self._move(order.id, On.LAPSES, now), *self._say(self.live.get(device_id), now)]
        return self._yield(order, now)

    def _hear_protection(self, device_id: str, what: str) -> list[Effect]:
        """It has opened its output to protect itself: nobody's will, nothing to be repeated. Told once, until it is on again."""
        known, pilot = self._seen(device_id), self._pilot_of(device_id)
        told, known.cut_itself = known.cut_itself, True
        if told or pilot is None:
            return []
        look_at = LookAt(device_id, f"s'est coupé pour se protéger : {PROTECTIONS[what]}")
        if pilot.typology.inverted:
            return [look_at]
        return [look_at, Write(pilot.appliance.id, MANUAL, control=ControlState.OFF, command=CommandState.FAILED)]

    def _hear_local(self, device_id: str, taken: bool, now: datetime) -> list[Effect]:
        """A person has the unit in hand, or has given it back: what they do until then is no news to anybody."""
        known = self._seen(device_id)
        changed, known.local = known.local != taken, taken
        known.given_back_at = now if changed and not taken else known.given_back_at
        pilot = self._pilot_of(device_id)
        if pilot is None or (not changed and taken):
            return []
        if not taken and not changed and pilot.appliance.mode != Mode.DISABLED:
            return []
        return [TakeOver(pilot.appliance.id, device_id, taken)]

    def _weigh(self, meter_id: str, power_w: float, now: datetime) -> list[Effect]:
        known = self._seen(meter_id)
        first = known.watts is None
        unheard_until = self._unheard_until(meter_id)
        found = unheard_until is not None and now - unheard_until < LISTENS
        known.measures(power_w, self.rules.proof_w, self.rules.pauses_within, now, found)
        pilots = [self.pilots[appliance_id] for appliance_id in self._by_meter.get(meter_id, ())]
        weighed = [effect for pilot in pilots for device in pilot.devices
                   for effect in self._weigh_order(self.live.get(device.device.id), power_w, now)]
        news = pilots if first else ()
        weighed += [effect for pilot in pilots for effect in self._wonder(pilot, known, power_w, now)]
        return [*weighed, *(effect for pilot in news for effect in (*self._want(pilot, now), *self._heard_at_last(pilot, now)))]

    def _wonder(self, pilot: Pilot, meter: Seen, power_w: float, now: datetime) -> list[Effect]:
        """Somebody is asked to look at what draws what its kind does not draw; once, until it draws as it should again."""
        driven = self.seen.get(pilot.driven.device.id)
        supplied = pilot.typology.level(driven.output) if pilot.supplies and driven and driven.output is not None else None
        why = oddity(pilot.appliance.type, power_w, supplied, self.rules.proof_w)
        if not why:
            meter.odd_since, meter.odd_told = None, False
            return []
        meter.odd_since = meter.odd_since or now
        if meter.odd_told or now - meter.odd_since < ODD_FOR:
            return []
        meter.odd_told = True
        return [LookAt(pilot.meter, why)]

    def _heard_at_last(self, pilot: Pilot, now: datetime) -> list[Effect]:
        """What was not said because its appliance might be running is said now, unless it is not wanted any more."""
        standing = [self.live[each.device.id] for each in pilot.supplies if each.device.id in self.live]
        waiting = [order for order in standing if order.why is Why.WAIT and order.sayable]
        for order in waiting:
            self._keep(evolve(order, say_again_at=None))
        return [effect for order in waiting for effect in self._say(self.live[order.device_id], now)]

    def _weigh_order(self, order: Order | None, power_w: float, now: datetime) -> list[Effect]:
        if order is None or not order.can_be_weighed:
            return []
        weighed = order.weighs(power_w, self.rules.proof_w, now)
        self.live[order.device_id] = weighed
        if weighed.press and weighed.seen_w != order.seen_w:
            heappush(self._alarms, (weighed.over_at(self.rules.proves_within), order.device_id))
        if weighed.stage is order.stage:
            return []
        proved: list[Effect] = [Save(weighed, On.DRAWS, now, f"{power_w:.0f} W")]
        pilot = self.pilots[order.appliance_id]
        if order.press and pilot.flexibility and order.step == len(pilot.presses) - 1:
            proved += self._has_started(pilot, now)
        return proved

    # -- what follows from an answer ------------------------------------------------------------------------------

    def _acknowledge(self, order: Order, now: datetime) -> list[Effect]:
        if not order.may(On.ECHOES):
            return []
        self._seen(order.device_id).acknowledges(order.powers, now)
        if order.powers:
            self._pace.spend(order.device_id, now)
        effects = self._move(order.id, On.ECHOES, now)
        heard = self.live[order.device_id]
        self._keep(evolve(heard, say_again_at=self._fades_at(heard, now)))
        return [*effects, *self._write_what_is_known(heard, now)]

    def _fades_at(self, order: Order, now: datetime) -> datetime | None:
        """When what it has done is to be said again; None: no fail-safe undoes it."""
        driven = self._installed(order.device_id)
        fail_safe = driven.driver.type.fail_safe if driven else None
        if order.press or order.powers or fail_safe is None or fail_safe.after is None:
            return None
        return now + fail_safe.after / REFRESHES

    def _write_what_is_known(self, order: Order, now: datetime) -> list[Effect]:
        id = order.appliance_id
        off = Write(id, PILOTED, control=ControlState.OFF, command=CommandState.STANDING_BY, ems_order=False)
        on = Write(id, PILOTED, control=ControlState.ON, command=CommandState.MANUAL_ON, ems_order=True)
        if order.powers and not self._all_heard(order):
            return []
        match order.why:
            case Why.HAND:
                return []      # whoever gave it writes
            case Why.START if order.press:
                return self._write_press(order, now)
            case Why.START if id in self.pilots and self.pilots[id].presses:
                return [evolve(on, command=CommandState.ACTIVATING)]
            case Why.START:
                return [evolve(on, mode=Mode.MANUAL, last_started=now), MarkStarted(order.flexibility_id, now),
                        CloseFlexibility(order.flexibility_id, "started")]
            case Why.RELEASE:
                return [evolve(on, only_in=MANUAL), CloseFlexibility(order.flexibility_id, "given back")]
            case Why.RESTORE:
                return [evolve(on, only_in=MANUAL)]
            case Why.HOLD:
                return [evolve(on, only_in=OURS, ems_order=False) if order.powers else
                        evolve(off, only_in=OURS, command=CommandState.INITIAL)]
            case Why.PLAN | Why.GUARANTEE if order.powers:
                was_off = self.pilots[id].appliance.control != ControlState.ON if id in self.pilots else True
                return [evolve(on, last_started=now if was_off else None)]
        return [off]

    def _all_heard(self, order: Order) -> bool:
        """Whether every relay of its appliance has said that it supplies it."""
        pilot = self.pilots.get(order.appliance_id)
        others = pilot.supplies if pilot and not order.press else ()
        found = [self.live.get(each.device.id) for each in others if each.device.id != order.device_id]
        return all(each is not None and each.heard and each.powers for each in found)

    def _write_press(self, order: Order, now: datetime) -> list[Effect]:
        """The arm has moved: whether it started anything is for the meter to say, where there is one."""
        pilot = self.pilots.get(order.appliance_id)
        if pilot and pilot.flexibility and not pilot.meter and order.step == len(pilot.presses) - 1:
            return self._has_started(pilot, now)
        return [Write(order.appliance_id, PILOTED, control=ControlState.ON, command=CommandState.ACTIVATING, ems_order=True)]

    def _lost_it(self, order: Order, now: datetime) -> bool:
        """The device has another state without anybody's will: it restarted, or its fail-safe fired."""
        known = self._seen(order.device_id)
        if known.just_back(now) or (order.acknowledged_at is not None and order.acknowledged_at > now):     # the clock was set back
            return True
        return not order.powers and self._may_have_fired(order.device_id, now)

    def _may_have_fired(self, device_id: str, now: datetime) -> bool:
        """Whether its fail-safe may have undone since that it cuts."""
        driven, told_off_at = self._installed(device_id), self._seen(device_id).told_off_at
        fail_safe = driven.driver.type.fail_safe if driven else None
        return bool(fail_safe and fail_safe.after and told_off_at and now - told_off_at >= fail_safe.after)

    def _restore(self, device_id: str, on: bool, was_on: bool | None, now: datetime) -> list[Effect]:
        """What had its power before a blip, or a machine that we started, and comes back without it gets it back: nobody's will."""
        pilot = self._pilot_of(device_id)
        supplied = pilot.typology.level(True) if pilot else None
        if pilot is None or device_id not in {each.device.id for each in pilot.supplies} or on == supplied:
            return []
        appliance = pilot.appliance
        if appliance.mode != Mode.MANUAL or not self._seen(device_id).just_back(now) or pilot.hold:
            return []
        started = not appliance.continuous and appliance.ems_order and appliance.last_started
        if was_on != supplied and not (started and now - started <= self.rules.longest_run):
            return []
        order = self._order(pilot, device_id, Why.RESTORE, now, on=pilot.typology.level(True))
        return [] if self.settled.get(device_id) == order.key else self._make(order, None, pilot, now)

    def _yield(self, order: Order, now: datetime) -> list[Effect]:
        """Switched by hand, or by the device to protect itself: no fight. A waiting cycle is its person's again, a continuous load
        for a while."""
        protects = order.on and self._seen(order.device_id).cut_itself
        what, why = (On.FAILS, Cause.PROTECTED) if protects else (On.OVERRIDES, Cause.PERSON)
        effects = self._move(order.id, what, now, why)
        if order.why is Why.WAIT:
            return [*effects,
                    Write(order.appliance_id, PILOTED, mode=Mode.MANUAL, control=ControlState.ON,
                          command=CommandState.MANUAL_ON, ems_order=False),
                    CloseFlexibility(order.flexibility_id, Cause.PERSON)]
        pilot = self.pilots.get(order.appliance_id)
        if pilot and (pilot.appliance.continuous or pilot.hold):
            control = ControlState.OFF if order.powers else ControlState.ON
            return [*effects, Write(order.appliance_id, OURS, control=control),
                    LeaveAlone(order.appliance_id, now + self.rules.hold_for)]
        return effects

    # -- ends -----------------------------------------------------------------------------------------------------

    def _close(self, now: datetime) -> list[Effect]:
        """End the orders whose validity is over."""
        return [effect for order in list(self.live.values()) if self._is_over(order, now) for effect in self._end(order, now)]

    def _is_over(self, order: Order, now: datetime) -> bool:
        """Whether it ends now. What was pressed before our last silence ended is judged by its meter's first word since."""
        if not orders.is_over(order, now, self.rules.proves_within):
            return False
        pilot, deaf_until = self.pilots.get(order.appliance_id), self._deaf_until_at
        measured = order.press and order.attempts and pilot is not None and pilot.meter
        if not measured or order.seen_w is not None or deaf_until is None or order.sent_at is None or order.sent_at > deaf_until:
            return True
        heappush(self._alarms, (deaf_until + LISTENS, order.device_id))
        return now >= deaf_until + LISTENS

    def _end(self, order: Order, now: datetime) -> list[Effect]:
        if order.stage is Stage.WANTED:          # never recorded: it never was
            self._forget(order.id)
            return []
        pilot = self.pilots.get(order.appliance_id)
        ended = orders.ends(
            order, now, present=self._present(order.device_id), connected=self.connected,
            measured=bool(pilot and pilot.meter), thirsty=bool(pilot and not pilot.appliance.continuous),
        )
        self._settle(ended)
        after = self._press_is_over(ended, now) if order.press else self._say_what_is_not_known(ended)
        return [Save(ended, _event_of(order, ended), now), *after]

    @staticmethod
    def _say_what_is_not_known(ended: Order) -> list[Effect]:
        """An order that was never answered leaves the appliance's supply unknown."""
        if ended.stage not in orders.MISSED or ended.acknowledged_at is not None or ended.cause == Cause.UNSAID:
            return []
        control = None if ended.press else ControlState.UNKNOWN
        return [Write(ended.appliance_id, OURS, control=control, command=CommandState.FAILED)]

    # -- the one live order of a device ---------------------------------------------------------------------------

    def _keep(self, order: Order) -> None:
        """It is its device's live order now, and will be looked at when time asks for it."""
        self.live[order.device_id] = order
        self._device_of[order.id] = order.device_id
        for at in {order.over_at(self.rules.proves_within), order.say_again_at or order.valid_until}:
            heappush(self._alarms, (at, order.device_id))

    def _move(self, order_id: str, what: On, now: datetime, cause: str = "") -> list[Effect]:
        order = self._order_of(order_id)
        if order is None or not order.may(what):
            return []
        moved = order.happens(what, now, cause)
        recorded = order.recorded_at is not None or what is On.RECORDS
        if moved.live:
            self._keep(moved)
        else:
            self._settle(moved)
            if not recorded:
                self._too_late[moved.id] = moved
        return [Save(moved, what, now, cause)] if recorded else []

    def _settle(self, ended: Order) -> None:
        self.live.pop(ended.device_id, None)
        self._device_of.pop(ended.id, None)
        self.settled[ended.device_id] = ended.key
        if ended.press and ended.recorded_at:
            self.pressed.setdefault(ended.flexibility_id, []).append(ended)

    def _adopt(self, order_id: str, earlier: Order, now: datetime) -> list[Effect]:
        """The order exists already: go on with it when it lives, leave it when it has ended."""
        self._forget(order_id)
        if not earlier.live:
            self.settled[earlier.device_id] = earlier.key
            if earlier.press:
                self.pressed.setdefault(earlier.flexibility_id, []).append(earlier)
            return []
        self._keep(earlier if earlier.heard or earlier.press else evolve(earlier, say_again_at=now))
        return self._say(self.live[earlier.device_id], now)

    def _find(self, order: Order, now: datetime) -> list[Effect]:
        """It exists after all: its device's live order again, for the review to judge, unless another one is by now."""
        standing = self.live.setdefault(order.device_id, order)
        if standing.id == order.id:
            self._keep(standing)
            return []
        return [Save(order.happens(On.SUPERSEDES, now, Cause.NEW_WISH), On.SUPERSEDES, now, Cause.NEW_WISH)]

    def _forget(self, order_id: str) -> None:
        order = self._order_of(order_id)
        if order is not None:
            del self.live[order.device_id], self._device_of[order_id]

    def _order_of(self, order_id: str) -> Order | None:
        order = self.live.get(self._device_of.get(order_id, ""))
        return order if order is not None and order.id == order_id else None

    def _installed(self, device_id: str) -> Installed | None:
        found = self._driven.get(device_id)
        return found[1] if found else None

    def _pilot_of(self, device_id: str) -> Pilot | None:
        found = self._driven.get(device_id)
        return self.pilots.get(found[0]) if found else None

    def _meters_of(self, device_id: str) -> list[Seen]:
        """What measures the appliance that it drives; itself where it measures one."""
        pilot = self._pilot_of(device_id)
        found = {device_id if device_id in self._by_meter else "", pilot.meter if pilot else ""}
        return [self.seen[id] for id in found if id in self.seen]

    def _seen(self, device_id: str) -> Seen:
        return self.seen.setdefault(device_id, Seen())

    def _present(self, device_id: str) -> bool:
        known = self.seen.get(device_id)
        return known is None or known.presence is not Presence.OFFLINE


def _command(order: Order) -> Press | Switch:
    return Press(token=order.id) if order.press else Switch(order.on, token=order.id)


def _event_of(before: Order, after: Order) -> On:
    return next(what for what, stage in orders.TRANSITIONS[before.stage].items() if stage is after.stage)

