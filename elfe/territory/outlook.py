"""The energy weather as it is told: a retained JSON topic, a calendar feed, a plain page, a screen's gauge. Pure."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo

from attrs import frozen

from elfe.devices.values import Widget
from elfe.ems.values import Plan
from elfe.slots import SLOT, SLOTS_PER_HOUR, slot_start
from elfe.territory import charts
from elfe.territory.charts import Bar
from elfe.territory.weather import HitRate, Level, Thresholds, Window, least_bad, windows

EVERYBODY = "general"
LONGEST_WORD = 200
"""Bytes: a file's name has 255 of them, with what stands around it."""
REFRESH_TOPIC = "INDICATEURS/refresh"
"""Somebody (a screen that came back) asks for everything again."""
DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def topic(cohort: str) -> str:
    """Where a group's weather is published, retained."""
    return topic_of(word(cohort))


def topic_of(word: str) -> str:
    """The topic of the group that is written so."""
    return f"INDICATEURS/meteo/{word}"


def word(cohort: str) -> str:
    """A group's name as a topic's level and a file's name take it: what they cannot hold is written %2F, as in addresses."""
    if not cohort:
        return EVERYBODY
    safe = quoted(cohort)
    if safe == EVERYBODY:
        return f"%{ord(EVERYBODY[0]):02X}{EVERYBODY[1:]}"
    return safe if len(safe.encode()) <= LONGEST_WORD else hashlib.sha256(cohort.encode()).hexdigest()


