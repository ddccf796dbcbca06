"""What the territory announces to participants, ours, in the schema `elfe`: the weather's thresholds and windows, the mails.
The tables, and the edge that reads and writes them. Instants are epoch seconds.

A mail is claimed before it is sent: whoever dies between the two leaves a mail that may have gone, and it is not sent again. One
that the server refused is tried again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import BigInteger, Engine, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field

from elfe.coordination.tables import OURS, Base, epoch_column, text_column
from elfe.slots import epoch_s, instant


def _watts(comment: str) -> Any:
    return Field(sa_column_kwargs={"comment": comment})


class ThresholdRow(Base, table=True):
    """Where the five levels of the energy weather end, from an instant on."""

    __tablename__ = "weather_threshold"
    __table_args__ = {"schema": OURS, "comment": "Dated thresholds of the energy weather, W of balance"}  # noqa: RUF012

    cohort: str = text_column("a group of participants; empty: everybody without one", primary_key=True)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch s"})
    very_low: float = _watts("W, end of --")
    low: float = _watts("W, end of -")
    high: float = _watts("W, end of 0")
    very_high: float = _watts("W, end of +")


class CohortRow(Base, table=True):
    """Which group a participant belongs to."""

    __tablename__ = "weather_cohort"
    __table_args__ = {"schema": OURS, "comment": "Which group's weather a participant sees"}  # noqa: RUF012

    reference: str = text_column("R004", primary_key=True)
    cohort: str = text_column("the group's name")


class WindowRow(Base, table=True):
    """A good window that was announced."""

    __tablename__ = "weather_window"
    __table_args__ = {"schema": OURS, "comment": "The good windows announced each day, to be judged by what came"}  # noqa: RUF012

    day: str = text_column("the local day of the announcement, ISO", primary_key=True)
    cohort: str = text_column("the group that it was announced to", primary_key=True)
    first_slot: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"comment": "epoch // 900"})
    end_slot: int = Field(sa_type=BigInteger, sa_column_kwargs={"comment": "epoch // 900, excluded"})


class MailRow(Base, table=True):
    """A participant's mail of a day."""

    __tablename__ = "mail"
    __table_args__ = {"schema": OURS, "comment": "One mail a day and participant, whatever restarts"}  # noqa: RUF012

    day: str = text_column("the local day, ISO", primary_key=True)
    reference: str = text_column("R004", primary_key=True)
    status: str = text_column("sending, sent or refused")
    at: int = epoch_column("epoch s, of the last try")
    tries: int = Field(default=1, sa_column_kwargs={"comment": "how often it was tried"})
    problem: str = text_column("what the server said", default="")


class NoMailRow(Base, table=True):
    """A participant who wants no mail."""

    __tablename__ = "mail_unsubscribed"
    __table_args__ = {"schema": OURS, "comment": "Participants who want no daily mail"}  # noqa: RUF012

    reference: str = text_column("R004", primary_key=True)
    since: int = epoch_column("epoch s")


def _table(row: Any) -> Table:
    table: Table = row.__table__
    return table


THRESHOLD, COHORT, WINDOW = _table(ThresholdRow), _table(CohortRow), _table(WindowRow)
MAIL, NO_MAIL = _table(MailRow), _table(NoMailRow)
SENDING, SENT, REFUSED = "sending", "sent", "refused"
MOST_TRIES = 10
UNHANDED = "le serveur s'est tu avant de le prendre"
"""Said of a mail that has certainly not gone: it is no try."""


def _insert(engine: Engine, table: Table) -> Any:
    return (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)


def _put(engine: Engine, table: Table, **row: object) -> None:
    """Insert a row, or bring the one that stands to it."""
    made = _insert(engine, table).values(row)
    keys = [column.name for column in table.primary_key]
    others = {name: made.excluded[name] for name in row if name not in keys}
    with engine.begin() as connection:
        connection.execute(made.on_conflict_do_update(index_elements=keys, set_=others))


# -- the weather ---------------------------------------------------------------------------------------------------------------


def thresholds(engine: Engine) -> list[tuple[str, datetime, tuple[float, float, float, float]]]:
    """All of them: group, valid from, the four thresholds in W."""
    with engine.connect() as connection:
        return [(row.cohort, instant(row.valid_from), (row.very_low, row.low, row.high, row.very_high))
                for row in connection.execute(select(THRESHOLD).order_by(THRESHOLD.c.cohort, THRESHOLD.c.valid_from))]


