"""Where a broker listens, and what it speaks."""

from __future__ import annotations

from attrs import frozen


@frozen
class BrokerAddress:
    """How to reach a broker. `protocol` is "5" or "3.1.1"; `tls_ca` the file of its authority, empty for no TLS."""

    host: str
    port: int = 1883
    protocol: str = "5"
    username: str = ""
    password: str = ""
    tls_ca: str = ""
