"""A device's serial console at the end of a USB cable: find it, type lines, know that they were heard.

A console loses what is typed while it starts or is busy, and says nothing of it: the lines are typed until the device says
the words that only their success makes it say. What it prints is never shown: it echoes what is typed, secrets too.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

import serial
from attrs import frozen
from serial.tools import list_ports

from elfe.errors import ElfeError

BAUD = 115_200
USB = re.compile(r"/dev/tty(ACM|USB)\d+")
"""The names of USB consoles on Linux; never the machine's own ports (serial0, ttyS0, ttyAMA0), which may be somebody else's."""


class CableError(ElfeError):
    """No device at the end of the cable, or none that hears; in French, for whoever holds it."""


@frozen
class Patience:
    """How long a console is waited for."""

    attempts: int = 5
    quiet_s: float = 2.0         # it has finished talking: it may be typed to
    settles_s: float = 10.0      # one that never stops talking is typed to all the same
    answers_s: float = 30.0      # stores its settings in flash, stops, starts


PATIENCE = Patience()


def find_port() -> str:
    """The port of the one device that is plugged in."""
    return pick(port.device for port in list_ports.comports())


def pick(ports: Iterable[str]) -> str:
    """The one USB console of these ports; raises `CableError` when there is none, or more than one."""
    found = sorted(port for port in ports if USB.fullmatch(port))
    if not found:
        raise CableError("aucun écran trouvé : branchez-le avec un câble USB de données (certains ne font que charger), "
                         "allumez-le, puis vérifiez que /dev/ttyACM0 ou /dev/ttyUSB0 existe ; sinon donnez son port : --port")
    if len(found) > 1:
        raise CableError(f"plusieurs appareils sont branchés ({', '.join(found)}) : ne laissez que l'écran, "
                         "ou donnez son port : --port")
    return found[0]


def type_until(port: str, lines: Sequence[str], heard: str, patience: Patience,
               tell: Callable[[int], None] = lambda attempt: None) -> int:
    """Type `lines` at `port` until the device says `heard`; how many times it took.

    `tell` is told the number of each attempt before it is made. Raises `CableError` when the device never says it.
    """
    try:
        with closing(serial.Serial(port, BAUD, timeout=0, write_timeout=patience.answers_s, exclusive=True)) as console:
            for attempt in range(1, patience.attempts + 1):
                tell(attempt)
                _let_settle(console, patience)
                _type(console, lines, patience)
                if _says(console, heard.encode(), patience.answers_s):
                    return attempt
    except OSError as error:      # pyserial's own errors are OSErrors
        raise CableError(_why(port, error)) from error
    raise CableError(f"l'écran branché sur {port} n'a pas redémarré après {patience.attempts} envois : appuyez sur son bouton de "
                     "remise à zéro, attendez une minute et recommencez")


def _type(console: serial.Serial, lines: Sequence[str], patience: Patience) -> None:
    """Line after line, each after the answer to the one before: what is typed too fast is lost. First an empty one, which
    ends whatever an earlier attempt may have left half typed."""
    console.write(b"\n")
    for line in lines:
        _let_settle(console, patience)
        console.write(f"{line}\n".encode("ascii"))
        console.flush()


def _let_settle(console: serial.Serial, patience: Patience) -> None:
    """Let it finish what it has to say: what it said before we typed is no answer."""
    give_up = time.monotonic() + patience.settles_s
    while _read(console, patience.quiet_s) and time.monotonic() < give_up:
        pass


def _says(console: serial.Serial, words: bytes, within_s: float) -> bool:
    """Whether it says `words` in time."""
    said, give_up = b"", time.monotonic() + within_s
    while (left_s := give_up - time.monotonic()) > 0:
        said = said[-len(words):] + _read(console, left_s)
        if words in said:
            return True
    return False


def _read(console: serial.Serial, within_s: float) -> bytes:
    """What it says next; empty when it says nothing in time."""
    console.timeout = within_s
    first: bytes = console.read(1)
    rest: bytes = console.read(console.in_waiting) if first else b""
    return first + rest


def _why(port: str, error: OSError) -> str:
    """Why a port cannot be used, and what to do. pyserial tells the system's reason in `errno`, not always."""
    return {
        errno.ENOENT: f"{port} n'existe pas : l'écran est-il branché ? `ls /dev/ttyACM* /dev/ttyUSB*` montre les ports",
        errno.EACCES: f"{port} vous est refusé : `sudo usermod -aG dialout $USER`, puis fermez la session et rouvrez-la",
        errno.EBUSY: f"{port} est déjà ouvert : fermez le moniteur série d'Arduino ou tout autre programme qui l'utilise",
        errno.EWOULDBLOCK: f"{port} est déjà ouvert : fermez le moniteur série d'Arduino ou tout autre programme qui l'utilise",
    }.get(error.errno or 0, f"{port} ne répond plus ; le câble a-t-il bougé ? ({error})")
