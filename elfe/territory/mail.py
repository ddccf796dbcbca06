"""The daily flash mail: what the territory did yesterday, what the participant's appliances did, the next good windows. Pure."""

from __future__ import annotations

import html
from datetime import date, datetime, timedelta, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from attrs import frozen

from elfe.territory.outlook import DAYS_FR, Outlook, kept_words, percent, strip, window_words


@frozen
class Yesterday:
    """What the territory did on a local day, kWh; None where less than half of the day is known."""

    made_kwh: float | None
    drawn_kwh: float | None
    local_kwh: float | None            # drawn while it was made: the smaller of the two, quarter by quarter

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


def message(flash: Flash, sender: str, zone: tzinfo, now: datetime) -> EmailMessage:
    """The mail, as text and as HTML without images: everything shows where images are not loaded."""
    mail = EmailMessage()
    mail["Subject"] = subject(flash, zone, now)
    mail["From"], mail["To"], mail["Date"] = sender, flash.address, format_datetime(now)
    mail["Message-ID"] = make_msgid(f"{flash.day.isoformat()}.{flash.reference}", sender.rpartition("@")[2].strip("> ") or "elfe")
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{_link(flash)}>"
    mail.set_content(as_text(flash, zone, now))
    mail.add_alternative(as_html(flash, zone, now), subtype="html")
    return mail


def subject(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """What makes one open it: the first good window."""
    good = flash.outlook.good if flash.outlook else []
    return f"Énergie locale : {window_words(good[0], zone, now)}" if good else "Énergie locale : votre bulletin du jour"


def as_text(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """For readers of text."""
    parts = ["\n".join(lines) for _, lines in _parts(flash, zone, now)]
    return "\n\n".join([*parts, f"Ne plus recevoir ce bulletin : {_link(flash)}\n"])


def as_html(flash: Flash, zone: tzinfo, now: datetime) -> str:
    """Tables and attributes alone: that is what mail clients agree on."""
    body = []
    for title, lines in _parts(flash, zone, now):
        listed = "".join(f"<p>{html.escape(line)}</p>" for line in lines[1:])
        chart = strip(flash.outlook, zone) if title == "windows" and flash.outlook else ""
        body.append(f"<h2>{html.escape(lines[0])}</h2>{listed}{chart}")
    return ('<!doctype html><html lang="fr"><head><meta charset="utf-8"></head><body style="font-family:sans-serif">'
            f'{"".join(body)}<p><small><a href="{html.escape(_link(flash))}">Ne plus recevoir ce bulletin</a></small></p>'
            "</body></html>")


def _parts(flash: Flash, zone: tzinfo, now: datetime) -> list[tuple[str, list[str]]]:
    """Title line first, then sentences."""
    parts = [("windows", _windows(flash, zone, now)), ("territory", _territory(flash))]
    if flash.appliances:
        parts.append(("appliances", ["Vos appareils hier", *(_appliance(each, zone) for each in flash.appliances)]))
    return parts


def _windows(flash: Flash, zone: tzinfo, now: datetime) -> list[str]:
    if flash.outlook is None:
        return ["Les bons moments", "La prévision manque ce matin : aucun moment ne peut être annoncé."]
    good = flash.outlook.good
    lines = [f"{window_words(each, zone, now).capitalize()} : {each.level.words}." for each in good]
    best = flash.outlook.best
    if best:
        lines = [f"Pas de bon moment dans les 24 heures ; le moins mauvais : {window_words(best, zone, now)}."]
    return ["Les bons moments", *lines, kept_words(flash.outlook.hit)]


def _territory(flash: Flash) -> list[str]:
    was, day = flash.yesterday, flash.day - timedelta(days=1)
    title = f"Le territoire hier, {DAYS_FR[day.weekday()]} {day:%d/%m}"
    if was.drawn_kwh is None or was.made_kwh is None:
        return [title, "Les mesures d'hier sont incomplètes : rien ne peut en être dit."]
    lines = [title, f"Produit : {kwh(was.made_kwh)} ; consommé : {kwh(was.drawn_kwh)} (foyers du panel)."]
    if was.share is not None:
        lines.append(f"{percent(was.share)} de la consommation était locale.")
    return lines


def _appliance(done: Done, zone: tzinfo) -> str:
    if done.drawn_kwh is None:
        return f"{done.name} : pas de mesure."
    started = f", démarré par elfe à {done.started_at.astimezone(zone):%H h %M}" if done.started_at else ""
    local = f", {percent(done.local_share)} aux heures d'énergie locale" if done.local_share is not None and done.drawn_kwh else ""
    return f"{done.name} : {kwh(done.drawn_kwh)}{local}{started}."


def kwh(energy: float) -> str:
    """1,2 kWh; 132 kWh."""
    return f"{energy:.1f}".replace(".", ",") + " kWh" if energy < 100 else f"{energy:,.0f} kWh".replace(",", " ")


def _link(flash: Flash) -> str:
    if "@" in flash.unsubscribe and ":" not in flash.unsubscribe:
        return f"mailto:{flash.unsubscribe}?subject=desabonner%20{flash.reference}"
    return flash.unsubscribe.format(reference=flash.reference)
