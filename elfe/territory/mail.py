"""The daily flash mail: the next good windows, what the participant's appliances did, what the territory did yesterday. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from itertools import zip_longest

from attrs import frozen

from elfe.territory import charts
from elfe.territory.charts import GREEN, GREY, Bar
from elfe.territory.outlook import (
    DAYS_FR,
    NO_FORECAST,
    Outlook,
    hour_words,
    kept_words,
    percent,
    quoted,
    strip,
    unbroken,
    window_words,
    without_window,
)

NO_MAIL = "Aucun envoi n'est réglé : il manque [mail] dans les réglages, avec host et sender."
"""At the end of one that is only looked at, where there is nothing to unsubscribe from."""


@frozen
class Hour:
    """What the territory made and drew in an hour, W in the mean; None: not known."""

    at: datetime
    made_w: float | None
    drawn_w: float | None


@frozen
class Yesterday:
    """What the territory did on a local day, kWh; None where less than half of the day is known."""

    made_kwh: float | None
    drawn_kwh: float | None
    local_kwh: float | None            # drawn while it was made: the smaller of the two, quarter by quarter
    hours: tuple[Hour, ...] = ()       # 23, 24 or 25 of them

    @property
    def share(self) -> float | None:
        """How much of what was drawn was local."""
        return self.local_kwh / self.drawn_kwh if self.local_kwh is not None and self.drawn_kwh else None


@frozen
class Done:
    """What one of the participant's appliances did yesterday."""

    name: str
    drawn_kwh: float | None            # None: not measured
    local_share: float | None = None   # of what it drew, how much was drawn in quarters of surplus
    started_at: datetime | None = None # by us


@frozen
class Flash:
    """One participant's mail of one day."""

    day: date                          # on which it is sent
    reference: str
    address: str
    yesterday: Yesterday
    appliances: tuple[Done, ...]
    outlook: Outlook | None
    unsubscribe: str                   # an address to write to, or a link
    code: str = ""                     # of the link, theirs alone


def message(flash: Flash, sender: str, zone: tzinfo, now: datetime) -> EmailMessage:
    """The mail, as text and as HTML whose charts are no images: everything shows where images are not loaded."""
    mail = EmailMessage()
    mail["Subject"] = subject(flash, zone, now)
    mail["From"], mail["To"], mail["Date"] = sender, flash.address, format_datetime(now)
    mail["Message-ID"] = make_msgid(flash.day.isoformat(), sender.rpartition("@")[2].strip("> ") or "elfe")
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{_link(flash)}>"
    if _link(flash).startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"      # RFC 8058: the client's own button
    mail.set_content(as_text(flash, zone, now))
    mail.add_alternative(as_html(flash, zone, now), subtype="html")
    return mail


