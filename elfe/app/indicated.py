"""The indicators of a quarter: computed, kept in the history, said on MQTT."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from elfe.app.context import Context
from elfe.history.keeper import Keeper
from elfe.indicators import definitions, store
from elfe.indicators.definitions import Value
from elfe.indicators.store import World
from elfe.slots import slot_of, slot_start

ROOT = "INDICATEURS"


def world(here: Context, keeper: Keeper | None = None) -> World:
    """Where they read; `keeper`: how they are kept, at once where none is given."""
    return World(here.coordination, here.sortie, here.history, here.settings.zone, keeper or Keeper(here.history))


def publish(where: World, now: datetime) -> Mapping[str, bytes]:
    """Compute and keep the indicators of the last whole quarter; returns what is to be said, a plain number on a topic each."""
    values = definitions.computed(store.facts(where, now))
    store.keep(where.keeper, values, slot_start(slot_of(now)), now)
    return {f"{ROOT}/{each.indicator.key}": orjson.dumps(round(each.value, 3)) for each in values if each.value is not None}


def plain(value: Value) -> dict[str, object]:
    """For machines."""
    indicator = value.indicator
    return {"key": indicator.key, "label": indicator.label, "unit": indicator.unit, "value": value.value,
            "first_program": value.first, "problem": value.problem, "definition": indicator.says, "differs": indicator.why}
