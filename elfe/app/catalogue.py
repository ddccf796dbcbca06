"""The documentation of drivers, generated from the drivers: `python -m elfe.app.catalogue` rewrites it in `docs/`.

Topics and commands are asked of the driver for an example device; what is said where is what its own twin says in a day,
understood by its own codec. A test compares the files with what the installed drivers say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen
from paho.mqtt.client import topic_matches_sub

from elfe.app.catalogue_words import WORDS
from elfe.coordination.reference import DEVICE_TYPE
from elfe.devices.drivers import Driver, load
from elfe.devices.values import (
    CONTRACT_IDS,
    BadPayload,
    Capability,
    Command,
    Device,
    HttpGet,
    Measure,
    Press,
    Publish,
    Query,
    Render,
    Role,
    SerialLine,
    Step,
    Switch,
    UnsupportedCommand,
    Widget,
)

DOCS = Path(__file__).parents[2] / "docs"
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHOWN = 90
PACKET_BYTES = 2 + 2 + 40 + 40
"""Beside topic and payload: MQTT's header and lengths, TCP and IP, and the acknowledgement of TCP."""
COMMANDS: tuple[tuple[str, Capability | None, Command], ...] = (
    ("on", Capability.SWITCH, Switch(True, "id")), ("off", Capability.SWITCH, Switch(False, "id")),
    ("press", Capability.PRESS, Press("id")), ("render", Capability.SCREEN, Render((Widget(1, 13, text="Tout va bien"),))),
    ("query", None, Query("id")),
)


@frozen
class Said:
    """What a type says on one topic."""

    topic: str
    role: Role
    what: tuple[str, ...]          # quantities with their units, or kinds of event
    example: str


@frozen
class Entry:
    """All that is told of one type."""

    driver: Driver
    device: Device
    said: tuple[Said, ...]
    commands: tuple[tuple[str, Publish], ...]
    acknowledged_by: str
    month_mb: float | None


# -- asking the drivers ---------------------------------------------------------------------------------------------------


@cache
def entries() -> tuple[Entry, ...]:
    """Every type of the installed plugins, in the order of their ids."""
    return tuple(_entry(driver) for driver in load())


def _entry(driver: Driver) -> Entry:
    known = DEVICE_TYPE.get(driver.type.id)
    letter = (known.letter if known else driver.type.letter) or "Z"
    device = driver.device(f"{letter}003", "A8BC25", instance="engine")
    messages = _a_day(driver, device)
    said = tuple(_said(driver, device, topic, role, messages) for topic, role in driver.build_topics(device).listen.items())
    commands = tuple((name, message) for name, capability, command in COMMANDS
                     if capability is None or driver.type.can(capability) for message in _encoded(driver, device, command)[0])
    proof = next((_encoded(driver, device, command)[1] for _, capability, command in COMMANDS
                  if capability and driver.type.can(capability)), "")
    volume = sum(len(each.topic.encode()) + len(each.payload) + PACKET_BYTES for each in messages)
    return Entry(driver, device, said, commands, proof, volume * 30 / 1e6 if messages else None)


def _encoded(driver: Driver, device: Device, command: Command) -> tuple[tuple[Publish, ...], str]:
    if driver.encode_command is None:
        return (), ""
    try:
        encoded = driver.encode_command(device, command)
    except UnsupportedCommand:
        return (), ""
    return encoded.publishes, type(encoded.expects).__name__ if encoded.expects else ""


def _a_day(driver: Driver, device: Device) -> list[Publish]:
    """What its twin says in a quiet day: born, 100 W drawn, its own period."""
    if driver.simulate is None:
        return []
    twin = driver.simulate(device, 1)
    said = list(twin.connected(NOON))
    if twin.outputs:
        said += twin.draw(100.0, NOON + timedelta(seconds=1))
    now = NOON
    while twin.next_at is not None and twin.next_at <= NOON + DAY:
        now = max(twin.next_at, now + timedelta(milliseconds=1))
        said += twin.tick(now)
    return said


def _said(driver: Driver, device: Device, topic: str, role: Role, messages: Sequence[Publish]) -> Said:
    heard = [each for each in messages if topic_matches_sub(topic, each.topic)]
    what: list[str] = []
    for message in heard[:200]:
        what += [word for word in _understood(driver, device, role, message) if word not in what]
    longest = max((each.payload.decode("utf-8", "replace") for each in heard), key=len, default="")
    return Said(topic, role, tuple(what), _cut(longest))


