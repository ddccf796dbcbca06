"""The brokers of this room's tests."""

from tests.brokers import mosquitto

__all__ = ["mosquitto"]
