"""Who may say and hear what on the broker: one account per connecting unit and per service, and the rights of each. Pure.

A unit is what opens a connection: a plug, a PLC with eight outputs, a gateway with the bots behind it. Its account is named
after its first installation point, or after its gateway, is its client id too (`use_username_as_clientid`), and may touch its
own topics alone. A service is trusted with the shapes of the topics of the installed types, never with `#`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from attrs import frozen
from paho.mqtt.client import topic_matches_sub

from elfe.broker.session import DROPPED
from elfe.devices.drivers import Driver
from elfe.devices.values import Capability, Device, Role, Topics

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""A name that may stand in a topic, an ACL line and a file's name."""
SERVICES_GROUP = "elfe"
TERRITORY_ACCOUNT, SCREENS_ACCOUNT = "elfe-territory", "elfe-screens"


@frozen
class Account:
    """One account: what it may hear (`reads`) and say (`writes`), as topic filters, and whom it belongs to."""

    username: str
    group: str                     # the participant's reference, or `elfe` for a service
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@frozen
class Placed:
    """A device in somebody's home, with its driver."""

    device: Device
    driver: Driver
    participant: str

    @property
    def topics(self) -> Topics:
        """Where it listens and what it says where."""
        return self.driver.build_topics(self.device)


# -- units ----------------------------------------------------------------------------------------------------------------


def unit_accounts(placed: Iterable[Placed]) -> tuple[list[Account], list[str]]:
    """An account per connecting unit, by name; and in words which cannot have one."""
    units: dict[str, list[Placed]] = defaultdict(list)
    problems: list[str] = []
    for (key, members) in _units(placed).items():
        name = _name(key, members)
        owners = sorted({each.participant for each in members})
        points = ", ".join(each.device.id for each in members)
        if not NAME.fullmatch(name):
            problems.append(f"{points}: {name!r} cannot be an account's name (letters, digits, « _ . - », at most 64)")
        elif name in units:
            problems.append(f"{points}: the account {name} is already that of "
                            f"{', '.join(each.device.id for each in units[name])}; rename one of the gateways")
        elif len(owners) > 1:
            problems.append(f"{points}: one unit at several participants ({', '.join(owners)})")
        else:
            units[name] = members
    return [_account(name, members) for name, members in sorted(units.items())], problems


def account_names(placed: Iterable[Placed]) -> dict[str, str]:
    """The account with which each device connects: installation point → name."""
    return {each.device.id: _name(key, members) for key, members in _units(placed).items() for each in members}


def _name(key: tuple[str, ...], members: list[Placed]) -> str:
    return key[1] if key[0] == "gateway" else min(each.device.id for each in members)


def _units(placed: Iterable[Placed]) -> Mapping[tuple[str, ...], list[Placed]]:
    units: dict[tuple[str, ...], list[Placed]] = defaultdict(list)
    for each in placed:
        units[_unit(each)].append(each)
    return units


def _unit(placed: Placed) -> tuple[str, ...]:
    type_, templates = placed.driver.type, placed.device.templates
    if type_.parent:
        return "gateway", templates[type_.parent].rstrip("/").rpartition("/")[2]
    return "unit", str(type_.id), *(text for item in sorted(templates.items()) for text in item)


def _account(name: str, members: list[Placed]) -> Account:
    reads = {topic for each in members for topic in _reads(each.topics)}
    writes = {topic for each in members for topic in _writes(each)}
    return Account(name, members[0].participant, _compact(reads), _compact(writes))


def _reads(topics: Topics) -> tuple[str, ...]:
    return topics.reads or ((topics.command,) if topics.command else ())


def _writes(placed: Placed) -> Iterator[str]:
    """What it says, and its answers to whoever of us asks: the topic names the asker, and this device alone."""
    topics = placed.topics
    yield from topics.writes or (topic for topic, role in topics.listen.items() if role is not Role.ANSWERS)
    yield from (topic.replace(placed.device.reply_to, f"elfe/+/{placed.device.id}", 1)
                for topic, role in topics.listen.items() if role is Role.ANSWERS)


# -- services ---------------------------------------------------------------------------------------------------------------


@frozen
class Service:
    """What a service needs of the broker. `asks`: as whom it gets answers, elfe/<asks>/<device>/...; `+`: as anybody."""

    name: str
    hears: frozenset[Role] = frozenset()
    commands: Callable[[Driver], bool] = lambda driver: False
    overhears: bool = False        # what is commanded, by whomever
    asks: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    of: Callable[[Driver], bool] = lambda driver: True
    """Whose words it hears."""


