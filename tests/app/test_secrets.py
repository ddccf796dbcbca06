"""A secret stands in its own file and nowhere else: no log, no answer, no argument, no report, no database, no other file."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from elfe import settings
from elfe.app import brokering
from elfe.app.context import Context
from elfe.cli import app
from tests.app.test_privacy import cells
from tests.broker.test_accounts import Mosquitto, home  # noqa: F401 - a fixture
from tests.cli.test_cli import program

WORDS = (
    "devices provision inventory.csv --json", "devices provision inventory.csv --sql", "devices list --json",
    "broker accounts --json", "broker sync --json", "broker rotate D003 --json", "broker check --account D003 --json",
    "doctor", "db status --json", "participants leave R004 --dry-run", "participants leave R005 --yes", "broker rotate nobody",
)
DATABASE = "postgresql://elfe:ouvre-toi@127.0.0.1:1/bdd_coordination"


@pytest.mark.mosquitto
def test_a_brokers_secret_stands_in_its_own_file_and_nowhere_else(
        home: tuple[Context, Mosquitto], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    here, broker = home
    secrets = _secrets(here)
    caplog.set_level(logging.DEBUG)
    done = [CliRunner().invoke(app, ["--verbose", *each.split()]) for each in WORDS]
    secrets |= _secrets(here)
    assert len(secrets) > 10
    assert broker.process is not None
    shown = [*(f"{each.output} {each.exception!r}" for each in done), caplog.text, *(row for _, row in cells(here)),
             Path(f"/proc/{broker.process.pid}/cmdline").read_text(), *_files_beside_the_secrets(tmp_path)]
    assert [secret for secret in secrets for text in shown if secret in text] == []


def _secrets(here: Context) -> set[str]:
    kept = brokering.secrets_of(here)
    return {kept.get(name) or "" for name in kept.names()}


def _files_beside_the_secrets(folder: Path) -> Iterator[str]:
    for each in folder.rglob("*"):
        if each.is_file() and each.parent.name != "secrets":
            yield each.read_bytes().decode(errors="replace")


def test_a_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    kept = brokering.secrets_of(Context(settings.parse(f"data_dir = '{tmp_path}'", {})))
    kept.ensure("A001")
    assert [each.stat().st_mode & 0o777 for each in (kept.folder, kept.folder / "A001")] == [0o700, 0o600]


@pytest.mark.parametrize("words", ["doctor", "db status", "db create", "devices list", "--debug db upgrade"])
def test_the_password_of_a_database_is_never_told(words: str, tmp_path: Path) -> None:
    (tmp_path / "elfe.toml").write_text(f"[databases]\ncoordination = '{DATABASE}'\nhistory = '{DATABASE}'\n")
    done = program(tmp_path, *words.split())
    assert done.returncode != 0
    assert "127.0.0.1:1" in done.stdout + done.stderr
    assert "ouvre-toi" not in done.stdout + done.stderr


def test_no_command_takes_a_secret_as_an_argument() -> None:
    """Arguments are seen by everybody on the machine, and kept by the shell."""
    named = [f"{path} {each.name}" for path, command in _commands(typer.main.get_command(app), "elfe")
             for each in command.params if re.search("secret|passw|mot_de_passe|token|credential", str(each.name))]
    assert named == []


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from _commands(each, f"{path} {name}")
