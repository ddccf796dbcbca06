"""How devices are, put together for people and machines: presence, last word, firmware, settings that differ."""

from __future__ import annotations

from datetime import datetime, tzinfo

from attrs import frozen
from rich.markup import escape

from elfe.app import after_visit
from elfe.app.context import Context
from elfe.coordination import states
from elfe.coordination.noticing import AWAY, State, drift, presence

PRESENCES = {"online": "en ligne", "asleep": "en veille", "offline": "hors ligne", "silent": "se tait", "unknown": "jamais entendu"}
"""How people read a presence."""


@frozen
class Condition:
    """How a device is. `differs`: name, as it should be, as it was read back; None: never read back."""

    presence: str
    state: State
    differs: list[tuple[str, str, str]] | None

    @property
    def away(self) -> bool:
        """Whether somebody should look at it."""
        return self.presence in AWAY

    @property
    def plain(self) -> dict[str, object]:
        """For machines."""
        return {
            "presence": self.presence, "last_seen": self.state.heard_at.isoformat() if self.state.heard_at else None,
            "firmware": self.state.firmware, "newer_firmware": self.state.newer,
            "drift": None if self.differs is None else [{"name": name, "wanted": wanted, "read": read}
                                                        for name, wanted, read in self.differs],
        }

    def told(self, zone: tzinfo) -> tuple[str, ...]:
        """For people, four cells in French."""
        colour = {"online": "green", "asleep": "green", "unknown": "dim"}.get(self.presence, "red")
        heard = f"{self.state.heard_at.astimezone(zone):%d/%m %H:%M}" if self.state.heard_at else ""
        newer = f" → {self.state.newer}" if self.state.newer else ""
        settings = "" if self.differs is None else "conformes" if not self.differs else f"[yellow]{len(self.differs)} à rétablir[/]"
        return f"[{colour}]{PRESENCES[self.presence]}[/]", heard, escape(f"{self.state.firmware}{newer}"), settings


def conditions(here: Context, now: datetime) -> dict[str, Condition]:
    """How each device is, by its point."""
    known, read = states.states(here.coordination), states.settings(here.coordination)
    found = {}
    for place in after_visit.places(here):
        state, push = known.get(place.point, State(place.point)), after_visit.configuration(here, place)
        differs = drift(push.expects, read.get(place.point, {})) if push else None
        is_there = presence(state, place.driver.type, now) if place.driver else "unknown"
        found[place.point] = Condition(is_there, state, differs)
    return found
