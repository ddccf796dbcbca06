"""Where a visit is written down as it goes: a file per home in `<data_dir>/visits`, and the centre's copy while it answers.

The file is the installer's own: it is written before and after each step, whole or not at all, and needs no network. The copy
in the coordination database (`elfe.visit`) is what others see. Neither holds a secret.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from cattrs.preconf.json import make_converter
from sqlalchemy import Engine

from elfe.coordination import visits
from elfe.coordination.visits import Kept
from elfe.errors import VisitError
from elfe.visit.merging import merged
from elfe.visit.values import Visit

JSON = make_converter()
HOME = re.compile(r"[A-Za-z0-9_-]+")


def as_text(visit: Visit) -> str:
    """A visit as JSON."""
    return JSON.dumps(visit, ensure_ascii=False, indent=1)


def of_text(text: str) -> Visit:
    """The visit that a text tells of."""
    found: Visit = JSON.loads(text, Visit)
    return found


@frozen
class Journal:
    """The visits of this machine, by home."""

    folder: Path

    def read(self, home: str) -> Visit | None:
        """The visit of a home that is written down here."""
        try:
            text = self._file(home).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return of_text(text)
        except Exception as error:
            raise VisitError(f"{self._file(home)} ne se lit plus ({type(error).__name__}) : mettez-le de côté, la base du centre "
                             "garde une copie de la visite") from error

    def write(self, visit: Visit) -> None:
        """Written whole or not at all, and on the disk before this returns: the power may be cut right after."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._put(self._file(visit.home), as_text(visit))
        self._expected(visit.home).unlink(missing_ok=True)      # the visit itself says it now

    def drop(self, home: str) -> None:
        """The visit is over, and kept at the centre."""
        self._file(home).unlink(missing_ok=True)

    def forget(self, home: str) -> None:
        """Somebody leaves: their visit and its reports go too."""
        self.drop(home)
        for each in (*self.folder.glob(f"{home}-*"), *self.folder.glob(f".{home}.*")):      # reports; what was expected, the lock
            each.unlink(missing_ok=True)

    def expect(self, home: str, appliances: Iterable[str]) -> None:
        """These appliances are about to be installed for a visit: written before they are."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._put(self._expected(home), json.dumps(sorted({*self.expected(home), *appliances}), ensure_ascii=False))

    def expected(self, home: str) -> frozenset[str]:
        """The appliances that were to be installed for the visit that is being opened."""
        try:
            return frozenset(json.loads(self._expected(home).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return frozenset()

    def homes(self) -> list[str]:
        """The homes of which a visit is written down here."""
        return sorted(each.stem for each in self.folder.glob("*.json") if not each.name.startswith("."))

    @contextmanager
    def alone(self, home: str) -> Iterator[None]:
        """Nobody else leads this visit on this machine meanwhile. Raises `VisitError`."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / f".{self._file(home).stem}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise VisitError(f"la visite de {home} est déjà menée sur cette machine : terminez-la là où elle l'est") from None
            yield

    def _put(self, file: Path, text: str) -> None:
        draft = file.with_name(f".{file.name}.new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        _on_disk(self.folder)

    def _expected(self, home: str) -> Path:
        return self._file(home).with_name(f".{home}.expected")

    def _file(self, home: str) -> Path:
        if not HOME.fullmatch(home):
            raise VisitError(f"« {home} » n'est pas la référence d'un foyer : R004")
        return self.folder / f"{home}.json"


def _on_disk(folder: Path) -> None:
    """A name is on the disk when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


# -- the centre's copy ---------------------------------------------------------------------------------------------------------


def keep(engine: Engine, visit: Visit) -> None:
    """Bring the centre's copy to a visit."""
    visits.keep(engine, Kept(visit.home, visit.opened_at, visit.ended_at, visit.revision, as_text(visit)))


def kept(engine: Engine, home: str = "", *, only_open: bool = False) -> list[Visit]:
    """The visits that the centre knows, the oldest first."""
    return [of_text(each) for each in visits.bodies(engine, home, only_open=only_open)]


def both(mine: Visit | None, theirs: Visit | None) -> Visit | None:
    """The visit that two copies tell of; of two visits the later one."""
    if mine is None or theirs is None:
        return mine or theirs
    return merged(mine, theirs) if mine.opened_at == theirs.opened_at else max(mine, theirs, key=lambda each: each.opened_at)
