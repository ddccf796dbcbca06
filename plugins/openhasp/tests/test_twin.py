"""A screen that is not there does what the firmware does, with its oddities."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import elfe_openhasp as plugin
import pytest
from elfe_openhasp.twin import ScreenTwin

from elfe.devices import Device, Firmware, Gesture, Publish, UserInput

SCREEN = Device(id="G002", type_id=711, templates={"node": "hasp/G002"})
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
SHOW = "hasp/g002/command/jsonl"


def born(version: str = "0.6.3") -> ScreenTwin:
    twin = ScreenTwin(node="hasp/g002", version=version)
    twin.connected(NOON)
    return twin


def heard(said: tuple[Publish, ...]) -> list[object]:
    return [event for each in said for event in plugin.decode_message(SCREEN, each.topic, each.payload)]


def told(twin: ScreenTwin, name: str, payload: bytes = b"") -> list[tuple[str, bytes]]:
    said = twin.receive(f"hasp/g002/command/{name}".rstrip("/"), payload, NOON)
    return [(each.topic.removeprefix("hasp/g002/"), each.payload) for each in said]


def test_it_tells_how_it_stands_when_it_comes():
    said = ScreenTwin(node="hasp/g002").connected(NOON)

    assert said[0] == Publish("hasp/g002/LWT", b"online", qos=0, retain=True)
    assert UserInput(Gesture.PAGE, 1) in heard(said[1:])
    assert Firmware("0.6.3") in heard(said[1:])


def test_declaring_a_flexibility_by_finger():
    """The acceptance of the first project: on the car's page, ready by 22:00, nothing in the battery, then the switch."""
    twin = born()
    inputs = [event for said in (twin.turn_to(5, NOON), twin.choose(5, 5, 22, "22h", NOON), twin.choose(5, 8, 0, "0%", NOON),
                                 twin.tap(5, 3, NOON)) for event in heard(said)
              if isinstance(event, UserInput) and event.gesture is not Gesture.DOWN]

    assert inputs == [
        UserInput(Gesture.PAGE, 5),
        UserInput(Gesture.SHORT, 5, 5, 0), UserInput(Gesture.CHANGED, 5, 5, 22, "22h"),
        UserInput(Gesture.SHORT, 5, 8, 0), UserInput(Gesture.CHANGED, 5, 8, 0, "0%"),
        UserInput(Gesture.SHORT, 5, 3, 1),
    ]
    assert twin.shown[(5, 3)]["val"] == 1


def test_an_indicator_does_not_feel_a_finger():
    assert heard(born().tap(2, 10, NOON)) == []


def test_an_item_that_is_not_there_is_not_shown_unless_its_object_is_told():
    twin = born()
    twin.receive(SHOW, b'{"page":1,"id":90,"text":"rien"}\n{"page":1,"id":91,"obj":"label","text":"ici"}', NOON)

    assert (1, 90) not in twin.shown
    assert twin.shown[(1, 91)] == {"text": "ici"}


def test_a_line_that_cannot_be_read_costs_those_behind_it():
    twin = born()
    twin.receive(SHOW, b'{"page":2,"id":8,"val":1}\n{"page":2,"id":9,"val":\n{"page":2,"id":5,"val":3}', NOON)

    assert [twin.shown[(2, item)].get("val") for item in (8, 9, 5)] == [1, None, None]


def test_a_line_that_is_too_large_costs_those_behind_it():
    twin = born()
    twin.receive(SHOW, b'{"page":9,"id":8,"text":"%s"}\n{"page":2,"id":5,"val":3}' % (b"x" * 1200), NOON)

    assert (twin.shown[(9, 8)], twin.shown[(2, 5)]) == ({}, {})


@pytest.mark.parametrize(("version", "shown"), [("0.6.3", None), ("0.7.1", 1)])
def test_a_packet_that_is_too_long_is_dropped_by_06_and_cut_by_07(version, shown):
    twin = born(version)
    twin.receive(SHOW, b'{"page":2,"id":8,"val":1}\n' + b'{"page":2,"id":9,"val":1}\n' * 100, NOON)

    assert twin.shown[(2, 8)].get("val") == shown


def test_a_screen_that_restarts_has_forgotten_what_it_showed():
    twin = born()
    twin.receive(SHOW, b'{"page":9,"id":8,"text":"ecran"}', NOON)
    said = twin.receive("hasp/g002/command/reboot", b"", NOON)

    assert twin.shown[(9, 8)] == {}
    assert [each.payload for each in said[:2]] == [b"offline", b"online"]


def test_it_finds_itself_idle_and_wakes_at_a_touch():
    twin = born()
    short = twin.tick(NOON + timedelta(seconds=60))
    long = twin.tick(NOON + timedelta(seconds=180))
    woken = twin.tap(2, 3, NOON + timedelta(seconds=200))

    assert [each.payload for each in (*short, *long) if each.topic.endswith("/idle")] == [b"short", b"long"]
    assert woken[0] == Publish("hasp/g002/state/idle", b"off", qos=0)


