"""The file of devices: what it may say, and what it is told when it says something else."""

from datetime import timedelta

import pytest

from elfe.devices.drivers import Plugin, load, select
from elfe.devices.mischief import Mischief
from elfe.errors import SettingsError
from elfe.simulation.cast import OF_A_DEVICE, Behind, duration, read
from elfe.simulation.series import CYCLES
from tests.devices import made

STRANGERS = select([Plugin("brume", "1", made.plugin())])
THE_GUIDES = next(iter(STRANGERS)).type.id
SEVERAL = next(driver for driver in load() if driver.type.outputs == 2 and driver.simulate is not None)
GATEWAYS = next(driver for driver in load() if driver.type.parent and driver.simulate is not None)


def cast(text, drivers=None, **given):
    return read(text, drivers or load(), tuple(CYCLES), **given)


def parts(text, **given):
    return cast(text, **given).parts


def entry(**keys):
    """An entry of a type that is installed."""
    given = {"type": SEVERAL.type.id, "id": '"D001"', **keys}
    return "[[device]]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())


def problems(text, **given):
    with pytest.raises(SettingsError) as refused:
        cast(text, **given)
    return str(refused.value).splitlines()


# -- what it may say --------------------------------------------------------------------------------------------------------


def test_a_type_and_an_id_suffice():
    [part] = parts(entry())
    assert (part.device.id, part.driver.type.id, part.device.channel) == ("D001", SEVERAL.type.id, 0)
    assert (part.behind, part.misbehaves, part.period, part.configured) == (None, (), None, True)


def test_a_type_has_a_number_and_a_name():
    [part] = parts(entry(type=f'"{SEVERAL.type.name}"'))
    assert part.device == parts(entry())[0].device


def test_everything_else_can_be_said_of_it():
    [part] = parts(entry(hardware_id='"A1"', channel=1, seed=7, period='"30s"', username='"u-{id}"', password='"p"',
                         configured="false", serves_when="false", misbehaves='["lying", {kind = "slow", by = "1m30s"}]',
                         appliance='{cycle = "dishwasher", after = "5m", every = "3h"}', templates='{root = "home/{n}"}'))
    assert (part.device.hardware_id, part.device.channel, part.device.serves_when, part.seed) == ("A1", 1, False, 7)
    assert (part.username, part.password, part.configured, part.period) == ("u-D001", "p", False, timedelta(seconds=30))
    assert part.device.templates["root"] == "home/1"
    assert part.misbehaves == (Mischief("lying"), Mischief("slow", {"by": timedelta(seconds=90)}))
    assert part.behind == Behind(cycle="dishwasher", after=timedelta(minutes=5), every=timedelta(hours=3))


def test_a_count_makes_many_by_a_pattern():
    made = parts(entry(id='"D{n:03}"', count=12, hardware_id='"{n:06X}"', username='"{hardware_id}"'))
    assert [part.device.id for part in made[::11]] == ["D001", "D012"]
    assert (made[11].device.hardware_id, made[11].username) == ("00000C", "00000C")
    assert len({part.seed for part in made}) == 12


def test_a_device_lives_the_same_life_whoever_else_is_in_the_file():
    alone, beside = parts(entry()), parts(entry(id='"D002"') + entry())
    assert alone[0].seed == beside[1].seed
    assert alone[0].seed != parts(entry(), seed=2)[0].seed


def test_the_outputs_of_one_unit_are_one_unit():
    outputs = parts(entry(id='"D{n:03}"', count=2, channel='"{i}"', templates='{root = "home/relay"}'))
    assert [part.device.channel for part in outputs] == [0, 1]
    assert outputs[0].unit == outputs[1].unit
    assert outputs[0].connection == outputs[1].connection


def test_those_behind_one_gateway_share_its_connection_and_nothing_else():
    parent = GATEWAYS.type.parent
    behind = entry(type=GATEWAYS.type.id, id='"B{n:03}"', count=2, hardware_id='"{n:012x}"', templates=f'{{{parent} = "esp/1"}}')
    one, other = parts(behind)
    assert one.connection == other.connection
    assert one.unit != other.unit


def test_the_broker_may_stand_in_it():
    named = cast('broker = "mqtts://mqtt.example.org"\nca = "ca.pem"\n' + entry())
    assert (named.broker, named.ca) == ("mqtts://mqtt.example.org", "ca.pem")


def test_a_strangers_type_plays_too():
    [part] = parts(entry(type=THE_GUIDES), drivers=STRANGERS)
    assert part.driver.plugin == "brume"


@pytest.mark.parametrize(("text", "seconds"), [
    ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("2d", 172_800)])
