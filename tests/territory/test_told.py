"""The weather and the mail as people and programs get them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices.values import Widget
from elfe.slots import HORIZON, slot_of
from elfe.territory import mail, outlook
from elfe.territory.mail import Done, Flash, Hour, Yesterday
from elfe.territory.outlook import Outlook
from elfe.territory.weather import HitRate, Thresholds, Window

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)           # 7 h in Paris
FIRST = slot_of(NOW)
HIT = HitRate(announced=40, judged=36, hits=27, by_chance=0.3)
SUNNY = Outlook(NOW, "", 120.4, FIRST, tuple(3000.0 if 20 <= i < 34 else 600.0 if 88 <= i < 94 else -100.0 for i in range(HORIZON)),
                Thresholds(-2000, -500, 500, 2000, NOW - timedelta(days=9)), HIT)
GREY = evolve(SUNNY, balance_w=(-900.0,) * HORIZON, now_w=None)
FLASH = Flash(date(2026, 3, 10), "R004", "anne@example.org", Yesterday(412.3, 380.0, 240.0),
              (Done("Lave-linge <b>", 1.25, 0.8, datetime(2026, 3, 9, 12, 30, tzinfo=UTC)), Done("Ballon", None)), SUNNY,
              "bulletin@example.org")


class Shown(HTMLParser):
    """What of a page is not text: every tag must be closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# -- for programs --------------------------------------------------------------------------------------------------------------


def test_the_topics_json_says_now_the_next_day_the_windows_and_the_hit_rate():
    said = json.loads(outlook.as_json(SUNNY))
    assert (said["level"], said["sign"], said["balance_w"], said["cohort"]) == (0, "0", 120, "general")
    assert len(said["next"]["levels"]) == 96
    assert said["windows"][0] == {"start": "2026-03-10T11:00:00+00:00", "end": "2026-03-10T14:30:00+00:00", "level": 2}
    assert said["hit_rate"] == {"days": 30, "announced": 40, "judged": 36, "hits": 27, "rate": 0.75, "by_chance": 0.3}


def test_now_is_the_forecast_of_now_when_the_measure_is_missing():
    assert GREY.level == -1
    assert evolve(GREY, made_at=NOW - timedelta(minutes=5)).level == -1       # a plan begins with the coming quarter
    assert evolve(GREY, made_at=NOW + timedelta(days=2)).level is None


def test_a_calendar_of_no_good_window_is_a_calendar_all_the_same():
    grey = evolve(SUNNY, balance_w=(-9e9,) * len(SUNNY.balance_w))
    lines = outlook.as_calendar([grey]).split("\r\n")
    assert [each for each in lines if each.startswith("BEGIN:")] == ["BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "BEGIN:STANDARD"]
    assert "BEGIN:VTIMEZONE" not in outlook.as_calendar([SUNNY])


def test_a_calendar_subscribes_to_the_windows():
    lines = outlook.as_calendar([SUNNY]).split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert [each for each in lines if each.startswith("DTSTART")] == ["DTSTART:20260310T110000Z", "DTSTART:20260311T040000Z"]
    assert all(len(each.encode()) <= 75 for each in lines)
    assert "\\," in outlook.as_calendar([SUNNY], name="a, b; c")


# -- for people ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "slots", "words"), [
    (20, 14, "aujourd'hui de 12 h à 15 h 30"), (88, 6, "demain de 5 h à 6 h 30"), (60, 8, "aujourd'hui de 22 h à 0 h"),
    (64, 8, "aujourd'hui de 23 h à mercredi 1 h"), (300, 4, "vendredi de 10 h à 11 h")])
def test_a_window_is_told_in_local_words(first, slots, words):
    assert outlook.window_words(Window(FIRST + first, FIRST + first + slots, SUNNY.good[0].level), PARIS, NOW) == words


def test_the_page_is_plain_and_tells_how_far_it_can_be_trusted():
    page = outlook.as_page(SUNNY, PARIS)
    shown = Shown(page)
    assert shown.open == []
    assert {"script", "link", "img"} & set(shown.tags) == set()
    assert "http" not in page.replace("http-equiv", "")
    assert "27 de nos 36 annonces se sont vérifiées (75\xa0%)" in page
    assert "aujourd&#x27;hui de 12\xa0h à 15\xa0h\xa030" in page


@pytest.mark.parametrize(("text", "held"), [
    ("24 heures ; le moins mauvais : demain de 9 h à 10 h 15.", "24 heures_; le moins mauvais_: demain de 9_h à 10_h_15."),
    ("Produit : 1 234 kWh, dont 8 % à 3 hommes", "Produit_: 1_234_kWh, dont 8_% à 3 hommes")])
