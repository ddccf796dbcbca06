"""A home led through its visit: real web pages, a real mosquitto that knows its accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from elfe import clock
from elfe.app import visit as visits
from elfe.app.visit_walk import Patience, Walk
from elfe.coordination import queries
from elfe.visit.steps import owed
from elfe.visit.values import How, Stage, Step, Visit
from tests.visit.people import Installer
from tests.visit.units import plugged_in, unit

pytestmark = pytest.mark.mosquitto
QUICK = Patience(seen=timedelta(seconds=10), measured=timedelta(seconds=10), plug_in=timedelta(milliseconds=100),
                 told=timedelta(seconds=3))


def hows(visit: Visit) -> dict[Step, How]:
    return {step: tick.how for spot in visit.spots for step, tick in spot.ticks.items()}


def modes(here, reference: str) -> list[int]:
    return [each.mode for each in queries.appliances(here.coordination) if each.participant == reference]


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
