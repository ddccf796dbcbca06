"""`elfe devices watch` and `send`, on a real broker, with a twin of a real family at the other end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from elfe.broker.client import MqttSession
from elfe.broker.session import Message
from elfe.devices.drivers import load
from tests.brokers import mosquitto  # noqa: F401 - a fixture
from tests.cli.test_cli import elfe, program

pytestmark = pytest.mark.mosquitto
LINE = ("participant;appareil;type_appareil;typologie;point;usage;type_materiel;duree_cycle\n"
        "R004;Lave-linge;lave_linge;120;D003;11;411;2h\n")


class Plug:
    """The twin of D003, connected to a real broker by a thread of its own."""

    def __init__(self, address) -> None:
        driver = load()[411]
        self.twin = driver.simulate(driver.device("D003"), 1)
        self.session = MqttSession(address, "D003", will=self.twin.last_will)
        self.session.listen(self.twin.subscriptions)
        self._leaves = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _live(self) -> None:
        while not self._leaves.is_set():
            for arrival in self.session.arrivals():
                now = datetime.now(UTC)
                said = self.twin.receive(arrival.topic, arrival.payload, now) if isinstance(arrival, Message) \
                    else self.twin.connected(now)
                for message in said:
                    self.session.send(message)
            self.session.wait(timedelta(milliseconds=20))

    def leave(self) -> None:
        self._leaves.set()
        self._thread.join()
        self.session.close()


@pytest.fixture
def home(tmp_path, monkeypatch, mosquitto) -> Iterator[Path]:  # noqa: F811
    """A folder whose settings name a real broker, and one washing machine on D003."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elfe.toml").write_text(f'[broker]\nhost = "127.0.0.1"\nport = {mosquitto.address.port}\n')
    (tmp_path / "inventory.csv").write_text(LINE)
    elfe("devices", "provision", "inventory.csv", "--yes")
    return tmp_path


@pytest.fixture
def plug(home, mosquitto) -> Iterator[Plug]:  # noqa: F811
    plug = Plug(mosquitto.address)
    yield plug
    plug.leave()


def test_a_relay_is_switched_by_hand_and_the_ledger_knows(home, plug):
    said = json.loads(elfe("devices", "send", "D003", "off", "--json"))

    assert (said["answered"], said["stage"]) == (True, "done")
    assert "acknowledgement token=" in said["heard"][-1]
    assert plug.twin.outputs == {0: False}
    [order] = json.loads(elfe("orders", "list", "--json"))
    assert (order["id"], order["why"], order["device"]) == (said["order"], "hand", "D003")


def test_what_would_be_said_is_shown_and_not_said(home, plug):
    assert elfe("devices", "send", "D003", "on", "--dry-run").startswith("D003/rpc  {")
    assert elfe("orders", "list", "--json").strip() == "[]"


def test_a_watcher_sees_what_is_told_and_what_is_said_raw_and_decoded(home, plug):
    watcher = []
    thread = threading.Thread(target=lambda: watcher.append(program(home, "devices", "watch", "D003", "--for", "6", "--json")))
    thread.start()
    while thread.is_alive() and not watcher:
        elfe("devices", "send", "D003", "query", "--json")
        thread.join(0.2)
    lines = [json.loads(line) for line in watcher[0].stdout.splitlines()]

    assert watcher[0].returncode == 0
    told = next(line for line in lines if line["way"] == "told")
    assert (told["topic"], json.loads(told["payload"])["method"]) == ("D003/rpc", "Switch.GetStatus")
    assert any("outputstate on=True" in line["says"] for line in lines)
    assert any(line["way"] == "kept" and line["says"] == ["online"] for line in lines)


def test_a_silent_device_is_told_by_the_exit_code(home):
    done = program(home, "devices", "send", "D003", "query")

    assert done.returncode == 75
    assert "D003 query: silent" in done.stdout


@pytest.mark.parametrize(("words", "said"), [
    (("send", "D009", "on"), "no such installation point: D009"),
    (("send", "D003", "toggle"), "no such command: toggle; one of on, off, press, query"),
    (("send", "D003", "press"), "cannot do it (it can: meter, switch)"),
    (("watch", "D009", "--for", "1"), "no such installation point: D009"),
])
def test_a_mistake_is_one_sentence(home, words, said):
    done = program(home, "devices", *words)

    assert done.returncode == 1
    assert said in done.stderr.replace("\n", " ")
