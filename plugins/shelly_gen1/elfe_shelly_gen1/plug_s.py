"""Shelly Plug S: https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plug-s

Its topic is its hardware id and cannot be changed on old firmware. Its settings go over HTTP only, so nothing of it can
be repaired or renewed from the centre. Plugs of early 2022 are stuck on their firmware and need
https://archive.shelly-tools.de v1.9.4 as a stepping stone.
"""

from datetime import timedelta

from elfe.devices import Capability, DeviceType, FailSafe, Role

FAIL_SAFE = FailSafe(
    safe_state=True,
    enforced_by="auto_on of the relay, over HTTP",
    after=timedelta(seconds=1800),
    spread=timedelta(seconds=600),
)   # whether a repeated "off" re-arms auto_on is not documented, and was not tried on hardware
PLUG_S = DeviceType(
    id=111,
    name="shellyplugs_shellycloud_v1",
    product="Shelly Plug S",
    vendor_url="https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plug-s",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    templates={"root": "shellies/shellyplug-s-{hardware_id}"},
    fail_safe=FAIL_SAFE,
)
LISTEN = {
    "relay/0": Role.SAYS,
    "relay/0/power": Role.SAYS,
    "relay/0/energy": Role.SAYS,
    "temperature": Role.SAYS,
    "overtemperature": Role.SAYS,
    "info": Role.SAYS,
    "online": Role.PRESENCE,
}
