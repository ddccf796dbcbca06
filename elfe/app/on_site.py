"""What only somebody on site can do: ask a unit over HTTP on its own network, type at its console.

Paths hold secrets: `http.client` is used because it writes nothing of what it asks into any log, and what goes wrong is told
without the path.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from attrs import frozen

from elfe.coordination.noticing import drift
from elfe.devices.drivers import Driver
from elfe.devices.values import Acknowledgement, BadPayload, ConfigPush, Device, Event, Firmware, HttpGet, Setting, Step
from elfe.errors import VisitError

ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(?P<port>\d{1,5}))?")
MOST = 1 << 20
"""Bytes of an answer; no unit says more."""


class OutOfReach(VisitError):
    """Nobody answers at an address, or not as a unit would; in French."""


@frozen
class Patience:
    """How long a unit is waited for on its own network, s."""

    answers_s: float = 5.0
    settles_s: float = 40.0      # a restart is in it
    again_s: float = 1.0


@frozen
class Pushed:
    """What came of a push: what was read back, what differs (name, as it should be, as it is)."""

    heard: tuple[Event, ...] = ()
    differs: tuple[tuple[str, str, str], ...] = ()
    read_back: bool = True         # False: it had gone to another network by then


@frozen
class OnSite:
    """A unit at its address on the network that we are in."""

    address: str
    device: Device
    driver: Driver
    patience: Patience = Patience()

    def ask(self, steps: Sequence[Step]) -> tuple[Event, ...]:
        """What it answers to these paths, in our words. Raises `OutOfReach`."""
        return tuple(event for step in steps if isinstance(step, HttpGet) for event in self._said(step))

    def push(self, push: ConfigPush, *, moves: bool = False) -> Pushed:
        """Say each step, then read back until it says what is expected; `moves`: it leaves for another network meanwhile.

        Raises `OutOfReach` when it does not take the first step, `VisitError` when it refuses one or is no such unit.
        """
        self.recognise(push)
        for number, step in enumerate(push.steps):
            try:
                self._take(self.ask((step,)))
            except OutOfReach:
                if not number:
                    raise
                break      # it restarts, or is gone to its Wi-Fi: what it reads back tells
        return self._read_back(push, moves)

    def recognise(self, push: ConfigPush) -> tuple[Event, ...]:
        """What it reads back before anything is said to it: a secret is for nobody else. Raises `VisitError`."""
        heard = self.ask(push.read_back)
        if push.read_back and not heard:
            raise VisitError(f"{self.address} répond, mais pas comme un équipement « {self.driver.type.human_name} » : rien ne lui "
                             "est envoyé ; vérifiez son adresse")
        return heard

    def _read_back(self, push: ConfigPush, moves: bool) -> Pushed:
        """It may restart: it is asked for a while."""
        give_up = time.monotonic() + self.patience.settles_s
        heard: tuple[Event, ...] = ()
        while True:
            try:
                heard = self.ask(push.read_back)
            except OutOfReach:
                if moves:
                    return Pushed(read_back=False)
            differs = differences(push, heard)
            if not differs or time.monotonic() >= give_up:
                return Pushed(heard, differs)
            time.sleep(self.patience.again_s)

    @staticmethod
    def _take(events: Sequence[Event]) -> None:
        refused = next((each for each in events if isinstance(each, Acknowledgement) and not each.ok), None)
        if refused is not None:
            raise VisitError(f"l'équipement refuse {refused.token} : {refused.detail}")

    def _said(self, step: HttpGet) -> tuple[Event, ...]:
        body = get(self.address, step.path, self.patience.answers_s)
        if self.driver.decode_http is None:
            return ()
        try:
            return self.driver.decode_http(self.device, step.path, body)
        except BadPayload:
            return ()      # the answer to a step need not be readable: what is read back tells


def differences(push: ConfigPush, heard: Sequence[Event]) -> tuple[tuple[str, str, str], ...]:
    """What of the expected settings is not so: name, as it should be, as it was read back; empty where it was not."""
    read = {each.name: each.value for each in heard if isinstance(each, Setting)}
    missing = [(each.name, each.value, "") for each in push.expects if each.name not in read]
    return (*(drift(push.expects, read) or ()), *missing)


def version(heard: Sequence[Event]) -> Firmware | None:
    """What it says it runs."""
    return next((each for each in heard if isinstance(each, Firmware) and each.version), None)


def checked(address: str) -> str:
    """An address as a person types it. Raises `VisitError`."""
    bare = re.sub(r"^http://|/+$", "", address.strip())
    match = ADDRESS.fullmatch(bare)
    if match is None or not 0 < int(match["port"] or 80) < 65_536:
        raise VisitError(f"« {address} » n'est pas une adresse : 192.168.1.50, ou un nom, sans mot de passe ni chemin")
    return bare


def get(address: str, path: str, within_s: float) -> bytes:
    """The answer to a path. Raises `OutOfReach`, which never tells the path."""
    match = ADDRESS.fullmatch(address)
    assert match is not None, "an address is checked when it is typed"
    with closing(HTTPConnection(match["host"], int(match["port"] or 80), timeout=within_s)) as connection:
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            body = answer.read(MOST)
        except (OSError, HTTPException) as error:
            raise OutOfReach(f"personne ne répond à {address} ({_why(error)}) : êtes-vous sur le même réseau que lui ?") from None
    if answer.status in (401, 403):
        raise OutOfReach(f"{address} demande un mot de passe : ôtez celui de sa page web, ou remettez-le à neuf")
    return body


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__

