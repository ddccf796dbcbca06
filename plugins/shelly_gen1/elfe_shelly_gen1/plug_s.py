"""Shelly Plug S, SHPLG-S: https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plugs"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from elfe.devices import Capability, Caveat, Device, DeviceType, FailSafe, LegacyTopics, Presence
from elfe_shelly_gen1 import codec
from elfe_shelly_gen1.kind import ALWAYS, DOCS, Kind, Settings, Stone, Wanted

FAIL_SAFE = FailSafe(
    safe_state=True,
    enforced_by="auto_on of the relay, over HTTP",
    after=timedelta(seconds=1800),
    spread=timedelta(seconds=600),
)
REPEATED_OFF = Caveat(
    "auto_on engages when the plug has been turned off, by its button or by an order; whether an OFF that is repeated begins "
    "it anew is not documented, and was not tried on hardware. If it does not, the plug closes again while it should stay open.",
    "auto_on s'engage quand la prise a été coupée, par son bouton ou par un ordre ; rien ne dit si un OFF répété le relance, et "
    "cela n'a pas été essayé. Sinon, la prise se referme alors qu'elle devrait rester ouverte.",
    f"{DOCS}/#shelly-plug-plugs-settings-relay-0",
)
COUNTER_RESETS = Caveat(
    "Its energy counts watt-minutes since it was powered: a power cut or a restart starts it again at 0.",
    "Son énergie compte des watts-minutes depuis sa mise sous tension : une coupure ou un redémarrage la fait repartir de 0.",
    f"{DOCS}/#shelly-em-mqtt",      # said there of "other Shellies"
)
OVERPOWER = Caveat(
    "Above max_power (2,500 W at most) it cuts itself and says overpower instead of off. Whether auto_on closes it again then is "
    "not documented.",
    "Au-delà de max_power (2 500 W au plus), elle coupe et dit overpower au lieu de off. Rien ne dit si auto_on la referme alors.",
    f"{DOCS}/#shelly-plug-plugs-mqtt",
)
STUCK = Caveat(
    "Plugs delivered in early 2022 do not find their update: they need v1.9.4 forced upon them first, over the local network. "
    "The project's installers saw it; from which version on it is not needed is our reading (unverified).",
    "Les prises livrées début 2022 ne trouvent pas leur mise à jour : il faut d'abord leur imposer la v1.9.4, depuis le réseau "
    "local. Constaté par les installateurs du projet ; à partir de quelle version c'est inutile est notre lecture (non vérifié).",
    f"{DOCS}/#ota",
)
PLUG_S = DeviceType(
    id=111,
    name="shellyplugs_shellycloud_v1",
    product="Shelly Plug S",
    vendor_url=f"{DOCS}/#shelly-plug-plug-s",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    templates={"root": "shellies/shellyplug-s-{hardware_id}"},
    fail_safe=FAIL_SAFE,
    human_name="Prise Shelly Plug S",
    carries_w=2500.0,
    letter="A",
    caveats=(REPEATED_OFF, COUNTER_RESETS, OVERPOWER, STUCK, *ALWAYS),
)


def wants(device: Device, settings: Settings) -> Iterator[Wanted]:
    """Wired inverted, its home is served when it is open: everything is the other way round.

    The timer of the other state and the plug's own schedule are taken back: whatever they were set to, they would switch.
    """
    delay = settings.auto_on_s + int(FAIL_SAFE.own_part(device.id).total_seconds())
    serves = device.serves_when
    yield Wanted("/settings", "mqtt_update_period", settings.update_period_s, "mqtt.update_period")
    for parameter, value in {
        "default_state": "on" if serves else "off",
        "auto_on": delay if serves else 0,
        "auto_off": 0 if serves else delay,
        "schedule": False,
    }.items():
        yield Wanted("/settings/relay/0", parameter, value, f"relay/0.{parameter}")


PLUG = Kind(
    type=PLUG_S,
    model="SHPLG-S",
    says={
        "relay/0": codec.state,
        "relay/0/power": codec.power,
        "relay/0/energy": codec.energy,
        "relay/0/overpower_value": codec.number_again,      # W, where it cuts itself
        "temperature": codec.chip_temperature,
        "temperature_f": codec.number_again,                # the same in °F
        "overtemperature": codec.overtemperature,
        "info": codec.plug_status,
        "announce": codec.announce,                         # firmware 1.6.0 on; before, on shellies/announce, which all share
    },
    listen=("relay/0", "relay/0/power", "relay/0/energy", "temperature", "overtemperature", "info", "announce"),
    answers={
        **codec.ANSWERS,
        "/status": codec.plug_status,
        "/settings/relay/0": codec.relay_settings,
        "/relay/0": codec.relay_status,
        "/meter/0": codec.meter_status,
    },
    presences={"true": Presence.ONLINE, "false": Presence.OFFLINE},      # firmware 1.4.3 on
    columns=LegacyTopics(control="relay/0", command="relay/0/command", lwt="online"),
    hand_filled=r"relay/0(?:/(?:command|power|energy))?|online",
    wants=wants,
    command="relay/0/command",
    stones=(      # the archive keeps the vendor's own files; the address as the installers' manual has it
        Stone((1, 9, 4), "/ota?url=http://archive.shelly-tools.de/version/v1.9.4/SHPLG-S.zip", "1.9.4"),
    ),
)
