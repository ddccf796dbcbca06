"""`elfe devices`, `elfe declare` and `elfe db`, as an installer or an operator types them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from elfe import settings
from elfe.app.context import Context
from elfe.cli.db import app as db
from elfe.cli.declare import declare
from elfe.cli.devices import app as devices
from elfe.cli.participants import participants
from elfe.coordination import queries
from elfe.coordination.values import Mode
from elfe.errors import DeclarationError, InventoryError
from tests.coordination.conftest import A_TANK, A_WASHER, csv

Run = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path) -> Context:
    """A newcomer's context: everything embedded, in a folder of its own."""
    return Context(settings.parse(f"data_dir = '{tmp_path}'", {}))


@pytest.fixture
def run(here: Context) -> Run:
    """Run a command line; what it raises reaches the test, as it would reach the root that words it."""
    root = typer.Typer()
    root.add_typer(devices, name="devices")
    root.add_typer(db, name="db")
    root.add_typer(participants, name="participants")
    root.command()(declare)

    def _run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(root, [str(each) for each in arguments], obj=here, catch_exceptions=False)

    return _run


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A washing machine and a tank."""
    path = tmp_path / "inventaire.csv"
    path.write_text(csv(A_WASHER, A_TANK), encoding="utf-8")
    return path


def test_a_dry_run_shows_what_it_would_do_and_does_not_do_it(run: Run, here: Context, inventory: Path) -> None:
    shown = run("devices", "provision", inventory, "--dry-run")
    assert "+ R004  Lave-linge  A001" in shown.output
    assert "Fait" not in shown.output
    assert queries.appliances(here.coordination) == []


def test_an_inventory_is_provisioned_once(run: Run, here: Context, inventory: Path) -> None:
    assert "Fait : 2 appareils créés, 0 modifiés, 0 inchangés." in run("devices", "provision", inventory).output
    assert "Rien à faire" in run("devices", "provision", inventory).output
    assert len(queries.appliances(here.coordination)) == 2


def test_the_portals_identifiers_are_in_the_json(run: Run, here: Context, inventory: Path) -> None:
    told = json.loads(run("devices", "provision", inventory, "--json").output)
    assert [(each["name"], each["appliance_id"], each["power_series"]) for each in told["appliances"]] == [
        ("Lave-linge", 1, here.history.find("A001 puissance")), ("Ballon", 2, here.history.find("D001 puissance"))]
    assert told["applied"] is True


def test_a_bad_inventory_writes_nothing(run: Run, here: Context, inventory: Path) -> None:
    inventory.write_text(csv(A_WASHER, A_TANK.replace(";411;", ";7;")), encoding="utf-8")
    with pytest.raises(InventoryError, match="ligne 3, colonne « type_materiel »"):
        run("devices", "provision", inventory)
    assert queries.appliances(here.coordination) == []


def test_an_inventory_of_two_encodings_is_refused_with_its_first_bad_line(run: Run, inventory: Path) -> None:
    inventory.write_bytes(csv(A_TANK).encode() + "R004;;Sèche-linge\n".encode("latin-1") + "R004;;Été\n".encode())
    with pytest.raises(InventoryError, match="ligne 3 : un caractère n'est ni en UTF-8 ni en Windows-1252"):
        run("devices", "provision", inventory)


def test_one_home_is_installed_out_of_many(run: Run, here: Context, inventory: Path) -> None:
    run("devices", "provision", inventory, "--home", "R005", "--yes")
    assert {each.participant for each in queries.appliances(here.coordination)} == {"R005"}
    with pytest.raises(InventoryError, match="n'est du foyer R999"):
        run("devices", "provision", inventory, "--home", "R999")


def test_the_sql_is_told_and_nothing_is_written(run: Run, here: Context, inventory: Path) -> None:
    told = run("devices", "provision", inventory, "--sql").output
    assert told.count("BEGIN;") == told.count("COMMIT;") == 2
    assert "INSERT INTO bdd_coordination_schema.equipement_pilote_ballon_ecs" in told
    assert queries.appliances(here.coordination) == []


def test_devices_are_listed_with_their_appliance(run: Run, inventory: Path) -> None:
    assert "Aucun équipement n'est installé" in run("devices", "list").output
    run("devices", "provision", inventory)
    listed = json.loads(run("devices", "list", "--json").output)
    assert [(each["point"], each["participant"], each["appliance"]["name"]) for each in listed] == [
        ("A001", "R004", "Lave-linge"), ("D001", "R005", "Ballon")]
    assert "A001" in run("devices", "list").output


def test_a_declaration_is_confirmed_in_words(run: Run, here: Context, inventory: Path) -> None:
    run("devices", "provision", inventory)
    told = run("declare", "lave-linge r004", "--by", "18:00", "--lasts", "1h45").output
    assert told.startswith("Lave-linge R004 : déclaré, fini avant ")
    assert " 18:00, durée 1h45 (flexibilité n° 1)." in told
    assert queries.appliances(here.coordination)[0].mode == Mode.PILOTED


def test_a_declaration_answers_machines_in_json(run: Run, inventory: Path) -> None:
    run("devices", "provision", inventory)
    told = json.loads(run("declare", "ballon", "--json").output)
    assert (told["flexibility"], told["name"], told["deadline"]) == (1, "Ballon", None)


@pytest.mark.parametrize(("arguments", "told"), [
    (("frigo", "--by", "18:00"), "aucun appareil ne répond à « frigo »"),
    (("lave-linge",), "il faut une heure de fin"),
    (("lave-linge", "--by", "bientôt"), "« bientôt » n'est pas une heure de fin"),
    (("lave-linge", "--by", "18:00", "--lasts", "150"), "« 150 » n'est pas une durée"),
    (("ballon", "--by", "18:00"), "ni --by ni --lasts"),
])
def test_a_declaration_that_cannot_be_taken_says_what_would_be(
        run: Run, inventory: Path, arguments: tuple[str, ...], told: str) -> None:
    run("devices", "provision", inventory)
    with pytest.raises(DeclarationError, match=told):
        run("declare", *arguments)


def test_a_file_that_is_not_there_is_told_in_french(run: Run, tmp_path: Path) -> None:
    for wrong in (tmp_path / "absent.ods", tmp_path):
        with pytest.raises(InventoryError, match="aucun fichier de ce nom"):
            run("devices", "provision", wrong)


def test_an_old_file_does_not_bring_back_without_a_word_who_has_left(run: Run, inventory: Path) -> None:
    run("devices", "provision", inventory)
    run("participants", "leave", "r004", "--yes")
    again = run("devices", "provision", inventory, "--home", "r004", "--dry-run").output
    assert re.search(r"remarque : R004 est parti le \d\d/\d\d/\d{4}, ce fichier l'inscrit de nouveau", again)
    assert "est parti" not in run("devices", "provision", inventory, "--home", "R005", "--dry-run").output


def test_databases_are_created_blank_where_they_are_wanted(run: Run, tmp_path: Path) -> None:
    wanted = f"sqlite:///{tmp_path}/other.db"
    told = json.loads(run("db", "create", "--coordination", wanted, "--json").output)
    assert told["coordination"] == wanted
    engine = queries.open_coordination(wanted)
    assert queries.appliances(engine) == []
    engine.dispose()
