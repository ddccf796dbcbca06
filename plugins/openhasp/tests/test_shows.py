"""What a screen is told to show, and how it is set: the bytes, their limits, and what the firmware makes of them."""

import json
from datetime import UTC, datetime

import elfe_openhasp as plugin
import pytest
from elfe_openhasp import jsonl
from elfe_openhasp.twin import ScreenTwin
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elfe.devices import Device, Encoded, Publish, Query, Render, Switch, UnsupportedCommand, Widget

SCREEN = Device(id="G002", type_id=711, templates={"node": "hasp/G002"})
TOPIC = "hasp/g002/command/jsonl"
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)

LABEL = (("obj", "label"), ("x", 50), ("y", 50), ("w", 160), ("h", 32), ("mode", "break"), ("align", "center"))
LINES = [
    (Widget(2, 10, color="#00FF00"), '{"page":2,"id":10,"bg_color":"#00FF00"}'),
    (Widget(2, 3, value=0), '{"page":2,"id":3,"val":0}'),
    (Widget(9, 8, text="écran connecté", text_color="#208020"),
     '{"page":9,"id":8,"text":"\\u00e9cran connect\\u00e9","text_color":"#208020"}'),
    (Widget(9, 8, text="Tout va bien :)", more=LABEL),          # the annex's example
     '{"page":9,"id":8,"obj":"label","x":50,"y":50,"w":160,"h":32,"mode":"break","align":"center","text":"Tout va bien :)"}'),
    (Widget(2, 8, value=1, more=(("options", "00h\n01h"),)), '{"page":2,"id":8,"options":"00h\\n01h","val":1}'),
    (Widget(1, 1, text='dit "non"\\\nou\toui'), '{"page":1,"id":1,"text":"dit \\"non\\"\\\\\\nou oui"}'),
    (Widget(1, 1, text=""), '{"page":1,"id":1,"text":""}'),
]
LIKENESSES = [
    ("l’eau « chaude » – prête…", "l'eau \" chaude \" - prête..."),
    ("à 20\u202f°C, 3 €, œuf, Ÿ?", "à 20\xa0°C, 3 €, œuf, Ÿ?"),
    ("\uE64A", "\uE64A"),                             # an icon of the font
    ("a\x00b\x1b[c\x7fd\x85\r\n", "ab[cd\n"),
    ("\ud800!", "!"),
    ("日本 🙂", "日本 🙂"),                           # a site may bring a font of its own
]


def render(*widgets: Widget) -> Encoded:
    return plugin.encode_command(SCREEN, Render(widgets))


def objects(encoded: Encoded) -> list[dict[str, object]]:
    return [json.loads(line) for each in encoded.publishes for line in each.payload.decode("ascii").split("\n")]


@pytest.mark.parametrize(("widget", "line"), LINES)
def test_an_item_is_a_line(widget, line):
    assert render(widget) == Encoded((Publish(TOPIC, line.encode()),), None, plugin.CORE2.answers_within)


def test_several_items_are_lines_of_one_payload_in_their_order():
    encoded = render(Widget(2, 10, color="#FF0000"), Widget(2, 8, value=7), Widget(2, 3, value=1))

    assert [each.payload for each in encoded.publishes] == [
        b'{"page":2,"id":10,"bg_color":"#FF0000"}\n{"page":2,"id":8,"val":7}\n{"page":2,"id":3,"val":1}']
    assert [(each.qos, each.retain) for each in encoded.publishes] == [(1, False)]


def test_nothing_to_show_is_nothing_to_say():
    assert render().publishes == ()


def test_what_is_too_much_for_a_packet_goes_in_several_between_lines():
    encoded = render(*(Widget(1, item, text="x" * 100) for item in range(60)))

    assert [said["id"] for said in objects(encoded)] == list(range(60))
    assert len(encoded.publishes) == 4                    # 60 lines of 126 bytes at most, 2015 bytes to a payload
    assert all(len(each.payload) <= 2048 - 10 - len(TOPIC) for each in encoded.publishes)


@pytest.mark.parametrize(("text", "as_shown"), LIKENESSES)
def test_what_the_font_lacks_is_shown_by_its_likeness(text, as_shown):
    assert objects(render(Widget(1, 1, text=text))) == [{"page": 1, "id": 1, "text": as_shown}]


def test_a_text_that_is_too_long_ends_in_three_dots_and_the_others_are_shown_whole():
    encoded = render(Widget(1, 1, text="Bonjour "), Widget(1, 2, text="é" * 3000, color="#FF0000"), Widget(1, 3, text="!"))
    first, cut, last = objects(encoded)

    assert (first["text"], last["text"]) == ("Bonjour ", "!")
    assert cut == {"page": 1, "id": 2, "text": "é" * (len(cut["text"]) - 3) + "...", "bg_color": "#FF0000"}
    assert 300 < len(cut["text"]) < 340                   # six bytes for each, in a packet


