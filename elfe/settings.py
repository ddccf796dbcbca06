"""The settings: `elfe.toml`, then the environment over it, into one frozen value.

A key that does not exist or a value that cannot be is named with its line and what would be accepted, all of them at once,
and nothing starts. Every key can be given as `ELFE_<SECTION>_<KEY>`, `ELFE_<KEY>` for those of no section.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, available_timezones

import attrs
from attrs import field, frozen

from elfe.devices.drivers import Drivers
from elfe.errors import SettingsError

DEFAULT_FILE = Path("elfe.toml")


@frozen
class Databases:
    """Where the three databases are; empty: SQLite in `data_dir`."""

    coordination: str = ""
    sortie_ems: str = ""
    history: str = ""


@frozen
class Broker:
    """The broker; without a host an embedded one is used."""

    host: str = ""
    port: int = field(default=1883, metadata={"from": 0, "to": 65535})
    protocol: str = field(default="5", metadata={"of": ("5", "3.1.1")})
    username: str = ""
    password_file: str = ""        # secrets never stand in the settings themselves
    tls_ca: str = ""
    folder: str = ""               # of a mosquitto whose accounts are files; empty: they are changed live
    homes_host: str = ""           # as homes reach it; empty: `host`
    homes_port: int = field(default=0, metadata={"from": 0, "to": 65535})        # without TLS; 0: `port`
    homes_tls_port: int = field(default=0, metadata={"from": 0, "to": 65535})    # 0: no TLS for homes


@frozen
class Plugins:
    """Which plugins may drive devices; without `enabled`, all that are installed."""

    enabled: tuple[str, ...] | None = None
    disabled: tuple[str, ...] = ()


@frozen
class Ems:
    """How much a plan may cost, and what it is judged by: the weights of its aims, beside a watt of import."""

    time_limit_s: float = field(default=20.0, metadata={"from": 1, "to": 600})
    max_nodes: int = field(default=5000, metadata={"from": 0, "to": 1_000_000})
    gap: float = field(default=1e-6, metadata={"from": 0, "to": 1})
    forecast: str = field(default="learned", metadata={"of": ("learned", "persistence")})
    imported: float = field(default=1.0, metadata={"from": 0, "to": 1000})
    unused_surplus: float = field(default=0.0, metadata={"from": 0, "to": 1000})
    price: float = field(default=0.0, metadata={"from": 0, "to": 1000})
    price_series: str = ""         # of the history: a source of the kind price
    co2: float = field(default=0.0, metadata={"from": 0, "to": 1000})
    co2_series: str = ""
    peak: float = field(default=0.0, metadata={"from": 0, "to": 1000})
    feeder_w: float = field(default=0.0, metadata={"from": 0, "to": 1e9})    # the territory imports no more; 0: no limit
    home_w: float = field(default=0.0, metadata={"from": 0, "to": 1e6})      # a home's loads draw no more at once; 0: no limit
    keep_days: int = field(default=400, metadata={"from": 31, "to": 100_000})    # so long plans are kept


@frozen
class Zabbix:
    """The history in Zabbix; without a url it is in SQL."""

    url: str = ""                  # of the frontend: https://zabbix.example.org
    token_file: str = ""           # a file with an API token; or a name and the file of its password
    user: str = ""
    password_file: str = ""
    trapper_host: str = "127.0.0.1"
    trapper_port: int = field(default=10051, metadata={"from": 1, "to": 65535})
    general_host: str = "Zabbix server"    # the host of what is no device's: the territory, the indicators


@frozen
class Command:
    """How the command engine works."""

    instance: str = "engine"       # devices answer it on elfe/<instance>/<device>
    poll_s: float = field(default=5.0, metadata={"from": 1, "to": 900})
    proof_w: float = field(default=10.0, metadata={"from": 0, "to": 10_000})
    hold_h: float = field(default=2.0, metadata={"from": 0.25, "to": 24})
    spread_s: float = field(default=120.0, metadata={"from": 0, "to": 600})
    most_kw_a_minute: float = field(default=0.0, metadata={"from": 0, "to": 1_000_000})
    worker: int = field(default=1, metadata={"from": 1, "to": 1000})
    workers: int = field(default=1, metadata={"from": 1, "to": 1000})

    @property
    def instances(self) -> tuple[str, ...]:
        """As whom the engine of each share speaks: its own name where homes are shared."""
        return (self.instance,) if self.workers == 1 else tuple(f"{self.instance}-{n}" for n in range(1, self.workers + 1))

    @property
    def own_instance(self) -> str:
        """As whom this engine speaks."""
        return self.instances[self.worker - 1]


@frozen
class TerritorySettings:
    """The territory around the panel. Where its production is read stands under [sources.<name>]."""

    homes: int = field(default=0, metadata={"from": 0, "to": 10_000_000})    # 0: somebody else publishes the balance
    folder: str = ""                   # where the weather's page and calendar are written; empty: data_dir/public


@frozen
class ScreenSettings:
    """The screens in homes."""

    layout: str = ""                   # a file that says which items stand on which page; empty: the usual pages
    engine: str = field(default="elfe", metadata={"of": ("elfe", "other")})    # what drives the homes; of another nobody can tell


@frozen
class Mail:
    """The daily mail; without a host none is sent."""

    host: str = ""
    port: int = field(default=587, metadata={"from": 1, "to": 65535})
    security: str = field(default="starttls", metadata={"of": ("starttls", "tls", "none")})
    username: str = ""
    password_file: str = ""
    ca: str = ""
    sender: str = ""                   # Énergies du pays <bulletin@example.org>
    unsubscribe: str = ""              # an address, or a link with {reference} and {code}; empty: the sender
    listen: str = ""                   # host:port where that link is answered; empty: somebody else answers it
    hour: int = field(default=7, metadata={"from": 0, "to": 18})


@frozen
class Settings:
    """All settings."""

    data_dir: str = "elfe-data"
    timezone: str = field(default="Europe/Paris", metadata={"zone": True})
    databases: Databases = field(factory=Databases)
    broker: Broker = field(factory=Broker)
    plugins: Plugins = field(factory=Plugins)
    ems: Ems = field(factory=Ems)
    command: Command = field(factory=Command)
    zabbix: Zabbix = field(factory=Zabbix)
    territory: TerritorySettings = field(factory=TerritorySettings)
    screens: ScreenSettings = field(factory=ScreenSettings)
    mail: Mail = field(factory=Mail)
    sources: Mapping[str, Any] = field(factory=dict)
    """What stands under `[sources.<name>]`, unread: `elfe.connectors.opened` reads it."""
    of_plugins: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    """What stands under `[plugins.<name>]`, unread: `plugin_settings` reads it with the plugin's own class."""
    source: tuple[str, str] = ("elfe.toml", "")      # the file and its text, to name lines by

    @property
    def zone(self) -> ZoneInfo:
        """The territory's local time."""
        return ZoneInfo(self.timezone)

    def database(self, name: str) -> str:
        """The URL of one of the three databases."""
        url: str = getattr(self.databases, name)
        return url or f"sqlite:///{Path(self.data_dir).absolute() / name}.db"


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file (`elfe.toml` here, when it is there) under the environment's."""
    environ = os.environ if environ is None else environ
    named = path or (Path(environ["ELFE_CONFIG"]) if "ELFE_CONFIG" in environ else None)
    file = named or DEFAULT_FILE
    if named is not None and not file.exists():
        raise SettingsError(f"there is no settings file {file}")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return parse(text, environ, str(file))


