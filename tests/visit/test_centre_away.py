"""A visit on the local network while the centre is out of reach: what only the broker can prove stays open, and visible."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import pytest

from elfe import clock
from elfe.app import services, visit_journal
from elfe.app import visit as visits
from elfe.app.context import Context
from elfe.app.visit_walk import Walk
from elfe.cli import app
from elfe.coordination import states
from elfe.errors import VisitError
from elfe.settings import load
from elfe.visit.values import How, Stage, Step
from tests.broker.test_accounts import INVENTORY, provision
from tests.brokers import until
from tests.cli.test_cli import RUNNER, elfe
from tests.visit.people import QUICK, SHORT, Installer, hows, modes
from tests.visit.units import plugged_in, unit

pytestmark = pytest.mark.mosquitto
PROVED_ON_SITE = {Step.SET, Step.LEAD}


@pytest.fixture
def away(territory, tmp_path) -> Context:
    """The installer's machine at a home: neither database nor broker answers."""
    _, broker = territory
    broker.stop()
    text = (tmp_path / "elfe.toml").read_text() + '\n[databases]\ncoordination = "postgresql://elfe@127.0.0.1:1/away"\n'
    (tmp_path / "away.toml").write_text(text)
    return Context(load(tmp_path / "away.toml"))


def test_a_visit_that_was_prepared_goes_on_alone_and_is_ended_by_what_the_centre_sees_later(territory, away):
    here, broker = territory
    fresh = unit(111, "A001", "A8BC25", draws_w=60.0)
    visits.begin(here, "R004", "Anne", clock.now())
    with plugged_in(fresh):
        alone = Walk(away, visits.begin(away, "R004", "Anne", clock.now()), Installer({"A001": fresh}, answers=False), clock.now,
                     patience=SHORT).walk()
        assert {step for step, how in hows(alone).items() if how is How.DONE} == PROVED_ON_SITE
        assert {how for step, how in hows(alone).items() if step not in PROVED_ON_SITE} == {How.OPEN}
        assert (alone.stage, modes(here, "R004")) == (Stage.WALKING, [10])

        broker.start()
        recorder, (session,) = services.recorder(here.settings)
        with closing(session):
            until(lambda: (recorder.step(clock.now()), closed(here) >= {Step.SEEN, Step.MEASURED})[1], session, within_s=60)
        assert {Step.ON, Step.OFF, Step.SERVED} <= still_open(here)      # nobody was there to say yes

        last = Walk(here, visits.begin(here, "R004", "Anne", clock.now()), Installer({"A001": fresh}), clock.now,
                    patience=QUICK).walk()
    assert (last.stage, last.opened_at, modes(here, "R004")) == (Stage.ENDED, alone.opened_at, [20])


def closed(here: Context) -> set[Step]:
    visits.settle(here, clock.now() + timedelta(minutes=1))
    (visit,) = visits.open_visits(here)
    return {step for step, how in hows(visit).items() if how is How.DONE}


def still_open(here: Context) -> set[Step]:
    (visit,) = visits.open_visits(here)
    return {step for step, how in hows(visit).items() if how is How.OPEN}


def test_a_visit_of_what_is_only_measured_ends_by_itself_when_it_is_heard(territory, tmp_path):
    """A meter has nothing to switch: its proof needs nobody."""
    here, broker = territory
    provision(tmp_path, INVENTORY + "R008;Compteur;compteur_electrique;200;B001;21;211;;\n")
    fresh = unit(211, "B001", draws_w=800.0)
    fresh.twin.period = timedelta(seconds=1)
    visits.begin(here, "R008", "Anne", clock.now())
    broker.stop()
    with plugged_in(fresh):
        alone = Walk(here, visits.find(here, "R008"), Installer({"B001": fresh}), clock.now, patience=SHORT).walk()
        assert {step for step, how in hows(alone).items() if how is How.OPEN} == {
            Step.SEEN, Step.SET, Step.FIRMWARE, Step.MEASURED}
        broker.start()
        right = here.configuration_of(here.drivers[211], alone.spots[0].device).expects
        states.note_settings(here.coordination, "B001", right, clock.now() + timedelta(seconds=1))      # as the engine does
        recorder, (session,) = services.recorder(here.settings)
        with closing(session):
            until(lambda: (recorder.step(clock.now()), visits.settle(here, clock.now() + timedelta(minutes=11)),
                           not visits.open_visits(here))[2], session, within_s=60)
    (ended,) = visit_journal.kept(here.coordination, "R008")
    assert (ended.stage, ended.spots[0].ticks[Step.SEEN].says) == (Stage.ENDED, "vu par le centre")
    assert visits.journal(here).read("R008") is None


def test_a_visit_that_was_not_prepared_cannot_begin_without_the_centre(away):
    with pytest.raises(VisitError, match="--walk --prepare"):
        visits.begin(away, "R004", "Anne", clock.now())


def test_open_proofs_are_listed_and_closed_by_a_command(territory):
    _, broker = territory
    fresh = unit(411, "D003")
    elfe("devices", "provision", "--home", "R006", "--walk", "--prepare", "--who", "Anne")
    broker.stop()
    with plugged_in(fresh):
        done = RUNNER.invoke(app, ["devices", "provision", "--home", "R006", "--walk", "--yes", "--at", f"D003={fresh.address}"])
        assert (done.exit_code, max(len(line) for line in done.output.splitlines() if "/" not in line) <= 40) == (75, True)
        (listed,) = json.loads(elfe("visits", "--json"))
        assert ("D003", "seen") in {(each["point"], each["step"]) for each in listed["owed"]}
        assert "preuves ouvertes" in elfe("visits")
        broker.start()
        fresh.draws_w = 5.0      # as a machine that stands by
        done = RUNNER.invoke(app, ["visits", "close", "R006", "--yes", "--json", "--wait", "20"], catch_exceptions=False)
    closed = json.loads(done.stdout)
    assert (done.exit_code, [each["step"] for each in closed["owed"]]) == (75, ["measured"])
