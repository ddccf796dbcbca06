"""After the visit: devices found, configured, replaced, adopted; participants who move or leave. Composition.

Devices are asked by hand (`elfe-hand`); what only the local network can do is taken down as a task for a visit.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from attrs import define, evolve, field, frozen

from elfe import database
from elfe.app import brokering
from elfe.app.brokering import Done
from elfe.app.context import Context
from elfe.app.noted import note_settings
from elfe.app.visit_journal import Journal
from elfe.broker import rights
from elfe.broker.client import MqttSession
from elfe.broker.dynamic import ADMIN
from elfe.broker.rights import Placed
from elfe.broker.session import Message, Session
from elfe.command.by_hand import powers
from elfe.command.values import Installed
from elfe.coordination import inventory, leaving, lifecycle, provision, queries, states, store
from elfe.coordination.configuring import Configuring, How, on_site, over_mqtt
from elfe.coordination.devices import device_values
from elfe.coordination.inventory import Inventory
from elfe.coordination.lifecycle import Leaving, Place
from elfe.coordination.noticing import State, drift, with_firmware
from elfe.coordination.provision import Changes
from elfe.coordination.states import Kind
from elfe.coordination.store import UNKNOWN, Provisioned
from elfe.coordination.strangers import Strangers, shapes, strangers
from elfe.devices.routing import Heard, Router
from elfe.devices.values import ConfigPush, Device, Firmware, Publish, Setting, Step, Switch
from elfe.ems.cycles import store as cycles
from elfe.ems.fairness import store as fairness
from elfe.errors import BrokerError, LifecycleError
from elfe.history.store import SqlHistory
from elfe.history.values import power_series

HAND = "hand"
"""As whom devices are asked: their answers come to a topic of their own."""
RUNS_W = 10.0
RECENT = timedelta(minutes=10)
"""An older power says nothing of whether an appliance runs."""
AT_ONCE = 50
"""So many devices are asked at once: their answers come one after the other."""
CONNECTS_WITHIN = timedelta(seconds=5)
LINGERS = timedelta(seconds=1)
RECORDED_UNTIL = timedelta(minutes=2)
"""So long the recorder may still hear who has left; it looks every minute."""


# -- what stands ---------------------------------------------------------------------------------------------------------------


def places(here: Context, instance: str = HAND) -> list[Place]:
    """Every device in its place."""
    rows = [evolve(each, hardware_id="" if each.hardware_id == UNKNOWN else each.hardware_id)
            for each in queries.installed_devices(here.coordination)]
    values, _ = device_values(rows, here.drivers, instance)
    appliances = queries.appliances(here.coordination)
    by_id = {each.id: each for each in appliances}
    devices = {row.id: evolve(device, serves_when=powers(by_id[row.appliance_id], Switch(True))) for row, device in values}
    return lifecycle.places(rows, appliances, devices, here.drivers)


def visits_folder(here: Context) -> Path:
    """Where the visits that are led from this machine are written down, and their reports."""
    return Path(here.settings.data_dir) / "visits"


def configuration(here: Context, place: Place) -> ConfigPush | None:
    """What brings a device to its settings; None where there is nothing to set."""
    if place.driver is None or place.device is None:
        return None
    return here.configuration(Installed(place.row, place.device, place.driver))


@frozen
class Busy:
    """Why a device may not be touched now: in French for installers, in English for operators."""

    french: str
    english: str


def busy(here: Context, now: datetime, strict: bool = False) -> Callable[[Place], Busy | None]:
    """Whether a device may not be touched now: a cycle is never disturbed, nor one that waits (I4).

    `strict`: nor one whose power is not known.
    """
    waiting = {each.appliance_id for each in queries.open_flexibilities(here.coordination)}
    series = {name: id for id, name, _ in here.history.names()}
    meters: dict[int, list[str]] = defaultdict(list)
    for row in queries.installed_devices(here.coordination):
        meters[row.appliance_id].append(row.id)

    def why(place: Place) -> Busy | None:
        appliance, name = place.appliance, place.appliance.name
        if appliance.id in waiting and not appliance.continuous:
            return Busy(f"« {name} » est déclaré", f"{name} is declared")
        known = [series[each] for point in meters[appliance.id] if (each := power_series(point)) in series]
        drawn = [last.value for each in known if (last := here.history.last(each, now)) and now - last.at <= RECENT]
        if drawn and max(drawn) >= RUNS_W:
            return Busy(f"« {name} » consomme {max(drawn):.0f} W", f"{name} draws {max(drawn):.0f} W")
        if strict and not drawn and not appliance.continuous:
            return Busy(f"on ne sait pas si « {name} » tourne", f"nobody knows whether {name} runs")
        return None

    return why


# -- asking devices --------------------------------------------------------------------------------------------------------------


@define
class Talk:
    """A conversation with devices, by hand."""

    here: Context
    places: list[Place]
    session: Session
    router: Router = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.router = Router(self.here.drivers, self.devices)
        self.session.listen(self.router.filters)

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those that can be spoken to."""
        return tuple(each.device for each in self.places if each.device is not None)

    def connected(self, now: Callable[[], datetime]) -> None:
        """Wait until the broker lets us in. Raises `BrokerError`."""
        until = now() + CONNECTS_WITHIN
        while not self.session.ready:
            if now() >= until:
                raise BrokerError("le broker ne répond pas, ou ne laisse pas entrer elfe-hand : `elfe doctor` dit pourquoi")
            self.session.wait(timedelta(milliseconds=50))

    def hears(self, at_most: timedelta) -> list[Heard]:
        """What devices say now; not what the broker had kept."""
        self.session.wait(at_most)
        return [each for arrival in self.session.arrivals() if isinstance(arrival, Message) and not arrival.retained
                for each in self.router.read(arrival.topic, arrival.payload) if isinstance(each, Heard)]

    def linger(self, now: Callable[[], datetime]) -> None:
        """Stay until what was said has certainly been written to the wire."""
        until = now() + LINGERS
        while now() < until:
            self.hears(until - now())

    def say(self, steps: Iterable[Step]) -> None:
        """What can be said through the broker."""
        for step in steps:
            if isinstance(step, Publish):
                self.session.send(step)


