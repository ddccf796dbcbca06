"""`elfe screen wifi` on a real pseudo-terminal, at whose other end a simulated screen listens."""

from __future__ import annotations

import json
import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from elfe.broker import serial
from elfe.broker.serial import CableError, Patience
from elfe.cli import app
from elfe.command.leadership import Leadership
from elfe.coordination import queries
from elfe.devices.drivers import load
from elfe.errors import ElfeError
from elfe.screens.words import UNDRIVEN

SCREEN = 711
RUNNER = CliRunner()
QUICK = Patience(attempts=3, quiet_s=0.1, settles_s=1.0, answers_s=0.5)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, and an impatient installer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serial, "PATIENCE", QUICK)


@pytest.fixture
def twin():
    pytest.importorskip("elfe_openhasp", reason="the plugins are not installed")
    driver = load()[SCREEN]
    return driver.simulate(driver.device("G002"), 1)


@contextmanager
def plugged_in(twin, deaf_to: int = 0) -> Iterator[str]:
    """The twin's console on a port; it does not hear the first `deaf_to` lines that are not empty."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    missed = iter(range(deaf_to))

    def live() -> None:
        with open(ours, "rb", buffering=0, closefd=False) as listening:
            try:
                for line in iter(listening.readline, b""):
                    typed = line.decode("ascii").rstrip("\n")
                    if not typed or next(missed, None) is None:
                        os.write(ours, twin.type_line(typed).encode())
            except OSError:      # the other end is closed
                return

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join(timeout=5)
        os.close(ours)


def wifi(*words: str, password: str = ""):
    return RUNNER.invoke(app, ["screen", "wifi", *words], input=f"{password}\n")


def test_a_screen_is_given_its_wifi(twin):
    with plugged_in(twin) as port:
        done = wifi("--ssid", "Livebox-1234", "--port", port, password='clé "Wi-Fi"')

    assert (done.exit_code, done.exception) == (0, None)
    assert done.stdout == "L'écran a redémarré avec le réseau Livebox-1234 (1 envoi).\n"
    assert twin.in_force == {"ssid": "Livebox-1234", "pass": 'clé "Wi-Fi"'}
    assert "clé" not in done.output


def test_a_screen_that_was_busy_is_told_again(twin):
    with plugged_in(twin, deaf_to=1) as port:
        done = wifi("--ssid", "Livebox-1234", "--port", port, password="secret")

    assert done.stdout == "L'écran a redémarré avec le réseau Livebox-1234 (2 envois).\n"
    assert (twin.boots, twin.in_force["pass"]) == (1, "secret")


def test_a_screen_forgets_its_wifi(twin):
    with plugged_in(twin) as port:
        done = wifi("--reset", "--port", port)

    assert done.stdout == "L'écran a redémarré sans réseau (1 envoi).\n"
    assert twin.in_force == {"ssid": "", "pass": ""}


def test_a_screen_that_does_not_restart_is_told_in_french(twin):
    with plugged_in(twin, deaf_to=9) as port:
        done = wifi("--ssid", "Livebox-1234", "--port", port, password="secret")

    assert isinstance(done.exception, CableError)
    assert "n'a pas redémarré après 3 envois" in str(done.exception)
    assert twin.in_force == {}


def test_a_dry_run_shows_what_would_be_typed_and_asks_no_password(twin):
    done = wifi("--ssid", "Livebox-1234", "--dry-run")

    assert done.stdout == '["ssid=Livebox-1234", "pass=(mot de passe)", "reboot"]\n'


def test_without_a_screen_it_says_what_to_check(twin, monkeypatch):
    monkeypatch.setattr(serial.list_ports, "comports", lambda: [])
    done = wifi("--ssid", "Livebox-1234", password="secret")

    assert str(done.exception).startswith("aucun écran trouvé : branchez-le avec un câble USB de données")


@pytest.mark.parametrize("words", [(), ("--ssid", "Livebox-1234", "--reset")])
def test_either_a_network_or_none_is_asked_for(words):
    done = wifi(*words)

    assert done.exit_code == 2


def test_a_name_that_no_screen_can_keep_is_refused_before_anything_is_typed(twin):
    done = wifi("--ssid", "x" * 32, "--port", "/dev/null", password="secret")

    assert str(done.exception) == "ssid : l'écran n'en retient que 31 octets, en voici 32"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a screen, on the embedded databases."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homes.csv").write_text(
        "participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle\n"
        "R004;r004@example.org;Lave-linge;lave_linge;120;A001;11;111;A8BC25;2h30\n"
        "R004;;Lave-linge;;;G002;71;711;;\n")
    assert CliRunner().invoke(app, ["devices", "provision", "homes.csv"]).exit_code == 0
    return tmp_path


def test_what_a_home_sees_is_told_and_drawn(home):
    engine = Leadership(queries.open_coordination(f"sqlite:///{home}/elfe-data/coordination.db"))
    assert engine.held()
    told = CliRunner().invoke(app, ["screen", "show", "r004", "--page", "3", "--svg", "page.svg", "--json"]).stdout
    engine.release()
    alone = CliRunner().invoke(app, ["screen", "show", "r004", "--json"]).stdout

    assert json.loads(told)["pages"] == [
        {"page": 3, "name": "Lave-linge", "lent": False, "status": "Non piloté : tournez les chiffres, puis Piloté", "of": 1}]
    assert UNDRIVEN in [each["status"] for each in json.loads(alone)["pages"]]
    assert "Lave-linge" in (home / "page.svg").read_text(encoding="utf-8")


def test_where_another_engine_drives_the_homes_nobody_is_told_that_none_does(home):
    (home / "elfe.toml").write_text('[screens]\nengine = "other"\n')
    told = CliRunner().invoke(app, ["screen", "show", "r004", "--json"]).stdout

    assert [each["status"] for each in json.loads(told)["pages"]] == ["Non piloté : tournez les chiffres, puis Piloté"]


def test_a_home_without_a_screen_is_told_so(home):
    refused = CliRunner().invoke(app, ["screen", "show", "R999"])
    assert isinstance(refused.exception, ElfeError)
    assert "R999 n'a pas d'écran" in str(refused.exception)


def test_the_layout_in_force_is_printed_and_a_wrong_one_is_refused(home):
    printed = CliRunner().invoke(app, ["screen", "layout"]).stdout
    (home / "elfe.toml").write_text('[screens]\nlayout = "screens.toml"\n')
    assert "there is no layout screens.toml" in str(CliRunner().invoke(app, ["screen", "layout"]).exception)

    (home / "screens.toml").write_text(printed.replace("number = 6", "number = 5"))
    assert "page 5 is described 2 times" in str(CliRunner().invoke(app, ["screen", "layout"]).exception)
    (home / "screens.toml").write_text(printed)
    assert CliRunner().invoke(app, ["screen", "layout"]).stdout == printed
