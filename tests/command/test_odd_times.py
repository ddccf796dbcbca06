"""Time that does not go on as it should: clocks that jump, an engine that slept, nights of other lengths, years that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from elfe.command.orders import Cause, On, Stage, Why
from elfe.command.timekeeping import BELIEVED_AFTER_S, Timekeeper
from elfe.command.values import LedgerRead, PlanRead, Said, Save
from elfe.coordination.values import ApplianceType, Mode
from elfe.devices.values import Presence
from elfe.slots import SLOT, slot_of
from tests.command.conftest import NOON, World, a_pilot, a_plan, state
from tests.command.home import NOW, TANK, WASHER, Home, a_daemon, a_home
from tests.command.sim import lived

HOUR = timedelta(hours=1)


class Steady:
    """A clock that nobody sets."""

    s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def home(tmp_path: Path, steady: Steady) -> Iterator[Home]:
    with a_home(f"sqlite:///{tmp_path}/coordination.db", tmp_path, steady_s=steady) as home:
        yield home


def passes(home: Home, steady: Steady, **elapsed: float) -> None:
    """Time goes on as it should."""
    steady.s += timedelta(**elapsed).total_seconds()
    home.live(**elapsed)


# -- a clock that is set ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [HOUR, -HOUR, datetime(1970, 1, 1, 0, 3, tzinfo=UTC) - NOW], ids=["+1h", "-1h", "1970"])
def test_d3_a_clock_that_jumps_holds_everything_and_is_told(
        home: Home, steady: Steady, jump: timedelta, caplog: pytest.LogCaptureFixture) -> None:
    home.declare()
    passes(home, steady, seconds=2)
    home.plan(TANK, 1, 0, 1)
    home.declare(TANK)
    home.now += jump
    before = home.session.sent.total()
    passes(home, steady, seconds=1)
    passes(home, steady, minutes=4)

    assert home.session.sent.total() == before
    assert "nothing is ordered until that time has stood for five minutes" in caplog.text


def test_d3_a_new_time_that_has_stood_is_believed(home: Home, steady: Steady) -> None:
    home.now += HOUR
    passes(home, steady, seconds=1)
    home.declare()
    passes(home, steady, seconds=BELIEVED_AFTER_S)
    passes(home, steady, seconds=5)

    assert home.relay() is False


def test_d3_a_clock_that_was_set_back_sends_nothing_of_a_slot_that_is_over(home: Home, steady: Steady) -> None:
    home.plan(TANK, 1, 0, 1, 0, 1, 0, 1, 0)
    home.declare(TANK)
    for _ in range(3):
        passes(home, steady, minutes=15)
    reached, before = home.now, len(home.broker.log)
    slots = [each.slot for each in home.orders(TANK)]
    home.now -= HOUR
    passes(home, steady, minutes=6)
    while home.now < reached - SLOT:
        passes(home, steady, minutes=5)
    assert [each.slot for each in home.orders(TANK)] == slots
    switched = [each.payload for each in home.broker.log[before:] if b"Switch.Set" in each.payload and b"src" in each.payload]

    passes(home, steady, minutes=15)
    passes(home, steady, minutes=15)
    assert [each.slot for each in home.orders(TANK)] == [*slots, slots[-1] + 1]
    assert switched == []                                    # on the way it was only asked how it is


def test_d3_what_a_device_says_while_the_clock_is_back_is_nobodys_will(world: World) -> None:
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))
    world.now -= HOUR
    effects = world.tell(Said("D001", state(True)))          # its fail-safe: to us, before it was told

    assert next(each.what for each in effects if isinstance(each, Save)) is On.LAPSES


def test_d3_what_a_fail_safe_undid_while_the_clock_is_back_is_said_again_in_its_slot(world: World) -> None:
    world.change(a_pilot(type=ApplianceType.WATER_HEATER))
    world.tell(Said("D001", state(False)))
    world.now -= HOUR
    assert world.said(world.tell(Said("D001", state(True)))) == []
    assert world.said(world.after(minutes=59)) == []

    assert world.said(world.after(minutes=1)) == [("D001/set", b"off")]


def test_d3_an_engine_that_begins_before_its_own_past_orders_nothing_until_that_is_over(world: World) -> None:
    world.tell(LedgerRead((), slot_of(NOON) + 2), PlanRead(a_plan(m1=(0,) * 8)))
    assert world.said(world.change(a_pilot(type=ApplianceType.WATER_HEATER))) == []
    assert world.said(world.after(minutes=15)) == []

    assert world.said(world.after(minutes=15)) == [("D001/set", b"off")]


def test_d3_an_engine_that_begins_in_1970_says_so(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.declare()
    home.live(seconds=2)
    sent = home.commands_to("A001")
    home.service.close()
    home.service, home.session = a_daemon(home.coordination, home.sortie, home.broker)
    home.now = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)
    home.live(minutes=1)

    assert home.commands_to("A001") == sent
    assert "the clock says 1970-01-01" in caplog.text


def test_d3_a_clock_that_is_slewed_or_goes_back_is_believed_at_once() -> None:
    keeper = Timekeeper()
    assert keeper.jumped(NOON, 0.0) == timedelta()
    assert keeper.jumped(NOON + timedelta(seconds=61.5), 60.0) == timedelta()
    assert keeper.believes()

    assert keeper.jumped(NOON + HOUR, 61.0) > timedelta(minutes=58)
    assert not keeper.believes()
    keeper.jumped(NOON + timedelta(seconds=64), 62.0)
    assert keeper.believes()


# -- an engine that slept -----------------------------------------------------------------------------------------------------


def test_d5_after_forty_minutes_of_sleep_what_is_still_wanted_is_said_once_and_the_rest_never(home: Home, steady: Steady) -> None:
    home.plan(TANK, 1, 0, 1, 0)
    home.declare(TANK)
    home.live(seconds=1)
    steady.s += 40 * 60
    home.now += timedelta(minutes=40)                        # through the slot in which it is cut, into the third
    home.live()
    orders = home.orders(TANK)

    assert [each.slot - slot_of(NOW) for each in orders] == [0, 2]
    assert [each.attempts for each in orders] == [1, 1]


def test_d5_a_level_that_nobody_answered_before_a_sleep_is_not_sent_after_it(world: World) -> None:
    world.tell(PlanRead(a_plan(m1=(0, 1))))
    world.change(a_pilot(type=ApplianceType.WATER_HEATER))
    first = world.order.id
    world.now += timedelta(minutes=20)
    effects = [*world.tell(Said("D001", Presence.ONLINE)), *world.after(seconds=1)]      # its device is the first to be heard
    ended = next(each.order for each in effects if isinstance(each, Save) and each.order.id == first)

    assert world.said(effects) == [("D001/set", b"on")]      # the present slot's, once
    assert (ended.stage, ended.cause) == (Stage.EXPIRED, Cause.SILENT)


# -- days that are odd ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begins", [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)],
                         ids=["92 quarters", "100 quarters"])
def test_d6_nights_of_92_and_100_quarters_with_their_faults_break_no_invariant_and_lose_no_quarter(begins: datetime) -> None:
    """The clock changes at one o'clock UTC. Every fourth seed lives each of these nights; a week around each:
    `python -m tests.command.sim --around`."""
    sim, problems = lived(5, homes=6, hours=6, begins=begins)
    driven = {(each.at.hour, each.at.minute // 15) for each in sim.spoken}

    assert problems == []
    assert {(hour, quarter) for hour in (1, 2, 3) for quarter in range(4)} <= driven


@pytest.mark.parametrize("now", [
    datetime(2027, 12, 31, 23, 46, tzinfo=UTC), datetime(2028, 2, 28, 23, 46, tzinfo=UTC), datetime(2038, 1, 19, 3, 1, tzinfo=UTC),
], ids=["year's end", "leap day", "2038"])
def test_d7_a_machine_is_cut_started_and_written_down_on_any_day(now: datetime, tmp_path: Path) -> None:
    with a_home(f"sqlite:///{tmp_path}/coordination.db", tmp_path, now) as home:
        home.declare()
        home.live(seconds=2)
        assert home.relay() is False
        home.plan(WASHER, 0, 1)
        home.live(minutes=15)
        home.draw("A001", 1900)
        found = home.appliance()
        start = next(each for each in home.orders() if each.why is Why.START)

    assert (found.mode, found.last_started) == (Mode.MANUAL, home.now)
    assert start.stage is Stage.PROVED
