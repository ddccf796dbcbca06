"""Simulated devices on any broker, in real time or faster: from a cast to a crowd that lives until it is stopped."""

from __future__ import annotations

import contextlib
import resource
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from elfe import clock
from elfe.addresses import told
from elfe.broker.address import BrokerAddress
from elfe.broker.client import paho_client
from elfe.broker.fleet import Fleet
from elfe.devices.mischief import Mischief, misbehaving
from elfe.devices.values import Step
from elfe.errors import SetupError
from elfe.simulation import series
from elfe.simulation.appliances import Constant, CycleMachine, Filled, SimulatedAppliance
from elfe.simulation.cast import Behind, Cast, Part
from elfe.simulation.crowd import Crowd, Happened, Seat
from elfe.simulation.homes import Group, Unit

SCHEMES = {"mqtt": (1883, False), "tcp": (1883, False), "mqtts": (8883, True), "ssl": (8883, True)}
HARDWARE_SPEAKS = "3.1.1"
"""The MQTT of the families that we know; a broker that speaks 5 speaks it too."""
NOTICES_A_STOP = timedelta(milliseconds=500)
FILES_BESIDE = 100


def play(seats: tuple[Seat, ...], address: BrokerAddress, seen: Callable[[Happened], None], stop: threading.Event,
         speed: float = 1.0, lasts: timedelta | None = None) -> None:
    """Let the seats live until `stop` is set, or for as long as `lasts` by their own clock, `speed` times as fast as ours.

    Raises `SetupError` when nobody answers at the address.
    """
    _reach(address)
    _allow_connections(len(seats))
    fleet = Fleet(address)
    crowd = Crowd(seats, fleet, seen)
    begun = now = clock.now()
    end = begun + lasts if lasts is not None else None
    try:
        while not stop.is_set() and (end is None or now < end):
            next_at = crowd.step(now)
            upto = next_at if end is None else min(next_at, end)
            fleet.wait(min(NOTICES_A_STOP, max(timedelta(), (upto - now) / speed)))
            now = begun + (clock.now() - begun) * speed
    finally:
        crowd.close(now)


def address_of(url: str, ca: str = "") -> BrokerAddress:
    """`mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS, whose authority is `ca` or one of the machine's own."""
    try:
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        port, tls = SCHEMES[parts.scheme]
        host, port = parts.hostname or "", parts.port or port
    except (ValueError, KeyError):
        host, port, tls = "", 0, False
    if not host:
        raise SetupError(f"no broker can be reached at {told(url)!r}: write mqtt://127.0.0.1:1883, or mqtts://mqtt.example.org "
                         "for TLS")
    if ca and not tls:
        raise SetupError(f"{told(url)} is without TLS, and --ca for nothing: write mqtts:// to be sure of your broker")
    authority = (ca or ssl.get_default_verify_paths().cafile or "") if tls else ""
    if tls and not authority:
        raise SetupError("this machine names no authorities for TLS: name the file of your broker's with --ca")
    return BrokerAddress(host, port, HARDWARE_SPEAKS, unquote(parts.username or ""), unquote(parts.password or ""), authority)


def seats_of(cast: Cast, folder: Path, settings: Mapping[str, Any]) -> tuple[Seat, ...]:
    """One seat for each connection. `folder` is where traces are looked for; `settings` those of each plugin."""
    numbers = count(1)
    return tuple(_seat(parts, folder, settings, numbers) for parts in _together(cast.parts, lambda part: part.connection))


def _together(parts: tuple[Part, ...], by: Callable[[Part], object]) -> Iterator[tuple[Part, ...]]:
    found: dict[object, list[Part]] = {}
    for part in parts:
        found.setdefault(by(part), []).append(part)
    return map(tuple, found.values())


def _seat(parts: tuple[Part, ...], folder: Path, settings: Mapping[str, Any], numbers: Iterator[int]) -> Seat:
    units: list[Unit] = []
    groups: list[Group] = []
    for outputs in _together(parts, lambda part: part.unit):
        unit = _unit(outputs, settings)
        units.append(unit)
        groups += [Group(next(numbers), _appliance(part.behind, part, folder, unit), unit, (unit,),
                         inverted=not part.device.serves_when, channel=part.device.channel)
                   for part in outputs if part.behind is not None]
    account = next((part for part in parts if part.username), parts[0])
    return Seat(units[0].id, tuple(units), tuple(groups), account.username, account.password)


def _unit(outputs: tuple[Part, ...], settings: Mapping[str, Any]) -> Unit:
    """One piece of hardware: its first output stands for it, the mischief of each is the mischief of all."""
    first = outputs[0]
    assert first.driver.simulate is not None, "the cast has none without a twin"
    twin = first.driver.simulate(first.device, first.seed)
    twin.period = first.period or twin.period
    mischiefs: list[Mischief] = []
    for part in outputs:
        mischiefs += [each for each in part.misbehaves if each not in mischiefs]
    steps = tuple(step for part in outputs for step in _visit(part, settings))
    return Unit(first.device.id, misbehaving(twin, mischiefs, first.seed), steps)


def _visit(part: Part, settings: Mapping[str, Any]) -> tuple[Step, ...]:
    """What an installer pushes."""
    if not part.configured or part.driver.push_config is None or part.driver.plugin not in settings:
        return ()
    return part.driver.push_config(part.device, settings[part.driver.plugin]).steps


def _appliance(behind: Behind, part: Part, folder: Path, unit: Unit) -> SimulatedAppliance:
    if behind.trace:
        try:
            return series.tape(folder / behind.trace)
        except SetupError as error:
            raise SetupError(f"{part.where}: appliance.trace: {error}") from error
    if behind.cycle:
        machine = CycleMachine(series.profile(None, series.CYCLES[behind.cycle], part.seed))
        return Filled(machine, behind.after, behind.every, started=not unit.has_finger)
    return Constant(behind.power_w or 0.0)


# -- this machine and that broker ---------------------------------------------------------------------------------------------


def _reach(address: BrokerAddress) -> None:
    """Raise when nobody answers, or cannot be believed: once they live, devices only try again and again."""
    try:
        client = paho_client(address, "elfe-simulate")
        client.connect(address.host, address.port)
    except OSError as error:
        reason = getattr(error, "verify_message", "") or error.strerror or error
        raise SetupError(f"no broker answers at {address.host}:{address.port}: {reason}; start it, or name another one with "
                         "--broker") from error
    opened: Any = client.socket()
    opened.close()


def _allow_connections(how_many: int) -> None:
    """Each takes an open file or two, and a session is often allowed a thousand."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * how_many + FILES_BESIDE
    if least != resource.RLIM_INFINITY and least < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
