"""A bound on every plan, from prices alone: `python benchmarks/bound.py INSTANCE.json PRICES.json`. Nothing of elfe is in it.

For prices λ_t between 0 and 1, what territory and loads would pay each other is less than what any plan imports:

    bound = Σ_i min over the starts of load i of Σ_j λ_{s+j} · p_ij  +  Σ_t λ_t · balance_t

in W summed over slots; the instance's balance is what is imported without the loads.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SLOTS = 96


def bound_of(instance: Mapping[str, Any], prices: Sequence[float]) -> float:
    """Of cycles and blocks. Raises `ValueError` for prices that bound nothing."""
    if len(prices) != SLOTS or not all(0 <= each <= 1 for each in prices):
        raise ValueError("96 prices between 0 and 1 are needed")
    total = sum(price * here for price, here in zip(prices, instance["balance_w"], strict=True))
    return total + sum(_cheapest(each, prices) for each in instance["loads"])


def _cheapest(load: Mapping[str, Any], prices: Sequence[float]) -> float:
    profile = load["profile_w"]
    return min(sum(watts * prices[start + n] for n, watts in enumerate(profile))
               for start in range(load["earliest"], load["latest_end"] - len(profile) + 1))


if __name__ == "__main__":
    given, published = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
    sys.stdout.write(f"{bound_of(given, published):.3f}\n")