def talk(here: Context, with_: Iterable[Place], now: Callable[[], datetime]) -> Talk:
    """A conversation on a session of its own; close its session."""
    session = MqttSession(here.broker_as("elfe-hand"), f"elfe-hand-{os.getpid()}")
    made = Talk(here, [each for each in with_ if each.device is not None], session)
    try:
        made.connected(now)
    except BrokerError:
        session.close()
        raise
    return made


# -- configured ------------------------------------------------------------------------------------------------------------------


@frozen
class Configured:
    """What came of one device: how it ended, and what differs (name, as it should be, as it is)."""

    place: Place
    how: str
    differs: tuple[tuple[str, str, str], ...] = ()


def configure(here: Context, chosen: Iterable[Place], repairs: bool, now: Callable[[], datetime]) -> Iterator[Configured]:
    """Read back how devices are set, and set again those that differ; each is told as soon as it is over.

    What only the local network can set becomes a task of a visit. `repairs` False: look only, change nothing, take nothing down.
    """
    waiting: list[tuple[Place, Configuring]] = []
    why = busy(here, now())
    for place in chosen:
        push = configuration(here, place)
        if push is None or not push.expects or place.driver is None:
            yield Configured(place, "rien à régler" if place.driver else "aucun plugin ne le pilote")
        elif not over_mqtt((*push.steps, *push.read_back)):
            yield _for_a_visit(here, place, push, repairs, now())
        elif repairs and (now_busy := why(place)):
            yield Configured(place, f"plus tard : {now_busy.french}")
        else:
            waiting.append((place, Configuring(push, place.driver.type.answers_within, repairs)))
    if waiting:
        made = talk(here, [place for place, _ in waiting], now)
        with closing(made.session):
            yield from bring(made, waiting, now)


def _for_a_visit(here: Context, place: Place, push: ConfigPush, repairs: bool, now: datetime) -> Configured:
    steps = on_site(push.steps)
    if repairs:
        says = f"régler {place.product} sur place : {len(steps)} étapes sur le réseau local"
        states.open_task(here.coordination, place.point, Kind.CONFIGURE, says, now)
    read = states.settings(here.coordination).get(place.point, {})
    return Configured(place, "visite : seul le réseau local peut le régler", tuple(drift(push.expects, read) or ()))


def bring(made: Talk, waiting: list[tuple[Place, Configuring]], now: Callable[[], datetime]) -> Iterator[Configured]:
    """Bring devices to their settings in a conversation that stands; each is told as soon as it is over."""
    active: dict[str, tuple[Place, Configuring]] = {}
    while waiting or active:
        units = {place.unit for place, _ in active.values()}
        for each in list(waiting):
            if len(active) < AT_ONCE and each[0].unit not in units:      # the outputs of one unit one after the other
                units.add(each[0].unit)
                active[each[0].point] = each
                waiting.remove(each)
        for _, asked in active.values():
            made.say(asked.step(now()))
        for heard in made.hears(timedelta(milliseconds=200)):
            match heard.event:
                case Setting() as setting if heard.device.id in active:
                    active[heard.device.id][1].hear(setting)
                case Firmware() as firmware:
                    note_firmware(made.here, heard.device.id, firmware, now())
        for point, (place, asked) in list(active.items()):
            made.say(asked.step(now()))
            if asked.ended is not None:
                del active[point]
                yield _over(made.here, place, asked, now())