@pytest.mark.parametrize(("name", "payload", "answers"), [
    ("page", b"3", [("state/page", b"3")]),
    ("page", b"", [("state/page", b"1")]),
    ("", b"page 4", [("state/page", b"4")]),
    ("json", b'["page 2", "idle"]', [("state/page", b"2"), ("state/idle", b"off")]),
    ("backlight", b'{"brightness":128}', [("state/backlight", b'{"state":"on","brightness":128}')]),
    ("p2b3.val", b"", [("state/p2b3", b'{"val":null}')]),
    ("nonsense", b"1", []),
])
def test_it_answers_commands(name, payload, answers):
    assert told(born(), name, payload) == answers


def test_an_attribute_is_set_and_asked_for():
    twin = born()
    told(twin, "p2b8.val", b"7")

    assert told(twin, "p2b8.val") == [("state/p2b8", b'{"val":7}')]


@pytest.mark.parametrize(("version", "topic", "understood"), [
    ("0.6.3", "hasp/g002/config/debug", True), ("0.6.3", "hasp/g002/command/config/debug", False),
    ("0.7.1", "hasp/g002/config/debug", False), ("0.7.1", "hasp/g002/command/config/debug", True),
])
def test_each_version_has_a_topic_of_its_own_for_its_configuration(version, topic, understood):
    twin = born(version)
    twin.receive(topic, b'{"tele":120}', NOON)

    assert (twin.config["debug"]["tele"] == 120) is understood


def test_a_page_is_drawn_as_it_looks_with_every_label_escaped():
    screen = born()
    say = [{"page": 3, "id": 20, "obj": "label", "x": 56, "y": 6, "w": 222, "h": 32, "text_font": 24, "text": "<b>Lave-linge & co"},
           {"page": 3, "id": 21, "obj": "btn", "x": 0, "y": 50, "w": 80, "h": 40, "text": "caché", "hidden": 1},
           {"page": 4, "id": 20, "obj": "label", "x": 0, "y": 0, "w": 80, "h": 32, "text": "ailleurs"}]
    for each in say:
        screen.receive("hasp/broadcast/command/jsonl", json.dumps(each).encode(), NOON)

    drawn = screen.picture(3)

    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "&lt;b&gt;Lave-linge &amp; co" in drawn
    assert not any(each in drawn for each in ("caché", "ailleurs"))


SCREENFUL = [
    {"page": 1, "id": 0, "swipe": 1, "bg_color": "#202830"},
    {"page": 1, "id": 30, "obj": "btn", "x": 10, "y": 10, "w": 80, "h": 40, "text": "Marche"},
    {"page": 1, "id": 31, "obj": "btn", "x": 100, "y": 10, "w": 80, "h": 40, "text": "Page 4", "action": '{"down":"page 4"}'},
    {"page": 1, "id": 32, "obj": "roller", "x": 10, "y": 60, "w": 60, "rows": 1, "text_font": 24, "options": "0\n15\n30",
     "val": 1},
    {"page": 1, "id": 33, "obj": "btn", "x": 200, "y": 10, "w": 80, "h": 40, "text": "caché", "hidden": 1},
    {"page": 0, "id": 34, "obj": "btn", "x": 0, "y": 200, "w": 320, "h": 40, "text": "Hors ligne"},
]


def touched(screen: ScreenTwin) -> ScreenTwin:
    for each in SCREENFUL:
        screen.receive("hasp/g002/command/jsonl", json.dumps(each).encode(), NOON)
    return screen


@pytest.mark.parametrize(("x", "y", "said"), [
    (50, 30, [("p1b30", "up")]),
    (5, 5, []),                                     # the glass beside it
    (240, 30, []),                                  # what is hidden
    (40, 65, [("p1b32", "changed")]),
    (160, 220, [("p0b34", "up")]),                  # above every page
])
def test_a_finger_meets_what_is_seen_there(x, y, said):
    screen = touched(born())
    events = [(each.topic.rpartition("/")[2], json.loads(each.payload)["event"]) for each in screen.press(x, y, NOON)]

    assert [each for each in events if each[1] != "down"][-1:] == said


def test_what_has_an_action_does_it_and_says_no_event():
    screen = touched(born())
    assert [each.payload for each in screen.press(140, 30, NOON)] == [b"4"]
    assert screen.page == 4


@pytest.mark.parametrize(("presses", "value"), [([65], 0), ([95], 2), ([95, 95, 95], 2), ([65, 95], 1)])
def test_a_roller_is_turned_by_one_and_not_beyond_its_ends(presses, value):
    screen = touched(born())
    for y in presses:
        screen.press(40, y, NOON)
    assert screen.shown[1, 32]["val"] == value


def test_a_page_is_swiped_where_it_may_be():
    screen = touched(born())
    screen.swipe(True, NOON)
    assert screen.page == 2
    screen.swipe(True, NOON)                        # page 2 was not told so
    assert screen.page == 2


def test_a_text_that_has_no_room_is_known():
    screen = born()
    for text, w in (("Marche forcée", 60), ("Marche", 90)):
        told = {"page": 2, "id": w, "obj": "label", "x": 0, "y": 0, "w": w, "h": 30, "text_font": 24, "text": text}
        screen.receive("hasp/g002/command/jsonl", json.dumps(told).encode(), NOON)

    assert screen.cut_texts() == [(2, 60, "Marche forcée")]
    assert "March..." not in screen.picture(2)
    assert "..." in screen.picture(2)
