"""`elfe up` for real: its processes, one killed, all stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elfe.app.up import SERVICES
from tests.undefended import CHOSEN, PROGRAM

WITHIN_S = 90
IMPATIENT = f"""
{"from tests import undefended; undefended.take_away()" if CHOSEN in os.environ else ""}
from elfe.app import up
up.HANGS_AFTER_S = 15.0
up.SERVICES = {{"command": up.SERVICES["command"]}}
from elfe.cli import main
main()
"""
"""A supervisor that takes a loop for hung sooner than the 45 s of a real one, and has one service."""


def children(pid: int) -> dict[int, str]:
    """The processes below a process: pid → command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            below = entry.name.isdigit() and int((entry / "stat").read_text().rpartition(") ")[2].split()[1]) == pid
            if below:
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except (OSError, IndexError, ValueError):
            continue
    return found


def lives(pid: int) -> bool:
    """Whether a process is there, and more than a name that nobody has read off yet."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def until(true: Callable[[], bool]) -> None:
    """Look again until it is true, and fail when it does not become so."""
    end = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.02)      # a busy look would take the time that they need


class Up:
    """A running `elfe up`."""

    def __init__(self, folder: Path, *program: str) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            command = [sys.executable, *(program or ("-m", *PROGRAM)), "up"]
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def says(self, words: str, times: int = 1) -> bool:
        return self.log.read_text().count(words) >= times


@pytest.fixture
def up(tmp_path) -> Iterator[Up]:
    running = Up(tmp_path)
    try:
        until(lambda: running.says("elfe.command: connected"))
        yield running
    finally:      # also where it was too slow: what is left running would slow down whatever is tried next
        running.process.terminate()
        running.process.wait(WITHIN_S)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_f3_services_that_the_system_kills_are_started_again_and_a_stop_leaves_nothing_behind(up):
    services = {pid for pid, line in children(up.process.pid).items() if "spawn_main" in line}
    assert len(services) == len(SERVICES)
    for pid in services:
        os.kill(pid, signal.SIGKILL)
    until(lambda: up.says("elfe.command: connected", times=2))
    assert up.says("for want of memory); it is started again", times=len(SERVICES))

    below = set(children(up.process.pid))
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(WITHIN_S) == 0
    until(lambda: not any(lives(pid) for pid in below))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_f2_a_service_that_hangs_is_killed_and_started_again(tmp_path):
    up = Up(tmp_path, "-c", IMPATIENT)
    try:
        until(lambda: up.says("elfe.command: connected"))
        (engine,) = (pid for pid, line in children(up.process.pid).items() if "spawn_main" in line)
        os.kill(engine, signal.SIGSTOP)

        until(lambda: up.says("command hangs: its loop does not turn any more; it is killed"))
        until(lambda: up.says("elfe.command: connected", times=2))
        assert not lives(engine)
    finally:
        up.process.terminate()
        up.process.wait(WITHIN_S)


def test_a_broker_that_is_killed_is_started_again_and_the_services_come_back(up):
    broker = next(pid for pid, line in children(up.process.pid).items() if "mosquitto" in line or "amqtt" in line)
    os.kill(broker, signal.SIGKILL)

    until(lambda: up.says("the embedded broker ended"))
    until(lambda: up.says("elfe.command: connected", times=2))


def test_a_second_one_in_the_same_folder_is_refused(up):
    second = subprocess.run([sys.executable, "-m", "elfe", "up"], cwd=up.log.parent, capture_output=True, text=True,
                            check=False, timeout=WITHIN_S)

    assert second.returncode == 78
    assert "already up" in second.stderr


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_services_do_not_outlive_a_supervisor_that_is_killed(up):
    below = children(up.process.pid)
    services = {pid for pid, line in below.items() if "spawn_main" in line}
    up.process.kill()
    until(lambda: not any(lives(pid) for pid in services))
    for pid in set(below) - services:      # the embedded broker gives up being root, and with it that it would die with us
        if lives(pid):
            os.kill(pid, signal.SIGTERM)
