"""A village that lives with at least a fault an hour: what must be true of every one, and the command that lives it again."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from elfe.command.typologies import TYPOLOGIES
from tests.command.sim import lived

HOURS = 24


def lives_a_day(seed: int, homes: int) -> None:
    """Raises where an invariant was broken, or where too little happened for a day that proves anything."""
    logging.disable(logging.CRITICAL)      # what the engine tells of a day is for who lives it again
    try:
        sim, problems = lived(seed, homes=homes, hours=HOURS)
    finally:
        logging.disable(logging.NOTSET)

    assert problems == [], f"python -m tests.command.sim --seeds 1 --first {seed} --homes {homes} --hours {HOURS} --log"
    assert {home.appliance.typology for home in sim.by_id.values()} == set(TYPOLOGIES)
    hours = Counter((each.at - sim.start) // timedelta(hours=1) for each in sim.faults)
    assert all(hours[hour] for hour in range(HOURS - 2)), "an hour in which everything went well"
    assert len(sim.changes) > 4 * homes, "too little happened"
