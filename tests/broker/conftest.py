"""The brokers of this room's tests."""

from tests.brokers import amqtt, broker, mosquitto

__all__ = ["amqtt", "broker", "mosquitto"]