SAID = frozenset({Role.SAYS, Role.PRESENCE})
PORTAL, INDICATORS = "viriya/update/+", "INDICATEURS/#"


def services(instance: str, engines: Iterable[str], sources: Iterable[str] = ()) -> tuple[Service, ...]:
    """The services of the documentation's table, and ours. `instance`: this territory's own word; `engines`: as whom each command
    engine speaks, of those that share its homes; `sources`: topics on which somebody says what the territory makes.
    """
    every = _every
    return (
        *(Service(f"elfe-command-{each}", SAID, every, overhears=True, asks=each, reads=(PORTAL,)) for each in engines),
        Service(f"elfe-recorder-{instance}", SAID, reads=(INDICATORS, DROPPED)),
        Service("elfe-hand", SAID, every, asks="hand"),
        Service("elfe-doctor", reads=("elfe/doctor",), writes=("elfe/doctor",)),
        Service("elfe-watch", SAID, overhears=True, asks="+"),
        Service(TERRITORY_ACCOUNT, commands=_shows, reads=(INDICATORS, *sources), writes=(INDICATORS,)),
        Service(SCREENS_ACCOUNT, SAID, _shows, reads=(PORTAL,), writes=("viriya/update/+", "INDICATEURS/refresh"), of=_shows),
        Service("zabbix", SAID, reads=(INDICATORS,)),
        Service("viriya", writes=(PORTAL,)),
        Service("elfe-portal", writes=(PORTAL,)),
        Service("node-red", commands=_shows, reads=(INDICATORS,), writes=(INDICATORS,)),
    )


def _every(driver: Driver) -> bool:
    return driver.encode_command is not None


def _shows(driver: Driver) -> bool:
    return driver.type.can(Capability.SCREEN)


def service_accounts(wanted: Iterable[Service], placed: Iterable[Placed]) -> list[Account]:
    """Their accounts: rights in the shape of the topics of what is installed."""
    placed = tuple(placed)
    return [Account(each.name, SERVICES_GROUP, _compact(_heard(each, placed)), _compact(_told(each, placed)))
            for each in wanted]


def _heard(service: Service, placed: tuple[Placed, ...]) -> set[str]:
    said = {topic for each in _shapes(placed) if service.of(each.driver)
            for topic, role in each.topics.listen.items() if role in service.hears}
    answers = {topic.replace(each.device.reply_to, f"elfe/{service.asks}/+", 1)
               for each in placed for topic, role in each.topics.listen.items() if role is Role.ANSWERS and service.asks}
    overheard = {topic for each in _shapes(placed) if service.overhears for topic in _reads(each.topics)}
    return said | answers | overheard | set(service.reads)


def _told(service: Service, placed: tuple[Placed, ...]) -> set[str]:
    told = {topic for each in _shapes(placed) if service.commands(each.driver) for topic in _reads(each.topics)}
    return told | set(service.writes)


SENTINEL = "9zq9"


def _shapes(placed: tuple[Placed, ...]) -> Iterator[Placed]:
    """What stands for all devices of a type: one whose id and hardware id are a wildcard; then those of another shape."""
    for driver in {each.driver.type.id: each.driver for each in placed}.values():
        for channel in range(max(1, driver.type.outputs)):
            yield Placed(driver.device(SENTINEL, SENTINEL, channel=channel), driver, "")
    for each in placed:
        names = {"id": each.device.id, "hardware_id": each.device.hardware_id or each.device.id}
        usual = {name: text.format_map(names) for name, text in each.driver.type.templates.items()}
        if dict(each.device.templates) != usual:
            yield each


def _compact(filters: Iterable[str]) -> tuple[str, ...]:
    """The filters with their wildcards, without those that another one covers."""
    shaped = {_wild(each) for each in filters}
    wide = {each for each in shaped if "+" in each or "#" in each}
    return tuple(sorted(each for each in shaped if not any(each != other and _covers(other, each) for other in wide)))


def _wild(topic: str) -> str:
    return "/".join("+" if SENTINEL in level else level for level in topic.split("/"))


def _covers(wide: str, narrow: str) -> bool:
    """Whether every topic of the narrow filter is one of the wide one's."""
    return topic_matches_sub(wide, narrow.replace("+", "plus").replace("#", "many/more")) and (
        wide.endswith("#") or not narrow.endswith("#"))
