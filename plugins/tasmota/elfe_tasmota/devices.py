"""The catalogue: a plug, two TIC readers, and any plug or relay that runs Tasmota. https://tasmota.github.io/docs/"""

from __future__ import annotations

from datetime import timedelta

from elfe.devices import Capability, Caveat, DeviceType, FailSafe

DOCS = "https://tasmota.github.io/docs"
SOURCE = "https://github.com/arendst/Tasmota"
FAIL_SAFE = FailSafe(
    safe_state=True,
    enforced_by="PowerOnState 5 and PulseTime",
    after=timedelta(seconds=1800),
    spread=timedelta(seconds=600),
)

# -- what one would not guess ---------------------------------------------------------------------------------------------

PULSE_IS_INVERTED = Caveat(
    "PowerOnState 5 turns PulseTime round for good and for every relay of the unit: it closes again after an OFF that nobody "
    "repeats. After a power cut it stays open for that same delay. The points of one unit must be wired alike.",
    "PowerOnState 5 inverse PulseTime durablement, pour tous les relais de l'unité : il se referme après un OFF que personne ne "
    "répète. Après une coupure, il reste ouvert pendant ce même délai. Les points d'une unité sont câblés de la même façon.",
    f"{DOCS}/PowerOnState/",
)
A_QUESTION_DISARMS = Caveat(
    "Up to firmware 8.5 at least, an empty POWER stops a running PulseTime, and with it the fail-safe: elfe asks with "
    "STATUS 11. A hub beside elfe must do the same.",
    "Jusqu'au micrologiciel 8.5 au moins, un POWER vide arrête le PulseTime en cours, donc la sécurité : elfe interroge par "
    "STATUS 11. Une box domotique à côté d'elfe doit faire de même.",
    f"{SOURCE}/issues/9325",
)
SEVEN_CUTS = Caveat(
    "Seven short power cuts in a row reset it to its factory's settings; the vendor advises SetOption65 1 where the grid is "
    "weak, and it is pushed. Its button, held for 40 s, still resets it.",
    "Sept microcoupures de suite le remettent à ses réglages d'usine ; le fabricant conseille SetOption65 1 sur un réseau "
    "faible, et c'est ce qui est poussé. Son bouton, tenu 40 s, le réinitialise toujours.",
    f"{DOCS}/Device-Recovery/",
)
NO_TLS = Caveat(
    "The official builds for its chip (ESP8266) speak no TLS: it needs a build of one's own, or a broker on the home's network.",
    "Les micrologiciels officiels pour sa puce (ESP8266) ne parlent pas TLS : il faut une compilation à soi, ou un courtier sur "
    "le réseau de la maison.",
    f"{DOCS}/TLS/",
)
TLS_DEPENDS = Caveat(
    "TLS is in every build for ESP32 and in none of the official ones for ESP8266. It trusts Let's Encrypt (from 13.4.1.2 on) "
    "and Amazon, or a fingerprint (SetOption132 1, by hand).",
    "TLS est dans tous les micrologiciels pour ESP32 et dans aucun des officiels pour ESP8266. Il croit Let's Encrypt (depuis "
    "13.4.1.2) et Amazon, ou une empreinte (SetOption132 1, à la main).",
    f"{DOCS}/TLS/",
)
OPEN_WEB = Caveat(
    "Out of the box its web page asks for no password and answers anyone on the home's network; `WebPassword` sets one.",
    "Sorti de sa boîte, sa page web ne demande pas de mot de passe et répond à tout le réseau de la maison ; `WebPassword` en "
    "met un.",
    f"{DOCS}/Commands/#with-web-requests",
)
COUNTERS_CAN_BE_SET = Caveat(
    "EnergyTotal and EnergyToday set its counters: they can go back, and are said as they are.",
    "EnergyTotal et EnergyToday règlent ses compteurs : ils peuvent reculer, et sont dits tels quels.",
    f"{DOCS}/Commands/#energytotal",
)
OWN_WORDS = Caveat(
    "StateText can make it say other words than ON and OFF: they are refused, and its own words are pushed back.",
    "StateText peut lui faire dire autre chose que ON et OFF : ces mots sont refusés, et les siens lui sont rendus.",
    f"{DOCS}/Commands/#statetext",
)
OWN_BUILD = Caveat(
    "No official build reads the TIC: it runs a build of one's own. An upgrade from the official server takes its eyes away, so "
    "none is ever forced upon it.",
    "Aucun micrologiciel officiel ne lit la TIC : il tourne sur une compilation à soi. Une mise à jour depuis le serveur officiel "
    "le rendrait aveugle : elle n'est jamais forcée.",
    f"{DOCS}/Teleinfo/",
)
POWER_IS_APPARENT = Caveat(
    "The meter says apparent power only: ENERGY.Power is PAPP or SINSTS, in VA, taken for W by the firmware.",
    "Le compteur ne dit que la puissance apparente : ENERGY.Power est PAPP ou SINSTS, en VA, que le micrologiciel prend pour "
    "des W.",
    f"{DOCS}/Teleinfo/",
)
RAW_FRAMES = Caveat(
    "EnergyConfig Full or Changed adds a message per frame (every 1.5 s), with the TIC alone or only what changed of it. The mode "
    "(Historique, Standard) must be the meter's.",
    "EnergyConfig Full ou Changed ajoute un message par trame (toutes les 1,5 s), avec la TIC seule ou seulement ce qui en a "
    "changé. Le mode (Historique, Standard) doit être celui du compteur.",
    f"{DOCS}/Teleinfo/#raw-frame-going-outside-mqtt",
)
ONE_UNIT = Caveat(
    "One unit, several points: they share `topic`, each has its channel. Power and energy are the unit's and stand on its first "
    "channel; a unit that measures each relay says them as phases a, b, ...",
    "Une seule unité, plusieurs points : ils partagent `topic`, chacun a sa voie. Puissance et énergie sont celles de l'unité, sur "
    "sa première voie ; une unité qui mesure chaque relais les dit comme phases a, b, ...",
    f"{DOCS}/Commands/#power",
)
NO_VENDOR_PAGE = Caveat(
    "No vendor's page of it was found: that it says `xky/<id>/tele/SENSOR` is what sites do. Unverified.",
    "Aucune page du fabricant n'a été trouvée : qu'il parle sur `xky/<id>/tele/SENSOR` vient des sites. Non vérifié.",
    f"{DOCS}/Teleinfo/",
)
RELAYS = (PULSE_IS_INVERTED, A_QUESTION_DISARMS)
READERS = (OWN_BUILD, POWER_IS_APPARENT, RAW_FRAMES)
ALWAYS = (SEVEN_CUTS, OPEN_WEB, COUNTERS_CAN_BE_SET, OWN_WORDS)

