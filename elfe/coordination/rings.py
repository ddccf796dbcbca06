"""Which units may be updated next: volunteers, then ten per cent, then all; never during a cycle, and no further when proved
orders fall. Pure: a decision from what is known now; `elfe.app.firmware` asks the devices and carries it out.

A ring is over when each of its units runs another version; who is away or busy for a whole day is left for the last ring. Then it
is watched, so that its orders can be compared with those before. Whether orders fall is looked at before anything is told, in
every ring. A stop is final: a person opens a new campaign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import IntEnum

from attrs import field, frozen


class Ring(IntEnum):
    """Who is updated, in order."""

    VOLUNTEERS = 0
    TENTH = 1
    ALL = 2


@frozen
class Unit:
    """What is updated as one: a plug, or a unit with several outputs. What is true of any of its outputs is true of it."""

    id: str                              # its first installation point
    participant: str
    firmware: str                        # empty: not known
    online: bool
    busy: str = ""                       # why it may not be touched now, in words; empty: it may
    over_mqtt: bool = True               # False: only a visit can
    nothing_to_do: bool = False          # there is no update from the version that it runs


@frozen
class Told:
    """A unit that was told to update."""

    unit: str
    ring: Ring
    at: datetime
    was: str                             # the version that it ran
    brings: str = ""                     # the version of a stepping stone; empty: the newest


@frozen
class Campaign:
    """A firmware brought to the units of one type."""

    id: int
    type_id: int
    opened_at: datetime
    ring: Ring
    ring_at: datetime
    told: tuple[Told, ...] = ()
    stopped: str = ""                    # why; empty: it goes on
    anyway: bool = False                 # told even though none of them knows of a newer version

    def of(self, unit: str) -> Told | None:
        """How a unit was told, last."""
        return next((each for each in self.told if each.unit == unit), None)


@frozen
class Orders:
    """What became of orders: those that did what was wanted, of those that a device could be judged by."""

    proved: int = 0
    judged: int = 0

    @property
    def missed(self) -> int:
        """Those that a home feels."""
        return self.judged - self.proved

    @property
    def rate(self) -> float | None:
        """The share that was proved; None where none was judged."""
        return self.proved / self.judged if self.judged else None

    def __add__(self, other: Orders) -> Orders:
        return Orders(self.proved + other.proved, self.judged + other.judged)

    def __str__(self) -> str:
        return f"{self.proved} of {self.judged}"


@frozen
class Seen:
    """The orders of the units that were told, before and since; and of the others of the type since."""

    before: Orders = field(factory=Orders)
    since: Orders = field(factory=Orders)
    others: Orders = field(factory=Orders)


@frozen
class Rules:
    """How careful."""

    watched_for: timedelta = timedelta(hours=24)     # a whole day: every appliance has had its turn
    lost_after: timedelta = timedelta(hours=2)       # told, and not back with another version
    may_fall: float = 0.05                           # of the share of proved orders
    least_missed: int = 2                            # one order that is missed says nothing
    may_lose: float = 0.05                           # of the units of a ring; one unit of a small ring is told by it too
    at_once: int = 10                                # so many at most are told in one step
    needs: int = 10                                  # orders judged since, until the next ring is opened by itself


@frozen
class Update:
    """Tell these now; `later`: those of the ring that may not be touched now, and why; `visit`: only a visit can."""

    ring: Ring
    units: tuple[str, ...]
    later: Mapping[str, str] = field(factory=dict)
    visit: tuple[str, ...] = ()


@frozen
class Wait:
    """Nothing to tell now."""

    why: str


@frozen
class Open:
    """The ring is over and nothing is wrong: the next one may begin."""

    ring: Ring


@frozen
class Stop:
    """It goes no further."""

    why: str


@frozen
class Done:
    """Every unit of every ring has what there is."""


Decision = Update | Wait | Open | Stop | Done


def ring_of(unit: Unit, campaign_id: int, volunteers: frozenset[str]) -> Ring:
    """The ring of a unit: the same at every look, another draw in every campaign."""
    if unit.participant in volunteers:
        return Ring.VOLUNTEERS
    drawn = hashlib.sha256(f"{campaign_id}:{unit.id}".encode()).digest()
    return Ring.TENTH if drawn[0] * 256 + drawn[1] < 65_536 // 10 else Ring.ALL


def rings(units: Iterable[Unit], campaign_id: int, volunteers: frozenset[str]) -> dict[Ring, list[Unit]]:
    """The units of each ring. Ten per cent of a few may be nobody: then the first of the others goes first."""
    found: dict[Ring, list[Unit]] = {ring: [] for ring in Ring}
    for unit in sorted(units, key=lambda each: each.id):
        found[ring_of(unit, campaign_id, volunteers)].append(unit)
    if not found[Ring.TENTH] and found[Ring.ALL]:
        found[Ring.TENTH].append(found[Ring.ALL].pop(0))
    return found


def decide(campaign: Campaign, units: Iterable[Unit], volunteers: frozenset[str], seen: Seen, now: datetime,
           rules: Rules | None = None) -> Decision:
    """What may be done now."""
    rules, units = rules or Rules(), tuple(units)
    if campaign.stopped:
        return Stop(campaign.stopped)
    wrong = _fallen(seen, rules) or _lost(campaign, units, now, rules)
    if wrong:
        return Stop(wrong)
    by_ring = rings(units, campaign.id, volunteers)
    last = campaign.ring is Ring.ALL
    of_ring = [unit for ring in Ring for unit in by_ring[ring] if ring is campaign.ring or last]
    due = [each for each in of_ring if _is_due(each, campaign)]
    waiting = [each.id for each in due if _was_told(each, campaign)]
    update = _tell(campaign, [each for each in due if each.id not in waiting], waiting, rules)
    patient = last or now - campaign.ring_at < rules.watched_for      # who is never to be had waits for the last ring
    if update.units or (patient and (update.later or update.visit)):
        return update
    why = _back(campaign, waiting, now, rules) or ("" if last else _watched(campaign, seen, now, rules))
    if why:
        return Wait(why)
    return Done() if last else Open(Ring(campaign.ring + 1))


def _is_due(unit: Unit, campaign: Campaign) -> bool:
    """Whether there is something to bring: it was not told, or runs what it ran, or stands on a stepping stone."""
    told = campaign.of(unit.id)
    if told is None or (told.brings and unit.firmware.startswith(told.brings)):
        return not unit.nothing_to_do
    return not unit.firmware or unit.firmware == told.was


def _was_told(unit: Unit, campaign: Campaign) -> bool:
    """Whether what is due was told already, and it has not happened yet."""
    told = campaign.of(unit.id)
    return told is not None and not (told.brings and unit.firmware.startswith(told.brings))


def _tell(campaign: Campaign, untold: list[Unit], waiting: list[str], rules: Rules) -> Update:
    """Those that can be told, a few at once."""
    visits = tuple(each.id for each in untold if not each.over_mqtt)
    reachable = [each for each in untold if each.over_mqtt]
    later = {each.id: each.busy if each.online else "away" for each in reachable if each.busy or not each.online}
    free = [each.id for each in reachable if each.id not in later]
    return Update(campaign.ring, tuple(free[:max(0, rules.at_once - len(waiting))]), later, visits)


def _fallen(seen: Seen, rules: Rules) -> str:
    """Why the orders say stop. When everybody's orders fall alike, it is not the firmware's doing."""
    since, usual = seen.since.rate, [each.rate for each in (seen.before, seen.others) if each.rate is not None]
    if since is None or not usual or seen.since.missed < rules.least_missed or since >= min(usual) - rules.may_fall:
        return ""
    return (f"proved orders fell on the units that were told: {seen.since} since, {seen.before} before"
            + (f" ({seen.others} on the others since)" if seen.others.judged else ""))


def _lost(campaign: Campaign, units: Iterable[Unit], now: datetime, rules: Rules) -> str:
    """Why the units say stop: those that were told and did not come back."""
    known = {unit.id: unit for unit in units}
    told = [each for each in campaign.told if each.unit in known]
    lost = sorted(each.unit for each in told if now - each.at >= rules.lost_after
                  and not known[each.unit].online and known[each.unit].firmware in ("", each.was))
    if len(lost) <= rules.may_lose * len(told):
        return ""
    return f"{len(lost)} of {len(told)} units that were told have not come back: {', '.join(lost[:10])}"


def _back(campaign: Campaign, waiting: list[str], now: datetime, rules: Rules) -> str:
    """Who is still being waited for; after `lost_after` one that is there and unchanged is left as it is."""
    at = {each.unit: each.at for each in campaign.told}
    out = [each for each in waiting if now - at[each] < rules.lost_after]
    return f"{len(out)} units have been told and do not run another version yet: {', '.join(out[:10])}" if out else ""


def _watched(campaign: Campaign, seen: Seen, now: datetime, rules: Rules) -> str:
    """Why the next ring is not opened yet."""
    of_ring = [each.at for each in campaign.told if each.ring is campaign.ring]
    if not of_ring:
        return ""
    until = max(of_ring) + rules.watched_for
    if now < until:
        return f"the ring is watched until {until:%Y-%m-%d %H:%M} UTC"
    if seen.before.judged and seen.since.judged < min(rules.needs, seen.before.judged):
        return (f"only {seen.since.judged} orders were judged since (before: {seen.before.judged}): "
                "nothing can be said of the firmware yet")
    return ""
