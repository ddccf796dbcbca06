"""docs/simulation.md: its example runs as it is written, and its tables are what the program accepts."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from elfe.devices.drivers import load
from elfe.devices.mischief import KINDS, Mischief, parameters
from elfe.simulation import cast, series

GUIDE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[1]


def rows(heading):
    """The cells of the table under a heading."""
    section = GUIDE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("| \n").split("|")] for line in section.splitlines() if line.startswith("| `")]


@pytest.mark.mosquitto
def test_the_example_runs_as_it_is_written(mosquitto, tmp_path):
    (tmp_path / "devices.toml").write_text(block("toml"), encoding="utf-8")
    (tmp_path / "fridge.csv").write_text(block("csv"), encoding="utf-8")
    here, hurried = f"127.0.0.1:{mosquitto.port}", block("sh").replace("--speed 60", "--speed 900")
    elfe, *arguments = shlex.split(hurried.replace("127.0.0.1:1883", here))
    assert elfe == "elfe"
    done = subprocess.run([sys.executable, "-m", "elfe", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"26 devices on 24 connections: \d{3,} messages said", done.stderr)
    joined = set(re.findall(r"(\S+) +\+ joins", done.stdout))
    assert joined == {"A001", "A9", "B001", "B002", "D001", *(f"C{n:03}" for n in range(1, 21))}
    assert not re.search(r"\S+ +! away", done.stdout)


def test_the_table_of_keys_is_what_the_program_accepts():
    assert rows("What a device may say") == [[f"`{key}`", what] for key, (_, what) in cast.OF_A_DEVICE.items()]


def test_the_machines_are_those_that_there_are():
    assert " and ".join(f"`{name}`" for name in series.CYCLES) in GUIDE.replace("`, `", "` and `")


def test_the_table_of_mischief_has_every_kind_and_its_sentence():
    assert [row[:2] for row in rows("Misbehaviour")] == [[f"`{kind}`", Mischief(kind).sentence] for kind in KINDS]


@pytest.mark.parametrize("row", rows("Misbehaviour"), ids=lambda row: row[0])
def test_what_may_be_set_of_a_kind_is_written_with_its_defaults(row):
    kind, _, settable = [*row, ""][:3]
    text = f'[[device]]\ntype = 112\nid = "A001"\nmisbehaves = [{{kind = "{kind[1:-1]}", {settable.replace("`", "")}}}]\n'
    [part] = cast.read(text.replace(", }", "}"), load(), tuple(series.CYCLES)).parts
    assert part.misbehaves[0].given == parameters(kind[1:-1])
