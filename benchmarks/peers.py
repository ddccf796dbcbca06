"""The planner beside the others who place loads, on the same instances in one run: `python -m benchmarks.peers --folder ../peers`.

    the first EMS       cycles of many homes; stopped after FIRST_S
    one PuLP model      the same cycles as one model for HiGHS; stopped when it is as good as ours plus NEARLY_AS_GOOD
    EMHASS              on its own ground: the sequences of one home
    FlexMeasures        on its own ground: cars that modulate

Nothing of them is part of elfe. Each runs in a process of its own, with a Python of its own, through its public functions
(`benchmarks/runners/`); only its building and solving is timed, not its start. Ours is `Solver` as `elfe ems run` has it, its child
process warm. Every plan, ours and theirs, is evaluated by `benchmarks/bound.py` alone. A peer that is absent is left out.

    python -m benchmarks.peers [--only first small pulp emhass flexmeasures] [--loads 10 20] [--seeds 31 32] [--surplus 0.8]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import frozen

from benchmarks import planning
from benchmarks.bound import check
from benchmarks.tables import show
from elfe.ems.model import Choice, Problem

RUNNERS = Path(__file__).parent / "runners"
FOLDER = Path(__file__).parents[2] / "peers"
FIRST_S = 120.0
OURS_S = 2.0
STARTS_WITHIN_S = 900.0                  # what a peer may take to import what it needs, on a machine that does much else
NEARLY_AS_GOOD = 5e-5
SAME = 1e-9                              # two sums of the same watts, added in another order
SMALL = (10, 20, 50, 100, 200)
SEEDS = (31, 32, 33)
SURPLUS = (0.5, 0.8, 1.0, 1.5, 2.0)
Instance = dict[str, Any]
Answer = Mapping[str, Any]


# -- the grounds ------------------------------------------------------------------------------------------------------------------


def cycles(make: ModuleType, n: int, seed: int, surplus: float) -> Instance:
    """As the bench makes them."""
    made: Instance = make.make(n, seed, "cycle", surplus)
    return made


def cars(make: ModuleType, n: int, seed: int, surplus: float) -> Instance:
    """Cars that modulate, made of the bench's parts."""
    dice = random.Random(f"cars-{n}-{seed}-{surplus}")
    loads = [{"id": i, **make.ev(dice, False)} for i in range(n)]
    return {"loads": loads, "balance_w": make.balance(dice, n, sum(map(make.energy_wh, loads)), surplus)}


# -- the peers --------------------------------------------------------------------------------------------------------------------


@frozen
class Peer:
    """One of the others: where it lives beside this checkout, who asks it, and what our goal is."""

    name: str
    home: str                            # of its Python, in the folder of the peers
    runner: str
    ground: Callable[[ModuleType, int, int, float], Instance]
    loads: int
    limit_s: float
    faster: float                        # how many times faster we want to be
    worse: float                         # relatively, what our objective may be above its own
    brings: str
    source: str = ""                     # what its runner must be told besides, in its home

    def python(self, folder: Path) -> Path:
        """Its own."""
        return folder / self.home / ".venv" / "bin" / "python"

    def ask(self, folder: Path, instance: Instance) -> Answer:
        """What its runner answers."""
        with tempfile.TemporaryDirectory() as place:
            given, told = Path(place) / "instance.json", Path(place) / "answer.json"
            given.write_text(json.dumps(instance))
            command = [self.python(folder), RUNNERS / self.runner, given, told, str(self.limit_s), folder / self.home / self.source]
            ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                                   timeout=STARTS_WITHIN_S + 2 * self.limit_s)
            if not told.exists():
                sys.exit(f"{self.name} failed:\n{ended.stderr[-2000:]}")
            found: Answer = json.loads(told.read_text())
            return found


def _venv(home: str, *packages: str) -> str:
    return f"python3.11 -m venv {home}/.venv && {home}/.venv/bin/pip install {' '.join(packages)}"


FIRST = Peer("the first EMS", "first", "first_ems.py", cycles, 1000, FIRST_S, 200, 0.0,
             "git clone https://github.com/Energies-citoyennes-en-Pays-de-Vilaine/EnergyManagmentSystem first/source && "
             + _venv("first", "scipy"), "source")
EMHASS = Peer("EMHASS", "emhass", "emhass_home.py", cycles, 200, FIRST_S, 20, 0.0, _venv("emhass", "emhass==0.18.7"))
FLEXMEASURES = Peer("FlexMeasures", "flexmeasures", "flexmeasures_cars.py", cars, 1000, FIRST_S, 100, 1e-6,
                    _venv("flexmeasures", "flexmeasures==1.0.1"))


