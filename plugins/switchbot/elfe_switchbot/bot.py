"""SwitchBot Bot, a finger that presses a button, behind SwitchBot-MQTT-BLE-ESP32 v7.

https://github.com/devWaves/SwitchBot-MQTT-BLE-ESP32

The bot runs on a coin cell and speaks Bluetooth; an ESP32 of the home is its gateway to MQTT, for several bots. The gateway
has the last will, the queue and the retries; the bot has neither clock of ours nor fail-safe: a finger that presses by itself
would start a machine that nobody filled.
"""

from datetime import timedelta

from elfe.devices import Capability, Caveat, DeviceType

GATEWAY = "https://github.com/devWaves/SwitchBot-MQTT-BLE-ESP32"
SKETCH = f"{GATEWAY}/blob/8faf36e8ea33aa7e822681cbb2d8a2284fbd9eee/Arduino%20IDE%20Files/SwitchBot-BLE2MQTT-ESP32.ino"      # v7.1
BLUETOOTH = "https://github.com/OpenWonderLabs/SwitchBotAPI-BLE/blob/latest/devicetypes/bot.md"

CAVEATS = (
    Caveat("The gateway queues up to 50 orders without an expiry, scans for up to 60 s, tries about 60 times to connect and "
           "tries again when the bot is busy: a press may come minutes late, and after we have given it up.",
           "La passerelle met en file jusqu'à 50 ordres sans limite de durée, cherche jusqu'à 60 s, tente une soixantaine de "
           "connexions et recommence si le doigt est occupé : un appui peut venir des minutes après, quand on n'y croyait plus.",
           GATEWAY),
    Caveat("It may press twice: an order that was written over Bluetooth and seems not to be is written again. The "
           "gateway does not repeat a press that got no answer (retryBotActionNoResponse = false): leave it so.",
           "Il peut appuyer deux fois : un ordre écrit en Bluetooth qui semble ne pas l'être est réécrit. La passerelle ne répète "
           "pas un appui resté sans réponse (retryBotActionNoResponse = false) : n'y touchez pas.",
           SKETCH),
    Caveat("Success says that the arm moved, not that the machine started: only its measured power tells. And it names the "
           "command, not who gave it: a PRESS of another program is answered by the same words.",
           "Le succès dit que le bras a bougé, pas que la machine est partie : seule sa puissance mesurée le dit. Et il nomme la "
           "commande, pas son auteur : le PRESS d'un autre programme reçoit les mêmes mots.",
           GATEWAY),
    Caveat("There is no fail-safe and must be none: a press that nobody asked for starts a machine. When the centre is silent, "
           "a person presses the button, which the bot does not prevent.",
           "Il n'y a pas de repli automatique, et il n'en faut pas : un appui que personne n'a demandé démarre une machine. Quand "
           "le centre se tait, on appuie soi-même sur le bouton ; le doigt ne l'empêche pas.",
           GATEWAY),
    Caveat("Presence is the gateway's: it is online with a bot whose battery is dead or who fell off. The bot's own word comes "
           "with a scan, every 30 minutes; the 10 minutes of the gateway's settings only bind while it scans for other sensors.",
           "La présence est celle de la passerelle : elle est en ligne même si la pile du doigt est vide ou s'il est tombé. Le "
           "doigt lui-même n'est entendu qu'à chaque balayage, toutes les 30 minutes ; les 10 minutes de ses réglages ne valent "
           "que lorsqu'elle balaie pour d'autres capteurs.",
           SKETCH),
    Caveat("The gateway subscribes at QoS 0 with a clean session: an order sent while it is away is lost, never late. Several "
           "gateways need several hosts; out of the box each is switchbot/esp32.",
           "La passerelle s'abonne en QoS 0, sans session : un ordre envoyé en son absence est perdu, jamais en retard. "
           "Plusieurs passerelles veulent plusieurs noms ; d'usine, chacune est switchbot/esp32.",
           SKETCH),
    Caveat("What cannot be linked to a bot (errorQueueFull, errorJSONValue, errorJSONDevice) is said on the gateway's own "
           "topic, which its neighbours share: to us such an order has no answer, and ends at its deadline.",
           "Ce qui n'est lié à aucun doigt (errorQueueFull, errorJSONValue, errorJSONDevice) est dit sur le topic de la "
           "passerelle, commun aux voisins : un tel ordre reste sans réponse et s'éteint à son échéance.",
           SKETCH),
    Caveat("Its password, Bluetooth addresses, scan periods and retries are compiled into the gateway: MQTT sets the mode and "
           "the hold only. With the wrong password the bot fails with 7, 8 or 9.",
           "Mot de passe, adresses Bluetooth, périodes de balayage et reprises sont compilés dans la passerelle : MQTT ne règle "
           "que le mode et la durée d'appui. Avec un mauvais mot de passe, le doigt échoue avec 7, 8 ou 9.",
           BLUETOOTH),
    Caveat("Timers that were set in the vendor's app live in the bot and press by themselves: settings says how many "
           "(timers), only the app removes them.",
           "Les minuteries créées dans l'application du fabricant vivent dans le doigt et appuient seules : settings dit combien "
           "(timers), seule l'application les supprime.",
           GATEWAY),
    Caveat("A battery of 1 % is the gateway's own figure for one too weak to press.",
           "Une pile à 1 % est le chiffre que met la passerelle pour une pile trop faible pour appuyer.",
           SKETCH),
)

BOT = DeviceType(
    id=311,
    name="switchbot_mqtt2ble_v7",
    product="SwitchBot Bot behind SwitchBot-MQTT-BLE-ESP32 v7",
    vendor_url=GATEWAY,
    capabilities=frozenset({Capability.PRESS}),
    publishes_every=timedelta(minutes=30),      # defaultBotActiveScanSecs
    silent_after=timedelta(minutes=90),
    answers_within=timedelta(seconds=120),      # a scan and its connections; the first engine gave it 5 s
    templates={"gateway": "switchbot/{hardware_id}", "bot": "{id}", "hold": ""},
    parent="gateway",
    human_name="Doigt robot SwitchBot",
    letter="C",
    caveats=CAVEATS,
)
