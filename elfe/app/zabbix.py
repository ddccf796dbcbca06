"""Zabbix brought to what is installed, and the appliances' series to Zabbix' items."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from importlib.resources import files

from attrs import frozen
from sqlalchemy.exc import DBAPIError

from elfe import connectors
from elfe.app.context import Context
from elfe.coordination import queries, store
from elfe.coordination.devices import device_values
from elfe.errors import HistoryAway, SettingsError
from elfe.history.values import BALANCE, History
from elfe.history.zabbix import keeping, watching
from elfe.history.zabbix.keeping import Change, Spoken, Wanted, What
from elfe.history.zabbix.naming import FLOAT, TRAPPER, Item, place
from elfe.history.zabbix.store import ZabbixHistory
from elfe.indicators.definitions import INDICATORS
from elfe.indicators.waterfall import AVOIDED, MOVED, REACHED, Step
from elfe.settings import Settings
from elfe.territory.service import RUN_SERIES
from elfe.territory.store import CONSUMPTION, PRODUCTION, SCALED_BALANCE

LABELS = {each.key: each.label for each in INDICATORS}
SHARES = tuple(LABELS[key] for key in ("Pourcentage_app_lances_24h", "Pourcentage_energie_consommee_placee",
                                       "Pourcentage_autoconsommation", "Part_energie_locale_24h", "Promesses_tenues_30j"))
LENT = tuple(LABELS[key] for key in (REACHED[Step.DECLARED], REACHED[Step.USEFUL], MOVED, AVOIDED))
AT_ONCE = 500

log = logging.getLogger("elfe.history")


@frozen
class Kept:
    """What a synchronisation found or did. `series`: appliances whose series follows their item, with its id before and after."""

    changes: Sequence[Change]
    series: Sequence[tuple[int, int, int]]
    watched: watching.Changes
    dashboard: bool                # whether it is, or was, missing

    def of(self, what: What) -> list[Change]:
        """The changes of one sort."""
        return [each for each in self.changes if each.what is what]

    @property
    def all_stands(self) -> bool:
        """Whether nothing is to be done."""
        return (not self.series and not self.of(What.CREATE) and not self.of(What.CHANGE) and self.watched.nothing
                and not self.dashboard)


class Follower:
    """Beside a recorder that had to make items: the rest that they need, and the series that follow them.

    Somebody has deleted items, or installed without them. It takes its time, so it has a thread, and sessions, of its own.
    """

    def __init__(self, settings: Settings, history: History) -> None:
        self._settings, self._history = settings, history
        self.thread = threading.Thread()

    def look(self) -> None:
        """Begin, where items were made by the way and nobody follows them already."""
        if isinstance(self._history, ZabbixHistory) and self._history.made and not self.thread.is_alive():
            log.warning("%d items were missing in Zabbix and were made; tags, triggers and series follow", self._history.made)
            self._history.made = 0
            self.thread = threading.Thread(target=self._follow, name="zabbix", daemon=True)
            self.thread.start()

    def _follow(self) -> None:
        here = Context(self._settings)
        try:
            sync(here)
        except (HistoryAway, DBAPIError) as error:
            log.warning("tags, triggers and series do not follow yet; `elfe zabbix sync` does it: %s", error)
        finally:
            here.coordination.dispose()


def history(here: Context) -> ZabbixHistory:
    """The history, which must be Zabbix."""
    if not isinstance(here.history, ZabbixHistory):
        raise SettingsError("the history is not in Zabbix: name it under [zabbix] in elfe.toml, see docs/zabbix.md")
    return here.history


def sync(here: Context, dry_run: bool = False) -> Kept:
    """Create what is missing, put right what differs, let `mesures_puissance_elec_id` follow, and have it all watched."""
    zabbix = history(here)
    found = keeping.changes(wanted(here), zabbix.items(filter={"type": TRAPPER}) + _others(zabbix, here),
                            zabbix.access.general_host, LABELS)
    if not dry_run:
        _create(zabbix, [each.wanted for each in found if each.what is What.CREATE and each.wanted])
        _change(zabbix, [each for each in found if each.what is What.CHANGE])
    return Kept(found, _follow(here, zabbix, dry_run), _watch(here, zabbix, dry_run), _show(zabbix, dry_run))


def wanted(here: Context) -> list[Wanted]:
    """The items of what is installed, of the territory and of the indicators."""
    watts = [(name, "W") for name in (BALANCE, CONSUMPTION, PRODUCTION, SCALED_BALANCE)]
    sources = [(each.name, each.unit) for each in connectors.opened(here.settings.sources) if each.kind != "weather"]
    return keeping.wanted(_spoken(here), [*watts, *sources, *RUN_SERIES.values(), *((each.key, each.unit) for each in INDICATORS)])


def _spoken(here: Context) -> list[Spoken]:
    pairs, _ = device_values(queries.installed_devices(here.coordination), here.drivers, "zabbix")
    types = {each.id: each.type for each in queries.appliances(here.coordination)}
    return [Spoken(row.id, here.drivers[row.type_id].type, types[row.appliance_id]) for row, _ in pairs]


def _watch(here: Context, zabbix: ZabbixHistory, dry_run: bool) -> watching.Changes:
    """The triggers of what is installed: made, brought up to date where we write them otherwise, taken away with what is gone."""
    spoken = _spoken(here)
    wanted_ = watching.triggers(spoken, zabbix.access.general_host, _standing(zabbix, watching.series(spoken)))
    if not dry_run:
        _template(zabbix, {each.host for each in wanted_} - {zabbix.access.general_host})
    there = zabbix.api("trigger.get", {"output": ["triggerid", "description"], "selectTags": ["tag", "value"],
                                       "selectHosts": ["host"], "tags": [{**watching.WATCH, "operator": 1}]})
    found = watching.changes(wanted_, there)
    if not dry_run:
        for method, rows in (("trigger.create", found.create), ("trigger.update", found.update), ("trigger.delete", found.delete)):
            for start in range(0, len(rows), AT_ONCE):
                zabbix.api(method, list(rows[start:start + AT_ONCE]))
    return found


def _standing(zabbix: ZabbixHistory, names: Sequence[str]) -> dict[str, Item]:
    """The items of these names, wherever they stand; of two of a name the older one."""
    found = [each for start in range(0, len(names), AT_ONCE)
             for each in zabbix.items(filter={"name": names[start:start + AT_ONCE]})]
    return {each.name: each for each in reversed(found)}


def _template(zabbix: ZabbixHistory, hosts_: Collection[str]) -> None:
    """The template that is shipped, imported and linked to the hosts of devices that lack it."""
    asked = {"filter": {"host": watching.TEMPLATE}, "output": ["templateid"]}
    if not zabbix.api("template.get", asked):
        text = (files("elfe.history.zabbix") / "template.yaml").read_text(encoding="utf-8")
        zabbix.api("configuration.import", {"format": "yaml", "source": text, "rules": watching.IMPORT_RULES})
    [template] = zabbix.api("template.get", asked)
    hosts = zabbix.api("host.get", {"output": ["hostid"], "filter": {"host": sorted(hosts_)},
                                    "selectParentTemplates": ["templateid"]})
    lacking = [{"hostid": each["hostid"]} for each in hosts if template not in each["parentTemplates"]]
    for start in range(0, len(lacking), AT_ONCE):
        zabbix.api("host.massadd", {"hosts": lacking[start:start + AT_ONCE], "templates": [template]})


def _show(zabbix: ZabbixHistory, dry_run: bool) -> bool:
    """The dashboard, where there is none; one that stands is its people's."""
    missing = not zabbix.api("dashboard.get", {"output": ["dashboardid"], "filter": {"name": watching.DASHBOARD}})
    if missing and not dry_run:
        curves = (SCALED_BALANCE, PRODUCTION, CONSUMPTION)
        zabbix.api("dashboard.create", watching.dashboard(zabbix.access.general_host, curves, SHARES, LENT))
    return missing


