"""Firmware in rings, carried out: devices are asked what they run, `elfe.coordination.rings` decides, and they are told.

What a device is told is written down before it is told. A unit is looked at once more just before: it may have begun a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime, timedelta

from attrs import evolve, frozen

from elfe.app import after_visit
from elfe.app.after_visit import AT_ONCE, Talk, note_firmware, talk
from elfe.app.context import Context
from elfe.command import store as ledger
from elfe.command.orders import MISSED, Cause, Order, Stage, Why
from elfe.coordination import rings, states
from elfe.coordination.configuring import on_site, over_mqtt
from elfe.coordination.lifecycle import Place, members
from elfe.coordination.noticing import AWAY, State, presence
from elfe.coordination.rings import Campaign, Decision, Done, Open, Orders, Ring, Seen, Stop, Told, Unit, Update
from elfe.coordination.states import Kind
from elfe.devices.values import Firmware, FirmwareSteps
from elfe.errors import LifecycleError
from elfe.slots import slot_of

BEFORE = timedelta(days=7)
"""The orders with which those since are compared."""
QUIET = timedelta(seconds=1)
RESTARTS_WITHIN = timedelta(minutes=15)
"""An order that falls into the restart of a unit says nothing of its firmware."""


@frozen
class Fleet:
    """The units of one type, with the places of each."""

    type_id: int
    units: tuple[Unit, ...]
    places: Mapping[str, list[Place]]      # by unit
    states: Mapping[str, State]            # by point


@frozen
class Planned:
    """What would be done next of one type, and from what it was decided."""

    campaign: Campaign                     # number 0: none has begun
    fleet: Fleet
    seen: Seen
    decision: Decision


@frozen
class Step:
    """What was decided of one type, and what of it was done."""

    decision: Decision
    told: tuple[Told, ...] = ()
    visits: tuple[str, ...] = ()


# -- what there is -------------------------------------------------------------------------------------------------------------


def types(here: Context) -> list[int]:
    """The types that are installed and say what they run."""
    found = {each.row.type_id for each in after_visit.places(here) if each.driver and each.driver.firmware and each.device}
    return sorted(found)


def fleet(here: Context, type_id: int, anyway: bool, now: datetime) -> Fleet:
    """The units of a type, as they were last heard of."""
    every = [each for each in after_visit.places(here) if each.row.type_id == type_id and each.device and each.driver]
    known, why = states.states(here.coordination), after_visit.busy(here, now, strict=True)
    by_unit: dict[str, list[Place]] = {}
    for place in every:
        together = members(place, every)
        by_unit.setdefault(together[0].point, together)
    units = []
    for id, together in by_unit.items():
        state = _newest([known[each.point] for each in together if each.point in known])
        steps, first = _steps(together[0], state.firmware), together[0]
        assert first.driver is not None
        is_busy = next((found.english for each in together if (found := why(each))), "")
        units.append(Unit(
            id, first.row.participant, state.firmware,
            online=presence(state, first.driver.type, now) not in AWAY,
            busy=is_busy or ("" if state.firmware else "its version is not known yet"),
            over_mqtt=not on_site(steps.update),
            nothing_to_do=bool(state.firmware) and not (steps.update and (anyway or state.newer or steps.brings))))
    return Fleet(type_id, tuple(units), by_unit, known)


def _newest(known: list[State]) -> State:
    """Of the outputs of one unit, the last that was heard of; with what any of them said of its firmware."""
    if not known:
        return State("")
    heard = max(known, key=lambda each: (each.heard_at is not None, each.heard_at, each.device_id))
    said = [each for each in known if each.firmware_at is not None]
    told = max(said, key=lambda each: (each.firmware_at, each.device_id)) if said else heard
    return evolve(heard, firmware=told.firmware, newer=told.newer)


def _steps(place: Place, running: str) -> FirmwareSteps:
    assert place.driver is not None
    assert place.device is not None
    if place.driver.firmware is None:
        return FirmwareSteps(())
    return place.driver.firmware(place.device, running)


def seen(here: Context, campaign: Campaign, every: Fleet) -> Seen:
    """What became of orders before the units were told, and since; and of the others' since."""
    if not campaign.told:
        return Seen()
    told_at = {place.point: told.at for told in campaign.told for place in every.places.get(told.unit, [])}
    first = min(told.at for told in campaign.told)
    others = {place.point for unit in every.units for place in every.places[unit.id]} - told_at.keys()
    before = since = of_others = Orders()
    for order in ledger.orders(here.coordination, since_slot=slot_of(first - BEFORE)):
        judged = judge(order)
        at = told_at.get(order.device_id)
        if at is not None and order.wanted_at < at:
            before += judged if order.wanted_at >= at - BEFORE else Orders()
        elif at is not None and order.wanted_at >= at + RESTARTS_WITHIN:
            since += judged
        elif order.device_id in others and order.wanted_at >= first:
            of_others += judged
    return Seen(before, since, of_others)


def judge(order: Order) -> Orders:
    """What an order tells of its device: nothing, when it was a person's will or the broker was away."""
    if order.why is Why.HAND or order.cause == Cause.BROKER_AWAY:
        return Orders()
    if order.stage is Stage.DONE:
        return Orders(1, 1)
    return Orders(0, 1) if order.stage in MISSED else Orders()


# -- asked ---------------------------------------------------------------------------------------------------------------------


