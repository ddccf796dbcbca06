"""What passes on the wire of some devices, in words: raw and decoded side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import asdict, frozen

from elfe.devices.routing import Heard, Router, SetAside, Unreadable
from elfe.devices.values import Device, Event, Measure, Presence


@frozen
class Line:
    """One message of one device: `way` is says, kept (retained by the broker), or told (an order to it)."""

    device: str
    way: str
    topic: str
    payload: str
    says: tuple[str, ...]


def lines(topic: str, payload: bytes, retained: bool, router: Router, told: Mapping[str, Device]) -> Iterator[Line]:
    """A line per device that the message concerns. Bytes that are no text are shown escaped."""
    raw = payload.decode("utf-8", "backslashreplace")
    if topic in told:
        yield Line(told[topic].id, "told", topic, raw, ())
    says: dict[str, list[str]] = {}
    for each in router.read(topic, payload):
        says.setdefault(each.device.id, []).append(in_words(each))
    if not says and topic not in told:
        yield Line("", "kept" if retained else "says", topic, raw, ())      # understood, nothing for us
    for device, words in says.items():
        yield Line(device, "kept" if retained else "says", topic, raw, tuple(words))


def in_words(what: Heard | Unreadable | SetAside | Event | Presence) -> str:
    """An event in a few words: `power 1234.5 W`, `outputstate on=True`."""
    match what:
        case Heard(_, event):
            return in_words(event)
        case Unreadable(reason=reason) | SetAside(reason=reason):
            return f"cannot be read: {reason}"
        case Presence():
            return what.value
        case Measure(quantity, value, channel, register):
            where = ", ".join(filter(None, (f"channel {channel}" if channel else "", register)))
            return f"{quantity.name.lower()} {value:g} {quantity.value}{f' ({where})' if where else ''}"
    said = ", ".join(f"{name}={value}" for name, value in asdict(what, recurse=False).items()
                     if isinstance(value, bool) or value not in ("", 0, None))
    return f"{type(what).__name__.lower()} {said}"
