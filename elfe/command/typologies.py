"""Which devices drive an appliance, what is done to each of them, and what is wanted of the appliance now. Pure.

A typology turns a wish about the appliance (supplied or not, or started) into levels of its relays and presses of its fingers. A
level holds until the next one and may be said again; a press happens once. What 110 and 170 do no source says; here it is decided:

| id | supplied when | started by |
|---|---|---|
| 110 two relays | both are ON | that supply |
| 120 plug, 140 relay and thermometer, 180 relay and meter | the one is ON | that supply |
| 190 inverted relay | it is OFF | that supply |
| 130 plug and finger | always: its plug only measures | one press of Start |
| 150 plug and two fingers | always | Power, then Start five seconds later |
| 160 plug and finger, double press | always | Start twice, five seconds apart |
| 170 plug that is lit again, and finger | its plug is ON: it is cut while it waits | its supply, then Start |
| 200 meter | | never: nothing drives it |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from attrs import frozen

from elfe.command.orders import Order, Stage, Why
from elfe.command.rules import Rules
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import Appliance, ApplianceType, ControlState, Flexibility, Mode, Usage
from elfe.ems.values import Decisions
from elfe.slots import SLOT, slot_of, slot_start

PLUG, SWITCH, METER, POWER, START = (
    Usage.SWITCH_AND_METER, Usage.SWITCH, Usage.METER, Usage.PRESS_POWER, Usage.PRESS_START)


@frozen(cache_hash=True)
class Typology:
    """How an appliance hangs on its devices."""

    id: int
    name: str                                            # as in equipement_pilote_typologie_installation_domotique
    supplies: tuple[frozenset[Usage], ...] = ()          # its relays, each by the usages that it may have
    presses: tuple[Usage, ...] = ()                      # what starts it once it is supplied, in this order
    inverted: bool = False                               # supplied when the relay is OFF
    meters: tuple[Usage, ...] = (PLUG, METER)
    gap: timedelta = timedelta(seconds=5)                # before a press, after what came before it

    def level(self, powers: bool) -> bool:
        """The level of a relay's output that gives the appliance its supply, or takes it."""
        return powers != self.inverted


_ONE = frozenset
TYPOLOGIES: Mapping[int, Typology] = {
    each.id: each
    for each in (
        Typology(110, "deux_relais", (_ONE({SWITCH}), _ONE({SWITCH})), meters=(METER,)),
        Typology(120, "prise_commande", (_ONE({PLUG}),)),
        Typology(130, "prise_et_doigt", presses=(START,)),
        Typology(140, "relai_et_capteur_temperature", (_ONE({SWITCH, PLUG}),)),
        Typology(150, "prise_et_deux_doigts", presses=(POWER, START)),
        Typology(160, "prise_et_doigt_double_appui", presses=(START, START)),
        Typology(170, "prise_rallume_et_doigt", (_ONE({PLUG}),), presses=(START,), gap=timedelta(seconds=10)),
        Typology(180, "relai_et_compteur", (_ONE({SWITCH}),), meters=(METER,)),
        Typology(190, "relai_inverse", (_ONE({PLUG}),), inverted=True),
    )
}


def lacking(typology: Typology, usages: Iterable[int]) -> str:
    """What a typology lacks, or has too much of, among an appliance's devices; empty when it is complete."""
    return _lacking(typology, tuple(sorted(usages)))


@lru_cache(1000)      # of a whole territory, every few seconds; there are few typologies, and few ways to wire them
def _lacking(typology: Typology, usages: tuple[int, ...]) -> str:
    there = Counter(usages)
    for wanted, times in Counter(typology.supplies).items():
        count = sum(there[usage] for usage in wanted)
        if count != times:
            return _lacks(typology, times, " or ".join(f"{usage:d}" for usage in sorted(wanted)), count)
    for press in set(typology.presses):
        if there[press] != 1:
            return _lacks(typology, 1, f"{press:d}", there[press])
    return ""


def _lacks(typology: Typology, times: int, usage: str, count: int) -> str:
    needs = "one device" if times == 1 else f"{times} devices"
    return f"typology {typology.id} ({typology.name}) needs {needs} of usage {usage}, there are {count}"


# -- what is wanted --------------------------------------------------------------------------------------------------------


@frozen
class Wish:
    """What is wanted of an appliance in the present slot."""

    powers: bool
    why: Why


ALLOWED: Mapping[Why, frozenset[Mode]] = {
    Why.WAIT: frozenset({Mode.PILOTED}),
    Why.START: frozenset({Mode.PILOTED}),
    Why.PLAN: frozenset({Mode.PILOTED}),
    Why.GUARANTEE: frozenset({Mode.PILOTED}),
    Why.RELEASE: frozenset({Mode.MANUAL}),
    Why.RESTORE: frozenset({Mode.MANUAL}),
    Why.HOLD: frozenset({Mode.MANUAL, Mode.PILOTED}),
}
"""The modes in which each kind of order may be made. Modes 1, 10, 70 and 80 stand nowhere: never touched."""


