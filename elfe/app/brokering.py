"""The broker's accounts: from what is installed to what the broker knows, by files or live."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from attrs import evolve, frozen

from elfe import connectors
from elfe.app.context import Context
from elfe.broker import dynamic, mosquitto, rights
from elfe.broker.client import MqttSession
from elfe.broker.dynamic import ADMIN, EVERYTHING, Live
from elfe.broker.mosquitto import SALT_BYTES, Listener
from elfe.broker.rights import Account, Placed
from elfe.broker.secrets import Secrets
from elfe.coordination import queries
from elfe.coordination.devices import device_values
from elfe.errors import BrokerError, SettingsError

PLUGINS = ("/usr/lib/*/mosquitto_dynamic_security.so", "/usr/lib/mosquitto_dynamic_security.so",
           "/usr/local/lib/mosquitto_dynamic_security.so")
"""Where distributions put mosquitto's dynamic security plugin."""
PID = "mosquitto.pid"


@frozen
class Wanted:
    """The accounts that there should be, and in words what cannot have one."""

    accounts: tuple[Account, ...]
    problems: tuple[str, ...]
    commands: frozenset[str]       # the command topics of every device


@frozen
class Done:
    """What a synchronisation did, by account name."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def wanted(here: Context) -> Wanted:
    """One account per connecting unit that is installed, and those of the services."""
    command = here.settings.command
    pairs, problems = device_values(queries.installed_devices(here.coordination), here.drivers, command.own_instance)
    placed = [Placed(device, here.drivers[device.type_id], row.participant) for row, device in pairs]
    units, refused = rights.unit_accounts(placed)
    told = connectors.topics(connectors.opened(here.settings.sources))
    services = rights.service_accounts(rights.services(command.instance, command.instances, told), placed)
    taken = {each.username for each in services} | {ADMIN}
    clashes = [f"{each.username}: the name of a service; rename the unit" for each in units if each.username in taken]
    return Wanted((*services, *(each for each in units if each.username not in taken)),
                  (*problems, *refused, *clashes), frozenset(each.topics.command for each in placed if each.topics.command))


def secrets_of(here: Context) -> Secrets:
    """Where the accounts' secrets are kept."""
    return Secrets(Path(here.settings.data_dir) / "secrets")


def write(here: Context, folder: Path, listeners: Sequence[Listener], live: bool, log: str = "syslog") -> list[Path]:
    """A complete configuration in a folder, accounts and rights included; returns the files."""
    folder = folder.resolve()
    plugin = find_plugin() if live else ""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    texts = {"mosquitto.conf": mosquitto.configuration(str(folder), listeners, plugin, log) + f"pid_file {folder}/{PID}\n"}
    texts |= _live_file(here, folder) if live else _files(here)
    for name, text in texts.items():
        _put(folder / name, text)
    return [folder / name for name in texts]


def closed_to_mosquitto(path: Path) -> Path | None:
    """What keeps mosquitto from reading a file: the file or a folder above it. None: nothing does, or it runs as ourselves.

    Started by root it reads keys after it has become its own user (https://mosquitto.org/documentation/migrating-to-2-0/).
    """
    with suppress(KeyError):
        user = pwd.getpwnam("mosquitto")
        groups = os.getgrouplist(user.pw_name, user.pw_gid)
        if os.geteuid() == 0:
            return next((each for each in (*reversed(path.parents), path) if not _open_to(each.stat(), user.pw_uid, groups)), None)
    return None


def _open_to(found: os.stat_result, uid: int, groups: Sequence[int]) -> bool:
    """Whether a user may read a file, or pass through a folder."""
    shift = 6 if found.st_uid == uid else 3 if found.st_gid in groups else 0
    wanted = stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else stat.S_IROTH
    return bool(found.st_mode >> shift & wanted)


def find_plugin() -> str:
    """The path of mosquitto's dynamic security plugin on this machine."""
    for pattern in PLUGINS:
        found = next(iter(sorted(Path("/").glob(pattern.lstrip("/")))), None)
        if found:
            return str(found)
    raise BrokerError("mosquitto's dynamic security plugin is not on this machine: install mosquitto 2.0 or later, or leave "
                      "`--live` out and reload files instead")


def _files(here: Context) -> dict[str, str]:
    secrets, salts, accounts = _secrets(here)
    return {"passwords": mosquitto.passwords(secrets, salts), "rights": mosquitto.rights([EVERYTHING, *accounts])}


