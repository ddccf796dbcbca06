"""What every kind of load answers. Pure.

A *fleet* is many loads of one mathematical shape, as arrays. A *run* is how one of them runs: a start, or a row of 96 powers; an
array of runs has an entry per load. Two questions make a kind:

    respond      given a price per slot, how would each of you run, and what would that cost?       (vectorised)
    formulate    what are you in an exact model?                                                    (columns for PuLP)

The rest follows from a run: what it draws, and what it costs by itself (`own`), which only ever decides between equals.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import pulp
from attrs import define, evolve, field, fields, frozen
from numpy.typing import NDArray

from elfe.coordination.values import Appliance
from elfe.ems.costs import Costs, Table
from elfe.slots import HORIZON

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Runs = NDArray[Any]

EARLIER = 1e-3
"""W per slot of waiting: over a whole day a tenth of a watt-slot per load, so it decides only between equals."""
NEVER = np.inf
NOTHING = 1e-9
OWN: Mapping[str, Any] = {"own": True}
"""The metadata of a fleet's fields that make what a run costs by itself: where they are zero, it costs nothing."""


@frozen
class Formulation:
    """One load in an exact model: what its variables draw and cost, how a run is told to them and read from them."""

    drawn: tuple[tuple[int, pulp.LpVariable, float], ...]     # slot, variable, W per unit of it
    base: Floats                                              # W per slot that it draws whatever its variables are
    own: tuple[tuple[pulp.LpVariable, float], ...]
    constraints: tuple[tuple[pulp.LpConstraint, str], ...]
    begin: Callable[[Any], None]                              # sets the variables' initial values to a run
    read: Callable[[], Any]                                   # the run that the variables' values say


class Fleet(ABC):
    """Loads of one shape. Its arrays have an entry per load in their first dimension; what has none is common to all."""

    convex = False
    """Whether a mix of two runs of a load is a run of it: then a mix of answers needs no rounding."""
    relaxed = False
    """Whether answers may be mixed at all, as if it were; `realised` makes a run of the mix."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many loads."""

    @abstractmethod
    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """For each load a cheapest run at this price per slot, and a cost that no run of it is below: price · draw + own.

        The run costs just that, unless the fleet says in its own words that its answers are `relaxed`.
        """

    def exactly(self, price: Floats) -> tuple[Runs, Floats]:
        """The same, of runs that can be carried out: dearer to compute, and a nearer bound, where answers are `relaxed`."""
        return self.respond(price)

    @abstractmethod
    def powers(self, runs: Runs) -> Floats:
        """What each load draws under its run: loads × slots, W."""

    def row(self, i: int, run: Any) -> Floats:
        """What load `i` draws under a run: 96 W."""
        row: Floats = self.some(np.array([i])).powers(np.asarray(run)[None])[0]
        return row

    @abstractmethod
    def own(self, runs: Runs) -> Floats:
        """What each run costs by itself."""

    @abstractmethod
    def formulate(self, i: int, name: str) -> Formulation:
        """Load `i` in an exact model; the names of its variables begin with `name`."""

    @abstractmethod
    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """The best run of load `i` where `left` W is left of the balance without it, and its home has `room` W."""

    @abstractmethod
    def soonest(self) -> Runs:
        """How they would run if nobody planned them: each as soon as it may."""

    def told(self) -> Ints:
        """The start that each load was told before, where it still can have it; −1 else."""
        return np.full(self.count, -1)

    def realised(self, runs: Runs, _price: Floats) -> Runs:
        """Runs that can be carried out, near these; another than themselves only where answers are relaxed."""
        return runs

    def some(self, which: Ints | slice) -> Self:
        """The same shape with these loads only."""
        return self._with({name: value[which] for name, value in self._arrays()})

    def selfless(self) -> Self:
        """The same loads without what their runs cost by themselves."""
        return self._with({name: value * 0.0 for name, value in self._arrays(OWN)})

    def _arrays(self, marked: Mapping[str, Any] = MappingProxyType({})) -> list[tuple[str, Runs]]:
        """Its arrays with their names: those whose metadata has the marks."""
        cls: Any = type(self)
        return [(each.name, getattr(self, each.name)) for each in fields(cls)
                if isinstance(getattr(self, each.name), np.ndarray) and marked.items() <= each.metadata.items()]

    def _with(self, arrays: Mapping[str, Runs]) -> Self:
        same: Any = self
        changed: Self = evolve(same, **arrays)
        return changed

    def drawn(self, runs: Runs, groups: Ints, count: int) -> Floats:
        """What each of `count` groups of loads draws: groups × slots, W. `groups` has the group of each load."""
        powers = self.powers(runs)
        return np.stack([np.bincount(groups, weights=powers[:, t], minlength=count) for t in range(HORIZON)], axis=1)

    def sizes(self) -> Floats:
        """The energy of each load in W summed over slots, roughly: who is placed first."""
        total: Floats = self.powers(self.soonest()).sum(axis=1)
        return total

    def dearest(self) -> Floats:
        """The most that a run of each load can cost by itself."""
        return np.zeros(self.count)

    def peaks(self) -> Floats:
        """The most that each load draws, W."""
        peaks: Floats = self.powers(self.soonest()).max(axis=1, initial=0.0)
        return peaks


