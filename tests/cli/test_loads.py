"""`elfe loads`: what the contract cannot say of an appliance."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from elfe import clock
from elfe.cli import app
from elfe.coordination import abilities, queries
from elfe.coordination.values import ApplianceType, Battery, Duty, Mode, OffPeak
from elfe.errors import DeclarationError
from tests.ems.conftest import Territory
from tests.ems.made import NOON
from tests.ems.test_commands import elfe, territory
from tests.ems.test_gather import vehicle

__all__ = ["territory"]


def test_a_vehicle_may_pause_until_it_is_taken_back(territory: Territory) -> None:
    vehicle(territory)
    elfe("loads", "pauses", "3", "--modulates", "--dry-run")
    assert not abilities.abilities(territory.coordination)
    elfe("loads", "pauses", "3", "--modulates")
    assert abilities.abilities(territory.coordination)[3].modulates
    assert json.loads(elfe("loads", "list", "--json").stdout) == [{"appliance": 3, "does": "modulates", "told": ""}]
    elfe("loads", "forget", "3")
    assert not abilities.abilities(territory.coordination)


def test_a_machine_never_pauses(territory: Territory) -> None:
    with pytest.raises(DeclarationError, match="no vehicle"):
        CliRunner().invoke(app, ("loads", "pauses", "101"), catch_exceptions=False)


def test_hours_and_batteries_are_written_as_they_were_typed(territory: Territory) -> None:
    territory._add(territory._appliance(6, ApplianceType.MACHINE, Mode.PILOTED))
    territory._add(territory._appliance(7, ApplianceType.MACHINE, Mode.PILOTED))
    level = territory.history.series("A007 charge", "%")
    elfe("loads", "runs", "6", "--hours", "3", "--watts", "900", "--from", "22:00", "--to", "06:00")
    elfe("loads", "stores", "7", "--capacity", "8000", "--charge", "3000", "--discharge", "2000", "--level", "A007 charge")
    known = {each.id: each for each in queries.appliances(territory.coordination)}
    assert abilities.duties(territory.coordination, known) == [
        Duty(known[6], 900, timedelta(hours=3), OffPeak(22 * 3600, 6 * 3600), 0)]
    assert abilities.batteries(territory.coordination, known) == [Battery(known[7], 8000, 3000, 2000, 10, 0.9, 0, level)]
    assert known[6].continuous
    assert not known[7].continuous


@pytest.mark.parametrize(("arguments", "says"), [
    (("runs", "101", "--hours", "9", "--watts", "900", "--from", "08:00", "--to", "12:00"), "do not fit"),
    (("runs", "101", "--hours", "1", "--watts", "900", "--from", "8 h"), "no time of day"),
    (("runs", "101", "--hours", "1", "--watts", "900", "--power", "nothing"), "no series"),
])
def test_what_cannot_be_is_refused_in_a_sentence(territory: Territory, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        CliRunner().invoke(app, ("loads", *arguments), catch_exceptions=False)


def test_what_was_said_of_an_appliance_goes_before_its_row_of_the_contract(
        territory: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)      # at night its day could not hold three hours any more
    elfe("loads", "runs", "101", "--hours", "3", "--watts", "900")
    assert elfe("declare", "101").exit_code == 0, "wanted by no hour"
    (placed,) = json.loads(elfe("ems", "run", "--json").stdout)["placements"]
    assert placed["source"] == "3 h of its 3 h a day"


def test_a_vehicle_is_declared_with_its_departure_and_what_its_battery_holds(territory: Territory) -> None:
    vehicle(territory)
    elfe("loads", "pauses", "3")
    told = elfe("declare", "3", "--by", "2099-01-01T07:00", "--charge", "35").stdout
    assert "fini avant 01/01/2099 07:00" in told
    (car,) = queries.vehicles(territory.coordination)
    assert (car.charge_pct, car.deadline) == (35, datetime(2099, 1, 1, 6, tzinfo=UTC))


def test_what_is_absurd_is_told_as_soon_as_it_is_declared(territory: Territory) -> None:
    vehicle(territory, charge=120)
    assert "sa batterie ne peut pas être chargée à 120 % maintenant : donnez de 0 à 100." in elfe("declare", "3").stdout


@pytest.mark.parametrize(("arguments", "says"), [
    (("3", "--lasts", "2h"), "se calcule"), (("3", "--by", "2020-01-01T07:00"), "déjà passée"),
    (("101", "--by", "23:00", "--charge", "3"), "pas un véhicule"),
])
def test_a_declaration_that_means_nothing_is_refused(territory: Territory, arguments: tuple[str, ...], says: str) -> None:
    vehicle(territory)
    with pytest.raises(DeclarationError, match=says):
        CliRunner().invoke(app, ("declare", *arguments), catch_exceptions=False)


def test_a_lower_charge_that_declare_has_named_is_declared_and_suffices(
        territory: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    vehicle(territory)
    told = elfe("declare", "3", "--by", "14:00", "--charge", "10").stdout
    (percent,) = re.findall(r"accepter (\d+) % à cette heure", told)
    assert "au plus tôt, il finirait" in told
    assert "possible" not in elfe("declare", "3", "--by", "14:00", "--wanted", percent).stdout
    (car,) = queries.vehicles(territory.coordination)
    assert (car.charge_pct, car.wanted_pct) == (10, int(percent))
