"""The catalogue: relays, plugs and thermometers that differ in data only. https://shelly-api-docs.shelly.cloud/gen2/"""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from elfe.devices import Capability, Caveat, DeviceType, FailSafe, PresenceBy

DOCS = "https://shelly-api-docs.shelly.cloud/gen2"
LEASE = timedelta(seconds=1800)
FAIL_SAFE = FailSafe(
    safe_state=True,
    enforced_by="toggle_after of each order, and auto_on of the switch",
    after=LEASE,
    spread=timedelta(seconds=600),
)

# -- what one would not guess ---------------------------------------------------------------------------------------------

STATUS_IS_OFF = Caveat(
    "Out of the box it publishes no status (status_ntf); once set, it does so after a restart only. Until then partial "
    "notifications tell the same.",
    "Sorti de sa boîte, il ne publie pas son état (status_ntf) ; une fois réglé, seulement après un redémarrage. D'ici là, des "
    "notifications partielles disent la même chose.",
    f"{DOCS}/ComponentsAndServices/Mqtt/",
)
NOTHING_IS_RETAINED = Caveat(
    "Only its presence is retained, and it speaks QoS 1 at most: who connects later has to ask for its state.",
    "Seule sa présence est conservée par le courtier, et il parle au plus en QoS 1 : qui se connecte après doit lui demander "
    "son état.",
    "https://github.com/bieniu/ha-shellies-discovery-gen2/issues/487",
)
REPEATED_OFF = Caveat(
    "Whether a repeated OFF re-arms auto_on is not documented, and was not tried on hardware. So each OFF carries a timer of its "
    "own (`toggle_after` of Switch.Set): it opens for half an hour, and the next order says so again.",
    "Rien ne dit si un OFF répété réarme auto_on, et cela n'a pas été essayé. Chaque OFF porte donc sa propre minuterie "
    "(`toggle_after` de Switch.Set) : il ouvre pour une demi-heure, et l'ordre suivant le redit.",
    f"{DOCS}/ComponentsAndServices/Switch",
)
MQTT_HAS_NO_PASSWORD_OF_ITS_OWN = Caveat(
    "Its password protects HTTP and never MQTT: what the broker lets through is obeyed.",
    "Son mot de passe protège HTTP, jamais MQTT : ce que le courtier laisse passer est exécuté.",
    f"{DOCS}/General/Authentication",
)
CERTIFICATES = Caveat(
    "With TLS it trusts public authorities (ca.pem). A broker with an authority of its own needs Shelly.PutUserCA and "
    "ssl_ca = user_ca.pem, by hand. Its access point stays open after the set-up: close it when it is on the broker.",
    "En TLS, il croit les autorités publiques (ca.pem). Un courtier qui a la sienne demande Shelly.PutUserCA et "
    "ssl_ca = user_ca.pem, à la main. Son point d'accès reste ouvert après la mise en service : le fermer ensuite.",
    f"{DOCS}/ComponentsAndServices/Shelly/",
)
COUNTER_RESETS = Caveat(
    "Switch.ResetCounters and a factory reset start its energy again at 0.",
    "Switch.ResetCounters et une remise à zéro d'usine font repartir son énergie de 0.",
    f"{DOCS}/ComponentsAndServices/Switch",
)
MOCKS = "https://github.com/Luligu/matterbridge-shelly/tree/main/src/mock"      # answers of real units: their own limits
EIGHT_AMPERES = Caveat(
    "8 A, 2,240 W at most: not for a water heater, a dryer or a radiator. Above, it opens and says overpower.",
    "8 A, 2 240 W au plus : ni chauffe-eau, ni sèche-linge, ni radiateur. Au-delà, il coupe et dit overpower.",
    MOCKS,
)
TEN_AMPERES = Caveat(
    "10 A, 2,800 W at most on each output; above, it opens and says overpower.",
    "10 A, 2 800 W au plus sur chaque sortie ; au-delà, il coupe et dit overpower.",
    MOCKS,
)
TWELVE_AMPERES = Caveat(
    "12 A, 2,500 W at most; above, it opens and says overpower.",
    "12 A, 2 500 W au plus ; au-delà, elle coupe et dit overpower.",
    MOCKS,
)
ONE_UNIT = Caveat(
    "One unit, several points: they share `root`, each has its channel, and the unit's account must be allowed to write "
    "the answers of each. What is said of the unit (signal) is the first channel's.",
    "Une seule unité, plusieurs points : ils partagent `root`, chacun a sa voie, et le compte de l'unité doit pouvoir écrire les "
    "réponses de chacun. Ce qui vaut pour l'unité (signal) est dit de la première voie.",
    f"{DOCS}/General/RPCProtocol",
)
COVER_PROFILE = Caveat(
    "In its cover profile (roller shutters) it has no switch: its profile must be `switch`.",
    "Dans son profil cover (volets roulants), il n'a pas de relais : son profil doit être `switch`.",
    f"{DOCS}/Devices/Gen3/Shelly2PMG3/",
)
NO_RELAY = Caveat(
    "Not to be confused with the Plug PM Gen3, which measures and cannot switch.",
    "À ne pas confondre avec la Plug PM Gen3, qui mesure et ne commute pas.",
    f"{DOCS}/Devices/Gen3/ShellyPlugPMG3",
)
AWAKE_FOR_TWO_SECONDS = Caveat(
    "Asleep nearly always; after a report it listens for 2 s, and 3 minutes after its button. Settings are pushed then, or "
    "never arrive. Its last will (online = false) is its sleep.",
    "Presque toujours endormi ; après un relevé, il écoute 2 s, et 3 minutes après un appui sur son bouton. Les réglages sont "
    "poussés à ce moment, ou n'arrivent jamais. Son testament (online = false), c'est son sommeil.",
    f"{DOCS}/General/SleepManagementForBatteryDevices",
)
EVERY_TWO_HOURS = Caveat(
    "It reports every 2 h (from firmware 0.12.0 on) or when a threshold is passed, at most every 5 minutes; on USB every "
    "5 minutes, and then its battery reads 0 %, which is no measure.",
    "Il émet toutes les 2 h (depuis le micrologiciel 0.12.0) ou au franchissement d'un seuil, au plus toutes les 5 minutes ; sur "
    "USB toutes les 5 minutes, et sa pile se lit alors 0 %, ce qui n'est pas une mesure.",
    "https://support.shelly.cloud/en/support/solutions/articles/103000226308-wake-up-schemes-and-reports-of-shelly-plus-h-t",
)
ALWAYS = (STATUS_IS_OFF, NOTHING_IS_RETAINED, MQTT_HAS_NO_PASSWORD_OF_ITS_OWN, CERTIFICATES)

