"""From a message to what it says of which device."""

import pytest
from attrs import evolve

from elfe.devices.drivers import Drivers, discover, select
from elfe.devices.hookspecs import hookimpl
from elfe.devices.routing import Heard, Router, SetAside, Unreadable, commanded
from elfe.devices.values import Measure, OutputState, Presence, Quantity, Role, Topics

from .made import EntryPoint, plugin


@pytest.fixture
def drivers() -> Drivers:
    return select(discover([EntryPoint("brume", plugin())]))


@pytest.fixture
def plug(drivers):
    return drivers[9001].device("D1", "ABC")


def test_a_message_is_read_by_the_driver_of_its_device(drivers, plug):
    router = Router(drivers, (plug, drivers[9001].device("D2", "DEF")))
    assert list(router.read("brume/ABC/meter", b"230 W;1.5 kWh")) == [
        Heard(plug, Measure(Quantity.POWER, 230.0)), Heard(plug, Measure(Quantity.ENERGY, 1500.0))]


def test_a_last_will_goes_to_its_parser_alone(drivers, plug):
    assert list(Router(drivers, (plug,)).read("brume/ABC/alive", b"gone")) == [Heard(plug, Presence.OFFLINE)]


def test_what_is_nobodys_is_nothing(drivers, plug):
    assert list(Router(drivers, (plug,)).read("brume/XYZ/is", b"1")) == []


def test_what_cannot_be_read_is_told_and_counted_and_life_goes_on(drivers, plug):
    router = Router(drivers, (plug,))
    (told,) = router.read("brume/ABC/meter", b"\xff")
    assert isinstance(told, Unreadable)
    assert (told.device, told.topic, told.payload) == (plug, "brume/ABC/meter", b"\xff")
    assert router.unreadable == {"D1": 1}
    assert list(router.read("brume/ABC/is", b"1")) == [Heard(plug, OutputState(True))]


def counting(drivers, **replaced):
    """The driver with some of its functions replaced, and what was decoded."""
    decoded = []

    def decode(device, topic, payload):
        decoded.append((device.id, topic))
        return (OutputState(True, channel=0), OutputState(False, channel=1), Measure(Quantity.POWER, 7.0, channel=1))

    driver = evolve(drivers[9001], decode_message=decode, **replaced)
    return evolve(drivers, by_type={9001: driver}), decoded


def test_channels_of_one_unit_share_a_message_that_is_decoded_once(drivers, plug):
    drivers, decoded = counting(drivers)
    second = evolve(plug, id="D2", channel=1)
    heard = list(Router(drivers, (plug, second)).read("brume/ABC/is", b"1"))
    assert heard == [Heard(plug, OutputState(True)), Heard(second, OutputState(False, channel=1)),
                     Heard(second, Measure(Quantity.POWER, 7.0, channel=1))]
    assert decoded == [("D1", "brume/ABC/is")]


def test_presence_is_said_of_every_channel(drivers, plug):
    second = evolve(plug, id="D2", channel=1)
    heard = list(Router(drivers, (plug, second)).read("brume/ABC/alive", b"here"))
    assert heard == [Heard(plug, Presence.ONLINE), Heard(second, Presence.ONLINE)]


def test_a_pattern_hears_what_it_matches(drivers, plug):
    drivers, decoded = counting(drivers, build_topics=lambda device: Topics("x", {"brume/+/sensor/#": Role.SAYS}))
    router = Router(drivers, (plug,))
    assert list(router.read("brume/ABC/sensor/a/b", b"1"))
    assert not list(router.read("brume/ABC/other", b"1"))
    assert decoded == [("D1", "brume/ABC/sensor/a/b")]


def test_who_asks_for_some_roles_subscribes_to_no_others(drivers, plug):
    assert Router(drivers, (plug,), frozenset({Role.PRESENCE})).filters == ("brume/ABC/alive",)


def test_the_command_topics_are_known_by_device(drivers, plug):
    assert commanded(drivers, [plug]) == {"brume/ABC/set": plug}


# -- a driver that breaks its contract ---------------------------------------------------------------------------------


