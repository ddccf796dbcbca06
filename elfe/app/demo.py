"""A territory lives a day on real wires, in minutes: the composition of the demonstration.

Real everything but the homes: a broker, the databases, the recorder, the EMS, the command engine, each in a process of its
own; and simulated homes made of the drivers' own twins. Time is the conductor's.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import attrs
from attrs import frozen

from elfe.app import services
from elfe.app.context import EMBEDDED_PORT_FILE, Context
from elfe.app.loop import conducted
from elfe.broker.embedded import Embedded
from elfe.broker.fleet import Fleet
from elfe.command import store as ledger
from elfe.command.fleet import Fleet as Pilots
from elfe.command.fleet import fleet, wires
from elfe.command.orders import Why
from elfe.command.typologies import TYPOLOGIES
from elfe.command.values import Installed
from elfe.coordination import inventory, queries, store
from elfe.coordination.devices import device_values
from elfe.coordination.values import Appliance, Usage
from elfe.devices.drivers import Driver
from elfe.devices.twins import Twin
from elfe.devices.values import Device, Step
from elfe.ems import store as sortie
from elfe.errors import SetupError
from elfe.history.values import BALANCE, Reading, power_series
from elfe.settings import Settings
from elfe.simulation import report, series, story
from elfe.simulation.appliances import CycleMachine, SimulatedAppliance, Tank
from elfe.simulation.conductor import Conductor, Party
from elfe.simulation.homes import Account, Group, Homes, Unit, balance_of
from elfe.slots import HORIZON, SLOT, slot_start

PERIOD = timedelta(minutes=5)
DATA = Path("../shared/data")
"""Real series and traces, when a folder of them stands beside the checkout."""
POLL_S = 300.0
NODES, GAP = 20, 5e-3
WOKE, QUARTERS_AWAKE = timedelta(hours=7), 44
"""Yesterday everybody started a machine in some quarter of the day, at once."""
DAY = date(2024, 6, 12)
"""In summer, so that there is sun to move things to."""


@frozen
class Script:
    """What is to be played."""

    inventory: str                   # the text of an inventory
    zone: tzinfo
    homes: int = 20
    hours: float = 24.0
    seed: int = 1
    deaf: tuple[str, ...] = ()       # installation points that ignore every order to switch on
    data: Path | None = None

    @property
    def midnight(self) -> datetime:
        """When the day begins."""
        return datetime.combine(DAY, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """When it ends."""
        return self.midnight + timedelta(hours=self.hours)

    def first_homes(self) -> str:
        """The lines of the inventory's first participants."""
        header, *lines = self.inventory.splitlines()
        chosen = list(dict.fromkeys(line.partition(";")[0] for line in lines if line))[:self.homes]
        return "\n".join([header, *(line for line in lines if line.partition(";")[0] in chosen)]) + "\n"


def sample_inventory() -> str:
    """The inventory of twenty homes that comes with elfe."""
    return (files("elfe.simulation") / "twenty_homes.csv").read_text(encoding="utf-8")


def play(settings: Settings, script: Script, watch: Callable[[datetime, dict[str, float]], None]) -> report.Report:
    """Provision, fill yesterday, live the day, and report."""
    with ExitStack() as stack:
        settings = stack.enter_context(_with_broker(_for_a_day(settings)))
        here = Context(settings)
        _provision(here, script)
        assert here.sortie is not None      # the parties find every database made
        world = _World(here, script)
        world.fill_yesterday()
        parties = [stack.enter_context(_party(name, settings, script)) for name in ("recorder", "ems", "command", "homes")]
        conductor = Conductor(tuple(parties))
        conductor.lead(script.midnight, script.end, lambda now: watch(now, conductor.notes))
        return world.report(conductor.ask_account("homes"))


def _for_a_day(settings: Settings) -> Settings:
    """The settings of virtual time: portals announce what they write, and the solver is bounded by work."""
    return attrs.evolve(
        settings, command=attrs.evolve(settings.command, poll_s=POLL_S),
        ems=attrs.evolve(settings.ems, max_nodes=min(NODES, settings.ems.max_nodes), gap=max(GAP, settings.ems.gap)))


