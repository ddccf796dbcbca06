"""`elfe simulate` on a real broker, heard by a client that knows nothing of elfe."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from elfe.app.simulate import address_of, play, seats_of
from elfe.broker.address import BrokerAddress
from elfe.broker.embedded import Embedded, find_mosquitto, free_port
from elfe.broker.fleet import Fleet
from elfe.broker.session import Message
from elfe.devices.drivers import load
from elfe.devices.values import Capability, PresenceBy
from elfe.errors import SetupError
from elfe.simulation import cast, series
from tests.brokers import until

pytestmark = pytest.mark.mosquitto

DRIVERS = load()
PLUG = next(each for each in DRIVERS if each.type.can(Capability.METER) and each.type.can(Capability.SWITCH)
            and each.type.presence_by is PresenceBy.LAST_WILL and "root" in each.type.templates and each.type.outputs == 1
            and each.simulate is not None)
WITHIN_S = 60


class Outsider:
    """A subscriber of its own, with paho and nothing else."""

    def __init__(self, address: BrokerAddress, username: str = "", password: str = "") -> None:
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        if username:
            self.client.username_pw_set(username, password)
        if address.tls_ca:
            self.client.tls_set(address.tls_ca)
        subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = lambda _, __, message: self.heard[message.topic].append(message.payload)
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        assert subscribed.wait(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def roots(self, name: str) -> set[str]:
        """Whoever said something on `<root>/<name>`."""
        return {topic.rpartition("/")[0] for topic in list(self.heard) if topic.endswith(f"/{name}")}


@contextmanager
def outside(address, **account):
    outsider = Outsider(address, **account)
    try:
        yield outsider
    finally:
        outsider.close()


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "devices.toml"
    path.write_text(text, encoding="utf-8")
    return path


def device(**keys) -> str:
    given = {"type": PLUG.type.id, "id": '"A{n:03}"', "templates": '{root = "home/{id}"}', **keys}
    return "[[device]]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())


def run(path: Path, *options: str, **more) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "elfe", "simulate", path.name, *options], cwd=path.parent, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def url(broker: Embedded) -> str:
    return f"mqtt://127.0.0.1:{broker.port}"


def will(id: str):
    assert PLUG.simulate is not None
    return PLUG.simulate(PLUG.device(id, stored={"root": f"home/{id}"}), 1).last_will


def said(output: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in output.splitlines()]


# -- the command --------------------------------------------------------------------------------------------------------------


def test_an_outsider_hears_them_live_and_die(mosquitto, tmp_path):
    """Each with its own last will, said by the broker when Ctrl-C cuts them all off."""
    path = file(tmp_path, device(count=3, appliance="{power_w = 60}"))
    with outside(mosquitto.address) as outsider:
        process = run(path, "--broker", url(mosquitto), "--json")
        wills = [will(f"A00{number}") for number in (1, 2, 3)]
        until(lambda: all(len(outsider.heard[each.topic]) == 1 for each in wills), within_s=WITHIN_S)
        assert all(outsider.heard[each.topic] != [each.payload] for each in wills)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=WITHIN_S)
        until(lambda: all(outsider.heard[each.topic][-1] == each.payload for each in wills))
    assert process.returncode == 0, errors
    assert sorted(each["device"] for each in said(output) if each["what"] == "joins") == ["A001", "A002", "A003"]
    assert sorted(each["device"] for each in said(output) if each["what"] == "leaves") == ["A001", "A002", "A003"]
    assert "3 devices on 3 connections" in errors


def test_an_outsider_commands_one_and_a_liar_lies(mosquitto, tmp_path):
    path = file(tmp_path, device(count=2) + device(id='"L001"', misbehaves='["lying"]'))
    with outside(mosquitto.address) as outsider:
        process = run(path, "--broker", url(mosquitto), "--json", "--for", "1h")
        until(lambda: len(outsider.roots(will("A001").topic.rpartition("/")[2])) == 3, within_s=WITHIN_S)
        for id in ("A002", "L001"):
            _switch_off(outsider, id)
        happened: list[dict[str, str]] = []
        while sum(each["what"] == "told" for each in happened) < 2 or happened[-1]["what"] != "says":
            happened.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGTERM)
        happened += said(process.communicate(timeout=WITHIN_S)[0])
    assert {each["device"] for each in happened if each["what"] == "told"} == {"A002", "L001"}
    assert [(each["device"], each["text"]) for each in happened if each["what"] == "switches"] == [("A002", "output 0 off")]


def _switch_off(outsider: Outsider, id: str) -> None:
    from elfe.devices.values import Switch

    assert PLUG.encode_command is not None
    for message in PLUG.encode_command(PLUG.device(id, stored={"root": f"home/{id}"}), Switch(False)).publishes:
        outsider.client.publish(message.topic, message.payload, 1)


def test_they_live_faster_than_the_clock_and_end_by_themselves(mosquitto, tmp_path):
    path = file(tmp_path, device(appliance='{trace = "kettle.csv"}', id='"A001"'))
    (tmp_path / "kettle.csv").write_text("t,power_w\n0,0\n60,2000\n180,0\n")
    done = run(path, "--broker", url(mosquitto), "--json", "--speed", "600", "--for", "30m")
    output, errors = done.communicate(timeout=WITHIN_S)
    assert done.returncode == 0, errors
    assert any("2000" in each.get("payload", "") for each in said(output))


def test_a_person_reads_lines_and_quiet_ones_when_asked(mosquitto, tmp_path):
    path = file(tmp_path, device(id='"A001"', misbehaves='[{kind = "pressed", every = "1m"}]'))
    loud, quiet = (run(path, "--broker", url(mosquitto), "--speed", "600", "--for", "20m", *more).communicate(timeout=WITHIN_S)[0]
                   for more in ((), ("-q",)))
    assert "A001     → home/A001/" in loud
    assert "A001     * switches output 0 off" in loud
    assert "→" not in quiet
    assert "A001     * switches output 0 off" in quiet


@pytest.mark.parametrize(("keys", "options", "told"), [
    ({"chanel": 1}, (), "devices.toml, line 5: chanel: is unknown: write type, id"),
    ({}, ("--broker", "mqtt://127.0.0.1:1"), "no broker answers at 127.0.0.1:1: Connection refused; start it"),
    ({}, (), "no broker: start the embedded one with `elfe up`"),
])
def test_a_mistake_is_one_sentence_and_nothing_starts(tmp_path, keys, options, told):
    done = run(file(tmp_path, device(id='"A001"', **keys)), *options)
    output, errors = done.communicate(timeout=WITHIN_S)
    assert (done.returncode, output) == (78, "")
    assert told in errors
    assert "Traceback" not in errors


def test_a_trace_that_is_not_there_is_told_with_the_entry_that_wants_it():
    players = cast.read(device(id='"A001"', appliance='{trace = "gone.csv"}'), DRIVERS, tuple(series.CYCLES))
    with pytest.raises(SetupError, match=r"devices\.toml, line 1: appliance\.trace: traces/gone\.csv cannot be read"):
        seats_of(players, Path("traces"), {})


# -- accounts and TLS ---------------------------------------------------------------------------------------------------------


@contextmanager
def guarded(tmp_path: Path, *lines: str, **passwords: str):
    """A mosquitto that lets in whom it knows, and closes the connection of a name that is not its client id."""
    program = find_mosquitto()
    if program is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto and its mosquitto_passwd are needed here")
    tmp_path.chmod(0o755)
    port, known = free_port(), tmp_path / "passwords"
    known.touch(mode=0o644)
    for name, password in passwords.items():
        subprocess.run(["mosquitto_passwd", "-b", known, name, password], check=True, capture_output=True)
    known.chmod(0o644)
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text("\n".join((
        "user root", f"listener {port} 127.0.0.1", "allow_anonymous false", f"password_file {known}", *lines)))
    process = subprocess.Popen([program, "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def certify(folder: Path) -> None:
    """A key and a certificate of 127.0.0.1 that is its own authority, which a broker's own user may read."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"], check=True, capture_output=True,
                   cwd=folder)
    for name in ("key.pem", "cert.pem"):
        (folder / name).chmod(0o644)


