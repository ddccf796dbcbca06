"""M5Stack Core2 with openHASP, the ELFI screen: https://www.openhasp.com/latest/hardware/m5stack/core2/

A 320 × 240 touch screen on an ESP32. Its pages are a file on its own flash; elfe changes the items that stand in them.
"""

from datetime import timedelta

from elfe.devices import Capability, Caveat, DeviceType

SOURCE = "https://github.com/HASwitchPlate/openHASP/blob/master"
DOCS = "https://www.openhasp.com/latest"

CAVEATS = (
    Caveat("A screen that restarts has forgotten what it showed, and nothing is kept for one that was away, since it subscribes "
           "at QoS 0: it is drawn again whenever it says online.",
           "Un écran qui redémarre a oublié ce qu'il affichait, et rien n'est gardé pour un écran absent, car il s'abonne en "
           "QoS 0 : il est redessiné chaque fois qu'il s'annonce en ligne.",
           f"{SOURCE}/src/mqtt/hasp_mqtt_esp.cpp"),
    Caveat("An item that is not in the screen's own pages is ignored without a word, unless the line says which object it is.",
           "Un élément absent des pages de l'écran est ignoré sans un mot, sauf si la ligne dit de quel objet il s'agit.",
           f"{DOCS}/design/pages/"),
    Caveat("A packet of more than 2048 bytes is dropped (0.6) or cut (0.7), and a line that needs more than 1152 bytes of "
           "memory stops all the lines after it: longer texts are cut by elfe, with three dots.",
           "Un paquet de plus de 2048 octets est ignoré (0.6) ou coupé (0.7), et une ligne qui demande plus de 1152 octets de "
           "mémoire arrête toutes les suivantes : elfe coupe les textes trop longs, avec trois points.",
           f"{DOCS}/commands/global/#jsonl"),
    Caveat("The built-in font is Latin 1 without guillemets, curly quotes, dashes or an ellipsis: elfe sends their plain "
           "likenesses. A # in a label or on a button begins a colour.",
           "La police intégrée est en Latin 1 sans guillemets, apostrophe courbe, tirets ni points de suspension : elfe envoie "
           "leurs équivalents simples. Un # dans une étiquette ou sur un bouton commence une couleur.",
           f"{DOCS}/design/characters/"),
    Caveat("Topics are case-sensitive and the screen uses its hostname as it was typed: elfe types it in lower case, G002 is "
           "hasp/g002.",
           "Les topics distinguent les majuscules, et l'écran garde son nom tel qu'il a été saisi : elfe le saisit en "
           "minuscules, G002 est hasp/g002.",
           f"{DOCS}/commands/configuration/#hostname"),
    Caveat("It speaks no TLS, and whoever may publish under its command topic can send it to another broker: it needs a "
           "listener without TLS and an access list per household.",
           "Il ne parle pas TLS, et qui peut publier sous son topic de commande peut l'envoyer vers un autre broker : il lui "
           "faut un port sans TLS et des droits par foyer.",
           f"{DOCS}/commands/configuration/"),
    Caveat("What is set over MQTT is in force at once, and kept over a power cut only after the command reboot.",
           "Un réglage envoyé par MQTT agit aussitôt, mais ne survit à une coupure qu'après la commande reboot.",
           f"{DOCS}/commands/system/#reboot-or-restart"),
    Caveat("The partitions of 0.7 are others: a screen on 0.6 goes to 0.7 by cable only, never over the air.",
           "Les partitions de la 0.7 sont différentes : un écran en 0.6 passe en 0.7 par câble seulement, jamais à distance.",
           f"{DOCS}/firmware/firmware-update/"),
)

CORE2 = DeviceType(
    id=711,
    name="m5stackcore2_openhasp_v0",
    product="M5Stack Core2 with openHASP",
    vendor_url=f"{DOCS}/hardware/m5stack/core2/",
    capabilities=frozenset({Capability.SCREEN}),
    publishes_every=timedelta(minutes=5),       # its telemetry, `config/debug {"tele":300}`
    silent_after=timedelta(minutes=15),
    answers_within=timedelta(seconds=5),
    templates={"node": "hasp/{id}"},
    human_name="Écran ELFI",
    letter="G",
    everybody={"node": "hasp/broadcast"},       # HASP_USE_BROADCAST of include/hasp_conf.h, on by default
    caveats=CAVEATS,
)
