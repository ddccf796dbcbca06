"""`elfe up`: one process each for the broker, the recorder, the EMS, the command engine, the territory and the screens, kept alive.

A service that dies is started again, later each time it dies soon; one that hangs is killed first. One territory runs once per
data folder.
"""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from attrs import define, field

from elfe.app import services
from elfe.app.context import EMBEDDED_PORT_FILE, Context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.app.watchdog import sign_of_life
from elfe.broker.embedded import Embedded
from elfe.errors import SetupError
from elfe.settings import Settings

SERVICES: dict[str, Callable[[Settings], services.Made]] = {
    "recorder": services.recorder, "ems": services.ems, "command": services.command, "territory": services.territory,
    "screens": services.screens,
}
LOOKS_EVERY_S = 0.5
SOONEST_S, LATEST_S = 1.0, 60.0
STABLE_S = 60.0
PATIENCE_S = 10.0
HANGS_AFTER_S = 45.0
"""A loop that has not turned for so long hangs; it turns once a second, and nothing that it waits for takes that long."""
STARTS_WITHIN_S = 90.0
THINKS_FOR_S = {"ems": 600.0}
"""A run of the EMS is one turn of its loop."""

log = logging.getLogger("elfe.up")


@define
class Kept:
    """A service's process, and when it may be started again."""

    name: str
    process: BaseProcess | None = None
    started: float = 0.0
    after_s: float = SOONEST_S
    beat: Synchronized[float] = field(factory=lambda: multiprocessing.get_context("spawn").Value("d", 0.0, lock=False))
    """When its loop last turned, on the clock that nobody sets."""

    def hangs(self, now: float) -> bool:
        """Whether it is there, and does nothing any more."""
        if self.beat.value < self.started:
            return now - self.started > STARTS_WITHIN_S
        return now - self.beat.value > THINKS_FOR_S.get(self.name, HANGS_AFTER_S)


def run(settings: Settings, stop: threading.Event) -> None:
    """Run everything until `stop` is set. Raises `SetupError` before anything starts when it could not."""
    here = Context(settings)
    with ExitStack() as stack:
        stack.enter_context(_alone(Path(settings.data_dir)))
        here.check()
        broker = stack.enter_context(_broker(settings))
        _keep_alive(settings, stop, broker)


def _keep_alive(settings: Settings, stop: threading.Event, broker: Embedded | None) -> None:
    kept = [Kept(name) for name in SERVICES]
    beat = sign_of_life()
    try:
        while not stop.is_set():
            beat()
            if broker is not None and broker.process is not None and broker.process.poll() is not None:
                log.error("the embedded broker ended with %s; it is started again", broker.process.returncode)
                broker.start()
            for each in kept:
                _look_after(each, settings, time.monotonic())
            stop.wait(LOOKS_EVERY_S)
    finally:
        for each in kept:
            if each.process is not None:
                each.process.terminate()
        for each in kept:
            if each.process is not None:
                each.process.join(PATIENCE_S)
                each.process.kill()


def _look_after(each: Kept, settings: Settings, now: float) -> None:
    if each.process is not None and each.process.is_alive():
        if each.hangs(now):
            log.error("%s hangs: its loop does not turn any more; it is killed", each.name)
            each.process.kill()
        if now - each.started > STABLE_S:
            each.after_s = SOONEST_S
        return
    if each.process is not None:
        if now - each.started < each.after_s:
            return
        log.error("%s ended with %s; it is started again", each.name, _cause(each.process.exitcode))
        each.after_s = min(LATEST_S, 2 * each.after_s)
    context = multiprocessing.get_context("spawn")
    each.process = context.Process(target=_serve, args=(each.name, settings, each.beat), name=f"elfe-{each.name}")
    each.process.start()
    each.started = now
    log.info("%s started", each.name)


def _cause(exitcode: int | None) -> str:
    return "-9 (killed: by us, or by the system for want of memory)" if exitcode == -signal.SIGKILL else str(exitcode)


def _serve(name: str, settings: Settings, beat: Synchronized[float]) -> None:
    """A service's process."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
    service, sessions = SERVICES[name](settings)
    stop = stopped_by_signals()
    threading.Thread(target=_outlive_nobody, args=(stop,), daemon=True).start()
    live(service, sessions, stop, lambda: setattr(beat, "value", time.monotonic()))


def _outlive_nobody(stop: threading.Event) -> None:
    """A service without its supervisor would drive homes that nobody looks after, and stand in the way of the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        stop.set()


@contextmanager
def _broker(settings: Settings) -> Iterator[Embedded | None]:
    if settings.broker.host:
        yield None
        return
    folder = Path(settings.data_dir)
    known = folder / EMBEDDED_PORT_FILE
    with Embedded(folder) as broker:
        known.write_text(f"{broker.port} {broker.address.protocol}")
        log.info("embedded broker: %s on port %d", broker.name, broker.port)
        for hole in broker.holes:
            log.warning("the embedded broker has a hole: %s", hole)
        yield broker
    known.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(f"elfe is already up in {folder}; stop it first, or use another data_dir") from None
        yield
