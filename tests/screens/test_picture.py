"""What a person sees: pages drawn by the twin from the messages that it was really told, and touched where something is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from elfe.coordination import holds
from elfe.coordination.values import Appliance, ApplianceType, CommandState, ControlState, Mode
from elfe.devices.drivers import load
from elfe.devices.values import Render
from elfe.screens import drawing
from elfe.screens.drawing import by_page, changes, drawn
from elfe.screens.layout import DEFAULT
from elfe.screens.service import AWAY, LOST, NOT_OURS
from elfe.screens.words import Known, brief, status
from elfe.territory import outlook
from elfe.territory.weather import HitRate, Level, Thresholds

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 9, 7, tzinfo=UTC)        # 10:07
PAGE_OF = {ApplianceType.WASHING_MACHINE: 3, ApplianceType.CAR: 5, ApplianceType.WATER_HEATER: 6}


def known(type: ApplianceType, mode: Mode, control: ControlState, command: CommandState, **rest: object) -> Known:
    started = NOW - timedelta(minutes=20) if command == CommandState.MANUAL_ON else None
    appliance = Appliance(2, "Lave-linge", type, 120, mode, control, command, "R004", ems_order=started is not None,
                          last_started=started)
    timed = type is not ApplianceType.WATER_HEATER
    usual = {"deadline": NOW + timedelta(hours=20) if timed else None, "lasts": timedelta(hours=1, minutes=45) if timed else None,
             "charge_pct": 40 if type is ApplianceType.CAR else None}
    return Known(appliance, **{**usual, **rest})


HELD = [None, *(holds.Hold(1, 2, supply, NOW, until, "screen") for supply in (True, False, None)
                for until in (None, NOW + timedelta(hours=20)))]
EVERY_STATE = [
    evolve(known(type, mode, control, command), hold=hold, local=local, starts_at=starts_at, deadline=deadline)
    for type in PAGE_OF for mode in Mode if mode != Mode.REMOVED for control in ControlState
    for command in (CommandState.INITIAL, CommandState.STANDING_BY, CommandState.MANUAL_ON, CommandState.FAILED)
    for hold, local, starts_at, deadline in (
        *((each, False, None, NOW + timedelta(hours=20)) for each in HELD), (None, True, None, None),
        (None, False, NOW + timedelta(hours=20), NOW + timedelta(hours=22)), (None, False, None, NOW + timedelta(hours=1)),
        (None, False, datetime(2026, 10, 25, 1, 30, tzinfo=UTC), None))]
EVERY_STATE += [evolve(known(type, Mode.PILOTED, ControlState.ON, CommandState.INITIAL), undriven=True) for type in PAGE_OF]


def screen(home, extra=(), chosen=None, notes=None):
    driver = load()[711]
    device = driver.device("G002")
    twin = driver.simulate(device, 1)
    twin.connected(NOW)
    whole = drawn(DEFAULT, by_page(DEFAULT, home, chosen or {}, notes or {}), NOW, PARIS)
    tell(twin, (*whole.values(), *extra))
    return twin


def tell(twin, widgets) -> None:
    driver = load()[711]
    for each in driver.encode_command(driver.device("G002"), Render(tuple(widgets))).publishes:
        twin.receive(each.topic, each.payload, NOW)


def test_whatever_is_told_of_an_appliance_has_room_in_words_of_twenty_pixels_and_more():
    told = {(each.appliance.type, status(each, NOW, PARIS), brief(each, NOW, PARIS)): each for each in EVERY_STATE}
    assert len(told) > 30
    twin = screen([EVERY_STATE[0]])
    cut = []
    for each in told.values():
        tell(twin, drawn(DEFAULT, by_page(DEFAULT, [each], {}, {}), NOW, PARIS).values())
        cut += twin.cut_texts()

    assert cut == []


@pytest.mark.parametrize("note", [AWAY, LOST, NOT_OURS, "02:30 n'existe pas cette nuit-là : choisissez 03:00",
                                  "L'heure de fin est déjà passée"])
def test_what_a_person_is_told_has_room(note):
    assert screen([EVERY_STATE[0]], notes={2: note}).cut_texts() == []


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("good", [True, False])
def test_the_weather_is_told_in_words_that_have_room(level, good):
    balance = (0.0,) * 60 + ((60e3,) * 10 if good else (0.0,) * 10) + (0.0,) * 26
    made = outlook.Outlook(NOW, "", {-2: -99e3, -1: -15e3, 0: 0.0, 1: 15e3, 2: 99e3}[level], int(NOW.timestamp()) // 900, balance,
                           Thresholds(-20e3, -10e3, 10e3, 20e3, NOW), HitRate(0, 0, 0, 0.0))
    twin = screen([], outlook.widgets(made, PARIS))

    assert twin.cut_texts() == []
    assert twin.shown[1, 14]["text"].startswith(level.words[:1].upper())
    assert twin.shown[1, 15]["text"] == "vu vers 10 h"


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_out_of_touch_is_seen_on_every_page_and_what_leads_back_is_not_covered():
    twin = screen(EVERY_STATE[:1], drawing.lost(DEFAULT))

    assert all("Hors ligne : pas à jour" in texts(twin.picture(page)) for page in (1, 3, 8, 9))
    assert "hors ligne" in texts(twin.picture(9))
    twin.turn_to(3, NOW)
    twin.press(25, 20, NOW)
    assert twin.page == 8


@pytest.mark.parametrize("name", ['"}', 'L"}\n{"page":3,"id":20,"text":"volé"}', "\\", "Ballon 🔥", "\u202egnil-evaL", "é" * 300,
                                  "日本", "#ff0000 rouge#", "\x00\x1b[2J", "<svg onload=x>", "\ud800"])
def test_b14_a_name_written_by_people_is_a_name_and_nothing_else(name):
    appliance = evolve(EVERY_STATE[0].appliance, name=name)
    twin = screen([evolve(EVERY_STATE[0], appliance=appliance)])
    clean = screen([EVERY_STATE[0]])

    assert twin.shown.keys() == clean.shown.keys()
    differ = {place for place in twin.shown if twin.shown[place] != clean.shown[place]}
    assert differ == {(3, 20), (8, 40)}
    assert len(twin.shown[3, 20]["text"]) <= 340
    ElementTree.fromstring(twin.picture(3))
    ElementTree.fromstring(twin.picture(8))


def test_a_home_without_an_appliance_is_told_so():
    assert "Aucun appareil ici" in texts(screen([]).picture(8))


def test_a_person_finds_the_way_from_the_weather_to_a_machine_and_back_by_what_is_seen():
    twin = screen([EVERY_STATE[0]])
    pages = []
    for x, y in ((244, 218), (130, 25), (20, 20), (180, 215)):     # Appareils >, Lave-linge, <, Météo >
        twin.press(x, y, NOW)
        pages.append(twin.page)

    assert pages == [8, 3, 8, 1]


def test_the_picture_is_of_what_was_told_and_not_of_what_was_meant():
    free = known(ApplianceType.WASHING_MACHINE, Mode.MANUAL, ControlState.ON, CommandState.INITIAL)
    twin, forced = screen([free]), evolve(free, hold=HELD[1])
    before, after = (drawn(DEFAULT, by_page(DEFAULT, [each], {}, {}), NOW, PARIS) for each in (free, forced))
    assert "Annuler" not in texts(twin.picture(3))

    tell(twin, changes(before, after))
    assert "Annuler" in texts(twin.picture(3))
