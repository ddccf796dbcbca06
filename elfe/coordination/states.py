"""What is noted of devices between two visits, ours, in the schema `elfe`: how they are, what is to be done, how they are
updated, who has left. The tables, and the edge that reads and writes them.

The recorder notes presence, last word and firmware (`noticing.py` says when), whoever asks a device notes its settings.
Of settings only those that its driver expects are kept: nothing that a device reads back may bring a secret in here.
Instants are epoch seconds.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Index, Table, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field

from elfe.coordination.noticing import State
from elfe.coordination.rings import Campaign, Ring, Told
from elfe.coordination.tables import OURS, Base, epoch_column, text_column
from elfe.devices.values import Setting
from elfe.slots import epoch_s, instant

WHERE_OPEN = text("closed_at IS NULL")


class DeviceStateRow(Base, table=True):
    """How a device is, as it was last noted."""

    __tablename__ = "device_state"
    __table_args__ = {"schema": OURS, "comment": "How each device is: bounded, at most a row's write a minute"}  # noqa: RUF012

    device_id: str = text_column("installation point, as equipement_domotique.id", primary_key=True)
    presence: str = text_column("online, offline, asleep, or empty: never said", default="")
    presence_at: int | None = epoch_column("epoch s, when it became so", default=None)
    heard_at: int | None = epoch_column("epoch s, its last word; what the broker kept does not count", default=None)
    firmware: str = text_column("the version that it runs", default="")
    newer: str = text_column("the newer one that it knows of", default="")
    firmware_at: int | None = epoch_column("epoch s, when it said so", default=None)


class DeviceSettingRow(Base, table=True):
    """A setting that a device read back, of those that its driver expects."""

    __tablename__ = "device_setting"
    __table_args__ = {"schema": OURS, "comment": "Settings as last read back; only expected ones, never a secret"}  # noqa: RUF012

    device_id: str = text_column("installation point", primary_key=True)
    name: str = text_column("in the words of its family", primary_key=True)
    value: str = text_column("as it was read back")
    read_at: int = epoch_column("epoch s")


class VisitTaskRow(Base, table=True):
    """Something that only a visit can do: one open row per device and kind."""

    __tablename__ = "visit_task"
    __table_args__ = (
        Index("visit_task_one_open", "device_id", "kind", unique=True, postgresql_where=WHERE_OPEN, sqlite_where=WHERE_OPEN),
        {"schema": OURS, "comment": "What only a visit can do"},
    )

    id: int | None = Field(default=None, primary_key=True)
    device_id: str = text_column("installation point")
    kind: str = text_column("configure, firmware or check")
    says: str = text_column("what is to be done, in French")
    opened_at: int = epoch_column("epoch s")
    closed_at: int | None = epoch_column("epoch s; NULL: to be done", default=None)


class CampaignRow(Base, table=True):
    """A firmware brought to the units of one type, ring after ring."""

    __tablename__ = "firmware_campaign"
    __table_args__ = (
        Index("firmware_campaign_one_open", "type_id", unique=True, postgresql_where=WHERE_OPEN, sqlite_where=WHERE_OPEN),
        {"schema": OURS, "comment": "A firmware brought to one device type in rings; at most one open per type"},
    )

    id: int | None = Field(default=None, primary_key=True)
    type_id: int = Field(sa_column_kwargs={"comment": "as equipement_domotique_type"})
    opened_at: int = epoch_column("epoch s")
    ring: int = Field(sa_column_kwargs={"comment": "0 volunteers, 1 ten per cent, 2 all"})
    ring_at: int = epoch_column("epoch s, when the ring was opened")
    anyway: bool = Field(default=False, sa_column_kwargs={"comment": "told though none knows of a newer version"})
    stopped_at: int | None = epoch_column("epoch s; it goes no further", default=None)
    why_stopped: str = text_column("who or what stopped it", default="")
    closed_at: int | None = epoch_column("epoch s; finished, or given up for a new one", default=None)


class CampaignUnitRow(Base, table=True):
    """A unit that was told to update."""

    __tablename__ = "firmware_unit"
    __table_args__ = {"schema": OURS, "comment": "Which unit was told to update when, and what it ran then"}  # noqa: RUF012

    campaign_id: int = Field(primary_key=True, foreign_key="elfe.firmware_campaign.id")
    unit: str = text_column("its first installation point", primary_key=True)
    ring: int = Field(sa_column_kwargs={"comment": "0, 1 or 2"})
    told_at: int = epoch_column("epoch s, the last time")
    was: str = text_column("the version that it ran")
    brings: str = text_column("the stepping stone that it was told to take; empty: the newest", default="")


class VolunteerRow(Base, table=True):
    """A participant whose devices are updated first."""

    __tablename__ = "firmware_volunteer"
    __table_args__ = {"schema": OURS, "comment": "Participants whose devices are updated first"}  # noqa: RUF012

    reference: str = text_column("R004", primary_key=True)
    since: int = epoch_column("epoch s")


class DepartureRow(Base, table=True):
    """A participant who has left: what an erasure has still to do, and then only that it was done."""

    __tablename__ = "departure"
    __table_args__ = {"schema": OURS, "comment": "Who left when; done again after a restore from an older backup"}  # noqa: RUF012

    id: int | None = Field(default=None, primary_key=True)
    reference: str = text_column("R004; nothing leads from it to an appliance or a measure")
    left_at: int = epoch_column("epoch s")
    keeps_measures: bool = Field(sa_column_kwargs={"comment": "the consent to keep measures without a name"})
    pending: str = text_column("JSON: point to appliance, whose measures are still to be erased; empty when it is done")


def _table(row: Any) -> Table:
    table: Table = row.__table__
    return table


STATE, SETTING, TASK = _table(DeviceStateRow), _table(DeviceSettingRow), _table(VisitTaskRow)
CAMPAIGN, UNIT, VOLUNTEER = _table(CampaignRow), _table(CampaignUnitRow), _table(VolunteerRow)
DEPARTURE = _table(DepartureRow)


def _put(connection: Connection, table: Table, rows: list[dict[str, object]], changes: Iterable[str]) -> None:
    """Insert rows, or bring those that stand to what is given."""
    if not rows:
        return
    made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    keys = [column.name for column in table.primary_key]
    connection.execute(made.on_conflict_do_update(index_elements=keys, set_={each: made.excluded[each] for each in changes}),
                       rows)


def _at(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


def _s(at: datetime | None) -> int | None:
    return None if at is None else epoch_s(at)


# -- how devices are -------------------------------------------------------------------------------------------------------


def note(engine: Engine, noted: Iterable[State]) -> None:
    """Write how devices are. What a state does not tell stays as it was noted."""
    presences, words, firmwares = [], [], []
    for each in sorted(noted, key=lambda state: state.device_id):      # in one order: two writers never wait for each other
        row: dict[str, object] = {"device_id": each.device_id, "presence": "", "firmware": "", "newer": ""}
        if each.presence:
            presences.append({**row, "presence": each.presence, "presence_at": _s(each.presence_at)})
        if each.heard_at:
            words.append({**row, "heard_at": _s(each.heard_at)})
        if each.firmware:
            firmwares.append({**row, "firmware": each.firmware, "newer": each.newer, "firmware_at": _s(each.firmware_at)})
    with engine.begin() as connection:
        _put(connection, STATE, presences, ("presence", "presence_at"))
        _put(connection, STATE, words, ("heard_at",))
        _put(connection, STATE, firmwares, ("firmware", "newer", "firmware_at"))


def states(engine: Engine) -> dict[str, State]:
    """How each device is, by its point."""
    with engine.connect() as connection:
        return {row.device_id: State(row.device_id, row.presence, _at(row.presence_at), _at(row.heard_at), row.firmware,
                                     row.newer, _at(row.firmware_at))
                for row in connection.execute(select(STATE))}


def note_settings(engine: Engine, device_id: str, read: Iterable[Setting], now: datetime) -> None:
    """Write settings that a device read back: the caller hands only expected ones."""
    rows: list[dict[str, object]] = [{"device_id": device_id, "name": name, "value": value, "read_at": epoch_s(now)}
                                     for name, value in sorted({each.name: each.value for each in read}.items())]
    with engine.begin() as connection:
        _put(connection, SETTING, rows, ("value", "read_at"))


def settings(engine: Engine, since: datetime | None = None) -> Mapping[str, Mapping[str, str]]:
    """The settings as last read back: point → name → value. `since`: only what was read from then on."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with engine.connect() as connection:
        for row in connection.execute(select(SETTING).where(SETTING.c.read_at >= (_s(since) or 0))):
            found[row.device_id][row.name] = row.value
    return found


