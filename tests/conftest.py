"""What tests of several rooms share: a real PostgreSQL of their own, and a blank coordination database on both engines.

PostgreSQL runs once for the whole session, on a free port, without fsync; each test gets a database made
from a template, so that none sees another's rows. Without its binaries the tests that need it are skipped and say so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from attrs import define, field
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from elfe.coordination import queries

INSTALLED = Path("/usr/lib/postgresql")
STARTS_WITHIN_S = 30
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:      # in the background of a script: our programs would not hear theirs
    signal.signal(signal.SIGINT, signal.default_int_handler)
TEMPLATES: dict[str, Callable[[str], None]] = {
    "empty": lambda url: None,
    "coordination": lambda url: _create_blank(url),
}
"""The template databases, and what fills each; they are made when a test first asks for them."""


@define(eq=False)
class Server:
    """A running PostgreSQL."""

    port: int
    numbers: Iterator[int]
    templates: set[str]
    binaries: Path
    folder: Path
    user: str | None
    settings: Mapping[str, object] = field(factory=dict)      # over those of tests
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return as soon as it answers."""
        with (self.folder / "log").open("ab") as log:
            command = _command(self.binaries, self.folder, self.port, self.settings)
            self.process = subprocess.Popen(command, user=self.user, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                self.execute("SELECT 1")
            except OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, as a power cut would: nothing here is worth a checkpoint."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://elfe@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def fresh(self, template: str) -> str:
        """The URL of a database made from a template."""
        if template not in self.templates:
            self.execute(f"CREATE DATABASE template_{template} TEMPLATE template0 ENCODING 'UTF8'")
            TEMPLATES[template](self.url(f"template_{template}"))
            self.templates.add(template)
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template_{template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A real PostgreSQL for the whole session."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with running(binaries) as server:
        yield server


@contextmanager
def running(binaries: Path, settings: Mapping[str, object] | None = None) -> Iterator[Server]:
    """A PostgreSQL of its own, for the benchmarks too, which may set it otherwise; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="elfe-postgresql-"))
    server = Server(free_port(), count(1), set(), binaries, folder, _user(folder), settings or {})
    try:
        _initialise(binaries, folder, server.user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """An empty database of its own on a real PostgreSQL."""
    yield from _database(postgresql, "empty")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def coordination_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A blank coordination database, on SQLite and on a real PostgreSQL."""
    if request.param == "postgresql":
        yield from _database(request.getfixturevalue("postgresql"), "coordination")
    else:
        url = f"sqlite:///{tmp_path}/coordination.db"
        _create_blank(url)
        yield url


def _database(server: Server, template: str) -> Iterator[str]:
    url = server.fresh(template)
    yield url
    server.drop(url)


def _create_blank(url: str) -> None:
    engine = queries.open_coordination(url)
    queries.create_blank(engine)
    engine.dispose()      # a template with a connection cannot be copied


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL."""
    on_path = shutil.which("initdb")
    found = [*INSTALLED.glob("*/bin/initdb"), *([Path(on_path)] if on_path else [])]
    return max(found, key=lambda path: path.parts).parent if found else None


def _user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then as the user of the distribution's package, whom the folder is given to."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _initialise(binaries: Path, folder: Path, user: str | None) -> None:
    subprocess.run([binaries / "initdb", "-D", folder / "data", "-U", "elfe", "-A", "trust", "-E", "UTF8", "--locale=C",
                    "--no-sync", "--no-instructions"], check=True, user=user, capture_output=True, cwd=folder)


def _command(binaries: Path, folder: Path, port: int, other: Mapping[str, object]) -> list[str | Path]:
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
                "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200, **other}
    return [binaries / "postgres", "-D", folder / "data", *(f"--{name}={value}" for name, value in settings.items())]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
