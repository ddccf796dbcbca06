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


def plan(sortie: Engine, now: datetime) -> Decisions:
    """The plan in force; one that says nothing before the first."""
    return decisions_in_force(sortie, now) or Decisions(0, {})


def known(coordination: Engine, plan: Decisions, homes: Collection[str], now: datetime,
          undriven: Collection[str] = ()) -> Mapping[str, Sequence[Known]]:
    """The appliances of some participants, by participant; those that were removed are not shown."""
    found: dict[str, list[Known]] = {participant: [] for participant in homes}
    theirs = [each for each in queries.appliances(coordination, homes=homes) if each.mode != Mode.REMOVED]
    ids = [each.id for each in theirs]
    machines = {each.appliance.id: each for each in queries.machines(coordination, ids)}
    vehicles = {each.appliance.id: each for each in queries.vehicles(coordination, ids)}
    held, local = {each.appliance_id: each for each in holds.in_force(coordination, now)}, holds.taken_over(coordination)
    for appliance in theirs:
        id, machine, vehicle = appliance.id, machines.get(appliance.id), vehicles.get(appliance.id)
        found[appliance.participant].append(Known(
            appliance, machine.deadline if machine else vehicle.deadline if vehicle else None, machine.lasts if machine else None,
            vehicle.charge_pct if vehicle else None, held.get(None) or held.get(id), _starts_at(plan, id, now), id in local,
            appliance.participant in undriven))
    return found


def _starts_at(plan: Decisions, appliance_id: int, now: datetime) -> datetime | None:
    """The next slot in which the plan has it on."""
    row = plan.by_appliance.get(appliance_id, ())
    return next((at for index, on in enumerate(row) if on and (at := slot_start(plan.first_slot + index)) > now), None)