def forget(connection: Connection, points: Iterable[str], *, closed_too: bool = False) -> None:
    """Nothing is known of these points any more: other hardware stands there, or none. `closed_too`: nor what was done there."""
    points = tuple(points)
    for table in (STATE, SETTING):
        connection.execute(delete(table).where(table.c.device_id.in_(points)))
    which = TASK.c.device_id.in_(points)
    connection.execute(delete(TASK).where(which if closed_too else which & TASK.c.closed_at.is_(None)))


# -- what only a visit can do ------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What a visit is for."""

    CONFIGURE = "configure"
    FIRMWARE = "firmware"
    CHECK = "check"          # what it says cannot be, or its appliance is not the one that it should be


@frozen
class Task:
    """Something to do at a device, on the local network."""

    id: int
    device_id: str
    kind: Kind
    says: str
    opened_at: datetime


def open_task(engine: Engine, device_id: str, kind: Kind, says: str, now: datetime) -> None:
    """Take down what only a visit can do; what is already to be done says the newer words."""
    with engine.begin() as connection:
        take_down(connection, device_id, kind, says, now)


def take_down(connection: Connection, device_id: str, kind: Kind, says: str, now: datetime) -> None:
    """The same within a transaction."""
    open_one = (TASK.c.device_id == device_id) & (TASK.c.kind == kind.value) & TASK.c.closed_at.is_(None)
    if not connection.execute(update(TASK).where(open_one).values(says=says)).rowcount:
        made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(TASK)
        connection.execute(made.values(device_id=device_id, kind=kind.value, says=says, opened_at=epoch_s(now))
                           .on_conflict_do_nothing())