@frozen
class Outlook:
    """The weather of a group: now, and the 24 hours of the forecast."""

    made_at: datetime
    cohort: str
    now_w: float | None                # the balance of now; None: not known
    first_slot: int
    balance_w: tuple[float, ...]       # forecast, with what is placed; empty: there is none
    thresholds: Thresholds
    hit: HitRate

    @property
    def level(self) -> Level | None:
        """The level of now, or what was forecast for now; None where nobody knows."""
        known = self.now_w if self.now_w is not None else self._forecast_now()
        return None if known is None else self.thresholds.level(known)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The level of each slot of the forecast."""
        return tuple(self.thresholds.level(each) for each in self.balance_w)

    @property
    def good(self) -> list[Window]:
        """The next good windows, three at most."""
        return windows(self.balance_w, self.first_slot, self.thresholds)

    @property
    def best(self) -> Window | None:
        """The least bad hour, where no window is good; None where the forecast has less than an hour left."""
        return (least_bad(self.balance_w, self.first_slot, self.thresholds)
                if len(self.balance_w) >= SLOTS_PER_HOUR and not self.good else None)

    def _forecast_now(self) -> float | None:
        index = (self.made_at - slot_start(self.first_slot)) // SLOT
        index = 0 if index == -1 else index      # a plan begins with the coming quarter
        return self.balance_w[index] if 0 <= index < len(self.balance_w) else None


def quoted(text: str, stands: Callable[[str], bool] = lambda each: True) -> str:
    """As in addresses: letters and digits that may stand do, and - and _; the others are their bytes, %2F."""
    return "".join(each if each in "-_" or (each.isalnum() and stands(each)) else
                   "".join(f"%{byte:02X}" for byte in each.encode()) for each in text)


# -- for programs ----------------------------------------------------------------------------------------------------------------


def as_json(outlook: Outlook) -> bytes:
    """The documented, stable form: see docs/territory.md."""
    level = outlook.level
    return json.dumps({
        "version": 1, "cohort": outlook.cohort or "general", "at": outlook.made_at.isoformat(timespec="seconds"),
        "level": None if level is None else int(level), "sign": None if level is None else level.sign,
        "words": None if level is None else level.words,
        "balance_w": None if outlook.now_w is None else round(outlook.now_w),
        "next": {"from": slot_start(outlook.first_slot).isoformat(), "step_s": int(SLOT.total_seconds()),
                 "levels": [int(each) for each in outlook.levels]},
        "windows": [_plain(each) for each in outlook.good],
        "least_bad": _plain(outlook.best) if outlook.best else None,
        "hit_rate": {"days": 30, "announced": outlook.hit.announced, "judged": outlook.hit.judged, "hits": outlook.hit.hits,
                     "rate": None if outlook.hit.rate is None else round(outlook.hit.rate, 3),
                     "by_chance": round(outlook.hit.by_chance, 3)},
    }, ensure_ascii=False, separators=(",", ":")).encode()


def plan_as_json(plan: Plan) -> bytes:
    """The territory's curves of a plan, nobody's own: see docs/node-red.md."""
    return json.dumps({
        "version": 1, "from": slot_start(plan.first_slot).isoformat(), "step_s": int(SLOT.total_seconds()),
        "made_at": plan.made_at.isoformat(timespec="seconds"), "placed": len(plan.placements),
        "imported_wh": round(plan.imported_wh), "balance_w": [round(each) for each in plan.balance_w],
        "balance_with_w": [round(each) for each in plan.balance_with_w]}, separators=(",", ":")).encode()


def _plain(window: Window) -> dict[str, object]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat(), "level": int(window.level)}


NO_EVENT = ("BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000",
            "END:STANDARD", "END:VTIMEZONE")
"""A calendar holds one component at least; where no window is good it is this one, which shows nowhere."""


def as_calendar(outlooks: Iterable[Outlook], name: str = "Météo énergétique") -> str:
    """A feed that a calendar subscribes to (RFC 5545): an event per good window."""
    outlooks = list(outlooks)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//elfe//energy weather//FR", f"X-WR-CALNAME:{_escaped(name)}",
             "REFRESH-INTERVAL;VALUE=DURATION:PT1H", *(() if any(each.good for each in outlooks) else NO_EVENT)]
    for outlook in outlooks:
        for each in outlook.good:
            lines += ["BEGIN:VEVENT", f"UID:{each.first_slot}-{word(outlook.cohort)}@elfe",
                      f"DTSTAMP:{outlook.made_at:%Y%m%dT%H%M%SZ}", f"DTSTART:{each.start:%Y%m%dT%H%M%SZ}",
                      f"DTEND:{each.end:%Y%m%dT%H%M%SZ}", f"SUMMARY:{_escaped(f'{each.level.sign} {each.level.words}')}",
                      f"DESCRIPTION:{_escaped(kept_words(outlook.hit))}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return "\r\n".join(folded for line in [*lines, "END:VCALENDAR"] for folded in _folded(line)) + "\r\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """A line is at most 75 octets; what follows begins with a space."""
    pieces, piece = [], ""
    for sign in line:
        if len((piece + sign).encode()) > 75:
            pieces.append(piece)
            piece = " "
        piece += sign
    return [*pieces, piece]


# -- for people --------------------------------------------------------------------------------------------------------------------


def window_words(window: Window, zone: tzinfo, now: datetime) -> str:
    """« aujourd'hui de 11 h 30 à 15 h », « demain de 9 h à 10 h »."""
    start, end, today = window.start.astimezone(zone), window.end.astimezone(zone), now.astimezone(zone).date()
    days = {0: "aujourd'hui", 1: "demain"}
    day = days.get((start.date() - today).days, DAYS_FR[start.weekday()])
    until = "" if end.date() == start.date() or (end.hour, end.minute) == (0, 0) else f" {DAYS_FR[end.weekday()]}"
    return f"{day} de {hour_words(start)}{_season(start)} à{until} {hour_words(end)}{_season(end)}"


NO_FORECAST = "La prévision manque : aucun moment ne peut être annoncé."


def without_window(outlook: Outlook, zone: tzinfo, now: datetime) -> str:
    """What is said where no window is good."""
    if outlook.best is None:
        return "Pas de bon moment à venir dans la prévision." if outlook.balance_w else NO_FORECAST
    return f"Pas de bon moment dans les 24 heures ; le moins mauvais : {window_words(outlook.best, zone, now)}."


HELD = re.compile(r"(?<=\d) (?=(?:h|kWh|kW|%|\d{3})(?!\w))|(?<=\d h) (?=\d\d\b)| (?=[:;])")
"""The spaces that French never breaks a line at: within hours and figures, before a colon and a semicolon."""


def unbroken(text: str) -> str:
    """The same, with spaces that hold together what belongs together."""
    return HELD.sub("\xa0", text)


def _season(at: datetime) -> str:
    """Which one of the hour that comes twice in autumn."""
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return "" if not twice else " (hiver)" if at.fold else " (été)"


def hour_words(at: datetime) -> str:
    """« 12 h », « 12 h 05 »."""
    return f"{at.hour} h {at.minute:02}" if at.minute else f"{at.hour} h"


