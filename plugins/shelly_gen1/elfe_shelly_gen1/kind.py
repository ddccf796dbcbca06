"""What tells one model of the first generation from the next, and the settings of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, urlencode

from attrs import field, frozen

from elfe.devices import Caveat, ConfigPush, Device, DeviceType, HttpGet, LegacyTopics, Presence, Setting
from elfe_shelly_gen1 import codec

DOCS = "https://shelly-api-docs.shelly.cloud/gen1"


@frozen
class Settings:
    """What devices are set to, over the local network."""

    update_period_s: int = field(default=30, metadata={"from": 1, "to": 45})
    """How often a plug publishes. Not more: after 90 s of silence it is taken for lost."""
    auto_on_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per plug. Not less: the command engine repeats an OFF in time for this much."""
    report_c: float = field(default=0.5, metadata={"from": 0.5, "to": 15})     # a change that wakes a thermometer; factory 1 °C
    report_rh: float = field(default=10.0, metadata={"from": 1, "to": 100})    # the same in %RH; factory 5, which costs battery
    restart: bool = False
    """Whether a push to a plug ends with a restart, which a changed period waits for. Its relay takes its power-up state."""


@frozen
class Wanted:
    """One parameter of one path, and the setting as which it is read back."""

    path: str
    parameter: str
    value: str | int | float | bool = field(repr=False)      # a password may be among them
    reads_as: str = ""             # empty: never read back


@frozen
class Stone:
    """A stepping stone: firmware below `below` goes there first."""

    below: tuple[int, ...]
    path: str
    brings: str


@frozen
class Kind:
    """A model: what it says where, and how it is set."""

    type: DeviceType
    model: str                                     # as it names itself in `/shelly`
    says: Mapping[str, codec.Decoder]              # by topic under its root
    listen: tuple[str, ...]                        # those of them that tell us something
    answers: Mapping[str, codec.Decoder]           # by path
    presences: Mapping[str, Presence]
    columns: LegacyTopics                          # of the first command engine, under its root; `aucun` where none
    hand_filled: str                               # a pattern: what hands write in those columns, under its root
    wants: Callable[[Device, Settings], Iterable[Wanted]]
    command: str = ""                              # under its root; empty: it takes no order
    stones: tuple[Stone, ...] = ()


def ask(path: str, **parameters: str | int | float | bool) -> HttpGet:
    """A path and its parameters. A space as %20, which no firmware can take for a plus; true as 1, false as 0."""
    if not parameters:
        return HttpGet(path)
    said = {name: int(value) if isinstance(value, bool) else value for name, value in parameters.items()}
    return HttpGet(f"{path}?{urlencode(said, quote_via=quote, safe='')}")


def push(model: str, wanted: Iterable[Wanted], then: tuple[HttpGet, ...] = ()) -> ConfigPush:
    """One step per path, in order; all of it is read back in `/settings`, which also tells that it is the right model."""
    rows = tuple(wanted)
    paths = dict.fromkeys(row.path for row in rows)
    return ConfigPush(
        steps=(*(ask(path, **{row.parameter: row.value for row in rows if row.path == path}) for path in paths), *then),
        read_back=(ask("/settings"),),
        expects=(Setting("device.type", model),
                 *(Setting(row.reads_as, codec.shown(row.value)) for row in rows if row.reads_as)),
    )


# -- what one would not guess, of every model -------------------------------------------------------------------------------

NO_TLS = Caveat(
    "It speaks no TLS: its account's password passes in clear on the way to the broker. Only within a tunnel or a network "
    "of one's own.",
    "Il ne parle pas TLS : le mot de passe de son compte passe en clair jusqu'au courtier. Uniquement dans un tunnel ou sur un "
    "réseau à soi.",
    f"{DOCS}/#mqtt-configuration",
)
HTTP_ONLY = Caveat(
    "It is set over HTTP only, on the home's own network: the centre can neither read its settings back nor renew them.",
    "Il ne se règle que par HTTP, depuis le réseau du foyer : le centre ne peut ni relire ses réglages ni les renouveler.",
    f"{DOCS}/#mqtt-support",
)
AFTER_A_RESTART = Caveat(
    "MQTT settings, its period included, are in force after a restart only.",
    "Les réglages MQTT, période comprise, ne valent qu'après un redémarrage.",
    f"{DOCS}/#mqtt-configuration",
)
ITS_TOPIC = Caveat(
    "Its topic is shellies/ and its MQTT id, always. The id can be changed over HTTP (mqtt_id, at most 25 characters); firmware "
    "1.5.0 has no such setting, and its topic is its hardware id.",
    "Son topic est shellies/ suivi de son identifiant MQTT, toujours. L'identifiant se change par HTTP (mqtt_id, 25 caractères "
    "au plus) ; le micrologiciel 1.5.0 n'a pas ce réglage, et son topic est son identifiant matériel.",
    f"{DOCS}/#settings",
)
NOTHING_IS_RETAINED = Caveat(
    "Unless mqtt_retain is set, which its vendor advises against, nothing is retained, not even online: who connects later "
    "has to ask, or wait for its period.",
    "Sauf réglage mqtt_retain, que le fabricant déconseille, le courtier ne conserve rien, pas même online : qui se connecte "
    "après doit demander, ou attendre sa période.",
    f"{DOCS}/#availability-and-announces",
)
OPEN_PAGE = Caveat(
    "Its web page has no password until one is set (/settings/login), and with one elfe's local steps need it too.",
    "Sa page web n'a pas de mot de passe tant qu'on n'en met pas (/settings/login) ; avec, les étapes locales d'elfe le demandent "
    "aussi.",
    f"{DOCS}/#settings-login",
)
ALWAYS = (HTTP_ONLY, NO_TLS, ITS_TOPIC, AFTER_A_RESTART, NOTHING_IS_RETAINED, OPEN_PAGE)