def close_task(engine: Engine, now: datetime, *, id: int | None = None, device_id: str = "", kind: Kind | None = None) -> int:
    """It is done: the task of that number, or those of a device. Returns how many were open."""
    wanted = (TASK.c.id == id) if id is not None else (TASK.c.device_id == device_id)
    if kind is not None:
        wanted = wanted & (TASK.c.kind == kind.value)
    with engine.begin() as connection:
        return connection.execute(update(TASK).where(wanted, TASK.c.closed_at.is_(None))
                                  .values(closed_at=epoch_s(now))).rowcount


def open_tasks(engine: Engine) -> list[Task]:
    """What is to be done, the oldest first."""
    with engine.connect() as connection:
        return [Task(row.id, row.device_id, Kind(row.kind), row.says, instant(row.opened_at))
                for row in connection.execute(select(TASK).where(TASK.c.closed_at.is_(None)).order_by(TASK.c.id))]


# -- firmware ---------------------------------------------------------------------------------------------------------------


def volunteers(engine: Engine) -> frozenset[str]:
    """The participants whose devices are updated first."""
    with engine.connect() as connection:
        return frozenset(row.reference for row in connection.execute(select(VOLUNTEER)))


def volunteer(engine: Engine, reference: str, willing: bool, now: datetime) -> None:
    """A participant's devices are updated first, or no sooner than the others."""
    with engine.begin() as connection:
        if willing:
            enlist(connection, reference, now)
        else:
            connection.execute(delete(VOLUNTEER).where(VOLUNTEER.c.reference == reference))


def enlist(connection: Connection, reference: str, now: datetime) -> None:
    """A participant is a volunteer from now on, or stays one."""
    _put(connection, VOLUNTEER, [{"reference": reference, "since": epoch_s(now)}], ("reference",))


