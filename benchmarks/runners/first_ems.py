"""The first EMS places an instance's cycles: `python first_ems.py INSTANCE.json ANSWER.json SECONDS SOURCE`.

Its own classes make the problem and call scipy, as its launcher does. What it had found when its time was over counts, though its
launcher would throw that away and ask again with fewer loads.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

SLOT_S = 900
SLOTS = 96


def answer(instance: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What each load draws, W per slot, and how long that took; no powers where nothing was found."""
    from solution.Calculation_Params import CalculationParams
    from solution.ConsumerTypes.MachineConsumer import MachineConsumer
    from solution.Problem import Problem

    began, worked = time.perf_counter(), time.process_time()
    params = CalculationParams(0, (SLOTS - 1) * SLOT_S, SLOT_S, SLOT_S, [[float(each) for each in instance["balance_w"]]])
    machines = [MachineConsumer(load["id"], load["profile_w"], load["earliest"] * SLOT_S, load["latest_end"] * SLOT_S)
                for load in instance["loads"]]
    problem = Problem(machines, params)
    problem.prepare()
    result = problem.solve(seconds)
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    powers = None if result.x is None else [_drawn(load["profile_w"], each["decisions"].index(1))
                                            for load, each in zip(instance["loads"], problem.get_decisions(), strict=True)]
    return {"powers": powers, "seconds": took, "cpu_s": cpu, "said": str(result.message)}


def _drawn(profile: list[float], start: int) -> list[float]:
    """A cycle begun in the slot that its row of `result` says."""
    return [0.0] * start + profile + [0.0] * (SLOTS - start - len(profile))


if __name__ == "__main__":
    given, told = Path(sys.argv[1]), Path(sys.argv[2])
    sys.path.insert(0, sys.argv[4])
    told.write_text(json.dumps(answer(json.loads(given.read_text()), float(sys.argv[3]))))
