"""Shelly H&T, SHHT-1: https://shelly-api-docs.shelly.cloud/gen1/#shelly-h-amp-t

Not the Plus H&T nor the H&T Gen3, which are other devices and speak the second generation's dialect.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from elfe.devices import Capability, Caveat, Device, DeviceType, LegacyTopics, Presence, PresenceBy, Quantity
from elfe_shelly_gen1 import codec
from elfe_shelly_gen1.kind import ALWAYS, DOCS, Kind, Settings, Wanted

UNKNOWN = 999             # a temperature or a humidity that the sensor could not read; what CoIoT says, on MQTT unverified
UNKNOWN_BATTERY = -1      # the same

ASLEEP = Caveat(
    "Asleep nearly always: it wakes for a report and shuts down at once, so its last will (online = false) is its sleep. A press "
    "on its button keeps it awake for 3 minutes: settings and firmware are pushed then, or never arrive.",
    "Presque toujours endormi : il se réveille pour un relevé et s'éteint aussitôt, son testament (online = false) est donc son "
    "sommeil. Un appui sur son bouton le tient éveillé 3 minutes : réglages et micrologiciel passent là, ou n'arrivent jamais.",
    f"{DOCS}/#shelly-h-amp-t-overview",
)
ITS_PERIOD = Caveat(
    "Its period cannot be set. The project's table says 6 h; the vendor's page says 12 h on its battery and 10 minutes on USB, "
    "and sooner when a threshold is passed. It is taken for lost after 15 h.",
    "Sa période ne se règle pas. Le tableau du projet dit 6 h ; la page du fabricant, 12 h sur pile et 10 minutes sur USB, et plus "
    "tôt au franchissement d'un seuil. Il passe pour perdu après 15 h.",
    f"{DOCS}/#shelly-h-amp-t-settings",
)
ITS_UNIT = Caveat(
    "Its message carries no unit: set to °F it says °F, and would be read as °C. The push sets °C and reads it back.",
    "Son message ne porte pas d'unité : réglé en °F, il dit des °F, lus alors comme des °C. Le réglage impose °C et le relit.",
    f"{DOCS}/#shelly-h-amp-t-mqtt",
)
HT = DeviceType(
    id=611,
    name="shellyht_shellycloud_v1",
    product="Shelly H&T",
    vendor_url=f"{DOCS}/#shelly-h-amp-t",
    capabilities=frozenset({Capability.AMBIENT}),
    publishes_every=timedelta(hours=6),
    silent_after=timedelta(hours=15),      # more than two of its periods, and than one of newer firmware's 12 h with a margin
    presence_by=PresenceBy.SLEEPS,
    outputs=0,
    templates={"root": "shellies/{id}"},   # its mqtt_id, which `onboard` sets; from the factory shellies/shellyht-<hardware id>
    human_name="Thermomètre Shelly H&T",
    letter="F",
    caveats=(ASLEEP, ITS_PERIOD, ITS_UNIT, *ALWAYS),
)


def wants(device: Device, settings: Settings) -> Iterator[Wanted]:
    """Its unit and its thresholds; it answers only while it is awake."""
    yield Wanted("/settings", "temperature_units", "C", "sensors.temperature_unit")      # set with an s, read without
    yield Wanted("/settings", "temperature_threshold", settings.report_c, "sensors.temperature_threshold")
    yield Wanted("/settings", "humidity_threshold", settings.report_rh, "sensors.humidity_threshold")


THERMOMETER = Kind(
    type=HT,
    model="SHHT-1",
    says={
        "sensor/temperature": codec.reading(Quantity.TEMPERATURE, UNKNOWN),      # °C, see ITS_UNIT
        "sensor/humidity": codec.reading(Quantity.HUMIDITY, UNKNOWN),            # %RH
        "sensor/battery": codec.reading(Quantity.BATTERY, UNKNOWN_BATTERY),      # %
        "sensor/error": codec.sensor_error,
        "sensor/ext_power": codec.flag,                                          # whether it is on USB
        "sensor/act_reasons": codec.reasons,
        "info": codec.room_status,
        "announce": codec.announce,
    },
    listen=("sensor/temperature", "sensor/humidity", "sensor/battery", "sensor/error", "info", "announce"),
    answers={**codec.ANSWERS, "/status": codec.room_status},
    presences={"true": Presence.ONLINE, "false": Presence.ASLEEP},
    columns=LegacyTopics(control="aucun", command="aucun", lwt="online"),
    hand_filled=r"sensor/[a-z_]+|online|rpc",      # the annex prints shellies/F002/rpc, which it does not have
    wants=wants,
)
