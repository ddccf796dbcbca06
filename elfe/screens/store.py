"""The edge of the databases: what is known of the homes that have a screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from elfe.coordination import holds, queries
from elfe.coordination.values import Mode
from elfe.ems.store import decisions_in_force
from elfe.ems.values import Decisions
from elfe.screens.words import Known
from elfe.slots import slot_start


def known(coordination: Engine, sortie: Engine, homes: Collection[str], now: datetime) -> Mapping[str, Sequence[Known]]:
    """The appliances of some participants, by participant; those that were removed are not shown."""
    machines = {each.appliance.id: each for each in queries.machines(coordination)}
    vehicles = {each.appliance.id: each for each in queries.vehicles(coordination)}
    held = {each.appliance_id: each for each in holds.in_force(coordination, now)}
    local, plan = holds.taken_over(coordination), decisions_in_force(sortie, now)
    found: dict[str, list[Known]] = {participant: [] for participant in homes}
    for appliance in queries.appliances(coordination):
        if appliance.participant not in homes or appliance.mode == Mode.REMOVED:
            continue
        id, machine, vehicle = appliance.id, machines.get(appliance.id), vehicles.get(appliance.id)
        found[appliance.participant].append(Known(
            appliance, machine.deadline if machine else vehicle.deadline if vehicle else None, machine.lasts if machine else None,
            vehicle.charge_pct if vehicle else None, held.get(None) or held.get(id), _starts_at(plan, id, now), id in local))
    return found


def _starts_at(plan: Decisions | None, appliance_id: int, now: datetime) -> datetime | None:
    """The next slot in which the plan has it on."""
    if plan is None:
        return None
    row = plan.by_appliance.get(appliance_id, ())
    return next((at for index, on in enumerate(row) if on and (at := slot_start(plan.first_slot + index)) > now), None)
