"""Nous A1T: a smart plug with a meter, sold with Tasmota 12. https://templates.blakadder.com/nous_A1T.html

It measures with a BL0937 and publishes every 300 s out of the box: `TelePeriod 30` is pushed.
"""

from datetime import timedelta

from elfe.devices import Capability, DeviceType, FailSafe

NOUS_A1T = DeviceType(
    id=112,
    name="nous_a1t_tasmota_v12",
    product="Nous A1T",
    vendor_url="https://tasmota.github.io/docs/Commands/",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    templates={"topic": "{id}", "full_topic": "%prefix%/%topic%/"},
    fail_safe=FailSafe(safe_state=True, enforced_by="PowerOnState 5 and PulseTime", after=timedelta(seconds=1800),
                       spread=timedelta(seconds=600)),
)
