"""A real broker, for the tests that ask for one."""

from tests.brokers import mosquitto

__all__ = ["mosquitto"]
