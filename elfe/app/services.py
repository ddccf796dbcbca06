"""From settings to services: composition only. Each function returns a service and the sessions that it owns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path

from attrs import evolve

from elfe import clock, connectors, database
from elfe.app import after_visit, indicated, planning, unsubscribing, visit, zabbix
from elfe.app.context import Context
from elfe.app.loop import Service
from elfe.app.noted import Notes
from elfe.app.post import Post
from elfe.app.standby import Lock, OneAtATime
from elfe.broker.client import MqttSession
from elfe.broker.rights import SCREENS_ACCOUNT, TERRITORY_ACCOUNT
from elfe.broker.session import Session
from elfe.command import leadership
from elfe.command import store as ledger
from elfe.command.fleet import Share
from elfe.command.rules import Rules
from elfe.command.service import CommandService
from elfe.coordination import announced, queries
from elfe.coordination.devices import device_values
from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device, Publish, Render
from elfe.ems.service import EmsService
from elfe.ems.solve import Limits, Solver
from elfe.errors import SettingsError
from elfe.history.keeper import Keeper
from elfe.history.noting import Noting
from elfe.history.service import Recorder
from elfe.history.spool import Spool
from elfe.history.values import Told
from elfe.screens import drawing, layout
from elfe.screens.layout import Layout
from elfe.screens.service import Screen, Screens
from elfe.settings import Settings
from elfe.territory.service import Place, Territory, World

HURRIES = timedelta(seconds=5)
"""The command engine waits so long for what somebody else has locked."""
BRIEF_TRIES = 900        # a simulated day has a hundred plans, and nobody waits two minutes for it

Made = tuple[Service, tuple[Session, ...]]


def recorder(settings: Settings) -> Made:
    """The recorder."""
    here = Context(settings)
    account = f"elfe-recorder-{settings.command.instance}"
    session = MqttSession(here.broker_as(account), account, joins=False)

    rows: dict[str, InstalledDevice] = {}
    follower = zabbix.Follower(settings, here.history)

    def installed() -> list[tuple[InstalledDevice, Device]]:
        found = device_values(queries.installed_devices(here.coordination), here.drivers, "recorder")[0]
        rows.update({row.id: row for row, _ in found})
        after_visit.sweep(here, clock.now())      # what was still heard of those who have left
        visit.settle(here, clock.now())
        follower.look()
        return found

    spool = Spool(str(Path(settings.data_dir) / "spool.db"))
    def told(since: datetime, until: datetime) -> Iterable[Told]:
        return ledger.sent(here.coordination, since, until)

    service = Recorder(session, here.history, here.drivers, installed, Noting(Notes(here, rows)), spool, told)
    return _alone("recorder", service, session, here)


def ems(settings: Settings, by_work: bool = False) -> Made:
    """The EMS; `by_work`: its solver is bounded by work alone, as virtual time asks for."""
    here = Context(settings)
    limits = Limits(nodes=settings.ems.max_nodes, gap=settings.ems.gap, seconds=settings.ems.time_limit_s)
    if by_work:
        limits = evolve(limits, seconds=None, tries=BRIEF_TRIES)
    return EmsService(planning.sources(here), Solver(limits), timedelta(days=settings.ems.keep_days)), ()


def command(settings: Settings, conducted: bool = False) -> Made:
    """The command engine; `conducted`: its time is virtual, and jumps as it likes."""
    here = Context(settings)
    instance = settings.command.own_instance
    account = f"elfe-command-{instance}"
    session = MqttSession(here.broker_as(account), account, joins=False)      # who stands by does not use the leader's identity
    database.hurry(here.coordination, HURRIES)
    database.hurry(here.sortie, HURRIES)
    share = Share(settings.command.worker, settings.command.workers)
    service = CommandService(
        session, here.coordination, here.sortie, here.drivers, instance=instance, share=share,
        poll_every=timedelta(seconds=settings.command.poll_s), rules=_rules(settings),
        steady_s=None if conducted else clock.steady_s, configure=here.configuration)
    return service, (session,)


def _rules(settings: Settings) -> Rules:
    given = settings.command
    return Rules(proof_w=given.proof_w, hold_for=timedelta(hours=given.hold_h), spread=timedelta(seconds=given.spread_s),
                 most_kw_a_minute=given.most_kw_a_minute)


def screens(settings: Settings) -> Made:
    """The screens in homes."""
    here = Context(settings)
    database.hurry(here.coordination, HURRIES)
    form = screen_layout(settings)
    farewell = _farewell(here.drivers, form)
    session = MqttSession(here.broker_as(SCREENS_ACCOUNT), SCREENS_ACCOUNT, will=farewell[0] if farewell else None, joins=False)
    service = Screens(session, here.coordination, here.sortie, here.drivers, lambda: screens_of(here), form, settings.zone,
                      hold_for=timedelta(hours=settings.command.hold_h), farewell=farewell,
                      undriven=undriven(here))
    return _alone("screens", service, session, here)


def _farewell(drivers: Drivers, form: Layout) -> list[Publish]:
    """What every screen of a type hears at once; a connection has one last will, so that of the first type is it."""
    return [message for driver in drivers if driver.type.can(Capability.SCREEN) and driver.type.everybody and driver.encode_command
            for message in driver.encode_command(driver.device("everybody", stored=driver.type.everybody),
                                                 Render(drawing.lost(form))).publishes]


def undriven(here: Context) -> Callable[[Collection[str]], Collection[str]]:
    """Of some homes, those that no command engine drives; none where another engine than ours does: nobody can tell of it."""
    if here.settings.screens.engine == "other":
        return lambda homes: ()
    return partial(leadership.undriven, here.coordination, here.settings.command.workers)


def screens_of(here: Context) -> list[Screen]:
    """The screens that are installed."""
    pairs = device_values(queries.installed_devices(here.coordination), here.drivers, "screens")[0]
    return [Screen(device, here.drivers[row.type_id], row.participant) for row, device in pairs
            if here.drivers[row.type_id].type.can(Capability.SCREEN)]


def screen_layout(settings: Settings) -> Layout:
    """The layout of the settings. Raises `SettingsError` with all that is wrong in it."""
    if not settings.screens.layout:
        return layout.DEFAULT
    file = Path(settings.screens.layout)
    if not file.exists():
        raise SettingsError(f"there is no layout {file}; `elfe screen layout` prints one to start from")
    return layout.read(file.read_text(encoding="utf-8"), str(file))


def territory(settings: Settings) -> Made:
    """The territory: its balance, its energy weather, the morning's mails."""
    here = Context(settings)
    session = MqttSession(here.broker_as(TERRITORY_ACCOUNT), TERRITORY_ACCOUNT, joins=False)

    def installed() -> list[tuple[InstalledDevice, Device]]:
        return device_values(queries.installed_devices(here.coordination), here.drivers, "territory")[0]

    post = settings.mail
    send = Post(post.host, post.port, post.security, post.username, post.password_file, post.ca).send
    keeper = Keeper(here.history, Spool(str(Path(settings.data_dir) / "spool-territory.db")))

    indicators = partial(indicated.publish, indicated.world(here, keeper))

    world = World(session, here.coordination, here.sortie, here.history, here.drivers, installed, send, indicators, keeper)
    place = Place(settings.zone, settings.territory.homes, Path(settings.territory.folder or Path(settings.data_dir) / "public"),
                  time(post.hour), post.sender if post.host else "", post.unsubscribe, unsubscribing.coded(settings))

    def unsubscribe(who: str) -> None:
        announced.subscribe(here.coordination, who, False, clock.now())

    def answer_links() -> None:
        if post.listen:
            unsubscribing.serve(post.listen, place.code, unsubscribe)

    return _alone("territory", Territory(place, world, connectors.opened(settings.sources)), session, here, answer_links)


def _alone(kind: str, service: Service, session: Session, here: Context, begins: Callable[[], object] = lambda: None) -> Made:
    """Of all of a kind one serves: they have one identity at the broker."""
    return OneAtATime(service, session, Lock(here.coordination, kind), begins), (session,)
