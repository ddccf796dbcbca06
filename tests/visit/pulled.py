"""A walk whose power is pulled: its process is killed at one of its writes, before or after it. Run in a process of its own."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

from elfe import clock
from elfe.app import visit as visits
from elfe.app import visit_journal
from elfe.app.context import Context
from elfe.app.visit_journal import Journal
from elfe.app.visit_walk import Patience, Sheet, Walk
from elfe.settings import load
from elfe.visit.values import Spot, Step, Tick

QUICK = Patience(seen=timedelta(seconds=10), measured=timedelta(seconds=10), plug_in=timedelta(seconds=10),
                 told=timedelta(seconds=3))


@frozen
class Steady:
    """Says yes, and knows where the unit is."""

    where: str
    is_there: bool = True

    def yes(self, question: str) -> bool:
        return True

    def address(self, spot: Spot) -> str:
        return self.where

    def port(self, spot: Spot) -> str:
        return ""

    def wifi_password(self) -> str:
        return ""

    def types(self, spot: Spot, sheet: Sheet) -> bool:
        return False

    def waits(self, spot: Spot, says: str) -> None:
        """They wait."""

    def ticked(self, spot: Spot, step: Step, tick: Tick) -> None:
        """They nod."""


def walk(folder: Path, home: str, where: str, dies_at: int) -> None:
    """Begin or take up the visit; `dies_at`: at which of the moments around the writes, from 1; 0: never."""
    os.chdir(folder)
    moments = itertools.count(1)

    def moment() -> None:
        if next(moments) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for of, name in ((Journal, "write"), (Journal, "drop"), (visit_journal, "keep")):
        setattr(of, name, _around(getattr(of, name), moment))
    here = Context(load(folder / "elfe.toml"))
    Walk(here, visits.begin(here, home, "Anne", clock.now()), Steady(where), clock.now, patience=QUICK).walk()


def _around(write: Callable[..., None], moment: Callable[[], None]) -> Callable[..., None]:
    def watched(*arguments: Any) -> None:
        moment()
        write(*arguments)
        moment()

    return watched
