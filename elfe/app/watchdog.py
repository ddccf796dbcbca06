"""What a service manager is told: that we are ready, and that we live. Nothing where none listens.

The word is given by the loop itself, whatever is away: a broker or a database that is gone is no reason to be started again.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from time import monotonic

EVERY_S = 1.0


def sign_of_life() -> Callable[[], None]:
    """What a loop calls at each of its turns: systemd hears `READY=1` at the first, and `WATCHDOG=1` once a second."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return lambda: None
    told_at = float("-inf")

    def beat() -> None:
        nonlocal told_at
        if monotonic() - told_at >= EVERY_S:
            _tell(address, b"READY=1\nWATCHDOG=1" if told_at == float("-inf") else b"WATCHDOG=1")
            told_at = monotonic()

    return beat


def _tell(address: str, words: bytes) -> None:
    name = "\0" + address[1:] if address.startswith("@") else address      # an abstract one
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
        said.sendto(words, name)
