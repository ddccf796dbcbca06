"""A million payloads per family, half of them mutated from what a device says: nothing but `BadPayload` may come of them.

    python -m benchmarks.fuzz [family ...] [--count 1000000] [--seed 1]

Each payload goes to `decode_message`, `parse_lwt` or `decode_http` of a device that listens there. What is answered must be
a tuple of events with finite figures. The seed tells a run again; the exit code is 1 when anything was found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from math import isfinite
from random import Random
from time import process_time
from typing import Any

from attrs import frozen

from benchmarks.messages import MIDNIGHT, Message, of_captures, of_twins
from benchmarks.tables import show
from elfe.devices import BadPayload, Device, HttpGet, Measure, Network, Presence, Role
from elfe.devices.drivers import Driver, Drivers, load

MILLION = 1_000_000
SPLINTERS = (b"", b"\xff", b"\x00", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-", b'"', b"{", b"}", b"[]", b"9" * 40,
             b"0x1", b",", b":", b"\\ud800", "é".encode(), b"-0.0", b"1e-400", b" ", b"\n", b"[[[[", b"on", b"OFF")
LEAVES: tuple[Any, ...] = (None, True, False, 0, -1, 1, 1e308, -1e-308, 2 ** 63, 10 ** 40, "", "0", "ON", "on", "true", "NaN",
                           "é" * 50, "9" * 30, [], {}, [None], [1, "a"], {"": None}, [[]], {"id": {}})


@frozen
class Ear:
    """One way in: where messages of a device arrive, and what real ones look like there."""

    read: Callable[[bytes], object]
    topic: str
    payloads: tuple[bytes, ...]


def ears_of(drivers: Drivers, messages: Sequence[Message]) -> tuple[Ear, ...]:
    """Each topic of each device, and its answers over HTTP where the driver reads any."""
    found: dict[tuple[str, str], list[bytes]] = {}
    devices = {message.device.id: message.device for message in messages}
    for message in messages:
        found.setdefault((message.device.id, message.topic), []).append(message.payload)
    heard = tuple(payload for payloads in found.values() for payload in payloads)
    for device in devices.values():      # topics on which nothing was heard are tried with what was heard elsewhere
        for filter in drivers[device.type_id].build_topics(device).listen:
            found.setdefault((device.id, filter.replace("+", "x").replace("#", "x")), list(heard[:50]))
    ears = [Ear(_reader(drivers, devices[id], topic), topic, tuple(payloads)) for (id, topic), payloads in found.items()]
    ears += [_over_http(drivers[device.type_id], device, path, heard[:50]) for device in devices.values()
             if drivers[device.type_id].decode_http is not None for path in paths_of(drivers[device.type_id], device)]
    return tuple(ears)


def _over_http(driver: Driver, device: Device, path: str, payloads: tuple[bytes, ...]) -> Ear:
    decode_http = driver.decode_http
    assert decode_http is not None
    return Ear(lambda body: decode_http(device, path, body), f"GET {path}", (*_answered(driver, device, path), *payloads))


def _answered(driver: Driver, device: Device, path: str) -> tuple[bytes, ...]:
    if driver.simulate is None:
        return ()
    twin = driver.simulate(device, 1)
    twin.connected(MIDNIGHT)
    return (twin.get(path).encode(),)


def paths_of(driver: Driver, device: Device) -> list[str]:
    """What the driver asks over the local network: out of the box, and to set and read back what it sets."""
    pushes = []
    if driver.onboard is not None:
        pushes.append(driver.onboard(device, Network("mqtt.example.org", 1883, device.id, "s3cret", "maison", "w1fi-password")))
    if driver.push_config is not None and driver.settings is not None:
        pushes.append(driver.push_config(device, driver.settings()()))
    return sorted({step.path for push in pushes for step in (*push.steps, *push.read_back) if isinstance(step, HttpGet)})


def _reader(drivers: Drivers, device: Device, topic: str) -> Callable[[bytes], object]:
    driver = drivers[device.type_id]
    role = driver.build_topics(device).listen.get(topic)
    parse_lwt = driver.parse_lwt
    if role is Role.PRESENCE and parse_lwt is not None:
        return lambda payload: parse_lwt(device, payload)
    return lambda payload: driver.decode_message(device, topic, payload)


# -- payloads -------------------------------------------------------------------------------------------------------------------


def payload_of(ear: Ear, chance: Random) -> bytes:
    """Half are real ones with their bytes or their JSON spoilt; the others are bytes, words and trees of chance."""
    kind = chance.random()
    if kind < 0.25:
        return spoilt(chance.choice(ear.payloads), chance)
    if kind < 0.5:
        return grafted(chance.choice(ear.payloads), chance)
    if kind < 0.6:
        return chance.randbytes(chance.randrange(40))
    if kind < 0.7:
        return b"".join(chance.choices(SPLINTERS, k=chance.randrange(6)))
    if kind < 0.71:
        return nested(chance.choice(keys_of(chance.choice(ear.payloads))), chance.randrange(1000), chance)
    return json.dumps(tree(chance, keys_of(chance.choice(ear.payloads)), 3)).encode()


def spoilt(payload: bytes, chance: Random) -> bytes:
    """One to four splinters in it."""
    bytes_ = bytearray(payload)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(bytes_) + 1)
        bytes_[at:at + chance.randrange(7)] = chance.choice(SPLINTERS)
    return bytes(bytes_)


def grafted(payload: bytes, chance: Random) -> bytes:
    """One to three of its values replaced, left out or moved; still JSON. What is no JSON is spoilt."""
    try:
        value = json.loads(payload)
    except ValueError:
        return spoilt(payload, chance)
    for _ in range(chance.randint(1, 3)):
        value = _graft(value, chance)
    return json.dumps(value).encode()


def _graft(value: Any, chance: Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        changed = {**value, key: _graft(value[key], chance)}
        if chance.random() < 0.15:
            changed[chance.choice(list(value))] = changed.pop(key)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], _graft(value[at], chance), *value[at + 1:]]
    return chance.choice(LEAVES)


def tree(chance: Random, keys: Sequence[str], depth: int) -> Any:
    """Any JSON, with the names that the device uses."""
    kind = chance.random()
    if depth == 0 or kind < 0.3:
        return chance.choice(LEAVES)
    if kind < 0.4:
        return [tree(chance, keys, depth - 1) for _ in range(chance.randrange(3))]
    return {chance.choice(keys): tree(chance, keys, depth - 1) for _ in range(chance.randrange(5))}


def nested(key: str, depth: int, chance: Random) -> bytes:
    """A name in itself, again and again: who reads it by calling himself runs out of stack."""
    return f"{{{json.dumps(key)}:".encode() * depth + json.dumps(chance.choice(LEAVES)).encode() + b"}" * depth


def keys_of(payload: bytes) -> Sequence[str]:
    """The names that stand in a payload, at any depth."""
    parts = payload.split(b'"')
    return [part.decode("utf-8", "replace") for part in parts[1::2]][:40] or ["", "id"]


# -- what comes of them ---------------------------------------------------------------------------------------------------------


def flaw_of(answer: object) -> str:
    """What is wrong with an answer; empty where nothing is."""
    if isinstance(answer, Presence):
        return ""
    if type(answer) is not tuple:
        return f"answers a {type(answer).__name__}"
    return next((f"a figure that is none: {event.quantity.name}" for event in answer
                 if isinstance(event, Measure) and not (type(event.value) is float and isfinite(event.value))), "")


def fuzz(ears: Sequence[Ear], count: int, seed: int, progress: Callable[[int, int], None]) -> tuple[Counter[str], dict[str, str]]:
    """What came of `count` payloads, and the first payload of each flaw."""
    chance, came, first = Random(seed), Counter[str](), dict[str, str]()
    for number in range(1, count + 1):
        ear = chance.choice(ears)
        payload = payload_of(ear, chance)
        try:
            flaw = flaw_of(ear.read(payload))
            outcome = flaw or "read"
        except BadPayload:
            outcome = flaw = ""
        except Exception as error:  # noqa: BLE001 - what is looked for
            outcome = flaw = f"{type(error).__name__}: {str(error)[:80]}"
        came[outcome or "refused"] += 1
        if flaw:
            first.setdefault(flaw, f"{ear.topic} {payload[:200]!r}")
        if number % 100_000 == 0:
            progress(number, sum(came[each] for each in first))
    return came, first


def measure(families: Sequence[str] = (), count: int = MILLION, seed: int = 1) -> int:
    """Print the table; the answer is how many payloads broke a codec."""
    drivers = load()
    messages = of_twins(drivers, each=1) + of_captures(drivers)
    known = sorted({message.family for message in messages})
    if set(families) - set(known):
        sys.exit(f"no such family: {', '.join(sorted(set(families) - set(known)))} (known: {', '.join(known)})")
    rows, flaws = [], dict[str, str]()
    for family in families or known:
        ears = ears_of(drivers, [message for message in messages if message.family == family])
        begun = process_time()
        came, first = fuzz(ears, count, seed, lambda number, broke, of=family: print(  # type: ignore[misc]  # noqa: T201
            f"{of}: {number:,} payloads, {broke} that broke it", file=sys.stderr, flush=True))
        broke = sum(came[each] for each in first)
        rows.append((family, len(ears), count, came["read"], came["refused"], broke, int(process_time() - begun)))
        flaws |= {f"{family}: {flaw}": example for flaw, example in first.items()}
    show("payloads, half of them mutated from real ones (goal: none breaks a codec)",
         ("family", "ways in", "payloads", "read", "refused", "broke", "CPU s"), rows)
    for flaw, example in flaws.items():
        print(f"{flaw}\n    {example}")  # noqa: T201
    return sum(row[5] for row in rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz")
    parser.add_argument("families", nargs="*")
    parser.add_argument("--count", type=int, default=MILLION)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(1 if measure(asked.families, asked.count, asked.seed) else 0)
