"""The conformance kit on this plugin."""

from elfe.devices.testing import conformance

test_conformance = conformance("zigbee2mqtt")
