"""A broker of our own on the loopback interface: mosquitto when the machine has it, amqtt otherwise.

It is for a first run, a demonstration and tests: anonymous, on this machine only, nothing kept on disk. A territory
names its own broker in the settings.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from attrs import define, field

from elfe.broker.address import BrokerAddress
from elfe.broker.client import paho_client
from elfe.errors import SetupError

READY_WITHIN_S = 15.0
LOOKS_EVERY_S = 0.02
SBIN = Path("/usr/sbin/mosquitto")       # where Debian puts it, and where a user's PATH does not look

MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_packet_size 131072
max_queued_messages 100000
max_inflight_messages 0
connection_messages false
log_dest stderr
log_type error
log_type warning
"""

HOLES = ("a silent client's last will is never sent", "a second client of the same id does not close the first",
         "no MQTT 5, so orders carry no expiry on the wire")
"""What the fallback lacks, in words."""


@define
class Embedded:
    """A broker in a child process. Use it in a `with`."""

    data_dir: Path
    port: int = 0
    mosquitto: str | None = field(factory=lambda: find_mosquitto())
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Which broker it is."""
        return "mosquitto" if self.mosquitto else "amqtt"

    @property
    def holes(self) -> tuple[str, ...]:
        """What it lacks, in words."""
        return () if self.mosquitto else HOLES

    @property
    def address(self) -> BrokerAddress:
        """Where it listens."""
        return BrokerAddress("127.0.0.1", self.port, protocol="5" if self.mosquitto else "3.1.1")

    @property
    def log(self) -> Path:
        """What it says about itself."""
        return self.data_dir / "broker.log"

    def start(self) -> None:
        """Start it, and return when it accepts a connection."""
        if self.port and _answers(self.port):
            raise SetupError(f"port {self.port} is taken; name another one, or a broker of your own, under [broker] in "
                             "elfe.toml")
        self.port = self.port or free_port()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not self._accepts(self.process):
            self.stop()
            raise SetupError(f"the embedded broker ({self.name}) did not start on port {self.port}; {self.log} says why")

    def stop(self) -> None:
        """Stop it; every session is gone with it."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def __enter__(self) -> Embedded:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _command(self) -> list[str]:
        if self.mosquitto:
            configuration = self.data_dir / "mosquitto.conf"
            configuration.write_text(MOSQUITTO.format(port=self.port))
            return [self.mosquitto, "-c", str(configuration)]
        if importlib.util.find_spec("amqtt") is None:
            raise SetupError("no broker on this machine: install mosquitto (on Debian, `apt-get install mosquitto`), or "
                             "the Python package elfe[embedded], or name a broker under [broker] in elfe.toml")
        return [sys.executable, "-m", "elfe.broker.amqtt_broker", str(self.port)]

    def _accepts(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it lets a client in before it ends and before the time is up."""
        until = time.monotonic() + READY_WITHIN_S
        while not _answers(self.port):
            if process.poll() is not None or time.monotonic() > until:
                return False
            time.sleep(LOOKS_EVERY_S)
        accepted = threading.Event()
        client = paho_client(self.address, "elfe-readiness")
        client.on_connect = lambda *_: accepted.set()
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        accepted.wait(until - time.monotonic())
        client.disconnect()
        client.loop_stop()
        return accepted.is_set()


def find_mosquitto() -> str | None:
    """The machine's mosquitto, if it has one."""
    return shutil.which("mosquitto") or (str(SBIN) if SBIN.exists() else None)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