def _understood(driver: Driver, device: Device, role: Role, message: Publish) -> list[str]:
    try:
        if role is Role.PRESENCE:
            return [driver.parse_lwt(device, message.payload).value] if driver.parse_lwt else []
        return [_event(each) for each in driver.decode_message(device, message.topic, message.payload)]
    except BadPayload:
        return []


def _event(event: Any) -> str:
    if isinstance(event, Measure):
        return f"{event.quantity.name.lower().replace('_', ' ')} ({event.quantity.value})"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()


# -- Markdown -------------------------------------------------------------------------------------------------------------


def page(language: str) -> str:
    """The whole catalogue in one language."""
    words = WORDS[language]
    families: dict[str, list[Entry]] = {}
    for each in entries():
        families.setdefault(each.driver.plugin, []).append(each)
    parts = [words["title"], words["intro"], _annex(language)]
    for plugin, members in families.items():
        parts.append(f"## {plugin}")
        parts += [_section(group, words, language) for group in _alike(members)]
    return "\n\n".join(parts).rstrip() + "\n"


def _alike(members: Iterable[Entry]) -> list[list[Entry]]:
    """Types that differ in their data alone stand together: same topics by shape, same capabilities."""
    groups: dict[object, list[Entry]] = {}
    for each in members:
        shape = tuple(re.sub(r"\d", "0", said.topic.replace(each.device.id, "id")) for said in each.said)
        groups.setdefault((shape, each.driver.type.capabilities), []).append(each)
    return list(groups.values())


def _section(group: Sequence[Entry], words: Mapping[str, str], language: str) -> str:
    first = group[0]
    type_ = first.driver.type
    facts = [
        (words["capabilities"], ", ".join(sorted(words[each.value] for each in type_.capabilities))),
        (words["acknowledged"], f"{first.acknowledged_by or '–'}, {_seconds(type_.answers_within)}"),
        (words["presence"], words[type_.presence_by.name]),
        (words["fail_safe"], _fail_safe(first, words)),
        (words["settings"], _settings(first, words)),
        (words["firmware"], _firmware(first, words)),
        (words["volume"], "–" if first.month_mb is None else f"{_figure(first.month_mb, language)} {words['mb']}"),
    ]
    return "\n\n".join(filter(None, [
        "\n".join(f"### {each.driver.type.id} {_name(each, language)}" for each in group[:1]),
        _table((words["type"], words["product"], "nom", words["period"], words["silence"], words["outputs"], words["vendor"]), [
            (str(each.driver.type.id), _name(each, language), f"`{each.driver.type.name}`",
             _seconds(each.driver.type.publishes_every), _seconds(each.driver.type.silent_after), str(each.driver.type.outputs),
             f"[{words['page']}]({each.driver.type.vendor_url})") for each in group]),
        _table((words["says_on"], words["what"], words["example"]), [
            (f"`{said.topic}`", ", ".join(said.what) or words[said.role.name], f"`{_cell(said.example)}`" if said.example else "")
            for said in first.said]),
        _table((words["command"], "topic", words["payload"]), [
            (words[name], f"`{message.topic}`", f"`{_cell(_cut(message.payload.decode()))}`" if message.payload else words["empty"])
            for name, message in first.commands]) if first.commands else "",
        _table(("", ""), facts),
        "\n".join(_caveats(group, language)),
    ]))


def _caveats(group: Sequence[Entry], language: str) -> list[str]:
    told: dict[str, str] = {}
    for each in group:
        for caveat in each.driver.type.caveats:
            told.setdefault(getattr(caveat, "english" if language == "en" else "french"), caveat.link)
    return [f"- {text} [↗]({link})" for text, link in told.items()]


def _fail_safe(entry: Entry, words: Mapping[str, str]) -> str:
    safe = entry.driver.type.fail_safe
    if safe is None:
        return words["no_fail_safe"]
    state = words["on_state"] if safe.safe_state else words["off_state"]
    if safe.after is None:
        return f"{state}: `{safe.enforced_by}`, {words['at_power_up']}"
    spread = f" + 0–{_seconds(safe.spread)}" if safe.spread else ""
    return f"{state}: `{safe.enforced_by}`, {words['after']} {_seconds(safe.after)}{spread}; {words['refresh']}"


