"""From installed plugins to one driver per device type.

`discover` finds what stands in the entry-point group and loads it; `Drivers` routes each device type to exactly one
plugin. A plugin that cannot be loaded, or that the contract refuses, is set aside with its reason, and the others go on;
what only a person can settle (a misspelt name, a type claimed twice) is a `PluginError`, and nothing starts.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from string import Formatter
from typing import Any

import attrs
import pluggy
from attrs import define, field, frozen

from elfe.devices import hookspecs
from elfe.devices.hookspecs import GROUP
from elfe.devices.values import (
    CONTRACT_IDS,
    OUR_IDS,
    STRANGERS_IDS,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FirmwareSteps,
    LegacyTopics,
    Network,
    Presence,
    Role,
    Topics,
)
from elfe.errors import DriverDefect, PluginError

HOOKS: Mapping[str, inspect.Signature] = {
    name: inspect.signature(spec)
    for name, spec in vars(hookspecs).items()
    if inspect.isfunction(spec) and hasattr(spec, f"{GROUP}_spec")
}
"""Every hook of the contract with its signature, in the order of `hookspecs.py`."""

TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{1,60}")
LONGEST, DEEPEST = 1000, 50
"""What a part of a topic may have of characters, and of levels: mosquitto takes 200 levels."""
SHOWN = 200
REQUIRED = ("device_types", "build_topics", "decode_message")


@frozen
class Plugin:
    """A plugin package as it was found: loaded, or with the reason why not."""

    name: str
    version: str
    module: Any = field(default=None, eq=False)
    problem: str = ""

    @property
    def types(self) -> tuple[DeviceType, ...]:
        """The device types that it declares; none when it could not be loaded."""
        return self.module.device_types() if self.module is not None and not self.problem else ()


@frozen
class Driver:
    """One device type and the functions that answer for it. An absent hook is None."""

    type: DeviceType
    plugin: str
    build_topics: Callable[[Device], Topics]
    decode_message: Callable[[Device, str, bytes], tuple[Event, ...]]
    render_legacy_topics: Callable[[Device], LegacyTopics]
    parse_legacy_topics: Callable[[int, LegacyTopics], tuple[Mapping[str, str], int]]
    encode_command: Callable[[Device, Command], Encoded] | None = None
    parse_lwt: Callable[[Device, bytes], Presence] | None = None
    push_config: Callable[[Device, Any], ConfigPush] | None = None
    decode_http: Callable[[Device, str, bytes], tuple[Event, ...]] | None = None
    onboard: Callable[[Device, Network], ConfigPush] | None = None
    firmware: Callable[[Device, str], FirmwareSteps] | None = None
    settings: Callable[[], Any] | None = None
    simulate: Callable[[Device, int], Any] | None = None

    def device(self, id: str, hardware_id: str = "", stored: Mapping[str, str] | None = None,
               channel: int = 0, instance: str = "elfe", serves_when: bool = True) -> Device:
        """The device at the installation point `id`: its stored templates over the type's defaults.

        Raises `ValueError` when its topics would hold a wildcard, and it would hear, or be taken for, its neighbours; or something
        that no broker takes: it breaks the connection of whoever asks for such a topic, with all that others say there.
        """
        names = {"id": id, "hardware_id": hardware_id or id}
        defaults = {name: template.format_map(names) for name, template in self.type.templates.items()}
        templates = {**defaults, **(stored or {})}
        for text in (id, *templates.values()):
            problem = _problem_of_topic(text)
            if problem:
                raise ValueError(f"a topic of {id} would {problem}: {str(templates)[:SHOWN]}")
        return Device(id=id, type_id=self.type.id, hardware_id=hardware_id, channel=channel,
                      templates=templates, reply_to=f"elfe/{instance}/{id}", serves_when=serves_when)


@define
class Drivers:
    """The drivers in force, by device type."""

    plugins: tuple[Plugin, ...]
    by_type: Mapping[int, Driver]

    @property
    def set_aside(self) -> Mapping[str, str]:
        """The enabled plugins that cannot be trusted with a device, and why."""
        return {plugin.name: plugin.problem for plugin in self.plugins if plugin.problem}

    def __getitem__(self, type_id: int) -> Driver:
        try:
            return self.by_type[type_id]
        except KeyError:
            known = ", ".join(str(known) for known in sorted(self.by_type)) or "none"
            aside = f"; set aside: {', '.join(sorted(self.set_aside))}" if self.set_aside else ""
            raise PluginError(
                f"no enabled plugin drives device type {type_id} (driven types: {known}{aside}); "
                f"install, enable or repair the plugin of that family, `elfe plugins` lists them"
            ) from None

    def __contains__(self, type_id: object) -> bool:
        return type_id in self.by_type

    def __iter__(self) -> Iterator[Driver]:
        return iter(self.by_type[type_id] for type_id in sorted(self.by_type))


def discover(found: Iterable[EntryPoint] | None = None) -> tuple[Plugin, ...]:
    """Every plugin installed on this machine, loaded; one that cannot be loaded carries its problem."""
    points = entry_points(group=GROUP) if found is None else found
    return tuple(_load(point) for point in sorted(points, key=lambda point: point.name))


def select(plugins: Iterable[Plugin], enabled: Iterable[str] | None = None,
           disabled: Iterable[str] = ()) -> Drivers:
    """The drivers of the plugins that the settings let in, without those that are set aside.

    Raises a `PluginError` that says what to change.

    `enabled` None means every plugin found. A name that no plugin has is refused: it is misspelt.
    """
    plugins, disabled = tuple(plugins), set(disabled)
    names = [plugin.name for plugin in plugins]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise PluginError(f"installed twice under the same name: {', '.join(twice)}; uninstall one of the two packages")
    wanted = set(names) if enabled is None else set(enabled)
    misspelt = sorted((wanted | disabled) - set(names))
    if misspelt:
        raise PluginError(f"no such plugin: {', '.join(misspelt)} (installed: {', '.join(sorted(names)) or 'none'})")
    chosen = tuple(plugin for plugin in plugins if plugin.name in wanted - disabled)
    return Drivers(plugins=plugins, by_type=_route(chosen))


def load(enabled: Iterable[str] | None = None, disabled: Iterable[str] = ()) -> Drivers:
    """Discover and select in one step."""
    return select(discover(), enabled, disabled)


def problems_of(module: Any) -> list[str]:
    """What stands against the contract in a plugin's module: the checks that do not need a device."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        return [str(error).partition("\n")[2].strip() or str(error)]
    hooks = _hooks(module)
    problems = [f"the hook {name} is missing" for name in REQUIRED if name not in hooks]
    for name, hook in hooks.items():
        asked, given = list(HOOKS[name].parameters), list(inspect.signature(hook).parameters)
        if asked != given:
            problems.append(f"{name}({', '.join(given)}) must take ({', '.join(asked)})")
    return problems