# -- side by side -----------------------------------------------------------------------------------------------------------------

COLUMNS = ("beside", "loads", "surplus", "seed", "its time", "ours", "times faster", "its plan", "goal")
Row = Sequence[str]


def ours(instance: Instance, problem: Problem) -> tuple[float, Choice, float]:
    """What our plan imports by the checker's own word, the choice, and its seconds."""
    found, took = planning.ours(problem, OURS_S)
    return check(instance, planning.powers_of(instance, problem, found).tolist()), found, took


def _row(name: str, instance: Instance, where: Row, theirs: tuple[float | None, float], mine: tuple[float, float],
         goal: tuple[float, float]) -> Row:
    """`theirs` and `mine`: what is imported, and the seconds; the goal: how many times faster, and how much worse at most."""
    (imported, its_s), (our_import, our_s), (faster, worse) = theirs, mine, goal
    as_good = imported is None or our_import <= imported * (1 + worse + SAME)
    told = "none in its time" if imported is None else f"{imported / our_import - 1:+.1e}"
    return (name, f"{len(instance['loads']):,}", *where, f"{its_s:.1f} s", f"{our_s:.3f} s", f"{its_s / our_s:.0f}", told,
            "met" if as_good and its_s >= faster * our_s else "missed")


def _imported(instance: Instance, powers: Sequence[Sequence[float]] | None) -> float | None:
    """By the checker's word; None for no plan, or one that breaks a promise."""
    if powers is None:
        return None
    try:
        return check(instance, powers)
    except ValueError as broken:
        sys.stderr.write(f"its plan is refused: {broken}\n")
        return None


def beside_peer(peer: Peer, folder: Path, make: ModuleType, n: int, surplus: float, seed: int, faster: float) -> Row:
    """One instance, placed by both, one after the other."""
    instance = peer.ground(make, n, seed, surplus)
    answer = peer.ask(folder, instance)
    imported, _, took = ours(instance, planning.problem_of(instance))
    return _row(peer.name, instance, (f"{surplus:g}", str(seed)), (_imported(instance, answer["powers"]), answer["seconds"]),
                (imported, took), (faster, peer.worse))


def beside_pulp(make: ModuleType, n: int, surplus: float, seed: int) -> Row:
    """The same with the one PuLP model, which stops when it is nearly as good."""
    instance = cycles(make, n, seed, surplus)
    problem = planning.problem_of(instance)
    imported, found, took = ours(instance, problem)
    objective, its_s = planning.peer(problem, found.objective * (1 + NEARLY_AS_GOOD), FIRST_S)
    return _row("one PuLP model", instance, (f"{surplus:g}", str(seed)), (objective, its_s), (imported, took), (10, NEARLY_AS_GOOD))


Work = tuple[str, Callable[[], Row]]


def work(asked: argparse.Namespace, make: ModuleType) -> list[Work]:
    """What is to be measured, by its part."""
    seeds, surplus = asked.seeds, asked.surplus
    found: list[Work] = []
    for part, peer in (("first", FIRST), ("small", FIRST), ("emhass", EMHASS), ("flexmeasures", FLEXMEASURES)):
        if not peer.python(asked.folder).exists():
            sys.stdout.write(f"{peer.name} is left out ({part}). To bring it, in {asked.folder}: {peer.brings}\n")
            continue
        sizes = asked.loads or (SMALL if part == "small" else (peer.loads,))
        # with few loads the plan counts, not the time: within 2 s it must be at least as good
        some = [(s, w) for s in seeds for w in surplus] if part == "small" else [(seeds[0], w) for w in (0.8, 1.2)]
        found += [(part, partial(beside_peer, peer, asked.folder, make, n, w, s, 0.0 if part == "small" else peer.faster))
                  for s, w in some for n in sizes]
    return found + [("pulp", partial(beside_pulp, make, 1000, w, seeds[0])) for w in (0.8, 1.2)]


def measure(asked: argparse.Namespace) -> None:
    """Print the table."""
    rows: list[Row] = []
    for part, one in work(asked, planning.instances()):
        if part in asked.only:
            rows.append(one())
            sys.stderr.write(" ".join(rows[-1]) + "\n")
    show("The planner and its peers", COLUMNS, rows)


PARTS = ("pulp", "flexmeasures", "emhass", "first", "small")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the peers live")
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--loads", nargs="+", type=int, default=(), help="sizes in place of each part's own")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--surplus", nargs="+", type=float, default=SURPLUS)
    measure(parser.parse_args())
