"""A register of a meter or an inverter over Modbus TCP. Needs the extra `modbus`.

    [sources.Prod_solaire]
    connector = "modbus"
    host = "192.168.1.20"
    register = 40083               # as the vendor counts from 0
    kind_of_register = "holding"   # or input
    type = "int16"                 # uint16, int16, uint32, int32, float32
    swapped = false                # the low word first
    scale = 10                     # what is read times this is W
    scale_register = 40084         # SunSpec: a power of ten in a register of its own
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen
from attrs.validators import in_
from pyModbusTCP.client import ModbusClient

from elfe.connectors import Sampled, number, options
from elfe.errors import SourceError

TYPES = {"uint16": ">H", "int16": ">h", "uint32": ">I", "int32": ">i", "float32": ">f"}
TIMEOUT_S = 10.0
LARGEST_TEN = 10
"""Of SunSpec's scale factors; beyond it the register says something else."""
NOT_IMPLEMENTED = {"int16": -32768, "uint16": 0xFFFF, "uint32": 0xFFFFFFFF, "int32": -0x80000000}
"""What SunSpec writes where a device has no value."""


@frozen
class Modbus:
    """See the module."""

    host: str
    register: int
    port: int = 502
    unit: int = 1
    kind_of_register: str = field(default="holding", validator=in_(("holding", "input")))
    type: str = field(default="int16", validator=in_(tuple(TYPES)))
    swapped: bool = False
    scale: float = 1.0
    scale_register: int | None = None
    timeout_s: float = TIMEOUT_S

    def __attrs_post_init__(self) -> None:
        for name, value, most in (("register", self.register, 0xFFFF), ("port", self.port, 0xFFFF), ("unit", self.unit, 0xFF),
                                  ("scale_register", self.scale_register or 0, 0xFFFF)):
            if not 0 <= value <= most:
                raise ValueError(f"{name}: {value!r} cannot be (accepted: 0 to {most})")
        if not 0 < self.timeout_s <= 60:
            raise ValueError(f"timeout_s: {self.timeout_s!r} cannot be (accepted: seconds, up to 60)")

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """The register's value now."""
        client = ModbusClient(self.host, self.port, self.unit, timeout=self.timeout_s, auto_close=True)
        value = decoded(self._words(client, self.register, struct.calcsize(TYPES[self.type]) // 2), self.type, self.swapped)
        if value is None:
            raise SourceError(f"{self.host}: register {self.register} has no value now")
        ten = decoded(self._words(client, self.scale_register, 1), "int16") if self.scale_register is not None else 0
        if abs(ten or 0) > LARGEST_TEN:
            raise SourceError(f"{self.host}: register {self.scale_register} holds no power of ten, {ten:g} was found")
        return (Sampled(number(value, self.host, self.scale * 10.0 ** (ten or 0))),)

    def _words(self, client: ModbusClient, register: int, count: int) -> Sequence[int]:
        ask = client.read_holding_registers if self.kind_of_register == "holding" else client.read_input_registers
        words: list[int] | None = ask(register, count)
        if not words:
            said = client.last_except_as_txt if client.last_except else client.last_error_as_txt
            raise SourceError(f"{self.host}:{self.port}: {said} (register {register})")
        return words


def decoded(words: Sequence[int], type_: str, swapped: bool = False) -> float | None:
    """The number in one or two registers; None where the device says that it has none."""
    ordered = tuple(reversed(words)) if swapped else tuple(words)
    (value,) = struct.unpack(TYPES[type_], struct.pack(f">{len(ordered)}H", *ordered))
    return None if value == NOT_IMPLEMENTED.get(type_) or value != value else float(value)


def connect(given: Mapping[str, Any]) -> Modbus:
    """The source of a section."""
    made: Modbus = options(Modbus, given)
    return made
