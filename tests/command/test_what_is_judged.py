"""What the simulation's judge holds against whom: where physics leaves an engine no choice nothing is broken, and nothing else
is let pass."""

from __future__ import annotations

from datetime import timedelta

import pytest

from elfe.command.orders import Order, Why
from elfe.devices.values import Publish
from elfe.slots import slot_of, slot_start
from tests.command.sim import Sim, faults, lived
from tests.command.sim.invariants import Judge
from tests.command.sim.world import Change, Spoken


def judged(*kinds: str, hours: float, script) -> list[str]:
    return lived(1, homes=len(kinds), kinds=kinds, hours=hours, script=script)[1]


def plug_of(sim: Sim):
    return next(unit for unit in sim.units.values() if unit.twin.outputs)


@pytest.mark.parametrize(("set_back", "broken"), [
    (timedelta(), []),
    (timedelta(hours=2), ["I1 27 13:20:00 A004 went OFF by a message without a live order"]),
])
def test_i1_what_is_said_before_its_slot_is_found_however_far_the_clock_was_set_back(set_back, broken):
    def script(sim: Sim) -> None:
        sim.now += timedelta(hours=1, minutes=20)
        faults.note(sim, "clock jump", timedelta(hours=3), what=f"-{set_back.total_seconds():.0f} s")
        judge = Judge(sim)
        order = Order("o1", "A004", 1, Why.PLAN, False, False, slot_of(sim.now), 0, sim.now, recorded_at=sim.now, sent_at=sim.now)
        judge.of_device, judge.orders = {"A004": [order]}, [order]
        judge.spoken["A004"] = [Spoken(sim.now, sim.now - set_back, "A004", False)]
        sim.changes.append(Change(sim.now, sim.now - set_back, "A004", False, "order", False))
        told.extend(judge.i1())
        sim.changes.clear()
        sim.now = sim.start

    told: list[str] = []
    judged("finger", hours=1, script=script)
    assert told == broken


@pytest.mark.parametrize(("jumped", "broken"), [
    (True, []),
    (False, ["I1 27 13:20:00 A004 went ON by a message without a live order"]),
])
def test_i1_what_was_said_before_its_end_was_said_while_the_clock_was_ahead(jumped, broken):
    """Its end bears an earlier hour than its word: the clock was set back between them, or the engine spoke after the end."""
    def script(sim: Sim) -> None:
        at = sim.start + timedelta(hours=1, minutes=20)
        ahead = at + timedelta(hours=1)
        if jumped:
            sim.now = at
            faults.note(sim, "clock jump", timedelta(minutes=30), what="3600 s")
        order = Order("o1", "A004", 1, Why.PLAN, True, False, slot_of(ahead), 0, slot_start(slot_of(ahead)),
                      recorded_at=slot_start(slot_of(ahead)), sent_at=ahead, ended_at=slot_start(slot_of(ahead)))
        judge = Judge(sim)
        judge.of_device, judge.orders = {"A004": [order]}, [order]
        judge.spoken["A004"] = [Spoken(at, ahead, "A004", True)]
        sim.changes.append(Change(at, ahead, "A004", True, "order", False))
        told.extend(judge.i1())
        sim.changes.clear()
        sim.now = sim.start

    told: list[str] = []
    judged("finger", hours=1, script=script)
    assert told == broken


def test_i5_a_delay_begins_anew_with_every_off_whoever_retains_it():
    def script(sim: Sim) -> None:
        unit = plug_of(sim)
        topic = next(topic for (topic, _), id in sim.commanded.items() if id == unit.id)
        faults.note(sim, "retained command", timedelta(hours=3), sim.home_of[unit.id])
        sim.after(lambda: sim.net.publish(Publish(topic, b"off", retain=True)), minutes=20)
        for minute in range(25, 60, 5):      # it comes back, and is told again
            sim.after(lambda: faults._goes(sim, unit, timedelta(seconds=20)), minutes=minute)

    assert judged("finger", hours=3, script=script) == []


def test_i5_a_contact_that_stays_open_longer_than_its_delay_is_found():
    def script(sim: Sim) -> None:
        unit = plug_of(sim)
        unit.twin.values["PulseTime1"] = 7200 + 100      # its firmware counts 100 more
        sim.after(lambda: sim.with_unit(unit, "hand", lambda each: each.twin.press_button(sim.now)), minutes=20)

    assert [each[:2] for each in judged("finger", hours=3, script=script)] == ["I5"]


@pytest.mark.parametrize(("before", "against_us"), [(timedelta(minutes=5), True), (timedelta(), False)])
def test_i5_an_off_that_is_answered_as_the_fail_safe_fires_came_after_it(before, against_us):
    """Or the delay would have begun anew. After a hold of everything both come in one instant."""
    def script(sim: Sim) -> None:
        fires = sim.start + timedelta(minutes=30)
        order = Order("o1", "A004", 1, Why.PLAN, False, False, slot_of(sim.start), 0, sim.start, acknowledged_at=fires - before)
        judge = Judge(sim)
        judge.of_device = {"A004": [order]}
        sim.now += timedelta(hours=1)
        told.append(judge._wanted_otherwise("A004", Change(fires, fires, "A004", True, "timer", False)))
        sim.now = sim.start

    told: list[bool] = []
    judged("finger", hours=1, script=script)
    assert told == [against_us]


@pytest.mark.parametrize("welded", [False, True])
def test_i4_a_contact_that_is_welded_cuts_nothing(welded):
    def script(sim: Sim) -> None:
        unit, home = plug_of(sim), sim.by_id[1]
        home.model.load(sim.now)
        sim.after(lambda: setattr(unit, "stuck", welded), minutes=20)
        topic = next(topic for (topic, _), id in sim.commanded.items() if id == unit.id)
        sim.after(lambda: sim.net.publish(Publish(topic, b"off")), minutes=30)

    (cut,) = [each for each in lived(1, homes=1, kinds=("plug tasmota",), hours=1, script=script)[0].changes if each.why == "order"]
    assert cut.under_way is not welded
