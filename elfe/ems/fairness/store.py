"""The accounts of households: a table, ours, in the schema `elfe` of the EMS output database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Engine, Float, Row, Table, Text, delete, func, select
from sqlmodel import Field

from elfe.database import put
from elfe.ems.fairness.accounts import NEW, Account
from elfe.ems.tables import Base
from elfe.slots import HORIZON


class AccountRow(Base, table=True):
    """What one household has given and received."""

    __tablename__ = "account"
    __table_args__ = ({"schema": "elfe", "comment": "What each household has given and received; it fades"},)

    participant: str = Field(sa_column=Column("participant", Text, primary_key=True, comment="utilisateur"))
    slot: int = Field(sa_column=Column("slot", BigInteger, nullable=False, comment="epoch // 900: what it is as of"))
    placed_wh: float = Field(sa_column=Column("placed_wh", Float(53), nullable=False, comment="energy that was placed"))
    local_wh: float = Field(sa_column=Column("local_wh", Float(53), nullable=False, comment="of it, from local surplus"))
    waited_wh_h: float = Field(sa_column=Column("waited_wh_h", Float(53), nullable=False, comment="what waited, times hours"))


ACCOUNT: Table = AccountRow.__table__  # type: ignore[attr-defined]


def accounts(engine: Engine, slot: int) -> dict[str, Account]:
    """Of every household that has one, as of a slot."""
    with engine.connect() as connection:
        return {row.participant: _account(row, slot) for row in connection.execute(select(ACCOUNT))}


def book(engine: Engine, slot: int, added: Mapping[str, Account]) -> None:
    """Add what a slot added; a slot that was booked before is not booked again, but for a clock that ran ahead."""
    with engine.begin() as connection:
        booked = connection.scalar(select(func.max(ACCOUNT.c.slot)).where(ACCOUNT.c.slot <= slot + HORIZON))
        if not added or (booked is not None and booked >= slot):
            return
        held = {row.participant: row for row in connection.execute(select(ACCOUNT))}
        rows = [_row(name, slot, (_account(held[name], slot) if name in held else NEW) + more) for name, more in added.items()]
        put(connection, ACCOUNT, rows)


def forget(engine: Engine, participants: Iterable[str]) -> None:
    """They have left: nothing is kept of what they drew."""
    with engine.begin() as connection:
        connection.execute(delete(ACCOUNT).where(ACCOUNT.c.participant.in_(list(participants))))


def _account(row: Row[Any], slot: int) -> Account:
    return Account(row.placed_wh, row.local_wh, row.waited_wh_h).faded(max(0, slot - row.slot))


def _row(name: str, slot: int, account: Account) -> dict[str, object]:
    return {"participant": name, "slot": slot, "placed_wh": account.placed_wh, "local_wh": account.local_wh,
            "waited_wh_h": account.waited_wh_h}
