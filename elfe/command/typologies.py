"""Which devices drive an appliance, and what each of them must be for the appliance to be supplied. Pure.

A typology turns a wish about the appliance (supplied or not) into levels of its devices. The typologies of this file
are all *levels*; presses and their sequences come with the families that press.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen

from elfe.command.orders import Why
from elfe.coordination.values import Appliance, ControlState, Flexibility, Mode, Usage
from elfe.ems.values import Decisions
from elfe.slots import SLOT, slot_of


@frozen
class Typology:
    """How an appliance hangs on its devices."""

    id: int
    name: str                                 # as in equipement_pilote_typologie_installation_domotique
    drives: Usage                             # the usage of the device that supplies it
    inverted: bool = False                    # supplied when the relay is OFF
    meters: tuple[Usage, ...] = (Usage.SWITCH_AND_METER, Usage.METER)

    def level(self, powers: bool) -> bool:
        """The level of the device's output that gives the appliance its supply, or takes it."""
        return powers != self.inverted


TYPOLOGIES: Mapping[int, Typology] = {
    each.id: each
    for each in (
        Typology(120, "prise_commande", drives=Usage.SWITCH_AND_METER),
        Typology(180, "relai_et_compteur", drives=Usage.SWITCH, meters=(Usage.METER,)),
        Typology(190, "relai_inverse", drives=Usage.SWITCH_AND_METER, inverted=True),
    )
}


@frozen
class Wish:
    """What is wanted of an appliance in the present slot."""

    powers: bool
    why: Why


ALLOWED: Mapping[Why, Mode] = {
    Why.WAIT: Mode.PILOTED,
    Why.START: Mode.PILOTED,
    Why.PLAN: Mode.PILOTED,
    Why.RELEASE: Mode.MANUAL,
}
"""The one mode in which each kind of order may be made. Modes 1, 10, 70 and 80 stand nowhere: never touched."""


def wish(appliance: Appliance, flexibility: Flexibility | None, plan: Decisions | None, now: datetime) -> Wish | None:
    """What the person, the plan and the time together want; None: leave it alone."""
    if flexibility is None or appliance.control == ControlState.UNREACHABLE:
        return None
    if appliance.mode == Mode.MANUAL:
        return Wish(True, Why.RELEASE)
    if appliance.mode != Mode.PILOTED:
        return None
    if appliance.continuous:
        decision = plan.at(appliance.id, now) if plan else None
        return Wish(decision != 0, Why.PLAN)      # nobody planned it: normal service
    return Wish(True, Why.START) if _has_its_turn(appliance, flexibility, plan, now) else Wish(False, Why.WAIT)


def _has_its_turn(appliance: Appliance, flexibility: Flexibility, plan: Decisions | None, now: datetime) -> bool:
    """The plan's start slot has come, or nobody plans it and its latest start has."""
    row = plan.by_appliance.get(appliance.id) if plan else None
    if plan is not None and row is not None and any(row):
        return any(row[: max(0, slot_of(now) - plan.first_slot + 1)])
    if flexibility.deadline is None or flexibility.lasts is None:
        return False
    return now + SLOT > flexibility.deadline - flexibility.lasts


def missing(typology: Typology, usages: Iterable[int]) -> str:
    """What a typology lacks among an appliance's devices; empty when it is complete."""
    count = sum(usage == typology.drives for usage in usages)
    if count == 1:
        return ""
    return f"typology {typology.id} ({typology.name}) needs one device of usage {typology.drives:d}, there are {count}"