def breaking(drivers, **hooks):
    return evolve(drivers, by_type={9001: evolve(drivers[9001], **hooks)})


def raises_on_seven(device, topic, payload):
    if payload == b"7":
        raise KeyError("POWER")
    return (OutputState(True),)


@pytest.fixture
def two(drivers):
    return Router(breaking(drivers, decode_message=raises_on_seven),
                  (drivers[9001].device("D1", "ABC"), drivers[9001].device("D2", "DEF")))


def test_a_unit_whose_message_makes_its_driver_raise_is_set_aside_with_the_reason(two):
    (told,) = two.read("brume/ABC/is", b"7")
    assert isinstance(told, SetAside)
    assert (told.device.id, told.plugin, told.topic, told.reason) == ("D1", "brume", "brume/ABC/is", "KeyError: 'POWER'")
    assert list(two.read("brume/ABC/is", b"1")) == []
    assert two.unreadable == {"D1": 2}


def test_the_other_units_of_the_family_go_on(two):
    list(two.read("brume/ABC/is", b"7"))
    assert [heard.device.id for heard in two.read("brume/DEF/is", b"1")] == ["D2"]


def test_a_unit_set_aside_is_tried_again(two):
    list(two.read("brume/ABC/is", b"7"))
    two.release()
    assert [heard.device.id for heard in two.read("brume/ABC/is", b"1")] == ["D1"]


@pytest.mark.parametrize("answer", [None, [OutputState(True)], "on"])
def test_what_is_no_tuple_of_events_is_no_answer(drivers, plug, answer):
    router = Router(breaking(drivers, decode_message=lambda device, topic, payload: answer), (plug,))
    (told,) = router.read("brume/ABC/is", b"1")
    assert "not a tuple" in told.reason


def test_a_device_whose_topics_cannot_be_said_is_told_and_the_others_are_heard(drivers, plug):
    def topics(device):
        return Topics("x", {f"brume/{device.id}/is": Role.SAYS}) if device.id == "D1" else {}["root"]

    router = Router(select(discover([EntryPoint("brume", hooked("build_topics", topics))])),
                    (plug, drivers[9001].device("D2", "DEF")))
    assert router.defects == {"D2": "brume.build_topics: KeyError: 'root'"}
    assert router.filters == ("brume/D1/is",)


def hooked(name, hook):
    module = plugin()
    setattr(module, name, hookimpl(hook))
    return module


UNSOUND = [
    (Measure(Quantity.POWER, "many"),), (Measure(Quantity.ENERGY, 10**400),), (Measure(Quantity.ENERGY, float("nan")),),
    (Measure(Quantity.POWER, float("inf")),), (Measure("power", 1.0),), (Measure(Quantity.POWER, 1.0, "0"),), (OutputState("yes"),),
    (Presence.ONLINE,), ("text",), (None,), None, [OutputState(True)], (OutputState(True),) * 1001,
]


@pytest.mark.parametrize("answer", UNSOUND, ids=lambda each: repr(each)[:40])
def test_what_is_no_event_sets_its_unit_aside_and_nobody_else(drivers, plug, answer):
    other = drivers[9001].device("D2", "DEF")
    honest = drivers[9001].decode_message

    def decode_message(device, topic, payload):
        return answer if device.id == "D1" else honest(device, topic, payload)

    router = Router(evolve(drivers, by_type={9001: evolve(drivers[9001], decode_message=decode_message)}), (plug, other))
    (told,) = router.read("brume/ABC/is", b"1")
    assert isinstance(told, SetAside)
    assert list(router.read("brume/DEF/is", b"1")) == [Heard(other, OutputState(True))]


def test_a_driver_that_exits_sets_its_unit_aside(drivers, plug):
    def decode_message(device, topic, payload):
        raise SystemExit(3)

    router = Router(evolve(drivers, by_type={9001: evolve(drivers[9001], decode_message=decode_message)}), (plug,))
    (told,) = router.read("brume/ABC/is", b"1")
    assert "SystemExit: 3" in str(told)