class Load(Protocol):
    """An appliance to be placed, as the run gathered it."""

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""

    @property
    def source(self) -> str:
        """Where what it draws comes from, in words."""

    @property
    def begins(self) -> str:
        """What it does when it begins to draw: starts, heats, charges, ...: the words of `explain.py`."""

    @property
    def modulates(self) -> bool:
        """Whether a mix of its runs is one of its runs."""

    @property
    def late_by(self) -> timedelta:
        """How far behind its deadline even its best run ends."""

    @classmethod
    def fleet(cls, loads: Sequence[Any]) -> Fleet:
        """Loads of this kind as arrays."""

    def decisions(self, run: Any) -> tuple[int, ...]:
        """The contract's row of 96."""

    def ends(self, run: Any) -> int:
        """The index behind the last slot that it is busy in."""


OVERLOAD = 1e4
"""What a watt beyond a home's limit weighs against a watt of import."""


def within(costs: Costs, left: Floats, room: Floats | None) -> Costs:
    """The costs of a load alone where `left` W is left of the balance, with what is beyond the `room` W that its home has."""
    return costs if room is None else costs.beyond(room.clip(min=0.0) - left, OVERLOAD)


# -- loads that choose one of some alternatives ---------------------------------------------------------------------------------


@frozen(eq=False)
class Menu:
    """All alternatives of one load: alternative k draws powers[k, j] W in slot slots[k, j]; slot 96 is beyond the horizon."""

    runs: Runs
    slots: Ints
    powers: Floats
    own: Floats

    def rows(self) -> Floats:
        """The powers of every alternative, alternatives × slots."""
        rows = np.zeros((len(self.runs), HORIZON + 1))
        np.put_along_axis(rows, self.slots, self.powers, axis=1)
        return rows[:, :HORIZON]


class Choosing(Fleet):
    """Loads that choose one of some alternatives."""

    @abstractmethod
    def menu(self, i: int) -> Menu:
        """The alternatives of load `i`, the earliest first."""

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """As of `Fleet`; the first among equals."""
        menu = self.menu(i)
        return menu.runs[Offers(menu, costs).best(np.append(left, np.inf), room)]

    def formulate(self, i: int, name: str) -> Formulation:
        """x_k ∈ {0, 1} for each alternative k; Σ_k x_k = 1."""
        menu = self.menu(i)
        x = [pulp.LpVariable(f"{name}_x{k}", cat=pulp.LpBinary) for k in range(len(menu.runs))]

        def begin(run: Any) -> None:
            for x_k, each in zip(x, menu.runs, strict=True):
                x_k.setInitialValue(int(each == run))

        def read() -> Any:
            return menu.runs[int(np.argmax([x_k.value() for x_k in x]))]

        drawn = tuple((int(t), x_k, float(w)) for x_k, slots, powers in zip(x, menu.slots, menu.powers, strict=True)
                      for t, w in zip(slots, powers, strict=True) if w and t < HORIZON)
        once = pulp.LpAffineExpression([(x_k, 1.0) for x_k in x]) == 1
        return Formulation(drawn, np.zeros(HORIZON), tuple(zip(x, map(float, menu.own), strict=True)), ((once, f"{name}_once"),),
                           begin, read)


@define(eq=False, slots=False)
class Offers:
    """A menu with its prices."""

    menu: Menu
    costs: Costs
    table: Table = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.table = self.costs.table(self.menu.slots, self.menu.powers)

    def added(self, lefts: Floats) -> Floats:
        """What each alternative adds to the objective, alternatives × states; see `Table.added`."""
        return self.table.added(lefts) + self.menu.own[:, None]

    def added_after(self, picks: Ints, left: Floats, columns: Floats, firsts: Ints) -> Floats:
        """What some alternatives add after another load has drawn; see `Table.added_after`."""
        return self.table.added_after(picks, left, columns, firsts) + self.menu.own[picks][:, :, None]

    def best(self, left: Floats, room: Floats | None = None) -> int:
        """The alternative that adds least, the first among equals; one that its home cannot carry only where none can be.

        `left`: 97 W, the last beyond the horizon; `room`: 96 W of its home.
        """
        added = self.added(left[:, None])[:, 0]
        if room is not None:
            there = np.maximum(0.0, np.append(room, np.inf)[self.menu.slots])
            added = added + OVERLOAD * np.maximum(0.0, self.menu.powers - there).sum(axis=1)
        return int((added <= added.min() + NOTHING).argmax())


@frozen
class Wishes:
    """What decides between equals for one load: how dear waiting is, and the start that it was promised (−1: none)."""

    haste: float = EARLIER            # W per slot
    promised: int = -1                # slot of the horizon
    faith: float = 0.0                # W summed over slots: what breaking the promise costs


def arrays(rows: Iterable[Sequence[float]], width: int = HORIZON) -> Floats:
    """Rows of numbers, each filled with zeros to `width`."""
    listed = list(rows)
    filled = np.zeros((len(listed), width))
    for here, row in zip(filled, listed, strict=True):
        here[:len(row)] = row
    return filled
