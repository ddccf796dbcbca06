"""The territory's daemon: it collects production, publishes the balance and the energy weather, and sends the morning's mails.

    a minute    production is asked, the balance is made, kept and published
    a quarter   the weather is made from the newest plan, published, written as page and calendar, pushed to screens that change
                the indicators are computed, kept and published
    a day       the good windows are announced, to be judged later; each participant's mail goes once
    on request  `INDICATEURS/refresh`: everything is said again

Sources are asked in threads: a slow one holds nobody up. What fails is told once, and again when it has healed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, time, timedelta, tzinfo
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from attrs import define, evolve, field, frozen
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from elfe import connectors
from elfe.broker.session import Connected, Disconnected, Message, Session
from elfe.connectors import Connector, PartlyRead, Sampled, Source, WeatherHour, believed
from elfe.coordination import announced
from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device, Publish, Render
from elfe.ems import store as sortie
from elfe.ems.forecast import store as expected
from elfe.errors import DriverDefect, HistoryAway, SourceError
from elfe.history.keeper import Keeper, spooled
from elfe.history.recorder import BALANCE_TOPIC
from elfe.history.values import History
from elfe.slots import EPOCH, SLOT, instant, is_due, next_slot_start, slot_of
from elfe.territory import mail, outlook, store
from elfe.territory.balance import HELD_FOR, Balance, Sample, scaled, silent
from elfe.territory.outlook import REFRESH_TOPIC, Outlook

MINUTE = timedelta(minutes=1)
REFRESHES_EVERY = timedelta(seconds=5)
"""However often everything is asked for: to say it takes all screens, and much of the databases."""
SOON = timedelta(seconds=1)
SETTLES = timedelta(seconds=30)
"""After a quarter, until its last readings are in the history."""
AT_ONCE = 50
"""Mails a minute: the balance must not wait for them."""
LEARNT_FROM = timedelta(days=58)
"""Of the weather, when none is known."""
ASKED_BACK = timedelta(hours=1)
"""Of a source when we begin: its rows of the last while are not lost to a restart."""
AGAIN = timedelta(minutes=15)
"""A source that failed is asked again then, however seldom it is asked."""
SILENT_FROM = timedelta(minutes=1)
"""Unanswered for so long, a source is told; its thread is its own, so that it holds nobody up."""
MAILS_UNTIL = timedelta(hours=5)
"""So long after its hour a mail is still worth sending: one that comes in the evening is not about this morning."""
RUN_SERIES: Mapping[str, tuple[str, str]] = {
    "run_time_ms": ("ems_run_time_ms", "ms"), "consumer_count": ("ems_consumer_count", ""),
    "conso_min_hour": ("ems_conso_min_hour", "W"), "conso_max_hour": ("ems_conso_max_hour", "W")}
"""What of a run of the EMS is kept in the history, by the column of `ems_run_info`: its series and unit."""
RUN_INFO_TOPIC, PLAN_TOPIC = "INDICATEURS/general/ems_run_info", "INDICATEURS/general/plan"

log = logging.getLogger("elfe.territory")


@frozen
class Place:
    """What the settings say of the territory."""

    zone: tzinfo
    homes: int = 0                     # of the territory; 0: the balance is published by somebody else
    folder: Path | None = None         # where page and calendar are written
    mail_at: time = time(7)
    sender: str = ""                   # empty: no mails
    unsubscribe: str = ""
    code: Callable[[str], str] = lambda reference: ""
    """Of a participant's link to unsubscribe by."""


@frozen
class World:
    """What the service reads and writes."""

    session: Session
    coordination: Engine
    sortie: Engine
    history: History
    drivers: Drivers
    installed: Callable[[], list[tuple[InstalledDevice, Device]]]
    send_mails: Callable[[Iterable[tuple[str, EmailMessage]]], Iterable[tuple[str, str]]] = lambda mails: ()
    """Sends mails, each under its key; gives back each key with what the server said against it, or nothing."""
    each_quarter: Callable[[datetime], Mapping[str, bytes]] = lambda now: {}
    """What else is to be computed behind a quarter, and said: topic and payload."""
    keeper: Keeper = field()
    """The way into the history of what is the territory's."""

    @keeper.default
    def _keeper(self) -> Keeper:
        return Keeper(self.history)


@define
class Asked:
    """A source that is asked now and then."""

    source: Source
    asks_at: datetime
    since: datetime
    answer: Future[Sequence[Sampled]] | None = None
    asked_at: datetime = EPOCH
    problem: str = ""


