"""What a forecast is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOW, HIGH = 0.1, 0.9
"""The quantiles that are told beside the forecast: four times of five the balance comes between them."""


@frozen
class Forecast:
    """A balance for each slot, W, production − consumption, and where it comes from."""

    balance_w: tuple[float, ...]
    source: str
    low_w: tuple[float, ...] = ()       # the quantiles LOW and HIGH of each slot, W; empty: not known
    high_w: tuple[float, ...] = ()