def subject(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """What makes one open it: the first good window."""
    good = flash.outlook.good if flash.outlook else []
    return f"Énergie locale : {window_words(good[0], zone, now)}" if good else "Énergie locale : votre bulletin du jour"


def as_text(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """For readers of text."""
    parts = ["\n".join([each.title, *each.lines]) for each in _parts(flash, zone, now)]
    return "\n\n".join([*parts, f"Ne plus recevoir ce bulletin : {_link(flash)}\n" if flash.unsubscribe else f"{NO_MAIL}\n"])


def as_html(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """Tables and attributes alone: that is what mail clients agree on."""
    body = "".join(f'<h2 style="font-size:18px;margin:22px 0 6px">{html.escape(each.title)}</h2>{each.chart}'
                   + "".join(f'<p style="margin:6px 0">{html.escape(unbroken(line))}</p>{chart}' for line, chart in each.rows())
                   for each in _parts(flash, zone, now))
    away = f'<a href="{html.escape(_link(flash))}">Ne plus recevoir ce bulletin</a>' if flash.unsubscribe else html.escape(NO_MAIL)
    return ('<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>'
            '<body style="font-family:sans-serif;font-size:16px;color:#222"><table width="100%" border="0"><tr><td align="center">'
            f'<table width="100%" style="max-width:560px" border="0"><tr><td align="left">{body}<p style="margin:26px 0 0"><small>'
            f'{away}</small></p></td></tr></table></td></tr>'
            "</table></body></html>")


@frozen
class Part:
    """A part of the mail: a title, a chart, sentences, and under each its own chart."""

    title: str
    lines: tuple[str, ...]
    chart: str = ""
    charts: tuple[str, ...] = ()

    def rows(self) -> Iterable[tuple[str, str]]:
        """Each sentence with what stands under it."""
        return zip_longest(self.lines, self.charts[:len(self.lines)], fillvalue="")


def _parts(flash: Flash, zone: tzinfo, now: datetime) -> list[Part]:
    appliances = (_appliances(flash, zone),) if flash.appliances else ()
    return [_windows(flash, zone, now), *appliances, _territory(flash, zone)]


def _windows(flash: Flash, zone: tzinfo, now: datetime) -> Part:
    if flash.outlook is None or not flash.outlook.balance_w:
        return Part("Les bons moments", (NO_FORECAST,))
    good = flash.outlook.good
    lines = ([f"{window_words(each, zone, now).capitalize()} : {each.level.words}." for each in good]
             or [without_window(flash.outlook, zone, now)])
    return Part("Les bons moments", (*lines, kept_words(flash.outlook.hit)), strip(flash.outlook, zone))


def _appliances(flash: Flash, zone: tzinfo) -> Part:
    shares = [charts.share(each.local_share, f"{each.name} : {percent(each.local_share)} d'énergie locale")
              if each.local_share is not None and each.drawn_kwh else "" for each in flash.appliances]
    measured = [each for each in flash.appliances if each.drawn_kwh]
    local = [each.drawn_kwh * each.local_share for each in measured if each.drawn_kwh and each.local_share is not None]
    total = sum(each.drawn_kwh or 0.0 for each in measured)
    told = ((f"Ensemble : {kwh(total)}, dont {percent(sum(local) / total)} aux heures d'énergie locale.",)
            if len(local) == len(measured) > 1 else ())
    return Part("Vos appareils hier", (*(_appliance(each, zone) for each in flash.appliances), *told), charts=tuple(shares))


def _territory(flash: Flash, zone: tzinfo) -> Part:
    was, day = flash.yesterday, flash.day - timedelta(days=1)
    title = f"Le territoire hier, {DAYS_FR[day.weekday()]} {day:%d/%m}"
    if was.drawn_kwh is None or was.made_kwh is None:
        return Part(title, ("Les mesures d'hier sont incomplètes : rien ne peut en être dit.",))
    lines = [f"Produit : {kwh(was.made_kwh)} ; consommé : {kwh(was.drawn_kwh)} (foyers du panel)."]
    if was.share is not None:
        lines.append(f"{percent(was.share)} de la consommation était locale.")
    return Part(title, tuple(lines), _curve(was.hours, zone))


def _curve(hours: Sequence[Hour], zone: tzinfo) -> str:
    """What was made beside what was drawn, hour by hour."""
    most = max((each for hour in hours for each in (hour.made_w, hour.drawn_w) if each is not None), default=0.0)
    if most <= 0:
        return ""
    local = [hour.at.astimezone(zone) for hour in hours]
    columns = [tuple(Bar(max(0.0, watts or 0.0) / most, color if watts is not None else "",
                         f"{at.hour} h : {what} {kilowatts(watts)}")
                     for watts, color, what in ((hour.made_w, GREEN, "produit"), (hour.drawn_w, GREY, "consommé")))
               for hour, at in zip(hours, local, strict=True)]
    return (charts.bars(columns, [f"{at.hour} h" for at in local], "Production et consommation d'hier, heure par heure")
            + f'<p style="margin:2px 0"><small><font color="{GREEN}">&#9632;</font> produit '
              f'<font color="{GREY}">&#9632;</font> consommé, heure par heure</small></p>')


def kilowatts(watts: float | None) -> str:
    """12,3 kW; + 0.0, for a hair below nothing is nothing."""
    return "pas de mesure" if watts is None else f"{round(watts / 1000, 1) + 0.0:.1f} kW".replace(".", ",")


def _appliance(done: Done, zone: tzinfo) -> str:
    if done.drawn_kwh is None:
        return f"{done.name} : pas de mesure."
    started = f", démarré par elfe à {hour_words(done.started_at.astimezone(zone))}" if done.started_at else ""
    local = f", {percent(done.local_share)} aux heures d'énergie locale" if done.local_share is not None and done.drawn_kwh else ""
    return f"{done.name} : {kwh(done.drawn_kwh)}{local}{started}."


def kwh(energy: float) -> str:
    """1,2 kWh; 132 kWh."""
    return f"{energy:.1f}".replace(".", ",") + " kWh" if energy < 100 else f"{energy:,.0f} kWh".replace(",", " ")


def _link(flash: Flash) -> str:
    reference = quoted(flash.reference, str.isascii)
    if not flash.unsubscribe.startswith(("http:", "https:")):
        name, _, where = parseaddr(flash.unsubscribe)[1].rpartition("@")      # of « Énergies <bulletin@example.org> » too
        safe = ".".join(quoted(each, str.isascii) for each in name.split("."))
        return f"mailto:{safe}@{where}?subject=desabonner%20{reference}"
    return flash.unsubscribe.replace("{reference}", reference).replace("{code}", flash.code)