def note_firmware(here: Context, point: str, said: Firmware, now: datetime) -> None:
    """Take down which version a device says it runs, and the newer one that it knows of."""
    known = states.states(here.coordination).get(point, State(point))
    states.note(here.coordination, [evolve(with_firmware(known, said, now), heard_at=now, presence="")])


def _over(here: Context, place: Place, asked: Configuring, now: datetime) -> Configured:
    assert asked.ended is not None
    assert place.device is not None
    note_settings(here, place.row, place.device, [Setting(name, value) for name, value in asked.heard.items()], now)
    if asked.ended in {How.RIGHT, How.REPAIRED}:
        states.close_task(here.coordination, now, device_id=place.point, kind=Kind.CONFIGURE)
    return Configured(place, asked.ended.value, tuple(asked.differs) if asked.ended is How.DIFFERS else ())


# -- unknown, adopted, replaced --------------------------------------------------------------------------------------------------


def unknown(here: Context, until: datetime, everything: bool, now: Callable[[], datetime]) -> Strangers:
    """Listen for units that are nobody's, as the broker's administrator where we keep that secret."""
    every = places(here, "+")
    known = [each for place in every for each in _theirs(place)]
    found = strangers(here.drivers, [*known, "INDICATEURS/#", "viriya/#", "elfe/#"])
    filters = ("#",) if everything else tuple(sorted({each.filter for each in shapes(here.drivers)}))
    with closing(MqttSession(here.broker_as(ADMIN), f"elfe-unknown-{os.getpid()}")) as session:
        session.listen(filters)
        while now() < until:
            for arrival in session.arrivals():
                if isinstance(arrival, Message):
                    found.hear(arrival.topic, arrival.payload, arrival.retained)
            session.wait(timedelta(milliseconds=200))
        if not session.ready:
            raise BrokerError("le broker ne répond pas, ou refuse que l'on écoute : `elfe doctor` dit pourquoi")
    return found


def _theirs(place: Place) -> Iterator[str]:
    topics = place.topics
    if topics:
        yield from filter(None, (topics.command, *topics.listen, *topics.reads, *topics.writes))


@frozen
class Put:
    """What a replacement or an adoption changes, or has changed."""

    changes: Changes
    points: tuple[str, ...]
    provisioned: tuple[Provisioned, ...] = ()
    accounts: Done | None = None           # None: this broker has no accounts
    open: str = ""                         # what is still to be done of the accounts, in French


def adopt(here: Context, row: Mapping[str, str], dry_run: bool, now: datetime) -> Put:
    """Add a device to a home, as provisioning does. `row`: its cells, by the inventory's columns. Raises `LifecycleError`."""
    text = lifecycle.adoption(row, store.standing(here.coordination))
    asked, problems = inventory.read(text, here.drivers)
    if problems:
        raise LifecycleError("\n".join(dict.fromkeys(f"{each.column} : {each.what}" for each in problems))
                             + "\nCe que la commande ne sait pas dire s'écrit dans un inventaire d'une ligne : docs/inventory.md")
    return _put(here, asked, (row["point"],), (), "adoption", dry_run, now)


def replace(here: Context, point: str, hardware_id: str, type_id: int | None, topics: Mapping[str, str], reason: str,
            dry_run: bool, now: datetime) -> Put:
    """Put other hardware on a point: everything else of the point stays. Raises `LifecycleError`."""
    every = places(here)
    asked = lifecycle.replacement(point, hardware_id, every, store.standing(here.coordination), here.drivers, type_id, topics)
    place = next(each for each in every if each.point == point)
    together = tuple(each.point for each in lifecycle.members(place, every))
    renew = () if place.driver is None or place.driver.type.parent else (min(together),)
    return _put(here, asked, together, renew, reason, dry_run, now)


