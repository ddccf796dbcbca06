"""From installed plugins to drivers: what is wrong is named and refused, and nobody else suffers from it."""

import re

import pytest
from attrs import evolve

from elfe.devices.drivers import _guarded, discover, load, select
from elfe.devices.values import Role
from elfe.errors import DriverDefect, PluginError

from .made import EntryPoint, plugin

BRUME = EntryPoint("brume", plugin())
OTHER = EntryPoint("other", plugin("other", number="id=9001 => id=9002", called="brume_plug_v1 => other_plug_v1"))


def test_a_plugin_is_found_with_its_version_and_its_types():
    (found,) = discover([BRUME])
    assert (found.name, found.version, [each.id for each in found.types], found.problem) == ("brume", "1.2.3", [9001], "")


def test_each_type_is_driven_by_its_own_plugin():
    drivers = select(discover([OTHER, BRUME]))
    assert [(driver.type.id, driver.plugin) for driver in drivers] == [(9001, "brume"), (9002, "other")]


def test_uninstalling_a_plugin_leaves_the_others():
    assert [driver.type.id for driver in select(discover([BRUME]))] == [9001]


def test_disabling_a_plugin_leaves_the_others():
    drivers = select(discover([BRUME, OTHER]), disabled=["brume"])
    assert 9001 not in drivers
    assert drivers[9002].plugin == "other"


def test_only_the_enabled_plugins_drive():
    assert [driver.type.id for driver in select(discover([BRUME, OTHER]), enabled=["other"])] == [9002]


def test_a_hook_that_is_absent_is_a_capability_that_is_absent():
    drivers = select(discover([BRUME]))
    assert drivers[9001].push_config is None
    assert drivers[9001].encode_command is not None


BROKEN = [
    (EntryPoint("brume", ImportError("no module named brume")), "cannot be loaded: ImportError: no module named brume"),
    (EntryPoint("brume", SystemExit(3)), "cannot be loaded: SystemExit: 3"),
    (EntryPoint("brume", plugin(typo="def parse_lwt => def parse_ltw")), "parse_ltw"),
    (EntryPoint("brume", plugin(signature="def parse_lwt(device, payload) => def parse_lwt(device)")),
     r"parse_lwt\(device\) must take \(device, payload\)"),
    (EntryPoint("brume", plugin(stranger="def parse_lwt(device, payload) => def parse_lwt(device, payload, mood)")), "mood"),
    (EntryPoint("brume", plugin(unmarked="@hookimpl\ndef build_topics => def build_topics")), "the hook build_topics is missing"),
    (EntryPoint("brume", plugin(nothing="return (BRUME,) => return ()")), r"device_types\(\) declares no type"),
    (EntryPoint("brume", plugin(bare="return (BRUME,) => return BRUME")), "must return a tuple of DeviceType"),
    (EntryPoint("brume", plugin(fails="return (BRUME,) => return 1 / 0")), "ZeroDivisionError"),
    (EntryPoint("brume", plugin(number="id=9001 => id=12345")), r"12345 cannot be a type's id \(2000 to 9999"),
    (EntryPoint("brume", plugin(number='id=9001 => id="9001"')), "'9001' cannot be a type's id"),
    (EntryPoint("brume", plugin(called="brume_plug_v1 => x; drop table y")), "cannot be a type's name"),
    (EntryPoint("brume", plugin(root="brume/{hardware_id} => brume/{nope}")), r"may hold \{id\} and \{hardware_id\}, not nope"),
    (EntryPoint("brume", plugin(root="brume/{hardware_id} => brume/{id.__class__}")), r"not id\.__class__"),
    (EntryPoint("brume", plugin(root="brume/{hardware_id} => brume/{id")), "cannot be read"),
    (EntryPoint("brume", plugin(root="brume/{hardware_id} => #")), "is no topic of a device's own"),
    (EntryPoint("brume", plugin(root="brume/{hardware_id} => $SYS/{id}")), "is no topic of a device's own"),
    (EntryPoint("brume", plugin(twice="return (BRUME,) => return (BRUME, BRUME)")), "9001 is that of two of its types"),
]