def kept_words(hit: HitRate) -> str:
    """How far the announcements can be trusted."""
    if hit.rate is None:
        return "Pas encore assez de mesures pour dire si nos annonces se vérifient."
    return (f"Sur 30 jours, {hit.hits} de nos {hit.judged} annonces se sont vérifiées ({percent(hit.rate)}) ; "
            f"au hasard, {percent(hit.by_chance)}.")


LEGEND = "Plus la barre est haute et verte, plus il y a d'énergie locale."


def percent(share: float) -> str:
    """As French writes it."""
    return f"{100 * share:.0f} %"


def as_page(outlook: Outlook, zone: tzinfo) -> str:
    """A plain page: no script, nothing from elsewhere, readable on any telephone and by any reader aloud."""
    level = outlook.level
    now = "inconnue en ce moment" if level is None else level.words
    told = [f"{window_words(each, zone, outlook.made_at)} ({each.level.sign})" for each in outlook.good]
    listed = "".join(f"<li>{html.escape(unbroken(each))}</li>" for each in told)
    advice = (f"<p>Les meilleurs moments :</p><ul>{listed}</ul>" if listed else
              f"<p>{html.escape(unbroken(without_window(outlook, zone, outlook.made_at)))}</p>")
    made = outlook.made_at.astimezone(zone)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta http-equiv="refresh" content="900"><title>Météo énergétique</title>'
        "<style>body{font:1.2rem/1.5 sans-serif;max-width:34rem;margin:1rem auto;padding:0 1rem}"
        "h1{font-size:1.6rem}small{color:#555}</style></head><body>"
        f"<h1>Météo énergétique</h1><p>Maintenant : <strong>{html.escape(now)}</strong>.</p>{advice}"
        f"{strip(outlook, zone)}<p>{html.escape(unbroken(kept_words(outlook.hit)))}</p>"
        f"<p><small>Calculé le {made:%d/%m/%Y} à {unbroken(hour_words(made))}.</small></p></body></html>")


def strip(outlook: Outlook, zone: tzinfo) -> str:
    """The next 24 hours, a bar an hour: the more there is to spare, the taller and the greener; nothing without a forecast."""
    if len(outlook.balance_w) < SLOTS_PER_HOUR:
        return ""
    levels = {first: outlook.thresholds.level(_mean(outlook.balance_w[first:first + SLOTS_PER_HOUR]))
              for first in range(0, len(outlook.balance_w) - SLOTS_PER_HOUR + 1, SLOTS_PER_HOUR)}
    at = {first: slot_start(outlook.first_slot + first).astimezone(zone) for first in levels}
    columns = [(Bar((level + 3) / 5, level.color, f"{hour_words(at[first])} : {level.words}"),) for first, level in levels.items()]
    return (charts.bars(columns, [unbroken(hour_words(each)) for each in at.values()], _aloud(outlook, zone))
            + f'<p style="margin:2px 0"><small>{LEGEND}</small></p>')


def _aloud(outlook: Outlook, zone: tzinfo) -> str:
    told = "; ".join(window_words(each, zone, outlook.made_at) for each in outlook.good)
    return f"Les 24 prochaines heures. Bons moments : {told or 'aucun'}."


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# -- for a screen ---------------------------------------------------------------------------------------------------------------

PAGE, GAUGE, TOLD, SEEN = 1, 13, 14, 15
"""Where the weather stands on the ELFI's first page: the gauge that the first engine's own trial moved, and a line under it."""
GAUGE_PER_LEVEL = 2
"""The gauge goes from −5 to 5."""


def widgets(outlook: Outlook, zone: tzinfo) -> tuple[Widget, ...]:
    """What a screen shows of it: the level, the next good moment, and towards which hour that was known."""
    level, seen = outlook.level, Widget(PAGE, SEEN, text=f"vu vers {outlook.made_at.astimezone(zone):%-H} h")
    if level is None:
        return (Widget(PAGE, GAUGE, value=0, color="#808080"), Widget(PAGE, TOLD, text="Météo inconnue"), seen)
    good = outlook.good
    told = (f"Bon moment : {window_words(good[0], zone, outlook.made_at)}" if good else
            "Pas de bon moment sous 24 h" if outlook.balance_w else "Pas de prévision")
    words = unbroken(f"{level.words[:1].upper()}{level.words[1:]}. {told}")
    return (Widget(PAGE, GAUGE, value=GAUGE_PER_LEVEL * int(level), color=level.color), Widget(PAGE, TOLD, text=words), seen)
