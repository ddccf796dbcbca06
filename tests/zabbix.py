"""A real Zabbix for tests of any room: its server, its trapper and its API, on free ports, in the session's PostgreSQL.

The database is loaded once (half a minute) and kept as a dump in the user's cache folder; after that it is there in seconds.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from attrs import define, field

from tests.brokers import until
from tests.conftest import TEMPLATES, Server, free_port

SERVER, UI, SQL = Path("/usr/sbin/zabbix_server"), Path("/usr/share/zabbix"), Path("/usr/share/zabbix-server-pgsql")
PACKAGES = "zabbix-server-pgsql zabbix-frontend-php php-cli php-pgsql php-gd php-bcmath php-mbstring php-xml"
CONFIGURATION = """\
ListenIP=127.0.0.1
ListenPort={trapper}
LogType=console
PidFile={folder}/server.pid
SocketDir={folder}
DBHost=127.0.0.1
DBPort={database_port}
DBName={database}
DBUser=elfe
StartPollers=1
StartPollersUnreachable=1
StartTrappers=3
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=1
StartDBSyncers=2
StartPreprocessors=1
StartTimers=1
StartEscalators=1
StartAlerters=1
CacheUpdateFrequency=1
CacheSize=64M
HistoryCacheSize=16M
Timeout=4
"""
FRONTEND = """\
<?php
$DB['TYPE']='POSTGRESQL'; $DB['SERVER']='127.0.0.1'; $DB['PORT']='{database_port}'; $DB['DATABASE']='{database}';
$DB['USER']='elfe'; $DB['PASSWORD']=''; $DB['SCHEMA']=''; $DB['ENCRYPTION']=false; $DB['KEY_FILE']=''; $DB['CERT_FILE']='';
$DB['CA_FILE']=''; $DB['VERIFY_HOST']=false; $DB['CIPHER_LIST']=''; $DB['VAULT_URL']=''; $DB['VAULT_DB_PATH']='';
$DB['VAULT_TOKEN']=''; $DB['DOUBLE_IEEE754']=true; $ZBX_SERVER='127.0.0.1'; $ZBX_SERVER_PORT='{trapper}';
$ZBX_SERVER_NAME='elfe'; $IMAGE_FORMAT_DEFAULT=IMAGE_FORMAT_PNG;
"""


@define
class Zabbix:
    """A running Zabbix; its server may be stopped and started again."""

    folder: Path
    postgresql: Server
    database: str
    trapper: int = field(factory=lambda: _low_port())
    http: int = field(factory=free_port)
    server: subprocess.Popen[bytes] | None = None
    php: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its frontend, and so its API, answers."""
        return f"http://127.0.0.1:{self.http}"

    def start(self) -> None:
        """Start the server; returns when its trapper listens."""
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen([SERVER, "-f", "-c", self.folder / "server.conf"], stdout=log, stderr=log,
                                           user="zabbix" if os.geteuid() == 0 else None)
        try:
            until(lambda: _listens(self.trapper), within_s=20)
        except AssertionError:
            raise RuntimeError(f"Zabbix did not start:\n{(self.folder / 'server.log').read_text()[-3000:]}") from None

    def stop(self) -> None:
        """Stop the server; what its trapper had taken is in the database."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(20)
            self.server = None

    def kill(self) -> None:
        """Kill it as a power cut would, before its syncers wrote what its trapper has taken since `hold_back`."""
        assert self.server is not None
        for each in [self.server.pid, *self._processes("")]:
            os.kill(each, signal.SIGKILL)
        self.server.wait()
        self.server = None

    def hold_back(self) -> None:
        """Let its syncers write nothing from now on, as when its database is away."""
        for each in self._processes("history syncer"):
            os.kill(each, signal.SIGSTOP)

    def _processes(self, title: str) -> list[int]:
        assert self.server is not None
        asked = ["pgrep", "-f", "-P", str(self.server.pid), title or "."]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        return [int(each) for each in found.stdout.split()]

    def serve(self) -> None:
        """Start the frontend."""
        with (self.folder / "php.log").open("wb") as log:
            self.php = subprocess.Popen(
                ["php", "-d", "post_max_size=64M", "-d", "max_execution_time=300", "-d", "max_input_time=300", "-d",
                 "date.timezone=UTC", "-d", "memory_limit=512M", "-S", f"127.0.0.1:{self.http}", "-t", self.folder / "ui"],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"})
        until(self._answers, within_s=20)

    def close(self) -> None:
        """Leave nothing behind: PHP's workers outlive their parent, so the whole group goes."""
        self.stop()
        if self.php is not None:
            os.killpg(self.php.pid, signal.SIGKILL)
            self.php.wait()

    def _answers(self) -> bool:
        try:
            answer = httpx.post(f"{self.url}/api_jsonrpc.php", headers={"Content-Type": "application/json-rpc"}, json={
                "jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": 1})
            return "result" in answer.json()
        except (httpx.HTTPError, ValueError):
            return False


