"""The command line as its users type it, on the embedded default, in an empty folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elfe.app.demo import sample_inventory
from elfe.cli import app
from elfe.history.spool import Spool

ROOT = Path(__file__).parents[2]
RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder, with an inventory in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.csv").write_text(sample_inventory())
    return tmp_path


def elfe(*words: str) -> str:
    done = RUNNER.invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program itself, with its exit code and its standard error."""
    return subprocess.run([sys.executable, "-m", "elfe", *words], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=60)


def test_a_newcomers_first_steps(folder):
    elfe("devices", "provision", "inventory.csv", "--dry-run")
    assert json.loads(elfe("devices", "list", "--json")) == []
    elfe("devices", "provision", "inventory.csv", "--yes")
    declared = json.loads(elfe("declare", "lave-linge R004", "--by", "23:59", "--lasts", "1h", "--json"))
    planned = json.loads(elfe("ems", "run", "--json"))

    assert [each["appliance"] for each in planned["placements"]] == [declared["appliance_id"]]
    assert len(json.loads(elfe("devices", "list", "--json"))) == 54
    assert json.loads(elfe("plan", "show", "--json"))["placements"] == planned["placements"]
    assert json.loads(elfe("orders", "list", "--json")) == []
    assert {each["name"] for each in json.loads(elfe("plugins", "--json"))} >= {"shelly_gen1", "shelly_gen2", "tasmota"}
    told = elfe("plugins")
    assert "111 Shelly Plug S, A003" in told
    assert "1212 xKy TIC Wi-Fi reader, X003" in told


def test_provisioning_again_changes_nothing(folder):
    elfe("devices", "provision", "inventory.csv", "--yes")
    before = elfe("devices", "list", "--json")
    elfe("devices", "provision", "inventory.csv", "--yes")

    assert elfe("devices", "list", "--json") == before


@pytest.mark.parametrize(("words", "says"), [
    (["declare", "lave-linge R999", "--by", "18:00"], "R999"),
    (["plan", "show"], "elfe ems run"),
    (["history", "show", "Z9 puissance"], "elfe history list"),
    (["devices", "provision", "inventory.csv", "--yes"], "ligne 2"),
])
def test_a_mistake_is_one_sentence_and_exit_code_1(folder, words, says):
    (folder / "inventory.csv").write_text(sample_inventory().replace("lave_linge", "lave_lunge", 1))
    done = program(folder, *words)

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("settings", "says"), [
    ("[broker]\nhots = 'x'\n", "line 2: broker.hots"),
    ("[plugins]\nenabled = ['tasmotta']\n", "tasmotta"),
    ("[plugins.tasmota]\nperiod = 3\n", "line 2: plugins.tasmota.period"),
    ("[databases]\ncoordination = 'postgresql://nobody@127.0.0.1:1/none'\n", "does not answer"),
])
def test_a_wrong_set_up_starts_nothing_and_exits_with_78(folder, settings, says):
    (folder / "elfe.toml").write_text(settings)
    done = program(folder, "up")

    assert done.returncode == 78
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disabled_plugin_leaves_the_rest_working(folder):
    (folder / "elfe.toml").write_text("[plugins]\ndisabled = ['tasmota']\n")
    listed = {each["name"]: each["state"] for each in json.loads(elfe("plugins", "--json"))}

    assert listed["tasmota"] == "disabled"
    assert listed["shelly_gen1"] == "enabled"


def test_the_doctor_says_what_to_do_next(folder):
    done = RUNNER.invoke(app, ["doctor", "--json"])
    found = {each["what"]: each for each in json.loads(done.stdout)}

    assert done.exit_code == 1
    assert found["broker"]["state"] == "fail"
    assert "elfe up" in found["broker"]["says"]
    assert found["plugins"]["state"] == "ok"
    assert found["readings"]["says"] == "none"


def test_the_doctor_tells_what_waits_on_disk_and_what_was_lost(folder):
    data = Path("elfe-data")
    data.mkdir(exist_ok=True)
    spool = Spool(str(data / "spool.db"), room=3)
    spool.put([("D101 puissance", "W", n, 1.0) for n in range(5)])
    spool.close()
    found = {each["what"]: each for each in json.loads(RUNNER.invoke(app, ["doctor", "--json"]).stdout)}
    assert found["readings"] == {"what": "readings", "state": "warn", "says": "3 wait on disk, 2 lost; is the history away?"}


def test_every_command_of_the_readme_exists():
    commands = re.findall(r"^elfe ([a-z]+(?: [a-z]+)?)", (ROOT / "README.md").read_text(), re.MULTILINE)

    for command in commands:
        words = [word for word in command.split() if word not in {"inventory"}]
        assert RUNNER.invoke(app, [*words, "--help"]).exit_code == 0, command
    assert len(commands) >= 8
