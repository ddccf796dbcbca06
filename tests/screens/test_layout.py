"""Which items stand where: what a file may say, and what it is told when it may not."""

from __future__ import annotations

import pytest

from elfe.errors import SettingsError
from elfe.screens import layout
from elfe.screens.layout import DEFAULT, Role


def test_the_usual_pages_are_those_of_the_first_engine():
    places = {(page.number, page.items[Role.PILOT], page.items[Role.LED], page.light) for page in DEFAULT.pages}

    assert places == {(2, 3, 10, 12), (3, 3, 10, 13), (4, 3, 10, 14), (5, 3, 10, 15), (6, 3, 10, 16), (7, 3, 10, 17)}
    assert [DEFAULT.at(3, item)[1] for item in (8, 9, 5, 6)] == [
        Role.END_HOUR, Role.END_QUARTER, Role.LASTS_HOUR, Role.LASTS_QUARTER]
    assert [DEFAULT.at(5, item)[1] for item in (5, 6, 8)] == [Role.END_HOUR, Role.END_QUARTER, Role.CHARGE]


def test_what_is_printed_can_be_read_again():
    assert layout.read(layout.written(DEFAULT), "screens.toml") == DEFAULT


def test_a_car_may_stand_on_another_page():
    text = layout.written(DEFAULT).replace("number = 6", "number = 11").replace("number = 5", "number = 6")
    assert layout.read(text, "screens.toml").at(6, 8)[1] is Role.CHARGE


PAGE = "[[page]]\nnumber = 2\ntypes = [111]\npilot = 3\nlight = 12\n"


def test_an_item_is_moved_without_code():
    moved = layout.read(layout.written(DEFAULT).replace("stop = [232, 194, 86, 44]", "stop = [236, 196, 80, 42]"), "screens.toml")

    assert moved.places == {Role.STOP: (236, 196, 80, 42)}
    assert layout.read(layout.written(moved), "screens.toml") == moved


@pytest.mark.parametrize(("text", "told"), [
    ("places = 3\n" + PAGE, "places: write [places]"),
    (PAGE + "[places]\nlogo = [0, 0, 9, 9]", "places: unknown role logo (known: pilot"),
    (PAGE + "[places]\npilot = 3", "pilot = 3 cannot be (expected: [x, y, width, height])"),
    (PAGE + "[places]\npilot = [1, 2, 3, true]", "cannot be (expected: [x, y, width, height])"),
    (PAGE + "[places]\npilot = [300, 0, 60, 40]", "pilot = [300, 0, 60, 40] is not on the screen, which is 320 wide and 240 high"),
    (PAGE + "[places]\npilot = [0, -1, 60, 40]", "is not on the screen"),
    (PAGE + "[places]\npilot = [0, 0, 39, 40]", "is too small for a finger: 40 at least"),
    (PAGE + "charge = 8\n[places]\ncharge = [0, 0, 80, 44]", "charge = [0, 0, 80, 44]: a roller is 40 high"),
    (PAGE + "force = 11\n[places]\npilot = [120, 190, 64, 40]", "places: force lies on pilot"),
    (PAGE + "end_hour = 8\nlasts_hour = 5\n[places]\nend_hour = [100, 60, 72, 40]", "places: end_hour lies on lasts_hour"),
    ("", "no [[page]]"),
    ("page = 3", "no [[page]]"),
    ("page = [3]", "page 1: write [[page]]"),
    ("this is not TOML", "screens.toml:"),
    ("pages = 3\n" + PAGE, "unknown key pages"),
    ("summary = 'eight'\n" + PAGE, "summary: a number is expected"),
    (PAGE + "colour = 3", "unknown key colour (known: number, types, light, pilot"),
    (PAGE.replace("number = 2", "number = 13"), "number 13 cannot be (accepted: 1 to 12)"),
    (PAGE.replace("[111]", "[110]"), "types [110] cannot be (accepted: 1 machine_generique"),
    (PAGE.replace("[111]", "111"), "types 111 cannot be"),
    (PAGE.replace("pilot = 3\n", ""), "without pilot nobody could lend anything there"),
    (PAGE.replace("pilot = 3", "pilot = 300"), "pilot = 300 cannot be (accepted: 1 to 254)"),
    (PAGE.replace("pilot = 3", "pilot = true"), "pilot = True cannot be"),
    (PAGE.replace("light = 12\n", ""), "light = None cannot be"),
    (PAGE + "led = 3", "page 2: item 3 has 2 roles"),
    (PAGE + PAGE, "page 2 is described 2 times"),
    (PAGE + PAGE.replace("number = 2", "number = 3"), "appliances of type 111 are on 2 pages"),
    (PAGE + PAGE.replace("number = 2", "number = 3").replace("111", "112"), "summary: item 12 lights for 2 pages"),
    (PAGE.replace("number = 2", "number = 8"), "page 8 is that of the summary"),
    (PAGE.replace("number = 2", "number = 1"), "page 1 is that of the weather"),
])
def test_a_layout_that_cannot_be_reached_is_refused_with_what_to_change(text, told):
    with pytest.raises(SettingsError) as refused:
        layout.read(text, "screens.toml")
    assert told in str(refused.value)
