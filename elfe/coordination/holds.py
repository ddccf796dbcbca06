"""What people have decided for a while, ours, in the schema `elfe`: holds on appliances or on everything, and what was taken over
at the unit itself. The tables, and the edge that reads and writes them.

A hold goes before the plan, is seen by whoever asks, and ends by itself where it has an end. Modes go before holds: what is only
measured, being installed, disabled or removed is touched by neither. Instants are epoch seconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import frozen
from sqlalchemy import Connection, Engine, Index, Table, bindparam, delete, insert, select, text, update
from sqlmodel import Field

from elfe.coordination.tables import OURS, Base, epoch_column, text_column
from elfe.coordination.values import Mode
from elfe.slots import epoch_s, instant


class Origin(StrEnum):
    """Where a person decided it."""

    DEVICE = "device"          # its button, its vendor's app: found in another state, and nobody ordered it
    SCREEN = "screen"
    PORTAL = "portal"
    CENTRE = "centre"          # `elfe hold`, `elfe release`


class HoldRow(Base, table=True):
    """A person's will, for a while."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("hold_open", "appliance_id", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
        {"schema": OURS, "comment": "What people decided for a while; it goes before the plan"},
    )

    id: int | None = Field(default=None, primary_key=True)
    appliance_id: int | None = Field(default=None, sa_column_kwargs={
        "comment": "equipement_pilote_ou_mesure.id; NULL: every appliance"})
    supply: bool | None = Field(default=None, sa_column_kwargs={
        "comment": "true: supplied, false: cut, NULL: left alone, whatever it does"})
    since: int = epoch_column("epoch s")
    until: int | None = epoch_column("epoch s; NULL: until it is taken back", default=None)
    origin: str = text_column("device, screen, portal or centre")
    who: str = text_column("the person's reference, or the account at the centre", default="")
    ended_at: int | None = epoch_column("epoch s; NULL: it holds, unless its end has passed", default=None)


class TakenOverRow(Base, table=True):
    """An appliance that was taken over at the unit itself: we wrote 70, and what it was before."""

    __tablename__ = "taken_over"
    __table_args__ = (
        Index("taken_over_one_open", "appliance_id", unique=True, sqlite_where=text("given_back_at IS NULL"),
              postgresql_where=text("given_back_at IS NULL")),
        {"schema": OURS, "comment": "Mode 70 that we wrote because a unit went local; any other 70 is an operator's own"},
    )

    id: int | None = Field(default=None, primary_key=True)
    appliance_id: int = Field(sa_column_kwargs={"comment": "equipement_pilote_ou_mesure.id"})
    device_id: str = text_column("the installation point that said so")
    mode_before: int = Field(sa_column_kwargs={"comment": "20 or 30; what giving it back restores"})
    since: int = epoch_column("epoch s")
    given_back_at: int | None = epoch_column("epoch s; NULL: still local", default=None)


HOLD: Table = HoldRow.__table__  # type: ignore[attr-defined]
TAKEN_OVER: Table = TakenOverRow.__table__  # type: ignore[attr-defined]
OPEN = HOLD.c.ended_at.is_(None)


@frozen
class Hold:
    """A person's will, for a while."""

    id: int
    appliance_id: int | None         # None: every appliance
    supply: bool | None              # None: left alone, whatever it does
    since: datetime
    until: datetime | None           # None: until it is taken back
    origin: str
    who: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.until is None or now < self.until


def put(connection: Connection, appliance_id: int | None, supply: bool | None, now: datetime, until: datetime | None,
        origin: Origin, who: str = "") -> None:
    """A person decides: what was decided of the same appliance before is over."""
    end(connection, appliance_id, now)
    connection.execute(insert(HOLD).values(appliance_id=appliance_id, supply=supply, since=epoch_s(now),
                                           until=epoch_s(until) if until else None, origin=origin.value, who=who))


def end(connection: Connection, appliance_id: int | None, now: datetime) -> bool:
    """Take back what is held of an appliance (None: of everything); whether anything was."""
    same = HOLD.c.appliance_id.is_(None) if appliance_id is None else HOLD.c.appliance_id == appliance_id
    in_force = HOLD.c.until.is_(None) | (HOLD.c.until > epoch_s(now))
    was = connection.execute(select(HOLD.c.id).where(OPEN, same, in_force)).first() is not None
    connection.execute(update(HOLD).where(OPEN, same).values(ended_at=epoch_s(now)))
    return was


def in_force(engine: Engine, now: datetime) -> list[Hold]:
    """What is held, the oldest first."""
    with engine.connect() as connection:
        return [Hold(row.id, row.appliance_id, row.supply, instant(row.since), instant(row.until) if row.until else None,
                     row.origin, row.who) for row in connection.execute(_IN_FORCE, {"now": epoch_s(now)})]


_IN_FORCE = select(HOLD).where(OPEN, HOLD.c.until.is_(None) | (HOLD.c.until > bindparam("now"))).order_by(HOLD.c.id)


def take_over(connection: Connection, appliance_id: int, device_id: str, mode_before: Mode, now: datetime) -> None:
    """Remember that the 70 of an appliance is ours, and what it was before."""
    still = select(TAKEN_OVER.c.id).where(TAKEN_OVER.c.appliance_id == appliance_id, TAKEN_OVER.c.given_back_at.is_(None))
    if connection.execute(still).first() is None:
        connection.execute(insert(TAKEN_OVER).values(appliance_id=appliance_id, device_id=device_id, mode_before=int(mode_before),
                                                     since=epoch_s(now)))


def give_back(connection: Connection, appliance_id: int, now: datetime) -> Mode | None:
    """The mode that it had before it was taken over; None: its 70, if any, is not ours."""
    ours = update(TAKEN_OVER).where(TAKEN_OVER.c.appliance_id == appliance_id, TAKEN_OVER.c.given_back_at.is_(None))
    row = connection.execute(ours.values(given_back_at=epoch_s(now)).returning(TAKEN_OVER.c.mode_before)).first()
    return Mode(row.mode_before) if row else None


def taken_over(engine: Engine) -> dict[int, datetime]:
    """Which appliances are local now, and since when."""
    with engine.connect() as connection:
        return {row.appliance_id: instant(row.since)
                for row in connection.execute(select(TAKEN_OVER).where(TAKEN_OVER.c.given_back_at.is_(None)))}


def forget(connection: Connection, appliances: list[int]) -> None:
    """Nothing remains of what was decided of them."""
    for table in (HOLD, TAKEN_OVER):
        connection.execute(delete(table).where(table.c.appliance_id.in_(appliances)))
