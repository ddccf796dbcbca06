"""What a command needs of the world, opened when it is first asked for."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import typer
from attrs import evolve
from sqlalchemy import Engine

from elfe import database, migrations, settings
from elfe.broker.address import BrokerAddress
from elfe.broker.secrets import Secrets
from elfe.command.values import Installed
from elfe.coordination import queries, types
from elfe.devices import drivers
from elfe.devices.drivers import Driver
from elfe.devices.values import ConfigPush, Device
from elfe.ems import store as sortie_store
from elfe.errors import DriverDefect, SettingsError
from elfe.history.store import SqlHistory, open_history
from elfe.history.zabbix.api import Access
from elfe.history.zabbix.store import ZabbixHistory
from elfe.settings import Settings

log = logging.getLogger("elfe.plugins")

EMBEDDED_PORT_FILE = "broker.port"


class Context:
    """The settings, and what they lead to. An embedded database is made, and kept up to date; a real one must be there."""

    def __init__(self, given: Settings, waits: timedelta | None = None) -> None:
        """`waits`: so long at most for what another program holds in the databases; None: until it is let go."""
        self.settings, self._waits = given, waits

    @cached_property
    def drivers(self) -> drivers.Drivers:
        """The drivers of the enabled plugins."""
        found = drivers.load(self.settings.plugins.enabled, self.settings.plugins.disabled)
        for name, problem in found.set_aside.items():
            log.error("plugin %s is set aside, the others go on: %s", name, problem)
        return found

    @cached_property
    def plugin_settings(self) -> dict[str, Any]:
        """Each plugin's own settings."""
        return settings.plugin_settings(self.settings, self.drivers)

    def configuration(self, installed: Installed) -> ConfigPush | None:
        """What brings a device to the settings of its plugin; None where only its own people can."""
        return self.configuration_of(installed.driver, installed.device)

    def configuration_of(self, driver: Driver, device: Device) -> ConfigPush | None:
        """The same of a device that need not be installed."""
        if driver.push_config is None or driver.plugin not in self.plugin_settings:
            return None
        try:
            return driver.push_config(device, self.plugin_settings[driver.plugin])
        except DriverDefect as error:
            log.error("%s cannot be configured: %s", device.id, error)
            return None

    @cached_property
    def coordination(self) -> Engine:
        """The coordination database."""
        engine = self._patient(queries.open_coordination(self.url("coordination")))
        if not self.settings.databases.coordination:
            queries.upgrade(engine)
            types.upgrade(engine, self.drivers)
        migrations.require(engine, queries.VERSIONED, "`elfe db create` makes them, or load sql/bdd_coordination.sql")
        return engine

    @cached_property
    def sortie(self) -> Engine:
        """The EMS output database."""
        engine = self._patient(sortie_store.open_sortie(self.url("sortie_ems")))
        if not self.settings.databases.sortie_ems:
            migrations.upgrade(engine, sortie_store.VERSIONED)
        migrations.require(engine, sortie_store.VERSIONED, "`elfe db create` makes them, or load sql/sortie_ems.sql")
        return engine

    def _patient(self, engine: Engine) -> Engine:
        if self._waits is not None:
            database.wait_at_most(engine, self._waits)
        return engine

    @cached_property
    def history(self) -> SqlHistory | ZabbixHistory:
        """The energy history."""
        return ZabbixHistory(self.zabbix) if self.settings.zabbix.url else open_history(self.url("history"))

    @cached_property
    def zabbix(self) -> Access:
        """How Zabbix is reached."""
        here = self.settings.zabbix
        if not here.url:
            raise SettingsError("there is no Zabbix in the settings: name it under [zabbix] in elfe.toml, see docs/zabbix.md")
        if not here.token_file and not (here.user and here.password_file):
            raise SettingsError("zabbix: a token_file is needed, or a user and a password_file")
        token, password = known = _zabbix_secrets(here)

        def renewed() -> tuple[str, str]:
            with contextlib.suppress(SettingsError):
                return _zabbix_secrets(here)
            return known

        return Access(here.url, token, "" if token else here.user, password, here.trapper_host, here.trapper_port,
                      here.general_host, renewed=renewed)

    def check(self) -> None:
        """Raise the `SetupError` of whatever is wrong, before anything starts; embedded databases are made."""
        assert self.plugin_settings is not None
        for engine in (self.coordination, self.sortie):
            engine.dispose()
        self.history.close()

    @cached_property
    def broker(self) -> BrokerAddress:
        """The broker of the settings, or the embedded one that `elfe up` runs here."""
        here = self.settings.broker
        if here.host:
            password = _secret(here.password_file, "broker.password_file")
            return BrokerAddress(here.host, here.port, here.protocol, here.username, password, here.tls_ca)
        known = Path(self.settings.data_dir) / EMBEDDED_PORT_FILE
        if not known.exists():
            raise SettingsError("no broker: start the embedded one with `elfe up`, or name yours under [broker] in elfe.toml")
        port, protocol = known.read_text().split()
        return BrokerAddress("127.0.0.1", int(port), protocol)

    def broker_as(self, account: str) -> BrokerAddress:
        """The broker, with a service's own account where we keep its secret and the settings name no other."""
        secret = None if self.broker.username else Secrets(Path(self.settings.data_dir) / "secrets").get(account)
        return evolve(self.broker, username=account, password=secret) if secret else self.broker

    def url(self, name: str) -> str:
        """The URL of one of the three databases; the folder of an embedded one is made."""
        url = self.settings.database(name)
        if url.startswith("sqlite"):
            Path(self.settings.data_dir).mkdir(parents=True, exist_ok=True)
        return url


def context(ctx: typer.Context) -> Context:
    """The context of a command line."""
    found: Context = ctx.obj
    return found


def _zabbix_secrets(here: settings.Zabbix) -> tuple[str, str]:
    """A token, or a password."""
    token = _secret(here.token_file, "zabbix.token_file")
    return token, "" if token else _secret(here.password_file, "zabbix.password_file")


def _secret(path: str, key: str) -> str:
    """What stands in the file that a setting names; empty where it names none."""
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from error