@pytest.mark.parametrize(("point", "said"), BROKEN)
def test_a_broken_plugin_is_set_aside_with_its_reason_and_the_others_go_on(point, said):
    drivers = select(discover([point, OTHER]))

    assert re.search(said, drivers.set_aside["brume"])
    assert [driver.type.id for driver in drivers] == [9002]
    with pytest.raises(PluginError, match="set aside: brume"):
        drivers[9001]


@pytest.mark.parametrize(("point", "said"), BROKEN)
def test_a_broken_plugin_that_is_disabled_harms_nobody(point, said):
    assert [driver.type.id for driver in select(discover([point, OTHER]), disabled=["brume"])] == [9002]


def test_two_plugins_that_claim_a_type_are_both_named():
    with pytest.raises(PluginError, match="9001 is claimed by two plugins, brume and rival"):
        select(discover([BRUME, EntryPoint("rival", plugin("rival"))]))


def test_two_types_of_one_name_would_share_a_table_and_are_both_named():
    with pytest.raises(PluginError, match="types 9001 of brume and 9002 of rival are both called brume_plug_v1"):
        select(discover([BRUME, EntryPoint("rival", plugin("rival", number="id=9001 => id=9002"))]))


@pytest.mark.parametrize("topic", ["#", "+/status", "$SYS/#"])
def test_a_driver_whose_topics_would_be_everybodys_is_refused(topic):
    drivers = select(discover([EntryPoint("brume", plugin())]))
    spoilt = drivers[9001].build_topics.__wrapped__

    def build_topics(device):
        return evolve(spoilt(device), listen={topic: Role.SAYS})

    guarded = _guarded("brume", "build_topics", build_topics)
    with pytest.raises(DriverDefect, match="no topic of a device's own"):
        guarded(drivers[9001].device("D1", "ABC"))


def test_a_plugin_installed_twice_is_named():
    with pytest.raises(PluginError, match="installed twice under the same name: brume"):
        select(discover([BRUME, EntryPoint("brume", plugin())]))


@pytest.mark.parametrize("choice", [{"enabled": ["brum"]}, {"disabled": ["brum"]}])
def test_a_misspelt_name_in_the_settings_is_named_with_what_is_installed(choice):
    with pytest.raises(PluginError, match=r"no such plugin: brum \(installed: brume, other\)"):
        select(discover([BRUME, OTHER]), **choice)


def test_a_type_that_nobody_drives_is_told_with_those_that_are():
    with pytest.raises(PluginError, match=r"device type 811 \(driven types: 9001, 9002\)"):
        select(discover([BRUME, OTHER]))[811]


def test_a_device_has_its_stored_templates_over_the_types_defaults():
    driver = select(discover([BRUME]))[9001]
    assert driver.device("D1", "ABC").templates == {"root": "brume/ABC"}
    assert driver.device("D1", "ABC", {"root": "attic/plug"}).templates == {"root": "attic/plug"}


def test_a_device_without_hardware_id_is_called_by_its_point():
    assert select(discover([BRUME]))[9001].device("D1").templates == {"root": "brume/D1"}


@pytest.mark.parametrize("given", [{"hardware_id": "+"}, {"hardware_id": "A/#"}, {"stored": {"root": "brume/+"}}])
def test_a_device_whose_topics_would_hold_a_wildcard_is_refused(given):
    with pytest.raises(ValueError, match="a topic of D1 would hold a wildcard"):
        select(discover([BRUME]))[9001].device("D1", **given)


@pytest.mark.parametrize(("root", "problem"), [
    ("$SYS", r"begin with \$"), ("attic/plug\t", "hold a sign"), ("attic\ud800", "hold a sign"),
    ("a" * 1001, "be too long"), ("a/" * 51, "be too long"), (5, "be no text")])
def test_a_device_with_a_topic_that_no_broker_takes_is_refused(root, problem):
    with pytest.raises(ValueError, match=f"a topic of D1 would {problem}"):
        select(discover([BRUME]))[9001].device("D1", stored={"root": root})


def test_every_plugin_of_the_workspace_is_sound():
    pytest.importorskip("elfe_tasmota", reason="the plugins are not installed")
    assert {111, 112, 211, 411} <= {driver.type.id for driver in load()}
