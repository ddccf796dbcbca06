"""The screens' daemon: it hears them, does what a finger asks for, and draws what is true.

A touch is acted on when the finger has rested, and the page is drawn anew from what the database then says: of twenty taps a second
the last one counts, and a screen that shows something else is put right. While the database is away what was asked for is kept, and
told; after ten minutes it would surprise, and is told to be asked for again.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import define, field, frozen
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from elfe.broker.session import Connected, Disconnected, Message, Session
from elfe.coordination import holds, queries
from elfe.coordination.holds import Origin
from elfe.coordination.values import Mode
from elfe.devices.drivers import Driver, Drivers
from elfe.devices.routing import Heard, Router, SetAside
from elfe.devices.values import Device, Gesture, Presence, Publish, Render, UserInput, Widget
from elfe.ems.values import Decisions
from elfe.errors import DeclarationError, DriverDefect
from elfe.screens import store
from elfe.screens.drawing import TOO_OLD, Drawn, Shown, by_page, changes, drawn, lost
from elfe.screens.layout import Layout, Role
from elfe.screens.touches import Choose, Hold, Lend, Next, TakeBack, Wish, touched, wished
from elfe.screens.words import Known

PORTAL, REFRESH = "viriya/update/", "INDICATEURS/refresh"
RESTS = timedelta(milliseconds=400)
"""A finger that has done nothing for so long has said what it wants."""
AT_MOST = timedelta(seconds=2)
"""But who taps on and on is heard now and then."""
WAITS = timedelta(minutes=10)
AGAIN = timedelta(seconds=2)
TOLD_FOR = timedelta(seconds=20)
"""So long what a person has just been told stands before what is true."""
EVERY = timedelta(seconds=5)
DEVICES_EVERY = timedelta(minutes=1)
SOON, AWAITS = timedelta(milliseconds=500), timedelta(seconds=20)
"""Where something was just asked for, its home is read so often and so long: whoever stands there waits for the device's answer."""
WEATHER_EVERY = timedelta(seconds=10)
"""The territory tells every screen when it is asked: who comes and goes does not make it do so without end."""
UNDRIVEN_FOR = timedelta(seconds=30)
"""A standby engine has taken over by then: a home that still has none is told so."""
ROUND = timedelta(minutes=1)
"""So often every screen is looked at, since what is told of an hour changes with the hour."""
AWAY, LOST = "Pas encore enregistré, un instant...", "Non enregistré : recommencez"
NOT_OURS = "Appareil non pilotable en ce moment"

log = logging.getLogger("elfe.screens")


@frozen
class Screen:
    """A screen in its home."""

    device: Device
    driver: Driver
    participant: str


@define
class Touches:
    """What fingers did on a page since it was last acted on."""

    appliance_id: int
    first_at: datetime
    last_at: datetime
    by_role: dict[Role, int] = field(factory=dict)
    try_at: datetime | None = None          # it could not be done: when to try again

    @property
    def due_at(self) -> datetime:
        """When it is acted on."""
        return self.try_at or min(self.last_at + RESTS, self.first_at + AT_MOST)


