"""What the territory's balance will be: the documentation's persistence, and what was learned from the balance's own past.

    values        a forecast: 96 means, a band around them, and where they come from
    persistence   yesterday's curve, shifted: the first EMS' forecast, and the fall-back of all others
    past          what was measured and the weather, cleaned, on the territory's clock
    models        who says what: persistence, similar days, regressions with and without the weather
    blend         how much each is believed, by the errors that it makes; the band, by the errors of all
    store, run    what was forecast and what came, kept; a forecast for a run
"""

from elfe.ems.forecast.persistence import persistence
from elfe.ems.forecast.values import Forecast

__all__ = ["Forecast", "persistence"]