@define
class Territory:
    """See the module, and `elfe.app.loop.Service`."""

    place: Place
    world: World
    sources: Sequence[Source]
    counters: Counter[str] = field(factory=Counter)
    _production: dict[str, Sample] = field(factory=dict, init=False)
    _asked: list[Asked] = field(factory=list, init=False)
    _minute_at: datetime | None = field(default=None, init=False)
    _weather_at: datetime | None = field(default=None, init=False)
    _refreshes_at: datetime = field(default=EPOCH, init=False)
    _shown: dict[str, bytes] = field(factory=dict, init=False)          # what was last pushed, by device
    _quarter_at: datetime | None = field(default=None, init=False)
    _relayed: int | None = field(default=None, init=False)
    _heard: dict[str, str] = field(factory=dict, init=False)           # what was last wrong with a source that is heard
    _counts_from: datetime | None = field(default=None, init=False)    # when each source should have said something
    _silent: frozenset[str] = field(default=frozenset(), init=False)
    _post_problem: str = field(default="", init=False)
    _pool: ThreadPoolExecutor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max(1, len(self.sources)), "source")
        self.world.session.listen((REFRESH_TOPIC, *connectors.topics(self.sources)))

    def step(self, now: datetime) -> datetime:
        """Hear, ask, and do what is due."""
        self._hear(now)
        self._ask(now)
        if self._minute_at is None or is_due(self._minute_at, now, MINUTE):
            self._minute_at = now + MINUTE
            self._guarded(self._minute, now)
        if self._weather_at is None or is_due(self._weather_at, now, SLOT):
            self._weather_at, self._refreshes_at = next_slot_start(now), now + REFRESHES_EVERY
            self._guarded(self._weather, now)
        if self._quarter_at is None or is_due(self._quarter_at, now, SLOT + SETTLES):
            if self._quarter_at is not None:
                self._guarded(self._quarter, now)
            self._quarter_at = next_slot_start(now) + SETTLES
        waits = [each.asks_at if each.answer is None else now + SOON for each in self._asked]
        self.world.keeper.catch_up(now)
        return min([self._minute_at, self.world.keeper.wakes_at(now, self._minute_at), self._weather_at, self._quarter_at, *waits])

    def close(self) -> None:
        """Leave in order."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.world.keeper.spool.close()
        self.world.session.close()

    def _guarded(self, do: Callable[[datetime], None], now: datetime) -> None:
        """A database that is away for a while spoils this time only."""
        try:
            do(now)
        except (DBAPIError, HistoryAway) as error:
            self.counters["database away"] += 1
            log.warning("a database does not answer, tried again in a minute: %s",
                        error.orig if isinstance(error, DBAPIError) else error)
            if do == self._weather:
                self._weather_at = now + MINUTE

    # -- collecting ------------------------------------------------------------------------------------------------------------

    def _hear(self, now: datetime) -> None:
        for arrival in self.world.session.arrivals():
            match arrival:
                case Message(topic=topic) if topic == REFRESH_TOPIC:
                    self._shown.clear()
                    self._weather_at = min(self._weather_at or now, max(self._refreshes_at, now))
                case Message(topic, payload, retained):
                    self._told(topic, payload, retained, now)
                case Connected():
                    self._relayed = None
                    self._weather_at = now
                case Disconnected(reason):
                    log.warning("the broker is out of reach: %s", reason)

    def _told(self, topic: str, payload: bytes, retained: bool, now: datetime) -> None:
        for source in self.sources:
            if topic in getattr(source.connector, "topics", ()):
                try:
                    said: Sampled = source.connector.decode(payload)  # type: ignore[union-attr]
                    if not retained or said.at is not None:      # without an instant it says what was, nobody knows when
                        self._keep(source, (said,), now)
                except SourceError as error:
                    self._unread(source, str(error))
                except Exception as error:  # noqa: BLE001 - a stranger's connector may raise anything; the others go on
                    self._unread(source, f"{type(error).__name__}: {error}")
                else:
                    self._heard.pop(source.name, None)
                    self.counters["retained"] += retained and said.at is None

    def _unread(self, source: Source, problem: str) -> None:
        self.counters["unreadable"] += 1
        if self._heard.get(source.name) != problem:
            log.warning("%s: %s", source.name, problem)
        self._heard[source.name] = problem

    def _ask(self, now: datetime) -> None:
        if not self._asked:
            self._asked = [Asked(each, now, self._since(each, now)) for each in self.sources if hasattr(each.connector, "read")]
        for each in self._asked:
            if each.answer is not None and each.answer.done():
                self._answered(each, now)
            elif each.answer is None and is_due(each.asks_at, now, timedelta(seconds=each.source.every_s)):
                connector: Connector = each.source.connector  # type: ignore[assignment]
                each.answer, each.asked_at = self._pool.submit(connector.read, min(each.since, now), now), now
            elif each.answer is not None and now - each.asked_at >= SILENT_FROM:
                self._problem(each, "has not answered for a minute")

    def _since(self, source: Source, now: datetime) -> datetime:
        """From when on a source is asked first: the weather as far back as forecasts are learned from, unless it is known."""
        if source.kind != "weather":
            return now - ASKED_BACK
        return expected.newest_weather(self.world.sortie) or now - LEARNT_FROM

    def _answered(self, asked: Asked, now: datetime) -> None:
        answer, asked.answer = asked.answer, None
        error = answer.exception() if answer else None
        usual = timedelta(seconds=asked.source.every_s)
        asked.asks_at = now + (usual if error is None else min(usual, AGAIN))
        found: Sequence[Any] = answer.result() if error is None and answer else error.read if isinstance(error, PartlyRead) else ()
        strange = ""
        try:
            if found:
                self._keep(asked.source, found, now)
                asked.since = _newest(found, asked.since, now)
                strange = of_another_time(asked.source, found, now)
        except Exception as what:  # noqa: BLE001 - a stranger's connector may answer anything; the others go on
            error = what
        self._problem(asked, strange if error is None else str(error)
                      if isinstance(error, SourceError) else f"{type(error).__name__}: {error}")
        self.counters["source failed"] += error is not None

    def _problem(self, asked: Asked, problem: str) -> None:
        """Told when it changes."""
        if problem != asked.problem:
            log.warning("%s: %s", asked.source.name, problem or "answers again")
        asked.problem = problem

    def _keep(self, source: Source, samples: Iterable[Any], now: datetime) -> None:
        """Into the history under the source's name; what is the newest of production counts for the balance.

        Production is kept in whole watts: the first Indicators program reads nothing else. The weather goes where the EMS learns
        from it.
        """
        if source.kind == "weather":
            self._keep_weather(samples, now)
            return
        told = list(samples)
        dated = [Sample(each.at or now, each.value) for each in believed(told, now)]
        self.counters["of another time"] += len(told) - len(dated)
        kept = [evolve(each, value=float(round(each.value))) for each in dated] if source.kind == "production" else dated
        self._append({source.name: kept}, now, source.unit)
        newest = max((each for each in dated if each.at <= now), key=lambda each: each.at, default=None)
        if source.kind == "production" and newest is not None:
            self._production[source.name] = newest

    def _keep_weather(self, hours: Iterable[WeatherHour], now: datetime) -> None:
        rows = [expected.Hour(slot_of(each.at), each.temperature_c, each.radiation_w_m2, each.wind_m_s) for each in hours]
        try:
            expected.keep_weather(self.world.sortie, now, rows)
        except DBAPIError as error:
            self.counters["not kept"] += 1
            log.warning("the weather is not kept, the database does not answer: %s", error.orig)

    def _append(self, values: Mapping[str, Iterable[Sample]], now: datetime, unit: str = "W") -> None:
        self.world.keeper.keep([spooled(name, unit, each.at, each.value) for name, samples in values.items() for each in samples],
                               now)

    # -- each minute -------------------------------------------------------------------------------------------------------------

    def _minute(self, now: datetime) -> None:
        if self.place.homes:
            self._publish_balance(now)
        self._relay_run(now)
        if self.place.sender:
            self._mails(now)

    def _publish_balance(self, now: datetime) -> None:
        self._tell_silent(now)
        meters = store.meters(self.world.coordination)
        made = scaled(self._production, store.heard(self.world.history, meters, now), self.place.homes, now)
        if made is None:
            self.counters["no balance"] += 1
            return
        self._say(BALANCE_TOPIC, f"{made.balance_w:.2f}".encode())
        self._append(_series(made), now)

    def _tell_silent(self, now: datetime) -> None:
        """Which sources count for nothing, when that changes; after a start each has as long as a value stands."""
        self._counts_from = self._counts_from or now + HELD_FOR
        if now >= self._counts_from:
            found = silent(self._production, (each.name for each in self.sources if each.kind == "production"), now)
            for name in sorted(found - self._silent):
                log.warning("%s: nothing of the last quarter of an hour is known; the balance goes on without it", name)
            for name in sorted(self._silent - found):
                log.warning("%s: is counted again", name)
            self._silent = found

    def _relay_run(self, now: datetime) -> None:
        """The run of the EMS, when there is a new one: the row of `ems_run_info` and the plan's curves as JSON, retained."""
        coming = slot_of(now) + 1      # what lies behind it is of a clock that ran ahead
        row = sortie.run_info(self.world.sortie, coming)
        if row is not None and row["timestamp"] != self._relayed:
            self._say(RUN_INFO_TOPIC, orjson.dumps(row), retain=True)
            for column, (name, unit) in RUN_SERIES.items():
                self._append({name: [Sample(instant(row["timestamp"]), float(row[column]))]}, now, unit)
            plan = sortie.newest_plan(self.world.sortie, coming)
            if plan is not None:
                self._say(PLAN_TOPIC, outlook.plan_as_json(plan), retain=True)
            self._relayed = row["timestamp"]
            self._weather_at = min(self._weather_at or now, now)

    def _say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        if not self.world.session.send(Publish(topic, payload, retain=retain)):
            self.counters["not published"] += 1

    # -- the weather -----------------------------------------------------------------------------------------------------------

    def _weather(self, now: datetime) -> None:
        self._first_thresholds(now)
        cohorts = announced.cohorts(self.world.coordination)
        groups = {"", *cohorts.values(), *(each.group for each in store.thresholds(self.world.coordination))}
        made = {each: self._outlook(each, now) for each in groups}
        for cohort, each in made.items():
            if each is not None:
                self._say(outlook.topic(cohort), outlook.as_json(each), retain=True)
        self._announce(made, now)
        try:
            self._write_pages([each for each in made.values() if each is not None])
            self._withdraw(groups)
        except OSError as error:
            self.counters["pages not written"] += 1
            log.warning("the weather's pages are not written: %s", error)
        self._push(made, cohorts)

    def _first_thresholds(self, now: datetime) -> None:
        """Without any, those that the history proposes are put in force, once, and told."""
        if not store.thresholds(self.world.coordination) and (found := store.proposal(self.world.history, now)):
            four = (found.very_low, found.low, found.high, found.very_high)
            announced.set_thresholds(self.world.coordination, "", now, four)
            log.info("thresholds of the energy weather, from the last months: %s W; `elfe weather thresholds` changes them", four)

    def _announce(self, made: Mapping[str, Outlook | None], now: datetime) -> None:
        """Once in the morning, the good windows are kept, to be judged when they are over; mails or none, they are told."""
        if self._is_morning(now):
            day = now.astimezone(self.place.zone).date()
            for cohort, shown in made.items():
                if shown is not None:
                    windows = ((each.first_slot, each.end_slot) for each in shown.good)
                    announced.announce(self.world.coordination, day, cohort, windows)

    def _is_morning(self, now: datetime) -> bool:
        """Between the mails' hour and five hours later."""
        due = datetime.combine(now.astimezone(self.place.zone).date(), self.place.mail_at, self.place.zone)
        return due <= now < due + MAILS_UNTIL

    def _outlook(self, cohort: str, now: datetime) -> Outlook | None:
        return store.outlook(self.world.coordination, self.world.sortie, self.world.history, cohort, now, self.place.zone)

    def _write_pages(self, made: Iterable[Outlook]) -> None:
        """Whole or not at all: a reader never sees half a page."""
        if self.place.folder is None:
            return
        for each in made:
            name = outlook.word(each.cohort)
            for file, text in ((f"meteo-{name}.html", outlook.as_page(each, self.place.zone)),
                               (f"meteo-{name}.ics", outlook.as_calendar([each]))):
                self.place.folder.mkdir(parents=True, exist_ok=True)
                fresh = self.place.folder / f".{file}"
                fresh.write_text(text, encoding="utf-8", newline="")
                fresh.replace(self.place.folder / file)

    def _withdraw(self, groups: Iterable[str]) -> None:
        """The weather of groups that are no more: their topics are cleared, their pages and calendars taken away."""
        known = {outlook.word(each) for each in groups}
        for page in self.place.folder.glob("meteo-*.html") if self.place.folder else ():
            word, calendar = page.stem.removeprefix("meteo-"), page.with_suffix(".ics")
            if word not in known and calendar.exists():      # both: it is ours
                self._say(outlook.topic_of(word), b"", retain=True)
                page.unlink()
                calendar.unlink()

    def _push(self, made: Mapping[str, Outlook | None], cohorts: Mapping[str, str]) -> None:
        """To every screen whose picture changes."""
        for row, device in self.world.installed():
            shown = made.get(cohorts.get(row.participant, ""))
            if shown is None or not self.world.drivers[row.type_id].type.can(Capability.SCREEN):
                continue
            for each in self._rendered(device, row.type_id, shown):
                key = f"{device.id} {each.topic}"
                if self._shown.get(key) != each.payload and self.world.session.send(each):
                    self._shown[key] = each.payload

    def _rendered(self, device: Device, type_id: int, shown: Outlook) -> tuple[Publish, ...]:
        encode = self.world.drivers[type_id].encode_command
        try:
            return encode(device, Render(outlook.widgets(shown, self.place.zone))).publishes if encode else ()
        except DriverDefect as error:
            log.error("%s cannot show the weather: %s", device.id, error)
            return ()

    def _quarter(self, now: datetime) -> None:
        for topic, payload in self.world.each_quarter(now).items():
            self._say(topic, payload)

    # -- the mails -------------------------------------------------------------------------------------------------------------

    def _mails(self, now: datetime) -> None:
        """Between the mails' hour and five hours later: whoever has not had today's."""
        if not self._is_morning(now):
            return
        day, coordination = now.astimezone(self.place.zone).date(), self.world.coordination
        tried = {each.reference: each for each in announced.mails(coordination, day)}
        had = {reference for reference, each in tried.items() if not each.may_go(now)}
        addresses = store.addresses(coordination)
        waiting = addresses.keys() - had - announced.unsubscribed(coordination)
        last_try = {each: tried[each].at if each in tried else EPOCH for each in waiting}
        # one at which the server hangs up stands behind the others
        wanted = {each: addresses[each] for each in sorted(waiting, key=lambda each: (last_try[each], each))}
        if wanted:
            cohorts = announced.cohorts(coordination)
            made = {each: self._outlook(each, now) for each in {cohorts.get(reference, "") for reference in wanted}}
            self._send(wanted, {reference: made[cohorts.get(reference, "")] for reference in wanted}, now)

    def _send(self, wanted: Mapping[str, str], shown: Mapping[str, Outlook | None], now: datetime) -> None:
        day, history, coordination = now.astimezone(self.place.zone).date(), self.world.history, self.world.coordination
        was, mine = store.yesterday(history, day, self.place.zone), store.appliances(coordination)

        def written() -> Iterable[tuple[str, EmailMessage]]:
            """Claimed one by one, as they are handed to the server."""
            for reference, address in wanted.items():
                done = store.done(history, coordination, mine.get(reference, ()), day, self.place.zone)
                flash = mail.Flash(day, reference, address, was, done, shown[reference],
                                   self.place.unsubscribe or self.place.sender, self.place.code(reference))
                problem, made = _made(flash, self.place, now)      # before it is claimed: what fails for a while is tried again
                if not announced.claim(coordination, day, reference, now):
                    continue
                if made is not None:
                    yield reference, made
                else:
                    self._settle(day, reference, now, problem)

        try:
            for reference, problem in self.world.send_mails(islice(written(), AT_ONCE)):
                self._post_problem = ""
                self._settle(day, reference, now, problem)
        except OSError as error:
            self.counters["mail server away"] += 1
            if str(error) != self._post_problem:
                log.warning("no mails, tried again each minute: %s", error)
            self._post_problem = str(error)

    def _settle(self, day: date, reference: str, now: datetime, problem: str) -> None:
        announced.settle(self.world.coordination, day, reference, now, problem)
        self.counters["mails refused" if problem else "mails sent"] += 1
        if problem:
            log.warning("the mail of %s was refused: %s", reference, problem)