def test_each_has_its_own_account_over_tls(tmp_path):
    certify(tmp_path)
    tls = (f"certfile {tmp_path / 'cert.pem'}", f"keyfile {tmp_path / 'key.pem'}", "use_username_as_clientid true")
    path = file(tmp_path, 'ca = "cert.pem"\n' + device(count=3, username='"{id}"', password='"secret-{n}"'))
    with guarded(tmp_path, *tls, A001="secret-1", A002="secret-2", A003="another", watcher="w") as port:
        address = BrokerAddress("127.0.0.1", port, "3.1.1", tls_ca=str(tmp_path / "cert.pem"))
        with outside(address, username="watcher", password="w") as outsider:
            process = run(path, "--broker", f"mqtts://127.0.0.1:{port}", "--json")
            until(lambda: all(outsider.heard[will(id).topic] for id in ("A001", "A002")), within_s=WITHIN_S)
            for id in ("A001", "A002") * 20:
                _switch_off(outsider, id)
            happened: list[dict[str, str]] = []
            while sum(each["what"] == "told" for each in happened) < 40 or not any(each["what"] == "away" for each in happened):
                happened.append(json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=WITHIN_S)
    away = [(each["device"], each["text"]) for each in happened if each["what"] == "away"]
    assert [device for device, _ in away] == ["A003"], "told once, however often it tries"
    assert away[0][1].startswith("refused: ")


