"""Declarations that are impossible or absurd, as other programs may write them: each is told, the others are planned."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from elfe.coordination.values import ApplianceType, Battery, Duty, Heating, OffPeak, Room, Vehicle, Week
from elfe.ems.believable import OF_KIND, problem
from elfe.ems.loads import TankLoad
from elfe.ems.run import gather
from elfe.history import quarters
from elfe.history.values import Reading
from elfe.slots import SLOT, slot_start
from tests.ems.conftest import Territory
from tests.ems.made import FIRST, HOUR, NOON, PARIS, SUNNY, a_heater, a_machine, an_appliance, minutes

HOURS = timedelta(hours=1)
ALWAYS = Week((), ())
SANE = (
    a_machine(), a_heater(), Vehicle(an_appliance(), 20, 80, None, 3000, 20_000, 1),
    Heating(an_appliance(), 300, 1500, 20, ALWAYS, 1),
    Room(an_appliance(), 16.0, 19.0, 1.0, 2000, 1, ALWAYS, 1, 2), Duty(an_appliance(), 500, 4 * HOURS, OffPeak(0, 0), 1),
    Battery(an_appliance(), 5000, 2000, 2000, 10, 0.9, 1, 2))
ABSURD = [
    ({"lasts": 40 * HOURS}, "its programme cannot last 40 h: give 0 to 24"), ({"lasts": -HOURS}, "cannot last -1 h"),
    ({"volume_l": 0}, "its tank cannot hold 0 litres: give 1 to 100000"), ({"volume_l": -3}, "-3 litres"),
    ({"volume_l": 10**9}, "1e+09 litres"), ({"charge_pct": 120}, "cannot be charged to 120 % now"), ({"charge_pct": -5}, "-5 %"),
    ({"wanted_pct": 150}, "cannot be wanted at 150 %"), ({"capacity_wh": 0}, "cannot hold 0 Wh"), ({"capacity_wh": -1}, "-1 Wh"),
    ({"power_w": 0}, "0 W"), ({"power_w": -3000}, "-3000 W"), ({"power_w": 10**9}, "1e+09 W"), ({"comfort_w": -1}, "-1 W"),
    ({"forced_eco_pct": 101}, "101 % of its comfort hours"), ({"comfort_c": 190.0}, "190 °C"),
    ({"comfort_c": float("nan")}, "nan °C"), ({"power_w": "beaucoup"}, "beaucoup W"),
]


def test_what_can_be_is_believed() -> None:
    assert [problem(each) for each in SANE] == [None] * len(OF_KIND)


@pytest.mark.parametrize(("change", "told"), ABSURD)
def test_c11_what_cannot_be_is_told_in_one_sentence_that_says_what_to_give(change: dict[str, object], told: str) -> None:
    changed = [evolve(each, **change) for each in SANE if set(change) <= {name for name in dir(each) if not name.startswith("_")}]
    found = [problem(each) for each in changed]
    assert any(told in str(each) for each in found)
    assert all("cannot" in str(each) and ": give " in str(each) for each in found)


@pytest.mark.parametrize(("change", "_told"), ABSURD)
def test_c11_a_participant_is_told_it_in_french(change: dict[str, object], _told: str) -> None:
    changed = [evolve(each, **change) for each in SANE if set(change) <= {name for name in dir(each) if not name.startswith("_")}]
    for each in changed:
        found = problem(each)
        assert found is not None
        assert re.search(r"ne peu(t|vent) pas .* : donnez de ", found.french)
        assert not re.search(r"\be\+|\b(its|cannot|give|it)\b", found.french)


@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_f4_whatever_stands_in_the_tables_costs_its_own_appliance_alone(territory: Territory, tmp_path: Path) -> None:
    territory.balance(SUNNY)
    wanted = {1: NOON + 6 * HOURS, 2: NOON - 3 * HOURS, 3: NOON + 2000 * 24 * HOURS, 4: NOON + timedelta(seconds=1), 5: None}
    for id, by in wanted.items():
        territory.machine(id, by=by)
    territory.machine(6, by=NOON + 6 * HOURS, lasts=timedelta())
    territory.machine(7, by=NOON + 6 * HOURS, lasts=40 * HOURS)
    territory.machine(8, by=NOON + 6 * HOURS, may_wait_s=10**9)
    territory.machine(9, by=NOON + 6 * HOURS)
    territory.tank(10, volume_l=200, windows=((1, 1),))
    for id in (11, 12, 13):
        territory.tank(id)
    territory._add(territory._appliance(14, ApplianceType.CAR, 30))
    with sqlite3.connect(tmp_path / "coordination.db") as others:      # a base that others made checks nothing
        others.execute("PRAGMA ignore_check_constraints = 1")
        others.execute("UPDATE equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_type_id = 999 WHERE id = 9")
        others.execute("UPDATE equipement_pilote_ballon_ecs SET volume_ballon = 0 WHERE id = 11")
        others.execute("UPDATE equipement_pilote_ballon_ecs SET puissance_chauffe = 0 WHERE id = 12")
        others.execute("INSERT INTO equipement_pilote_machine_generique SELECT 900, equipement_pilote_ou_mesure_id, "
                       "timestamp_de_fin_souhaite, delai_attente_maximale_apres_fin, "
                       "cycle_equipement_pilote_machine_generique_id, mesures_puissance_elec_id "
                       "FROM equipement_pilote_machine_generique WHERE id = 1")
    found = gather(territory.sources, NOON - minutes(1), FIRST)
    assert sorted(each.appliance.id for each in found.loads) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 13]
    assert sorted(found.left_out) == [
        "appliance 1 (appareil 1): another row describes it as well: the first one alone counts, remove the other",
        "appliance 11 (appareil 11): its tank cannot hold 0 litres: give 1 to 100000",
        "appliance 12 (appareil 12): its element cannot draw 0 W: give 1 to 100000",
        "appliance 14 (appareil 14): lent, and no table says what it is: a row of its kind is missing",
        "appliance 7 (appareil 7): its programme cannot last 40 h: give 0 to 24"]


def test_f4_windows_of_no_length_hold_nothing_and_it_is_told() -> None:
    load = TankLoad(a_heater(windows=(OffPeak(HOUR, HOUR),)), 2000, FIRST, PARIS)
    assert load.overruns
    assert load.source == "2.0 kWh of hot water, more than its off-peak windows hold"


@pytest.mark.parametrize("absurd", [float("nan"), float("inf"), -float("inf")])
def test_a_reading_that_is_no_number_was_not_said(absurd: float) -> None:
    begins = slot_start(FIRST)
    said = [Reading(1, begins + n * minutes(5), value) for n, value in enumerate((1000.0, absurd, 1000.0))]
    assert quarters.means(said, FIRST, 1, SLOT) == [1000.0]


@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_f4_a_text_where_a_number_is_due_costs_its_own_appliance_alone(territory: Territory, tmp_path: Path) -> None:
    territory.machine(1, by=NOON + 6 * HOURS)
    territory.machine(2, by=NOON + 6 * HOURS)
    with territory.coordination.begin() as connection:
        connection.exec_driver_sql("UPDATE equipement_pilote_machine_generique_cycle SET duree_cycle = 'longue' WHERE id = 1")
    made = gather(territory.sources, NOON, FIRST)
    assert [each.appliance.id for each in made.loads] == [2]
    assert ["appliance 1 " in each for each in made.left_out] == [True]
