"""`elfe devices provision --walk` and `elfe visits`, as they are typed: at a terminal, by a program, interrupted."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from elfe.app import visit as visits
from elfe.cli import app
from elfe.visit.values import How, Step
from tests.broker.test_accounts import INVENTORY
from tests.cli.test_cli import RUNNER, elfe
from tests.visit.people import hows, modes
from tests.visit.units import plugged_in, unit

pytestmark = pytest.mark.mosquitto
WALK = ("devices", "provision", "--home", "R006", "--walk")


class Phone:
    """The program on a real terminal of 40 columns."""

    def __init__(self, *words: str) -> None:
        self.screen, theirs = os.openpty()
        environment = {**os.environ, "COLUMNS": "40", "TERM": "dumb"}
        self.process = subprocess.Popen([sys.executable, "-m", "elfe", *words], stdin=theirs, stdout=theirs, stderr=theirs,
                                        env=environment, start_new_session=True)
        os.close(theirs)
        self.shown, self.read = "", 0

    def until(self, words: str, within_s: float = 60) -> None:
        """Read until it shows these words, after those that were waited for before."""
        give_up = time.monotonic() + within_s
        while words not in self.shown[self.read:]:
            assert time.monotonic() < give_up, self.shown
            if select.select([self.screen], [], [], 0.2)[0]:
                self.shown += os.read(self.screen, 4096).decode()
        self.read = self.shown.index(words, self.read) + len(words)

    def types(self, words: str) -> None:
        os.write(self.screen, f"{words}\n".encode())

    def stops(self, presses: int = 4) -> int:
        """Ctrl-C, as a person presses it: again where it was lost (CPython's `input` is deaf between its prompt and its read)."""
        for _ in range(presses):
            os.killpg(self.process.pid, signal.SIGINT)
            if self._is_over(within_s=15):
                break
        return self.process.wait(30)

    def ends(self, within_s: float = 120) -> int:
        assert self._is_over(within_s), self.shown
        return self.process.wait(30)

    def _is_over(self, within_s: float) -> bool:
        """Read until the terminal is closed with the program."""
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            if not select.select([self.screen], [], [], 0.2)[0]:
                continue
            try:
                said = os.read(self.screen, 4096)
            except OSError:
                return True
            if not said:
                return True
            self.shown += said.decode()
        return False


@contextmanager
def phone(*words: str) -> Iterator[Phone]:
    made = Phone(*words)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        os.close(made.screen)


def test_an_installer_is_led_on_a_phone(territory):
    here, _ = territory
    fresh = unit(411, "D003")
    with plugged_in(fresh), phone(*WALK, "--who", "Anne") as anne:
        anne.until("Adresse")
        anne.types("pas une adresse")
        anne.until("« pas une adresse » n'est pas une")
        anne.until("Adresse")
        anne.types(fresh.address)
        anne.until("Oui ?")
        anne.types("oui")
        anne.until("branchez une")
        fresh.draws_w = 60.0
        assert anne.ends() == 0

    ticks = re.findall(r"✔ ([^:\r]*[^:\s\r])", anne.shown)
    assert ticks == ["compte et réglages du broker", "vu sur le broker", "réglé et relu", "version", "marche", "mesure", "arrêt",
                     "remis en service"]
    assert [line for line in anne.shown.splitlines() if len(line) > 40 and "elfe-data" not in line
            and not line.startswith("Adresse")] == []
    assert modes(here, "R006") == [20]


def test_ctrl_c_leaves_all_resumable_and_says_how_in_one_sentence(territory):
    here, _ = territory
    fresh = unit(411, "D003")
    with plugged_in(fresh):
        with phone(*WALK, "--at", f"D003={fresh.address}") as anne:
            anne.until("Oui ?")
            anne.types("o")
            anne.until("branchez une")
            os.killpg(anne.process.pid, signal.SIGINT)
            code = anne.ends()
        assert (code, anne.shown.count("La même commande reprend la visite")) == (130, 1)
        assert hows(visits.find(here, "R006"))[Step.MEASURED] is How.BEGUN
        fresh.draws_w = 60.0
        assert RUNNER.invoke(app, [*WALK, "--yes"], catch_exceptions=False).exit_code == 75      # what runs is not switched
        with phone(*WALK) as anne:
            anne.until("Oui ?")
            anne.types("o")
            assert anne.ends() == 0


def test_ctrl_c_at_a_question_is_no_answer(territory):
    here, _ = territory
    with phone(*WALK) as anne:
        anne.until("Adresse")
        assert anne.stops() == 130
    assert (modes(here, "R006"), "La même commande reprend" in anne.shown) == ([10], True)


def test_a_home_of_an_inventory_is_installed_and_visited_in_one_go_and_undone_as_a_whole(territory, tmp_path):
    here, _ = territory
    (tmp_path / "new.csv").write_text(INVENTORY + "R009;Lave-linge;lave_linge;120;D009;11;411;;2h\n")
    done = RUNNER.invoke(app, ["devices", "provision", "new.csv", "--home", "R009", "--walk", "--yes", "--json", "--wait", "1"],
                         catch_exceptions=False)
    visit = json.loads(done.stdout)
    assert (done.exit_code, [device["point"] for device in visit["devices"]], modes(here, "R009")) == (75, ["D009"], [10])
    assert "D009" in elfe("broker", "accounts")

    undone = json.loads(elfe("visits", "undo", "R009", "--yes", "--json"))

    assert (undone["stage"], modes(here, "R009")) == ("undone", [80])
    assert "D009" not in elfe("broker", "accounts")
    assert "Aucune visite ouverte." in elfe("visits")


@pytest.mark.parametrize("suffix", ["pdf", "html"])
def test_the_report_of_the_last_visit_is_written_on_demand(territory, tmp_path, suffix):
    elfe(*WALK, "--prepare", "--who", "Anne Martin")
    elfe("visits", "report", "R006", "--out", f"r.{suffix}")
    text = (tmp_path / f"r.{suffix}").read_bytes().decode("cp1252" if suffix == "pdf" else "utf-8")
    assert all(words in text for words in ("R006", "Anne Martin", "Sèche-linge", "vu sur le broker"))


@pytest.mark.parametrize(("words", "says"), [
    (("devices", "provision", "--walk"), "--home R004"),
    (("devices", "provision"), "quel inventaire"),
    (("devices", "provision", "--home", "R099", "--walk"), "aucun équipement chez R099"),
    (("devices", "provision", "--home", "R006", "--walk", "--point", "A001"), "aucun équipement au point A001"),
    ((*WALK, "--at", "D003"), "POINT=ADRESSE"),
    ((*WALK, "--at", "D003=http://admin:secret@10.0.0.1/x"), "n'est pas une adresse"),
    (("visits", "close", "R006"), "aucune visite de R006"),
    (("visits", "undo", "R006"), "aucune visite de R006 n'est ouverte"),
    (("visits", "report", "../R006"), "aucune visite|référence d'un foyer"),
])
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(territory, words, says):
    here, _ = territory
    done = RUNNER.invoke(app, list(words))
    assert re.search(says, str(done.exception))
    assert modes(here, "R006") == [20]
