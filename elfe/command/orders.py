"""The life of one order. No clock, no socket, no database: time, messages and rows come in as arguments.

    wanted → recorded → sent → acknowledged → proved → done        and, from any of these, one end with a cause

An order is *recorded* (its id and unique key committed) before it is *sent*; it is *acknowledged* by the device's own
word, never by the broker's; it is *proved* by measured power; it is *done* when its validity has passed in that state.
A level order is safe to repeat: it is said again until the device answers or its validity ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import fields, frozen

from elfe.slots import slot_start


class Stage(StrEnum):
    """Where an order stands."""

    WANTED = "wanted"
    RECORDED = "recorded"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    PROVED = "proved"
    DONE = "done"
    EXPIRED = "expired"            # its validity ended and the device had not answered
    SUPERSEDED = "superseded"      # something else is wanted now
    OVERRIDDEN = "overridden"      # a person decided otherwise
    OFFLINE = "offline"            # its validity ended and the device was known to be away
    FAILED = "failed"              # the device refused, or was switched and drew nothing, or cut itself


class On(StrEnum):
    """What may happen to an order."""

    RECORDS = "recorded"
    SENDS = "sent"
    ECHOES = "acknowledged"
    REFUSES = "refused"
    DRAWS = "proved"
    LAPSES = "the device lost it"
    SETTLES = "settled"
    EXPIRES = "expired"
    MISSES = "offline"
    FAILS = "failed"
    SUPERSEDES = "superseded"
    OVERRIDES = "overridden"


_ENDS = {On.SUPERSEDES: Stage.SUPERSEDED, On.OVERRIDES: Stage.OVERRIDDEN}

TRANSITIONS: Mapping[Stage, Mapping[On, Stage]] = {
    Stage.WANTED:       {On.RECORDS: Stage.RECORDED, **_ENDS},
    Stage.RECORDED:     {On.SENDS: Stage.SENT, On.EXPIRES: Stage.EXPIRED, On.MISSES: Stage.OFFLINE,
                         On.FAILS: Stage.FAILED, **_ENDS},
    Stage.SENT:         {On.SENDS: Stage.SENT, On.REFUSES: Stage.SENT, On.ECHOES: Stage.ACKNOWLEDGED,
                         On.DRAWS: Stage.PROVED, On.EXPIRES: Stage.EXPIRED, On.MISSES: Stage.OFFLINE, On.FAILS: Stage.FAILED,
                         **_ENDS},
    Stage.ACKNOWLEDGED: {On.DRAWS: Stage.PROVED, On.LAPSES: Stage.SENT, On.SETTLES: Stage.DONE,
                         On.FAILS: Stage.FAILED, **_ENDS},
    Stage.PROVED:       {On.LAPSES: Stage.SENT, On.SETTLES: Stage.DONE, On.FAILS: Stage.FAILED, **_ENDS},
    Stage.DONE:         {},
    Stage.EXPIRED:      {},
    Stage.SUPERSEDED:   {},
    Stage.OVERRIDDEN:   {},
    Stage.OFFLINE:      {},
    Stage.FAILED:       {},
}

S2_STATUS: Mapping[Stage, str] = {
    Stage.WANTED: "NEW",
    Stage.RECORDED: "NEW",
    Stage.SENT: "NEW",
    Stage.ACKNOWLEDGED: "ACCEPTED",
    Stage.PROVED: "STARTED",
    Stage.DONE: "SUCCEEDED",
    Stage.EXPIRED: "ABORTED",
    Stage.SUPERSEDED: "REVOKED",
    Stage.OVERRIDDEN: "REVOKED",
    Stage.OFFLINE: "ABORTED",
    Stage.FAILED: "ABORTED",
}
"""The stage in the words of S2 (EN 50491-12-2), but for what nobody ever took on: see `Order.status`."""


class Why(StrEnum):
    """What an order is for; part of its unique key."""

    WAIT = "wait"            # a loaded machine is cut until its slot
    START = "start"          # its slot has come
    PLAN = "plan"            # a continuous load, for one quarter
    GUARANTEE = "guarantee"  # a tank that was cut for too long, whatever the plan says
    RELEASE = "release"      # back to the person: normal service
    RESTORE = "restore"      # a cycle that we started has lost its power: a blip
    HOLD = "hold"            # what a person has decided for a while
    HAND = "hand"            # `elfe devices send`: a person's own will


class Cause(StrEnum):
    """Why an order ended as it did; empty when its stage says it all."""

    PROVED = "proved by the measured power"
    SATISFIED = "satisfied: switched on, and it needed nothing"
    NOT_MEASURABLE = "acknowledged; nothing measures it"
    NOTHING_DREW = "switched on, but nothing drew power: door open, or not loaded"
    STILL_DRAWS = "switched off, but it still draws power"
    SILENT = "the device never answered"
    AWAY = "the device was offline"
    REFUSED = "the device refused"
    NO_WORDS = "its driver cannot say it"
    BROKER_AWAY = "the broker was out of reach"
    MODE = "the mode does not allow it any more"
    NEW_WISH = "something else is wanted now"
    PERSON = "switched by hand"
    PROTECTED = "the device cut itself: it draws too much, or is too hot"
    HELD = "a person holds it"
    RUNS = "a cycle is under way: it is not cut"
    UNSAID = "never said: its appliance may have been running, or the limit of kilowatts held it back"
    NEXT_STEP = "acknowledged; the next step follows"
    DID_NOT_START = "pressed, but nothing drew power: door open, or not loaded"
    UNKNOWN = "nobody can tell whether it was pressed: not pressed again"
    FLAT = "its battery is too low to press"
    BY_HAND = "asked by hand; acknowledged"


REJECTIONS = (Cause.REFUSED, Cause.NO_WORDS, Cause.FLAT)
"""How it failed where its device, or its driver, did not take it on: nothing had begun that could be given up."""

MISSED = frozenset({Stage.EXPIRED, Stage.OFFLINE, Stage.FAILED})
"""The ends that a home feels."""

LONGEST_PATIENCE = timedelta(minutes=1)
"""A silent device is asked again after its own answering time, then twice that, never more rarely than this."""
REFRESHES = 3
"""A level that a device's fail-safe undoes is said so often within the fail-safe's time."""


@frozen(slots=False)
class Order:
    """One order to one device: a level for one slot, safe to repeat while it is valid, or a press, which is sent once."""

    id: str
    device_id: str
    appliance_id: int
    why: Why
    on: bool                         # the level of the device's output
    powers: bool                     # whether the appliance has its supply then: not the same on an inverted relay
    slot: int
    flexibility_id: int
    wanted_at: datetime
    stage: Stage = Stage.WANTED
    cause: str = ""
    attempts: int = 0
    say_again_at: datetime | None = None
    recorded_at: datetime | None = None
    sent_at: datetime | None = None          # the first time
    acknowledged_at: datetime | None = None
    proved_at: datetime | None = None
    ended_at: datetime | None = None
    seen_w: float | None = None              # the last power measured after the acknowledgement; of a press, after it was sent
    press: bool = False
    step: int = 0                            # which press of its sequence
    again: int = 0                           # how many orders were made for that step before

    def but(self, **changes: Any) -> Order:
        """The order with these changes: what attrs' `evolve` does, at a tenth of its price, six times in each order's life."""
        if not changes.keys() <= FIELDS:
            raise TypeError(f"an order has no {', '.join(changes.keys() - FIELDS)}")
        changed = object.__new__(Order)
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    @property
    def key(self) -> str:
        """What makes it unique: point, slot and wanted level, for one purpose of one stay in mode 30; of a press, its step."""
        if self.why is Why.HAND:
            return f"{self.device_id}/{self.why}/{self.id}"      # a person may want the same twice
        if self.press:
            return f"{self.device_id}/press {self.step}.{self.again}/{self.why}/{self.flexibility_id}"
        return f"{self.device_id}/{self.slot}/{'on' if self.on else 'off'}/{self.why}/{self.flexibility_id}"

    @property
    def valid_until(self) -> datetime:
        """The end of its slot."""
        return slot_start(self.slot + 1)

    def valid_at(self, now: datetime) -> bool:
        """Whether it is its slot: a clock that was set back shows an instant before it."""
        return slot_start(self.slot) <= now < self.valid_until

    @property
    def status(self) -> str:
        """The stage in the words of S2: REJECTED is what was refused, ABORTED what was taken on and failed, or never answered."""
        return "REJECTED" if self.stage is Stage.FAILED and self.cause.startswith(REJECTIONS) else S2_STATUS[self.stage]

    @property
    def live(self) -> bool:
        """Whether something may still happen to it."""
        return bool(TRANSITIONS[self.stage])

    @property
    def heard(self) -> bool:
        """Whether the device has said that it did it."""
        return self.stage in {Stage.ACKNOWLEDGED, Stage.PROVED}

    def may(self, what: On) -> bool:
        """Whether `what` can happen in its present stage."""
        return what in TRANSITIONS[self.stage]

    def happens(self, what: On, now: datetime, cause: str = "") -> Order:
        """The order after `what`; a KeyError when the table does not know it."""
        stage = TRANSITIONS[self.stage][what]
        changes: dict[str, Any] = {"stage": stage}
        if cause:
            changes["cause"] = cause
        match what:
            case On.RECORDS:
                changes["recorded_at"] = now
            case On.SENDS:
                changes |= {"sent_at": self.sent_at or now, "attempts": self.attempts + 1}
            case On.ECHOES:
                changes |= {"acknowledged_at": now, "say_again_at": None, "cause": "", "seen_w": None}
            case On.DRAWS:
                changes["proved_at"] = now
            case On.LAPSES:
                changes |= {"say_again_at": now, "proved_at": None}
        if not TRANSITIONS[stage]:
            changes["ended_at"] = now
        return self.but(**changes)

    def said(self, now: datetime, within: timedelta) -> Order:
        """The order after it was sent once more; `within` is the family's own answering time."""
        patience = min(LONGEST_PATIENCE, within * 2 ** min(self.attempts, 8))
        return self.happens(On.SENDS, now).but(say_again_at=now + max(within, patience))

    def worthless_at(self, now: datetime, proves_within: timedelta) -> datetime:
        """When what is said now is worth nothing any more: a level will be said again by then, a press be over. A broker that keeps
        messages for who is away would hand over all of them when it is back, and its contact would chatter."""
        return min(self.valid_until, self.over_at(proves_within) if self.press else now + LONGEST_PATIENCE)

    @property
    def sayable(self) -> bool:
        """Whether it may be said in its stage: a press once, a level until it is answered."""
        return self.stage is Stage.RECORDED if self.press else self.may(On.SENDS)

    def due(self, now: datetime) -> bool:
        """Whether it is time to say it, or to say it again."""
        return self.sayable and self.valid_at(now) and (self.say_again_at is None or now >= self.say_again_at)

    def fades(self, now: datetime) -> bool:
        """Whether it is time to say again what the device has done, before its fail-safe undoes it; a press is never said again."""
        return self.heard and not self.press and self.say_again_at is not None and self.say_again_at <= now and self.valid_at(now)

    @property
    def can_be_weighed(self) -> bool:
        """Whether a power measured now tells something of it."""
        return self.heard or (self.press and self.stage is Stage.SENT)

    def weighs(self, power_w: float, threshold_w: float, now: datetime) -> Order:
        """The order after a power measured behind it: proved when the power is as the order says."""
        seen = self.but(seen_w=power_w)
        proves = self.can_be_weighed and self.stage is not Stage.PROVED and (power_w >= threshold_w) == self.powers
        return seen.happens(On.DRAWS, now, Cause.PROVED) if proves else seen

    def over_at(self, proves_within: timedelta) -> datetime:
        """When it ends: with its slot; a press that was sent, when measured power has had the time to tell."""
        return self.sent_at + proves_within if self.press and self.sent_at else self.valid_until