@define
class Screens:
    """See the module, and `elfe.app.loop.Service`."""

    session: Session
    coordination: Engine
    sortie: Engine
    drivers: Drivers
    installed: Callable[[], Sequence[Screen]]
    layout: Layout
    zone: ZoneInfo
    hold_for: timedelta = timedelta(hours=2)
    undriven: Callable[[Collection[str]], Collection[str]] = lambda homes: ()
    """Of some homes, those that no command engine drives."""
    farewell: Sequence[Publish] = ()
    """What tells every screen that we leave; the session's last will says it when we cannot."""
    counters: Counter[str] = field(factory=Counter)
    _router: Router = field(init=False)
    _screens: Mapping[str, Screen] = field(factory=dict, init=False)              # by device
    _homes: dict[str, Sequence[Known]] = field(factory=dict, init=False)          # by participant
    _drawn: dict[str, Drawn] = field(factory=dict, init=False)                    # by device: what it shows, if it is there
    _chosen: dict[str, Counter[int]] = field(factory=lambda: defaultdict(Counter), init=False)
    _touches: dict[tuple[str, int], Touches] = field(factory=dict, init=False)    # by device and page
    _notes: dict[str, dict[int, tuple[str, datetime]]] = field(factory=lambda: defaultdict(dict), init=False)
    """By participant and appliance, and until when."""
    _turned: dict[str, tuple[int, datetime]] = field(factory=dict, init=False)    # by device: a page turned to, and when to draw it
    _to_draw: set[str] = field(factory=set, init=False)                           # devices of which something may have changed
    _round: deque[str] = field(factory=deque, init=False)
    _round_at: datetime | None = field(default=None, init=False)
    _plan: Decisions | None = field(default=None, init=False)
    _known_at: datetime | None = field(default=None, init=False)                  # None: never
    _changed: set[str] | None = field(default=None, init=False)                   # homes that are to be read; None: all of them
    _awaits: dict[str, datetime] = field(factory=dict, init=False)                # homes, until when
    _soon_at: datetime | None = field(default=None, init=False)
    _undriven: dict[str, datetime] = field(factory=dict, init=False)              # homes, since when
    _read_at: datetime | None = field(default=None, init=False)                   # of all of them; None: now
    _devices_at: datetime | None = field(default=None, init=False)
    _away: bool = field(default=False, init=False)
    _weather_lacks: bool = field(default=False, init=False)                       # somebody came who is to be told it
    _weather_at: datetime | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._router = Router(self.drivers, ())
        self.session.listen((f"{PORTAL}+",))

    @property
    def note(self) -> Mapping[str, float]:
        """For a person who watches."""
        return dict(self.counters)

    def step(self, now: datetime) -> datetime:
        """Hear, act, draw."""
        self._find_screens(now)
        self._hear(now)
        self._act(now)
        self._read(now)
        self._look_around(now)
        self._draw(now)
        self._ask_weather(now)
        waits = [*(due for _, due in self._turned.values()), *([self._soon_at] if self._soon_at and not self._away else [])]
        return min([self._read_at or now, *waits, *(each.due_at for each in self._touches.values())])

    def close(self) -> None:
        """Leave in order: what screens show is old from now on."""
        for each in self.farewell:
            self.session.send(each)
        self.session.close()

    # -- what it knows ------------------------------------------------------------------------------------------------

    def _find_screens(self, now: datetime) -> None:
        if self._devices_at is not None and now < self._devices_at:
            return
        self._devices_at = now + DEVICES_EVERY
        try:
            found = {each.device.id: each for each in self.installed()}
        except DBAPIError as error:
            self._lose_database(error)
            return
        if found != self._screens:
            self._screens, self._read_at = found, None
            self._drawn = {id: shows for id, shows in self._drawn.items() if id in found}
            self._round = deque(found)
            self._router = Router(self.drivers, tuple(each.device for each in found.values()))
            self.session.listen((f"{PORTAL}+", *self._router.filters))

    def _read(self, now: datetime) -> None:
        """All homes that have a screen, now and then; at once those of which something was written."""
        if self._read_at is None or now >= self._read_at:
            self._read_at, self._changed = now + EVERY, None
        elif self._away:
            return
        elif self._changed is not None and self._soon_at is not None and now >= self._soon_at:
            self._awaits = {home: until for home, until in self._awaits.items() if now < until}
            self._changed |= self._awaits.keys()
            self._soon_at = now + SOON if self._awaits else None
        wanted = {each.participant for each in self._screens.values()}
        wanted = wanted if self._changed is None else wanted & self._changed
        if not wanted:
            return
        try:
            if self._changed is None or self._plan is None:
                self._plan = store.plan(self.sortie, now)
                self._undriven = {home: self._undriven.get(home, now) for home in self.undriven(wanted)}
            told = {home for home, since in self._undriven.items() if now - since >= UNDRIVEN_FOR}
            self._learn(store.known(self.coordination, self._plan, wanted, now, told))
        except DBAPIError as error:
            self._lose_database(error)
            return
        self._known_at, self._changed = now if self._changed is None else self._known_at, set()
        if self._away:
            log.warning("the database answers again")
        self._away = False

    def _learn(self, found: Mapping[str, Sequence[Known]]) -> None:
        changed = {each for each in found if self._homes.get(each) != found[each]}
        self._homes |= found
        self._to_draw |= {id for id, screen in self._screens.items() if screen.participant in changed}

    def _lose_database(self, error: DBAPIError) -> None:
        if not self._away:
            log.error("the database does not answer; what is touched is kept until it does: %s", error.orig)
        self._away = True

    # -- what it hears ------------------------------------------------------------------------------------------------

    def _hear(self, now: datetime) -> None:
        for arrival in self.session.arrivals():
            match arrival:
                case Connected():
                    log.info("connected to the broker")
                case Disconnected(reason):
                    log.warning("the broker is out of reach: %s", reason)
                    self._drawn.clear()
                case Message(topic=topic) if topic.startswith(PORTAL):
                    self._called(topic.removeprefix(PORTAL))
                case Message(topic, payload, retained):
                    self._hear_screen(topic, payload, retained, now)

    def _called(self, appliance: str) -> None:
        """Something was written of it; of one that we do not know, anything may have been."""
        home = next((home for home, known in self._homes.items()
                     if any(str(each.appliance.id) == appliance for each in known)), None)
        if home is None:
            self._read_at = None
        elif self._changed is not None:
            self._changed.add(home)

    def _hear_screen(self, topic: str, payload: bytes, retained: bool, now: datetime) -> None:
        for each in self._router.read(topic, payload):
            match each:
                case Heard(device, Presence.ONLINE):
                    self._comes(device, now)
                case Heard(device, Presence()):
                    self._drawn.pop(device.id, None)
                case Heard(device, UserInput(Gesture.PAGE, page)) if not retained and page != self.layout.weather:
                    self._turned[device.id] = (page, now + RESTS)
                case Heard(device, UserInput() as said) if not retained:
                    self._touch(device, said, now)
                case SetAside():
                    log.error("%s", each)

    def _comes(self, device: Device, now: datetime) -> None:
        """It has forgotten what it showed; what the broker kept for it meanwhile is drawn over."""
        self._drawn[device.id] = {}
        self._to_draw.add(device.id)
        self.counters["screens drawn"] += 1
        self._weather_lacks = True

    def _touch(self, device: Device, said: UserInput, now: datetime) -> None:
        place = self.layout.at(said.page, said.item)
        page = self._pages(device.id).get(said.page)
        if place is None or page is None:
            return
        self._forget(device.id, said.page, said.item)          # it shows what the finger left, perhaps not what is true
        value = touched(said, place[1])
        if value is None:
            return
        self.counters["touches"] += 1
        known = page.known.appliance.id
        waiting = self._touches.get((device.id, said.page))
        if waiting is None or waiting.appliance_id != known:
            waiting = self._touches[device.id, said.page] = Touches(known, now, now)
        opposite = {Role.FORCE: Role.STOP, Role.STOP: Role.FORCE}.get(place[1])
        if opposite:
            waiting.by_role.pop(opposite, None)
        waiting.by_role[place[1]], waiting.last_at, waiting.try_at = value, now, None

    def _forget(self, device_id: str, page: int, item: int) -> None:
        self._drawn.get(device_id, {}).pop((page, item), None)
        self._to_draw.add(device_id)

    # -- what it does -------------------------------------------------------------------------------------------------

    def _act(self, now: datetime) -> None:
        for (device_id, page), touches in list(self._touches.items()):
            if now < touches.due_at:
                continue
            screen = self._screens.get(device_id)
            known = self._appliance(screen, touches.appliance_id) if screen else None
            if screen is None or known is None:
                del self._touches[device_id, page]
                continue
            try:
                for wish in wished(touches.by_role, known, now, self.zone):
                    self._do(screen, page, known, wish, now)
            except DBAPIError as error:
                self._keep(screen, (device_id, page), touches, error, now)
                continue
            except DeclarationError as refused:
                self._tell(screen, touches.appliance_id, _short(str(refused)), now)
            del self._touches[device_id, page]
            self._to_draw.add(device_id)
            self._written(screen.participant, now)

    def _written(self, participant: str, now: datetime) -> None:
        self._awaits[participant], self._soon_at = now + AWAITS, now + SOON
        if self._changed is not None:
            self._changed.add(participant)

    def _keep(self, screen: Screen, key: tuple[str, int], touches: Touches, error: DBAPIError, now: datetime) -> None:
        self._lose_database(error)
        if now - touches.first_at > WAITS:
            self.counters["touches lost"] += 1
            del self._touches[key]
            self._tell(screen, touches.appliance_id, LOST, now, WAITS)
        else:
            touches.try_at = now + AGAIN
            self._tell(screen, touches.appliance_id, AWAY, now)

    def _do(self, screen: Screen, page: int, known: Known, wish: Wish, now: datetime) -> None:
        id = known.appliance.id
        match wish:
            case Next():
                self._chosen[screen.device.id][page] += 1
                return
            case Choose(deadline, lasts, charge) if not known.lent:
                queries.choose(self.coordination, id, deadline, lasts, charge)
            case Choose() as chosen:
                self._lend(known, chosen, now)
            case Lend(chosen):
                self._lend(known, chosen, now)
            case TakeBack():
                queries.take_back(self.coordination, id)
            case Hold(supply):
                self._hold(screen, known, supply, now)
        self.counters[type(wish).__name__] += 1
        log.info("%s of %s: %s", known.appliance.name, screen.participant, wish)
        self.session.send(Publish(f"{PORTAL}{id}", b"1"))

    def _lend(self, known: Known, chosen: Choose, now: datetime) -> None:
        self._refuse_what_is_not_ours(known)
        id, deadline = known.appliance.id, chosen.deadline or known.deadline
        queries.choose(self.coordination, id, chosen.deadline, chosen.lasts, chosen.charge_pct)
        queries.declare(self.coordination, id, deadline, chosen.lasts, now)

    def _hold(self, screen: Screen, known: Known, supply: bool, now: datetime) -> None:
        self._refuse_what_is_not_ours(known)
        with self.coordination.begin() as connection:
            again = known.hold is not None and known.hold.appliance_id is not None and known.hold.supply is supply
            if again:
                holds.end(connection, known.appliance.id, now)
            else:
                holds.put(connection, known.appliance.id, supply, now, now + self.hold_for, Origin.SCREEN, screen.participant)

    def _refuse_what_is_not_ours(self, known: Known) -> None:
        if known.appliance.mode not in (Mode.MANUAL, Mode.PILOTED):
            raise DeclarationError(NOT_OURS)

    def _tell(self, screen: Screen, appliance_id: int, text: str, now: datetime, lasts: timedelta = TOLD_FOR) -> None:
        self._notes[screen.participant][appliance_id] = (text, now + lasts)
        self._draw_home(screen.participant)

    def _draw_home(self, participant: str) -> None:
        self._to_draw |= {id for id, each in self._screens.items() if each.participant == participant}

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _appliance(self, screen: Screen, id: int) -> Known | None:
        return next((each for each in self._homes.get(screen.participant, ()) if each.appliance.id == id), None)

    def _pages(self, device_id: str) -> Mapping[int, Shown]:
        home = self._screens[device_id].participant
        notes = {id: text for id, (text, _) in self._notes[home].items()} if home in self._notes else {}
        return by_page(self.layout, self._homes.get(home, ()), self._chosen[device_id], notes)

    def _look_around(self, now: datetime) -> None:
        """What time alone changes: notes that are over, a page that somebody turned to, all screens in turn."""
        for home, notes in list(self._notes.items()):
            if over := [id for id, (_, until) in notes.items() if now >= until]:
                self._notes[home] = {id: note for id, note in notes.items() if id not in over}
                self._draw_home(home)
        for id, (page, due) in list(self._turned.items()):
            if now >= due:
                del self._turned[id]
                self._draw_page_again(id, page)
        if self._known_at is None or now - self._known_at > TOO_OLD:
            self._to_draw |= self._drawn.keys()
        passed = now - (self._round_at or now - ROUND)
        for _ in range(min(len(self._round), 1 + int(passed / ROUND * len(self._round)))):
            self._to_draw.add(self._round[0])
            self._round.rotate(-1)
        self._round_at = now

    def _draw_page_again(self, device_id: str, page: int) -> None:
        """Who looks at a page sees what is true, whatever got lost on its way there."""
        shows = self._drawn.get(device_id, {})
        for place in [each for each in shows if each[0] == page]:
            del shows[place]
        self._to_draw.add(device_id)

    def _draw(self, now: datetime) -> None:
        """To every screen that is there, what has changed; a page under a finger waits."""
        fingers: dict[str, set[int]] = defaultdict(set)
        for (device_id, page), touches in self._touches.items():
            if touches.try_at is None:
                fingers[device_id].add(page)
        late, self._to_draw = self._to_draw, set()
        for id in late:
            if id in self._drawn and id in self._screens and not self._draw_screen(id, fingers[id], now):
                self._to_draw.add(id)

    def _draw_screen(self, id: str, busy: set[int], now: datetime) -> bool:
        """Whether nothing is left to be drawn."""
        before = self._drawn[id]
        if self._known_at is None or self._screens[id].participant not in self._homes:
            after = {(each.page, each.item): each for each in lost(self.layout)}
            sent = [each for place, each in after.items() if before.get(place) != each]
        else:
            after = drawn(self.layout, self._pages(id), now, self.zone, self._known_at)
            sent = [each for each in changes(before, after) if each.page not in busy]
        if sent and not self._send(self._screens[id], sent):
            return False
        for each in sent:
            before.pop((each.page, each.item), None)
            if (shown := after.get((each.page, each.item))) is not None:
                before[each.page, each.item] = shown
        return not busy

    def _ask_weather(self, now: datetime) -> None:
        if self._weather_lacks and (self._weather_at is None or now >= self._weather_at + WEATHER_EVERY):
            self._weather_lacks = not self.session.send(Publish(REFRESH, b"1", qos=2))
            self._weather_at = now

    def _send(self, screen: Screen, widgets: Iterable[Widget]) -> bool:
        encode = screen.driver.encode_command
        try:
            messages = encode(screen.device, Render(tuple(widgets))).publishes if encode else ()
        except (DriverDefect, ValueError) as error:
            log.error("%s cannot show its pages: %s", screen.device.id, error)
            return True
        return all(self.session.send(each) for each in messages)


def _short(text: str) -> str:
    return text[:1].upper() + text[1:]