def test_a_time_in_words(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["10", "m", "ten minutes", "10 m", "-5m"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        duration(text)


# -- what it is told --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "told"), [
    ({"chanel": 1}, "line 4: chanel: is unknown: write type, id, hardware_id"),
    ({"channel": 2}, "line 4: channel: cannot be 2: write a number from 0 to 1"),
    ({"channel": '"{i}x"'}, "line 4: channel: cannot be '0x': write an output, from 0"),
    ({"channel": "true"}, "line 4: channel: cannot be True: write an output"),
    ({"count": 0}, "line 4: count: cannot be 0: write a number from 1"),
    ({"count": 3}, 'line 3: id: 3 devices cannot have one id: write an installation point, "A001"; with a count, "A{n:03}"'),
    ({"hardware_id": 12}, 'line 4: hardware_id: cannot be 12: write what is printed on it, "A8BC25"'),
    ({"hardware_id": '"{m}"'}, "line 4: hardware_id: '{m}' cannot be filled: write {i} or {n}, and {{ for a brace"),
    ({"templates": '{rot = "x"}'}, "line 4: templates.rot: is unknown: its type has"),
    ({"templates": "{root = 3}"}, "line 4: templates.root: cannot be 3: write a text"),
    ({"templates": '{root = "home/#"}'}, "line 4: templates: a topic of D001 would hold a wildcard"),
    ({"appliance": '{power_w = 60, trace = "x.csv"}'}, "line 4: appliance: is one of { power_w = 60 }"),
    ({"appliance": "{}"}, "line 4: appliance: is one of { power_w = 60 }"),
    ({"appliance": '{cycle = "toaster"}'}, "line 4: appliance.cycle: no machine is called 'toaster': write washing_machine"),
    ({"appliance": '{power_w = 60, every = "3h"}'}, "line 4: appliance: only a cycle has after and every"),
    ({"appliance": '{cycle = "dishwasher", every = "3 h"}'}, "line 4: appliance.every: '3 h' is no time: write"),
    ({"appliance": '{power = 60}'}, "line 4: appliance.power: is unknown: write power_w, trace, cycle, after or every"),
    ({"misbehaves": '["lieing"]'}, "line 4: misbehaves: no mischief is called lieing; there are slow, mute"),
    ({"misbehaves": '[{kind = "slow", by = 3}]'}, "line 4: misbehaves: 3 is no time"),
    ({"misbehaves": "[3]"}, 'line 4: misbehaves: cannot be 3: write ["lying"'),
    ({"misbehaves": '"lying"'}, "line 4: misbehaves: cannot be 'lying': write [\"lying\""),
    ({"period": '"0.5"'}, "line 4: period: '0.5' is no time"),
    ({"period": '"0s"'}, "line 4: period: cannot be 0s: it is too short"),
    ({"appliance": '{cycle = "dishwasher", after = "-5m"}'}, "line 4: appliance.after: cannot be -5m: it is too short"),
    ({"appliance": "{power_w = nan}"}, "line 4: appliance.power_w: cannot be nan: write a number from -100000 to 100000"),
    ({"hardware_id": '"{i[0]}"'}, "line 4: hardware_id: '{i[0]}' cannot be filled"),
    ({"id": '""'}, "line 3: id: is empty: write an installation point"),
    ({"type": '"toaster"'}, "line 2: type: no plugin drives 'toaster': write one of 111 "),
    ({"type": 2.5}, "line 2: type: cannot be 2.5: write the number or the name of a device type"),
])
def test_a_mistake_is_told_with_its_line_its_key_and_what_to_write(keys, told):
    first, *more = problems(entry(**keys))
    assert f"devices.toml, {told}" in first
    assert more == []


def test_a_mistake_in_a_table_of_its_own_has_its_line():
    assert problems(entry() + "[device.appliance]\npower_w = 60\nwatts = 60\n") == [
        "devices.toml, line 6: appliance.watts: is unknown: write power_w, trace, cycle, after or every"]


def test_all_mistakes_are_told_at_once_each_in_its_entry():
    told = problems("brokr = 1\n" + entry(count=0) + entry(id='"D002"', channel=9))
    assert [each.partition(":")[0] for each in told] == ["devices.toml, line 1", "devices.toml, line 5", "devices.toml, line 9"]


@pytest.mark.parametrize("key", ["type", "id"])
def test_what_must_be_there_is_missed_at_its_entry(key):
    kept = {"type": SEVERAL.type.id, "id": '"D001"'}
    del kept[key]
    text = "[[device]]\n" + "".join(f"{name} = {value}\n" for name, value in kept.items())
    assert problems(text) == [f"devices.toml, line 1: {key}: is missing: write {OF_A_DEVICE[key][1]}"]


@pytest.mark.parametrize("text", ["", "device = []\n"])
def test_somebody_must_play(text):
    assert problems(text)[-1].endswith("device: nobody plays: write a [[device]] with its type and its id")


def test_two_of_one_name_are_told():
    assert problems(entry() + entry(channel=1)) == [
        "devices.toml, line 1, devices.toml, line 4: id: 2 devices are called 'D001': give each its own"]


def test_one_output_cannot_be_two_devices():
    both = "".join(entry(id=f'"D00{number}"', templates='{root = "home/relay"}') for number in (1, 2))
    assert problems(both) == ["devices.toml, line 5: channel: D001 and D002 are the same output of the same unit: give each its "
                              "own channel, hardware_id or templates"]


def test_what_is_no_toml_is_told_as_such():
    assert problems("[[device]\n")[0].startswith("devices.toml: ")
    assert problems("[device]\nid = 1\n")[0].startswith("devices.toml, line 1: device: cannot be {'id': 1}: write tables")
