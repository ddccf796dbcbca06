"""A territory of three homes whose units are still in their boxes, and a broker that knows nobody else."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from elfe.app import brokering
from elfe.app.context import Context
from elfe.broker.mosquitto import Listener
from elfe.settings import load
from tests.broker.test_accounts import INVENTORY, Mosquitto, provision


@pytest.fixture
def territory(tmp_path, monkeypatch) -> Iterator[tuple[Context, Mosquitto]]:
    """R004 with A001 (a plug set over HTTP), R005 with A002 (in one Backlog), R006 with D003 (over RPC); accounts in files."""
    monkeypatch.chdir(tmp_path)
    port = low_port()
    (tmp_path / "elfe.toml").write_text(f'[broker]\nhost = "127.0.0.1"\nport = {port}\nfolder = "{tmp_path}/mosquitto"\n')
    provision(tmp_path, INVENTORY)
    here = Context(load(tmp_path / "elfe.toml"))
    broker = Mosquitto(tmp_path / "mosquitto", port)
    brokering.write(here, broker.folder, [Listener(port, "127.0.0.1")], live=False, log="stderr")
    broker.start()
    yield here, broker
    broker.stop()


def low_port() -> int:
    """A free port that every firmware accepts: one of them takes none above 32766, where the system's own begin."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")