def test_what_a_broker_says_in_one_breath_over_tls_is_heard_whole(tmp_path):
    """Brokers may put several packets into one TLS record: once it is deciphered, the socket has nothing to announce."""
    certify(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    messages = b"".join(b"\x30\x05\x00\x01d" + str(number).encode() * 2 for number in range(5))
    done = threading.Event()

    def serve(listening: socket.socket) -> None:
        with context.wrap_socket(listening.accept()[0], server_side=True) as client:
            client.recv(1000)                                                     # CONNECT
            client.sendall(b"\x20\x02\x00\x00")
            asked = client.recv(1000)                                             # SUBSCRIBE, its number first
            client.sendall(b"\x90\x03" + asked[2:4] + b"\x01" + messages)
            done.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening,), daemon=True)
        server.start()
        with closing(Fleet(address_of(f"mqtts://127.0.0.1:{listening.getsockname()[1]}", str(tmp_path / "cert.pem")))) as fleet:
            fleet.add("D001", None, ("d",))
            heard: list[Message] = []
            until(lambda: heard.extend(each for _, each in fleet.arrivals() if isinstance(each, Message)) or len(heard) == 5)
        done.set()
        server.join(10)


def test_a_broker_that_cannot_be_believed_is_told(tmp_path):
    with guarded(tmp_path, A001="x") as port, pytest.raises(SetupError, match=f"no broker answers at 127.0.0.1:{port}"):
        play((), address_of(f"mqtts://127.0.0.1:{port}", ca=""), lambda _: None, threading.Event())


@pytest.mark.parametrize(("written", "address"), [
    ("mqtt://127.0.0.1", BrokerAddress("127.0.0.1", 1883, "3.1.1")),
    ("mqtt.example.org:1884", BrokerAddress("mqtt.example.org", 1884, "3.1.1")),
    ("mqtt://elfe:p%40ss@mqtt.example.org", BrokerAddress("mqtt.example.org", 1883, "3.1.1", "elfe", "p@ss")),
    ("mqtt://[::1]:1885", BrokerAddress("::1", 1885, "3.1.1")),
])
def test_an_address_is_a_url(written, address):
    assert address_of(written) == address


def test_tls_has_a_port_and_an_authority_of_its_own():
    assert address_of("mqtts://mqtt.example.org", ca="ca.pem") == BrokerAddress("mqtt.example.org", 8883, "3.1.1", tls_ca="ca.pem")


def test_an_authority_without_tls_is_a_mistake():
    with pytest.raises(SetupError, match="without TLS, and --ca for nothing"):
        address_of("mqtt://127.0.0.1", ca="ca.pem")


@pytest.mark.parametrize("written", ["", "mqtt://", "http://x", "mqtt://x:port"])
def test_what_is_no_address_is_refused(written):
    with pytest.raises(SetupError, match="write mqtt://127"):
        address_of(written)


# -- all of them --------------------------------------------------------------------------------------------------------------


def test_every_type_that_has_a_twin_plays(mosquitto, tmp_path):
    """Of all installed plugins; sleepers, fingers, screens and eight outputs among them."""
    types = [each.type for each in DRIVERS if each.simulate is not None]
    text = "".join(f'[[device]]\ntype = {each.id}\nid = "Z{each.id}"\nappliance = {{power_w = 50}}\n' for each in types)
    happened = _lives_until_all_spoke(cast.read(text, DRIVERS, tuple(series.CYCLES)), mosquitto, speed=300.0)
    assert _who(happened, "joins") == _who(happened, "says") == {f"Z{each.id}" for each in types}
    assert _who(happened, "away") == set()


def test_a_thousand_start_and_speak(mosquitto):
    players = cast.read(device(id='"A{n:04}"', count=1000, appliance="{power_w = 60}"), DRIVERS, tuple(series.CYCLES))
    with outside(mosquitto.address) as outsider:
        happened = _lives_until_all_spoke(players, mosquitto, speed=10.0)
        until(lambda: len(outsider.roots(will("A0001").topic.rpartition("/")[2])) == 1000)
        until(lambda: all(outsider.heard[will(f"A{n:04}").topic][-1] == will(f"A{n:04}").payload for n in range(1, 1001)))
    assert _who(happened, "says") == {f"A{n:04}" for n in range(1, 1001)}
    assert _who(happened, "away") == set()


def _lives_until_all_spoke(players, broker, speed):
    """However busy the machine is: what happened until then, or within a minute of our own time."""
    seats = seats_of(players, Path(), {})
    happened, silent, stop = [], {each.id for each in seats}, threading.Event()

    def seen(it):
        happened.append(it)
        if it.what == "says":
            silent.discard(it.who)
        if not silent:
            stop.set()

    play(seats, address_of(url(broker)), seen, stop, speed=speed, lasts=timedelta(minutes=1) * speed)
    return happened


def _who(happened, what):
    return {each.who for each in happened if each.what == what}