# -- the types ------------------------------------------------------------------------------------------------------------

NOUS_A1T = DeviceType(
    id=112,
    name="nous_a1t_tasmota_v12",
    product="Nous A1T",
    vendor_url="https://nous.technology/product/a1t/de.html",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30),      # 300 s out of the box: TelePeriod 30 is pushed
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    templates={"topic": "{id}", "full_topic": "%prefix%/%topic%/"},
    fail_safe=FAIL_SAFE,
    human_name="Prise mesureuse Nous",
    carries_w=3680.0,
    letter="A",
    caveats=(*RELAYS, NO_TLS, *ALWAYS),
)
TELEINFO = DeviceType(
    id=211,
    name="teleinfo_tasmota_v12",
    product="TIC reader and relay on Tasmota",
    vendor_url=f"{DOCS}/Teleinfo/",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(minutes=5),
    silent_after=timedelta(minutes=15),
    answers_within=timedelta(seconds=5),
    templates={"topic": "{id}", "full_topic": "%prefix%/%topic%/"},
    fail_safe=FAIL_SAFE,
    human_name="Carte téléinfo et relais",
    letter="B",
    caveats=(*READERS, *RELAYS, TLS_DEPENDS, *ALWAYS),
)
ANY_PLUG = DeviceType(
    id=1210,
    name="any_plug_tasmota",
    product="Any plug or relay on Tasmota",
    vendor_url="https://templates.blakadder.com/",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),      # where it has no meter, it says no measures
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    outputs=8,
    templates={"topic": "{id}", "full_topic": "%prefix%/%topic%/"},
    fail_safe=FAIL_SAFE,
    human_name="Prise ou relais sous Tasmota",
    letter="A",
    caveats=(ONE_UNIT, *RELAYS, TLS_DEPENDS, *ALWAYS),
)
XKY = DeviceType(
    id=1212,
    name="xky_tic_tasmota",
    product="xKy TIC Wi-Fi reader",
    vendor_url=f"{DOCS}/Teleinfo/",
    capabilities=frozenset({Capability.METER}),
    publishes_every=timedelta(minutes=5),
    silent_after=timedelta(minutes=15),
    answers_within=timedelta(seconds=5),
    outputs=0,
    templates={"topic": "{id}", "full_topic": "xky/%topic%/%prefix%/"},      # of the sites that have it; unverified
    human_name="Lecteur de téléinfo Wi-Fi",
    letter="X",
    caveats=(NO_VENDOR_PAGE, *READERS, TLS_DEPENDS, *ALWAYS),
)
TYPES = {each.id: each for each in (NOUS_A1T, TELEINFO, ANY_PLUG, XKY)}
READS_TIC = frozenset({TELEINFO.id, XKY.id})
