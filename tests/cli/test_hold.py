"""`elfe hold`, `elfe release` and `elfe orders cancel`: what an operator types when something must stop."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from elfe import clock
from elfe.cli import app
from elfe.command import store
from elfe.command.orders import On, Order, Why
from elfe.command.values import Record, Save
from elfe.coordination import holds, queries
from elfe.coordination.values import Mode
from elfe.errors import ElfeError
from elfe.slots import slot_of
from tests.ems.conftest import Territory
from tests.ems.test_commands import elfe, territory

__all__ = ["territory"]


def set_mode(territory: Territory, mode: Mode) -> None:
    with territory.coordination.begin() as connection:
        queries.write_appliance(connection, 101, only_if_modes=Mode, mode=mode)


def in_force(territory: Territory) -> list[holds.Hold]:
    return holds.in_force(territory.coordination, clock.now())


def test_an_appliance_is_held_until_an_hour_and_taken_back(territory: Territory) -> None:
    told = elfe("hold", "on", "101", "--for", "2h").stdout
    (hold,) = in_force(territory)
    assert (hold.appliance_id, hold.supply, hold.origin) == (101, None, "centre")
    assert timedelta(minutes=119) < (hold.until or hold.since) - clock.now() <= timedelta(hours=2)
    assert "left alone until" in told
    assert json.loads(elfe("hold", "list", "--json").stdout)["holds"][0]["appliance_id"] == 101

    elfe("hold", "off", "101")
    assert in_force(territory) == []


def test_everything_is_held_at_once(territory: Territory) -> None:
    elfe("hold", "on")
    assert [each.appliance_id for each in in_force(territory)] == [None]
    assert "everything" in elfe("hold", "list").stdout


def test_a_new_hold_replaces_the_old_one(territory: Territory) -> None:
    elfe("hold", "on", "101", "--supply", "off")
    elfe("hold", "on", "101", "--supply", "on", "--for", "30min")

    assert [each.supply for each in in_force(territory)] == [True]


def test_release_supplies_everything_and_a_dry_run_only_says_what(territory: Territory) -> None:
    shown = json.loads(elfe("release", "--dry-run", "--json").stdout)
    assert 101 in {each["appliance_id"] for each in shown}
    assert in_force(territory) == []

    elfe("release")
    assert [(each.appliance_id, each.supply) for each in in_force(territory)] == [(None, True)]


@pytest.mark.parametrize(("arguments", "says"), [
    (("hold", "off"), "nothing is held of everything"),
    (("hold", "on", "101", "--supply", "maybe"), "on or off"),
    (("hold", "on", "101", "--for", "soon"), "2h30"),
    (("hold", "on", "101", "--for", "2h", "--until", "18:00"), "give one of them"),
    (("orders", "cancel", "nothing"), "0 orders begin with"),
])
def test_what_cannot_be_is_refused_in_a_sentence(territory: Territory, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(ElfeError, match=says):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.DISABLED])
def test_what_nobody_switches_cannot_be_held(territory: Territory, mode: Mode) -> None:
    set_mode(territory, mode)

    with pytest.raises(ElfeError, match=f"mode {mode:d}"):
        CliRunner().invoke(app, ("hold", "on", "101"), catch_exceptions=False)


def test_an_order_that_is_cancelled_leaves_its_appliance_alone_until_its_slot_ends(territory: Territory) -> None:
    now = clock.now()
    set_mode(territory, Mode.PILOTED)
    order = Order("0a1b2c3d", "A101", 101, Why.PLAN, True, True, slot_of(now), 0, now)
    with territory.coordination.begin() as connection:
        store.record(connection, [Record(order, Mode.PILOTED)])
        store.save(connection, [Save(order.happens(On.RECORDS, now), On.RECORDS, now)])
    elfe("orders", "cancel", "0a1b")

    assert [(each.appliance_id, each.until) for each in in_force(territory)] == [(101, order.valid_until)]


def test_an_order_is_shown_whole_its_appliance_its_status_and_what_was_said(territory: Territory) -> None:
    now = clock.now()
    order = Order("0a1b2c3d", "A101", 101, Why.PLAN, True, True, slot_of(now), 0, now)
    with territory.coordination.begin() as connection:
        store.record(connection, [Record(order, Mode.PILOTED)])
        store.save(connection, [Save(order.happens(On.RECORDS, now), On.RECORDS, now)])

    told = dict(line.split(maxsplit=1) for line in elfe("orders", "show", "0a1b").stdout.splitlines())
    assert (told["order"], told["device"], told["asked"]) == ("0a1b2c3d", "A101", "ON, for: plan")
    assert (told["status"], told["said"]) == ("NEW (stage: recorded)", "not yet")
    (appliance,) = queries.appliances(territory.coordination, {101})
    assert told["appliance"] == f"{appliance.name} {appliance.participant} (number 101)"
    assert json.loads(elfe("orders", "show", "0a1b", "--json").stdout)["participant"] == appliance.participant
