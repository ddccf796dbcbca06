"""The steps of a visit performed: over the local network, at a console, through the broker. Each is written down around itself.

What only a person can give (a yes, an address, a Wi-Fi's password, hands that type) is asked of a `Person`: a terminal, a portal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from attrs import define, field, frozen
from sqlalchemy.exc import DBAPIError

from elfe.app import after_visit, brokering, on_site
from elfe.app.after_visit import RUNS_W, Talk, note_firmware
from elfe.app.by_hand import ByHand
from elfe.app.context import Context
from elfe.app.noted import note_settings
from elfe.app.on_site import OnSite, differences, version
from elfe.app.visit import AWAY, MUTE, finish, write_down
from elfe.broker import serial
from elfe.broker.client import MqttSession
from elfe.broker.serial import CableError
from elfe.command.values import Installed
from elfe.coordination import queries, states
from elfe.coordination.configuring import Configuring, over_mqtt
from elfe.coordination.configuring import How as Brought
from elfe.coordination.inventory import NEEDS
from elfe.coordination.lifecycle import Place
from elfe.coordination.states import Kind
from elfe.coordination.values import Appliance
from elfe.devices.drivers import Driver
from elfe.devices.routing import Heard
from elfe.devices.values import (
    Capability,
    ConfigPush,
    Event,
    Firmware,
    HttpGet,
    Measure,
    Network,
    Presence,
    Press,
    Quantity,
    Query,
    SerialLine,
    Setting,
    Switch,
)
from elfe.errors import BrokerError, CommandRefused, DriverDefect, VisitError
from elfe.visit.steps import BY_BROKER, happens, left_off, runs, turn
from elfe.visit.values import How, Spot, Step, Tick, Visit

CONSOLE = "console"
"""The setting whose value a device's console says when it has heard what was typed."""
DRAWN = frozenset({Quantity.POWER, Quantity.APPARENT_POWER})
ASKS_EVERY = timedelta(seconds=5)
A_MOMENT = timedelta(milliseconds=200)


@frozen
class Sheet:
    """What a person types into a unit by hand. The only place of a visit where a secret is shown, and only to who asks for it."""

    account: str
    secret: str = field(repr=False)
    host: str
    port: int
    tls: bool
    paths: tuple[str, ...] = field(default=(), repr=False)     # to open in a browser on its network, secrets within
    lines: tuple[str, ...] = field(default=(), repr=False)     # to type at its console


class Person(Protocol):
    """Whoever leads the visit, on site. `is_there` False: a program; then nothing that runs is switched, whatever it answers."""

    is_there: bool

    def yes(self, question: str) -> bool:
        """Their answer."""

    def address(self, spot: Spot) -> str:
        """Where a unit is on the network that we are in; empty: they type its settings themselves."""

    def port(self, spot: Spot) -> str:
        """At which port its cable is; empty: it is looked for."""

    def wifi_password(self) -> str:
        """Of the home's Wi-Fi."""

    def types(self, spot: Spot, sheet: Sheet) -> bool:
        """They have typed what stands there; False: not now."""

    def waits(self, spot: Spot, says: str) -> None:
        """What they are to do, or to wait for."""

    def ticked(self, spot: Spot, step: Step, tick: Tick) -> None:
        """A step is over."""


@frozen
class Patience:
    """How long what is waited for."""

    seen: timedelta = timedelta(minutes=2)         # a restart, its Wi-Fi, its first connection
    measured: timedelta = timedelta(seconds=90)    # somebody plugs something in; twice the longest period of a plug
    plug_in: timedelta = timedelta(seconds=8)      # nothing draws: it is asked for
    told: timedelta = timedelta(seconds=15)        # its version
    on_site: on_site.Patience = field(factory=on_site.Patience)


class _Away(Exception):
    """What proves the step is out of reach: it stays open, with this reason."""