@contextmanager
def _with_broker(settings: Settings) -> Iterator[Settings]:
    """The broker of the settings, or an embedded one for as long as this lasts."""
    if settings.broker.host:
        yield settings
        return
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with Embedded(folder) as broker:
        (folder / EMBEDDED_PORT_FILE).write_text(f"{broker.port} {broker.address.protocol}")
        yield settings
    (folder / EMBEDDED_PORT_FILE).unlink(missing_ok=True)


def _provision(here: Context, script: Script) -> list[store.Provisioned]:
    """The first homes of the inventory, through the same door as `elfe devices provision`."""
    read, problems = inventory.read(script.inventory, here.drivers)
    chosen = {each.reference for each in read.participants[:script.homes]}
    read = inventory.Inventory(tuple(each for each in read.participants if each.reference in chosen),
                               tuple(each for each in read.appliances if each.participant in chosen))
    foreign = sorted({f"{each.name} {each.participant}" for each in store.standing(here.coordination).appliances}
                     - {f"{each.name} {each.participant}" for each in read.appliances})
    if foreign or ledger.orders(here.coordination, limit=1):
        raise SetupError("the coordination database of the settings is not blank: a demonstration lives in one of its own"
                         + (f" (it holds {foreign[0]}, ...)" if foreign else ""))
    changes = store.prepare(here.coordination, read, problems, here.history)
    return store.apply(here.coordination, changes, here.drivers, here.history, script.midnight)


# -- the simulated world ------------------------------------------------------------------------------------------------------


