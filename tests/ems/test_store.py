"""The output database, as its readers need it; on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from attrs import evolve
from sqlalchemy import Engine, event, func, inspect, select, text

from elfe.ems import store
from elfe.ems.store import decisions_in_force, plan_in_force, write_plan
from elfe.ems.values import Placement, Plan, Why
from elfe.slots import HORIZON, SLOT, SLOT_S, epoch_s, slot_start
from tests.ems.made import FIRST, NOON, minutes


def a_placement(id: int = 101, start: int = 4, type: int = 112) -> Placement:
    powers = tuple(1000.0 if start <= t < start + 8 else 0.0 for t in range(HORIZON))
    continuous = type == 131
    return Placement(
        appliance_id=id, appliance_type=type, power_w=powers, source="its last cycle", reason="starts at 13:00",
        decisions=tuple(int(start <= t < start + 8) if continuous else int(t == start) for t in range(HORIZON)),
        late_by=timedelta(minutes=7), ends_at=NOON + (start + 8) * SLOT)


def a_plan(*placements: Placement, first_slot: int = FIRST) -> Plan:
    return Plan(first_slot, NOON - timedelta(seconds=30), placements, tuple(float(t) for t in range(HORIZON)),
                "persistence", "optimal", imported_wh=12.5, bound_wh=12.0, solve_ms=42)


def rows(sortie: Engine, query: str) -> list[tuple[object, ...]]:
    with sortie.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


# -- the contract -----------------------------------------------------------------------------------------------------------


def test_the_columns_of_result_are_those_of_the_contract(sortie: Engine) -> None:
    names = [column["name"] for column in inspect(sortie).get_columns("result")]
    assert names == ["id", "first_valid_timestamp", "machine_id", "result_type", "machine_type",
                     *(f"decisions_{i}" for i in range(96))]


def first_command_engine(sortie: Engine, now: datetime) -> dict[int, int]:
    """What the first command engine does 5 s behind a quarter: the newest row of each machine, int((now − first) / 900)."""
    columns = ", ".join(f"result.decisions_{i}" for i in range(96))
    newest = rows(sortie, f"SELECT result.first_valid_timestamp, result.machine_id, {columns} FROM result JOIN (SELECT "
                          "machine_id, MAX(first_valid_timestamp) AS newest FROM result GROUP BY machine_id) AS last ON "
                          "result.machine_id = last.machine_id AND result.first_valid_timestamp = last.newest")
    return {int(str(id)): int(str(decisions[int((epoch_s(now) - int(str(first))) / 900)]))
            for first, id, *decisions in newest}


def test_the_first_command_engine_starts_a_cycle_in_the_quarter_it_was_placed_in(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(start=4)))
    quarters = [NOON + i * SLOT + timedelta(seconds=5) for i in range(HORIZON)]
    assert [i for i, now in enumerate(quarters) if first_command_engine(sortie, now)[101]] == [4]


def test_cycles_are_one_shot_and_tanks_recur(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(101, type=112), a_placement(102, type=131)))
    assert rows(sortie, "SELECT machine_id, result_type, machine_type, first_valid_timestamp FROM result ORDER BY machine_id") == [
        (101, 0, 112, FIRST * SLOT_S), (102, 1, 131, FIRST * SLOT_S)]


def test_curves_keep_the_last_forecast_of_each_quarter(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(start=0)))
    write_plan(sortie, evolve(a_plan(first_slot=FIRST + 1), balance_w=(500.0,) * HORIZON))
    assert rows(sortie, "SELECT power FROM p_c_without_flexible_consumption ORDER BY data_timestamp") == [(0,), *[(500,)] * 96]
    assert rows(sortie, "SELECT power FROM p_c_with_flexible_consumption ORDER BY data_timestamp")[:2] == [(-1000,), (500,)]


def test_a_run_is_told_with_its_worst_deficit_and_its_best_surplus_hour(sortie: Engine) -> None:
    balance = tuple(-800.0 if 8 <= t < 12 else 900.0 if 20 <= t < 24 else 0.0 for t in range(HORIZON))
    write_plan(sortie, evolve(a_plan(), balance_w=balance))
    assert rows(sortie, "SELECT * FROM ems_run_info") == [
        (FIRST * SLOT_S, 42, 0, (FIRST + 8) * SLOT_S, -800, (FIRST + 20) * SLOT_S, 900)]


def test_only_whole_clock_hours_are_told(sortie: Engine) -> None:
    balance = tuple(-800.0 if t < 3 else float(t) for t in range(HORIZON))      # the run begins at a quarter past
    write_plan(sortie, evolve(a_plan(first_slot=FIRST + 1), balance_w=balance))
    assert rows(sortie, "SELECT conso_min_hour_timestamp, conso_min_hour FROM ems_run_info") == [((FIRST + 4) * SLOT_S, 4)]


# -- ours -------------------------------------------------------------------------------------------------------------------


def test_a_plan_is_read_back_as_it_was_written(sortie: Engine) -> None:
    plan = a_plan(a_placement(101), a_placement(102, type=131))
    write_plan(sortie, plan)
    assert plan_in_force(sortie, NOON) == plan


def test_a_run_for_the_same_quarter_replaces_the_earlier_one_whole(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(101), a_placement(102)))
    for _ in range(2):
        write_plan(sortie, a_plan(a_placement(102, start=9)))
    assert plan_in_force(sortie, NOON) == a_plan(a_placement(102, start=9))
    assert rows(sortie, "SELECT machine_id FROM result") == [(102,)]


def test_runs_are_kept_one_beside_the_other(sortie: Engine) -> None:
    for i in range(3):
        write_plan(sortie, a_plan(a_placement(), first_slot=FIRST + i))
    assert rows(sortie, "SELECT COUNT(*) FROM result") == [(3,)]


def test_a_plan_that_cannot_be_written_leaves_the_earlier_one(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(101)))
    twice = a_plan(a_placement(102), a_placement(102))
    with pytest.raises(Exception, match=r"(?i)unique"):
        write_plan(sortie, twice)
    assert plan_in_force(sortie, NOON) == a_plan(a_placement(101))


def test_the_plan_in_force_is_the_latest_that_has_begun(sortie: Engine) -> None:
    for i in (0, 1, 2):
        write_plan(sortie, a_plan(a_placement(start=i), first_slot=FIRST + i))
    found = [decisions_in_force(sortie, NOON + minutes(m)) for m in (-1, 0, 14, 15, 29, 30, 600)]
    assert [each and each.first_slot - FIRST for each in found] == [None, 0, 0, 1, 1, 2, 2]
    assert store.newest_plan(sortie) == a_plan(a_placement(start=2), first_slot=FIRST + 2)


def test_an_appliance_that_the_plan_in_force_leaves_out_has_no_decision(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(101)))
    write_plan(sortie, a_plan(first_slot=FIRST + 1))
    found = decisions_in_force(sortie, NOON + SLOT)
    assert found is not None
    assert found.at(101, NOON + SLOT) is None


def test_a_decision_is_found_by_the_quarter_that_now_falls_in(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(start=4)))
    found = decisions_in_force(sortie, NOON)
    assert found is not None
    assert [found.at(101, NOON + minutes(m)) for m in (59.9, 60, 74.9, 75, 24 * 60)] == [0, 1, 1, 0, None]


def test_rows_that_another_program_wrote_are_read_as_well(sortie: Engine) -> None:
    names = ", ".join(f"decisions_{i}" for i in range(96))
    ones = ", ".join("1" * 96)
    with sortie.begin() as connection:
        connection.execute(text(f"INSERT INTO result (first_valid_timestamp, machine_id, result_type, machine_type, {names}) "
                                f"VALUES ({FIRST * SLOT_S}, 7, 0, 131, {ones})"))
    found = decisions_in_force(sortie, NOON)
    assert found is not None
    assert found.at(7, NOON) == 1
    assert plan_in_force(sortie, NOON) is None          # of which we can tell nothing more


def test_what_was_allowed_is_what_each_quarters_own_run_said(sortie: Engine) -> None:
    for i, start in itertools.product((0, 1, 2), (0,)):
        write_plan(sortie, a_plan(a_placement(101, start), a_placement(102, start=i), first_slot=FIRST + i))
    assert store.allowed_slots(sortie, FIRST, FIRST + 2) == {101: {FIRST, FIRST + 1}, 102: {FIRST}}
    assert slot_start(FIRST) == NOON


# -- two runs that overlap ----------------------------------------------------------------------------------------------------


def meanwhile(sortie: Engine, in_front_of: str, happens: Callable[[], None]) -> None:
    """Something happens once, in front of the first statement that contains some words."""
    done = threading.Event()

    @event.listens_for(sortie, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if in_front_of in statement and not done.is_set():
            done.set()
            happens()


ONE, OTHER = a_plan(a_placement(101), a_placement(102)), evolve(a_plan(a_placement(103, start=9)), imported_wh=99.0)


@pytest.mark.parametrize("read", [plan_in_force, lambda sortie, _now: store.newest_plan(sortie)])
def test_f9_who_reads_while_a_run_is_written_reads_one_whole_plan(sortie: Engine, read: Callable[[Engine, datetime], Plan]) -> None:
    write_plan(sortie, ONE)
    meanwhile(sortie, "FROM result", lambda: write_plan(sortie, OTHER))
    assert read(sortie, NOON) in (ONE, OTHER)
    assert read(sortie, NOON) == OTHER


def test_f9_the_engine_reads_one_whole_plan_too(sortie: Engine) -> None:
    pausing = evolve(a_placement(101), pauses=True)
    write_plan(sortie, a_plan(pausing, a_placement(102)))
    meanwhile(sortie, "setpoint", lambda: write_plan(sortie, OTHER))
    found = decisions_in_force(sortie, NOON)
    assert found is not None
    assert set(found.by_appliance) in ({101, 102}, {103})
    assert found.by_appliance.get(101) in (None, tuple(int(power > 0) for power in pausing.power_w))


def test_f9_of_two_runs_that_overlap_the_later_one_stands_whole(sortie: Engine) -> None:
    write_plan(sortie, ONE)
    failed: list[Exception] = []

    def writes_too() -> None:
        try:
            write_plan(sortie, evolve(OTHER, placements=(*OTHER.placements, *ONE.placements)))
        except Exception as error:  # noqa: BLE001
            failed.append(error)
    second = threading.Thread(target=writes_too)

    def begins() -> None:
        second.start()
        second.join(0.2)
    meanwhile(sortie, "INSERT INTO result", begins)
    write_plan(sortie, ONE)
    second.join(30)
    assert not failed
    assert plan_in_force(sortie, NOON) == evolve(OTHER, placements=(*ONE.placements, *OTHER.placements))


def test_f9_a_run_that_comes_late_leaves_what_is_told_of_a_newer_one(sortie: Engine) -> None:
    why = Why("à 13 h", (1.0,) * HORIZON)
    newer = evolve(a_plan(evolve(a_placement(101), why=why), first_slot=FIRST + 1), balance_w=(500.0,) * HORIZON)
    write_plan(sortie, newer)
    write_plan(sortie, ONE)
    assert store.newest_plan(sortie) == newer
    assert rows(sortie, "SELECT DISTINCT power FROM p_c_without_flexible_consumption") == [(500,)]


# -- what is old ---------------------------------------------------------------------------------------------------------------


def counts(sortie: Engine) -> dict[str, int]:
    """How many rows of each table there are."""
    every = {"result": store.RESULT, "placement": store.PLACEMENT, "setpoint": store.SETPOINT, "plan": store.PLAN}
    with sortie.connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(table)) or 0 for name, table in every.items()}


def test_old_plans_go_some_hours_at_a_time_and_how_they_were_made_stays(sortie: Engine) -> None:
    for n in range(60):
        write_plan(sortie, a_plan(a_placement(101), evolve(a_placement(102), pauses=True), first_slot=FIRST + n))
    assert store.prune(sortie, FIRST - 1) == 0
    assert [store.prune(sortie, FIRST + 50) for _ in range(4)] == [48, 48, 4, 0]
    assert counts(sortie) == {"result": 20, "placement": 20, "setpoint": 10, "plan": 60}
    assert rows(sortie, "SELECT min(first_valid_timestamp) FROM result") == [((FIRST + 50) * SLOT_S,)]


def test_the_newest_plan_stays_whatever_the_clock_says(sortie: Engine) -> None:
    write_plan(sortie, a_plan(a_placement(101), first_slot=FIRST))
    write_plan(sortie, a_plan(a_placement(102), first_slot=FIRST + 1))
    assert [store.prune(sortie, FIRST + 10**6) for _ in range(2)] == [1, 0]
    plan = store.newest_plan(sortie)
    assert plan is not None
    assert [each.appliance_id for each in plan.placements] == [102]


def test_of_nothing_nothing_is_old(sortie: Engine) -> None:
    assert store.prune(sortie, FIRST) == 0
