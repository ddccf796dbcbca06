"""A small world for the engine: a plug that speaks plain words, a machine, a tank, and a hand to move time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, evolve, field

from elfe.command.engine import Engine
from elfe.command.fleet import fleet, wires
from elfe.command.orders import On, Order, Why
from elfe.command.typologies import TYPOLOGIES
from elfe.command.values import (
    BrokerUp,
    CloseFlexibility,
    Effect,
    EngineEvent,
    FleetRead,
    Installed,
    LeaveAlone,
    Pilot,
    PlanRead,
    Record,
    Recorded,
    Said,
    Save,
    Send,
    Tick,
    Write,
)
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import Appliance, ApplianceType, Flexibility, InstalledDevice, Mode, Usage
from elfe.devices.drivers import Driver
from elfe.devices.values import (
    Acknowledgement,
    Capability,
    Device,
    DeviceType,
    Encoded,
    FailSafe,
    LegacyTopics,
    Measure,
    OutputState,
    Press,
    Publish,
    Quantity,
    Role,
    Switch,
    Topics,
)
from elfe.ems.values import Decisions
from elfe.slots import slot_of

NOON = datetime(2024, 10, 11, 12, 0, tzinfo=UTC)
PLUG = DeviceType(
    id=900, name="toy", product="a toy plug", vendor_url="",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30), silent_after=timedelta(minutes=2), answers_within=timedelta(seconds=5),
    fail_safe=FailSafe(safe_state=True, enforced_by="auto_on", after=timedelta(minutes=30)),
)


def _encode(device: Device, command: object) -> Encoded:
    word = (b"on" if command.on else b"off") if isinstance(command, Switch) else b"?"
    expects = Acknowledgement(command.token, ok=True)
    return Encoded((Publish(f"{device.id}/set", word),), expects, within=timedelta(seconds=5))


TOY = Driver(
    type=PLUG, plugin="toy",
    build_topics=lambda device: Topics(f"{device.id}/set", {f"{device.id}/says": Role.SAYS}),
    decode_message=lambda device, topic, payload: (),
    render_legacy_topics=lambda device: LegacyTopics("", "", ""),
    parse_legacy_topics=lambda type_id, columns: ({}, 0),
    encode_command=_encode,
)


def a_pilot(appliance_id: int = 1, *, device: str = "D001", type: int = ApplianceType.WASHING_MACHINE,
            mode: int = Mode.PILOTED, typology: int = 120, meter: str | None = None,
            flexibility: Flexibility | None = None) -> Pilot:
    appliance = Appliance(id=appliance_id, name="lave-linge", type=type, typology=typology, mode=mode, control=15,
                          command=1, participant="R004")
    row = InstalledDevice(device, PLUG.id, Usage.SWITCH_AND_METER, appliance_id, "", "R004", None, 0, "", "", "")
    driven = Installed(row, TOY.device(device), TOY)
    open_one = flexibility or Flexibility(id=7, appliance_id=appliance_id, opened_at=NOON)
    return Pilot(appliance, TYPOLOGIES[typology], driven, device if meter is None else meter, open_one)


def a_plan(first: datetime = NOON, **rows: tuple[int, ...]) -> Decisions:
    """A plan whose rows are given by appliance, `m1=(0, 1)` for appliance 1; the rest of the day is zero."""
    return Decisions(slot_of(first), {int(name[1:]): row + (0,) * (96 - len(row)) for name, row in rows.items()})


FINGER = evolve(PLUG, id=901, name="toy_finger", capabilities=frozenset({Capability.PRESS}), fail_safe=None,
                answers_within=timedelta(seconds=60))


def _encode_press(device: Device, command: object) -> Encoded:
    """As SwitchBot's gateway: its answer names the command, never who gave it."""
    word = b"press" if isinstance(command, Press) else b"?"
    return Encoded((Publish(f"{device.id}/set", word),), Acknowledgement("press", ok=True), within=timedelta(seconds=60))


TOY_FINGER = evolve(TOY, type=FINGER, encode_command=_encode_press)


def a_device(id: str, usage: Usage, driver: Driver = TOY, appliance_id: int = 1) -> Installed:
    return Installed(InstalledDevice(id, driver.type.id, usage, appliance_id, "", "R004", None, 0, "", "", ""),
                     driver.device(id), driver)


