"""The order ledger's tables, ours, in the schema `elfe`: a row per order, a row per thing that happened to it, and who leads.

Instants are epoch milliseconds in UTC. `elfe.command.store` writes and reads them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from elfe.coordination.tables import Base


def _added(default: Any, written: str, comment: str) -> Any:
    """A column that came later: older rows have its default."""
    return Field(default=default, sa_column_kwargs={"comment": comment, "server_default": text(written)})


class OrderRow(Base, table=True):
    """An order: what was wanted of which device for which slot, and how far it went."""

    __tablename__ = "command_order"
    __table_args__ = (
        Index("command_order_live", "stage", "slot"),
        Index("command_order_appliance", "appliance_id", "slot"),
        {"schema": "elfe", "comment": "One row per order; unique by point, slot, level, purpose, flexibility."},
    )

    id: str = Field(primary_key=True, sa_column_kwargs={"comment": "UUID, made before anything is sent"})
    key: str = Field(unique=True, sa_column_kwargs={"comment": "the same order is never made twice"})
    device_id: str = Field(sa_column_kwargs={"comment": "installation point, as equipement_domotique.id"})
    appliance_id: int = Field(sa_column_kwargs={"comment": "as equipement_pilote_ou_mesure.id"})
    flexibility_id: int = Field(sa_column_kwargs={"comment": "its stay in mode 30, elfe.flexibility"})
    why: str = Field(sa_column_kwargs={"comment": "wait, start, plan, guarantee, release, restore, hold or hand"})
    is_on: bool = Field(sa_column_kwargs={"comment": "the wanted level of the output"})
    powers: bool = Field(sa_column_kwargs={"comment": "whether the appliance has its supply at that level"})
    slot: int = Field(sa_type=BigInteger, sa_column_kwargs={"comment": "epoch // 900, its validity"})
    status: str = Field(sa_column_kwargs={"comment": "the stage in the seven words of S2 (EN 50491-12-2)"})
    stage: str = Field(sa_column_kwargs={"comment": "where it stands, in our words"})
    cause: str = Field(default="", sa_column_kwargs={"comment": "why it ended so"})
    press: bool = _added(False, "false", "a press, sent once; otherwise a level")
    step: int = _added(0, "0", "which press of a start's sequence")
    again: int = _added(0, "0", "how many orders were made for that step before")
    seen_w: float | None = Field(default=None, sa_column_kwargs={"comment": "the last power measured behind it, W"})
    attempts: int = Field(default=0, sa_column_kwargs={"comment": "how often it was sent"})
    wanted_ms: int = Field(sa_type=BigInteger, sa_column_kwargs={"comment": "epoch ms"})
    recorded_ms: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch ms"})
    sent_ms: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch ms, first time"})
    acknowledged_ms: int | None = Field(default=None, sa_type=BigInteger,
                                        sa_column_kwargs={"comment": "epoch ms, by the device's own word"})
    proved_ms: int | None = Field(default=None, sa_type=BigInteger,
                                  sa_column_kwargs={"comment": "epoch ms, by measured power"})
    ended_ms: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch ms"})


class OrderEventRow(Base, table=True):
    """Something that happened to an order. Append-only."""

    __tablename__ = "command_order_event"
    __table_args__ = {"schema": "elfe", "comment": "Append-only: what happened to each order, in order."}  # noqa: RUF012

    id: int | None = Field(default=None, primary_key=True)
    order_id: str = Field(foreign_key="elfe.command_order.id", index=True)
    at_ms: int = Field(sa_type=BigInteger, sa_column_kwargs={"comment": "epoch ms"})
    happened: str = Field(sa_column_kwargs={"comment": "recorded, sent, acknowledged, proved, refused, ..."})
    stage: str = Field(sa_column_kwargs={"comment": "the stage after it"})
    detail: str = Field(default="", sa_column_kwargs={"comment": "a cause, the device's own words"})


class LeaderRow(Base, table=True):
    """Which engine drives a share of the homes, and when it last said so."""

    __tablename__ = "leader"
    __table_args__ = {"schema": "elfe", "comment": "Who drives: an engine whose epoch has passed writes nothing"}  # noqa: RUF012

    share: int = Field(primary_key=True, sa_column_kwargs={"comment": "the worker's number, from 1", "autoincrement": False})
    epoch: int = Field(sa_column_kwargs={"comment": "how often the lead was taken"})
    beat_s: float = Field(sa_column_kwargs={"comment": "epoch s by the database's clock, when its leader was last alive"})
