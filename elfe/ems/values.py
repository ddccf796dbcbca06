"""What the EMS makes: a plan, and what can be said of each placement in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from elfe.slots import slot_of


@frozen
class Way:
    """A smallest change that makes a wish possible."""

    what: str                       # as in `ways.SENTENCES`
    english: str
    french: str


@frozen
class Why:
    """What is told of a placement beside its sentence."""

    french: str                     # the sentence, for its people
    starts_wh: tuple[float | None, ...] = ()
    """What it would import at each start, Wh, the rest of the plan held; None: it cannot start there. Empty: it has no start."""
    ways: tuple[Way, ...] = ()      # out, where its wish cannot be kept


@frozen
class Placement:
    """Where one appliance was placed, over the 96 slots of its plan."""

    appliance_id: int
    appliance_type: int
    decisions: tuple[int, ...]
    """The contract's row: for a cycle a single 1 at its start slot, for a continuous load a 1 in every slot that may run."""
    power_w: tuple[float, ...]      # what it is expected to draw, mean W per slot
    source: str                     # where its profile comes from, in words: a measured cycle with its date, a named default
    reason: str                     # why there, one sentence
    late_by: timedelta = timedelta()   # how far behind its deadline it ends; zero when kept
    ends_at: datetime | None = None
    pauses: bool = False            # whether its powers are to be followed slot by slot; they stand beside its row
    why: Why | None = None

    @property
    def begins(self) -> int | None:
        """The first slot that it draws in; None where it draws nothing."""
        return next((t for t, power in enumerate(self.power_w) if power), None)


@frozen
class Plan:
    """One run of the EMS. `first_slot` is the slot of index 0."""

    first_slot: int
    made_at: datetime
    placements: tuple[Placement, ...]
    balance_w: tuple[float, ...]
    """The forecast without the loads placed here, with the cycles that run already; production − consumption."""
    forecast: str                   # where the forecast comes from, in words
    solver: str                     # what it is: optimal, the solver's incumbent, local search, greedy
    imported_wh: float              # over the horizon, with the plan
    bound_wh: float | None          # no plan can import less; None where nobody proved a bound
    solve_ms: int
    prices: tuple[float, ...] = ()
    """What a watt is worth in each slot, between 0 and 1 watt of import: with these anybody computes a bound again."""
    priced_bound_wh: float | None = None      # what of the bound the prices alone prove

    @property
    def gap(self) -> float | None:
        """How far the plan may be from the best, relatively; None where nobody proved a bound."""
        return None if self.bound_wh is None else max(0.0, self.imported_wh - self.bound_wh) / max(1.0, self.imported_wh)

    @property
    def balance_with_w(self) -> tuple[float, ...]:
        """The forecast with the placed loads, W per slot."""
        return tuple(balance - sum(each.power_w[t] for each in self.placements)
                     for t, balance in enumerate(self.balance_w))

    @property
    def end_slot(self) -> int:
        """The first slot that the plan no longer covers."""
        return self.first_slot + len(self.balance_w)


@frozen
class Decisions:
    """The plan in force as a reader of `result` sees it."""

    first_slot: int
    by_appliance: dict[int, tuple[int, ...]]

    def at(self, appliance_id: int, now: datetime) -> int | None:
        """The decision for the slot that `now` falls in; None where the plan says nothing of the appliance then."""
        index = slot_of(now) - self.first_slot
        row = self.by_appliance.get(appliance_id, ())
        return row[index] if 0 <= index < len(row) else None
