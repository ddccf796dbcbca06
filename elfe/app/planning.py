"""The planner as the settings want it."""

from __future__ import annotations

from elfe.app.context import Context
from elfe.ems.costs import Aims
from elfe.ems.sources import Rules, Sources
from elfe.errors import SettingsError
from elfe.settings import Ems


def sources(here: Context) -> Sources:
    """Where a run reads, and what it is judged by."""
    rules = here.settings.ems
    return Sources(here.coordination, here.sortie, here.history, here.settings.zone, rules.forecast == "learned", rules_of(rules))


def rules_of(given: Ems) -> Rules:
    """What plans are judged by. Raises `SettingsError` for an aim without its numbers, or none at all."""
    for name in ("price", "co2"):
        if getattr(given, name) and not getattr(given, f"{name}_series"):
            raise SettingsError(f"ems.{name} weighs something: name the series it is read from as ems.{name}_series")
    if not any((given.imported, given.unused_surplus, given.price, given.co2, given.peak)):
        raise SettingsError("ems: every aim weighs nothing; give imported, unused_surplus, price, co2 or peak a weight")
    aims = Aims(given.imported, given.unused_surplus, given.price, given.co2, given.peak, given.feeder_w or None)
    return Rules(aims, given.home_w or None, given.price_series, given.co2_series)
