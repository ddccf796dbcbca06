"""What a finger means, and what is told of an appliance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from elfe.coordination import holds
from elfe.coordination.values import Appliance, ApplianceType, CommandState, ControlState, Mode
from elfe.devices.values import Gesture, UserInput
from elfe.errors import DeclarationError
from elfe.screens import drawing
from elfe.screens.drawing import FIRST_WORD, GREEN, RED, by_page, changes, drawn
from elfe.screens.layout import DEFAULT, Role
from elfe.screens.touches import Choose, Hold, Lend, Next, TakeBack, touched, wished
from elfe.screens.words import Known, status

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 9, 7, tzinfo=UTC)        # 10:07
WASHER = Known(Appliance(2, "Lave-linge #1", ApplianceType.WASHING_MACHINE, 120, Mode.MANUAL, ControlState.ON,
                         CommandState.INITIAL, "R004"),
               deadline=datetime(2026, 11, 20, 17, 45, tzinfo=UTC), lasts=timedelta(hours=1, minutes=45))
TANK = Known(Appliance(4, "Ballon", ApplianceType.WATER_HEATER, 190, Mode.PILOTED, ControlState.ON, CommandState.INITIAL, "R004"))
CAR = Known(Appliance(5, "Zoé", ApplianceType.CAR, 120, Mode.MANUAL, ControlState.ON, CommandState.INITIAL, "R004"), charge_pct=40)


def paris(*at: int) -> datetime:
    return datetime(*at, tzinfo=PARIS).astimezone(UTC)


# -- fingers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gesture", "role", "value", "means"), [
    (Gesture.SHORT, Role.PILOT, 1, 1), (Gesture.SHORT, Role.PILOT, 0, 0), (Gesture.DOWN, Role.PILOT, 1, None),
    (Gesture.SHORT, Role.PILOT, None, None), (Gesture.SHORT, Role.PILOT, 7, None), (Gesture.CHANGED, Role.PILOT, 1, None),
    (Gesture.CHANGED, Role.END_HOUR, 23, 23), (Gesture.CHANGED, Role.END_HOUR, 24, None),
    (Gesture.CHANGED, Role.END_HOUR, -1, None),
    (Gesture.SHORT, Role.END_HOUR, 8, None),          # a roller says "up" with the option before
    (Gesture.CHANGED, Role.CHARGE, 10, 10), (Gesture.CHANGED, Role.CHARGE, 11, None),
    (Gesture.CHANGED, Role.END_QUARTER, None, None),
    (Gesture.SHORT, Role.FORCE, None, 1), (Gesture.LONG, Role.FORCE, None, None), (Gesture.SHORT, Role.LED, 1, None)])
def test_a_touch_means_something_or_nothing(gesture, role, value, means):
    assert touched(UserInput(gesture, 3, 1, value), role) == means


def test_the_switch_lends_until_the_next_time_that_the_chosen_hour_comes():
    assert wished({Role.PILOT: 1}, WASHER, NOW, PARIS) == [Lend(Choose(paris(2026, 11, 24, 18, 45)))]
    earlier = {Role.PILOT: 1, Role.END_HOUR: 6, Role.END_QUARTER: 2}
    assert wished(earlier, WASHER, NOW, PARIS) == [Lend(Choose(paris(2026, 11, 25, 6, 30)))]


def test_choosing_alone_lends_nothing_and_keeps_the_other_half():
    assert wished({Role.END_HOUR: 20}, WASHER, NOW, PARIS) == [Choose(paris(2026, 11, 24, 20, 45))]
    assert wished({Role.LASTS_QUARTER: 0}, WASHER, NOW, PARIS) == [Choose(None, timedelta(hours=1))]
    assert wished({Role.LASTS_HOUR: 2}, WASHER, NOW, PARIS) == [Choose(None, timedelta(hours=2, minutes=45))]


def test_a_car_says_how_much_is_left_in_it():
    wish = wished({Role.PILOT: 1, Role.END_HOUR: 22, Role.CHARGE: 0}, CAR, NOW, PARIS)
    assert wish == [Lend(Choose(paris(2026, 11, 24, 22), None, 0))]


def test_a_tank_has_no_hour():
    assert wished({Role.PILOT: 1}, TANK, NOW, PARIS) == [Lend(Choose())]
    assert wished({Role.PILOT: 0}, TANK, NOW, PARIS) == [TakeBack()]


def test_buttons_mean_now():
    assert wished({Role.NEXT: 1, Role.FORCE: 1}, WASHER, NOW, PARIS) == [Next(), Hold(supply=True)]
    assert wished({Role.STOP: 1}, WASHER, NOW, PARIS) == [Hold(supply=False)]


def test_an_hour_that_the_clock_leaps_over_is_refused_in_words():
    before_summer = datetime(2026, 3, 29, 0, 10, tzinfo=UTC)
    with pytest.raises(DeclarationError, match=r"^02:30 n'existe pas cette nuit-là : choisissez 03:00$"):
        wished({Role.PILOT: 1, Role.END_HOUR: 2, Role.END_QUARTER: 2}, WASHER, before_summer, PARIS)


# -- words ------------------------------------------------------------------------------------------------------------------


def changed(known: Known, **changes: object) -> Known:
    return evolve(known, appliance=evolve(known.appliance, **changes))


LENT = changed(WASHER, mode=Mode.PILOTED, control=ControlState.OFF, command=CommandState.STANDING_BY)


@pytest.mark.parametrize(("known", "told"), [
    (WASHER, "Non piloté : tournez les chiffres, puis Piloté"),
    (changed(TANK, mode=Mode.MANUAL), "Non piloté : touchez Piloté pour le prêter"),
    (LENT, "Démarre au bon moment"),
    (evolve(LENT, starts_at=paris(2026, 11, 24, 14, 30)), "Démarre à 14:30, fini vers 16:15"),
    (evolve(LENT, starts_at=paris(2026, 11, 25, 5, 15)), "Démarre demain à 05:15, fini vers demain 07:00"),
    (evolve(LENT, deadline=paris(2026, 11, 24, 18, 45)), "Démarre au bon moment, prêt à 18:45"),
    (evolve(LENT, deadline=paris(2026, 11, 24, 11)), "Trop court pour 11:00 : fini vers 11:52"),
    (changed(LENT, control=ControlState.ON, command=CommandState.INITIAL), "Noté. La prise doit confirmer..."),
    (changed(WASHER, ems_order=True, last_started=NOW - timedelta(hours=1)), "Démarré à 09:07, fini vers 10:52"),
    (changed(evolve(WASHER, lasts=None), ems_order=True, last_started=NOW - timedelta(hours=1)), "Démarré à 09:07"),
    (changed(WASHER, ems_order=True, last_started=NOW - timedelta(hours=9)),
     "Non piloté : tournez les chiffres, puis Piloté"),
    (TANK, "Piloté : en marche"),
    (changed(TANK, control=ControlState.OFF), "Piloté : en attente d'énergie"),
    (changed(WASHER, control=ControlState.UNREACHABLE), "Prise injoignable : est-elle branchée ?"),
    (changed(LENT, command=CommandState.FAILED), "La prise n'a pas répondu : vérifiez-la"),
    (changed(WASHER, mode=Mode.DISABLED), "Désactivé : votre communauté peut le réactiver"),
    (changed(WASHER, mode=Mode.MEASURED), "Mesuré seulement : rien à régler ici"),
    (changed(WASHER, mode=Mode.INSTALLING), "Installation en cours : bientôt prêt"),
    (evolve(changed(WASHER, mode=Mode.DISABLED), local=True), "Repris sur place : rendez la main au boîtier"),
    (evolve(TANK, hold=holds.Hold(1, 4, True, NOW, paris(2026, 11, 24, 12, 7), "screen")), "Marche forcée jusqu'à 12:07"),
    (evolve(changed(TANK, control=ControlState.OFF), hold=holds.Hold(1, 4, False, NOW, None, "screen")), "Arrêt forcé"),
    (evolve(TANK, hold=holds.Hold(1, 4, False, NOW, None, "screen")), "Arrêt demandé. La prise doit confirmer..."),
    (evolve(changed(TANK, control=ControlState.UNKNOWN, command=CommandState.FAILED),
            hold=holds.Hold(1, 4, False, NOW, None, "screen")), "La prise n'a pas répondu : vérifiez-la"),
    (evolve(TANK, hold=holds.Hold(1, 4, None, NOW, paris(2026, 11, 24, 12, 7), "device")),
     "Réglé à la main, laissé ainsi jusqu'à 12:07"),
])
def test_what_is_told_is_what_is_known(known, told):
    assert status(known, NOW, PARIS) == told


# -- pages ------------------------------------------------------------------------------------------------------------------


def test_every_home_sees_its_own_appliances_and_all_of_a_kind():
    second = changed(WASHER, id=3, name="Lave-linge du studio")
    first, other = (drawn(DEFAULT, by_page(DEFAULT, [TANK, second, WASHER], {3: times}, {}), NOW, PARIS) for times in (0, 1))

    assert {page for page, _ in first} == {0, 1, 3, 6, 8, 9}
    assert (first[3, 20].text, other[3, 20].text) == ("Lave-linge n°1", "Lave-linge du studio")
    assert first[3, 22].text == "1/2 >"
    assert dict(first[6, 22].more)["hidden"] == 1
    assert (first[3, 10].color, first[6, 10].color, first[8, 13].color, first[8, 16].color) == (RED, GREEN, RED, GREEN)


def test_after_the_first_time_only_what_changes_is_sent_and_without_its_shape():
    before = drawn(DEFAULT, by_page(DEFAULT, [WASHER], {}, {}), NOW, PARIS)
    after = drawn(DEFAULT, by_page(DEFAULT, [LENT], {}, {}), NOW, PARIS)

    sent = list(changes(before, after))

    assert {(each.page, each.item) for each in sent} == {(3, 3), (3, 10), (3, 21), (8, 13), (8, FIRST_WORD)}
    assert all(each.more == () for each in sent)
    assert list(changes({}, after)) == list(after.values())


def test_what_a_home_has_no_more_is_hidden_and_what_comes_back_is_shown():
    both, one = (drawn(DEFAULT, by_page(DEFAULT, home, {}, {}), NOW, PARIS) for home in ([WASHER, TANK], [TANK]))

    gone = {(each.page, each.item): dict(each.more) for each in changes(both, one) if dict(each.more) == {"hidden": 1}}
    assert {place for place in both if place[0] == 3 and place[1]} <= set(gone)
    back = {(each.page, each.item): dict(each.more) for each in changes(one, both)}
    assert {place for place in gone if back.get(place, {}).get("hidden") not in (0, 1)} == set()
    assert (back[3, 3]["hidden"], back[3, 22]["hidden"]) == (0, 1)


def test_an_hour_that_comes_twice_is_the_first_and_told_which():
    night = datetime(2026, 10, 24, 20, tzinfo=UTC)
    (lend,) = wished({Role.PILOT: 1, Role.END_HOUR: 2, Role.END_QUARTER: 2}, WASHER, night, PARIS)
    assert lend == Lend(Choose(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)))

    lent = evolve(LENT, deadline=lend.chosen.deadline)
    assert status(lent, night, PARIS) == "Démarre au bon moment, prêt demain à 02:30 (été)"
    assert status(evolve(lent, starts_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC), lasts=None), night, PARIS) == (
        "Démarre demain à 02:30 (hiver)")


# -- what an eye can read -----------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    parts = [int(color[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("letters", "ground"), [
    ("#FFFFFF", drawing.GROUND), ("#FFFFFF", drawing.BLUE), ("#FFFFFF", drawing.GO), ("#FFFFFF", drawing.HALT),
    ("#FFFFFF", drawing.UNDO), ("#FFFFFF", drawing.LOST), (drawing.CONNECTED, drawing.PAPER), (drawing.LOST, drawing.PAPER),
    (drawing.INK, drawing.PAPER)])
def test_letters_stand_out_from_their_ground(letters, ground):
    assert contrast(letters, ground) >= 4.5


def test_letters_are_large_and_what_is_touched_is_as_large_as_a_fingertip():
    home = [WASHER, TANK, CAR, changed(WASHER, id=6, name="Vaisselle", type=ApplianceType.DISHWASHER)]
    items = {place: dict(each.more) for place, each in drawn(DEFAULT, by_page(DEFAULT, home, {}, {}), NOW, PARIS).items()}

    assert {each["text_font"] for each in items.values() if each.get("obj") in ("label", "btn", "roller")} == {24}
    touched = [each for place, each in items.items() if each.get("obj") in ("btn", "switch") and place[0]]
    assert len(touched) > 10
    assert all(min(each["w"], each["h"]) >= 40 for each in touched)