def set_thresholds(engine: Engine, cohort: str, valid_from: datetime, four_w: tuple[float, float, float, float]) -> None:
    """Thresholds of a group from an instant on, W, rising."""
    very_low, low, high, very_high = four_w
    _put(engine, THRESHOLD, cohort=cohort, valid_from=epoch_s(valid_from), very_low=very_low, low=low, high=high,
         very_high=very_high)


def cohorts(engine: Engine) -> dict[str, str]:
    """The group of each participant who has one."""
    with engine.connect() as connection:
        return {row.reference: row.cohort for row in connection.execute(select(COHORT))}


def join_cohort(engine: Engine, reference: str, cohort: str) -> None:
    """A participant sees this group's weather; empty: everybody's."""
    if cohort:
        _put(engine, COHORT, reference=reference, cohort=cohort)
        return
    with engine.begin() as connection:
        connection.execute(delete(COHORT).where(COHORT.c.reference == reference))


def announce(engine: Engine, day: date, cohort: str, windows: Iterable[tuple[int, int]]) -> None:
    """Keep the windows announced on a day, as first slot and end; those of a day that were announced before stand."""
    rows = [{"day": day.isoformat(), "cohort": cohort, "first_slot": first, "end_slot": end} for first, end in windows]
    if rows and not announced(engine, cohort, day):
        with engine.begin() as connection:
            connection.execute(_insert(engine, WINDOW).on_conflict_do_nothing(), rows)


def announced(engine: Engine, cohort: str, since: date) -> list[tuple[date, int, int]]:
    """The windows of a group announced on a day or later: day, first slot, end."""
    wanted = select(WINDOW).where(WINDOW.c.cohort == cohort, WINDOW.c.day >= since.isoformat()).order_by(WINDOW.c.first_slot)
    with engine.connect() as connection:
        return [(date.fromisoformat(row.day), row.first_slot, row.end_slot) for row in connection.execute(wanted)]


# -- the mails -----------------------------------------------------------------------------------------------------------------


@frozen
class Mail:
    """What became of a participant's mail of a day."""

    day: date
    reference: str
    status: str
    at: datetime
    tries: int
    problem: str

    def may_go(self, now: datetime) -> bool:
        """Whether it is worth another try. The wait doubles: a server that makes strangers wait (greylisting) has the morning."""
        waits = timedelta(minutes=2 ** self.tries / 2)
        return self.status == REFUSED and self.tries < MOST_TRIES and now >= self.at + waits


def claim(engine: Engine, day: date, reference: str, now: datetime) -> bool:
    """Whether this mail is ours to send now: nobody has claimed it, or the server refused it and there are tries left."""
    made = _insert(engine, MAIL).values(day=day.isoformat(), reference=reference, status=SENDING, at=epoch_s(now), tries=1)
    again = made.on_conflict_do_update(
        index_elements=["day", "reference"],
        set_={"status": SENDING, "at": epoch_s(now), "tries": MAIL.c.tries + 1, "problem": ""},
        where=(MAIL.c.status == REFUSED) & (MAIL.c.tries < MOST_TRIES))
    with engine.begin() as connection:
        return bool(connection.execute(again).rowcount)


def settle(engine: Engine, day: date, reference: str, now: datetime, problem: str = "") -> None:
    """A claimed mail has gone, or the server refused it, or never got it."""
    with engine.begin() as connection:
        connection.execute(update(MAIL).where(MAIL.c.day == day.isoformat(), MAIL.c.reference == reference).values(
            status=REFUSED if problem else SENT, at=epoch_s(now), problem=problem, tries=MAIL.c.tries - int(problem == UNHANDED)))


def mails(engine: Engine, since: date) -> list[Mail]:
    """The mails of a day and later."""
    with engine.connect() as connection:
        return [Mail(date.fromisoformat(row.day), row.reference, row.status, instant(row.at), row.tries, row.problem)
                for row in connection.execute(select(MAIL).where(MAIL.c.day >= since.isoformat())
                                              .order_by(MAIL.c.day, MAIL.c.reference))]


def unsubscribed(engine: Engine) -> frozenset[str]:
    """Who wants no mail."""
    with engine.connect() as connection:
        return frozenset(connection.scalars(select(NO_MAIL.c.reference)))


def subscribe(engine: Engine, reference: str, wanted: bool, now: datetime) -> None:
    """A participant wants mails again, or no more."""
    if not wanted:
        _put(engine, NO_MAIL, reference=reference, since=epoch_s(now))
        return
    with engine.begin() as connection:
        connection.execute(delete(NO_MAIL).where(NO_MAIL.c.reference == reference))