def a_wired_pilot(typology: int, *usages: Usage, type: int = ApplianceType.WASHING_MACHINE, **appliance: object) -> Pilot:
    """Appliance 1 with a device of each usage: P1, P2 the fingers, D1, D2 the others."""
    names = {True: iter(("P1", "P2")), False: iter(("D1", "D2"))}
    devices = [a_device(next(names[usage in (Usage.PRESS_POWER, Usage.PRESS_START)]), usage,
                        TOY_FINGER if usage in (Usage.PRESS_POWER, Usage.PRESS_START) else TOY) for usage in usages]
    row = Appliance(**{"id": 1, "name": "lave-linge", "type": type, "typology": typology, "mode": Mode.PILOTED, "control": 15,
                       "command": 1, "participant": "R004", **appliance})
    opened = Flexibility(id=7, appliance_id=1, opened_at=NOON)
    found = fleet([row], wires(devices), [opened])
    assert found.problems == ()
    return found.pilots[1]


@define
class World:
    """The engine, its time, and what it has asked for; rows are committed at once."""

    engine: Engine
    now: datetime = NOON
    effects: list[Effect] = field(factory=list)
    rows: dict[int, Pilot] = field(factory=dict)      # what the database says

    def tell(self, *events: EngineEvent) -> list[Effect]:
        """Tell events one after the other; effects on the database are performed at once, as one that works does."""
        new: list[Effect] = []
        queue = list(events)
        while queue:
            for effect in self.engine.on(queue.pop(0), self.now):
                new.append(effect)
                queue += self._perform(effect)
        self.effects += new
        return new

    def knows(self, device_id: str) -> None:
        """It has heard the device rest for some minutes: there is no silence in which a cycle may have begun."""
        self.tell(Said(device_id, Measure(Quantity.POWER, 2.0)))
        self.now += timedelta(minutes=7)
        self.tell(Said(device_id, Measure(Quantity.POWER, 2.0)))

    def _perform(self, effect: Effect) -> list[EngineEvent]:
        match effect:
            case Record(order):
                return [Recorded(order.id)]
            case Write(id, mode=mode) if mode is not None:
                self.rows[id] = evolve(self.rows[id], appliance=evolve(self.rows[id].appliance, mode=mode))
            case LeaveAlone(id, until):
                self.rows[id] = evolve(self.rows[id], hold=Hold(1, id, None, self.now, until, Origin.DEVICE))
            case CloseFlexibility(flexibility_id):
                for id, row in self.rows.items():
                    if row.flexibility and row.flexibility.id == flexibility_id:
                        self.rows[id] = evolve(row, flexibility=None)
        return []

    def after(self, **elapsed: float) -> list[Effect]:
        """Let time pass; the database is read again, and time alone asks for what it asks for."""
        self.now += timedelta(**elapsed)
        return self.tell(FleetRead(self.rows), Tick())

    def change(self, pilot: Pilot) -> list[Effect]:
        """The database now says this of the appliance."""
        self.rows = {**self.rows, pilot.appliance.id: pilot}
        return self.tell(FleetRead(self.rows))

    def set_mode(self, mode: Mode, appliance_id: int = 1) -> list[Effect]:
        """Somebody wrote the mode."""
        pilot = self.rows[appliance_id]
        return self.change(evolve(pilot, appliance=evolve(pilot.appliance, mode=mode)))

    @property
    def order(self) -> Order:
        """The order that was last kept or made."""
        return next(each.order for each in reversed(self.effects) if isinstance(each, Save | Record))

    def said(self, effects: list[Effect] | None = None) -> list[tuple[str, bytes]]:
        """What was published, in order."""
        chosen = self.effects if effects is None else effects
        return [(each.topic, each.payload) for effect in chosen if isinstance(effect, Send)
                for each in effect.publishes]

    def written(self) -> list[Write]:
        """What was written of appliances."""
        return [effect for effect in self.effects if isinstance(effect, Write)]

    def happened(self) -> list[On]:
        """The ledger's lines, in order."""
        return [effect.what for effect in self.effects if isinstance(effect, Save)]


def state(on: bool) -> OutputState:
    """The plug's own word."""
    return OutputState(on)


@pytest.fixture
def world() -> World:
    """A connected engine that knows one loaded washing machine on a plug, and no plan."""
    counter = iter(range(1, 10_000))
    world = World(Engine(new_id=lambda: f"o{next(counter)}"), now=NOON - timedelta(hours=1))
    world.tell(BrokerUp())      # it has been listening for an hour
    world.now = NOON
    world.tell( FleetRead({}), PlanRead(a_plan(m1=(0,) * 8 + (1,))))
    return world


__all__ = ["NOON", "PLUG", "TOY", "Why", "World", "a_pilot", "a_plan", "state"]
