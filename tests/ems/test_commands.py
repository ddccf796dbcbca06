"""`elfe ems run` and `elfe plan show`, on the embedded databases."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import highspy
import pytest
from typer.testing import CliRunner, Result

from benchmarks import proved
from elfe import clock
from elfe.app import plan_charts
from elfe.app.context import Context
from elfe.cli import app
from elfe.coordination.queries import declare
from elfe.coordination.values import ApplianceType, Mode
from elfe.ems.sources import Sources
from elfe.ems.values import Placement, Plan, Why
from elfe.settings import Settings
from elfe.slots import slot_start
from tests.ems.conftest import Territory
from tests.ems.test_gather import vehicle


@pytest.fixture
def territory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Territory:
    """The databases that a command finds in its folder, with a machine that is wanted in five hours."""
    monkeypatch.chdir(tmp_path)
    here = Context(Settings())
    made = Territory(Sources(here.coordination, here.sortie, here.history, here.settings.zone), here.history)
    made.machine(101, by=clock.now() + timedelta(hours=5))
    return made


def elfe(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result


def document(result: Result) -> dict[str, object]:
    """The one JSON document of a command."""
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_plan_is_made_and_shown(territory: Territory) -> None:
    made = document(elfe("ems", "run", "--json"))
    shown = document(elfe("plan", "show", "--json"))
    assert made["placements"] == shown["placements"]
    placement, = shown["placements"]  # type: ignore[misc]
    assert placement["appliance"] == 101
    assert placement["decisions"].index(1) == 0
    assert placement["source"] == "the default cycle of a washing machine"


def test_a_person_reads_what_runs_when_and_why(territory: Territory) -> None:
    elfe("ems", "run")
    words = " ".join(elfe("plan", "show").stdout.split())
    assert "appareil" in words
    assert "default" in words
    assert "imports" in words


def test_a_dry_run_leaves_no_plan(territory: Territory) -> None:
    assert document(elfe("ems", "run", "--dry-run", "--json"))["placements"]
    with pytest.raises(Exception, match="there is no plan yet"):
        elfe("plan", "show")


def test_why_an_appliance_stands_where_it_does_is_explained(territory: Territory) -> None:
    elfe("ems", "run")
    words = elfe("plan", "explain", "101").stdout
    assert words.startswith("101 appareil 101 R004: ")
    assert "chosen" in words
    said = document(elfe("plan", "explain", "appareil 101", "--json"))
    starts = said["starts"]
    assert len(starts) > 1  # type: ignore[arg-type]
    assert said["ways"] == []
    assert {"at", "imported_wh"} == set(starts[0])  # type: ignore[index]


def test_it_is_explained_in_french_with_the_ways_out_of_what_is_impossible(territory: Territory) -> None:
    told = elfe("declare", "101", "--by", f"{clock.now() + timedelta(minutes=50):%Y-%m-%dT%H:%M:%SZ}").stdout
    assert "Ce n'est pas possible tel quel" in told
    elfe("ems", "run")
    words = elfe("plan", "explain", "101", "--lang", "fr").stdout
    assert "tout de suite, et finit pourtant" in words
    assert "plutôt" in words
    assert "plutôt" in told


@pytest.mark.parametrize("file", ["model.lp", "model.mps"])
def test_the_model_is_written_for_any_solver_and_says_what_the_plan_says(territory: Territory, file: str) -> None:
    territory.tank(102)
    made = document(elfe("ems", "run", "--dry-run", "--json"))
    assert "2 loads" in elfe("ems", "model", file).stdout
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.readModel(file)
    solver.run()
    assert solver.getInfo().objective_function_value / 4 == pytest.approx(made["imported_wh"], abs=0.5)
    assert {"import0_0", "f0_0_once"} <= {solver.getRowName(n)[1] for n in range(solver.getNumRow())}


def test_the_bound_of_a_run_is_computed_again_from_its_model_and_its_prices_alone(
        territory: Territory, capsys: pytest.CaptureFixture[str]) -> None:
    territory.tank(102)
    territory.machine(103, by=clock.now() + timedelta(hours=9), type=ApplianceType.DISHWASHER)
    model, plan, made = Path("run.lp"), Path("plan.json"), elfe("ems", "run", "--model", "run.lp", "--json")
    told: dict[str, Any] = json.loads(made.stdout)
    plan.write_text(made.stdout, encoding="utf-8")
    assert told["imported_wh"] > 5000
    assert proved.proved_wh(model, told["prices"]) == pytest.approx(told["priced_bound_wh"], rel=1e-6)
    assert proved.main(model, plan) == 0
    plan.write_text(json.dumps(told | {"priced_bound_wh": told["priced_bound_wh"] + 10}), encoding="utf-8")
    assert proved.main(model, plan) == 1
    assert capsys.readouterr().out.endswith("THAT IS NOT SO\n")
    assert document(elfe("plan", "show", "--json"))["prices"] == told["prices"]


def test_what_each_household_has_given_and_received_is_shown(territory: Territory) -> None:
    assert "Nothing was placed yet" in elfe("plan", "accounts").stdout
    elfe("ems", "run")
    account, = document(elfe("plan", "accounts", "--json"))  # type: ignore[misc]
    assert account["participant"] == "R004"
    assert account["placed_wh"] > 500
    assert (account["local_wh"], account["gave"], account["weight"]) == (0.0, 0.0, 1.0)
    assert "R004" in elfe("plan", "accounts").stdout


def test_plans_are_drawn(territory: Territory, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    elfe("ems", "run")
    elfe("plan", "show", "--png", "plan.png")
    elfe("plan", "explain", "101", "--png", "why.png")
    for drawn in ("plan.png", "why.png"):
        assert (tmp_path / drawn).read_bytes().startswith(b"\x89PNG")


def test_the_start_that_was_chosen_is_seen_where_it_imports_nothing_and_so_is_where_it_cannot_start() -> None:
    pytest.importorskip("matplotlib")
    starts = (*(500.0,) * 10, 0.0, 200.0, *(None,) * 84)
    placed = Placement(101, 112, (0,) * 96, (*(0.0,) * 10, 900.0, *(0.0,) * 85), "its last cycle", "starts at 02:30",
                       why=Why("démarre à 02:30", starts))
    plan = Plan(1_900_000, slot_start(1_900_000), (placed,), (-5000.0,) * 96, "", "", 0.0, 0.0, 1)
    figure = plan_charts.explanation(plan, placed, "lave-linge R004", UTC)
    below = figure.axes[-1]
    chosen, = (each for each in below.lines if "chosen" in str(each.get_label()))
    assert chosen.get_xdata()[0] * 86_400 == slot_start(1_900_010).timestamp()
    cannot, = (each for each in below.patches if each.get_label() == "it cannot start then")
    assert list(cannot.get_data().values) == [0.0] * 12 + [1.0] * 84
    assert figure.axes[1].get_ylim()[1] < 2      # what it draws is seen beside a balance of any size


def test_what_a_battery_gives_hides_nothing_of_what_the_others_draw() -> None:
    pytest.importorskip("matplotlib")
    dishwasher = Placement(1, 111, (1, *(0,) * 95), (1000.0,) * 96, "", "")
    battery = Placement(2, 1, (0,) * 96, (-1500.0,) * 96, "", "")
    plan = Plan(1_900_000, slot_start(1_900_000), (dishwasher, battery), (0.0,) * 96, "", "", 0.0, 0.0, 1)
    below = plan_charts.overview(plan, {1: "lave-vaisselle", 2: "batterie"}).axes[-1]
    spans = {(min(heights), max(heights)) for each in below.collections for path in each.get_paths()
             for heights in [path.vertices[:, 1]] if max(heights) > min(heights)}
    assert spans == {(0.0, 1.0), (-1.5, 0.0)}


@pytest.mark.parametrize(("arguments", "told"), [
    (("explain", "101", "--lang", "de"), "not spoken here"),
    (("explain", "999"), "999"),
    (("explain", "102"), "is not in the newest plan: it is in mode 1"),
])
def test_what_cannot_be_explained_is_told(territory: Territory, arguments: tuple[str, ...], told: str) -> None:
    territory.machine(102, mode=Mode.MEASURED)
    elfe("ems", "run")
    with pytest.raises(Exception, match=told):
        elfe("plan", *arguments)


def test_a_battery_that_holds_what_is_wanted_is_told_when_it_is_declared_and_when_it_is_explained(territory: Territory) -> None:
    vehicle(territory, id=102, mode=Mode.MANUAL)
    by = f"{clock.now() + timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"
    assert "rien à charger" not in elfe("declare", "102", "--by", by, "--charge", "20", "--wanted", "80").stdout
    assert "rien à charger : sa batterie contient déjà" in elfe("declare", "102", "--charge", "80", "--wanted", "20").stdout
    elfe("ems", "run")
    with pytest.raises(Exception, match="its battery holds what is wanted"):
        elfe("plan", "explain", "102")


def test_what_is_declared_behind_the_newest_plan_is_told_to_be_in_the_next_one(territory: Territory) -> None:
    territory.machine(102, mode=Mode.MANUAL)
    elfe("ems", "run")
    declare(territory.coordination, 102, clock.now() + timedelta(hours=5), None, clock.now() + timedelta(seconds=2))
    with pytest.raises(Exception, match="lent after that was made, the next one holds it"):
        elfe("plan", "explain", "102")


def test_d3_a_plan_of_a_clock_that_ran_ahead_stands_in_nobodys_way(territory: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=3650))
    elfe("ems", "run")
    monkeypatch.setattr(clock, "now", lambda: now)
    made = document(elfe("ems", "run", "--json"))
    shown = document(elfe("plan", "show", "--json"))
    assert (shown["first_slot"], shown["placements"]) == (made["first_slot"], made["placements"])
    assert "chosen" in elfe("plan", "explain", "101").stdout
    booked, = json.loads(elfe("plan", "accounts", "--json").stdout)
    assert booked["placed_wh"] > 1500      # of both runs
    told = CliRunner().invoke(app, ["doctor", "--json"]).stdout
    plan, = [each for each in json.loads(told) if each["what"] == "plan"]
    assert plan["state"] == "warn"
    assert "ran ahead" in plan["says"]
