"""What a Socorel PLC says and is told. The project's own facts of 2023: no vendor's documentation was found."""

import elfe_socorel as plugin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices import (
    BadPayload,
    Device,
    LegacyTopics,
    LocalControl,
    Measure,
    OutputState,
    Press,
    Publish,
    Quantity,
    Query,
    Switch,
    UnsupportedCommand,
)

ROOT = "Socorel/031636408854"
EIGHT = tuple(Device(id=f"S{number + 1:03}", type_id=811, hardware_id="031636408854", channel=number,
                     templates={"root": ROOT, "power_unit": "W"}) for number in range(8))
FIRST, *_, LAST = EIGHT


def states(bits):
    return [OutputState(bit == "1", output) for output, bit in enumerate(bits)]


SAID = [
    ("EtatSorties", b"10000001", states("10000001")),
    ("EtatSorties", b"00000000", states("00000000")),
    ("EtatSorties", b"11111111\r\n", states("11111111")),
    ("EtatSortie1", b"1", [OutputState(True, 0)]),
    ("EtatSortie1", b"0", [OutputState(False, 0)]),
    ("EtatSortie8", b"1", [OutputState(True, 7)]),
    ("PA1MN", b"1234", [Measure(Quantity.POWER, 1234.0, register="automate")]),
    ("PA1MN", b"-12.5", [Measure(Quantity.POWER, -12.5, register="automate")]),
    ("mode", b"manuel", [LocalControl(True)]),
    ("mode", b"MANUEL", [LocalControl(True)]),
    ("mode", b" Manuel\n", [LocalControl(True)]),
    ("mode", b"auto", [LocalControl(False)]),
    ("mode", "connecté".encode(), [LocalControl(False)]),
    ("mode", b"automatique 2", [LocalControl(False)]),
    ("mode", b"manuelle", [LocalControl(False)]),      # the first engine compares the whole word
    ("EtatEntrees", b"1", []),
    ("EtatSortie9", b"1", []),
]
REFUSED = [
    ("EtatSorties", b"1000000"),
    ("EtatSorties", b"100000010"),
    ("EtatSorties", b"1000000x"),
    ("EtatSorties", b"1"),
    ("EtatSortie1", b"10000001"),
    ("EtatSortie1", b""),
    ("EtatSortie1", b"on"),
    ("PA1MN", b""),
    ("PA1MN", b"inf"),
    ("PA1MN", b"12 kW"),
    ("mode", b""),
    ("mode", b"   "),
    ("mode", b"1"),
    ("mode", b"{}"),
    ("mode", b"\x00\x01"),
    ("mode", b"a" * 200),
]


@pytest.mark.parametrize(("name", "payload", "means"), SAID)
def test_what_it_says(name, payload, means):
    assert plugin.decode_message(FIRST, f"{ROOT}/{name}", payload) == tuple(means)


@pytest.mark.parametrize(("name", "payload"), REFUSED)
def test_what_it_cannot_mean_is_refused(name, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(FIRST, f"{ROOT}/{name}", payload)


@pytest.mark.parametrize("device", EIGHT)
@pytest.mark.parametrize("on", [True, False])
def test_an_order_is_a_digit_on_its_own_topic_proved_by_its_own_state_within_30_s(device, on):
    encoded = plugin.encode_command(device, Switch(on, token="t"))
    assert encoded.publishes == (Publish(f"{ROOT}/sortie{device.channel + 1}", b"1" if on else b"0"),)
    assert encoded.expects == OutputState(on, device.channel)
    assert encoded.within.total_seconds() == 30


def test_it_cannot_be_asked():
    encoded = plugin.encode_command(FIRST, Query())
    assert (encoded.publishes, encoded.expects) == ((), None)


def test_an_output_is_not_pressed():
    with pytest.raises(UnsupportedCommand, match="Press"):
        plugin.encode_command(FIRST, Press())


@given(st.sampled_from(EIGHT), st.booleans(), st.integers(0, 255))
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_what_is_ordered_is_what_both_forms_of_its_state_confirm(device, on, others):
    expected = plugin.encode_command(device, Switch(on)).expects
    bits = list(f"{others:08b}")
    bits[device.channel] = "1" if on else "0"
    bitmap = plugin.decode_message(device, f"{ROOT}/EtatSorties", "".join(bits).encode())
    single = plugin.decode_message(device, f"{ROOT}/EtatSortie{device.channel + 1}", bits[device.channel].encode())
    assert bitmap[device.channel] == expected
    assert single == (expected,)


def test_all_eight_hear_the_same_topics():
    first, *others = (plugin.build_topics(device) for device in EIGHT)
    assert all(other.listen == first.listen for other in others)
    assert len({each.command for each in (first, *others)}) == 8
    assert sorted(topic.removeprefix(f"{ROOT}/") for topic in first.listen) == [
        *(f"EtatSortie{number}" for number in range(1, 9)), "EtatSorties", "PA1MN", "mode"]


def test_a_site_whose_power_is_in_kilowatts_says_so():
    large = Device(id="S001", type_id=811, templates={"root": ROOT, "power_unit": "kW"})
    assert plugin.decode_message(large, f"{ROOT}/PA1MN", b"12.5") == (Measure(Quantity.POWER, 12500.0, register="automate"),)


@pytest.mark.parametrize("wrong", [
    Device(id="S001", type_id=811, templates={"root": ROOT, "power_unit": "MW"}),
    Device(id="S009", type_id=811, channel=8, templates={"root": ROOT, "power_unit": "W"}),
    Device(id="S009", type_id=811, channel=-1, templates={"root": ROOT, "power_unit": "W"}),
])
def test_a_point_that_is_none_of_it_is_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"W or kW|outputs are 0 to 7"):
        plugin.build_topics(wrong)


@pytest.mark.parametrize("device", EIGHT)
def test_the_first_engine_takes_the_output_from_the_last_character_of_the_command_topic(device):
    columns = plugin.render_legacy_topics(device)
    assert int(columns.command[-1]) - 1 == device.channel
    assert columns.lwt == "aucun"
    assert plugin.parse_legacy_topics(811, columns) == ({"root": ROOT}, device.channel)


@pytest.mark.parametrize("columns", [
    LegacyTopics(control=f"{ROOT}/EtatSorties", command=f"{ROOT}/sortie3", lwt="aucun"),      # the annex
    LegacyTopics(control=f"{ROOT}/EtatSortie3", command="", lwt=""),                          # the body of the documentation
    LegacyTopics(control="", command=f" /{ROOT}/sortie3 ", lwt=""),
])
def test_a_row_filled_by_hand_tells_the_root_and_the_output(columns):
    assert plugin.parse_legacy_topics(811, columns) == ({"root": ROOT}, 2)


@pytest.mark.parametrize("columns", [
    LegacyTopics(control=f"{ROOT}/EtatSorties", command="aucun", lwt="aucun"),
    LegacyTopics(control="", command=f"{ROOT}/sortie9", lwt=""),
    LegacyTopics(control="", command=f"{ROOT}/sortie12", lwt=""),
    LegacyTopics(control="", command="Socorel/+/sortie1", lwt=""),
])
def test_a_row_that_tells_no_output_says_what_is_expected(columns):
    with pytest.raises(ValueError, match="sortie1 to sortie8"):
        plugin.parse_legacy_topics(811, columns)