def _live_file(here: Context, folder: Path) -> dict[str, str]:
    """Only where there is none: a running broker owns it, and `sync` changes it."""
    if (folder / "dynamic-security.json").exists():
        return {}
    secrets, salts, accounts = _secrets(here)
    return {"dynamic-security.json": dynamic.file(accounts, secrets, salts)}


def _secrets(here: Context) -> tuple[Mapping[str, str], Mapping[str, bytes], tuple[Account, ...]]:
    kept, accounts = secrets_of(here), wanted(here).accounts
    names = [ADMIN, *(each.username for each in accounts)]
    secrets = {name: kept.ensure(name) for name in names}
    return secrets, {name: kept.salt(name, SALT_BYTES) for name in names}, accounts


def _put(path: Path, text: str) -> None:
    """Written whole or not at all, readable by the broker's user alone."""
    draft = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as file:
        file.write(text)
    with suppress(LookupError, PermissionError):       # no such user, or not root: mosquitto runs as ourselves
        shutil.chown(draft, "mosquitto", "mosquitto")
        shutil.chown(path.parent, "mosquitto", "mosquitto")
    draft.replace(path)


# -- bringing a running broker up to date ------------------------------------------------------------------------------------


def sync(here: Context, dry_run: bool = False, renew: Iterable[str] = ()) -> Done:
    """Bring the broker's accounts to what is installed. `renew`: these get a new secret."""
    renew = set(renew)
    unknown = renew - {each.username for each in wanted(here).accounts} - {ADMIN}
    if unknown:
        raise BrokerError(f"no such account: {', '.join(sorted(unknown))}; `elfe broker accounts` lists them")
    if here.settings.broker.folder:
        return _sync_files(here, Path(here.settings.broker.folder), dry_run, renew)
    return _sync_live(here, dry_run, renew)


def _sync_files(here: Context, folder: Path, dry_run: bool, renew: set[str]) -> Done:
    if not (folder / "rights").exists():
        raise SettingsError(f"broker.folder: there is no configuration in {folder}; `elfe broker write {folder}` makes one")
    kept, accounts = secrets_of(here), {each.username: each for each in wanted(here).accounts}
    before = dict(block.split("\n", 1) for block in (folder / "rights").read_text().split("user ")[1:])
    after = {name: mosquitto.rights([each]).split("user ", 1)[1].split("\n", 1)[1] for name, each in accounts.items()}
    known = set(before) - {ADMIN}
    done = Done(tuple(sorted(set(after) - known)),
                tuple(sorted(renew | {name for name in set(after) & known if _rules(before[name]) != _rules(after[name])})),
                tuple(sorted(known - set(after))))
    if not dry_run and done != Done():
        for name in renew:
            kept.renew(name)
        for name in done.removed:
            kept.forget(name)
        for name, text in _files(here).items():
            _put(folder / name, text)
        _reload(folder)
    return done


def _rules(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.startswith("topic ")]


def _reload(folder: Path) -> None:
    """mosquitto reads its accounts again at a SIGHUP; who is connected with a revoked one is thrown out."""
    try:
        os.kill(int((folder / PID).read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise BrokerError(f"the new accounts are written in {folder}, but mosquitto was not told: "
                          f"run `systemctl reload mosquitto` ({error})") from error


def _sync_live(here: Context, dry_run: bool, renew: set[str]) -> Done:
    kept, accounts = secrets_of(here), {each.username: each for each in wanted(here).accounts}
    address = evolve(here.broker, username=ADMIN, password=kept.get(ADMIN) or "")
    with closing(MqttSession(address, ADMIN)) as session:
        live = Live(session)
        known = {name: each for name, each in live.accounts().items() if name != ADMIN}
        done = Done(tuple(sorted(set(accounts) - set(known))),
                    tuple(sorted(renew | {name for name in set(accounts) & set(known) if accounts[name] != known[name]})),
                    tuple(sorted(set(known) - set(accounts))))
        if not dry_run:
            for name in (*done.created, *done.changed):
                # one that is new here may have been given its secret already, while this broker was out of reach
                secret = kept.renew(name) if name in renew else kept.ensure(name) if name in done.created else None
                live.put(accounts[name], secret, known.get(name))
            live.remove(done.removed)
            for name in done.removed:
                kept.forget(name)
    return done
