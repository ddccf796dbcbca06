"""A value that somebody publishes on our broker: a plain number, or a number in JSON.

    [sources.Prod_eolienne]
    connector = "mqtt"
    topic = "parc/eolien/puissance"
    path = "data.power"        # without it the payload is the number
    time = "data.at"           # its instant: ISO 8601, or Unix seconds; without it, when it comes
    scale = 1000               # what is read times this is W
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import field, frozen

from elfe.connectors import Sampled, number, options
from elfe.connectors.instants import when
from elfe.connectors.paths import follow, steps
from elfe.errors import SourceError


@frozen
class MqttSource:
    """See the module. A retained message says what was: it is taken where it tells its own instant, `time`."""

    topic: str
    path: tuple[str | int, ...] = field(default="", converter=steps)
    time: tuple[str | int, ...] = field(default="", converter=steps)
    scale: float = 1.0

    def __attrs_post_init__(self) -> None:
        if not self.topic or set("+#") & set(self.topic):
            raise ValueError(f"topic: {self.topic!r} cannot be (accepted: one topic, without + or #)")

    @property
    def topics(self) -> tuple[str, ...]:
        """Where it is said."""
        return (self.topic,)

    def decode(self, payload: bytes) -> Sampled:
        """What a message says."""
        try:
            tree = orjson.loads(payload) if self.path or self.time else payload.decode()
        except (orjson.JSONDecodeError, UnicodeDecodeError):
            raise SourceError(f"{self.topic}: {payload[:40]!r} cannot be read") from None
        return Sampled(number(follow(tree, self.path), self.topic, self.scale),
                       when(follow(tree, self.time), self.topic) if self.time else None)


def connect(given: Mapping[str, Any]) -> MqttSource:
    """The source of a section."""
    made: MqttSource = options(MqttSource, given)
    return made