@pytest.fixture(scope="session")
def zabbix(postgresql: Server) -> Iterator[Zabbix]:
    """A real Zabbix for the whole session; tests that ask for it carry the marker of its name."""
    if not SERVER.exists() or not UI.exists() or shutil.which("php") is None:
        pytest.skip(f"Zabbix is not installed here (Debian: apt-get install {PACKAGES})")
    with running(postgresql) as server:
        yield server


@contextmanager
def running(postgresql: Server) -> Iterator[Zabbix]:
    """A Zabbix of its own, for the benchmarks too; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="elfe-zabbix-"))
    try:
        made = Zabbix(folder, postgresql, postgresql.fresh("zabbix").rpartition("/")[2])
        _write(made)
        made.serve()
        made.start()
        try:
            yield made
        finally:
            made.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(running: Zabbix) -> None:
    """Its configurations, and a copy of the frontend that reads ours: Debian's looks in /etc."""
    folder, words = running.folder, {"folder": running.folder, "trapper": running.trapper, "database": running.database,
                                     "database_port": running.postgresql.port}
    (folder / "server.conf").write_text(CONFIGURATION.format(**words))
    text = FRONTEND
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", str(value))
    (folder / "zabbix.conf.php").write_text(text)
    shutil.copytree(UI, folder / "ui", symlinks=False, ignore_dangling_symlinks=True)
    reader = folder / "ui/include/classes/core/CConfigFile.php"
    reader.write_text(reader.read_text().replace("/etc/zabbix/zabbix.conf.php", str(folder / "zabbix.conf.php")))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("zabbix")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)


def _load(url: str) -> None:
    """An empty Zabbix database: from the dump in the cache, or from the package's own text."""
    address, _, name = url.removeprefix("postgresql+psycopg://").rpartition("/")
    to = ["-h", "127.0.0.1", "-p", address.rpartition(":")[2], "-U", "elfe", "-d", name]
    dump = _cache() / f"zabbix-{_version()}.dump"
    if dump.exists():
        subprocess.run(["pg_restore", *to, "--no-owner", dump], check=True, capture_output=True)
        return
    for part in ("schema", "images", "data"):
        text = subprocess.run(["zcat", SQL / f"{part}.sql.gz"], check=True, capture_output=True).stdout
        subprocess.run(["psql", *to, "-q", "-v", "ON_ERROR_STOP=1"], check=True, capture_output=True,
                       input=text if b"BEGIN" in text[:2000] else b"BEGIN;\n" + text + b"\nCOMMIT;\n")
    draft = dump.with_suffix(f".{os.getpid()}")
    subprocess.run(["pg_dump", *to, "-Fc", "--no-owner", "-f", draft], check=True, capture_output=True)
    draft.replace(dump)


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "elfe-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _version() -> str:
    said = subprocess.run([SERVER, "-V"], capture_output=True, text=True, check=False).stdout
    return said.split("\n", 1)[0].rpartition(" ")[2]


def _low_port() -> int:
    """A free port that Zabbix takes: it knows none above 32767."""
    return next(port for port in random.sample(range(20_000, 32_000), 1_000) if not _listens(port))


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


TEMPLATES["zabbix"] = _load