def parse(text: str, environ: Mapping[str, str], file: str = "elfe.toml") -> Settings:
    """The settings of a TOML text under the environment's. Raises `SettingsError` with everything that is wrong."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    reader = _Reader(file, text)
    plugins = tree.get("plugins", {})
    of_plugins = {name: value for name, value in plugins.items() if isinstance(value, dict)} if isinstance(plugins, dict) else {}
    if of_plugins:
        tree["plugins"] = {name: value for name, value in plugins.items() if name not in of_plugins}
    sources = tree.pop("sources", {})
    read = reader.section(Settings, tree, "", environ, skip=("of_plugins", "source", "sources"))
    if read.command.worker > read.command.workers:
        reader.wrong("command", "worker", f"there is no share {read.command.worker} of {read.command.workers} "
                     "(accepted: from 1 to command.workers)")
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    settings: Settings = attrs.evolve(read, of_plugins=of_plugins, sources=sources, source=(file, text))
    return settings


def plugin_settings(settings: Settings, drivers: Drivers) -> dict[str, Any]:
    """Each enabled plugin's settings as an instance of its own class, by the plugin's name."""
    reader = _Reader(*settings.source)
    classes = {driver.plugin: driver.settings for driver in drivers if driver.settings is not None}
    names = {plugin.name for plugin in drivers.plugins}
    for name in sorted(set(settings.of_plugins) - names):
        reader.wrong("plugins", name, f"no such plugin (installed: {', '.join(sorted(names)) or 'none'})")
    read = {name: reader.section(make(), settings.of_plugins.get(name, {}), f"plugins.{name}", {})
            for name, make in classes.items()}
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return read


class _Reader:
    """Reads sections into attrs classes and collects what is wrong."""

    def __init__(self, file: str, text: str) -> None:
        self.problems: list[str] = []
        self._file, self._lines = file, text.splitlines()

    def section(self, into: Any, tree: Any, name: str, environ: Mapping[str, str], skip: tuple[str, ...] = ()) -> Any:
        """One section as an instance of `into`; its sub-sections are classes themselves."""
        if not isinstance(tree, dict):
            self.wrong("", name, f"a section is expected: [{name}]")
            return into()
        fields = {each.name: each for each in attrs.fields(into) if each.name not in skip}
        hints = get_type_hints(into)
        for key in tree.keys() - fields.keys():
            self.wrong(name, key, f"unknown key (known: {', '.join(sorted(fields))})")
        values = {}
        for key, each in fields.items():
            if attrs.has(hints[key]):
                values[key] = self.section(hints[key], tree.get(key, {}), key, environ)
                continue
            variable = "_".join(("ELFE", *([name] if name else []), key)).upper().replace(".", "_")
            if variable in environ:
                values[key] = self._value(hints[key], each, _from_text(hints[key], environ[variable]), name, key, variable)
            elif key in tree:
                values[key] = self._value(hints[key], each, tree[key], name, key)
        return into(**{key: value for key, value in values.items() if value is not _WRONG})

    def _value(self, kind: Any, each: Any, given: Any, section: str, key: str, variable: str = "") -> Any:
        accepted = _accepted(kind, each.metadata)
        value = _converted(kind, given)
        if value is _WRONG or not _allowed(value, each.metadata):
            self.wrong(section, key, f"{given!r} cannot be (accepted: {accepted})", variable)
            return _WRONG
        return value

    def wrong(self, section: str, key: str, what: str, variable: str = "") -> None:
        """Remember one problem, with where it stands."""
        where = f"the variable {variable}" if variable else f"{self._file}, line {self._line(section, key)}"
        self.problems.append(f"{where}: {'.'.join(filter(None, (section, key)))}: {what}")

    def _line(self, section: str, key: str) -> int | str:
        here = ""
        for number, line in enumerate(self._lines, 1):
            text = line.strip()
            if text.startswith("["):
                here = text.strip("[] ")
                if here == ".".join(filter(None, (section, key))):
                    return number
            elif here == section and text.split("=")[0].strip().strip('"') == key:
                return number
        return "?"


_WRONG = object()


def _converted(kind: Any, given: Any) -> Any:
    """The value as its kind, or `_WRONG`: an integer will do for a float, nothing else is bent."""
    if get_origin(kind) is tuple or tuple in {get_origin(each) for each in get_args(kind)}:
        right = isinstance(given, list | tuple) and all(isinstance(each, str) for each in given)
        return tuple(given) if right else _WRONG
    if kind is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    return given if type(given) is kind else _WRONG


def _allowed(value: Any, rules: Mapping[str, Any]) -> bool:
    if "zone" in rules:
        return value in available_timezones()
    if "of" in rules:
        return value in rules["of"]
    return not ("from" in rules and not rules["from"] <= value <= rules["to"])


def _accepted(kind: Any, rules: Mapping[str, Any]) -> str:
    if "zone" in rules:
        return "a time zone such as Europe/Paris"
    if "of" in rules:
        return " or ".join(repr(each) for each in rules["of"])
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a list of texts")
    return f"{words} from {rules['from']} to {rules['to']}" if "from" in rules else words


def _from_text(kind: Any, text: str) -> Any:
    """A variable's text as TOML would have given it."""
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text if kind is str else [each.strip() for each in text.split(",") if each.strip()]
