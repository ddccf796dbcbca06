"""How far a driver is to be trusted: a scale of four levels, each rule with what to do to keep it. Pure.

A driver states its level in a `quality.toml` beside its `pyproject.toml`, what no machine can see under `[proved]` (a sentence
with its date), and what does not apply to it under `[exempt]`, each with a reason:

    level = "gold"

    [proved]
    fuzz = "1,000,000 payloads, 2026-11-23"

    [exempt]
    onboard = "a PLC is set up by its integrator; no protocol of its vendor is known"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum

from attrs import field, frozen

from elfe.devices.drivers import Driver
from elfe.devices.values import Capability, Device, PresenceBy

DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
FEW_MESSAGES = 10


class Level(IntEnum):
    """A level holds when every rule of it, and of those below, is kept or exempt."""

    NONE = 0
    BRONZE = 1       # it works as the contract says
    SILVER = 2       # whoever installs and operates it finds what they need
    GOLD = 3         # complete, and read by others
    PLATINUM = 4     # proved on real hardware


@frozen
class Looked:
    """All that is looked at of a plugin."""

    drivers: tuple[Driver, ...]
    broken: tuple[str, ...]                      # the rules of the conformance kit that it breaks
    readme: str
    messages: int                                # real messages in its own tests, beside the kit
    proved: Mapping[str, str] = field(factory=dict)
    exempt: Mapping[str, str] = field(factory=dict)
    claims: Level = Level.NONE


@frozen
class Rule:
    """One fact about a driver."""

    name: str
    level: Level
    fact: str
    to_do: str
    holds: Callable[[Looked], bool]


@frozen
class Verdict:
    """What became of a rule: kept, exempt with its reason, or missing."""

    rule: Rule
    kept: bool
    exempt: str = ""

    @property
    def good(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.kept or bool(self.exempt)


def _each(holds: Callable[[Driver], bool]) -> Callable[[Looked], bool]:
    return lambda looked: bool(looked.drivers) and all(holds(driver) for driver in looked.drivers)


def _proved(name: str) -> Callable[[Looked], bool]:
    return lambda looked: bool(DATED.search(looked.proved.get(name, "")))


def _switches(driver: Driver) -> bool:
    return driver.type.can(Capability.SWITCH)


def _has_rights(driver: Driver) -> bool:
    topics = driver.build_topics(Device("Z001", driver.type.id, "ABCDEF", driver.device("Z001", "ABCDEF").templates))
    return bool(topics.writes) and bool(topics.reads or not topics.command)


def _reads_back(driver: Driver) -> bool:
    return driver.push_config is not None and driver.settings is not None


RULES: tuple[Rule, ...] = (
    Rule("conformance", Level.BRONZE, "it keeps every rule of the conformance kit",
         "run its tests: `elfe plugin check` names the rules that it breaks", lambda looked: not looked.broken),
    Rule("twin", Level.BRONZE, "every type has a twin", "write `simulate`", _each(lambda driver: driver.simulate is not None)),
    Rule("vendor", Level.BRONZE, "every type links its vendor's page", "fill `vendor_url` with an https address",
         _each(lambda driver: driver.type.vendor_url.startswith("https://"))),
    Rule("readme", Level.BRONZE, "its README tells what it drives", "write a README.md of some lines",
         lambda looked: len(looked.readme.splitlines()) >= 5),

    Rule("messages", Level.SILVER, "its tests hold what real devices say",
         f"write a test with at least {FEW_MESSAGES} real payloads and their meaning, product and firmware named",
         lambda looked: looked.messages >= FEW_MESSAGES),
    Rule("french", Level.SILVER, "every type has a name for people", "fill `human_name`, in French",
         _each(lambda driver: bool(driver.type.human_name))),
    Rule("caveats", Level.SILVER, "what one would not guess is told in both languages, with its link",
         "write at least one `Caveat` per type",
         _each(lambda driver: bool(driver.type.caveats) and all(
             each.english and each.french and each.link.startswith("https://") for each in driver.type.caveats))),
    Rule("fail_safe", Level.SILVER, "every type that switches says how a home is served when the centre is silent",
         "fill `fail_safe`", _each(lambda driver: driver.type.fail_safe is not None or not _switches(driver))),
    Rule("configured", Level.SILVER, "it is brought to its settings, and reads them back", "write `push_config` and `settings`",
         _each(_reads_back)),
    Rule("presence", Level.SILVER, "it is known to be there by a last will, or it says why not",
         "write `parse_lwt`", _each(lambda driver: driver.parse_lwt is not None or driver.type.presence_by is PresenceBy.SILENCE)),

    Rule("rights", Level.GOLD, "its account is granted what its unit needs, and no more",
         "fill `reads` and `writes` of its `Topics`", _each(_has_rights)),
    Rule("firmware", Level.GOLD, "its firmware is read, and forced where the family can", "write `firmware`",
         _each(lambda driver: driver.firmware is not None)),
    Rule("onboard", Level.GOLD, "a unit out of its box is led to our broker", "write `onboard`",
         _each(lambda driver: driver.onboard is not None)),
    Rule("read_by", Level.GOLD, "programs of others read its twin, or real captures of every kind of message its codec",
         "say which and when under [proved] read_by", _proved("read_by")),
    Rule("fuzz", Level.GOLD, "a million generated payloads broke nothing",
         "run `python -m benchmarks.fuzz <family> --count 1000000`, say so under [proved] fuzz", _proved("fuzz")),

    Rule("hardware", Level.PLATINUM, "it was proved on real hardware",
         "say product, firmware, what was tried and when under [proved] hardware", _proved("hardware")),
    Rule("field", Level.PLATINUM, "it has served homes for a month", "say where and since when under [proved] field",
         _proved("field")),
)
BY_NAME = {rule.name: rule for rule in RULES}


def judge(looked: Looked) -> tuple[Verdict, ...]:
    """Every rule's verdict, in the order of the levels."""
    return tuple(Verdict(rule, rule.holds(looked), looked.exempt.get(rule.name, "")) for rule in RULES)


def reached(verdicts: Iterable[Verdict]) -> Level:
    """The highest level that holds."""
    lowest = min((verdict.rule.level for verdict in verdicts if not verdict.good), default=Level.PLATINUM + 1)
    return Level(lowest - 1)


def mistakes(told: Mapping[str, object]) -> list[str]:
    """What is wrong with a `quality.toml`, in words."""
    names = ", ".join(BY_NAME)
    levels = ", ".join(each.name.lower() for each in Level if each)
    problems = [f"unknown key {key}: level, [proved] and [exempt] are known"
                for key in told if key not in {"level", "proved", "exempt"}]
    if str(told.get("level", "")).upper() not in Level.__members__:
        problems.append(f"level = {told.get('level', '')!r}: one of {levels}")
    for section in ("proved", "exempt"):
        entries = told.get(section, {})
        if not isinstance(entries, dict):
            problems.append(f"[{section}] is a table of sentences by rule")
            continue
        problems += [f"[{section}] {name}: no such rule ({names})" for name in entries if name not in BY_NAME]
        problems += [f"[{section}] {name}: a sentence, please" for name, text in entries.items() if not _is_sentence(text)]
    problems += [f"[exempt] {name}: nobody is exempt from it" for name in dict(told.get("exempt") or {})      # type: ignore[call-overload]
                 if name in {"conformance", "fuzz", "hardware", "field"}]
    return problems


def _is_sentence(text: object) -> bool:
    return isinstance(text, str) and len(text.split()) >= 3
