"""What must hold, whatever happens: I1 to I12 of the reference, read from the devices' own logs against the order ledger.

A ledger that lies is found too: what it calls acknowledged the device has done, what it calls proved has drawn. Excuses are narrow,
and stand where they are made: a fault excuses what it touches, for as long as it lasts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from elfe.command import store
from elfe.command.orders import LONGEST_PATIENCE, MISSED, Order, Stage, Why
from elfe.command.typologies import ALLOWED, latest_start, usual_w
from elfe.coordination import queries
from elfe.coordination.values import ControlState, Mode
from elfe.slots import SLOT, slot_of, slot_start
from tests.command.sim.faults import FORBIDDEN
from tests.command.sim.homes import Home, Machine, Unit
from tests.command.sim.wire import LATEST

if TYPE_CHECKING:
    from tests.command.sim.world import Change, Fault, Sim, Spoken, Told, Written

MOMENT = timedelta(minutes=1)
GRAIN = timedelta(milliseconds=1)      # the ledger's
LATE_WORDS = LATEST + timedelta(seconds=40)
"""How late an order is obeyed at most: the network's time, and a gateway's."""
CAPPED = frozenset({Why.PLAN, Why.START, Why.GUARANTEE})
OUTAGES = frozenset({"broker killed", "broker stopped", "database away", "database errors", "commit unknown", "engine killed",
                     "engine frozen", "engine replaced", "clock jump", "messages late, twice, shuffled", "village outage"})
"""What keeps an engine from saying a thing again in time, or a device from hearing it."""


def judge(sim: Sim) -> list[str]:
    """Each invariant that was broken, in a sentence."""
    return list(Judge(sim).all())


class Judge:
    """The ledger beside the logs."""

    def __init__(self, sim: Sim) -> None:
        self.sim = sim
        self.orders = store.orders(sim.mine)
        self.stays = {each.id: each for each in queries.flexibilities(sim.mine, sim.start)}
        self.unit_of = {device_id: unit for unit in sim.units.values() for device_id in unit.points.values()}
        self.of_device: dict[str, list[Order]] = defaultdict(list)
        for each in self.orders:
            self.of_device[each.device_id].append(each)
        self.changes: dict[str, list[Change]] = defaultdict(list)
        for change in sim.changes:
            self.changes[change.device_id].append(change)
        self.spoken: dict[str, list[Spoken]] = defaultdict(list)
        for spoken in sim.spoken:
            self.spoken[spoken.device_id].append(spoken)
        self.told: dict[str, list[Told]] = defaultdict(list)
        for told in sim.told:
            self.told[told.device_id].append(told)
        self.common = [each for each in sim.faults if each.kind in OUTAGES]
        self.own: dict[int, list[Fault]] = defaultdict(list)
        skews = [(each, timedelta(seconds=int(each.what.split()[0]))) for each in sim.faults if each.kind == "clock jump"]
        self.wrong = [(each.at + shift, each.until + shift) for each, skew in skews for shift in (timedelta(), skew)]
        for fault in sim.faults:
            if fault.appliance_id is not None:
                self.own[fault.appliance_id].append(fault)

    def all(self) -> Iterator[str]:
        for check in (self.i1, self.i2, self.i3, self.i4, self.i5, self.i6, self.i7, self.i8, self.i10, self.i11, self.i12, self.g2,
                      self.g14):
            yield from check()

    # -- what a fault excuses ---------------------------------------------------------------------------------------------

    def excused(self, home: Home, since: datetime, until: datetime, *kinds: str) -> bool:
        """Whether something went wrong for that home in that time; with `kinds`, one of those."""
        found = [each for each in (*self.own[home.id], *(() if kinds else self.common))
                 if each.at <= until and since <= each.until + MOMENT]
        return any(not kinds or any(each.kind.startswith(kind) for kind in kinds) for each in found)

    def home(self, device_id: str) -> Home:
        return self.sim.home_of[device_id]

    # -- I1 to I12 --------------------------------------------------------------------------------------------------------

    def i1(self) -> Iterator[str]:
        """No contact moves, no arm presses, without a live order that was sent for it: by a hand or a timer excepted."""
        for change in self.sim.changes:
            if change.why == "order" and not self._ordered(change.device_id, change.at, change.on) \
                    and not self.excused(self.home(change.device_id), change.at, change.at, "retained command"):
                yield f"I1 {_at(change.at)} {change.device_id} went {_word(change.on)} by a message without a live order"
        for pressed in self.sim.pressed:
            asked = [each for each in self.of_device[pressed.device_id] if each.press and each.sent_at]
            timely = any(each.sent_at <= pressed.at for each in asked if each.sent_at)
            if not timely and not (asked and self._clock_was_wrong(pressed.at)):
                yield f"I1 {_at(pressed.at)} {pressed.device_id} pressed without an order"
        for order in self.orders:
            if order.why is not Why.HAND and not ALLOWED[order.why]:
                yield f"I1 order {order.key} is of no mode"

    def _ordered(self, device_id: str, at: datetime, on: bool) -> bool:
        """Whether an engine has just said so, and an order stood for it by the clock of who said it: that may jump meanwhile."""
        late = LATE_WORDS if self._between(at - MOMENT, at, "messages", "clock") else timedelta(seconds=5)
        if self._was_away(device_id, at):      # what its broker kept for it is not older than that
            late = LONGEST_PATIENCE
        said_at = [each.engine_at for each in self.spoken[device_id] if each.on == on and at - late <= each.at <= at]
        levels = [each for each in self.of_device[device_id] if each.on == on and not each.press]
        return any(self._stood(each, then) for each in levels for then in said_at)

    def _stood(self, order: Order, at: datetime) -> bool:
        """Whether it could be said then: it had been recorded, it had not ended, and it was its slot. What ended before it was
        recorded or sent ended after the clock was set back; what is said before it was recorded was recorded while the clock was
        ahead."""
        since, sent_at, ended_at = order.recorded_at, order.sent_at, order.ended_at
        set_back = ended_at is not None and sent_at is not None and ended_at < sent_at and self._clock_was_wrong(ended_at)
        over = since is not None and ended_at is not None and since <= ended_at < at - GRAIN and not set_back
        recorded = since is not None and (since - GRAIN <= at or self._clock_was_wrong(since))
        return recorded and not over and slot_start(order.slot) <= at < order.valid_until

    def _was_away(self, device_id: str, at: datetime) -> bool:
        """Whether it has just come back to a broker that keeps what was said meanwhile."""
        unit = self.unit_of[device_id]
        return unit.end.keeps and (self.excused(self.home(device_id), at - MOMENT, at, "device", "blip")
                                   or self._between(at - MOMENT, at, "broker", "village"))

    def _between(self, since: datetime, until: datetime, *kinds: str) -> bool:
        return any(each.at <= until and since <= each.until + MOMENT and each.kind.startswith(kinds) for each in self.sim.faults)

    def _clock_was_wrong(self, at: datetime) -> bool:
        """Whether an instant of the engine's clock may be another one of the world's."""
        return any(since - SLOT <= at <= until + SLOT for since, until in self.wrong)

    def i2(self) -> Iterator[str]:
        """An edge acts once: no order twice, no press twice for one order, none again where nobody could know; nothing paused."""
        yield from (f"I2 order {key} was made {times} times" for key, times in Counter(each.key for each in self.orders).items()
                    if times > 1)
        for device_id, said in self.spoken.items():
            presses = sum(each.on is None for each in said)
            wanted = sum(bool(each.press and each.attempts) for each in self.of_device[device_id])
            if presses > wanted:
                yield f"I2 {device_id} was asked to press {presses} times by {wanted} orders"
        steps: dict[tuple[int, int], list[Order]] = defaultdict(list)
        for each in self.orders:
            if each.press and each.attempts:
                steps[each.flexibility_id, each.step].append(each)
        for (stay, step), tried in steps.items():
            if len(tried) > 2 or (len(tried) == 2 and not (tried[0].stage is Stage.FAILED and tried[0].seen_w is not None)):
                yield f"I2 step {step} of stay {stay} was pressed {len(tried)} times"
        for home in self.sim.by_id.values():
            run = home.model.running if isinstance(home.model, Machine) else None
            if home.fingers and run and run.began_at and not run.started and not self._hand_near(home, run.began_at):
                yield f"I2 the machine {home.id} was paused by another press"

    def _hand_near(self, home: Home, at: datetime) -> bool:
        """A person started it, or its meter could not be heard: then nobody could know that it ran."""
        return self.excused(home, at - timedelta(hours=1), at + timedelta(hours=1), "started by hand", "device away",
                            "device flaps", "deaf", "finger", "button", "blip") or self.excused(home, at, at + SLOT)

    def i3(self) -> Iterator[str]:
        """A declared cycle has begun by its latest start, or its person can see why not: nothing fails silently."""
        for at, id, deadline in self.sim.cycles:
            stay = next((each for each in self.stays.values() if each.appliance_id == id and each.opened_at <= at + MOMENT
                         and (each.closed_at is None or each.closed_at >= at)), None)
            if stay is None or deadline is None or stay.deadline != deadline or deadline > self.sim.now - timedelta(hours=1):
                continue
            latest = latest_start(stay)
            assert latest is not None
            if stay.started_at is not None and stay.started_at <= latest + SLOT * 2:
                continue
            told = [each for each in self.orders if each.flexibility_id == stay.id and (
                each.stage in MISSED or each.stage is Stage.OVERRIDDEN or each.cause)]
            written = [each for each in self.sim.written if each.appliance_id in (id, None) and at - MOMENT <= each.at <= deadline]
            outages = [each for each in self.common if each.at <= deadline and latest - SLOT * 2 <= each.until
                       and each.until - each.at > timedelta(minutes=4)]
            if stay.closed_at is None and not outages:
                yield f"I3 the stay {stay.id} of appliance {id} is open past its deadline {_at(deadline)}"
            if not told and len(written) < 2 and not outages and not stay.outcome:
                yield f"I3 appliance {id} was not started by {_at(latest)} and nobody was told"

    def i4(self) -> Iterator[str]:
        """No order cuts a cycle that is under way, but the person's own in front of it."""
        for change in self.sim.changes:
            home = self.home(change.device_id)
            if change.why == "order" and change.under_way and change.on == home.inverted \
                    and not self.excused(home, change.at - LATE_WORDS, change.at, "screen", "retained command"):
                yield f"I4 {_at(change.at)} {change.device_id} was cut while a cycle was under way"

    def i5(self) -> Iterator[str]:
        """No contact is open longer than its fail-safe lets it be, unless we say so again; and then it does not fire against us."""
        for unit in self.sim.units.values():
            for channel, device_id in unit.points.items():
                if unit.type.fail_safe and unit.type.fail_safe.after and channel in unit.twin.outputs:
                    yield from self._i5(unit, device_id, unit.type.fail_safe.after)

    def _i5(self, unit: Unit, device_id: str, after: timedelta) -> Iterator[str]:
        after += unit.type.fail_safe.spread if unit.type.fail_safe else timedelta()
        for at, then in self._off(device_id):
            if then - at > after + MOMENT and not self._no_supply(unit, at, then):
                yield f"I5 {device_id} was off from {_at(at)} to {_at(then)} and nobody said so again"
        home = self.home(device_id)
        for change in self.changes[device_id]:
            if change.why == "timer" and not self.excused(home, change.at - after - MOMENT, change.at) \
                    and self._wanted_otherwise(device_id, change):
                yield f"I5 {_at(change.at)} the fail-safe of {device_id} fired though we were there"

    def _off(self, device_id: str) -> Iterator[tuple[datetime, datetime]]:
        """From each OFF of a contact that is open, the first and those that it hears again, to what comes next: each begins its
        delay anew, whoever says it. Who is deaf and stays closed is not open because it is told to be."""
        moved = [(each.at, each.on, True) for each in self.changes[device_id]]
        said = [(each.at, False, False) for each in self.told[device_id] if each.on is False]
        off_since: datetime | None = None
        for at, on, moves in sorted([*moved, *said, (self.sim.now, True, True)], key=lambda each: each[0]):
            if off_since is not None:
                yield off_since, at
            if moves or off_since is not None:
                off_since = None if on else at

    def _no_supply(self, unit: Unit, since: datetime, until: datetime) -> bool:
        """It was itself without supply for a part of that time, or began it anew when that returned."""
        return any(each.at <= until and since <= each.until + MOMENT and each.kind in ("blip", "village outage")
                   for home in self.sim.homes_of[unit.id] for each in (*self.own[home.id], *self.common))

    def _wanted_otherwise(self, device_id: str, change: Change) -> bool:
        """An order of the same level stood before and after it; one that is answered in that very instant came after it, or the
        delay would have begun anew."""
        return any(not each.powers and each.on != change.on and each.acknowledged_at and each.acknowledged_at < change.at
                   and (each.ended_at or self.sim.now) > change.at + MOMENT for each in self.of_device[device_id])

    def i6(self) -> Iterator[str]:
        """Nothing is commanded in a forbidden mode, nor while somebody wants it left alone, nor what was taken over at the unit."""
        from tests.command.sim.world import GRACE

        for device_id, said in self.spoken.items():
            home = self.home(device_id)
            written = [each for each in self.sim.written if each.appliance_id in (home.id, None)]
            modes = [each for each in written if each.mode is not None]
            for spoken in said:
                mode = _last(modes, spoken.at)
                if mode and mode.mode in FORBIDDEN and spoken.at - mode.at > GRACE and not self._blind(mode.at, spoken.at):
                    yield f"I6 {_at(spoken.at)} {device_id} was commanded in mode {mode.mode}"
                alone = [_last([each for each in written if each.held is not None and each.appliance_id == id], spoken.at)
                         for id in (home.id, None)]
                if any(each and each.held and spoken.at - each.at > GRACE and not self._blind(each.at, spoken.at)
                       and self._in_force(each, spoken) for each in alone) and not self._released(alone[-1], spoken):
                    yield f"I6 {_at(spoken.at)} {device_id} was commanded while somebody wants it left alone"
        yield from self._i6_local()

    @staticmethod
    def _in_force(decided: Written, spoken: Spoken) -> bool:
        """What is decided for a while ends by the engine's own clock."""
        return decided.until is None or spoken.engine_at < decided.until

    def _released(self, everything: Written | None, spoken: Spoken) -> bool:
        """What the centre decides of everything goes first: a release serves also who wanted to be left alone."""
        return everything is not None and everything.held is False and everything.until is not None \
            and self._in_force(everything, spoken)

    def _blind(self, since: datetime, until: datetime) -> bool:
        """The database could not be read in the meantime: nothing new can be made, what was recorded may still be said."""
        return any(each.at <= until and since <= each.until + timedelta(minutes=6) and each.kind.startswith("database")
                   for each in self.common) and until - since < timedelta(hours=1, minutes=20)

    def _i6_local(self) -> Iterator[str]:
        for unit in self.sim.units.values():
            for since, until in self.sim.local.get(unit.id, ()):
                for device_id in unit.points.values():
                    for spoken in self.spoken[device_id]:
                        if since + MOMENT * 2 < spoken.at < until and not self.excused(self.home(device_id), since, spoken.at):
                            yield f"I6 {_at(spoken.at)} {device_id} was commanded while its unit was taken over"

    def i7(self) -> Iterator[str]:
        """The ledger tells the truth: what it calls acknowledged that very device has done, what it calls proved has drawn."""
        for order in self.orders:
            home = self.home(order.device_id)
            if order.acknowledged_at and not order.press and not self._clock_was_wrong(order.acknowledged_at) \
                    and not self._was(order.device_id, order.on, order.acknowledged_at):
                yield f"I7 {_at(order.acknowledged_at)} {order.key} is acknowledged, and the device was otherwise"
            if order.proved_at and home.meters and not self._clock_was_wrong(order.proved_at):
                least, most = home.drew_at(order.proved_at + timedelta(milliseconds=1), timedelta(minutes=6))
                if (most < 10.0 if order.powers else least >= 10.0) \
                        and not self.excused(home, order.proved_at - MOMENT * 6, order.proved_at, "echo", "nonsense", "old word"):
                    yield f"I7 {_at(order.proved_at)} {order.key} is proved, and its appliance drew {least:.0f} to {most:.0f} W"

    def _was(self, device_id: str, on: bool, at: datetime) -> bool:
        """Whether it was so within the last minute; before its first change it was the other way round than that."""
        log = self.changes[device_id]
        at += timedelta(milliseconds=1)      # the ledger's grain
        index = bisect_right([each.at for each in log], at)
        recent = [each.on for each in log[:index] if each.at >= at - MOMENT * 2]
        before = [each.on for each in log[:index]][-1:] or ([not log[0].on] if log else [on])
        return on in (*recent, *before) or any(each.at >= at - MOMENT * 2 for each in log[:index])

    def i8(self) -> Iterator[str]:
        """Slots have neither gap nor overlap: an order is of the slot in which it was wanted, and a device has one live order."""
        for order in self.orders:
            if slot_of(order.wanted_at) != order.slot:
                yield f"I8 order {order.key} was wanted at {_at(order.wanted_at)}"
        for device_id, those in self.of_device.items():
            for one, other in pairwise(sorted(those, key=lambda each: (each.wanted_at, each.ended_at or self.sim.now))):
                ended = one.ended_at or self.sim.now
                if ended > other.wanted_at + MOMENT and not self._clock_was_wrong(other.wanted_at) \
                        and not self._between(other.wanted_at - SLOT, ended, "database", "commit", "engine"):
                    yield f"I8 {device_id} had two live orders at {_at(other.wanted_at)}: {one.key} and {other.key}"

    def i10(self) -> Iterator[str]:
        """Every order reaches an end, with a cause; what we know of each appliance is written."""
        for order in self.orders:
            if order.live and self.sim.now - order.valid_until > timedelta(minutes=20):
                yield f"I10 order {order.key} of {_at(slot_start(order.slot))} is still {order.stage}"
            if not order.live and order.stage is not Stage.DONE and not order.cause:
                yield f"I10 order {order.key} ended {order.stage} without a cause"
            if order.stage is Stage.DONE and order.acknowledged_at is None and order.proved_at is None:
                yield f"I10 order {order.key} is done, and nobody said so"
        for appliance in queries.appliances(self.sim.mine):
            home = self.sim.by_id[appliance.id]
            says = {ControlState.ON: True, ControlState.OFF: False}.get(ControlState(appliance.control))
            standing = [self.of_device[each][-1] for each in home.points if self.of_device[each]]
            if appliance.mode == Mode.PILOTED and home.relays and says is not None and says != home.powered \
                    and home.appliance.typology not in (130, 150, 160) and standing \
                    and all(each.acknowledged_at and each.live for each in standing):
                yield f"I10 appliance {appliance.id} is written {appliance.control} and is not"

    def i11(self) -> Iterator[str]:
        """What an engine keeps in memory is bounded by what there is, not by how long it has lived."""
        devices, open_ones = len(self.sim.home_of), {each.id for each in self.stays.values() if each.closed_at is None}
        for seat in self.sim.seats:
            if seat.service is None or not seat.leads:
                continue
            engine = seat.service.engine
            kept = {"live": (len(engine.live), devices), "devices of orders": (len(engine.device_of), devices),
                    "superseded": (len(engine.too_late), devices), "alarms": (len(engine.alarms), 40 * devices),
                    "settled": (len(engine.settled), devices), "unwritten": (len(seat.service._unwritten), 0),
                    "pressed": (len(set(engine.pressed) - open_ones), 2 * devices)}
            yield from (f"I11 the engine keeps {count} {what}, of {most}" for what, (count, most) in kept.items() if count > most)

    def i12(self) -> Iterator[str]:
        """What waits for the limit of kilowatts a minute keeps it, by the devices' own logs."""
        most, sent = self.sim.rules.most_kw_a_minute, []
        for change in self.sim.changes:
            home = self.home(change.device_id)
            if change.why != "order" or change.on == home.inverted or not most:
                continue
            why = {each.why for each in self.of_device[change.device_id] if each.sent_at and each.on == change.on
                   and each.sent_at <= change.engine_at <= each.valid_until}
            sent = [(at, kw) for at, kw in sent if at > change.at - MOMENT] + [(change.at, usual_kw(home))]
            if why and why <= CAPPED and sum(kw for _, kw in sent) > most + usual_kw(home) and not self._between(
                    change.at - MOMENT, change.at, "messages", "clock"):
                yield f"I12 {_at(change.at)} {sum(kw for _, kw in sent):.0f} kW were switched on in a minute"
                return

    # -- what the people in the homes rely on -----------------------------------------------------------------------------

    def g2(self) -> Iterator[str]:
        """At the end nobody's cycle stands still for want of its supply."""
        for appliance in queries.appliances(self.sim.mine):
            home = self.sim.by_id[appliance.id]
            if appliance.mode == Mode.MANUAL and home.under_way(self.sim.now) and not home.powered and home.cut_at \
                    and not self.excused(home, home.cut_at - SLOT, self.sim.now, "button", "screen", "operator", "retained",
                                         "device", "deaf") \
                    and not self.excused(home, home.cut_at - SLOT * 4, home.cut_at + SLOT * 4):
                yield f"G2 the cycle of appliance {home.id} has had no supply since {_at(home.cut_at)}"

    def g14(self) -> Iterator[str]:
        """The centre is dead for good: every relay serves its home again, after its delay."""
        sim = self.sim
        for seat in sim.seats:
            sim.bury(seat)
        sim._live_until(sim.now + timedelta(hours=1))
        for home in sim.by_id.values():
            for unit, channel in home.relays:
                by_hand = any(each.why == "hand" for each in self.changes[unit.points[channel]])
                returns = unit.type.fail_safe and unit.type.fail_safe.after and not home.inverted
                if returns and not unit.closed(channel) and not by_hand:
                    yield f"G14 {unit.points[channel]} does not serve its home an hour after the centre's death"


def usual_kw(home: Home) -> float:
    return usual_w(home.appliance) / 1000


def _last(written: list, at: datetime):  # type: ignore[no-untyped-def,type-arg]
    before = [each for each in written if each.at <= at]
    return before[-1] if before else None


def _word(on: bool) -> str:
    return "ON" if on else "OFF"


def _at(at: datetime) -> str:
    return f"{at:%d %H:%M:%S}"
