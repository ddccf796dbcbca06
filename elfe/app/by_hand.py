"""One command by hand, given: recorded in the ledger as the engine's orders are, said, and waited for.

A level is said again until the device answers; a press is said once. What is written of the appliance is what the device
itself has said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from attrs import evolve, frozen
from sqlalchemy import Engine

from elfe.broker.session import Message, Session
from elfe.command import store
from elfe.command.by_hand import powers
from elfe.command.orders import Cause, On, Order, Why
from elfe.command.typologies import TYPOLOGIES
from elfe.command.values import Installed, NotRecorded, Record, Save
from elfe.coordination import queries
from elfe.coordination.values import Appliance, CommandState, ControlState, Mode
from elfe.devices.drivers import Drivers
from elfe.devices.routing import Heard, Router
from elfe.devices.values import Acknowledgement, Command, Encoded, Event, Query, Render, Switch
from elfe.errors import CommandRefused
from elfe.slots import slot_of

TIMES = 3
"""How often a level is said before it is given up."""
CONNECTS_WITHIN = timedelta(seconds=5)

@frozen
class Outcome:
    """What came of it: the order as it ended (None: a query changes nothing), and all that the device said meanwhile."""

    order: Order | None
    heard: tuple[Event, ...]
    answered: bool


@frozen
class ByHand:
    """Gives one command to one device and waits for the answer."""

    session: Session
    coordination: Engine
    drivers: Drivers
    installed: Installed
    appliance: Appliance
    now: Callable[[], datetime]

    def give(self, command: Command) -> Outcome:
        """Record, say, wait. Raises `CommandRefused` when the mode has changed meanwhile."""
        order = None if isinstance(command, Query) else self._recorded(command)
        token = order.id if order else str(uuid4())
        encoded = self._encoded(_with(token, command))
        self._listen()
        if not self._connected():
            return Outcome(self._ends(order, On.EXPIRES, Cause.BROKER_AWAY), (), answered=False)
        return self._say(order, encoded, times=TIMES if isinstance(command, Switch) else 1)

    def _recorded(self, command: Command) -> Order:
        on = command.on if isinstance(command, Switch) else True
        powered = powers(self.appliance, command) if isinstance(command, Switch) else True
        order = Order(id=str(uuid4()), device_id=self.installed.device.id, appliance_id=self.appliance.id, why=Why.HAND,
                      on=on, powers=powered, slot=slot_of(self.now()), flexibility_id=0, wanted_at=self.now())
        with self.coordination.begin() as connection:
            if isinstance(store.record(connection, [Record(order, Mode(self.appliance.mode))])[0], NotRecorded):
                raise CommandRefused(f"{self.appliance.name} has just left mode {self.appliance.mode}: look again, ask again")
        return self._saved(order, On.RECORDS)

    def _say(self, order: Order | None, encoded: Encoded, times: int) -> Outcome:
        heard: list[Event] = []
        for _ in range(times):
            for message in encoded.publishes:
                self.session.send(message)
            if order:
                order = self._saved(order, On.SENDS)
            for event in self._hears(self.now() + encoded.within):
                heard.append(event)
                if _answers(event, encoded.expects):
                    return Outcome(self._acknowledged(order), tuple(heard), answered=True)
                if order and _refuses(event, encoded.expects):
                    order = self._saved(order, On.REFUSES, f"{Cause.REFUSED}: {event.detail}")  # type: ignore[union-attr]
                    return Outcome(self._ends(order, On.FAILS, order.cause), tuple(heard), answered=True)
        return Outcome(self._ends(order, On.EXPIRES, Cause.SILENT), tuple(heard), answered=False)

    # -- the wire -----------------------------------------------------------------------------------------------------

    def _encoded(self, command: Command) -> Encoded:
        assert self.installed.driver.encode_command is not None
        return self.installed.driver.encode_command(self.installed.device, command)

    def _listen(self) -> None:
        self.session.listen(Router(self.drivers, (self.installed.device,)).filters)

    def _connected(self) -> bool:
        until = self.now() + CONNECTS_WITHIN
        while not self.session.ready and self.now() < until:
            self.session.wait(timedelta(milliseconds=50))
        return self.session.ready

    def _hears(self, until: datetime) -> Iterator[Event]:
        router = Router(self.drivers, (self.installed.device,))
        while self.now() < until:
            for arrival in self.session.arrivals():
                if isinstance(arrival, Message) and not arrival.retained:
                    for each in router.read(arrival.topic, arrival.payload):
                        if isinstance(each, Heard):
                            yield each.event  # type: ignore[misc]
            self.session.wait(max(timedelta(), min(until - self.now(), timedelta(milliseconds=200))))

    # -- the ledger ---------------------------------------------------------------------------------------------------

    def _saved(self, order: Order, what: On, cause: str = "") -> Order:
        after = order.happens(what, self.now(), cause)
        with self.coordination.begin() as connection:
            store.save(connection, [Save(after, what, self.now(), cause)])
        return after

    def _ends(self, order: Order | None, what: On, cause: str) -> Order | None:
        return self._saved(order, what, cause) if order else None

    def _acknowledged(self, order: Order | None) -> Order | None:
        """What is written of the appliance is what is known: the device's own word."""
        if order is None:
            return None
        order = self._saved(self._saved(order, On.ECHOES), On.SETTLES, Cause.BY_HAND)
        if self.appliance.typology in TYPOLOGIES:
            with self.coordination.begin() as connection:
                queries.write_appliance(
                    connection, self.appliance.id, only_if_modes=(Mode.MANUAL, Mode.PILOTED),
                    control=ControlState.ON if order.powers else ControlState.OFF,
                    command=CommandState.MANUAL_ON if order.powers else CommandState.INITIAL)
        return order


def _with(token: str, command: Command) -> Command:
    return command if isinstance(command, Render) else evolve(command, token=token)


def _answers(event: Event, expects: Event | None) -> bool:
    """A query without a token of its own is answered by whatever is said next."""
    return event == expects or expects is None


def _refuses(event: Event, expects: Event | None) -> bool:
    return (isinstance(event, Acknowledgement) and isinstance(expects, Acknowledgement)
            and event.token == expects.token and not event.ok)
