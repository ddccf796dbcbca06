"""The words of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "# The catalogue of device types",
        "intro": "Generated from the installed drivers by `python -m elfe.app.catalogue`: change a driver, not this. Topics are\n"
                 "those of an example device; payloads are what its twin says. The monthly volume on a 4G modem is that of the\n"
                 "twin's quiet day: topic, payload and 84 bytes of MQTT, TCP and IP each. The annex's tables, of every type, are\n"
                 "also a workbook, [topics_et_ordres_mqtt.ods](topics_et_ordres_mqtt.ods).",
        "annex": "The annex's tables", "type": "type", "product": "product", "period": "publishes every", "silence": "lost after",
        "outputs": "outputs", "vendor": "vendor", "page": "page", "says_on": "says on", "what": "what", "example": "example",
        "command": "command", "payload": "payload", "empty": "(empty)", "on": "on", "off": "off", "press": "press",
        "render": "show", "query": "ask", "capabilities": "can", "switch": "switch", "meter": "measure electricity",
        "ambient": "measure the room", "screen": "show and be tapped", "acknowledged": "acknowledged by, within",
        "presence": "known to be there by", "LAST_WILL": "its last will, then its silence", "SILENCE": "its silence alone",
        "SLEEPS": "its reports: it sleeps between them", "fail_safe": "fail-safe", "no_fail_safe": "none: nothing to return to",
        "on_state": "on", "off_state": "off", "at_power_up": "at its next power-up only", "after": "after",
        "refresh": "the opposite is repeated in time", "settings": "settings", "by_hand": "by hand", "reads_back": "reads back",
        "firmware": "firmware", "no_firmware": "out of our reach", "read": "read", "forced": "forced", "cable": "cable",
        "volume": "a month on 4G", "mb": "MB", "SAYS": "–", "PRESENCE": "presence", "ANSWERS": "answers to our requests",
        "identity": "Identity and roots", "identity_columns": "nom|example|roots",
        "measures": "Measures", "measures_columns": "topic|quantities|period",
        "orders": "Commands", "orders_columns": "command|topic|payload",
        "states": "States and answers", "states_columns": "control topic|command topic|acknowledged by|within",
        "will": "Last wills", "will_columns": "topic|presence|lost after",
        "config": "Configuration", "config_columns": "settings|fail-safe",
    },
    "fr": {
        "title": "# Le catalogue des équipements domotiques",
        "intro": "Généré à partir des pilotes installés par `python -m elfe.app.catalogue` : c'est le pilote qu'on change,\n"
                 "pas cette page. Les topics sont ceux d'un équipement d'exemple, les messages ceux de son jumeau. Le volume\n"
                 "mensuel sur un modem 4G est celui d'une journée calme du jumeau : topic, message et 84 octets de MQTT, TCP\n"
                 "et IP chacun. Les tableaux de l'annexe, pour tous les types, sont aussi un classeur,\n"
                 "[topics_et_ordres_mqtt.ods](topics_et_ordres_mqtt.ods).",
        "annex": "Les tableaux de l'annexe", "type": "type", "product": "équipement", "period": "publie toutes les",
        "silence": "perdu après", "outputs": "sorties", "vendor": "constructeur", "page": "page", "says_on": "publie sur",
        "what": "quoi", "example": "exemple", "command": "ordre", "payload": "message", "empty": "(vide)", "on": "marche",
        "off": "arrêt", "press": "appui", "render": "affichage", "query": "question", "capabilities": "sait", "switch": "commuter",
        "meter": "mesurer l'électricité", "ambient": "mesurer la pièce", "screen": "afficher et être touché",
        "acknowledged": "confirmé par, en moins de", "presence": "présence connue par",
        "LAST_WILL": "son testament, puis son silence",
        "SILENCE": "son silence seul", "SLEEPS": "ses rapports : il dort entre deux", "fail_safe": "repli sans le centre",
        "no_fail_safe": "aucun : rien à rétablir", "on_state": "marche", "off_state": "arrêt",
        "at_power_up": "au prochain retour du courant seulement", "after": "après",
        "refresh": "l'état contraire est répété à temps",
        "settings": "réglages", "by_hand": "à la main", "reads_back": "relus :", "firmware": "micrologiciel",
        "no_firmware": "hors de portée", "read": "lu", "forced": "forcé", "cable": "câble", "volume": "par mois en 4G", "mb": "Mo",
        "SAYS": "–", "PRESENCE": "présence", "ANSWERS": "réponses à nos demandes",
        "identity": "Identités et racines", "identity_columns": "nom|exemple|racines",
        "measures": "Mesures", "measures_columns": "topic|grandeurs|période",
        "orders": "Ordres", "orders_columns": "ordre|topic|message",
        "states": "États et confirmations", "states_columns": "topic de contrôle|topic de commande|confirmé par|délai",
        "will": "Testaments", "will_columns": "topic|présence|perdu après",
        "config": "Réglages et repli", "config_columns": "réglages|repli",
    },
}
