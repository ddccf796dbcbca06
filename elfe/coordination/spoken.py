"""What people write in an inventory or a declaration: durations, times of the day, the name of an appliance. Pure.

Messages are in French: participants and installers read them. Local time is turned into instants here and nowhere else
in the room.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from elfe.coordination import reference
from elfe.coordination.values import Appliance, Mode, OffPeak
from elfe.errors import DeclarationError

DAY = timedelta(days=1)
DAY_S = 86_400
DURATION = re.compile(r"(?:(?P<h>\d{1,3})\s*h)?\s*(?:(?P<min>\d{1,3})\s*(?P<unit>min|mn|m)?)?", re.IGNORECASE)
TIME = re.compile(r"(?P<h>\d{1,2})\s*[h:]\s*(?P<min>\d{2})?", re.IGNORECASE)
TYPE_NAMES = {code.id: code.human_name for code in reference.APPLIANCE_TYPES}


# -- durations and times of the day -------------------------------------------------------------------------------------


def parse_duration(text: str) -> timedelta:
    """`2h30`, `2h`, `45min`. A bare number has no unit: ValueError, as for anything else."""
    match = DURATION.fullmatch(text.strip())
    if not match or not (match["h"] or match["unit"]):
        raise ValueError(text)
    return timedelta(hours=int(match["h"] or 0), minutes=int(match["min"] or 0))


def parse_time(text: str) -> time:
    """`18:00`, `18h`, `7h30`; ValueError otherwise."""
    match = TIME.fullmatch(text.strip())
    if not match or (":" in text and not match["min"]):
        raise ValueError(text)
    return time(int(match["h"]), int(match["min"] or 0))


def parse_windows(text: str) -> tuple[OffPeak, ...]:
    """`22:30-06:30 12:30-14:30`; ValueError names the window that cannot be read. 24:00 is the end of the day."""
    return tuple(_window(each) for each in text.split())


def _window(text: str) -> OffPeak:
    start, dash, end = text.partition("-")
    try:
        window = OffPeak(_seconds(start), DAY_S if end == "24:00" else _seconds(end))
    except ValueError:
        raise ValueError(text) from None
    if not dash or window.start_s == window.end_s:
        raise ValueError(text)
    return window


def _seconds(text: str) -> int:
    at = parse_time(text)
    return at.hour * 3600 + at.minute * 60


def show_duration(duration: timedelta) -> str:
    """As it would be written: `2h30`, `45min`."""
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    return f"{hours}h{minutes:02}" if hours else f"{minutes}min"


# -- a deadline -----------------------------------------------------------------------------------------------------------


def parse_deadline(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a person means by `18:00` (its next occurrence), `demain 07:00` or an ISO date and time.

    Raises `DeclarationError` where it cannot be read or where that time does not exist on that day (the clock is put
    forward); of a time that exists twice (the clock is put back) it is the first that is still to come.
    """
    words = text.strip().lower()
    today = now.astimezone(zone).date()
    try:
        if words.startswith(("demain", "tomorrow")):
            return _at(today + DAY, parse_time(words.partition(" ")[2]), now, zone)
        if TIME.fullmatch(words):
            return _next(parse_time(words), today, now, zone)
        return _iso(text.strip(), now, zone)
    except ValueError:
        raise DeclarationError(f"« {text} » n'est pas une heure de fin ; accepté : 18:00, demain 07:00 ou "
                               f"{today.isoformat()}T18:00") from None


def next_time(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The next instant at which clocks show `at`. Raises `DeclarationError` where they never do that day."""
    return _next(at, now.astimezone(zone).date(), now, zone)


def _next(at: time, today: date, now: datetime, zone: ZoneInfo) -> datetime:
    """Today, unless that time has passed."""
    passed = datetime.combine(today, at) <= now.astimezone(zone).replace(tzinfo=None)
    if passed and not any(instant > now for instant in _instants(today, at, zone)):
        return _at(today + DAY, at, now, zone)
    return _at(today, at, now, zone)


def _iso(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    given = datetime.fromisoformat(text)
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    return _at(given.date(), given.time(), now, zone)


def _at(day: date, at: time, now: datetime, zone: ZoneInfo) -> datetime:
    instants = _instants(day, at, zone)
    if not instants:
        raise DeclarationError(f"le {day:%d/%m/%Y}, {at:%H:%M} n'existe pas : l'horloge passe à l'heure d'été ; "
                               "donnez une heure avant ou après ce passage")
    return next((instant for instant in instants if instant > now), instants[-1])


def _instants(day: date, at: time, zone: ZoneInfo) -> list[datetime]:
    """When the clocks of `zone` show `at` on `day`: once, twice in autumn, never in spring."""
    wall = datetime.combine(day, at)
    found = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in found if instant.astimezone(zone).replace(tzinfo=None) == wall)


# -- the name of an appliance -----------------------------------------------------------------------------------------------


def find_appliance(text: str, appliances: Iterable[Appliance]) -> Appliance:
    """The appliance that `lave-linge R004` means, by words of its name, its type and its participant, or by its number.

    Case and accents do not matter. Raises `DeclarationError` with the candidates when none or several answer.
    """
    known = [each for each in appliances if each.mode != Mode.REMOVED]
    wanted = words_of(text)
    found = [each for each in known if wanted and wanted <= _answers_to(each)]
    exact = [each for each in found if words_of(f"{each.name} {each.participant}") == wanted]
    by_number = [each for each in known if text.strip() == str(each.id)]
    for candidates in (by_number, exact, found):
        if len(candidates) == 1:
            return candidates[0]
    raise DeclarationError(_ambiguous(text, found) if found else _unknown(text, wanted, known))


def words_of(text: str) -> frozenset[str]:
    """Its words without case, accents or punctuation."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return frozenset(re.findall(r"\w+", plain.replace("œ", "oe")))


def _answers_to(appliance: Appliance) -> frozenset[str]:
    return words_of(f"{appliance.name} {TYPE_NAMES.get(appliance.type, '')} {appliance.participant}")


def _ambiguous(text: str, found: list[Appliance]) -> str:
    return f"« {text} » désigne plusieurs appareils : {_listed(found)} ; précisez, ou donnez le numéro"


def _unknown(text: str, wanted: frozenset[str], known: list[Appliance]) -> str:
    """What there is: the participant's own appliances when they were named, otherwise all."""
    near = [each for each in known if words_of(each.participant) <= wanted] or known
    return f"aucun appareil ne répond à « {text} » ; il y a : {_listed(near) or 'aucun appareil'}"


def _listed(appliances: list[Appliance], at_most: int = 12) -> str:
    shown = ", ".join(f"{each.name} {each.participant} (n° {each.id})" for each in appliances[:at_most])
    return f"{shown}, …" if len(appliances) > at_most else shown
