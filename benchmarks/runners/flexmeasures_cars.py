"""FlexMeasures schedules an instance's modulated cars: `python flexmeasures_cars.py INSTANCE.json ANSWER.json SECONDS`.

Its device scheduler is called with a storage per car, which is empty until the car comes and full when it leaves, and one
commitment: every kW above what the territory produces anyway costs 1. Its shipped backend solves: HiGHS without Pyomo.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from flexmeasures.data.models.planning.linear_optimization import device_scheduler
from flexmeasures.data.models.planning.utils import initialize_df, initialize_series

SLOTS = 96
RESOLUTION = timedelta(minutes=15)
BEGIN = datetime.fromisoformat("2026-03-02T00:00+00:00")
SPAN = BEGIN, BEGIN + SLOTS * RESOLUTION, RESOLUTION
W_PER_KW = 1000.0
COLUMNS = ["equals", "max", "min", "derivative equals", "derivative max", "derivative min", "derivative down efficiency",
           "derivative up efficiency", "stock delta"]


def answer(instance: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What each car draws, W per slot, and how long that took."""
    app = Flask("benchmark")
    app.config.update(FLEXMEASURES_LP_SOLVER="highspy", FLEXMEASURES_LP_SOLVER_OPTIONS={"time_limit": seconds},
                      LOGGING_LEVEL="INFO")
    began, worked = time.perf_counter(), time.process_time()
    with app.app_context():
        schedules, _, results, _ = device_scheduler(
            [_car(load) for load in instance["loads"]], initialize_df(["derivative max", "derivative min"], *SPAN),
            commitment_quantities=[initialize_series([-each / W_PER_KW for each in instance["balance_w"]], *SPAN)],
            commitment_upwards_deviation_price=[initialize_series(1.0, *SPAN)],
            commitment_downwards_deviation_price=[initialize_series(0.0, *SPAN)], initial_stock=0.0)
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    powers = [(np.asarray(each, float) * W_PER_KW).tolist() for each in schedules]
    return {"powers": powers, "seconds": took, "cpu_s": cpu, "said": str(results.solver.termination_condition)}


def _car(load: dict[str, Any]) -> Any:
    """A storage that may draw from `earliest` on and holds its energy when its window ends; what it holds is in kW times slots."""
    car = initialize_df(COLUMNS, *SPAN).astype(float)
    whole = load["energy_wh"] / W_PER_KW * (timedelta(hours=1) / RESOLUTION)
    car["min"], car["max"], car["derivative min"] = 0.0, whole, 0.0
    car["derivative max"] = [load["max_power_w"] / W_PER_KW if load["earliest"] <= t < load["latest_end"] else 0.0
                             for t in range(SLOTS)]
    car.iloc[load["latest_end"] - 1, COLUMNS.index("equals")] = whole
    return car


if __name__ == "__main__":
    given, told = Path(sys.argv[1]), Path(sys.argv[2])
    told.write_text(json.dumps(answer(json.loads(given.read_text()), float(sys.argv[3]))))
