"""EMHASS plans an instance as the sequences of one home: `python emhass_home.py INSTANCE.json ANSWER.json SECONDS`.

Its shipped configuration, but for what the instance is: quarters, the loads with their windows, a grid without limits, an import
that costs 1 and an export that earns nothing. It stops at its own gap of 1 %; where it finds no plan in time it answers one that is
not whole, which the checker refuses.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import emhass
import numpy as np
import pandas as pd
from emhass.optimization import Optimization
from emhass.utils import build_params, get_yaml_parse

SLOTS = 96
DATA = Path(emhass.__file__).parent / "data"
PATHS = {"data_path": DATA, "root_path": DATA.parent, "associations_path": DATA / "associations.csv",
         "defaults_path": DATA / "config_defaults.json"}
PER_LOAD = {"minimum_power_of_deferrable_loads": 0.0, "cost_forecast_per_deferrable_load": None, "is_electric_load": True,
            "operating_hours_of_each_deferrable_load": 0, "treat_deferrable_load_as_semi_cont": False,
            "set_deferrable_load_single_constant": False, "set_deferrable_startup_penalty": 0.0, "deferrable_load_max_cost": 0.0,
            "set_deferrable_max_startups": 0, "def_minimum_on_time": 0, "def_minimum_off_time": 0}


def configuration(instance: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The shipped one, for this home."""
    loads = instance["loads"]
    most = 2 * sum(max(load["profile_w"]) for load in loads) + 2 * max(map(abs, instance["balance_w"]))
    changed: dict[str, Any] = {name: [value] * len(loads) for name, value in PER_LOAD.items()}
    changed |= {"costfun": "cost", "optimization_time_step": 15, "number_of_deferrable_loads": len(loads),
                "nominal_power_of_deferrable_loads": [load["profile_w"] for load in loads],
                "start_timesteps_of_each_deferrable_load": [load["earliest"] for load in loads],
                "end_timesteps_of_each_deferrable_load": [load["latest_end"] for load in loads],
                "lp_solver_timeout": seconds, "maximum_power_from_grid": most, "maximum_power_to_grid": most}
    return json.loads(PATHS["defaults_path"].read_text()) | changed      # type: ignore[no-any-return]


def answer(instance: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What each load draws, W per slot, and how long that took."""
    log = logging.getLogger("emhass")
    params = asyncio.run(build_params(PATHS, {"time_zone": "UTC"}, configuration(instance, seconds), log))
    home, optim, plant = get_yaml_parse(params, log)
    balance = np.array(instance["balance_w"])
    index = pd.date_range("2026-03-02", periods=SLOTS, freq="15min", tz="UTC")
    data = pd.DataFrame({home["sensor_power_photovoltaics"]: np.maximum(0.0, -balance),
                         home["sensor_power_load_no_var_loads"]: np.maximum(0.0, balance), "unit_load_cost": 1.0,
                         "unit_prod_price": 0.0}, index=index)
    began, worked = time.perf_counter(), time.process_time()
    planner = Optimization(home, optim, plant, "unit_load_cost", "unit_prod_price", "cost", PATHS, log, num_timesteps=SLOTS)
    plan = planner.perform_optimization(data, np.maximum(0.0, -balance), np.maximum(0.0, balance), np.ones(SLOTS), np.zeros(SLOTS))
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    powers = [plan[f"P_deferrable{k}"].round(6).tolist() for k in range(len(instance["loads"]))]
    return {"powers": powers, "seconds": took, "cpu_s": cpu, "said": str(planner.optim_status)}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    given, told = Path(sys.argv[1]), Path(sys.argv[2])
    told.write_text(json.dumps(answer(json.loads(given.read_text()), float(sys.argv[3]))))