def test_a_figure_is_never_broken_over_two_lines(text, held):
    assert outlook.unbroken(text).replace("\xa0", "_") == held


def test_a_grey_day_says_so_and_names_the_least_bad_hour():
    assert "Pas de bon moment" in outlook.as_page(GREY, PARIS)
    assert "Pas encore assez" in outlook.as_page(evolve(GREY, hit=HitRate(3, 0, 0, 0.0)), PARIS)


def test_a_screen_shows_the_gauge_and_the_next_window():
    assert outlook.widgets(SUNNY, PARIS) == (
        Widget(1, 13, value=0, color="#FEE08B"),
        Widget(1, 14, text="Ni trop, ni trop peu. Bon moment\xa0: aujourd'hui de 12\xa0h à 15\xa0h\xa030"),
        Widget(1, 15, text="vu vers 7 h"))
    assert outlook.widgets(evolve(SUNNY, now_w=9e9), PARIS)[0].value == 4
    assert outlook.widgets(evolve(GREY, balance_w=()), PARIS)[1].text == "Météo inconnue"


# -- the mail ------------------------------------------------------------------------------------------------------------------


def test_the_mail_tells_the_windows_the_territory_and_the_appliances():
    text = mail.as_text(FLASH, PARIS, NOW)
    assert "Aujourd'hui de 12 h à 15 h 30 : beaucoup d'énergie locale disponible." in text
    assert "Le territoire hier, lundi 09/03" in text
    assert "Produit : 412 kWh ; consommé : 380 kWh" in text
    assert "63 % de la consommation était locale." in text
    assert "Lave-linge <b> : 1,2 kWh, 80 % aux heures d'énergie locale, démarré par elfe à 13 h 30." in text
    assert "Ballon : pas de mesure." in text
    assert "mailto:bulletin@example.org?subject=desabonner%20R004" in text


def test_the_mail_writes_a_whole_hour_as_the_page_does():
    done = Done("Ballon", 1.0, None, datetime(2026, 3, 9, 11, tzinfo=UTC))
    assert "démarré par elfe à 12 h." in mail.as_text(evolve(FLASH, appliances=(done,)), PARIS, NOW)


def test_an_hour_without_a_measure_is_no_hour_at_zero():
    hours = tuple(Hour(NOW - timedelta(hours=9 - n), watts, 1000.0) for n, watts in enumerate((0.0, None, 500.0)))
    page = mail.as_html(evolve(FLASH, yesterday=evolve(FLASH.yesterday, hours=hours)), PARIS, NOW)
    zero, unknown = (page.partition(f"produit {words}")[2].partition("&nbsp;")[0] for words in ("0,0 kW", "pas de mesure"))
    assert ("bgcolor" in zero, "bgcolor" in unknown) == (True, False)


def test_one_that_nobody_sends_says_so_where_its_link_would_be():
    nobody = evolve(FLASH, unsubscribe="")
    for text in (mail.as_text(nobody, PARIS, NOW), mail.as_html(nobody, PARIS, NOW)):
        assert "envoi n" in text
        assert "mailto" not in text


def test_the_text_tells_of_no_chart_that_it_has_not():
    assert "barre" not in mail.as_text(FLASH, PARIS, NOW)
    assert "Plus la barre est haute" in mail.as_html(FLASH, PARIS, NOW)


def test_without_a_forecast_page_screen_and_mail_say_so():
    blind = evolve(SUNNY, balance_w=())
    assert "barre" not in outlook.as_page(blind, PARIS)
    assert "La prévision manque" in outlook.as_page(blind, PARIS)
    assert "La prévision manque" in mail.as_text(evolve(FLASH, outlook=blind), PARIS, NOW)
    assert outlook.widgets(blind, PARIS)[1].text == "Ni trop, ni trop peu. Pas de prévision"


def test_the_mail_needs_no_image_and_escapes_every_name():
    page = mail.as_html(FLASH, PARIS, NOW)
    shown = Shown(page)
    assert shown.open == []
    assert {"img", "script", "b", "style"} & set(shown.tags) == set()
    assert page.count('height="48" valign') == 24                        # an hour a bar, all of one width
    assert "table-layout:fixed" in page


@pytest.mark.parametrize(("day", "hours", "labels"), [
    ("2026-03-29", 23, ["0 h", "7 h", "13 h", "19 h"]),
    ("2026-10-25", 25, ["0 h", "5 h", "11 h", "17 h"])])
