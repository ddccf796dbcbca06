"""Socorel PLC with eight independent outputs, each a point of its own on one root, `Socorel/<serial>`.

No vendor's documentation of its topics was found (2026-11): what stands here is what the ELFE project used in 2023, and
UNVERIFIED on a unit. It cannot be set over MQTT as far as we know, so nothing is pushed to it, fail-safe included.
"""

from datetime import timedelta

from elfe.devices import Capability, Caveat, DeviceType, PresenceBy

FIRST_ENGINE = "https://github.com/Energies-citoyennes-en-Pays-de-Vilaine/commande"      # its device_socorel.py
# PA1MN in kW among the labels of an ICE meter; how a meter's number reads: maker, year, type, number, at www.capfile.com
METERS = ("https://github.com/Watteco/Codec-Report-Standard-Javascript/blob/0c93f2f0a900846c28eddbcd034c9a12c5a69efc/"
          "decodeZCLAvecTIC.js")

CAVEATS = (
    Caveat("Unverified: no vendor's documentation of this PLC was found. Topics, payloads and periods are those that the ELFE "
           "project used in 2023.",
           "Non vérifié : aucune documentation du fabricant n'a été trouvée. Topics, messages et périodes sont ceux que le projet "
           "ELFE employait en 2023.",
           FIRST_ENGINE),
    Caveat("It says its outputs in two forms, and we read both: EtatSorties, eight characters of which the n-th is output n, and "
           "EtatSortie1 to EtatSortie8. Which of them a site's PLC says, and how often, is unverified.",
           "Il dit ses sorties de deux façons, lues toutes deux : EtatSorties, huit caractères dont le n-ième est la sortie n, et "
           "EtatSortie1 à EtatSortie8. Laquelle dit l'automate d'un site, et à quel rythme, n'est pas vérifié.",
           FIRST_ENGINE),
    Caveat("PA1MN is the power of the whole PLC or of its site, never of one output: it is kept once, with the point of output 1, "
           "as register « automate », and proves no order. Without a point on output 1 nobody keeps it.",
           "PA1MN est la puissance de tout l'automate ou de son site, jamais d'une sortie : elle est gardée une fois, au point "
           "de la sortie 1, sous le registre « automate », et ne prouve aucun ordre. Sans point sur la sortie 1, elle est perdue.",
           FIRST_ENGINE),
    Caveat("The unit of PA1MN is a guess: W. It is also the label of the average active power over a minute, in kW, in the "
           "customer's output of large French meters (ICE), and the serial 031636408854 reads as the number of such a meter "
           "(maker 03, year 16, type 36 PME-PMI). Where it is so, the topic data say power_unit=kW.",
           "L'unité de PA1MN est supposée : W. C'est aussi l'étiquette de la puissance active moyenne d'une minute, en kW, à la "
           "sortie client des gros compteurs (ICE), et le numéro 031636408854 se lit comme celui d'un tel compteur (fabricant "
           "03, année 16, type 36 PME-PMI). Si c'est le cas, mettre power_unit=kW dans la colonne topics.",
           METERS),
    Caveat("Under `mode` = manuel, capitals or not, a person has taken all eight outputs over at its screen and orders have no "
           "effect; any other word gives them back. What is no word (empty, a figure) changes nothing. Whether mode is retained "
           "or repeated is unverified.",
           "Avec `mode` = manuel, en majuscules ou non, quelqu'un a pris la main sur les huit sorties à l'écran et les ordres "
           "sont sans effet ; tout autre mot les rend. Ce qui n'est pas un mot (vide, un chiffre) ne change rien. Que mode soit "
           "conservé par le courtier ou répété n'est pas vérifié.",
           FIRST_ENGINE),
    Caveat("It has no last will: it is there while it speaks, and lost after 90 s of silence, three of its periods.",
           "Il n'a pas de testament : il est là tant qu'il parle, et perdu après 90 s de silence, trois de ses périodes.",
           FIRST_ENGINE),
    Caveat("No question that it answers is known: after a silence of ours its state is known within its period of 30 s.",
           "On ne lui connaît pas de question : après un silence de notre part, son état est connu au bout de sa période de 30 s.",
           FIRST_ENGINE),
    Caveat("No fail-safe is known, and no setting that could be pushed: its outputs are expected to stay as they are when the "
           "centre is silent, until somebody sets it to manual. What must not stay off belongs behind another relay, or needs a "
           "timer in the PLC's own program.",
           "On ne lui connaît ni repli, ni réglage à distance : quand le centre se tait, ses sorties restent sans doute en "
           "l'état, jusqu'à ce qu'on le passe en manuel. Ce qui ne doit pas rester coupé se met derrière un autre relais, ou "
           "veut une temporisation dans le programme de l'automate.",
           FIRST_ENGINE),
)

AUTOMATE = DeviceType(
    id=811,
    name="socorel_automate_v0",
    product="Socorel PLC, eight outputs",
    vendor_url=FIRST_ENGINE,                    # unverified: no vendor's page was found
    capabilities=frozenset({Capability.SWITCH}),
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=30),       # the first engine waited 15 s for ON, 30 s for OFF
    presence_by=PresenceBy.SILENCE,
    outputs=8,
    templates={"root": "Socorel/{hardware_id}", "power_unit": "W"},
    human_name="Sortie d'automate Socorel",
    letter="S",
    caveats=CAVEATS,
)