@define
class Walk:
    """One walk through a visit: from where it stands to its end, or until somebody stops."""

    here: Context
    visit: Visit
    person: Person
    now: Callable[[], datetime]
    wifi: str = ""                                     # the home's; empty: units are on it already
    patience: Patience = Patience()
    _passed: set[tuple[str, Step]] = field(factory=set, init=False)
    _willing: set[str] = field(factory=set, init=False)
    _addresses: dict[str, str] = field(factory=dict, init=False)        # by account
    _password: str | None = field(default=None, init=False, repr=False)
    _places: Mapping[str, Place] = field(factory=dict, init=False)
    _talk: Talk | None = field(default=None, init=False)
    _spoke: set[str] = field(factory=set, init=False)
    _drawn: dict[str, float] = field(factory=dict, init=False)
    _measured: set[str] = field(factory=set, init=False)

    def walk(self) -> Visit:
        """Every step that is not behind us, once; then the end, where nothing is owed. Raises nothing but what stops it all."""
        try:
            if self.visit.is_over:
                return self.visit
            while (found := turn(self.visit, self._passed)) is not None:
                self._take(*found)
            return finish(self.here, self.visit, self.now())
        except KeyboardInterrupt:
            self._bring_back()
            raise
        finally:
            if self._talk is not None:
                self._talk.session.close()

    def _take(self, spot: Spot, step: Step) -> None:
        """One step: written down as begun, done, written down as it went."""
        self._passed.add((spot.point, step))
        was_begun = spot.ticks[step].how is How.BEGUN
        if not (spot.ticks[step].how is How.OPEN and self._is_moot(spot, step)):
            self._happens(spot, step, Tick(How.BEGUN, self.now()))
            tick = self._performed(spot, step, was_begun)
            self._happens(spot, step, tick)
            self.person.ticked(self.visit.spot(spot.point), step, tick)

    def _happens(self, spot: Spot, step: Step, tick: Tick) -> None:
        self.visit = happens(self.visit, spot.point, step, tick)
        write_down(self.here, self.visit)

    def _performed(self, spot: Spot, step: Step, was_begun: bool) -> Tick:
        """How it went. What is out of reach, or refuses, leaves its proof open with the reason."""
        try:
            if step in BY_BROKER - {Step.SEEN} and not self.visit.spot(spot.point).is_done(Step.SEEN):
                raise _Away("à prouver quand il sera vu sur le broker")
            return PERFORMED[step](self, spot, was_begun)
        except (_Away, VisitError, BrokerError, CableError, CommandRefused, DriverDefect, ValueError) as error:
            return self._open(str(error))
        except DBAPIError:
            return self._open("la base du centre ne répond pas")

    def _is_moot(self, spot: Spot, step: Step) -> bool:
        """Whether an open proof cannot be better than it was: its device is still not seen."""
        return step in BY_BROKER - {Step.SEEN} and not spot.is_done(Step.SEEN)

    def _bring_back(self) -> None:
        """Somebody stops: no appliance stays off because of us."""
        for spot in tuple(left_off(self.visit)):
            self._take(spot, Step.SERVED)

    def _done(self, says: str = "") -> Tick:
        return Tick(How.DONE, self.now(), says)

    def _open(self, says: str) -> Tick:
        return Tick(How.OPEN, self.now(), says)

    def _skipped(self, says: str) -> Tick:
        return Tick(How.SKIPPED, self.now(), says)

    # -- its account and the broker's address ------------------------------------------------------------------------------

    def _lead(self, spot: Spot, was_begun: bool) -> Tick:
        if self._is_led(spot):
            return self._done("parlait déjà sur le broker")
        push = self._leading(spot)
        if push is None:
            return self._typed(spot, ConfigPush(()))
        if any(isinstance(step, SerialLine) for step in push.steps):
            return self._at_console(spot, push)
        address = self._address(spot)
        if not address:
            return self._typed(spot, push)
        pushed = self._at(spot, address).push(push, moves=bool(self.wifi))
        self._spoke.discard(spot.point)      # what it says from now on it says with its account
        if not pushed.read_back:
            return self._done("réglages reçus ; il est passé sur le Wi-Fi du foyer")
        return self._open(_told(pushed.differs)) if pushed.differs else self._done("réglages relus")

    def _is_led(self, spot: Spot) -> bool:
        """Whether it speaks already: led by hand, in another visit, or before the power was cut."""
        known = states.states(self.here.coordination) if self._place_of(spot) else {}
        was_heard = any(known[each.point].heard_at for each in self.visit.spots
                        if each.account == spot.account and each.point in known)
        if not was_heard and self._driver(spot).onboard is not None:
            return False
        try:
            return self._hears(spot, timedelta(seconds=5))
        except _Away:
            return False

    def _leading(self, spot: Spot) -> ConfigPush | None:
        """What leads it to the broker: over TLS where that is offered and it speaks it. Raises `ValueError` where it cannot be."""
        onboard, networks = self._driver(spot).onboard, self._networks(spot)
        if onboard is None:
            return None
        for network in networks[:-1]:
            try:
                return onboard(spot.device, network)
            except ValueError:
                continue      # it speaks no TLS, and has a listener without
        return onboard(spot.device, networks[-1])

    def _networks(self, spot: Spot) -> tuple[Network, ...]:
        given = self.here.settings.broker
        host = given.homes_host or self.here.broker.host
        plain = given.homes_port or self.here.broker.port
        secret = brokering.secrets_of(self.here).ensure(spot.account)
        ports = [(given.homes_tls_port, True)] * bool(given.homes_tls_port) + [(plain, False)]
        return tuple(Network(host, port, spot.account, secret, self.wifi, self._wifi_password(), tls) for port, tls in ports)

    def _wifi_password(self) -> str:
        if self._password is None:
            self._password = self.person.wifi_password() if self.wifi else ""
        return self._password

    def _typed(self, spot: Spot, push: ConfigPush) -> Tick:
        network = self._networks(spot)[0]
        sheet = Sheet(network.username, network.password, network.host, network.port, network.tls,
                      tuple(step.path for step in push.steps if isinstance(step, HttpGet)),
                      tuple(step.text for step in push.steps if isinstance(step, SerialLine)))
        typed = self.person.types(spot, sheet)
        left = "réglages à saisir" if sheet.paths or sheet.lines else f"compte {spot.account} à saisir"
        return self._done("saisi à la main") if typed else self._open(f"{left} à la main")

    def _at_console(self, spot: Spot, push: ConfigPush) -> Tick:
        lines = [step.text for step in push.steps if isinstance(step, SerialLine)]
        heard = next(each.value for each in push.expects if each.name == CONSOLE)
        self.person.waits(spot, "Branchez-le par son câble USB.")
        attempts = serial.type_until(self.person.port(spot) or serial.find_port(), lines, heard, serial.PATIENCE)
        return self._done(f"saisi par le câble ({attempts} envoi{'s' if attempts > 1 else ''})")

    def _at(self, spot: Spot, address: str) -> OnSite:
        return OnSite(address, spot.device, self._driver(spot), self.patience.on_site)

    def _address(self, spot: Spot) -> str:
        if spot.account not in self._addresses:
            self._addresses[spot.account] = self.person.address(spot)
        return self._addresses[spot.account]

    # -- seen --------------------------------------------------------------------------------------------------------------

    def _seen(self, spot: Spot, was_begun: bool) -> Tick:
        self._wire()
        self.person.waits(spot, "Attente sur le broker…")
        if self._hears(spot, self.patience.seen):
            return self._done()
        return self._open("pas encore vu sur le broker")

    def _hears(self, spot: Spot, at_most: timedelta) -> bool:
        """Whether it speaks in time; it is asked for its state."""
        return self._until(spot, lambda: spot.point in self._spoke, at_most)

    def _until(self, spot: Spot, holds: Callable[[], bool], at_most: timedelta) -> bool:
        talk, until, asks_at = self._wire(), self.now() + at_most, self.now()
        while not holds() and self.now() < until:
            if self.now() >= asks_at:
                self._ask(talk, spot)
                asks_at = self.now() + ASKS_EVERY
            self._listen(talk, A_MOMENT)
        return holds()

    def _ask(self, talk: Talk, spot: Spot) -> None:
        encode = self._driver(spot).encode_command
        if encode is not None:
            talk.say(encode(spot.device, Query(str(uuid4()))).publishes)

    def _listen(self, talk: Talk, at_most: timedelta) -> None:
        for heard in talk.hears(at_most):
            self._note(heard)

    def _note(self, heard: Heard) -> None:
        """What a device says of itself; that it is gone is the broker's word."""
        point = heard.device.id
        if heard.event not in (Presence.OFFLINE, Presence.ASLEEP):
            self._spoke.add(point)
        match heard.event:
            case Measure(quantity, value) if quantity in DRAWN:
                self._drawn[point] = value
                self._measured.add(point)
            case Measure():
                self._measured.add(point)
            case Firmware(version) as said if version:
                self._runs(point, said)

    def _runs(self, point: str, said: Firmware) -> None:
        if any(each.point == point for each in self.visit.spots) and self.visit.spot(point).firmware != said.version:
            self.visit = runs(self.visit, point, said.version)
            if self._places:
                note_firmware(self.here, point, said, self.now())

    def _wire(self) -> Talk:
        """The conversation through the broker. Raises `_Away` while the centre is out of reach."""
        if self._talk is None:
            self._places = self._standing()
            session = MqttSession(self.here.broker_as("elfe-hand"), f"elfe-hand-{os.getpid()}")
            made = Talk(self.here, [each for each in self._places.values() if each.device], session)
            try:
                made.connected(self.now)
            except BrokerError as error:
                session.close()
                raise _Away("le centre est hors d'atteinte") from error
            self._talk = made
        return self._talk

    def _standing(self) -> Mapping[str, Place]:
        try:
            points = {each.point for each in self.visit.spots}
            return {each.point: each for each in after_visit.places(self.here) if each.point in points}
        except AWAY as error:
            raise _Away("la base du centre ne répond pas") from error

    def _place_of(self, spot: Spot) -> Place | None:
        """The device as it stands at the centre; None while that is out of reach."""
        if not self._places:
            try:
                self._places = self._standing()
            except _Away:
                return None
        return self._places.get(spot.point)

    def _driver(self, spot: Spot) -> Driver:
        return self.here.drivers[spot.type_id]

    # -- set, told ---------------------------------------------------------------------------------------------------------

    def _set(self, spot: Spot, was_begun: bool) -> Tick:
        push = self.here.configuration_of(self._driver(spot), spot.device)
        if push is None:
            return self._skipped("rien à régler")
        return self._set_by_broker(spot, push) if over_mqtt((*push.steps, *push.read_back)) else self._set_on_site(spot, push)

    def _set_by_broker(self, spot: Spot, push: ConfigPush) -> Tick:
        if not self.visit.spot(spot.point).is_done(Step.SEEN):
            raise _Away("à régler quand il sera vu sur le broker")
        place, driver = self._place_of(spot), self._driver(spot)
        assert place is not None
        asked = Configuring(push, driver.type.answers_within, repairs=True)
        (came,) = after_visit.bring(self._wire(), [(place, asked)], self.now)
        if came.how in (Brought.RIGHT, Brought.REPAIRED):
            return self._done(_safety(driver))
        return self._open(_told(came.differs) or came.how)

    def _set_on_site(self, spot: Spot, push: ConfigPush) -> Tick:
        address = self._address(spot)
        if not address:
            return self._typed(spot, push)
        unit = self._at(spot, address)
        heard = unit.recognise(push)
        if not differences(push, heard):      # it was set already, before the power was cut perhaps: it need not restart
            self._note_settings(spot, heard, right=True)
            return self._done(_safety(unit.driver))
        pushed = unit.push(push)
        self._note_settings(spot, pushed.heard, right=not pushed.differs)
        return self._open(_told(pushed.differs)) if pushed.differs else self._done(_safety(unit.driver))

    def _note_settings(self, spot: Spot, heard: tuple[Event, ...], right: bool) -> None:
        """The centre's own notes, while it answers: how it is set, and that what only a visit could do is done."""
        place = self._place_of(spot)
        if place is None or place.device is None:
            return
        note_settings(self.here, place.row, place.device, [each for each in heard if isinstance(each, Setting)], self.now())
        if right:
            states.close_task(self.here.coordination, self.now(), device_id=spot.point, kind=Kind.CONFIGURE)

    def _firmware(self, spot: Spot, was_begun: bool) -> Tick:
        """Heard on the broker, or read over HTTP where only that tells."""
        ask = self._driver(spot).firmware
        assert ask is not None
        read = ask(spot.device, "").read
        talk = self._wire()
        talk.say(read)
        self._until(spot, lambda: bool(self.visit.spot(spot.point).firmware), self.patience.told)
        if not self.visit.spot(spot.point).firmware and self._addresses.get(spot.account):
            told = version(self._at(spot, self._addresses[spot.account]).ask(read))
            if told is not None:
                self._runs(spot.point, told)
        runs_now = self.visit.spot(spot.point).firmware
        return self._done(runs_now) if runs_now else self._skipped(MUTE)

    # -- tried -------------------------------------------------------------------------------------------------------------

    def _on(self, spot: Spot, was_begun: bool) -> Tick:
        return self._switched(spot, spot.serves_when) if self._agrees(spot) else self._skipped("refusé sur place")

    def _off(self, spot: Spot, was_begun: bool) -> Tick:
        if self.visit.spot(spot.point).ticks[Step.ON].how is How.SKIPPED or not self._agrees(spot):
            return self._skipped("refusé sur place")
        return self._switched(spot, not spot.serves_when)

    def _served(self, spot: Spot, was_begun: bool) -> Tick:
        """Nobody is asked: it only gives back what we took."""
        if self.visit.spot(spot.point).ticks[Step.ON].how is How.SKIPPED:
            return self._skipped("rien n'a été commuté")
        return self._switched(spot, spot.serves_when)

    def _switched(self, spot: Spot, on: bool) -> Tick:
        outcome = self._by_hand(spot).give(Switch(on))
        self._resume()
        if outcome.answered and outcome.order is not None and outcome.order.stage == "done":
            return self._done()
        return self._open(outcome.order.cause if outcome.order is not None else "ne répond pas")

    def _pressed(self, spot: Spot, was_begun: bool) -> Tick:
        """Pressing twice undoes: what was begun and interrupted is done again only when a person there says so."""
        if was_begun and not self.person.is_there:
            return self._open("l'appui a été interrompu : voyez sur place s'il a eu lieu")
        again = " a peut-être déjà appuyé ; appuyer encore" if was_begun else " appuie une fois"
        if not self.person.yes(f"Le doigt de « {spot.appliance} »{again} ?"):
            return self._skipped("refusé sur place")
        outcome = self._by_hand(spot).give(Press())
        self._resume()
        return self._done() if outcome.answered else self._open("n'a pas dit qu'il a appuyé")

    def _by_hand(self, spot: Spot) -> ByHand:
        talk, place = self._wire(), self._place_of(spot)
        assert place is not None
        assert place.driver is not None
        assert place.device is not None
        return ByHand(talk.session, self.here.coordination, self.here.drivers, Installed(place.row, place.device, place.driver),
                      self._appliance(spot), self.now)

    def _appliance(self, spot: Spot) -> Appliance:
        return next(each for each in queries.appliances(self.here.coordination) if each.id == spot.appliance_id)

    def _resume(self) -> None:
        """The order listened to one device; we listen to all again."""
        talk = self._wire()
        talk.session.listen(talk.router.filters)
        talk.connected(self.now)

    def _agrees(self, spot: Spot) -> bool:
        """A person's yes, once per device and walk. A cycle that runs is never cut on a program's word."""
        if spot.point in self._willing:
            return True
        if not self.person.is_there and not self._appliance(spot).continuous:
            self._known_idle(spot)
        drawn = self._appliance_draws(spot) or 0.0
        running = f" (il consomme {drawn:.0f} W)" if drawn >= RUNS_W else ""
        if self.person.yes(f"Allumer puis couper « {spot.appliance} »{running} ?"):
            self._willing.add(spot.point)
        return spot.point in self._willing

    def _known_idle(self, spot: Spot) -> None:
        """Nobody is there to look at it: only what tells that it draws next to nothing may be switched. Raises `_Away`."""
        self._until(spot, lambda: self._appliance_draws(spot) is not None, self.patience.told)
        drawn = self._appliance_draws(spot)
        if drawn is None:
            raise _Away("n'a pas dit ce qu'il consomme : jamais coupé sans quelqu'un sur place")
        if drawn >= RUNS_W:
            raise _Away(f"consomme {drawn:.0f} W : jamais coupé sans quelqu'un sur place")

    def _appliance_draws(self, spot: Spot) -> float | None:
        """The most that one of its appliance's units told, in W."""
        told = (self._drawn.get(each.point) for each in self.visit.spots if each.appliance_id == spot.appliance_id)
        return max((drawn for drawn in told if drawn is not None), default=None)

    def _measures(self, spot: Spot, was_begun: bool) -> Tick:
        """Power that is drawn; what measures no power (a room, a counter) has only to tell something."""
        proof_w, of_a_room = self.here.settings.command.proof_w, Capability.METER not in NEEDS.get(spot.usage, frozenset())
        self._measured.discard(spot.point)
        self._drawn.pop(spot.point, None)

        def proved() -> bool:
            return self._drawn.get(spot.point, 0.0) >= proof_w or (of_a_room and spot.point in self._measured)

        if not self._until(spot, proved, self.patience.plug_in) and self.person.is_there:
            self.person.waits(spot, "Attente d'une mesure…" if of_a_room else
                              f"Rien ne consomme : branchez une lampe, ou allumez l'appareil (au moins {proof_w:.0f} W).")
            self._until(spot, proved, self.patience.measured)
        if spot.point not in self._measured:
            return self._open("aucune mesure reçue")
        if spot.point not in self._drawn:
            return self._done()
        says = f"{self._drawn[spot.point]:.0f} W"
        return self._done(says) if proved() else self._open(f"{says} : rien ne consommait")


PERFORMED: Mapping[Step, Callable[[Walk, Spot, bool], Tick]] = {
    Step.LEAD: Walk._lead, Step.SEEN: Walk._seen, Step.SET: Walk._set, Step.FIRMWARE: Walk._firmware, Step.ON: Walk._on,
    Step.MEASURED: Walk._measures, Step.OFF: Walk._off, Step.SERVED: Walk._served, Step.PRESSED: Walk._pressed,
}


def _told(differs: tuple[tuple[str, str, str], ...]) -> str:
    return " ; ".join(f"{name} : {wanted} attendu, {read or 'rien'} lu" for name, wanted, read in differs)


def _safety(driver: Driver) -> str:
    """How its home is served when the centre is silent, in French."""
    fail_safe = driver.type.fail_safe
    if fail_safe is None:
        return ""
    when = f"après {fail_safe.after.total_seconds() / 60:.0f} min" if fail_safe.after else "quand le courant revient"
    return f"sécurité : {'marche' if fail_safe.safe_state else 'arrêt'} {when}"
