"""A broker of our own: whichever the machine has, or a sentence that says what to install."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest

from elfe.broker import embedded
from elfe.broker.embedded import Embedded, find_mosquitto
from elfe.errors import SetupError
from tests.brokers import connected


@pytest.mark.mosquitto
def test_mosquitto_is_taken_where_the_machine_has_it_and_lacks_nothing(mosquitto: Embedded) -> None:
    assert (mosquitto.name, mosquitto.address.protocol, mosquitto.holes) == ("mosquitto", "5", ())


def test_amqtt_is_taken_otherwise_and_says_what_it_lacks(amqtt: Embedded) -> None:
    assert (amqtt.name, amqtt.address.protocol) == ("amqtt", "3.1.1")
    assert any("last will" in hole for hole in amqtt.holes)


def test_who_is_let_in_is_let_in_at_once(broker: Embedded) -> None:
    """`start` returns when a client was accepted: the next one need not try twice."""
    with connected(broker.address, "first"):
        pass


def test_a_broker_that_is_stopped_is_gone(broker: Embedded) -> None:
    process = broker.process
    broker.stop()
    assert process is not None
    assert process.poll() is not None
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", broker.port))


def test_without_any_broker_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"install mosquitto .* or the Python package elfe\[embedded\]"):
        Embedded(tmp_path, mosquitto=None).start()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} is taken"):
            Embedded(tmp_path, port).start()


def test_a_broker_that_does_not_start_leaves_its_reason_in_a_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken-mosquitto"
    broken.write_text("#!/bin/sh\necho 'Error: no such luck' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(SetupError, match=r"did not start .*broker\.log says why"):
        Embedded(tmp_path, mosquitto=str(broken)).start()
    assert (tmp_path / "broker.log").read_text() == "Error: no such luck\n"


def test_mosquitto_is_found_where_a_path_does_not_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian installs it in a folder for administrators."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "SBIN", tmp_path / "mosquitto")
    assert find_mosquitto() is None
    (tmp_path / "mosquitto").touch()
    assert find_mosquitto() == str(tmp_path / "mosquitto")
