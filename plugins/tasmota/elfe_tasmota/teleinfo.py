"""A TIC reader with a relay, on Tasmota built with `USE_TELEINFO`. https://tasmota.github.io/docs/Teleinfo/

It reads the customer's interface of a Linky meter: the whole home's indexes and apparent power, in historique or standard
mode. In raw modes the same topic carries frames with the TIC alone, possibly only the labels that changed.
"""

from datetime import timedelta

from elfe.devices import Capability, DeviceType, FailSafe

TELEINFO = DeviceType(
    id=211,
    name="teleinfo_tasmota_v12",
    product="TIC reader and relay on Tasmota",
    vendor_url="https://tasmota.github.io/docs/Teleinfo/",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(minutes=5),
    silent_after=timedelta(minutes=15),
    answers_within=timedelta(seconds=5),
    templates={"topic": "{id}", "full_topic": "%prefix%/%topic%/"},
    fail_safe=FailSafe(safe_state=True, enforced_by="PowerOnState 5 and PulseTime", after=timedelta(seconds=1800),
                       spread=timedelta(seconds=600)),
)
