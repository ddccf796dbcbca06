"""Live many seeds, or one that dies at each interaction in turn; exits with 1 where an invariant was broken.

    python -m tests.command.sim --seeds 100                  # worlds of thirty homes, a day each
    python -m tests.command.sim --seeds 1 --first 17         # one that failed, again
    python -m tests.command.sim --crashes                    # the engine dies at every interaction of the reference scenarios
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.command.sim import Sim, lived, scenarios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--homes", type=int, default=30)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many, whatever is left; 0: never")
    parser.add_argument("--crashes", action="store_true", help="the reference scenarios, dying at every interaction")
    parser.add_argument("--around", action="store_true", help="a week around each change of time, one home of each kind")
    parser.add_argument("--only", default="", help="of the scenarios, this one")
    parser.add_argument("--log", action="store_true", help="what the engine logs, and what went wrong, too")
    given = parser.parse_args()
    if not given.log:
        logging.disable(logging.CRITICAL)
    broken = lives = 0
    days, began = 0.0, time.monotonic()
    for name, sim, problems in _crashes(given.only) if given.crashes else _around(given.first) if given.around else _seeds(given):
        broken += bool(problems)
        lives, days = lives + 1, days + sim.homes * sim.hours / 24
        if problems and given.log:
            _say("\n".join(f"  {each.at:%d %H:%M:%S} to {each.until:%H:%M:%S} {each.kind} {each.what} {each.appliance_id or ''}"
                           for each in sim.faults))
        told = f"{len(sim.faults)} faults, {len(sim.changes)} contacts moved, {sim.interactions} interactions"
        if problems or not given.crashes:
            _say("\n  ".join([f"{name}: {told}, {len(problems)} broken", *problems[:20]]))
        if given.minutes and time.monotonic() - began > given.minutes * 60:
            break
    _say(f"{lives} lives, {days:.0f} home-days in {time.monotonic() - began:.0f} s: {broken} with an invariant broken")
    raise SystemExit(1 if broken else 0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _seeds(given: Any) -> Iterator[tuple[str, Sim, list[str]]]:
    for seed in range(given.first, given.first + given.seeds):
        yield f"seed {seed}", *lived(seed, homes=given.homes, hours=given.hours)


def _around(seed: int) -> Iterator[tuple[str, Sim, list[str]]]:
    for begins in (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)):
        yield f"the week from {begins:%d %B}", *lived(seed, homes=15, hours=7 * 24, faults_an_hour=0.3, begins=begins)


def _crashes(only: str) -> Iterator[tuple[str, Sim, list[str]]]:
    for scenario in scenarios.SCENARIOS:
        if only in ("", scenario.name):
            whole = None
            deaths = -1
            for at, sim, problems in scenarios.crashes(scenario):
                whole, deaths = whole or sim, deaths + 1
                yield f"{scenario.name}, interaction {at}", sim, problems
            assert whole is not None
            _say(f"{scenario.name}: died at {deaths} of its {whole.reachable} interactions; at the others it leaves the same")


if __name__ == "__main__":
    main()