def test_a_text_is_cut_to_the_memory_that_the_firmware_has_for_a_line():
    (cut,) = objects(render(Widget(1, 1, text="x" * 3000)))

    assert jsonl.memory_of(cut) == 1152
    assert len(str(cut["text"])) == 1152 - 3 * 16 - len("page id text ") - 1


@pytest.mark.parametrize("widget", [
    Widget(13, 1, value=1), Widget(-1, 1, value=1), Widget(1, 255, value=1), Widget(1, -1, value=1),
    Widget(1, 1, value=1, more=(("options", "x\n" * 2000),)),
    Widget(1, 1, text="x", more=(("options", "x\n" * 2000),)),
])
def test_what_no_screen_can_show_is_refused_in_words(widget):
    with pytest.raises(ValueError, match=f"p{widget.page}b{widget.item}"):
        render(widget)


def test_a_screen_cannot_be_switched():
    with pytest.raises(UnsupportedCommand):
        plugin.encode_command(SCREEN, Switch(True))


def test_a_query_asks_for_its_status():
    assert plugin.encode_command(SCREEN, Query()).publishes == (Publish("hasp/g002/command/statusupdate", b""),)


WIDGETS = st.builds(
    Widget, page=st.integers(0, 12), item=st.integers(0, 254), value=st.none() | st.integers(-32768, 32767),
    text=st.none() | st.text(max_size=3000), color=st.none() | st.from_regex(r"#[0-9A-F]{6}", fullmatch=True),
    more=st.lists(st.tuples(st.sampled_from(["x", "y", "w", "h", "mode"]), st.integers(0, 320) | st.text(max_size=20)),
                  max_size=5, unique_by=lambda each: each[0]).map(tuple))


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(WIDGETS, max_size=30))
def test_whatever_is_shown_is_shown_in_order_within_every_limit(widgets):
    encoded = render(*widgets)

    assert [(said["page"], said["id"]) for said in objects(encoded)] == [(each.page, each.item) for each in widgets]
    assert all(len(each.topic) + len(each.payload) + 10 <= 2048 for each in encoded.publishes)
    assert all(jsonl.memory_of(said) <= 1152 for said in objects(encoded))


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.text(max_size=150))
@example('"\\/\b\f\n\r\t\x00\u2028\ud83d\ude00\ufeff')
def test_whatever_text_a_label_is_given_comes_back_from_the_screen(text):
    twin = ScreenTwin(node="hasp/g002")
    for each in render(Widget(9, 8, text=text), Widget(9, 8, value=3)).publishes:
        twin.receive(each.topic, each.payload, NOON)

    assert twin.shown[(9, 8)] == {"text": jsonl.shown(text), "val": 3}


# -- settings ---------------------------------------------------------------------------------------------------------


def test_its_settings_are_told_in_the_form_that_both_versions_understand():
    push = plugin.push_config(SCREEN, plugin.Settings())

    assert push.steps == (Publish("hasp/g002/command", b'config/debug={"tele":300}'),
                          Publish("hasp/g002/command", b'config/gui={"idle1":60,"idle2":0}'))
    assert push.read_back == (Publish("hasp/g002/command", b"config/debug"), Publish("hasp/g002/command", b"config/gui"))


@pytest.mark.parametrize("version", ["0.6.3", "0.7.1"])
def test_its_settings_are_read_back(version):
    twin = ScreenTwin(node="hasp/g002", version=version)
    push = plugin.push_config(SCREEN, plugin.Settings(tele_period_s=120, idle_short_s=0))
    for step in push.steps:
        assert twin.receive(step.topic, step.payload, NOON) == ()
    answers = [said for step in push.read_back for said in twin.receive(step.topic, step.payload, NOON)]

    assert tuple(event for said in answers for event in plugin.decode_message(SCREEN, said.topic, said.payload)) == push.expects


def test_its_firmware_is_never_forced():
    steps = plugin.firmware(SCREEN, "0.6.3")

    assert (steps.read, steps.update) == ((Publish("hasp/g002/command/statusupdate", b""),), ())


@pytest.mark.parametrize("name", [
    '"}', '"}\n{"page":0,"id":99,"val":1}', "\\", '\\"}\r\n{"page":0}', "a\nb", "\x00\x1b", "</svg>", "{}", '","page":5,"x":"',
])
def test_b14_a_name_that_looks_like_an_order_is_only_a_name(name):
    (line,) = objects(render(Widget(2, 10, text=name)))

    assert (line["page"], line["id"]) == (2, 10)
    assert set(line) == {"page", "id", "text"}