def _others(zabbix: ZabbixHistory, here: Context) -> list[Item]:
    """Items of the wanted names that are of another type: they are told as such."""
    names = [place(each.name, zabbix.access.general_host, LABELS).name for each in wanted(here)]
    return [each for start in range(0, len(names), AT_ONCE)
            for each in zabbix.items(filter={"name": names[start:start + AT_ONCE]}) if each.type != TRAPPER]


def _create(zabbix: ZabbixHistory, missing: Sequence[Wanted]) -> None:
    for start in range(0, len(missing), AT_ONCE):
        zabbix.create([(each.name, each.unit, each.tags) for each in missing[start:start + AT_ONCE]], LABELS)


def _change(zabbix: ZabbixHistory, changes: Sequence[Change]) -> None:
    rows = [{"itemid": str(each.item.id), "name": place(each.name, zabbix.access.general_host, LABELS).name, "type": TRAPPER,
             "value_type": FLOAT, "status": 0, "delay": "0", **({"units": each.wanted.unit} if each.wanted.unit else {}),
             "tags": [{"tag": tag, "value": value} for tag, value in sorted({*each.item.tags, *each.wanted.tags})]}
            for each in changes if each.item and each.wanted]
    for start in range(0, len(rows), AT_ONCE):
        zabbix.api("item.update", rows[start:start + AT_ONCE])


def _follow(here: Context, zabbix: ZabbixHistory, dry_run: bool) -> list[tuple[int, int, int]]:
    """Appliances whose series is not their item's."""
    ids = {name: id for id, name, _ in zabbix.names()}
    followed = []
    for appliance_id, power, now, felt, felt_now in store.series_of(here.coordination):
        after, felt_after = ids.get(power, 0), ids.get(felt, 0)
        if after and (after != now or (felt and felt_after != felt_now)):
            followed.append((appliance_id, now, after))
            if not dry_run:
                store.set_series(here.coordination, appliance_id, after, felt_after)
    return followed