class _World:
    """The homes as they are at midnight, and the territory around them. Made alike in every process that asks."""

    def __init__(self, here: Context, script: Script, provisioned: list[store.Provisioned] | None = None) -> None:
        self.here, self.script = here, script
        installed, _ = device_values(queries.installed_devices(here.coordination), here.drivers, "homes")
        self.installed = installed
        self.fleet: Pilots = fleet(queries.appliances(here.coordination), wires(
            Installed(row, device, here.drivers[row.type_id]) for row, device in installed), ())
        self.heaters = {each.appliance.id: each for each in queries.water_heaters(here.coordination)}
        self.appliances = {id: self._appliance(pilot.appliance) for id, pilot in self.fleet.pilots.items()}
        self.territory = series.territory(script.data, self._flexible_wh(), script.seed)

    def _appliance(self, appliance: Appliance) -> SimulatedAppliance:
        if appliance.id in self.heaters:
            heater = self.heaters[appliance.id]
            return Tank(volume_l=heater.volume_l, element_w=heater.power_w, seed=self.script.seed + appliance.id,
                        zone=self.here.settings.zone)
        return CycleMachine(series.profile(self.script.data, appliance.type, self.script.seed + appliance.id))

    def _flexible_wh(self) -> float:
        return sum(each.profile.energy_wh if isinstance(each, CycleMachine) else 0.03 * 1000 * each.volume_l
                   for each in self.appliances.values() if isinstance(each, CycleMachine | Tank))

    def fill_yesterday(self) -> None:
        """The history of the day before: the balance, and every appliance used once, as nobody piloted it."""
        history, begun = self.here.history, self.script.midnight - HORIZON * SLOT
        drawn_w = [0.0] * HORIZON
        for pilot in self.fleet.pilots.values():
            lived = report.live_unpiloted(self._appliance(pilot.appliance), [self._used_at(pilot.appliance, begun)],
                                          begun, self.script.midnight)
            drawn_w = [here + there for here, there in zip(drawn_w, lived.quarters_w(begun, HORIZON, SLOT), strict=True)]
            if pilot.meter:
                series_id = history.series(power_series(pilot.meter), "W")
                history.append(Reading(series_id, at, power) for at, power in lived.every(PERIOD, self.script.midnight))
        balance = history.series(BALANCE, "W")
        history.append(Reading(balance, begun + i * SLOT, w - drawn_w[i])
                       for i, w in enumerate(self.territory.balance_w[:HORIZON]))

    def _used_at(self, appliance: Appliance, begun: datetime) -> datetime:
        return begun + WOKE + Random(self.script.seed + appliance.id).randrange(QUARTERS_AWAKE) * SLOT

    def story(self) -> list[story.Act]:
        """Who declares what when."""
        players = [(pilot.appliance, self._lasts(id)) for id, pilot in self.fleet.pilots.items()]
        return story.day(players, self.script.midnight, self.script.seed)

    def _lasts(self, appliance_id: int) -> timedelta | None:
        appliance = self.appliances[appliance_id]
        return appliance.profile.lasts if isinstance(appliance, CycleMachine) else None

    def homes(self, wire: Fleet) -> Homes:
        """The party."""
        groups = tuple(self._group(id) for id in self.fleet.pilots)
        begun = self.script.midnight - HORIZON * SLOT

        def declare(appliance_id: int, deadline: datetime | None, lasts: timedelta | None, now: datetime) -> Any:
            return queries.declare(self.here.coordination, appliance_id, deadline, lasts, now)

        return Homes(groups, self.story(), balance_of(self.territory.balance_w, begun), declare, wire)

    def _group(self, appliance_id: int) -> Group:
        pilot = self.fleet.pilots[appliance_id]
        devices = [(row, device) for row, device in self.installed if row.appliance_id == appliance_id]
        inverted = TYPOLOGIES[pilot.appliance.typology].inverted
        units = {device.id: self._unit(device, inverted) for _, device in devices}
        meters = tuple(units[device.id] for row, device in devices
                       if row.usage in {Usage.SWITCH_AND_METER, Usage.METER, Usage.SWITCH})
        return Group(appliance_id, self.appliances[appliance_id], units[pilot.driven.device.id], meters, inverted)

    def _unit(self, device: Device, inverted: bool) -> Unit:
        driver = self.here.drivers[device.type_id]
        assert driver.simulate is not None, f"{driver.type.product} has no twin"
        twin: Twin = driver.simulate(device, self.script.seed)
        twin.period = PERIOD
        if inverted:
            _open(twin)
        wired = attrs.evolve(device, serves_when=not inverted)
        return Unit(device.id, twin, self._visit(driver, wired), deaf=device.id in self.script.deaf)

    def _visit(self, driver: Driver, device: Device) -> tuple[Step, ...]:
        """What the installer pushes."""
        if driver.push_config is None or driver.plugin not in self.here.plugin_settings:
            return ()
        return driver.push_config(device, self.here.plugin_settings[driver.plugin]).steps

    # -- afterwards -------------------------------------------------------------------------------------------------------

    def report(self, account: Account) -> report.Report:
        """What the day was worth."""
        midnight, end = self.script.midnight, self.script.end
        orders = ledger.orders(self.here.coordination)
        started = {order.slot for order in orders if order.why is Why.START}
        plans = {slot: sortie.plan_in_force(self.here.sortie, slot_start(slot)) for slot in started}
        return report.report(report.Day(
            start=midnight, end=end, balance_w=self.territory.balance_w[HORIZON:HORIZON + (end - midnight) // SLOT],
            source=self.territory.source, account=account,
            replayed=report.replay(account, deepcopy(self.appliances), midnight, end),
            orders=orders, plans={slot: plan for slot, plan in plans.items() if plan is not None}))


def _open(twin: Any) -> None:
    """A relay that cuts when it is closed stands open in normal service."""
    twin.on = False


# -- parties, each a process --------------------------------------------------------------------------------------------------


@contextmanager
def _party(name: str, settings: Settings, script: Script) -> Iterator[Party]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(name, settings, script, theirs), name=f"elfe-{name}")
    process.start()
    theirs.close()
    try:
        yield Party(name, ours)
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def _live(name: str, settings: Settings, script: Script, conductor: Connection) -> None:
    """A party's process."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format=f"{name}: %(message)s")
    if name == "homes":
        here = Context(settings)
        wire = Fleet(here.broker)
        conducted(_World(here, script).homes(wire), lambda: wire.sessions, conductor)
        return
    make: Callable[[Settings], services.Made] = {
        "recorder": services.recorder, "command": lambda given: services.command(given, conducted=True),
        "ems": lambda given: services.ems(given, by_work=True),
    }[name]
    service, sessions = make(settings)
    conducted(service, lambda: sessions, conductor)