def _made(flash: mail.Flash, place: Place, now: datetime) -> tuple[str, EmailMessage | None]:
    """A mail, or why none can be made of what its participant gave."""
    try:
        made = mail.message(flash, place.sender, place.zone, now)
        made.as_bytes()
    except Exception as error:  # noqa: BLE001 - of an address that is none (« dupont@ ») Python's own parser raises anything
        return str(error) or type(error).__name__, None
    return "", made


def of_another_time(source: Source, found: Sequence[Any], now: datetime) -> str:
    """In words, whether rows are left out for their instants."""
    strange = [] if source.kind == "weather" else [each for each in found if each not in believed(found, now)]
    return f"rows of another time are left out, one of {strange[0].at:%Y-%m-%d}" if strange else ""


def _newest(found: Sequence[Any], since: datetime, now: datetime) -> datetime:
    """From when on a source is asked next: its newest row. One dated before we asked may be written after it."""
    return max((min(each.at or now, now) for each in found), default=since)


def _series(made: Balance) -> dict[str, list[Sample]]:
    """What is kept of a balance, under the contract's names."""
    values = {store.CONSUMPTION: made.consumption_w, store.PRODUCTION: made.made_w, store.SCALED_BALANCE: made.balance_w}
    return {name: [Sample(made.at, value)] for name, value in values.items()}