# -- the types ------------------------------------------------------------------------------------------------------------


@frozen
class Row:
    """What tells one type from the next."""

    id: int
    name: str
    product: str
    model: str                           # of its first hardware; what it answers to Shelly.GetDeviceInfo
    page: str                            # of the vendor, under DOCS/Devices
    human_name: str
    outputs: int = 1
    caveats: tuple[Caveat, ...] = ()

    @property
    def generation(self) -> int:
        """As it says itself."""
        return int(self.page.removeprefix("Gen")[0])


TWO = (ONE_UNIT, COVER_PROFILE)
RELAYS = (      # in the wall or on a rail: a terminal for a switch beside each output
    Row(411, "shellyplus1pm_shellycloud_v1", "Shelly Plus 1PM", "SNSW-001P16EU", "Gen2/ShellyPlus1PM",
        "Relais mesureur encastré"),
    Row(1101, "shellyplus1pmmini_gen2", "Shelly Plus 1PM Mini", "SNSW-001P8EU", "Gen2/ShellyPlus1PMMini",
        "Petit relais mesureur encastré", caveats=(EIGHT_AMPERES,)),
    Row(1102, "shelly1pm_gen3", "Shelly 1PM Gen3", "S3SW-001P16EU", "Gen3/Shelly1PMG3/",
        "Relais mesureur encastré, gén. 3"),
    Row(1103, "shelly1pmmini_gen3", "Shelly 1PM Mini Gen3", "S3SW-001P8EU", "Gen3/ShellyMini1PMG3/",
        "Petit relais mesureur encastré, gén. 3", caveats=(EIGHT_AMPERES,)),
    Row(1104, "shelly1pm_gen4", "Shelly 1PM Gen4", "S4SW-001P16EU", "Gen4/Shelly1PMG4",
        "Relais mesureur encastré, gén. 4"),
    Row(1105, "shelly1pmmini_gen4", "Shelly 1PM Mini Gen4", "S4SW-001P8EU", "Gen4/ShellyMini1PMG4/",
        "Petit relais mesureur encastré, gén. 4", caveats=(EIGHT_AMPERES,)),
    Row(1106, "shellypro1pm", "Shelly Pro 1PM", "SPSW-001PE16EU", "Gen2/ShellyPro1PM",
        "Relais mesureur de tableau"),
    Row(1107, "shellypro2pm", "Shelly Pro 2PM", "SPSW-002PE16EU", "Gen2/ShellyPro2PM",
        "Deux relais mesureurs de tableau", 2, TWO),
    Row(1108, "shellypro4pm", "Shelly Pro 4PM", "SPSW-004PE16EU", "Gen2/ShellyPro4PM",
        "Quatre relais mesureurs de tableau", 4, (ONE_UNIT,)),
    Row(1109, "shellyplus2pm_gen2", "Shelly Plus 2PM", "SNSW-002P16EU", "Gen2/ShellyPlus2PM",
        "Deux relais mesureurs encastrés", 2, (*TWO, TEN_AMPERES)),
    Row(1110, "shelly2pm_gen3", "Shelly 2PM Gen3", "S3SW-002P16EU", "Gen3/Shelly2PMG3/",
        "Deux relais mesureurs encastrés, gén. 3", 2, TWO),
    Row(1111, "shelly2pm_gen4", "Shelly 2PM Gen4", "S4SW-002P16EU", "Gen4/Shelly2PMG4",
        "Deux relais mesureurs encastrés, gén. 4", 2, TWO),
)
PLUGS = (       # no terminal: a plug has no input to match
    Row(1121, "shellyplusplugs_gen2", "Shelly Plus Plug S", "SNPL-00112EU", "Gen2/ShellyPlusPlugS/",
        "Prise mesureuse", caveats=(TWELVE_AMPERES,)),
    Row(1122, "shellyplugs_gen3", "Shelly Plug S Gen3", "S3PL-00112EU", "Gen3/ShellyPlugSG3/",      # sold as Plug S MTR Gen3 too
        "Prise mesureuse, gén. 3", caveats=(TWELVE_AMPERES,)),
    Row(1123, "shellyplugm_gen3", "Shelly Plug M Gen3", "S3PL-30110EU", "Gen3/ShellyPlugMG3/",
        "Prise mesureuse M, gén. 3", caveats=(NO_RELAY,)),
)
THERMOMETERS = (
    Row(1161, "shellyplusht_gen2", "Shelly Plus H&T", "SNSN-0013A", "Gen2/ShellyPlusHT/",
        "Thermomètre et hygromètre"),
    Row(1162, "shellyht_gen3", "Shelly H&T Gen3", "S3SN-0U12A", "Gen3/ShellyHTG3",
        "Thermomètre et hygromètre, gén. 3"),
)