def campaigns(engine: Engine) -> dict[int, Campaign]:
    """The open campaign of each type that has one."""
    with engine.connect() as connection:
        told: dict[int, list[Told]] = defaultdict(list)
        for row in connection.execute(select(UNIT).order_by(UNIT.c.told_at, UNIT.c.unit)):
            told[row.campaign_id].append(Told(row.unit, Ring(row.ring), instant(row.told_at), row.was, row.brings))
        return {row.type_id: Campaign(row.id, row.type_id, instant(row.opened_at), Ring(row.ring), instant(row.ring_at),
                                      tuple(told[row.id]), row.why_stopped, row.anyway)
                for row in connection.execute(select(CAMPAIGN).where(CAMPAIGN.c.closed_at.is_(None)))}


def open_campaign(engine: Engine, type_id: int, anyway: bool, now: datetime) -> Campaign:
    """A new campaign in its first ring; what was open for the type is closed."""
    with engine.begin() as connection:
        connection.execute(update(CAMPAIGN).where(CAMPAIGN.c.type_id == type_id, CAMPAIGN.c.closed_at.is_(None))
                           .values(closed_at=epoch_s(now)))
        made = connection.execute(CAMPAIGN.insert().values(
            type_id=type_id, opened_at=epoch_s(now), ring=Ring.VOLUNTEERS.value, ring_at=epoch_s(now), anyway=anyway,
            why_stopped=""))
        assert made.inserted_primary_key is not None
        return Campaign(int(made.inserted_primary_key[0]), type_id, now, Ring.VOLUNTEERS, now, anyway=anyway)


def go_on(engine: Engine, campaign: Campaign, ring: Ring, now: datetime) -> None:
    """The next ring is open."""
    _change(engine, campaign.id, ring=ring.value, ring_at=epoch_s(now))


def stop(engine: Engine, campaign: Campaign, why: str, now: datetime) -> None:
    """It goes no further."""
    _change(engine, campaign.id, stopped_at=epoch_s(now), why_stopped=why)


def finish(engine: Engine, campaign: Campaign, now: datetime) -> None:
    """Every unit has what there is."""
    _change(engine, campaign.id, closed_at=epoch_s(now))


def _change(engine: Engine, id: int, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(update(CAMPAIGN).where(CAMPAIGN.c.id == id).values(values))


def told(engine: Engine, campaign: Campaign, unit: Told) -> None:
    """Take down that a unit is told, before it is."""
    row: dict[str, object] = {"campaign_id": campaign.id, "unit": unit.unit, "ring": unit.ring.value, "was": unit.was,
                              "brings": unit.brings, "told_at": epoch_s(unit.at)}
    with engine.begin() as connection:
        _put(connection, UNIT, [row], ("told_at", "was", "brings"))


# -- who has left -------------------------------------------------------------------------------------------------------------


@frozen
class Departure:
    """Somebody who has left; `pending`: the points whose measures are still to be erased."""

    id: int
    reference: str
    left_at: datetime
    keeps_measures: bool
    pending: Mapping[str, int]       # point → appliance


def depart(connection: Connection, reference: str, keeps_measures: bool, points: Mapping[str, int], now: datetime) -> int:
    """Somebody leaves, within the transaction that erases; returns the row's id."""
    made = connection.execute(DEPARTURE.insert().values(
        reference=reference, left_at=epoch_s(now), keeps_measures=keeps_measures,
        pending=json.dumps(dict(points), sort_keys=True) if points else ""))
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def departed(engine: Engine, id: int) -> None:
    """Nothing is left to erase: the points are forgotten too."""
    with engine.begin() as connection:
        connection.execute(update(DEPARTURE).where(DEPARTURE.c.id == id).values(pending=""))


def departures(engine: Engine) -> list[Departure]:
    """Everybody who has left, in order."""
    with engine.connect() as connection:
        return [Departure(row.id, row.reference, instant(row.left_at), row.keeps_measures,
                          json.loads(row.pending) if row.pending else {})
                for row in connection.execute(select(DEPARTURE).order_by(DEPARTURE.c.id))]
