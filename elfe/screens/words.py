"""What a screen tells of an appliance, in French. Pure.

What is told is what is known: a wish that its device has not confirmed is told as a wish.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from attrs import frozen

from elfe.coordination.holds import Hold
from elfe.coordination.values import Appliance, CommandState, ControlState, Mode

RUNS_FOR = timedelta(hours=5)
"""So long after its start a machine is told to have been started."""
MODES = {Mode.MEASURED: "Mesuré seulement", Mode.INSTALLING: "En cours d'installation", Mode.DISABLED: "Désactivé"}
HELD = {True: "Marche forcée", False: "Arrêt forcé", None: "Laissé tel quel"}


@frozen
class Known:
    """One appliance as the databases know it now."""

    appliance: Appliance
    deadline: datetime | None = None      # as its row has it, perhaps long past
    lasts: timedelta | None = None
    charge_pct: int | None = None         # of a vehicle
    hold: Hold | None = None
    starts_at: datetime | None = None     # what the plan says
    local: bool = False                   # taken over at the unit itself

    @property
    def lent(self) -> bool:
        """In mode 30."""
        return self.appliance.mode == Mode.PILOTED


def status(known: Known, now: datetime, zone: tzinfo) -> str:
    """One sentence or two, short."""
    appliance = known.appliance
    if known.local:
        return "Repris sur place : rendez la main au boîtier"
    if appliance.mode in MODES:
        return MODES[Mode(appliance.mode)]
    if appliance.control == ControlState.UNREACHABLE:
        return "Prise injoignable"
    if known.hold is not None:
        until = f" jusqu'à {_clock(known.hold.until, now, zone)}" if known.hold.until else ""
        return f"{HELD[known.hold.supply]}{until}"
    if appliance.command == CommandState.FAILED:
        return "La prise n'a pas répondu : vérifiez-la"
    return _lent(known, now, zone) if known.lent else _manual(known, now, zone)


def _lent(known: Known, now: datetime, zone: tzinfo) -> str:
    if known.appliance.continuous:
        return {ControlState.ON: "Piloté : en marche", ControlState.OFF: "Piloté : en attente d'énergie"}.get(
            ControlState(known.appliance.control), "Piloté")
    planned = f"Démarre {_at(known.starts_at, now, zone)}" if known.starts_at else "Démarre au bon moment"
    confirmed = known.appliance.control == ControlState.OFF or known.appliance.command in (
        CommandState.STANDING_BY, CommandState.ACTIVATING)
    return planned if confirmed else "Noté. La prise doit confirmer..."


def _manual(known: Known, now: datetime, zone: tzinfo) -> str:
    started = known.appliance.last_started
    if known.appliance.ems_order and started and not known.appliance.continuous and now - started < RUNS_FOR:
        return f"Démarré {_at(started, now, zone)}"
    return "Non piloté"


def _at(at: datetime, now: datetime, zone: tzinfo) -> str:
    """à 14:30, demain à 05:15."""
    day, _, hour = _clock(at, now, zone).rpartition(" ")
    return f"{day} à {hour}".strip()


def _clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """14:30, or the day beside where it is not today."""
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    return f"{local:%H:%M}" if days == 0 else f"demain {local:%H:%M}" if days == 1 else f"{local:%d/%m %H:%M}"
