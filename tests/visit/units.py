"""Units out of their boxes: a real web page each, as its vendor documents it, and then, where its settings lead, a real broker.

The pages are the twins' own `get`, written from the vendors' documentation. A unit knows nothing but what it was told: it
connects to the host, with the account and the password that stand in its settings, after the restart that it was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field

from elfe.broker.address import BrokerAddress
from elfe.broker.client import MqttSession
from elfe.broker.session import Connected, Message
from elfe.devices.drivers import load
from elfe.devices.values import Publish

A_MOMENT = timedelta(milliseconds=10)


def _gen1(twin: Any) -> tuple[str, str, str]:
    mqtt = twin.web.settings["mqtt"]
    return mqtt["server"], mqtt["user"], twin.web.secrets.get("mqtt_pass", "")


def _gen2(twin: Any) -> tuple[str, str, str]:
    mqtt = twin.configs["mqtt"]
    return mqtt["server"] or "", mqtt["user"] or "", mqtt.get("pass", "")


def _tasmota(twin: Any) -> tuple[str, str, str]:
    values = twin.values
    return f"{values['MqttHost']}:{values['MqttPort']}", values["MqttUser"], values["MqttPassword"]


TOLD = {111: _gen1, 411: _gen2, 112: _tasmota, 211: _tasmota}
"""By type: server, user and password, as a unit has been told."""
RESTARTS = ("/reboot", "/rpc/Shelly.Reboot", "/cm?cmnd=Backlog")


@define(eq=False)
class Unit:
    """One unit: its page, its connection, the appliance behind it."""

    twin: Any
    told: Callable[[Any], tuple[str, str, str]]
    draws_w: float = 0.0
    page: ThreadingHTTPServer = field(init=False)
    asked: list[str] = field(factory=list)
    heard: list[Message] = field(factory=list)
    session: MqttSession | None = None
    deaf: bool = False                 # its Wi-Fi reaches no broker
    _lock: threading.RLock = field(factory=threading.RLock)
    _leaves: threading.Event = field(factory=threading.Event)
    _restarts: bool = False

    def __attrs_post_init__(self) -> None:
        unit = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = unit.get(self.path).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the paths hold secrets."""

        self.twin.connected(datetime.now(UTC))      # in its box nobody hears what it says
        self.page = ThreadingHTTPServer(("127.0.0.1", 0), Page)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.page.server_address[1]}"

    def get(self, path: str) -> str:
        """Its answer; what was asked to restart does so when it has answered."""
        with self._lock:
            self.asked.append(path)
            answer: str = self.twin.get(path)
            self._restarts = self._restarts or path.startswith(RESTARTS)
            return answer

    def live(self) -> None:
        """Its own life, until it leaves."""
        while not self._leaves.wait(0.01):
            with self._lock:
                if self._restarts:
                    self._restart()
                if self.session is not None:
                    self._turn(self.session)

    def _restart(self) -> None:
        self._restarts = False
        if self.session is not None:
            self.session.close()
        self.twin.reboot(datetime.now(UTC))
        server, user, password = self.told(self.twin)
        host, _, port = server.partition(":")
        self.session = None
        if host == "127.0.0.1" and not self.deaf:
            address = BrokerAddress(host, int(port), "3.1.1", user, password)
            self.session = MqttSession(address, user, will=self.twin.last_will)
            self.session.listen(self.twin.subscriptions)

    def _turn(self, session: MqttSession) -> None:
        for arrival in session.arrivals():
            now = datetime.now(UTC)
            if isinstance(arrival, Message):
                self.heard.append(arrival)
                self._say(self.twin.receive(arrival.topic, arrival.payload, now))
            elif isinstance(arrival, Connected):
                self._say(self.twin.connected(now))
        if self.twin.next_at is not None and self.twin.next_at <= datetime.now(UTC):
            self._say(self.twin.tick(datetime.now(UTC)))
        on = all(self.twin.outputs.values())
        self._say(self.twin.draw(self.draws_w if on else 0.0, datetime.now(UTC)))

    def _say(self, messages: tuple[Publish, ...]) -> None:
        for message in messages:
            assert self.session is not None
            self.session.send(message)

    def leave(self) -> None:
        self._leaves.set()


def unit(type_id: int, point: str, hardware_id: str = "", **behaves: Any) -> Unit:
    """A unit of a type as it comes out of its box, at its point."""
    driver = load()[type_id]
    assert driver.simulate is not None
    return Unit(driver.simulate(driver.device(point, hardware_id), 1), TOLD[type_id], **behaves)


@contextmanager
def plugged_in(*units: Unit) -> Iterator[None]:
    """They have their supply, and their pages answer."""
    threads = [threading.Thread(target=target, daemon=True) for each in units for target in (each.page.serve_forever, each.live)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in units:
            each.leave()
            each.page.shutdown()
            each.page.server_close()
        for thread in threads:
            thread.join()
        for each in units:
            if each.session is not None:
                each.session.close()
