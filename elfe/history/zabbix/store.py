"""The energy history in Zabbix: written through the trapper in batches with their own timestamps, read through the API.

A series is an item, and its id the item's: what `mesures_puissance_elec_id` holds. Zabbix keeps one value per item and nanosecond,
so that what is sent twice is kept once. An item that was just made is known to the trapper within its `CacheUpdateFrequency` (a
minute by default); until then its values are not taken, and wait.

Items are somebody else's to change: what is known of them is asked anew now and then, and at once of those that take no value. One
that was deleted is made again; `made` counts those that are made by the way, without the tags of what they measure.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from attrs import define, field
from zabbix_utils import ItemValue, ProcessingError, Sender

from elfe.addresses import told
from elfe.errors import HistoryAway, HistoryRefuses
from elfe.history import quarters
from elfe.history.values import PartlyKept, Reading
from elfe.history.zabbix.api import Access, Api
from elfe.history.zabbix.naming import FLOAT, TRAPPER, UNSIGNED, Item, Tag, place, tags
from elfe.slots import EPOCH, SLOT, SLOTS_PER_HOUR, epoch_s, slot_start

GROUP = "elfe"
AT_ONCE = 1000
PAGE = 50_000
NEWEST = 1000
"""Values among which the newest before an instant is: more than an item says within a second."""
KEPT, TRENDS_KEPT = "365d", "1825d"
"""How long Zabbix keeps each value, and the means of hours."""
ASKED_ANEW_S = 900.0
"""So long what is known of items is taken for true."""
MOST_REFUSALS = 40
"""Of calls, before what is left waits for the next time."""
LATEST = EPOCH + timedelta(seconds=2**31 - 1)
"""The last instant that Zabbix takes."""
_MS = timedelta(milliseconds=1)
NANOSECONDS = 1_000_000


log = logging.getLogger("elfe.history")


@define
class ZabbixHistory:
    """See `elfe.history.values.History`."""

    access: Access
    api: Api = field(init=False)
    made: int = field(default=0, init=False)
    _asked_s: float = field(factory=monotonic, init=False)
    _by_id: dict[int, Item] = field(factory=dict, init=False)
    _by_name: dict[str, int] = field(factory=dict, init=False)
    _hosts: dict[str, str] = field(factory=dict, init=False)
    _group: str = field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        self.api = Api(self.access)

    @property
    def forgets(self) -> bool:
        """Zabbix answers for what stands in its memory."""
        return True

    @property
    def where(self) -> str:
        """Where it is."""
        return told(self.access.url)

    def close(self) -> None:
        """Nothing is held open."""

    # -- series ------------------------------------------------------------------------------------------------------------------

    def series(self, name: str, unit: str = "") -> int:
        """The id of a series; it is created when it is new."""
        found = self.find(name)
        if found is not None:
            return found
        self.made += 1
        return self.create([(name, unit, tags(name))])[0]

    def all_series(self, wanted: Mapping[str, str]) -> Mapping[str, int]:
        """The ids of many series, by name; those that are new are created. One that Zabbix does not take is left out."""
        ids = dict(self.find_all(wanted))
        missing = [(name, unit, tags(name)) for name, unit in wanted.items() if name not in ids]
        if missing:
            self.made += len(missing)
            ids |= self._created(missing)
        return ids

    def _created(self, missing: Sequence[tuple[str, str, Sequence[Tag]]]) -> dict[str, int]:
        """The ids of new series. Zabbix takes all of a call or none: what it refuses is found by halving, if it is little."""
        ids: dict[str, int] = {}
        waiting, refusals = [missing], 0
        while waiting and refusals < MOST_REFUSALS:
            some = waiting.pop()
            try:
                ids |= zip((name for name, _, _ in some), self.create(some), strict=True)
            except HistoryRefuses as error:
                self._hosts, refusals = {}, refusals + 1
                half = len(some) // 2
                waiting += [some[half:], some[:half]] if half else []
                log.log(logging.DEBUG if half else logging.ERROR, "no item for %s: %s", some[0][0], error)
        return ids

    def find(self, name: str) -> int | None:
        """The id of a series, or None: by the item's name, wherever it stands; else by where we would have put it."""
        return self.find_all([name]).get(name)

    def find_all(self, names: Iterable[str]) -> Mapping[str, int]:
        """The same of many, by name."""
        self._doubt()
        wanted = list(dict.fromkeys(names))
        unknown = [name for name in wanted if name not in self._by_name]
        for start in range(0, len(unknown), AT_ONCE):
            self._find_out(unknown[start:start + AT_ONCE])
        return {name: self._by_name[name] for name in wanted if name in self._by_name}

    def _find_out(self, names: Sequence[str]) -> None:
        for item in reversed(self.items(filter={"name": list(names)})):      # of two of a name the older one stands
            self._remember(item.name, item)
        places = {(here.host, here.key): name for name in names if name not in self._by_name
                  for here in [place(name, self.access.general_host)]}
        if places:
            hosts, keys = (sorted({each[at] for each in places}) for at in (0, 1))
            for item in self.items(filter={"host": hosts, "key_": keys}):
                if (item.host, item.key) in places:
                    self._remember(places[item.host, item.key], item)

    def _doubt(self, series: Collection[int] | None = None) -> None:
        """Forget what is known of items, so that it is asked anew: of some, or of all when that was long ago."""
        if series is None:
            if monotonic() - self._asked_s < ASKED_ANEW_S:
                return
            self._asked_s = monotonic()
        gone = set(self._by_id if series is None else series)
        self._by_id = {id: item for id, item in self._by_id.items() if id not in gone}
        self._by_name = {name: id for name, id in self._by_name.items() if id not in gone}
        self._hosts, self._group = {}, ""

    def items(self, **asked: Any) -> list[Item]:
        """Items as Zabbix has them, in the order of their ids. Raises `HistoryAway`."""
        rows = self.api("item.get", {
            "output": ["itemid", "name", "key_", "units", "value_type", "type", "status"], "selectHosts": ["host"],
            "selectTags": ["tag", "value"], "sortfield": "itemid", "templated": False, **asked})
        return [_item(row) for row in rows]

    def create(self, wanted: Sequence[tuple[str, str, Sequence[Tag]]], labels: Mapping[str, str] | None = None) -> list[int]:
        """New items, hosts included, a few hundred in one call: name, unit, tags of each. Their ids."""
        places = [place(name, self.access.general_host, labels) for name, _, _ in wanted]
        hosts = self.hosts({each.host for each in places})
        made: list[int] = []
        rows = [{"hostid": hosts[here.host], "name": here.name, "key_": here.key, "type": TRAPPER, "value_type": FLOAT,
                 "delay": "0", "units": unit, "history": KEPT, "trends": TRENDS_KEPT,
                 "tags": [{"tag": tag, "value": value} for tag, value in own]}
                for here, (_, unit, own) in zip(places, wanted, strict=True)]
        for start in range(0, len(rows), AT_ONCE):
            made += map(int, self.api("item.create", rows[start:start + AT_ONCE])["itemids"])
        for id, here, (name, unit, own) in zip(made, places, wanted, strict=True):
            self._remember(name, Item(id, here.host, here.key, here.name, unit, FLOAT, frozenset(own)))
        return made

    def hosts(self, names: set[str]) -> dict[str, str]:
        """The ids of hosts, by name; those that are missing are made, in the group `elfe`."""
        unknown = names - self._hosts.keys()
        if unknown:
            for row in self.api("host.get", {"output": ["hostid", "host"], "filter": {"host": sorted(unknown)}}):
                self._hosts[row["host"]] = row["hostid"]
        missing = sorted(unknown - self._hosts.keys())
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start:start + AT_ONCE]
            group = self.group()
            made = self.api("host.create", [{"host": name, "groups": [{"groupid": group}]} for name in some])["hostids"]
            self._hosts |= dict(zip(some, made, strict=True))
        return {name: self._hosts[name] for name in names}

    def group(self) -> str:
        """The id of the group `elfe`, which is made where it is missing."""
        if not self._group:
            found = self.api("hostgroup.get", {"filter": {"name": GROUP}, "output": ["groupid"]})
            self._group = found[0]["groupid"] if found else self.api("hostgroup.create", {"name": GROUP})["groupids"][0]
        return self._group

    def names(self) -> list[tuple[int, str, str]]:
        """Every series: id, name, unit."""
        found = self.items(filter={"type": TRAPPER})
        for each in found:
            self._remember(each.name, each)
        return sorted(((each.id, each.name, each.unit) for each in found), key=lambda each: each[1])

    def of_point(self, point: str) -> list[tuple[int, str, str]]:
        """The id, the name and the unit of every series of an installation point."""
        return [(each.id, each.name, each.unit) for each in self.items(filter={"host": point, "type": TRAPPER})]

    def _remember(self, name: str, item: Item) -> None:
        self._by_id[item.id], self._by_name[name] = item, item.id

    def _item_of(self, series: int) -> Item:
        if series not in self._by_id:
            found = self.items(itemids=[series])
            if not found:
                raise HistoryAway(f"Zabbix has no item {series}")
            self._remember(found[0].name, found[0])
        return self._by_id[series]

    # -- writing -----------------------------------------------------------------------------------------------------------------

    def append(self, readings: Iterable[Reading]) -> None:
        """Send readings; `PartlyKept` says which were not taken. One sent twice is kept once."""
        given = list(readings)
        refused: list[Reading] = []
        for start in range(0, len(given), AT_ONCE):
            refused += self._refused(given[start:start + AT_ONCE])
        if refused:
            self._doubt({each.series for each in refused})
            raise PartlyKept(refused)

    def _refused(self, given: list[Reading]) -> list[Reading]:
        """Those of a batch that are not taken: the trapper says only how many, so half of the series are sent apart, and so on.

        Of a series that is not taken whole, all are told; one that was sent twice is kept once.
        """
        not_taken, series = self._send(given), sorted({each.series for each in given})
        if not not_taken:
            return []
        if not_taken >= len(given) or len(series) == 1:
            return given
        first = set(series[:len(series) // 2])
        return (self._refused([each for each in given if each.series in first])
                + self._refused([each for each in given if each.series not in first]))

    def _send(self, given: Sequence[Reading]) -> int:
        """Send a batch; how many were not taken."""
        sender = Sender(self.access.trapper_host, self.access.trapper_port, timeout=self.access.timeout_s, chunk_size=AT_ONCE)
        try:
            return int(sender.send([self._value(each) for each in given]).failed)
        except (ProcessingError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # whatever answers there: zabbix-utils reads it unseen
            where = f"{self.access.trapper_host}:{self.access.trapper_port}"
            raise HistoryAway(f"Zabbix's trapper does not answer at {where}: {error}") from None

    def _value(self, reading: Reading) -> ItemValue:
        item, ms = self._item_of(reading.series), (reading.at - EPOCH) // _MS
        value = f"{reading.value:.0f}" if item.value_type == UNSIGNED else repr(float(reading.value))
        return ItemValue(item.host, item.key, value, ms // 1000, ms % 1000 * NANOSECONDS)

    def written(self, readings: Collection[Reading]) -> Collection[Reading]:
        """Those of a few readings that are in Zabbix' database, which answers its API: the trapper answers without it."""
        self.api("host.get", {"output": ["hostid"], "limit": 1})
        some = {(each.series, each.at): each for each in readings}
        there = {(each.series, each.at) for series, at in some for each in self._page([series], epoch_s(at), at, "ASC", NEWEST)}
        return [each for place_, each in some.items() if place_ in there]

    # -- reading -----------------------------------------------------------------------------------------------------------------

    def readings(self, series: int, start: datetime, end: datetime) -> Sequence[Reading]:
        """The readings in [start, end[; where single values are gone, the means of hours, one for each of their quarters."""
        self._item_of(series)
        return self._known([series], start, end)[series]

    def _known(self, series: Collection[int], start: datetime, end: datetime) -> dict[int, list[Reading]]:
        """The readings in [start, end[ of many series, in as few calls as that takes."""
        found: dict[int, list[Reading]] = {each: [] for each in series}
        for some in self._alike(found):
            for each in self._values(some, start, end):
                if start <= each.at < end:
                    found[each.series].append(each)
        silent = [each for each, readings in found.items() if not readings]
        for each in self._trends(silent, start, end):
            if start <= each.at < end:
                found[each.series].append(each)
        return found

    def _alike(self, series: Collection[int]) -> Iterator[list[int]]:
        """Series of one type of value, some hundreds at a time: that is how Zabbix is asked."""
        self._doubt()
        unknown = [each for each in series if each not in self._by_id]
        for start in range(0, len(unknown), AT_ONCE):
            for item in self.items(itemids=unknown[start:start + AT_ONCE]):
                self._remember(item.name, item)
        by_type: dict[int, list[int]] = defaultdict(list)
        for each in series:
            if each in self._by_id:      # an item that somebody deleted costs nobody else's
                by_type[self._by_id[each].value_type].append(each)
        for mine in by_type.values():
            yield from (mine[start:start + AT_ONCE] for start in range(0, len(mine), AT_ONCE))

    def _values(self, series: Sequence[int], start: datetime, end: datetime) -> Iterator[Reading]:
        """In order of time, page after page. Zabbix sorts by seconds alone: a page begins with the last second of that before."""
        begin, seen = epoch_s(start), frozenset[Reading]()
        while True:
            page = self._page(series, begin, end, "ASC", PAGE)
            yield from (each for each in page if each not in seen)
            if len(page) < PAGE:
                return
            begin = epoch_s(page[-1].at)
            seen = frozenset(each for each in page if epoch_s(each.at) == begin)

    def _page(self, series: Sequence[int], begin: int | None, end: datetime, order: str, limit: int) -> list[Reading]:
        rows = self.api("history.get", {
            "itemids": list(series), "history": self._item_of(series[0]).value_type, "time_till": epoch_s(end),
            "sortfield": "clock", "sortorder": order, "limit": limit, "output": ["itemid", "clock", "ns", "value"],
            **({} if begin is None else {"time_from": begin})})
        return sorted(map(_reading, rows), key=lambda each: each.at)

    def _trends(self, series: Sequence[int], start: datetime, end: datetime) -> Iterator[Reading]:
        if not series:
            return
        rows = self.api("trend.get", {"itemids": list(series), "time_from": epoch_s(start) - 3600, "time_till": epoch_s(end),
                                      "output": ["itemid", "clock", "value_avg"]})
        for row in sorted(rows, key=lambda each: int(each["clock"])):
            hour, of = EPOCH + timedelta(seconds=int(row["clock"])), int(row["itemid"])
            yield from (Reading(of, hour + quarter * SLOT, float(row["value_avg"])) for quarter in range(SLOTS_PER_HOUR))

    def last(self, series: int, before: datetime) -> Reading | None:
        """The newest reading before an instant."""
        newest = self._page([series], None, before, "DESC", NEWEST)
        return next((each for each in reversed(newest) if each.at < before), None)

    def newest(self, series: Collection[int], since: datetime, before: datetime) -> Mapping[int, Reading]:
        """Of many series at once: the newest reading of each in [since, before[; one that said nothing is left out."""
        return {each.series: each for some in self._alike(set(series)) for each in self._values(some, since, before)
                if since <= each.at < before}

    def quarters(self, series: int, start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
        """The mean of each quarter; see `elfe.history.quarters`."""
        start, end = slot_start(start_slot), slot_start(start_slot + count)
        return quarters.means(self.readings(series, start - held_for, end), start_slot, count, held_for)

    def quarters_of(self, series: Collection[int], start_slot: int, count: int,
                    held_for: timedelta) -> Mapping[int, list[float | None]]:
        """The same of many series at once."""
        start, end = slot_start(start_slot), slot_start(start_slot + count)
        return {each: quarters.means(readings, start_slot, count, held_for)
                for each, readings in self._known(series, start - held_for, end).items()}

    # -- leaving -----------------------------------------------------------------------------------------------------------------

    def forget(self, series: int, kept_as: str = "") -> int | None:
        """Erase the readings of a series; `kept_as`: the series that has them from now on, whose id is returned.

        The item itself stays: whoever writes to it knows it by its id.
        """
        kept = None
        if kept_as:
            kept = self.series(kept_as, self._item_of(series).unit)
            self.append([Reading(kept, each.at, each.value) for each in self._values([series], EPOCH, LATEST)])
        self.api("history.clear", [str(series)])
        return kept


def _item(row: dict[str, Any]) -> Item:
    return Item(int(row["itemid"]), row["hosts"][0]["host"], row["key_"], row["name"], row["units"], int(row["value_type"]),
                frozenset((each["tag"], each["value"]) for each in row["tags"]), int(row["type"]), int(row["status"]))


def _reading(row: dict[str, str]) -> Reading:
    at = EPOCH + timedelta(seconds=int(row["clock"])) + int(row["ns"]) // NANOSECONDS * _MS
    return Reading(int(row["itemid"]), at, float(row["value"]))
