"""How commands print on a phone, and how they ask in French."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from elfe.cli import show

COLUMNS = ("point", "équipement", "id matériel", "appareil", "présence", "firmware")
ROW = ("D024", "Relais mesureur encastré, gén. 3", "A8032AB12347", "Radiateur salon (n° 6)", "[red]se tait[/]", "")


def printed(monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    out = StringIO()
    monkeypatch.setattr(show, "console", lambda: Console(file=out, width=width))
    show.table(COLUMNS, [ROW], "rien", marked=True)
    return out.getvalue()


def test_a_table_that_a_phone_cannot_hold_is_told_row_by_row(monkeypatch):
    lines = [each.rstrip() for each in printed(monkeypatch, 40).splitlines()]
    assert lines == ["point : D024", "  équipement : Relais mesureur encastré,", "gén. 3", "  id matériel : A8032AB12347",
                     "  appareil : Radiateur salon (n° 6)", "  présence : se tait"]


def test_a_table_that_fits_is_a_table(monkeypatch):
    heading, _, row = printed(monkeypatch, 130).splitlines()[1:4]
    assert heading.split("  ")[0].strip() == "point"
    assert "D024" in row
    assert "se tait" in row


@pytest.mark.parametrize("width", [20, 130])
def test_a_bracket_in_a_cell_is_a_bracket(monkeypatch, width):
    out = StringIO()
    monkeypatch.setattr(show, "console", lambda: Console(file=out, width=width))
    show.table(COLUMNS, [("[sources.A]", *ROW[1:4], "[/]", "")], "rien")
    assert "[sources.A]" in out.getvalue()
    assert "[/]" in out.getvalue()


def asked(answer: str) -> tuple[int, str]:
    app = typer.Typer()

    @app.command()
    def _() -> None:
        show.agreed("Appliquer ?")
        typer.echo("fait")

    seen = CliRunner().invoke(app, input=f"{answer}\n")
    return seen.exit_code, seen.output


@pytest.mark.parametrize("answer", ["o", "oui", "Oui ", "y"])
def test_a_question_hears_a_french_yes(answer):
    code, said = asked(answer)
    assert code == 0
    assert said.startswith("Appliquer ? [o/N]")
    assert said.endswith("fait\n")


@pytest.mark.parametrize("answer", ["", "n", "non", "peut-être"])
def test_whatever_else_changes_nothing(answer):
    code, said = asked(answer)
    assert code == 1
    assert said.endswith("Rien n'a été fait.\n")


def test_a_phone_shows_the_whole_of_every_option():
    told = subprocess.run([sys.executable, "-m", "elfe", "devices", "provision", "--help"], capture_output=True, text=True,
                          check=True, env={**os.environ, "COLUMNS": "40"}).stdout
    assert max(map(len, told.splitlines())) <= 40
    assert {"--dry-run", "--prepare", "docs/inventory.md."} <= set(told.split())
    assert "…" not in told