def test_d1_yesterdays_chart_has_as_many_hours_as_the_day_had(day, hours, labels):
    begin = datetime.fromisoformat(day).replace(tzinfo=PARIS).astimezone(UTC)
    made = tuple(Hour(begin + timedelta(hours=at), -20.0 if at < 6 else None if at == 7 else 900.0, 1000.0) for at in range(hours))
    page = mail.as_html(evolve(FLASH, outlook=None, yesterday=evolve(FLASH.yesterday, hours=made)), PARIS, NOW)
    assert page.count('height="48" valign') == 2 * hours
    assert re.findall(r"<small>(\d+ h)</small>", page) == labels
    assert "produit pas de mesure" in page


@pytest.mark.parametrize(("first", "words"), [
    ("2026-03-29T00:30Z", "aujourd'hui de 1 h 30 à 3 h 30"), ("2026-10-25T00:30Z", "aujourd'hui de 2 h 30 (été) à 2 h 30 (hiver)")])
def test_d1_a_window_over_a_change_of_time_is_told_by_the_clock_and_fed_in_utc(first, words):
    begins = datetime.fromisoformat(first)
    shown = evolve(SUNNY, made_at=begins, first_slot=slot_of(begins), balance_w=(900.0,) * 4 + (0.0,) * 92)
    assert outlook.window_words(shown.good[0], PARIS, begins) == words
    assert f"DTSTART:{begins:%Y%m%dT%H%M%SZ}" in outlook.as_calendar([shown])
    assert f"DTEND:{begins + timedelta(hours=1):%Y%m%dT%H%M%SZ}" in outlook.as_calendar([shown])


def test_each_appliance_has_a_bar_and_all_have_a_sum():
    flash = evolve(FLASH, appliances=(Done("Lave-linge", 1.0, 0.5), Done("Ballon", 3.0, 1.0), Done("Sèche-linge", 0.0, None)))
    assert "Ensemble : 4,0 kWh, dont 88 % aux heures d'énergie locale." in mail.as_text(flash, PARIS, NOW)
    assert mail.as_html(flash, PARIS, NOW).count('height="10"') == 3      # half and half, and all
    nobody = evolve(FLASH, appliances=(Done("Ballon", None), Done("Lave-linge", 1.0, None)))
    assert "Ensemble" not in mail.as_text(nobody, PARIS, NOW)
    assert "Vos appareils" not in mail.as_text(evolve(FLASH, appliances=()), PARIS, NOW)


def test_a_link_over_https_is_unsubscribed_from_with_one_click():
    made = mail.message(evolve(FLASH, unsubscribe="https://example.org/stop/{reference}"), "a@example.org", PARIS, NOW)
    assert made["List-Unsubscribe"] == "<https://example.org/stop/R004>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.message(FLASH, "a@example.org", PARIS, NOW)["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("written", ["bulletin@example.org", "Énergies du pays <bulletin.a+b?@example.org>",
                                     '"Pays : énergies" <bulletin@example.org>'])
def test_who_has_no_link_unsubscribes_by_a_mail_to_the_address_alone(written):
    local = "bulletin.a%2Bb%3F" if "+" in written else "bulletin"
    made = mail.message(evolve(FLASH, unsubscribe=written), written, PARIS, NOW)
    assert made["List-Unsubscribe"] == f"<mailto:{local}@example.org?subject=desabonner%20R004>"
    assert made["List-Unsubscribe-Post"] is None
    assert made.get_body(("html",)).get_content().count(f'href="mailto:{local}@example.org?subject=desabonner%20R004"') == 1


def test_the_mail_is_one_that_servers_take():
    made = message_from_bytes(mail.message(FLASH, "Énergies <bulletin@example.org>", PARIS, NOW).as_bytes(), policy=policy.default)
    assert made["Subject"] == "Énergie locale : aujourd'hui de 12 h à 15 h 30"
    assert (made["To"], made["Auto-Submitted"]) == ("anne@example.org", "auto-generated")
    assert made["List-Unsubscribe"] == "<mailto:bulletin@example.org?subject=desabonner%20R004>"
    assert [part.get_content_type() for part in made.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert re.fullmatch(r"<.*@example\.org>", made["Message-ID"].strip())


def test_what_is_not_known_is_not_told():
    text = mail.as_text(evolve(FLASH, yesterday=Yesterday(None, 3.0, None), outlook=None, appliances=()), PARIS, NOW)
    assert "Les mesures d'hier sont incomplètes" in text
    assert "aucun moment ne peut être annoncé" in text
    assert "Vos appareils" not in text


@settings(deadline=None)
@given(st.text(max_size=20), st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1))
def test_any_name_and_any_number_make_a_mail(name, drawn, share):
    flash = evolve(FLASH, appliances=(Done(name, drawn, share),))
    assert Shown(mail.as_html(flash, PARIS, NOW)).open == []
    assert mail.message(flash, "a@b.fr", PARIS, NOW).as_bytes()