def _relay(row: Row, letter: str) -> DeviceType:
    return DeviceType(
        id=row.id,
        name=row.name,
        product=row.product,
        vendor_url=f"{DOCS}/Devices/{row.page}",
        capabilities=frozenset({Capability.SWITCH, Capability.METER}),
        publishes_every=timedelta(minutes=1),
        silent_after=timedelta(minutes=3),
        answers_within=timedelta(seconds=5),
        outputs=row.outputs,
        templates={"root": "{id}"},      # its `topic_prefix`
        fail_safe=FAIL_SAFE,
        human_name=row.human_name,
        letter=letter,
        caveats=(*row.caveats, REPEATED_OFF, COUNTER_RESETS, *ALWAYS),
        carries_w=2500.0 if TWELVE_AMPERES in row.caveats else 0.0,
    )


def _thermometer(row: Row) -> DeviceType:
    return DeviceType(
        id=row.id,
        name=row.name,
        product=row.product,
        vendor_url=f"{DOCS}/Devices/{row.page}",
        capabilities=frozenset({Capability.AMBIENT}),
        publishes_every=timedelta(hours=2),
        silent_after=timedelta(hours=6),      # two reports lost
        presence_by=PresenceBy.SLEEPS,
        outputs=0,
        templates={"root": "{id}"},
        human_name=row.human_name,
        letter="F",
        caveats=(*row.caveats, AWAKE_FOR_TWO_SECONDS, EVERY_TWO_HOURS, *ALWAYS[2:]),
    )


TYPES = {each.id: each for each in (
    *(_relay(row, "D") for row in RELAYS), *(_relay(row, "A") for row in PLUGS), *(_thermometer(row) for row in THERMOMETERS))}
ROWS = {row.id: row for row in (*RELAYS, *PLUGS, *THERMOMETERS)}
WITHOUT_INPUT = frozenset(row.id for row in PLUGS)
