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
MODES = {Mode.MEASURED: ("Mesuré seulement : rien à régler ici", "mesuré"),
         Mode.INSTALLING: ("Installation en cours : bientôt prêt", "bientôt"),
         Mode.DISABLED: ("Désactivé : votre communauté peut le réactiver", "bloqué")}
"""Those in which nothing can be touched: in a sentence, and in a word."""
HELD = {True: ("Marche forcée", "Marche demandée", "forcé"), False: ("Arrêt forcé", "Arrêt demandé", "arrêté")}
"""What a person holds: when its device has confirmed it, before, and in a word."""
CONFIRMS = {True: ControlState.ON, False: ControlState.OFF}
SILENT = "La prise n'a pas répondu : vérifiez-la"
UNDRIVEN = "Pilotage en panne : agissez à la main"
TO_CONFIRM = "La prise doit confirmer..."


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
    undriven: bool = False                # no command engine runs for its home

    @property
    def lent(self) -> bool:
        """In mode 30."""
        return self.appliance.mode == Mode.PILOTED


def status(known: Known, now: datetime, zone: tzinfo) -> str:
    """One sentence or two, short: two lines of 304 pixels in letters of 24."""
    appliance = known.appliance
    if known.local:
        return "Repris sur place : rendez la main au boîtier"
    if appliance.mode in MODES:
        return MODES[Mode(appliance.mode)][0]
    if known.undriven:
        return UNDRIVEN
    if appliance.control == ControlState.UNREACHABLE:
        return "Prise injoignable : est-elle branchée ?"
    if known.hold is not None and (told := _held(known, known.hold, now, zone)):
        return told
    if appliance.command == CommandState.FAILED:
        return SILENT
    return _lent(known, now, zone) if known.lent else _manual(known, now, zone)


def brief(known: Known, now: datetime, zone: tzinfo) -> str:
    """The same in a word, for the summary: 86 pixels."""
    appliance = known.appliance
    if known.local:
        return "sur place"
    if appliance.mode in MODES:
        return MODES[Mode(appliance.mode)][1]
    if known.undriven:
        return "panne"
    if appliance.control == ControlState.UNREACHABLE:
        return "muet"
    if known.hold is not None and known.hold.supply is not None:
        return HELD[known.hold.supply][2] if _is_confirmed(known, known.hold.supply) else "demandé"
    if appliance.command == CommandState.FAILED:
        return "à vérifier"
    if not known.lent:
        return "lancé" if _is_started(known, now) else ""
    if known.starts_at is None or appliance.continuous:
        return "prêté"
    return f"{known.starts_at.astimezone(zone):%H:%M}"


def _held(known: Known, hold: Hold, now: datetime, zone: tzinfo) -> str:
    """Nothing where it is told better that the device is silent."""
    until = f" jusqu'à {_clock(hold.until, now, zone)}" if hold.until else ""
    if hold.supply is None:
        return f"Réglé à la main, laissé ainsi{until}"
    done, asked, _ = HELD[hold.supply]
    if _is_confirmed(known, hold.supply):
        return f"{done}{until}"
    return "" if known.appliance.command == CommandState.FAILED else f"{asked}. {TO_CONFIRM}"


def _is_confirmed(known: Known, supply: bool) -> bool:
    return known.appliance.control == CONFIRMS[supply]


def _lent(known: Known, now: datetime, zone: tzinfo) -> str:
    if known.appliance.continuous:
        return {ControlState.ON: "Piloté : en marche", ControlState.OFF: "Piloté : en attente d'énergie"}.get(
            ControlState(known.appliance.control), "Piloté")
    confirmed = known.appliance.control == ControlState.OFF or known.appliance.command in (
        CommandState.STANDING_BY, CommandState.ACTIVATING)
    return _planned(known, now, zone) if confirmed else f"Noté. {TO_CONFIRM}"


def _planned(known: Known, now: datetime, zone: tzinfo) -> str:
    if known.starts_at is not None:
        return f"Démarre {_at(known.starts_at, now, zone)}{_ends(known, known.starts_at, now, zone)}"
    if known.deadline is None or known.deadline <= now:
        return "Démarre au bon moment"
    if known.lasts and now + known.lasts > known.deadline:
        return f"Trop court pour {_clock(known.deadline, now, zone)} : fini vers {_clock(now + known.lasts, now, zone)}"
    return f"Démarre au bon moment, prêt {_at(known.deadline, now, zone)}"


def _manual(known: Known, now: datetime, zone: tzinfo) -> str:
    started = known.appliance.last_started
    if started and _is_started(known, now):
        return f"Démarré {_at(started, now, zone)}{_ends(known, started, now, zone)}"
    how = "touchez Piloté pour le prêter" if known.appliance.continuous else "tournez les chiffres, puis Piloté"
    return f"Non piloté : {how}"


def _is_started(known: Known, now: datetime) -> bool:
    """By us, and not long ago."""
    started, its = known.appliance.last_started, known.appliance
    return bool(its.ems_order and started and not its.continuous and now - started < RUNS_FOR)


def _ends(known: Known, started: datetime, now: datetime, zone: tzinfo) -> str:
    """When it will have ended, where that is still to come."""
    end = started + known.lasts if known.lasts else now
    return f", fini vers {_clock(end, now, zone)}" if end > now else ""


def _at(at: datetime, now: datetime, zone: tzinfo) -> str:
    """à 14:30, demain à 05:15."""
    day, hour = _day_and_hour(at, now, zone)
    return f"{day} à {hour}".strip()


def _clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """14:30, or the day beside where it is not today."""
    return " ".join(_day_and_hour(at, now, zone)).strip()


def _day_and_hour(at: datetime, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """Of an hour that comes twice, when clocks go back, which one it is."""
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return ("" if days == 0 else "demain" if days == 1 else f"{local:%d/%m}",
            f"{local:%H:%M}{(' (été)', ' (hiver)')[local.fold] if twice else ''}")
