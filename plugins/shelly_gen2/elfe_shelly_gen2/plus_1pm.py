"""Shelly Plus 1PM: https://shelly-api-docs.shelly.cloud/gen2/Devices/Gen2/ShellyPlus1PM

An in-wall relay with a meter; its `topic_prefix` is its installation point. QoS 1 at most. `status_ntf` is off out of the
box: until it is pushed and the device has restarted, its state comes only as partial notifications.
"""

from datetime import timedelta

from elfe.devices import Capability, DeviceType, FailSafe

FAIL_SAFE = FailSafe(
    safe_state=True,
    enforced_by="auto_on of the switch",
    after=timedelta(seconds=1800),
    spread=timedelta(seconds=600),
)   # whether a repeated OFF re-arms auto_on is not documented, and was not tried on hardware
PLUS_1PM = DeviceType(
    id=411,
    name="shellyplus1pm_shellycloud_v1",
    product="Shelly Plus 1PM",
    vendor_url="https://shelly-api-docs.shelly.cloud/gen2/Devices/Gen2/ShellyPlus1PM",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(minutes=1),
    silent_after=timedelta(minutes=3),
    answers_within=timedelta(seconds=5),
    templates={"root": "{id}"},      # Gen2 `topic_prefix`
    fail_safe=FAIL_SAFE,
)