def _settings(entry: Entry, words: Mapping[str, str]) -> str:
    driver = entry.driver
    if driver.push_config is None or driver.settings is None:
        return words["by_hand"]
    push = driver.push_config(entry.device, driver.settings()())
    names = ", ".join(f"`{each.name} = {each.value}`" for each in push.expects)
    return f"{_ways(push.steps, words)}; {words['reads_back']} {names}" if names else _ways(push.steps, words)


def _firmware(entry: Entry, words: Mapping[str, str]) -> str:
    if entry.driver.firmware is None:
        return words["no_firmware"]
    steps = entry.driver.firmware(entry.device, "")
    return f"{words['read']}: {_ways(steps.read, words)}; {words['forced']}: {_ways(steps.update, words) or words['no_firmware']}"


def _ways(steps: Iterable[Step], words: Mapping[str, str]) -> str:
    kinds = {Publish: "MQTT", HttpGet: "HTTP", SerialLine: words["cable"]}
    return ", ".join(dict.fromkeys(kinds[type(step)] for step in steps))


# -- the annex's tables, as the operators know them -----------------------------------------------------------------------


def tables(language: str) -> dict[str, list[tuple[str, ...]]]:
    """Sheet → rows, the first one its header."""
    words = WORDS[language]
    head = (words["type"], words["product"])
    rows: dict[str, list[tuple[str, ...]]] = {name: [] for name in ("identity", "measures", "orders", "states", "will", "config")}
    for each in entries():
        type_, who = each.driver.type, (str(each.driver.type.id), _name(each, language))
        rows["identity"].append((*who, type_.name, each.device.id, " ".join(each.device.templates.values())))
        measured = [(said.topic, [what for what in said.what if "(" in what]) for said in each.said]
        rows["measures"] += [(*who, topic, ", ".join(what), _seconds(type_.publishes_every)) for topic, what in measured if what]
        rows["orders"] += [(*who, words[name], message.topic, message.payload.decode()) for name, message in each.commands]
        rows["states"].append((*who, *_legacy(each)[:2], each.acknowledged_by or "–", _seconds(type_.answers_within)))
        rows["will"].append((*who, _legacy(each)[2], words[type_.presence_by.name], _seconds(type_.silent_after)))
        rows["config"].append((*who, _settings(each, words).replace("`", ""), _fail_safe(each, words).replace("`", "")))
    return {words[name]: [(*head, *words[f"{name}_columns"].split("|")), *body] for name, body in rows.items()}


def _legacy(entry: Entry) -> tuple[str, str, str]:
    columns = entry.driver.render_legacy_topics(entry.device)
    return columns.control, columns.command, columns.lwt


def _annex(language: str) -> str:
    """The tables for the annex's own types; the workbook has them all."""
    return f"## {WORDS[language]['annex']}\n\n" + "\n\n".join(
        f"### {name}\n\n" + _table(rows[0], [tuple(map(_quoted, row)) for row in rows[1:] if int(row[0]) in CONTRACT_IDS])
        for name, rows in tables(language).items())


def _quoted(cell: str) -> str:
    shown = _cell(_cut(cell))
    return f"`{shown}`" if "/" in cell or "{" in cell else shown


# -- small things ---------------------------------------------------------------------------------------------------------


def _name(entry: Entry, language: str) -> str:
    known = DEVICE_TYPE.get(entry.driver.type.id)
    french = entry.driver.type.human_name or (known.human_name if known else "")
    return french or entry.driver.type.product if language == "fr" else entry.driver.type.product


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(each)} |" for each in (header, ["---"] * len(header), *rows))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "↵")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _seconds(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _figure(value: float, language: str) -> str:
    text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
    return text.replace(".", ",") if language == "fr" else text


# -- the files ------------------------------------------------------------------------------------------------------------


def pages() -> dict[str, str]:
    """File name → its text."""
    return {"catalogue.md": page("en"), "catalogue.fr.md": page("fr")}


def workbook() -> dict[str, list[tuple[str, ...]]]:
    """Every sheet of the workbook: the annex's tables in French, then in English."""
    return {**tables("fr"), **tables("en")}


def write(folder: Path = DOCS) -> None:
    """Rewrite the files."""
    from elfe.app.catalogue_ods import save

    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    save(folder / "topics_et_ordres_mqtt.ods", workbook())


if __name__ == "__main__":
    write()
