"""What goes wrong, and what people do. Each notes what it was, until when, and whose home it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from elfe.broker.session import Message
from elfe.coordination import holds, queries
from elfe.coordination.values import Mode
from elfe.devices.values import Publish
from elfe.slots import slot_of
from tests.command.sim.homes import Home, Machine, Unit

if TYPE_CHECKING:
    from tests.command.sim.world import Seat, Sim

FORBIDDEN = (Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED)
KEEPALIVE = timedelta(seconds=25)
QUIET = timedelta(hours=2)
"""Nothing new goes wrong so shortly before the end."""


def sow(sim: Sim) -> None:
    """At least one thing that everybody depends on in each hour, and in each home its own."""
    hours = range(int(sim.hours - QUIET / timedelta(hours=1)))
    for hour in hours:
        for _ in range(int(sim.faults_an_hour) + (sim.chance.random() < sim.faults_an_hour % 1)):
            kind = sim.chance.choice(COMMON)
            sim.at(sim.start + timedelta(hours=hour, seconds=sim.chance.randrange(3600)), lambda kind=kind: kind(sim))
    for home in sim.by_id.values():
        at = sim.start
        while sim.own_faults_an_hour:
            at += timedelta(hours=sim.chance.expovariate(sim.own_faults_an_hour))
            if at > sim.start + timedelta(hours=len(hours)):
                break
            kind = sim.chance.choice(OWN)
            sim.at(at.replace(microsecond=0), lambda kind=kind, home=home: kind(sim, home))


def note(sim: Sim, kind: str, lasts: timedelta = timedelta(), home: Home | None = None, what: str = "") -> None:
    from tests.command.sim.world import Fault

    sim.faults.append(Fault(sim.now, sim.now + lasts, kind, what, home.id if home else None))


def note_unit(sim: Sim, kind: str, unit: Unit, lasts: timedelta = timedelta(), what: str = "") -> None:
    """It concerns all that hangs on that unit."""
    for home in sim.homes_of[unit.id]:
        note(sim, kind, lasts, home, what)


def _lasts(sim: Sim, *seconds: int) -> timedelta:
    return timedelta(seconds=sim.chance.choice(seconds))


# -- what everybody depends on ----------------------------------------------------------------------------------------------


def broker_dies(sim: Sim) -> None:
    lasts, killed = _lasts(sim, 5, 120, 2400, 7500), sim.chance.random() < 0.5
    note(sim, "broker killed" if killed else "broker stopped", lasts)
    if sim.net.up:
        sim.net.go_down(killed=killed)
        sim.at(sim.now + lasts, sim.net.come_up)


def database_dies(sim: Sim) -> None:
    lasts = _lasts(sim, 5, 120, 3600)
    note(sim, "database away", lasts)
    sim.database_away = True
    sim.at(sim.now + lasts, lambda: setattr(sim, "database_away", False))


def database_stutters(sim: Sim) -> None:
    lasts = _lasts(sim, 60, 900)
    note(sim, "database errors", lasts)
    sim.fails = 0.05
    sim.at(sim.now + lasts, lambda: setattr(sim, "fails", 0.0))


def commit_unknown(sim: Sim) -> None:
    note(sim, "commit unknown", timedelta(minutes=5))
    sim.commit_fails = sim.chance.choice(("lost", "done"))


def engine_dies(sim: Sim) -> None:
    note(sim, "engine killed", timedelta(minutes=5))
    sim.crash_at = sim.interactions + sim.chance.randrange(1, 120)


def engine_freezes(sim: Sim) -> None:
    lasts = _lasts(sim, 30, 300, 1300)
    note(sim, "engine frozen", lasts)
    for seat in sim.seats:
        if seat.leads:
            seat.frozen_until = sim.now + lasts
            if lasts > KEEPALIVE:
                sim.at(sim.now + KEEPALIVE, lambda seat=seat: _put_out(seat))
                sim.at(sim.now + lasts, lambda seat=seat: _let_in(seat))


def _put_out(seat: Seat) -> None:
    """The broker has not heard of it for too long."""
    if seat.session and seat.frozen_until:
        seat.session.inbox.clear()
        seat.session.lost("keepalive")
        seat.session.there = False


def _let_in(seat: Seat) -> None:
    if seat.session and not seat.session.there:
        seat.session.there = True
        seat.session.found()


def engine_replaced(sim: Sim) -> None:
    """Killed, and not started again for a while: a standby leads where there is one."""
    lasts = _lasts(sim, 60, 1200)
    note(sim, "engine replaced", lasts)
    for seat in sim.seats:
        if seat.leads:
            sim.bury(seat)
            sim.at(sim.now + lasts, lambda seat=seat: sim.begin(seat))


def clock_jumps(sim: Sim) -> None:
    lasts, skew = _lasts(sim, 60, 1200), sim.chance.choice((-3600, -300, 300, 3600))
    note(sim, "clock jump", lasts + timedelta(seconds=max(0, skew)), what=f"{skew:+d} s")      # set back, it waits for its own time
    _set_clock(sim, timedelta(seconds=skew))
    sim.at(sim.now + lasts, lambda: _set_clock(sim, timedelta()))


def _set_clock(sim: Sim, skew: timedelta) -> None:
    sim.skew = skew
    for seat in sim.seats:
        seat.due_at = sim.now


def ems_dies(sim: Sim) -> None:
    lasts = timedelta(minutes=sim.chance.randrange(30, 360))
    note(sim, "EMS dead", lasts)
    sim.ems_away_until = sim.now + lasts


def ems_is_fickle(sim: Sim) -> None:
    """It changes its mind all the time, within the slot too."""
    lasts = timedelta(minutes=45)
    note(sim, "EMS fickle", lasts)
    for minute in range(0, 45, 4):
        sim.after(lambda minute=minute: sim.plan(slot_of(sim.now), f"mood {minute}"), minutes=minute)


def network_is_rough(sim: Sim) -> None:
    lasts = timedelta(minutes=10)
    note(sim, "messages late, twice, shuffled", lasts)
    sim.net.rough_until = sim.now + lasts


def village_out(sim: Sim) -> None:
    """The grid is gone for some of the village, and comes back everywhere at once."""
    lasts = _lasts(sim, 20, 600, 1800)
    note(sim, "village outage", lasts)
    for unit in [each for each in sim.units.values() if sim.chance.random() < 0.7 and each.end.there]:
        _loses_supply(sim, unit, lasts)


def somebody_retains(sim: Sim) -> None:
    """A command that somebody has retained acts whenever its device connects."""
    home = sim.chance.choice([each for each in sim.by_id.values() if each.relays])
    unit, channel = sim.chance.choice(home.relays)
    device_id = unit.points[channel]
    topic, _ = next(key for key, id in sim.commanded.items() if id == device_id)
    note_unit(sim, "retained command", unit, sim.start + timedelta(hours=sim.hours) - sim.now, device_id)
    sim.net.publish(Publish(topic, sim.chance.choice((b"off", b"on")), retain=True))


def centre_decides(sim: Sim) -> None:
    """`elfe release`, `elfe hold on`, and back."""
    lasts, supply = _lasts(sim, 900, 3600), sim.chance.choice((True, None, None))
    note(sim, "release" if supply else "hold of everything", lasts)
    hold(sim, None, supply, lasts, holds.Origin.CENTRE)


COMMON: Sequence[Callable[[Sim], None]] = (
    broker_dies, database_dies, database_stutters, commit_unknown, engine_dies, engine_dies, engine_freezes, engine_replaced,
    clock_jumps, ems_dies, ems_is_fickle, network_is_rough, village_out, somebody_retains, centre_decides)

# -- of one home --------------------------------------------------------------------------------------------------------


def device_goes(sim: Sim, home: Home) -> None:
    lasts = _lasts(sim, 20, 600, 9000)
    unit = sim.chance.choice(home.units)
    note_unit(sim, "device away", unit, lasts)
    _goes(sim, unit, lasts)


def device_flaps(sim: Sim, home: Home) -> None:
    unit = sim.chance.choice(home.units)
    note_unit(sim, "device flaps", unit, timedelta(minutes=10))
    for minute in range(10):
        sim.after(lambda: _goes(sim, unit, timedelta(seconds=20)), minutes=minute)


def _goes(sim: Sim, unit: Unit, lasts: timedelta) -> None:
    """Its connection is gone; the broker says its will after a while, or when it is back."""
    if not unit.end.there:
        return
    unit.end.there = False
    will = unit.twin.last_will

    def says_will() -> None:
        nonlocal will
        if will is not None and sim.net.up:
            sim.net.publish(will)
        will = None
    sim.after(says_will, seconds=sim.chance.choice((0, 40)))

    def comes_back() -> None:
        says_will()
        unit.end.there = True
        unit.end.found()
    sim.at(sim.now + lasts, comes_back)


def blip(sim: Sim, home: Home) -> None:
    unit = sim.chance.choice(home.units)
    note_unit(sim, "blip", unit, timedelta(minutes=1))
    _loses_supply(sim, unit, timedelta(seconds=2))


def _loses_supply(sim: Sim, unit: Unit, lasts: timedelta) -> None:
    """Its supply is gone, and comes back: it takes its power-up state. What hangs on it had none meanwhile."""
    _goes(sim, unit, lasts)
    supply(sim, unit, there=False)
    sim.at(sim.now + lasts, lambda: supply(sim, unit, there=True))


def supply(sim: Sim, unit: Unit, *, there: bool) -> None:
    for each in sim.homes_of[unit.id]:
        each.live(sim.now)
        sim._dirty[each.id] = None
    if there and unit.dark:
        unit.dark = False
        sim.with_unit(unit, "power-up", lambda each: each.twin.reboot(sim.now))
    unit.dark = not there


def button(sim: Sim, home: Home) -> None:
    unit = sim.chance.choice(home.units)
    note_unit(sim, "button", unit, what=unit.id)
    sim.with_unit(unit, "hand", lambda each: each.twin.press_button(sim.now))
    if hasattr(unit.twin, "manual") and unit.twin.manual:      # a PLC that was taken over is given back some time
        sim.after(lambda: sim.with_unit(unit, "hand", lambda each: each.twin.press_button(sim.now)),
                  minutes=sim.chance.randrange(10, 180))


def started_by_hand(sim: Sim, home: Home) -> None:
    """A person does not wait: they press Start at the machine itself."""
    run = home.model.running if isinstance(home.model, Machine) else None
    if run is None or run.started or not home.fingers:
        return
    note(sim, "started by hand", timedelta(), home)
    home.live(sim.now)
    home.model.awake, run.started, home.model.by_hand_at = True, True, sim.now
    sim._dirty[home.id] = None


def finger_troubled(sim: Sim, home: Home) -> None:
    """Flat, out of reach, busy, mute, refusing."""
    if not home.fingers:
        return
    unit, _ = sim.chance.choice(home.fingers)
    name, value = sim.chance.choice((("battery", 4), ("out_of_reach", True), ("busy", 2), ("mute", True), ("refuses", 6),
                                     ("slow", timedelta(seconds=50))))
    before = getattr(unit.twin, name)
    lasts = _lasts(sim, 600, 7200)
    note(sim, f"finger {name}", lasts, home)
    setattr(unit.twin, name, value)
    sim.at(sim.now + lasts, lambda: setattr(unit.twin, name, before))


def operator(sim: Sim, home: Home) -> None:
    """Somebody writes a mode; who finds it written has nothing to write: a 70 over ours could not be told from it."""
    mode, lasts = sim.chance.choice(FORBIDDEN), timedelta(minutes=sim.chance.randrange(30, 180))
    calls = sim.chance.random() < 0.5
    with sim.mine.connect() as connection:
        if queries.mode_of(connection, home.id) == mode:
            return
    note(sim, f"operator writes {mode:d}", lasts, home)
    sim.set_mode(home.id, mode, calls=calls)
    if mode != Mode.REMOVED:
        sim.at(sim.now + lasts, lambda: sim.set_mode(home.id, Mode.MANUAL))


def taken_back(sim: Sim, home: Home) -> None:
    if queries.take_back(sim.mine, home.id):
        from tests.command.sim.world import Written

        note(sim, "taken back", timedelta(), home)
        sim.written.append(Written(sim.now, home.id, Mode.MANUAL))
        sim.portal(home.id)


def taps(sim: Sim, home: Home) -> None:
    """A finger on the screen, several times: force, stop, left alone, the same again, lent once more."""
    note(sim, "screen", timedelta(hours=2), home)
    for second in range(0, sim.chance.choice((1, 12)), 3):
        wanted = sim.chance.choice((True, False, None, "end", "declare", "back"))
        sim.after(lambda wanted=wanted: _tap(sim, home, wanted), seconds=second)


def _tap(sim: Sim, home: Home, wanted: bool | str | None) -> None:
    if wanted == "declare":
        sim.declare(home)
    elif wanted == "back":
        taken_back(sim, home)
    elif wanted == "end":
        release(sim, home.id)
    else:
        hold(sim, home.id, wanted if isinstance(wanted, bool) else None, timedelta(minutes=sim.chance.choice((10, 120))),
             holds.Origin.SCREEN)


def hold(sim: Sim, id: int | None, supply: bool | None, lasts: timedelta, origin: holds.Origin) -> None:
    """A person decides for a while."""
    from tests.command.sim.world import Written

    if id is not None and sim.mode_of(id) not in (Mode.MANUAL, Mode.PILOTED):
        return
    with sim.mine.begin() as connection:
        holds.put(connection, id, supply, sim.now, sim.now + lasts, origin)
    sim.written.append(Written(sim.now, id, held=supply is None, until=sim.now + lasts))
    sim.at(sim.now + lasts, lambda: sim.written.append(Written(sim.now, id, held=False)))
    sim.portal(id or 0)


def release(sim: Sim, id: int) -> None:
    from tests.command.sim.world import Written

    with sim.mine.begin() as connection:
        holds.end(connection, id, sim.now)
    sim.written.append(Written(sim.now, id, held=False))
    sim.portal(id)


def deaf(sim: Sim, home: Home) -> None:
    unit, lasts = sim.chance.choice(home.units), _lasts(sim, 600, 7200)
    note_unit(sim, "deaf", unit, lasts)
    unit.deaf = True
    sim.at(sim.now + lasts, lambda: setattr(unit, "deaf", False))


def welded(sim: Sim, home: Home) -> None:
    """Its contact is stuck: it says OFF, and its appliance draws."""
    if not home.relays or home.inverted:
        return
    unit, lasts = sim.chance.choice(home.relays)[0], _lasts(sim, 600, 7200)
    note_unit(sim, "welded", unit, lasts)

    def set_stuck(stuck: bool) -> None:
        for each in sim.homes_of[unit.id]:
            each.live(sim.now)
            sim._dirty[each.id] = None
        unit.stuck = stuck
    set_stuck(True)
    sim.at(sim.now + lasts, lambda: set_stuck(False))


def talks_nonsense(sim: Sim, home: Home) -> None:
    """What no device says, where one speaks; not where it is commanded: there it is a command, and obeyed."""
    unit = sim.chance.choice(home.units)
    note_unit(sim, "nonsense", unit)
    for payload in (b"", b"NaN", b"-5000000", b'{"state":', b"\xff\x00", b"1e308", b"null", b"true"):
        sim.net.publish(Publish(sim.chance.choice(list(unit.speaks_on)), payload, qos=0))


def echo(sim: Sim, home: Home) -> None:
    """What a unit says now is said again, and once more a little later."""
    unit = sim.chance.choice(home.units)
    note_unit(sim, "echo", unit, timedelta(minutes=1))
    if unit.end.ready and hasattr(unit.twin, "say_measures"):
        said = unit.twin.say_measures(sim.now)
        for late in (0, 0, 30):
            sim.after(lambda: [unit.end.send(each) for each in said], seconds=late)


def old_word(sim: Sim, home: Home) -> None:
    """A power of long ago was retained, and is told whenever an engine subscribes."""
    unit = sim.chance.choice(home.units)
    note_unit(sim, "old word", unit)
    if unit.end.ready and hasattr(unit.twin, "say_measures"):
        for each in unit.twin.say_measures(sim.now):
            sim.net.retained[each.topic] = each.payload


OWN: Sequence[Callable[[Sim, Home], None]] = (
    device_goes, device_goes, device_flaps, blip, blip, button, button, started_by_hand, started_by_hand, finger_troubled,
    finger_troubled, operator, taken_back, taps, taps, deaf, welded, talks_nonsense, echo, old_word)

__all__ = ["COMMON", "OWN", "Message", "sow"]
