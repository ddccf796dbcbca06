"""What each household has given and received: a running account, and what follows from it. Pure.

Of every plan the quarter that comes is booked, for each load i of household h that draws x_it in slot t beside y_t of them all:

    placed_h += Σ_i ¼ · x_i0                        the energy that was placed, Wh
    local_h  += Σ_i ¼ · x_i0 · σ_0                  of it from the territory's own surplus; σ_t = min(1, max(0, b_t) / y_t)
    waited_h += Σ_i ¼ · E_i · [i could run, and waits]        Wh · h: the energy that waits, times how long

so who draws in one quarter shares alike in its surplus. What starts and is never cut is booked whole in the quarter that it starts
in. What is in the account fades by half in 30 days.

    a_h = ( (waited_h / placed_h) / (waited / placed)  −  (local_h / placed_h) / (local / placed) ) · placed_h / (placed_h + E0)

is how much more a household has given than it received, beside the mean of all: 0 for the mean, small while little is known. Where
two plans are worth the same, its loads weigh 2^a_h, between ¼ and 4 (`evening.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from elfe.ems.loads import ChargeLoad, CycleLoad, DutyLoad, Load, TankLoad, VehicleLoad
from elfe.ems.loads.base import Floats
from elfe.ems.values import Plan
from elfe.slots import HORIZON, SLOT_S

QUARTER_H = SLOT_S / 3600
HALF_LIFE = 30 * HORIZON
"""Slots in which what was booked counts half."""
LITTLE_WH = 5000.0
"""E0: a household of which no more was placed is half way from the mean to what its account says."""
LEAST, MOST = 0.25, 4.0
NEVER_CUT = (CycleLoad, VehicleLoad)
LENT = (CycleLoad, VehicleLoad, TankLoad, ChargeLoad, DutyLoad)
"""Whose wait is an effort: comfort and batteries are kept in their bands whatever is planned."""


@frozen
class Account:
    """Of one household: energy placed and local energy received, Wh, and energy that waited, Wh · h; as of a slot."""

    placed_wh: float = 0.0
    local_wh: float = 0.0
    waited_wh_h: float = 0.0

    def faded(self, slots: int) -> Account:
        """As it counts so many slots later."""
        share = 0.5 ** (slots / HALF_LIFE)
        return Account(self.placed_wh * share, self.local_wh * share, self.waited_wh_h * share)

    def __add__(self, other: Account) -> Account:
        return Account(self.placed_wh + other.placed_wh, self.local_wh + other.local_wh, self.waited_wh_h + other.waited_wh_h)


NEW = Account()


def gave(account: Account, all_of_them: Account) -> float:
    """a_h: how much more than it received, beside the mean; 0 where there is nothing to compare."""
    if not account.placed_wh or not all_of_them.placed_wh:
        return 0.0
    waited = _beside(account.waited_wh_h, account, all_of_them.waited_wh_h, all_of_them)
    local = _beside(account.local_wh, account, all_of_them.local_wh, all_of_them)
    return (waited - local) * account.placed_wh / (account.placed_wh + LITTLE_WH)


def _beside(mine: float, account: Account, theirs: float, all_of_them: Account) -> float:
    """Per kWh placed, as a share of the mean; the mean where there is none of it."""
    return (mine / account.placed_wh) / (theirs / all_of_them.placed_wh) if theirs else 1.0


def weights(accounts: Mapping[str, Account]) -> dict[str, float]:
    """What a wait of each household weighs between equal plans; one that has no account weighs 1."""
    total = sum(accounts.values(), NEW)
    return {name: min(MOST, max(LEAST, 2.0 ** gave(each, total))) for name, each in accounts.items()}


def booked(plan: Plan, loads: Sequence[Load]) -> dict[str, Account]:
    """What the coming quarter of a plan adds to the account of each household whose loads stand in it."""
    powers = {each.appliance_id: each.power_w for each in plan.placements}
    placed = [load for load in loads if load.appliance.id in powers]
    if not placed:
        return {}
    drawn = np.array([powers[load.appliance.id] for load in placed]).clip(min=0.0)
    waits = (drawn[:, 0] == 0) & np.array([isinstance(load, LENT) and _could_run(load) for load in placed])
    now = np.where(drawn[:, :1] > 0, drawn, 0.0)
    now[[not isinstance(load, NEVER_CUT) for load in placed], 1:] = 0.0
    share = local_share(np.array(plan.balance_w), drawn.sum(axis=0))
    rows = zip(now.sum(axis=1) * QUARTER_H, now @ share * QUARTER_H, waits * drawn.sum(axis=1) * QUARTER_H**2, strict=True)
    found: dict[str, Account] = {}
    for load, row in zip(placed, rows, strict=True):
        name = load.appliance.participant
        found[name] = found.get(name, NEW) + Account(*map(float, row))
    return found


def _could_run(load: Load) -> bool:
    """Whether it might draw in the first slot, if nobody planned it."""
    alone = type(load).fleet([load])
    return bool(alone.powers(alone.realised(alone.soonest(), np.zeros(HORIZON)))[0, 0] > 0)


def local_share(balance: Floats, drawn: Floats) -> Floats:
    """σ: of what is drawn in each slot, the share that the surplus of the balance covers."""
    shares: Floats = np.minimum(1.0, balance.clip(min=0.0) / np.maximum(drawn, 1e-9))
    return shares
