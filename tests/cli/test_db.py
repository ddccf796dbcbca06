"""`elfe db status` and `elfe db upgrade`, as an operator types them on bases of an earlier version."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from elfe.cli import app
from elfe.coordination import queries

RELEASED = Path(__file__).parents[1] / "released" / "0.1.0"
NAMES = ("coordination", "sortie_ems", "history")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that name three bases of 0.1.0, which elfe may not make for itself."""
    for name in NAMES:
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            connection.executescript((RELEASED / f"{name}.sqlite.sql").read_text(encoding="utf-8"))
    urls = "\n".join(f'{name} = "sqlite:///{tmp_path}/{name}.db"' for name in NAMES)
    (tmp_path / "elfe.toml").write_text(f"data_dir = '{tmp_path}'\n[databases]\n{urls}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def elfe(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_an_older_base_is_refused_shown_and_upgraded(folder: Path) -> None:
    refused = elfe("devices", "list")
    assert refused.exception is not None
    assert "elfe db" in str(refused.exception)
    status = elfe("db", "status", "--json")
    assert status.exit_code == 1
    coordination = json.loads(status.stdout)["databases"][0]
    assert (coordination["revision"], coordination["newest"]) == (None, queries.VERSIONED.head)
    assert "0002 Hardware leaves its place with a reason." in coordination["lacks"]

    assert "coordination has from now on: 0002 Hardware leaves its place with a reason." in elfe("db", "upgrade").stdout
    assert elfe("db", "status").exit_code == 0
    assert elfe("db", "upgrade").stdout.startswith("Nothing to do")
    listed = json.loads(elfe("devices", "list", "--json").stdout)
    assert {each["point"]: each["hardware_id"] for each in listed}["A001"] == "B1C2D3"


def test_a_dry_run_upgrades_nothing(folder: Path) -> None:
    before = {name: (folder / f"{name}.db").read_bytes() for name in NAMES}
    told = elfe("db", "upgrade", "--dry-run").stdout
    assert "coordination lacks: 0002 Hardware leaves its place with a reason." in told
    for name in NAMES:
        with sqlite3.connect(folder / f"{name}.db") as connection, sqlite3.connect(":memory:") as was:
            was.deserialize(before[name])
            assert list(connection.iterdump()) == list(was.iterdump())


def test_an_embedded_base_of_an_earlier_version_is_brought_up_to_date_when_it_is_opened(folder: Path) -> None:
    (folder / "elfe.toml").write_text(f"data_dir = '{folder}'\n")
    assert elfe("devices", "list").exit_code == 0
    stands = json.loads(elfe("db", "status", "--json").stdout)["databases"][0]
    assert (stands["revision"], stands["lacks"]) == (queries.VERSIONED.head, [])