@frozen
class Situation:
    """What a wish is made from, beside the appliance itself."""

    now: datetime
    rules: Rules
    plan: Decisions | None = None
    flexibility: Flexibility | None = None
    hold: Hold | None = None
    runs: bool = False          # a cycle of it is under way
    owed: bool = False          # it has been cut for too long

    @property
    def plan_age(self) -> timedelta:
        """How long ago the plan's first slot began; endless where there is none."""
        return self.now - slot_start(self.plan.first_slot) if self.plan else timedelta.max

    @property
    def dead(self) -> bool:
        """Whether nobody plans any more, as far as can be told."""
        return self.plan is not None and self.plan_age > self.rules.dead_after


def wish(appliance: Appliance, at: Situation) -> Wish | None:
    """What the person, the plan and the time together want; None: leave it alone."""
    if appliance.control == ControlState.UNREACHABLE or appliance.mode not in (Mode.MANUAL, Mode.PILOTED):
        return None
    if at.hold:
        return _held(appliance, at.hold, at.runs)
    if at.flexibility is None:
        return None
    if appliance.mode == Mode.MANUAL:
        return Wish(True, Why.RELEASE)
    if appliance.continuous:
        return Wish(True, Why.GUARANTEE) if at.owed else Wish(_planned(appliance, at), Why.PLAN)
    if _has_its_turn(appliance, at.flexibility, at):
        return Wish(True, Why.START)
    return None if at.runs else Wish(False, Why.WAIT)


def _held(appliance: Appliance, hold: Hold, runs: bool) -> Wish | None:
    """A person's will; nobody but the person in front of it cuts a cycle that is under way."""
    cuts = hold.supply is False and runs and not appliance.continuous and hold.origin != Origin.SCREEN
    return None if hold.supply is None or cuts else Wish(hold.supply, Why.HOLD)


def _planned(appliance: Appliance, at: Situation) -> bool:
    """Nobody planned it, or nobody plans any more: normal service."""
    return at.plan is None or at.dead or at.plan.at(appliance.id, at.now) != 0


def _has_its_turn(appliance: Appliance, flexibility: Flexibility, at: Situation) -> bool:
    """The plan's start slot has come; or its latest start has, and no plan of today answers for it."""
    row = at.plan.by_appliance.get(appliance.id) if at.plan else None
    if at.plan is not None and row is not None and any(row):
        if at.dead or any(row[: max(0, slot_of(at.now) - at.plan.first_slot + 1)]):
            return True
        if at.plan_age <= at.rules.stale_after:
            return False
    latest = latest_start(flexibility)
    return at.dead if latest is None else at.now + SLOT > latest


def latest_start(flexibility: Flexibility) -> datetime | None:
    """When it must have been started to end in time; None where that is not known."""
    if flexibility.deadline is None or flexibility.lasts is None:
        return None
    return flexibility.deadline - flexibility.lasts


# -- presses ---------------------------------------------------------------------------------------------------------------


@frozen
class NextPress:
    """The press that comes next; `again`: how many orders were made for it before."""

    step: int
    again: int


def next_press(typology: Typology, ended: Sequence[Order]) -> NextPress | None:
    """What is to be pressed next, after the presses of this stay that have ended; None: nothing more, or nobody can tell.

    A step is pressed once, when the one before it was answered or proved. It is asked for again when its order never left us; the
    last one also, once, when the power measured behind it proves that nothing started.
    """
    last = len(typology.presses) - 1
    for step in range(last + 1):
        tried = [each for each in ended if each.step == step]
        left = [each for each in tried if each.attempts]
        if not left:
            return NextPress(step, len(tried))
        if step == last:
            return NextPress(step, len(tried)) if len(left) == 1 and did_not_start(left[0]) else None
        if not any(each.acknowledged_at or each.proved_at for each in left):
            return None
    return None


def did_not_start(order: Order) -> bool:
    """Whether measured power has proved that an order to start was followed by nothing."""
    return order.stage is Stage.FAILED and order.seen_w is not None


USUAL_W: Mapping[int, float] = {
    ApplianceType.WATER_HEATER: 2_200.0, ApplianceType.HEATING: 1_500.0, ApplianceType.CONTROLLED_HEATING: 1_500.0,
    ApplianceType.CAR: 7_000.0, ApplianceType.E_BIKE: 200.0, ApplianceType.FORKLIFT: 5_000.0,
}
USUAL_MACHINE_W = 2_000.0
"""What an appliance is taken to draw when it is switched on, for the limit of kilowatts a minute alone."""


def usual_w(appliance: Appliance) -> float:
    """What an appliance of its type draws when it is switched on, W."""
    return USUAL_W.get(appliance.type, USUAL_MACHINE_W)