def _put(here: Context, asked: Inventory, points: tuple[str, ...], renew: tuple[str, ...], reason: str, dry_run: bool,
         now: datetime) -> Put:
    stands = store.standing(here.coordination)
    problems = provision.conflicts(asked, stands)
    if problems:
        raise LifecycleError("\n".join(each.what for each in problems))
    changes = provision.changes(asked, stands, here.history.find)
    if changes.all_stands:
        raise LifecycleError(f"rien à faire : {', '.join(points)} est déjà ainsi")
    if dry_run:
        return Put(changes, points)
    done = store.apply(here.coordination, changes, here.drivers, here.history, now, reason)
    accounts, still_open = follow_accounts(here, renew)
    return Put(changes, points, tuple(done), accounts, still_open)


def follow_accounts(here: Context, renew: Iterable[str] = ()) -> tuple[Done | None, str]:
    """Bring the broker's accounts to what is installed now; what could not be done, in French.

    The database is already as it should be: a broker that is away is brought up to date later.
    """
    if not here.settings.broker.folder and brokering.secrets_of(here).get(ADMIN) is None:
        return None, ""
    renew = sorted(set(renew) & {each.username for each in brokering.wanted(here).accounts})
    try:
        return brokering.sync(here, renew=renew), ""
    except BrokerError as error:
        then = f"`elfe broker sync` puis `elfe broker rotate {' '.join(renew)}`" if renew else "`elfe broker sync`"
        return Done(), f"les comptes du broker ne sont pas à jour ({error}) : {then}"


# -- moved, gone -----------------------------------------------------------------------------------------------------------------


def leaves(here: Context, reference: str, to: str, stays_behind: Iterable[str], keeps_measures: bool) -> Leaving:
    """What it means that somebody leaves, or moves. Raises `LifecycleError`."""
    every = places(here)
    found = lifecycle.leaving(reference, store.standing(here.coordination), every, to=to, stays_behind=stays_behind,
                              keeps_measures=keeps_measures)
    revoked = _accounts(every) - _accounts([each for each in every if each.point not in found.points])
    return evolve(found, accounts=tuple(sorted(revoked & set(brokering.secrets_of(here).names()))))


def _accounts(every: Iterable[Place]) -> set[str]:
    placed = [Placed(each.device, each.driver, each.row.participant) for each in every if each.device and each.driver]
    return {each.username for each in rights.unit_accounts(placed)[0]}


def leave(here: Context, who: Leaving, now: datetime) -> tuple[Done | None, str]:
    """Perform it: the database, then the accounts, then the measures; taken up again by `take_up` when it was interrupted."""
    leaving.leave(here.coordination, who, now)
    told = follow_accounts(here)
    Journal(visits_folder(here)).forget(who.participant.reference)
    for name in who.accounts:      # those of a broker whose accounts are not kept here too
        brokering.secrets_of(here).forget(name)
    sweep(here, now)
    database.settle(here.coordination)
    if isinstance(here.history, SqlHistory):
        database.settle(here.history.engine)
    return told


def take_up(here: Context, reference: str, now: datetime) -> tuple[Done | None, str] | None:
    """Take up a departure that was interrupted; None when there is none to take up."""
    mine = [each for each in states.departures(here.coordination) if each.reference == reference and each.pending]
    if not mine:
        return None
    told = follow_accounts(here)
    gone = {point for each in mine for point in each.pending} - {each.username for each in brokering.wanted(here).accounts}
    for name in gone:
        brokering.secrets_of(here).forget(name)
    sweep(here, now)
    return told


def sweep(here: Context, now: datetime) -> list[str]:
    """Erase the measures of those who have left; returns who is finished with.

    What the recorder still heard of them is erased by a second pass, which it makes itself.
    """
    finished = []
    for each in states.departures(here.coordination):
        if not each.pending:
            continue
        for number, (point, appliance_id) in enumerate(sorted(each.pending.items()), 1):
            _erase(here, point, appliance_id, f"ancien {each.id}.{number}" if each.keeps_measures else "")
        fairness.forget(here.sortie, [each.reference])
        if now - each.left_at >= RECORDED_UNTIL:
            states.departed(here.coordination, each.id)
            finished.append(each.reference)
    return finished


def _erase(here: Context, point: str, appliance_id: int, kept_as: str) -> None:
    """The measures of a point, and what was learned of them.

    With the consent to keep them they go to series that name neither point nor person.
    """
    for series, name, _ in here.history.of_point(point):
        kept = here.history.forget(series, f"{kept_as} {name.removeprefix(f'{point} ')}" if kept_as else "")
        if kept is not None and name == power_series(point):
            leaving.follow_series(here.coordination, appliance_id, series, kept)
    if not kept_as:
        cycles.forget(here.sortie, [appliance_id])
