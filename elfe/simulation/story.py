"""What people do in a simulated day: who loads which machine when, and by when it must be done. Pure, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from attrs import frozen

from elfe.coordination.values import Appliance, ApplianceType

WHEN = {                 # hours of loading and of the wish, local time; and how likely in a day
    ApplianceType.WASHING_MACHINE: ((6.5, 10.5), (15.0, 19.0), 0.9),
    ApplianceType.DISHWASHER: ((7.5, 14.5), (17.0, 19.5), 0.85),
    ApplianceType.TUMBLE_DRYER: ((8.0, 12.0), (16.0, 20.0), 0.8),
}


@frozen
class Act:
    """Somebody declares an appliance, and for a machine presses its start."""

    at: datetime
    appliance: Appliance
    deadline: datetime | None = None
    lasts: timedelta | None = None


def day(appliances: Sequence[tuple[Appliance, timedelta | None]], midnight: datetime, seed: int) -> list[Act]:
    """The acts of a day, in order of time. With each machine comes how long its cycle lasts; None for what is continuous."""
    acts = [act for appliance, lasts in appliances for act in _acts(appliance, lasts, midnight, seed)]
    return sorted(acts, key=lambda act: (act.at, act.appliance.id))


def _acts(appliance: Appliance, lasts: timedelta | None, midnight: datetime, seed: int) -> list[Act]:
    chance = Random(seed * 100_003 + appliance.id)
    if lasts is None:
        return [Act(midnight + timedelta(minutes=5 + appliance.id % 10), appliance)]
    loads, wishes, likely = WHEN.get(ApplianceType(appliance.type), WHEN[ApplianceType.WASHING_MACHINE])
    if chance.random() > likely:
        return []
    at = midnight + timedelta(minutes=round(chance.uniform(*loads) * 60))
    by = midnight + timedelta(minutes=round(chance.uniform(*wishes) * 4) * 15)
    declared = timedelta(minutes=-(-lasts // timedelta(minutes=15)) * 15)     # people round up
    if chance.random() < 0.06:
        by = at + declared - timedelta(minutes=45)                            # and sometimes ask the impossible
    return [Act(at, appliance, by, declared)]
