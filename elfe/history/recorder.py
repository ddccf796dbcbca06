"""From what devices say to what is kept of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from attrs import frozen

from elfe.devices.payloads import number
from elfe.devices.values import BadPayload, Event, Measure, OutputState, Presence, Quantity
from elfe.history.values import BALANCE, energy_series, power_series, state_series, temperature_series

BALANCE_TOPIC = "INDICATEURS/general/equilibre2"
"""The territory's balance as it is published: a plain number, W, production − consumption."""

LOWEST_W, HIGHEST_W = -50_000.0, 100_000.0
"""No home draws or makes more: a value beyond is not a measure."""


@frozen
class Kept:
    """A value for a named series."""

    series: str
    value: float
    unit: str


NAMES: Mapping[Quantity, Callable[[str], str]] = {
    Quantity.POWER: power_series,
    Quantity.ENERGY: energy_series,
    Quantity.TEMPERATURE: temperature_series,
    Quantity.HUMIDITY: lambda device_id: f"{device_id} humidite",
    Quantity.BATTERY: lambda device_id: f"{device_id} batterie",
    Quantity.APPARENT_POWER: lambda device_id: f"{device_id} puissance apparente",
}
"""What of a device is kept, under the contract's names where it has some."""


def keep(device_id: str, event: Event | Presence, counters: Counter[str]) -> Kept | None:
    """What to keep of one event; refused values are counted under what is wrong with them."""
    match event:
        case Measure(Quantity.POWER, value) if not LOWEST_W <= value <= HIGHEST_W:
            counters["impossible power"] += 1
        case Measure(quantity, value, _, register) if quantity in NAMES:
            name = NAMES[quantity](device_id)
            return Kept(f"{name} {register}".strip(), value, quantity.value)
        case OutputState(on):
            return Kept(state_series(device_id), float(on), "")
        case Presence.ASLEEP:
            return None      # a sleeper between two reports: neither here nor lost
        case Presence():
            return Kept(f"{device_id} presence", float(event is Presence.ONLINE), "")
    return None


def keep_balance(payload: bytes, counters: Counter[str]) -> Kept | None:
    """The territory's balance, or None when the payload is not a number."""
    try:
        return Kept(BALANCE, number(payload), "W")
    except BadPayload:
        counters["unreadable balance"] += 1
        return None
