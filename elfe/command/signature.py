"""Whether what an appliance draws is like its kind: a plug that was moved, a relay that was wired the other way round. Pure.

Nothing is switched because of it: somebody is asked to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import frozen

from elfe.coordination.values import ApplianceType

ODD_FOR = timedelta(minutes=10)
"""What lasts no longer is a moment, or a counter's mistake."""
CUT_AND_DRAWS_W = 100.0
"""A relay that is open lets its meter see at most a lamp."""


@frozen
class Signature:
    """What a kind of appliance draws while it works, W."""

    at_least: float
    at_most: float


KINDS: Mapping[int, Signature] = {
    ApplianceType.MACHINE: Signature(0, 4_500),
    ApplianceType.WASHING_MACHINE: Signature(0, 3_500),
    ApplianceType.DISHWASHER: Signature(0, 3_500),
    ApplianceType.TUMBLE_DRYER: Signature(0, 4_000),
    ApplianceType.WATER_HEATER: Signature(40, 7_000),       # a resistance, or the compressor of a heat pump
    ApplianceType.E_BIKE: Signature(0, 1_000),
}
"""Wide: a machine pauses, rinses and spins. Kinds that modulate are not here."""


def oddity(kind: int, watts: float, supplied: bool | None, proof_w: float) -> str:
    """What is odd in what it draws, in French for whoever is sent to look; empty when nothing is. `supplied`: as its relay says."""
    if supplied is False:
        return (f"consomme {watts:.0f} W alors que son relais le coupe : câblage inversé, ou autre appareil"
                if watts >= CUT_AND_DRAWS_W else "")
    signature = KINDS.get(kind)
    if signature is None or watts < proof_w or signature.at_least <= watts <= signature.at_most:
        return ""
    return f"appareil inattendu : consomme {watts:.0f} W"