FIELDS = frozenset(each.name for each in fields(Order))


def ends(order: Order, now: datetime, *, present: bool, connected: bool, measured: bool, thirsty: bool) -> Order:
    """How an order ends when its validity is over.

    `measured`: something measures the appliance. `thirsty`: it must draw when it is on (a cycle), as against a tank
    that may be hot.
    """
    if order.stage is Stage.PROVED:
        return order.happens(On.SETTLES, now, Cause.PROVED)
    if order.press and order.attempts:
        return _press_ends(order, now, measured)
    if order.stage is Stage.ACKNOWLEDGED:
        return _level_ends(order, now, measured, thirsty)
    if order.cause.startswith(Cause.REFUSED):
        return order.happens(On.FAILS, now)
    if not connected:
        return order.happens(On.EXPIRES, now, Cause.BROKER_AWAY)
    if not present:
        return order.happens(On.MISSES, now, Cause.AWAY)
    return order.happens(On.EXPIRES, now, Cause.SILENT if order.attempts else Cause.UNSAID)


def _level_ends(order: Order, now: datetime, measured: bool, thirsty: bool) -> Order:
    if not measured or order.seen_w is None:
        return order.happens(On.SETTLES, now, Cause.NOT_MEASURABLE)
    if not order.powers:
        return order.happens(On.FAILS, now, Cause.STILL_DRAWS)
    if thirsty and order.why is Why.START:
        return order.happens(On.FAILS, now, Cause.NOTHING_DREW)
    return order.happens(On.SETTLES, now, Cause.SATISFIED)


def _press_ends(order: Order, now: datetime, measured: bool) -> Order:
    """What was pressed and not proved: refused, nothing started, or nobody can tell."""
    if order.cause.startswith(Cause.REFUSED):
        return order.happens(On.FAILS, now)
    if measured and order.seen_w is not None:
        return order.happens(On.FAILS, now, Cause.DID_NOT_START)
    if order.stage is Stage.ACKNOWLEDGED:
        return order.happens(On.SETTLES, now, Cause.NOT_MEASURABLE)
    return order.happens(On.EXPIRES, now, Cause.UNKNOWN)


def is_over(order: Order, now: datetime, proves_within: timedelta) -> bool:
    """Whether a live order's validity has ended."""
    return order.live and now >= order.over_at(proves_within)
