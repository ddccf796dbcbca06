"""What devices of the second generation and later are told: calls over MQTT, and over HTTP on the local network.

https://shelly-api-docs.shelly.cloud/gen2/General/RPCChannels
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from elfe.devices import Device, HttpGet, Publish


def call(device: Device, token: str, method: str, **params: Any) -> Publish:
    """A call over MQTT, whose answer comes on the device's own topic and carries `token`."""
    frame = {"id": token, "src": device.reply_to, "method": method, "params": params}
    return Publish(f"{device.templates['root']}/rpc", _json(frame).encode())


def http(method: str, **params: Any) -> HttpGet:
    """The same on the local network: each parameter is JSON in the query."""
    query = "&".join(f"{name}={quote(_json(value), safe='')}" for name, value in params.items())
    return HttpGet(f"/rpc/{method}?{query}" if query else f"/rpc/{method}")


def method_of(path: str) -> str:
    """The method that a path asks for: nothing of its query, where passwords are."""
    return path.partition("?")[0].rpartition("/")[2]


def named(of: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by the names under which they are read back."""
    return {f"{of}.{name}": value for name, value in config.items()}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
