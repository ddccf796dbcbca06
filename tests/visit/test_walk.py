"""A home led through its visit: real web pages, a real mosquitto that knows its accounts."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from elfe import clock
from elfe.app import brokering, visit_report
from elfe.app import visit as visits
from elfe.app.visit_walk import Walk
from elfe.broker import serial
from elfe.broker.check import Probe
from elfe.coordination import queries
from elfe.coordination.values import Mode
from elfe.errors import VisitError
from elfe.visit.steps import owed
from elfe.visit.values import How, Stage, Step
from tests.broker.test_accounts import INVENTORY, ground, provision
from tests.brokers import until
from tests.cli.test_screen import plugged_in as cable_to
from tests.visit.people import QUICK, SHORT, Installer, hows, modes
from tests.visit.units import plugged_in, unit

pytestmark = pytest.mark.mosquitto


@pytest.mark.parametrize(("point", "reference", "type_id", "hardware_id", "runs"), [
    ("A001", "R004", 111, "A8BC25", "1.14.0"), ("A002", "R005", 112, "", "12.1.1(tasmota)"), ("D003", "R006", 411, "", "1.4.4")])
def test_a_unit_out_of_its_box_is_led_set_tried_and_left_in_service(territory, point, reference, type_id, hardware_id, runs):
    here, _ = territory
    fresh = unit(type_id, point, hardware_id)
    anne = Installer({point: fresh})
    with plugged_in(fresh):
        visit = visits.begin(here, reference, "Anne", clock.now())
        assert modes(here, reference) == [10]
        visit = Walk(here, visit, anne, clock.now, patience=QUICK).walk()

    assert (owed(visit), visit.stage) == ([], Stage.ENDED)
    assert set(hows(visit).values()) == {How.DONE}
    assert (fresh.twin.outputs, modes(here, reference), visit.spots[0].firmware) == ({0: True}, [20], runs)
    assert anne.asked == [f"Allumer puis couper « {visit.spots[0].appliance} » ?"]


def test_nothing_is_switched_without_a_yes(territory):
    here, _ = territory
    fresh = unit(411, "D003", draws_w=60.0)
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R006", "Anne", clock.now()), Installer({"D003": fresh}, answers=False), clock.now,
                     patience=QUICK).walk()

    assert [step for step, how in hows(visit).items() if how is How.SKIPPED] == [Step.ON, Step.OFF, Step.SERVED]
    assert not any(b"Switch.Set\"" in message.payload for message in fresh.heard)
    assert visit.stage is Stage.ENDED


def test_who_stops_while_it_is_off_leaves_it_on(territory):
    here, _ = territory
    fresh = unit(411, "D003", draws_w=60.0)

    class Hasty(Installer):
        def ticked(self, spot, step, tick):
            if step is Step.OFF:
                raise KeyboardInterrupt

    with plugged_in(fresh):
        with pytest.raises(KeyboardInterrupt):
            Walk(here, visits.begin(here, "R006", "Anne", clock.now()), Hasty({"D003": fresh}), clock.now, patience=QUICK).walk()
        assert fresh.twin.outputs == {0: True}
    assert hows(visits.find(here, "R006"))[Step.SERVED] is How.DONE


def test_what_runs_is_never_switched_on_a_programs_word(territory):
    here, _ = territory
    fresh, program = unit(411, "D003", draws_w=1500.0), Installer(is_there=False)
    program.units["D003"] = fresh
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R006", "cron", clock.now()), program, clock.now, patience=QUICK).walk()

    assert (hows(visit)[Step.ON], hows(visit)[Step.MEASURED]) == (How.OPEN, How.DONE)
    assert "consomme 1500 W" in visit.spots[0].ticks[Step.ON].says
    assert (visit.stage, modes(here, "R006"), program.asked) == (Stage.WALKING, [10], [])


def test_an_appliance_that_is_declared_is_not_visited_and_nothing_changes(territory):
    here, _ = territory
    queries.declare(here.coordination, 1, clock.now() + timedelta(hours=3), None, clock.now())
    with pytest.raises(VisitError, match="un cycle est déclaré"):
        visits.begin(here, "R004", "Anne", clock.now())
    assert (modes(here, "R004"), visits.open_visits(here)) == ([Mode.PILOTED], [])


def test_a_unit_that_is_typed_by_hand_is_shown_its_secret_and_nobody_else_is(territory):
    here, _ = territory
    fresh = unit(411, "D003")

    def hands(sheet):      # a browser on the unit's network
        return all(fresh.get(path) for path in sheet.paths)

    anne = Installer({"D003": fresh}, hands=hands)
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R006", "Anne", clock.now()), anne, clock.now, patience=SHORT).walk()
    assert (hows(visit)[Step.LEAD], visit.spots[0].ticks[Step.LEAD].says) == (How.DONE, "saisi à la main")
    assert anne.sheets[0].secret == brokering.secrets_of(here).get("D003")
    assert anne.sheets[0].secret not in repr(anne.sheets[0])


def test_the_wi_fi_of_the_home_is_given_last_and_its_password_is_nowhere(territory, tmp_path):
    here, _ = territory
    fresh = unit(111, "A001", "A8BC25")
    anne = Installer({"A001": fresh}, password="mot de passe du foyer")
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R004", "Anne", clock.now()), anne, clock.now, wifi="Livebox 12",
                     patience=QUICK).walk()
    assert visit.stage is Stage.ENDED
    assert fresh.twin.web.settings["wifi_sta"]["ssid"] == "Livebox 12"
    assert fresh.twin.web.secrets["key"] == "mot de passe du foyer"
    assert [file for file in tmp_path.rglob("*") if file.is_file() and b"mot de passe du foyer" in file.read_bytes()] == []


def test_a_screen_is_led_over_its_cable(territory, tmp_path, monkeypatch):
    here, _ = territory
    monkeypatch.setattr(serial, "PATIENCE", serial.Patience(attempts=3, quiet_s=0.1, settles_s=1.0, answers_s=0.5))
    provision(tmp_path, INVENTORY + "R004;Lave-linge;lave_linge;120;G001;71;711;;\n")
    driver = here.drivers[711]
    screen = driver.simulate(driver.device("G001"), 1)
    with cable_to(screen) as port:
        visit = Walk(here, visits.begin(here, "R004", "Anne", clock.now(), ["G001"]), Installer(cable=port), clock.now,
                     patience=SHORT).walk()
    assert visit.spots[0].ticks[Step.LEAD].says == "saisi par le câble (1 envoi)"
    assert (screen.in_force["mqttuser"], screen.in_force["mqttpass"]) == ("G001", brokering.secrets_of(here).get("G001"))


def test_another_unit_at_the_address_is_told_nothing(territory):
    here, _ = territory
    other = unit(411, "D003")
    with plugged_in(other):
        visit = Walk(here, visits.begin(here, "R004", "Anne", clock.now()), Installer({"A001": other}), clock.now,
                     patience=SHORT).walk()
    assert (hows(visit)[Step.SET], hows(visit)[Step.LEAD]) == (How.OPEN, How.OPEN)
    assert "rien ne lui est envoyé" in visit.spots[0].ticks[Step.LEAD].says
    assert set(other.asked) == {"/settings"}


def test_a_unit_that_reads_back_something_else_is_told_by_what_differs(territory):
    here, _ = territory
    fresh = unit(111, "A001", "A8BC25")
    fresh.twin.web.model = "SHPLG-2"
    fresh.twin.web.settings["device"]["type"] = "SHPLG-2"
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R004", "Anne", clock.now()), Installer({"A001": fresh}), clock.now,
                     patience=SHORT).walk()
    assert visit.spots[0].ticks[Step.SET].says == "device.type : SHPLG-S attendu, SHPLG-2 lu"


def test_a_second_visit_finds_what_speaks_already_and_pushes_nothing_to_it(territory):
    here, _ = territory
    fresh = unit(411, "D003")
    anne = Installer({"D003": fresh})
    with plugged_in(fresh):
        Walk(here, visits.begin(here, "R006", "Anne", clock.now()), anne, clock.now, patience=QUICK).walk()
        asked = len(fresh.asked)
        again = Walk(here, visits.begin(here, "R006", "Bruno", clock.now() + timedelta(seconds=2)), anne, clock.now,
                     patience=QUICK).walk()
    assert (again.stage, again.who, again.vouched, len(fresh.asked)) == (Stage.ENDED, "Bruno", (), asked)
    assert again.spots[0].ticks[Step.LEAD].says == "parlait déjà sur le broker"


# -- the account works, and is worth nothing afterwards -------------------------------------------------------------------------


def test_an_undone_visit_leaves_modes_as_they_were_and_the_secret_it_gave_away_worth_nothing(territory):
    here, _ = territory
    fresh, before = unit(411, "D003", deaf=True), ground(here)
    with plugged_in(fresh):
        visit = Walk(here, visits.begin(here, "R006", "Anne", clock.now()), Installer({"D003": fresh}), clock.now,
                     patience=SHORT).walk()
    assert (visit.vouched, fresh.twin.configs["mqtt"]["pass"]) == (("D003",), before.secrets["D003"])

    undone = visits.undo(here, visit, clock.now())

    assert (undone.stage, modes(here, "R006"), visits.open_visits(here)) == (Stage.UNDONE, [20], [])

    def refused() -> bool:
        with closing(Probe(before, "D003")) as probe:
            return not probe.let_in
    until(refused)


def test_what_was_installed_for_a_visit_goes_when_it_is_undone_even_when_the_power_was_cut_in_between(territory):
    here, _ = territory
    visits.journal(here).expect("R006", ["Sèche-linge"])      # what the command writes before it installs
    visit = visits.begin(here, "R006", "Anne", clock.now())
    assert visit.created == (3,)
    visits.undo(here, visit, clock.now())
    assert modes(here, "R006") == [Mode.REMOVED]
    assert "D003" not in {each.username for each in brokering.wanted(here).accounts}
    assert brokering.secrets_of(here).get("D003") is None


def test_an_undoing_that_was_interrupted_is_said_and_taken_up(territory):
    here, broker = territory
    visit = visits.begin(here, "R006", "Anne", clock.now())
    (broker.folder / "mosquitto.pid").rename(broker.folder / "away")
    with pytest.raises(VisitError, match="elfe visits undo R006"):
        visits.undo(here, visit, clock.now())
    with pytest.raises(VisitError, match="l'annulation de la visite de R006 a été interrompue"):
        visits.begin(here, "R006", "Anne", clock.now())
    (broker.folder / "away").rename(broker.folder / "mosquitto.pid")
    assert visits.undo(here, visits.find(here, "R006"), clock.now()).stage is Stage.UNDONE


# -- no secret, anywhere ----------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_the_journal_the_database_the_report_or_a_log(territory, tmp_path, caplog):
    here, _ = territory
    caplog.set_level(logging.DEBUG)
    fresh = unit(111, "A001", "A8BC25")
    with plugged_in(fresh):
        begun = visits.begin(here, "R004", "Anne", clock.now())
        Walk(here, begun, Installer({"A001": fresh}), clock.now, patience=SHORT).walk()
        journal = visits.journal(here).read("R004")
        visit = Walk(here, visits.begin(here, "R004", "Anne", clock.now()), Installer({"A001": fresh}), clock.now,
                     patience=QUICK).walk()
    secret = brokering.secrets_of(here).get("A001")
    assert fresh.twin.web.secrets["mqtt_pass"] == secret
    shown = [visit_report.html(visit, here.settings.zone), visit_report.pdf(visit, here.settings.zone).decode("cp1252"),
             repr(journal), caplog.text]
    assert [text for text in shown if secret in text] == []
    kept = [each for each in tmp_path.rglob("*") if each.is_file() and secret.encode() in each.read_bytes()]
    assert kept == [tmp_path / "elfe-data" / "secrets" / "A001"]


def test_who_leaves_takes_the_visit_along(territory, tmp_path):
    from tests.cli.test_cli import elfe

    here, _ = territory
    visits.begin(here, "R004", "Anne", clock.now())
    elfe("participants", "leave", "R004", "--yes")
    assert (visits.open_visits(here), [*Path(tmp_path, "elfe-data", "visits").glob("*R004*")]) == ([], [])
