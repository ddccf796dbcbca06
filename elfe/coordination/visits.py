"""The visits of homes, ours, in the schema `elfe`: the centre's copy of each installer's journal, and the edge that keeps it.

What a visit holds is `elfe.visit`'s business: here its body is text. It names hardware, ticks and who was there; never a
secret, never an address. Instants are epoch seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import BigInteger, Connection, Engine, Table, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field

from elfe.coordination.tables import OURS, Base
from elfe.slots import epoch_s


class VisitRow(Base, table=True):
    """A visit of a home: one row per visit, open until every proof is there or it is taken back."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("home", "opened_at"),
        {"schema": OURS, "comment": "An installer's visits, with what is still to be proved; never a secret"},
    )

    id: int | None = Field(default=None, primary_key=True)
    home: str = Field(index=True, sa_column_kwargs={"comment": "the participant's reference, R004"})
    opened_at: int = Field(sa_type=BigInteger, sa_column_kwargs={"comment": "epoch s"})
    closed_at: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch s; NULL: open"})
    revision: int = Field(sa_column_kwargs={"comment": "counts what happened: an older copy never overwrites a newer one"})
    body: str = Field(sa_column_kwargs={"comment": "JSON: who, which devices, how each step went"})


VISIT: Table = VisitRow.__table__  # type: ignore[attr-defined]


@frozen
class Kept:
    """A visit as it is kept here."""

    home: str
    opened_at: datetime
    closed_at: datetime | None
    revision: int
    body: str


def keep(engine: Engine, visit: Kept) -> None:
    """Write a visit, or what has become of it; a copy that is older than what stands changes nothing."""
    row = {"home": visit.home, "opened_at": epoch_s(visit.opened_at), "revision": visit.revision, "body": visit.body,
           "closed_at": visit.closed_at and epoch_s(visit.closed_at)}
    with engine.begin() as connection:
        made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(VISIT).values(row)
        connection.execute(made.on_conflict_do_update(
            index_elements=["home", "opened_at"], set_={each: made.excluded[each] for each in ("closed_at", "revision", "body")},
            where=VISIT.c.revision <= made.excluded.revision))


def bodies(engine: Engine, home: str = "", *, only_open: bool = False) -> list[str]:
    """The visits of a home, or of all, the oldest first."""
    wanted = select(VISIT.c.body).order_by(VISIT.c.opened_at, VISIT.c.id)
    if home:
        wanted = wanted.where(VISIT.c.home == home)
    if only_open:
        wanted = wanted.where(VISIT.c.closed_at.is_(None))
    with engine.connect() as connection:
        return list(connection.scalars(wanted))


def forget(connection: Connection, home: str) -> None:
    """Somebody leaves: what visits told of their home goes with them."""
    connection.execute(delete(VISIT).where(VISIT.c.home == home))
