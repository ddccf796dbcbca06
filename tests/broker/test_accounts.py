"""Accounts and rights on a real mosquitto: by files and by the dynamic security plugin, held to by delivery."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner

from elfe.app import brokering
from elfe.app.brokering import Done
from elfe.app.context import Context
from elfe.broker.address import BrokerAddress
from elfe.broker.check import Fault, Ground, Probe, check
from elfe.broker.dynamic import ADMIN
from elfe.broker.embedded import find_mosquitto, free_port
from elfe.broker.mosquitto import Listener
from elfe.cli import app
from elfe.coordination import queries
from elfe.errors import BrokerError, SettingsError
from elfe.settings import load
from tests.brokers import until
from tests.cli.test_by_hand import Plug

pytestmark = pytest.mark.mosquitto
INVENTORY = """\
participant;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle
R004;Lave-linge;lave_linge;120;A001;11;111;A8BC25;2h
R005;Lave-vaisselle;lave_vaisselle;120;A002;11;112;;2h
R006;Sèche-linge;seche_linge;120;D003;11;411;;2h
"""
SCREENS = "R004;Lave-linge;;;G002;71;711;;\nR005;Lave-vaisselle;;;G003;71;711;;\n"
NEIGHBOUR = "R007;Lave-linge;lave_linge;120;D004;11;411;;2h\n"


class Mosquitto:
    """A real mosquitto in a folder, started as an operator starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = find_mosquitto()
        if binary is None:
            pytest.skip("mosquitto is not installed here (Debian: apt-get install mosquitto)")
        self.open_the_way()
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen([binary, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log)
        until(self._answers, within_s=10)

    def open_the_way(self) -> None:
        """mosquitto leaves root, and must find its way to its files."""
        for each in (self.folder, *self.folder.parents):
            if each.is_relative_to("/tmp/pytest-of-root"):
                each.chmod(0o755)

    def _answers(self) -> bool:
        import socket

        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture(params=["files", "live"])
def home(request, tmp_path, monkeypatch) -> Iterator[tuple[Context, Mosquitto]]:
    """Three units provisioned, and a broker that knows them."""
    monkeypatch.chdir(tmp_path)
    port, live = free_port(), request.param == "live"
    if live:
        try:
            brokering.find_plugin()
        except BrokerError as error:
            pytest.skip(str(error))
    folder = "" if live else f'folder = "{tmp_path}/mosquitto"\n'
    (tmp_path / "elfe.toml").write_text(f'[broker]\nhost = "127.0.0.1"\nport = {port}\n{folder}')
    provision(tmp_path, INVENTORY)
    here = Context(load(tmp_path / "elfe.toml"))
    broker = Mosquitto(tmp_path / "mosquitto", port)
    brokering.write(here, broker.folder, [Listener(port, "127.0.0.1")], live, log="stderr")
    broker.start()
    yield here, broker
    broker.stop()


def provision(folder: Path, text: str) -> None:
    (folder / "inventory.csv").write_text(text)
    done = CliRunner().invoke(app, ["devices", "provision", "inventory.csv", "--yes"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def ground(here: Context) -> Ground:
    found, kept = brokering.wanted(here), brokering.secrets_of(here)
    return Ground(here.broker, found.accounts, {name: kept.get(name) for name in kept.names()}, found.commands)


def test_a_territory_as_elfe_writes_it_has_no_fault(home):
    here, _ = home
    assert list(check(ground(here))) == []


def test_a_device_that_is_installed_gets_its_account_while_the_broker_runs(home, tmp_path):
    here, _ = home
    provision(tmp_path, INVENTORY + NEIGHBOUR)

    assert brokering.sync(here, dry_run=True).created == ("D004",)
    assert brokering.sync(here).created == ("D004",)
    with closing(Probe(ground(here), "D004")) as new:
        assert new.let_in
    assert brokering.sync(here) == Done()


def test_a_secret_that_is_renewed_lets_nobody_in_with_the_old_one(home):
    here, _ = home
    old = ground(here)
    assert brokering.sync(here, renew=["D003"]).changed == ("D003",)

    def refused() -> bool:
        with closing(Probe(old, "D003")) as probe:
            return not probe.let_in
    until(refused, within_s=10)
    with closing(Probe(ground(here), "D003")) as probe:
        assert probe.let_in


def test_an_account_that_is_revoked_is_thrown_out_at_once(home, tmp_path):
    here, _ = home
    with closing(Probe(ground(here), "D003")) as connected, closing(Probe(ground(here), "A002")) as other:
        with here.coordination.begin() as connection:
            connection.execute(queries.DEVICE.update().where(queries.DEVICE.c.id == "D003").values(utilisateur_affecte=False))
        assert brokering.sync(here).removed == ("D003",)
        assert connected.thrown_out.wait(10)
        assert not other.thrown_out.is_set()
    assert brokering.secrets_of(here).get("D003") is None


def test_a_hostile_participant_reaches_nothing_that_is_not_theirs(home):
    here, _ = home
    with closing(Probe(ground(here), "A002")) as victim, closing(Probe(ground(here), "D003")) as hostile, \
            closing(Probe(ground(here), ADMIN)) as admin:
        victim.hear(["cmnd/A002/#"])
        hostile.hear(["#", "+/+/+", "cmnd/A002/#", "$SYS/#", "$CONTROL/#"])
        admin.hear(["#"])
        for topic in ("cmnd/A002/POWER", "stat/A002/RESULT", "viriya/update/1", "elfe/engine/A002/rpc", "INDICATEURS/x",
                      "$CONTROL/dynamic-security/v1"):
            hostile.say(topic, b"OFF")
        admin.say("cmnd/A002/POWER", b"ON")
        assert [each.payload for each in victim.heard()] == [b"ON"]
        assert hostile.heard() == []
        assert not hostile.thrown_out.is_set()


def test_a_hostile_screen_speaks_for_no_other_screen_and_commands_none(home, tmp_path):
    here, _ = home
    provision(tmp_path, INVENTORY + SCREENS)
    brokering.sync(here)
    with closing(Probe(ground(here), "G002")) as hostile, closing(Probe(ground(here), ADMIN)) as admin:
        admin.hear(["#"])
        hostile.hear(["hasp/g003/#", "hasp/+/state/#"])
        for topic in ("hasp/g003/state/p3b3", "hasp/g003/LWT", "hasp/g003/command/jsonl", "hasp/broadcast/command/jsonl",
                      "hasp/g002/command/jsonl", "viriya/update/1", "INDICATEURS/refresh"):
            hostile.say(topic, b"forged")
        hostile.say("hasp/g002/state/p3b3", b"its own")
        admin.say("hasp/g003/state/p3b3", b"the neighbour's")

        assert sorted(each.payload for each in admin.heard()) == [b"its own", b"the neighbour's"]
        assert hostile.heard() == []


def test_a_device_is_driven_through_the_rights_of_both(home, tmp_path):
    here, _ = home
    secret = brokering.secrets_of(here).get("D003")
    plug = Plug(evolve(here.broker, username="D003", password=secret))
    try:
        until(lambda: plug.session.ready)
        done = CliRunner().invoke(app, ["devices", "send", "D003", "off", "--json"], catch_exceptions=False)
    finally:
        plug.leave()
    assert json.loads(done.stdout)["answered"], done.output
    assert plug.twin.outputs == {0: False}


def test_the_secrets_stand_in_their_own_files_alone(home, tmp_path):
    here, _ = home
    kept = brokering.secrets_of(here)
    secrets = {name: kept.get(name) for name in kept.names()}
    assert len(set(secrets.values())) == len(secrets) >= 10
    assert all(len(each) >= 22 for each in secrets.values())      # 128 bits and more
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent != kept.folder.resolve():
            text = path.read_bytes()
            assert not any(each.encode() in text for each in secrets.values()), path
        elif path.is_file():
            assert path.stat().st_mode & 0o077 == 0


# -- faults that are planted ----------------------------------------------------------------------------------------------


def faults_of(here: Context, broker: Mosquitto, **changed: str) -> set[tuple[str, str]]:
    """The faults found once texts of the files are replaced: `rights="old => new"`; a leading + adds."""
    for name, change in changed.items():
        path = broker.folder / {"conf": "mosquitto.conf"}.get(name, name)
        text = path.read_text()
        if change.startswith("+"):
            text += change[1:]
        else:
            for old, new in (each.split(" => ") for each in change.split(" ;; ")):
                assert old in text
                text = text.replace(old, new)
        path.write_text(text)
    broker.stop()
    broker.start()
    return {(each.kind, each.account) for each in check(two(here))}


def two(here: Context) -> Ground:
    """The ground of two neighbours alone: acting as everybody takes its time."""
    whole = ground(here)
    return evolve(whole, accounts=[each for each in whole.accounts if each.username in {"A002", "D003"}])


FILES_ONLY = pytest.mark.parametrize("home", ["files"], indirect=True)


@FILES_ONLY
@pytest.mark.parametrize(("changed", "found"), [
    ({"conf": "allow_anonymous false => allow_anonymous true ;; use_username_as_clientid true => "}, ("anonymous", "")),
    ({"conf": "use_username_as_clientid true => use_username_as_clientid false"}, ("takeover", "D003")),
    ({"conf": "message_size_limit 16384 => message_size_limit 0"}, ("oversize", "D003")),
    ({"rights": "+user D003\ntopic read #\n"}, ("hears", "D003")),
    ({"rights": "+user D003\ntopic readwrite cmnd/A002/POWER\ntopic write #\n"}, ("says", "D003")),
    ({"rights": "+user D003\ntopic read $SYS/#\n"}, ("system", "D003")),
    ({"rights": "topic read D003/rpc => topic read D003/other"}, ("deaf", "D003")),
    ({"rights": "topic write D003/online => topic write D003/offline"}, ("mute", "D003")),
    ({"passwords": "D003: => D903:"}, ("account", "D003")),
    ({"passwords": "elfe-admin: => nobody:"}, ("administrator", "elfe-admin")),
])
def test_a_planted_fault_is_found(home, changed, found):
    here, broker = home
    assert found in faults_of(here, broker, **changed)


def test_a_retained_command_is_found_and_cleared(home):
    here, _ = home
    with closing(Probe(ground(here), ADMIN)) as admin:
        admin.say("D003/rpc", b"{}", retain=True)
        admin.heard()
    assert [each.kind for each in check(two(here), clear=True)] == ["retained"]
    assert list(check(two(here))) == []


def test_an_account_without_its_secret_is_told(home):
    here, _ = home
    brokering.secrets_of(here).forget("D003")
    assert Fault("secret", "D003", "has no secret here: `elfe broker rotate D003` makes one") in list(check(two(here)))


@FILES_ONLY
def test_a_home_reaches_it_over_tls_alone(home, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    here, broker = home
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"], check=True, capture_output=True)
    for name in ("key.pem", "cert.pem"):
        (tmp_path / name).chmod(0o644)
    port, certificate = free_port(), str(tmp_path / "cert.pem")
    broker.stop()
    brokering.write(here, broker.folder, [Listener(broker.port, "127.0.0.1"), Listener(
        port, "127.0.0.1", ca=certificate, certificate=certificate, key=str(tmp_path / "key.pem"))], live=False, log="stderr")
    broker.start()
    over_tls = evolve(ground(here), address=BrokerAddress("127.0.0.1", port, tls_ca=certificate))
    with closing(Probe(over_tls, "D003")) as probe:
        assert probe.let_in
    with closing(Probe(evolve(over_tls, address=BrokerAddress("127.0.0.1", port)), "D003")) as plain:
        assert not plain.let_in


# -- mistakes -----------------------------------------------------------------------------------------------------------------


def test_an_unknown_account_is_not_renewed(home):
    with pytest.raises(BrokerError, match="no such account: D009"):
        brokering.sync(home[0], renew=["D009"])


@FILES_ONLY
def test_a_folder_without_a_configuration_is_told_with_the_command_that_makes_one(home, tmp_path):
    here, _ = home
    nowhere = Context(evolve(here.settings, broker=evolve(here.settings.broker, folder=str(tmp_path / "nowhere"))))
    with pytest.raises(SettingsError, match="elfe broker write"):
        brokering.sync(nowhere)


def test_the_command_line_tells_what_it_found(home):
    done = subprocess.run([sys.executable, "-m", "elfe", "broker", "check", "--account", "D003", "--account", "A002"],
                          capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, "2 accounts acted as, 0 faults found." in done.stdout) == (0, True), done.stdout + done.stderr


@FILES_ONLY
def test_a_broker_that_does_not_run_is_not_taken_for_one_without_accounts(home):
    here, broker = home
    broker.stop()
    with pytest.raises(BrokerError, match=rf"127.0.0.1:{broker.port} is out of reach .*; start it"):
        list(check(two(here)))


@FILES_ONLY
def test_the_files_of_tls_are_found_from_wherever_mosquitto_is_started(home, tmp_path):
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()
    done = CliRunner().invoke(app, ["broker", "write", "other", "--certificate", "cert.pem", "--key", "key.pem"])
    assert done.exit_code == 0, done.output
    said = (tmp_path / "other" / "mosquitto.conf").read_text().splitlines()
    assert {f"certfile {tmp_path}/cert.pem", f"keyfile {tmp_path}/key.pem", f"cafile {tmp_path}/cert.pem"} <= set(said)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mosquitto") is None, reason="mosquitto leaves root only when root starts it")
def test_a_key_that_mosquitto_may_not_read_is_found_before_it_fails_to_start(tmp_path):
    Mosquitto(tmp_path, 0).open_the_way()
    key = tmp_path / "keys" / "key.pem"
    key.parent.mkdir(mode=0o755)
    key.touch(0o600)
    assert brokering.closed_to_mosquitto(key) == key
    shutil.chown(key, group="mosquitto")
    key.chmod(0o640)
    assert brokering.closed_to_mosquitto(key) is None
    key.parent.chmod(0o700)
    assert brokering.closed_to_mosquitto(key) == key.parent
