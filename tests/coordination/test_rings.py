"""Firmware in rings: who may be told next, and what stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.coordination import states
from elfe.coordination.rings import Campaign, Done, Open, Orders, Ring, Rules, Seen, Stop, Told, Unit, Update, Wait, decide, rings
from tests.coordination.conftest import NOW

OLD, NEW = "1.4.4", "1.7.5"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TYPE = 411
VOLUNTEERS = frozenset({"R001"})


def unit(number: int, firmware: str = OLD, **more) -> Unit:
    more = {"online": True, "nothing_to_do": firmware == NEW, **more}
    return Unit(f"D{number:03}", "R001" if number < 3 else f"R{number:03}", firmware, **more)


UNITS = [unit(number) for number in range(1, 41)]


def campaign(ring: Ring = Ring.VOLUNTEERS, told: tuple[Told, ...] = (), **more) -> Campaign:
    return Campaign(1, TYPE, NOW, ring, NOW, told, **more)


def told(*numbers: int, ring: Ring = Ring.VOLUNTEERS, brings: str = "") -> tuple[Told, ...]:
    return tuple(Told(f"D{number:03}", ring, NOW, OLD, brings) for number in numbers)


def after(*numbers: int, firmware: str = NEW, **more) -> list[Unit]:
    """All units, these with another version."""
    return [unit(number, firmware if number in numbers else OLD, **(more if number in numbers else {})) for number in range(1, 41)]


GOOD = Seen(before=Orders(98, 100), since=Orders(49, 50), others=Orders(490, 500))


def test_volunteers_are_told_first_and_nobody_else() -> None:
    assert decide(campaign(), UNITS, VOLUNTEERS, Seen(), NOW) == Update(Ring.VOLUNTEERS, ("D001", "D002"))


def test_ten_per_cent_are_drawn_the_same_at_every_look_and_anew_in_every_campaign() -> None:
    many = [unit(number) for number in range(3, 2003)]
    one, again, other = (rings(many, id, VOLUNTEERS)[Ring.TENTH] for id in (1, 1, 2))
    assert one == again != other
    assert 150 < len(one) < 250


def test_ten_per_cent_of_a_few_is_one() -> None:
    assert [len(each) for each in rings([unit(3)], 1, VOLUNTEERS).values()] == [0, 1, 0]


@pytest.mark.parametrize(("changed", "why"), [
    ({"busy": "Lave-linge draws 1850 W"}, "Lave-linge draws 1850 W"),
    ({"busy": "Lave-linge is declared"}, "Lave-linge is declared"),
    ({"online": False}, "away"),
])
def test_i4_a_unit_in_a_cycle_or_away_is_not_told(changed: dict, why: str) -> None:
    units = [evolve(unit(1), **changed), unit(2)]
    assert decide(campaign(), units, VOLUNTEERS, Seen(), NOW) == Update(Ring.VOLUNTEERS, ("D002",), {"D001": why})


def test_what_only_a_visit_can_do_is_nobodys_hurry() -> None:
    units = [unit(1, over_mqtt=False), unit(2)]
    assert decide(campaign(), units, VOLUNTEERS, Seen(), NOW) == Update(Ring.VOLUNTEERS, ("D002",), {}, ("D001",))


def test_a_few_at_once() -> None:
    first = decide(campaign(Ring.ALL), UNITS, frozenset(), Seen(), NOW, Rules(at_once=4))
    assert isinstance(first, Update)
    assert len(first.units) == 4
    going = campaign(Ring.ALL, told(1, 2, 3, ring=Ring.ALL))
    second = decide(going, UNITS, frozenset(), Seen(), NOW, Rules(at_once=4))
    assert isinstance(second, Update)
    assert len(second.units) == 1
    assert not {"D001", "D002", "D003"} & set(second.units)


def test_the_ring_is_waited_for_then_watched_then_the_next_is_opened() -> None:
    going = campaign(told=told(1, 2))
    assert isinstance(decide(going, UNITS, VOLUNTEERS, Seen(), NOW + HOUR), Wait)
    watched = decide(going, after(1, 2), VOLUNTEERS, GOOD, NOW + HOUR)
    assert isinstance(watched, Wait)
    assert "watched until" in watched.why
    assert decide(going, after(1, 2), VOLUNTEERS, GOOD, NOW + DAY) == Open(Ring.TENTH)


def test_a_ring_of_which_too_few_orders_are_known_is_not_left() -> None:
    decided = decide(campaign(told=told(1, 2)), after(1, 2), VOLUNTEERS, Seen(Orders(98, 100), Orders(3, 3)), NOW + 2 * DAY)
    assert isinstance(decided, Wait)
    assert "nothing can be said" in decided.why


@pytest.mark.parametrize(("seen", "stops"), [
    (GOOD, False),
    (Seen(Orders(98, 100), Orders(40, 50), Orders(490, 500)), True),
    (Seen(Orders(98, 100), Orders(40, 50), Orders(400, 500)), False),     # everybody's fall: it is not the firmware
    (Seen(Orders(98, 100), Orders(9, 10), Orders(490, 500)), False),      # one order says nothing
    (Seen(Orders(98, 100), Orders(0, 2)), True),
    (Seen(Orders(0, 0), Orders(40, 50), Orders(490, 500)), True),         # nothing is known of before: the others tell
    (Seen(Orders(0, 0), Orders(0, 10)), False),
    (Seen(Orders(60, 100), Orders(58, 100), Orders(95, 100)), False),     # they were no better before
])
def test_it_stops_by_itself_when_proved_orders_fall(seen: Seen, stops: bool) -> None:
    for ring in Ring:
        decided = decide(campaign(ring, told(1, 2, ring=ring)), after(1, 2), VOLUNTEERS, seen, NOW + HOUR)
        assert isinstance(decided, Stop) == stops, ring


def test_it_stops_in_the_middle_of_a_ring_before_the_next_are_told() -> None:
    bad = Seen(Orders(98, 100), Orders(5, 10))
    assert isinstance(decide(campaign(Ring.ALL, told(1, 2, ring=Ring.ALL)), UNITS, VOLUNTEERS, bad, NOW + HOUR), Stop)


def test_it_stops_when_a_unit_does_not_come_back() -> None:
    units = [unit(1, online=False), unit(2, NEW), *UNITS[2:]]
    going = campaign(told=told(1, 2))
    assert isinstance(decide(going, units, VOLUNTEERS, Seen(), NOW + HOUR), Wait)
    stopped = decide(going, units, VOLUNTEERS, Seen(), NOW + 2 * HOUR)
    assert stopped == Stop("1 of 2 units that were told have not come back: D001")


def test_a_unit_that_came_back_and_is_away_later_stops_nothing() -> None:
    units = [unit(1, NEW, online=False), unit(2, NEW), *UNITS[2:]]
    assert decide(campaign(told=told(1, 2)), units, VOLUNTEERS, GOOD, NOW + DAY) == Open(Ring.TENTH)


def test_who_is_never_to_be_had_holds_the_ring_a_day_and_waits_for_the_last() -> None:
    units = [unit(1, online=False), unit(2, NEW), *UNITS[2:]]
    held = decide(campaign(told=told(2)), units, VOLUNTEERS, GOOD, NOW + HOUR)
    assert held == Update(Ring.VOLUNTEERS, (), {"D001": "away"})
    assert decide(campaign(told=told(2)), units, VOLUNTEERS, GOOD, NOW + DAY) == Open(Ring.TENTH)
    everyone = [unit(1), *(unit(number, NEW) for number in range(2, 41))]
    assert decide(campaign(Ring.ALL, told(2)), everyone, VOLUNTEERS, GOOD, NOW + DAY) == Update(Ring.ALL, ("D001",))


def test_a_stepping_stone_is_followed_by_the_next_step() -> None:
    going = campaign(told=told(1, brings="1.5.0"))
    assert decide(going, [unit(1, "1.5.0")], VOLUNTEERS, Seen(), NOW + HOUR) == Update(Ring.VOLUNTEERS, ("D001",))
    assert isinstance(decide(going, [unit(1)], VOLUNTEERS, Seen(), NOW + HOUR), Wait)


def test_a_ring_of_nobody_is_no_ring() -> None:
    assert decide(campaign(), UNITS, frozenset(), Seen(), NOW) == Open(Ring.TENTH)


def test_it_is_done_when_everybody_runs_what_there_is() -> None:
    everybody = [unit(number, NEW) for number in range(1, 41)]
    assert decide(campaign(Ring.ALL, told(1, ring=Ring.ALL)), everybody, VOLUNTEERS, GOOD, NOW + DAY) == Done()


def test_a_stop_is_final() -> None:
    assert decide(campaign(stopped="a rumour"), UNITS, VOLUNTEERS, GOOD, NOW + DAY) == Stop("a rumour")


def test_a_campaign_is_written_down_with_whom_it_told(engine) -> None:
    made = states.open_campaign(engine, TYPE, False, NOW)
    for at, brings in ((NOW, "1.5.0"), (NOW + HOUR, "")):
        states.told(engine, made, Told("D001", Ring.VOLUNTEERS, at, OLD, brings))
    states.go_on(engine, made, Ring.TENTH, NOW + DAY)
    assert states.campaigns(engine) == {TYPE: Campaign(made.id, TYPE, NOW, Ring.TENTH, NOW + DAY,
                                                       (Told("D001", Ring.VOLUNTEERS, NOW + HOUR, OLD),))}
    states.stop(engine, made, "orders fell", NOW + DAY)
    assert states.campaigns(engine)[TYPE].stopped == "orders fell"
    again = states.open_campaign(engine, TYPE, True, NOW + 2 * DAY)
    assert states.campaigns(engine) == {TYPE: again}
    states.finish(engine, again, NOW + 2 * DAY)
    assert states.campaigns(engine) == {}


def test_volunteers_come_and_go(engine) -> None:
    for willing in (True, True):
        states.volunteer(engine, "R001", willing, NOW)
    assert states.volunteers(engine) == {"R001"}
    states.volunteer(engine, "R001", False, NOW)
    assert states.volunteers(engine) == frozenset()