def _hooks(module: Any) -> dict[str, Callable[..., Any]]:
    return {name: getattr(module, name) for name in HOOKS if hasattr(getattr(module, name, None), f"{GROUP}_impl")}


def _load(point: EntryPoint) -> Plugin:
    version = point.dist.version if point.dist else "?"
    try:
        module = point.load()
        problems = problems_of(module) or _problems_of_types(module.device_types()) or _problems_of_settings(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything, even exit; it is named
        return Plugin(point.name, version, problem=f"cannot be loaded: {type(error).__name__}: {error}")
    return Plugin(point.name, version, module, problem="; ".join(problems))


def _problems_of_types(types: Any) -> list[str]:
    if not isinstance(types, tuple) or not all(isinstance(each, DeviceType) for each in types):
        return ["device_types() must return a tuple of DeviceType"]
    problems = [problem for each in types for problem in _problems_of_type(each)]
    names = Counter(each.name for each in types) + Counter(each.id for each in types)
    problems += [f"{each!r} is that of two of its types" for each, count in names.items() if count > 1]
    return problems if types else ["device_types() declares no type"]


def _problems_of_type(type_: DeviceType) -> Iterator[str]:
    if type(type_.id) is not int or not any(type_.id in ids for ids in (CONTRACT_IDS, OUR_IDS, STRANGERS_IDS)):
        yield f"{type_.id!r} cannot be a type's id ({STRANGERS_IDS.start} to {STRANGERS_IDS.stop - 1} are strangers')"
    if not TYPE_NAME.fullmatch(type_.name):
        yield f"{type_.name!r} cannot be a type's name (small letters, digits, « _ »): a table is called after it"
    for name, template in type_.templates.items():
        problem = _problem_of_template(template)
        if problem:
            yield f"type {type_.id}, template {name}: {template!r} {problem}"


def _problem_of_topic(text: object) -> str:
    if not isinstance(text, str):
        return "be no text"
    if set("+#\0") & set(text):
        return "hold a wildcard"
    if text.startswith("$"):
        return "begin with $, as a broker's own do"
    if not text.isprintable():
        return "hold a sign that cannot be seen"
    return "be too long" if len(text) > LONGEST or text.count("/") > DEEPEST else ""


def _problem_of_template(template: str) -> str:
    try:
        fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
    except ValueError as error:
        return f"cannot be read: {error}"
    if not fields <= {"id", "hardware_id"}:
        return f"may hold {{id}} and {{hardware_id}}, not {', '.join(sorted(fields - {'id', 'hardware_id'}))}"
    if set("+#\0") & set(template) or template.startswith("$"):
        return "is no topic of a device's own: it holds a wildcard, or begins with $"
    return ""


def _problems_of_settings(module: Any) -> list[str]:
    if not hasattr(module, "settings"):
        return []
    made = module.settings()
    if not attrs.has(made):
        return ["settings() must return a frozen attrs class"]
    made()       # raises when a field has no default
    return []


def _route(plugins: Iterable[Plugin]) -> dict[int, Driver]:
    routed: dict[int, Driver] = {}
    for plugin in plugins:
        hooks = {name: hook if name in READS else _guarded(plugin.name, name, hook)
                 for name, hook in _hooks(plugin.module).items() if name != "device_types"}
        for each in plugin.types:
            if each.id in routed:
                raise PluginError(f"device type {each.id} is claimed by two plugins, {routed[each.id].plugin} and "
                                  f"{plugin.name}; disable one of them under [plugins]")
            namesake = next((one for one in routed.values() if one.type.name == each.name), None)
            if namesake:
                raise PluginError(f"types {namesake.type.id} of {namesake.plugin} and {each.id} of {plugin.name} are both called "
                                  f"{each.name}, and would share a table; disable one of them under [plugins]")
            routed[each.id] = Driver(type=each, plugin=plugin.name, **{**_legacy(hooks["build_topics"]), **hooks})
    return routed


READS = frozenset({"decode_message", "parse_lwt"})
"""What the router calls for each message, and guards itself."""


def _guarded(plugin: str, name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook; what it raises and must not is a `DriverDefect`. A refusal in words (`ValueError`) passes."""
    @functools.wraps(hook)
    def ask(*arguments: Any) -> Any:
        try:
            answer = hook(*arguments)
        except ValueError:
            raise
        except (Exception, SystemExit) as error:
            raise DriverDefect(f"{plugin}.{name}: {type(error).__name__}: {error}") from error
        if name == "build_topics":
            _own_topics(plugin, answer)
        return answer

    return ask


def _own_topics(plugin: str, topics: Any) -> None:
    """A device's topics are its own: none may begin with a wildcard, and so be everybody's. Raises `DriverDefect`."""
    if not isinstance(topics, Topics):
        raise DriverDefect(f"{plugin}.build_topics answers a {type(topics).__name__}")
    for topic in (topics.command, *topics.listen, *topics.reads, *topics.writes):
        if not isinstance(topic, str) or set("+#$") & set(topic.partition("/")[0]):
            raise DriverDefect(f"{plugin}.build_topics: {topic!r} is no topic of a device's own")


def _legacy(build_topics: Callable[[Device], Topics]) -> dict[str, Any]:
    """The legacy columns of a type that the first command engine never knew: written for people, read by nobody."""
    def render_legacy_topics(device: Device) -> LegacyTopics:
        topics = build_topics(device)
        by_role = {role: topic for topic, role in reversed(tuple(topics.listen.items()))}
        return LegacyTopics(control=by_role.get(Role.SAYS, "aucun"), command=topics.command or "aucun",
                            lwt=by_role.get(Role.PRESENCE, "aucun"))

    def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
        raise ValueError(f"type {type_id} is not one that is installed by hand: provision it from an inventory")

    return {"render_legacy_topics": render_legacy_topics, "parse_legacy_topics": parse_legacy_topics}
