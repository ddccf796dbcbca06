"""The homes: every typology, every family, what stands behind them and what their machines make of a press."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from elfe.coordination.values import Appliance, Usage
from elfe.devices.twins import Twin
from elfe.devices.values import DeviceType, HttpGet, Publish, Step
from elfe.simulation.appliances import CycleMachine, Profile, Run, Tape
from tests.command.sim.wire import End

CYCLE = Profile((1900.0,) * 2 + (60.0,) * 4 + (2.0,) + (250.0,) * 3, timedelta(minutes=6))      # an hour; it soaks for six minutes
HEATS = Tape(((timedelta(), 2000.0), (timedelta(hours=2), 0.0)), timedelta(hours=3))            # then its thermostat has enough
RUNS_FOR = timedelta(minutes=12)
"""A cycle that has run for so long is never cut by us."""
UNSEEN_FOR = RUNS_FOR + timedelta(minutes=4)
"""Where nothing measures it, the ten minutes in which it is made ready begin with its declaration: so long after Start at most."""

HEADER = ("participant;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;passerelle;canal;puissance_w;"
          "batterie_kwh;puissance_eco_w;temperature_confort;temperature_eco;isolation;volume_l")

KINDS: dict[str, str] = {
    "plug gen1": "{r};Lave-linge {k};lave_linge;120;A{n}1;11;111;A8{n}1",
    "plug tasmota": "{r};Lave-vaisselle {k};lave_vaisselle;120;A{n}2;11;112",
    "inverted relay": "{r};Ballon {k};ballon_ecs;190;D{n}3;11;411;;;;2000;;;;;;200",
    "finger": "{r};Sèche-linge {k};seche_linge;130;A{n}4;11;112\n{r};Sèche-linge {k};;;C{n}4;32;311;A1{n}4;C{n}9",
    "two fingers": "{r};Lave-linge {k};lave_linge;150;A{n}5;11;112\n{r};Lave-linge {k};;;C{n}5;31;311;A1{n}5;C{n}9\n"
                   "{r};Lave-linge {k};;;C{n}6;32;311;A1{n}6;C{n}9",
    "double press": "{r};Machine {k};machine_generique;160;A{n}7;11;1122\n{r};Machine {k};;;C{n}7;32;311;A1{n}7;C{n}9",
    "lit again": "{r};Lave-linge {k};lave_linge;170;A{n}8;11;112\n{r};Lave-linge {k};;;C{n}8;32;311;A1{n}8;C{n}9",
    "two relays": "{r};Sèche-linge {k};seche_linge;110;D{n}1;12;411\n{r};Sèche-linge {k};;;D{n}2;12;411\n"
                  "{r};Sèche-linge {k};;;B{n}2;21;211",
    "two channels": "{r};Lave-linge {k};lave_linge;110;D{n}4;12;1107;E{n}4;;0\n{r};Lave-linge {k};;;D{n}5;12;1107;E{n}4;;1",
    "thermostat": "{r};Chauffage {k};chauffage_asservi;140;D{n}6;12;411;;;;2000;;;19,5 °C;17;bonne\n"
                  "{r};Chauffage {k};;;F{n}6;61;611;A80{n}",
    "two outputs": "{r};Ballon {k};ballon_ecs;180;S{n}1;12;811;PLC{n};;3;2200;;;;;;200\n"
                   "{r};Machine {k};machine_generique;180;S{n}2;12;811;PLC{n};;4",
    "relay and meter": "{r};Ballon {k};ballon_ecs;180;D{n}7;12;411;;;;2000;;;;;;200\n{r};Ballon {k};;;B{n}7;21;211",
    "zigbee": "{r};Lave-vaisselle {k};lave_vaisselle;120;Z{n}3;11;1300;;bridge{n}",
    "car": "{r};Voiture {k};voiture_electrique;120;A{n}6;11;1121;;;;3,7 kW;52",
    "heater": "{r};Radiateurs {k};chauffage_non_asservi;120;A{n}9;11;1210;;;;1500;;300",
}
"""What stands in a home, as an installer writes it; `{n}` numbers the home."""


def village(homes: int, kinds: Sequence[str] = tuple(KINDS)) -> str:
    """An inventory: each home has the next kind, every fourth one more."""
    lines: list[str] = []
    for home in range(homes):
        chosen = [kinds[home % len(kinds)]]
        if home % 4 == 3 and len(kinds) > 1:
            chosen.append(kinds[(home * 7 + 4) % len(kinds)])
        for number, kind in enumerate(dict.fromkeys(chosen)):
            lines += KINDS[kind].format(r=f"R{home:03}", n=f"{home:02}", k=number).split("\n")
    width = HEADER.count(";")
    return "\n".join([HEADER, *(line + ";" * (width - line.count(";")) for line in lines)]) + "\n"


@define(eq=False)
class Unit:
    """One device on a wall, with all its outputs."""

    id: str
    type: DeviceType
    twin: Twin
    end: End
    points: dict[int, str] = field(factory=dict)             # by channel: the installed device
    configuration: tuple[Step, ...] = ()
    speaks_on: dict[str, None] = field(factory=dict)         # the topics of its own words
    deaf: bool = False                                       # it hears no order
    stuck: bool = False                                      # its contacts are welded: closed, whatever it says
    dark: bool = False                                       # without its supply
    wakes_at: datetime | None = None

    @property
    def presses(self) -> int:
        return getattr(self.twin, "presses", 0)

    @property
    def has_finger(self) -> bool:
        return hasattr(self.twin, "presses")

    def closed(self, channel: int) -> bool:
        return self.stuck or self.twin.outputs.get(channel, True)

    def come_to_life(self, now: datetime) -> tuple[Publish, ...]:
        """Configured as the installer left it, then let in by the broker."""
        for step in self.configuration:
            if isinstance(step, HttpGet):
                self.twin.get(step.path)
            elif isinstance(step, Publish):
                self.twin.receive(step.topic, step.payload, now)
        return self.twin.connected(now)


@define
class Machine(CycleMachine):
    """A machine with its buttons. Behind a plug its person has pressed Start; one with fingers waits for them."""

    typology: int = 120
    awake: bool = False
    by_hand_at: datetime | None = None

    def load(self, now: datetime, started: bool = True) -> Run:
        self.awake = False
        return CycleMachine.load(self, now, started)

    def push(self, button: int) -> None:
        """Power wakes it (150), a first press wakes it (160); Start starts what is awake, and pauses what runs."""
        run = self.running
        if run is None:
            return
        if self.typology == 150 and button == Usage.PRESS_POWER:
            self.awake = not self.awake
            run.started = run.started and self.awake
        elif self.typology in (150, 160) and not self.awake:
            self.awake = self.typology == 160
        else:
            self.press()


@define(eq=False)
class Home:
    """An appliance and its devices."""

    appliance: Appliance
    model: Machine | Tape
    relays: tuple[tuple[Unit, int], ...]
    fingers: tuple[tuple[Unit, int], ...]                    # with the button that each presses
    meters: tuple[tuple[Unit, int], ...]
    draws: list[tuple[datetime, float]] = field(factory=list)
    cut_at: datetime | None = None                           # since when it has no supply
    supplied_at: datetime | None = None                      # since when it has it again
    waited: bool = False                                     # after it had none for long
    _powered: bool = True
    _pressed: dict[str, int] = field(factory=dict)

    @property
    def id(self) -> int:
        return self.appliance.id

    @property
    def inverted(self) -> bool:
        return self.appliance.typology == 190

    @property
    def units(self) -> list[Unit]:
        return list(dict.fromkeys(unit for unit, _ in (*self.relays, *self.fingers, *self.meters)))

    @property
    def points(self) -> set[str]:
        """The installed devices that may be commanded."""
        return {unit.points[channel] for unit, channel in self.relays} | {unit.points[0] for unit, _ in self.fingers}

    @property
    def powered(self) -> bool:
        return all(not unit.dark and unit.closed(channel) != self.inverted for unit, channel in self.relays)

    def under_way(self, now: datetime) -> bool:
        """A cycle that has run for more than a moment; what had waited for long begins anew when it gets its supply back."""
        run = self.model.running if isinstance(self.model, Machine) else None
        anew = self.waited and now - self.supplied_at <= RUNS_FOR if self.supplied_at else False
        return bool(run and run.done > (RUNS_FOR if self.meters else UNSEEN_FOR) and not anew)

    def live(self, now: datetime) -> None:
        """Up to now, with the supply that it had."""
        self.model.until(now, self._powered)

    def draw(self, now: datetime) -> Iterator[tuple[Unit, tuple[Publish, ...]]]:
        """With the supply that it has now, pushed as its fingers did: what it draws, what its meters say of it."""
        self._powered = self.powered
        if self._powered and self.cut_at:
            self.supplied_at, self.waited = now, now - self.cut_at > RUNS_FOR
        self.cut_at = None if self._powered else self.cut_at or now
        for unit, button in self.fingers:
            for _ in range(self._pressed.get(unit.id, 0), unit.presses):
                if isinstance(self.model, Machine) and self._powered:
                    self.model.push(button)
            self._pressed[unit.id] = unit.presses
        power_w = self.model.power_w(self._powered)
        if not self.draws or self.draws[-1][1] != power_w:
            self.draws.append((now, power_w))
            for unit, channel in self.meters:
                yield unit, unit.twin.draw(power_w, now, channel)

    def drew_at(self, at: datetime, within: timedelta) -> tuple[float, float]:
        """The least and the most that it drew in the time up to an instant, W."""
        inside = [watts for then, watts in self.draws if at - within < then <= at]
        before = [watts for then, watts in self.draws if then <= at - within][-1:]
        found = [*before, *inside] or [0.0]
        return min(found), max(found)
