"""What a person before a command is told when the database does not do what it is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from elfe import cli, clock
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.devices.drivers import load
from tests.command.home import NOW
from tests.coordination.conftest import A_WASHER, MemoryHistory, csv

pytestmark = [pytest.mark.postgresql, pytest.mark.parametrize("coordination_url", ["postgresql"], indirect=True)]
LENDS = ("declare", "lave-linge R004", "--by", f"{clock.now() + timedelta(hours=8):%Y-%m-%dT%H:%M}", "--lasts", "1h")
Run = Callable[..., tuple[object, str]]


@pytest.fixture
def run(coordination_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The program as it is started, on a home with a washing machine: its exit code, and what it says of errors."""
    drivers, history = load(), MemoryHistory()
    coordination = queries.open_coordination(coordination_url)
    asked, problems = inventory.read(csv(A_WASHER), drivers)
    provisioning.apply(coordination, provisioning.prepare(coordination, asked, problems, history), drivers, history, NOW)
    coordination.dispose()
    config = tmp_path / "elfe.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n[databases]\ncoordination = "{coordination_url}"\n')
    monkeypatch.setattr(cli, "WAITS", timedelta(milliseconds=100))

    def _run(*words: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["elfe", "--config", str(config), *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, capfd.readouterr().err

    return _run


def test_a_row_that_another_program_holds_is_waited_for_a_while_and_told(run: Run, coordination_url: str) -> None:
    other = create_engine(coordination_url)
    with other.begin() as forgotten:
        forgotten.execute(text("SELECT id FROM bdd_coordination_schema.equipement_pilote_ou_mesure FOR UPDATE"))
        code, said = run(*LENDS)

    assert code == 75
    assert "another program holds what was to be changed" in said
    assert "pg_stat_activity" in said
    assert "Traceback" not in said
    assert run(*LENDS)[0] == 0
    other.dispose()


def test_what_the_database_does_not_do_is_one_sentence(run: Run, coordination_url: str) -> None:
    other = create_engine(coordination_url)
    with other.begin() as connection:
        connection.execute(text("ALTER TABLE elfe.flexibility RENAME COLUMN opened_at TO somewhere_else"))
    code, said = run(*LENDS)

    assert code == 75
    assert "elfe: the database did not do it (column" in said
    assert "what was not told as done is not written: try again" in said
    assert "Traceback" not in said
    other.dispose()
