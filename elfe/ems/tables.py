"""What every table of the EMS output database is declared on, in this room's modules; `store.py` gathers them."""

from __future__ import annotations

from sqlmodel import SQLModel

from elfe import database


class Base(SQLModel, registry=database.own_registry()):
    """The tables of the output database."""

    __abstract__ = True
