"""The power is pulled at every step: kill -9, then the same command takes the visit up where it was."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import pytest

from elfe.app import visit as visits
from elfe.app import visit_journal
from elfe.coordination import queries
from elfe.visit.steps import owed
from elfe.visit.values import How, Stage, Step, Visit
from tests.visit import pulled
from tests.visit.units import plugged_in, unit

pytestmark = pytest.mark.mosquitto
ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


@pytest.fixture
def processes(monkeypatch):
    """Processes that begin with everything imported, and with no thread of ours."""
    monkeypatch.syspath_prepend(str(ROOT))
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.visit.pulled"])
    return made


OPENING = (1, 2, 3, 9)
"""Before anything is written; before mode 10; before that is written; after the first step's effect, before its tick."""
ONWARDS = 17
"""Takes up the step that nobody knows the end of, and is killed when the next one's effect is there and not written."""
ENDING = (13, 6, 1)
"""With everything proved; when the centre knows that it is over; before the file is gone."""


def test_killed_at_each_step_and_taken_up_each_time_a_visit_ends_whole(territory, processes, tmp_path):
    here, _ = territory
    fresh = unit(111, "A001", "A8BC25", draws_w=60.0)
    exits, reached = [], []
    with plugged_in(fresh):
        for dies_at in (*OPENING, *[ONWARDS] * 7, *ENDING, 0):
            pulled_at = processes.Process(target=pulled.walk, args=(tmp_path, "R004", fresh.address, dies_at))
            pulled_at.start()
            pulled_at.join(60)
            exits.append(pulled_at.exitcode)
            reached.append(begun(visits.journal(here).read("R004")))

    assert exits == [KILLED] * (len(exits) - 1) + [0]
    assert reached[len(OPENING) - 1:-len(ENDING) - 1] == [
        Step.SET, Step.LEAD, Step.SEEN, Step.FIRMWARE, Step.ON, Step.MEASURED, Step.OFF, Step.SERVED]
    [visit] = visit_journal.kept(here.coordination)
    assert (visit.stage, owed(visit), visits.journal(here).read("R004")) == (Stage.ENDED, [], None)
    assert fresh.twin.outputs == {0: True}
    assert [each.mode for each in queries.appliances(here.coordination) if each.participant == "R004"] == [20]


def begun(visit: Visit | None) -> Step | None:
    """The step of which nobody knows the end."""
    spots = visit.spots if visit else ()
    return next((step for spot in spots for step, tick in spot.ticks.items() if tick.how is How.BEGUN), None)