def ask(here: Context, type_id: int, now: Callable[[], datetime]) -> None:
    """Ask every unit of a type what it runs, and take down what it says. Whom only the local network reaches is left out."""
    every = fleet(here, type_id, False, now())
    asked = [(every.places[unit.id][0], unit) for unit in every.units
             if any(over_mqtt([step]) for step in _steps(every.places[unit.id][0], unit.firmware).read)]
    if not asked:
        return
    made = talk(here, [place for place, _ in asked], now)
    with closing(made.session):
        for start in range(0, len(asked), AT_ONCE):
            _ask_some(made, asked[start:start + AT_ONCE], now)


def _ask_some(made: Talk, some: list[tuple[Place, Unit]], now: Callable[[], datetime]) -> None:
    """Ask, and listen until each has told its version and nobody says more: the newer one may be an answer of its own."""
    until = now() + max(place.driver.type.answers_within for place, _ in some if place.driver)
    for place, unit in some:
        made.say(_steps(place, unit.firmware).read)
    silent, quiet_at = {place.point for place, _ in some}, until
    while now() < min(until, quiet_at):
        for heard in made.hears(timedelta(milliseconds=200)):
            if isinstance(heard.event, Firmware):
                silent -= {heard.device.id} if heard.event.version else set()
                note_firmware(made.here, heard.device.id, heard.event, now())
                quiet_at = until if silent else now() + QUIET


# -- plan, advance, stop ---------------------------------------------------------------------------------------------------------


def planned(here: Context, type_id: int, anyway: bool, now: datetime) -> Planned:
    """What would be done next; nothing is told and nothing is written."""
    campaign = states.campaigns(here.coordination).get(type_id) or Campaign(0, type_id, now, Ring.VOLUNTEERS, now, anyway=anyway)
    return _decided(here, campaign, now)


def _decided(here: Context, campaign: Campaign, now: datetime) -> Planned:
    every = fleet(here, campaign.type_id, campaign.anyway, now)
    orders = seen(here, campaign, every)
    return Planned(campaign, every, orders,
                   rings.decide(campaign, every.units, states.volunteers(here.coordination), orders, now))


def advance(here: Context, type_id: int, anyway: bool, again: bool, now: Callable[[], datetime]) -> Step:
    """One step further: open a ring, tell a few units, or stop. Raises `LifecycleError` when there is nothing to bring."""
    ask(here, type_id, now)
    campaign = states.campaigns(here.coordination).get(type_id)
    if campaign is None or (again and campaign.stopped):
        every = fleet(here, type_id, anyway, now())
        if all(unit.nothing_to_do for unit in every.units):
            raise LifecycleError(f"no unit of type {type_id} knows of a newer firmware; `--anyway` tells them all the same, "
                                 "where a family does not say")
        campaign = states.open_campaign(here.coordination, type_id, anyway, now())
    while True:
        looked = _decided(here, campaign, now())
        match looked.decision:
            case Open(ring):
                states.go_on(here.coordination, campaign, ring, now())
                campaign = states.campaigns(here.coordination)[type_id]
            case Stop(why):
                if not campaign.stopped:
                    states.stop(here.coordination, campaign, why, now())
                return Step(looked.decision)
            case Done():
                states.finish(here.coordination, campaign, now())
                return Step(looked.decision)
            case Update(_, chosen, _, visits):
                _for_a_visit(here, looked.fleet, visits, now())
                return Step(looked.decision, _tell(here, campaign, looked.fleet, chosen, now), visits)
            case _:
                return Step(looked.decision)


def stop(here: Context, type_id: int, why: str, now: datetime) -> Campaign:
    """A person stops it. Raises `LifecycleError` when there is nothing to stop."""
    campaign = states.campaigns(here.coordination).get(type_id)
    if campaign is None:
        raise LifecycleError(f"no firmware is being brought to type {type_id}; `elfe firmware status` shows what is")
    if not campaign.stopped:
        states.stop(here.coordination, campaign, why, now)
    return campaign


def _tell(here: Context, campaign: Campaign, every: Fleet, chosen: Iterable[str], now: Callable[[], datetime]) -> tuple[Told, ...]:
    units = {unit.id: unit for unit in every.units}
    wanted = [every.places[id][0] for id in chosen]
    if not wanted:
        return ()
    done = []
    made = talk(here, wanted, now)
    with closing(made.session):
        for place in wanted:
            why = after_visit.busy(here, now(), strict=True)      # once more: a cycle may have begun
            if any(why(each) for each in every.places[place.point]):
                continue
            steps = _steps(place, units[place.point].firmware)
            told = Told(place.point, campaign.ring, now(), units[place.point].firmware, steps.brings)
            states.told(here.coordination, campaign, told)
            made.say(steps.update)
            done.append(told)
        made.linger(now)
    return tuple(done)


def _for_a_visit(here: Context, every: Fleet, visits: Iterable[str], now: datetime) -> None:
    for id in visits:
        place = every.places[id][0]
        steps = on_site(_steps(place, every.states[id].firmware if id in every.states else "").update)
        says = f"mettre à jour le micrologiciel de {place.product} sur place : {' puis '.join(steps)}"
        states.open_task(here.coordination, id, Kind.FIRMWARE, says, now)


def by_ring(here: Context, planned: Planned) -> Mapping[Ring, list[Unit]]:
    """The units of each ring."""
    return rings.rings(planned.fleet.units, planned.campaign.id, states.volunteers(here.coordination))
