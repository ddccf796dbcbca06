"""After the visit, on a real mosquitto with twins of real families: seen, configured, unknown, adopted, replaced, gone."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from elfe import clock
from elfe.app import after_visit, brokering, services
from elfe.app.context import Context
from elfe.broker.address import BrokerAddress
from elfe.broker.check import Probe
from elfe.broker.client import MqttSession
from elfe.broker.session import Message
from elfe.cli import app
from elfe.coordination import configuring, leaving, queries, states, store
from elfe.coordination.values import Mode
from elfe.devices.drivers import load as load_drivers
from elfe.devices.twins import Twin
from elfe.errors import LifecycleError
from elfe.history.values import Reading, power_series
from elfe.settings import load
from tests.broker.test_accounts import Mosquitto, ground, home, provision  # noqa: F401 - a fixture, and what it takes
from tests.brokers import mosquitto, until  # noqa: F401 - a fixture
from tests.cli.test_cli import RUNNER, elfe, program

pytestmark = pytest.mark.mosquitto
FILES_ONLY = pytest.mark.parametrize("home", ["files"], indirect=True)
INVENTORY = """\
participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle
R004;anne@example.org;Lave-linge;lave_linge;120;D003;11;411;A8032AB12345;2h
R005;;Lave-vaisselle;lave_vaisselle;120;A001;11;111;A8BC25;2h
R006;;Sèche-linge;seche_linge;120;A002;11;112;;2h
"""


@contextmanager
def alive(address: BrokerAddress, *twins: tuple[str, Twin]) -> Iterator[None]:
    """Twins on a real broker, turned by one thread."""
    leaves = threading.Event()
    sessions = [(MqttSession(address, name, will=twin.last_will), twin) for name, twin in twins]
    for session, twin in sessions:
        session.listen(twin.subscriptions)

    def live() -> None:
        while not leaves.is_set():
            for session, twin in sessions:
                for arrival in session.arrivals():
                    now = datetime.now(UTC)
                    says = (twin.receive(arrival.topic, arrival.payload, now) if isinstance(arrival, Message)
                            else twin.connected(now))
                    for message in says:
                        session.send(message)
                if twin.next_at is not None and twin.next_at <= datetime.now(UTC):
                    for message in twin.tick(datetime.now(UTC)):
                        session.send(message)
            sessions[0][0].wait(timedelta(milliseconds=20))

    thread = threading.Thread(target=live)
    thread.start()
    try:
        until(lambda: all(session.ready for session, _ in sessions))
        yield
    finally:
        leaves.set()
        thread.join()
        for session, _ in sessions:
            session.close()


def twin(type_id: int, id: str, hardware_id: str = "", **stored: str) -> Twin:
    driver = load_drivers()[type_id]
    made: Twin = driver.simulate(driver.device(id, hardware_id, stored), 1)  # type: ignore[misc]
    return made


@pytest.fixture
def village(tmp_path, monkeypatch, mosquitto) -> Context:  # noqa: F811
    """Three homes on a broker that lets everybody in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elfe.toml").write_text(f'[broker]\nhost = "127.0.0.1"\nport = {mosquitto.address.port}\n')
    (tmp_path / "inventory.csv").write_text(INVENTORY)
    elfe("devices", "provision", "inventory.csv", "--yes")
    return Context(load(tmp_path / "elfe.toml"))


def said(*words: str) -> object:
    return json.loads(elfe(*words, "--json"))


@contextmanager
def recorder(here: Context) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """The recorder, listening; what it gives runs it until something holds."""
    service, (session,) = services.recorder(here.settings)

    def until_it_holds(holds: Callable[[], bool]) -> None:
        until(lambda: (service.step(clock.now()), holds())[1], session, within_s=20)

    with closing(session):
        until_it_holds(lambda: session.ready)
        yield until_it_holds


# -- found, labelled ---------------------------------------------------------------------------------------------------------


def test_the_whole_line_of_a_device_is_found_by_its_hardware(village):
    [found] = said("devices", "find", "a8:03:2a:b1:23:45")
    assert (found["point"], found["participant"], found["appliance"]["name"], found["by"]) == (
        "D003", "R004", "Lave-linge", "id matériel")
    assert "D003  " in elfe("devices", "find", "D003/rpc")


def test_what_is_not_found_is_an_exit_code(village, tmp_path):
    done = program(tmp_path, "devices", "find", "B0B0B0")
    assert (done.returncode, "elfe devices unknown" in done.stderr) == (1, True)


def refused(says: str, *words: str) -> None:
    """A command that is refused with a sentence: the program tells it and ends with 1."""
    with pytest.raises(LifecycleError, match=re.escape(says)):
        elfe(*words)


@pytest.mark.parametrize("suffix", ["pdf", "html", "svg"])
def test_a_sheet_of_labels_names_no_person_and_no_secret(village, tmp_path, suffix):
    brokering.secrets_of(village).ensure("D003")
    elfe("devices", "labels", "--out", f"labels.{suffix}")
    sheet = (tmp_path / f"labels.{suffix}").read_bytes()
    text = sheet.decode("cp1252" if suffix == "pdf" else "utf-8")
    assert all(each in text for each in ("D003", "Lave-linge", "A8032AB12345", "Sèche-linge"))
    assert not any(each in text for each in ("anne", "R004", brokering.secrets_of(village).get("D003")))


def test_labels_are_those_of_a_home_or_say_what_is_wrong(village, tmp_path):
    assert elfe("devices", "labels", "--home", "R005", "--out", "one.pdf").startswith("écrit : one.pdf\n1 étiquettes")
    refused("aucun équipement chez R999", "devices", "labels", "--home", "R999")
    refused("aucun équipement au point D777", "devices", "labels", "D777")
    refused("doit finir par .pdf", "devices", "labels", "--out", "labels.doc")


# -- seen --------------------------------------------------------------------------------------------------------------------


def test_the_recorder_notes_who_is_there_and_the_list_shows_it(village, mosquitto):  # noqa: F811
    assert {each["presence"] for each in said("devices", "list")} == {"unknown"}
    with recorder(village) as runs, alive(
            mosquitto.address, ("A001", twin(111, "A001", "A8BC25")), ("A002", twin(112, "A002"))):
        runs(lambda: {"A001", "A002"} <= {
            each.device_id for each in states.states(village.coordination).values() if each.firmware and each.heard_at})
        seen = {each["point"]: each for each in said("devices", "list")}
        assert (seen["A001"]["presence"], seen["A002"]["presence"], seen["D003"]["presence"]) == ("online", "online", "unknown")
        assert seen["A001"]["firmware"].startswith("1.1")
        assert seen["A002"]["firmware"].startswith("12.1.1")
    assert [each["point"] for each in said("devices", "list", "--silent")] == ["D003"]
    assert [each["point"] for each in said("devices", "list", "--home", "R005", "--type", "111")] == ["A001"]


# -- configured --------------------------------------------------------------------------------------------------------------


def test_settings_are_read_back_shown_and_set_again(village, mosquitto):  # noqa: F811
    relay = twin(411, "D003")
    with alive(mosquitto.address, ("D003", relay)):
        looked = RUNNER.invoke(app, ["devices", "configure", "D003", "--dry-run", "--json"])
        [seen] = json.loads(looked.stdout)
        assert (looked.exit_code, seen["how"]) == (1, "diffère")
        assert {"name": "switch:0.auto_on", "wanted": "true", "read": "false"} in seen["differs"]
        [listed] = [each for each in said("devices", "list") if each["point"] == "D003"]
        assert len(listed["drift"]) == len(seen["differs"])

        assert [each["how"] for each in said("devices", "configure", "--all-drifted")] == ["réglé"]
        assert [each["how"] for each in said("devices", "configure", "D003")] == ["en ordre"]
    [listed] = [each for each in said("devices", "list") if each["point"] == "D003"]
    assert listed["drift"] == []
    assert said("devices", "configure", "--all-drifted") == []


def test_a_device_that_does_not_answer_is_told(village, monkeypatch):
    monkeypatch.setattr(configuring, "READS", 1)
    done = RUNNER.invoke(app, ["devices", "configure", "A002", "--json"])
    assert (done.exit_code, json.loads(done.stdout)[0]["how"]) == (1, "ne répond pas")


def test_what_only_the_local_network_can_set_becomes_a_task_of_a_visit(village, tmp_path):
    [seen] = said("devices", "configure", "A001", "--dry-run")
    assert (seen["how"].partition(" :")[0], said("devices", "tasks")) == ("visite", [])
    for _ in range(2):
        elfe("devices", "configure", "--home", "R005")
    [task] = said("devices", "tasks")
    assert (task["point"], task["participant"], task["kind"]) == ("A001", "R005", "configure")
    assert said("devices", "tasks", "--done", str(task["id"])) == []
    refused("aucune tâche ouverte n° 7", "devices", "tasks", "--done", "7")


def test_i4_a_machine_that_runs_or_waits_is_not_restarted_by_its_settings(village, mosquitto):  # noqa: F811
    with alive(mosquitto.address, ("D003", twin(411, "D003"))):
        draws(village, "D003", 1850.0)
        assert [each["how"] for each in said("devices", "configure", "D003")] == ["plus tard : « Lave-linge » consomme 1850 W"]
        draws(village, "D003", 0.5)
        elfe("declare", "lave-linge R004", "--by", "23:59", "--lasts", "1h")
        assert [each["how"] for each in said("devices", "configure", "D003")] == ["plus tard : « Lave-linge » est déclaré"]


def draws(here: Context, point: str, power_w: float) -> None:
    here.history.append([Reading(here.history.series(power_series(point), "W"), clock.now(), power_w)])


# -- unknown, adopted ----------------------------------------------------------------------------------------------------------


def test_b11_a_unit_that_nobody_knows_is_listed_with_who_would_read_it_and_adopted(village, mosquitto):  # noqa: F811
    stranger, plug = twin(411, "X", root="shellyplus1pm-a8032ab1ff00"), twin(111, "A9", "C45BBE")
    stranger.period = plug.period = timedelta(seconds=0.5)
    with alive(mosquitto.address, ("D003", twin(411, "D003")), ("stranger", stranger), ("A9", plug)):
        found = said("devices", "unknown", "--for", "2")
        units = {each["name"]: each for each in found["units"]}
        assert set(units) == {"shellyplus1pm-a8032ab1ff00", "C45BBE"}
        assert units["C45BBE"]["types"][0]["type"] == 111
        assert units["C45BBE"]["types"][0]["hardware_id"] == "C45BBE"
        [relay] = [each for each in units["shellyplus1pm-a8032ab1ff00"]["types"] if each["type"] == 411]
        assert (relay["hardware_id"], relay["topics"]) == ("A8032AB1FF00", {"root": "shellyplus1pm-a8032ab1ff00"})

        elfe("devices", "adopt", "D009", "--type", "411", "--hardware", relay["hardware_id"], "--home", "R006", "--appliance",
             "Congélateur", "--appliance-type", "machine_generique", "--topics", "root=shellyplus1pm-a8032ab1ff00")
        assert [each["name"] for each in said("devices", "unknown", "--for", "2")["units"]] == ["C45BBE"]
        assert json.loads(elfe("devices", "send", "D009", "query", "--json"))["answered"]


def test_an_adoption_that_is_wrong_is_told_as_of_an_inventory(village, tmp_path):
    with pytest.raises(LifecycleError) as wrong:
        elfe("devices", "adopt", "Z9", "--type", "411", "--home", "R4", "--appliance", "Four")
    *told, otherwise = str(wrong.value).splitlines()
    assert [line.partition(" :")[0] for line in told] == ["participant", "type_appareil", "point"]
    assert otherwise.endswith("s'écrit dans un inventaire d'une ligne : docs/inventory.md")
    dry = said("devices", "adopt", "d009", "--type", "411", "--home", "r004", "--appliance", "Four", "--appliance-type", "1",
               "--dry-run")
    assert (dry["applied"], len(said("devices", "list"))) == (False, 3)


# -- replaced ------------------------------------------------------------------------------------------------------------------


def test_a_dead_unit_is_replaced_with_its_point_history_and_label_kept_and_its_account_renewed(home, tmp_path):  # noqa: F811
    here, _ = home
    old, before = ground(here), {each["point"]: each for each in said("devices", "list")}
    series = here.history.series(power_series("A001"), "W")
    began = time.monotonic()
    done = said("devices", "replace", "A001", "--hardware", "A8BC26", "--reason", "ne répond plus")
    took = time.monotonic() - began

    assert took < 60
    assert (done["accounts"]["changed"], done["open"]) == (["A001"], "")
    after = {each["point"]: each for each in said("devices", "list")}
    assert after["A001"]["appliance"] == before["A001"]["appliance"]
    assert after["A001"]["templates"] == {"root": "shellies/shellyplug-s-A8BC26"}
    assert {**after, "A001": None} == {**before, "A001": None}
    assert {each.power_series for each in queries.machines(here.coordination) if each.appliance.id == 1} == {series}
    [gone] = leaving.retired(here.coordination)
    assert (gone.hardware_id, gone.reason) == ("A8BC25", "ne répond plus")
    assert "A8BC25 a quitté le point A001" in elfe("devices", "find", "A8BC25")

    def dead() -> bool:
        with closing(Probe(old, "A001")) as probe:
            return not probe.let_in
    until(dead, within_s=10)
    with closing(Probe(ground(here), "A001")) as new, closing(Probe(ground(here), "elfe-watch")) as watcher:
        assert new.let_in
        watcher.hear(["shellies/+/relay/0"])
        new.say("shellies/shellyplug-s-A8BC26/relay/0", b"on")
        new.say("shellies/shellyplug-s-A8BC25/relay/0", b"on")
        assert [each.topic for each in watcher.heard()] == ["shellies/shellyplug-s-A8BC26/relay/0"]


def test_a_replacement_that_is_only_looked_at_changes_nothing(village):
    before = said("devices", "list")
    looked = said("devices", "replace", "A001", "--hardware", "A8BC26", "--dry-run")
    assert looked["differs"][0] == "point A001, matériel A8BC25 → A8BC26"
    assert said("devices", "list") == before


def test_the_new_unit_does_what_the_old_one_did_with_what_was_declared(village, mosquitto):  # noqa: F811
    elfe("declare", "lave-vaisselle R005", "--by", "23:59", "--lasts", "1h")
    elfe("devices", "replace", "A001", "--hardware", "A8BC26", "--yes")
    assert [each.appliance_id for each in queries.open_flexibilities(village.coordination)] == [2]
    with alive(mosquitto.address, ("A001", twin(111, "A001", "A8BC26"))):
        assert json.loads(elfe("devices", "send", "A001", "query", "--json"))["answered"]


@FILES_ONLY
def test_a_broker_that_is_away_is_brought_up_to_date_later(home):  # noqa: F811
    _, broker = home
    broker.stop()
    broker.process = None
    done = said("devices", "replace", "d003", "--hardware", "A8032AB1FF00", "--type", "Shelly Plus 1 PM")
    assert re.search(r"elfe broker sync.*elfe broker rotate D003", done["open"])
    assert {each["hardware_id"] for each in said("devices", "list") if each["point"] == "D003"} == {"A8032AB1FF00"}


# -- moved, gone ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", [False, True])
def test_who_leaves_is_thrown_out_forgotten_and_their_measures_are_as_they_consented(home, tmp_path, keeps):  # noqa: F811
    here, _ = home
    for point, power in (("A001", 100.0), ("D003", 200.0)):
        draws(here, point, power)
    series = here.history.find(power_series("A001"))
    looked = said("participants", "leave", "R004", "--dry-run")
    assert (looked["applied"], looked["points"]) == (False, ["A001"])
    assert store.standing(here.coordination).participants.keys() >= {"R004"}

    with closing(Probe(ground(here), "A001")) as connected, closing(Probe(ground(here), "D003")) as other:
        done = said("participants", "leave", "R004", "--yes", *(["--keep-measures"] if keeps else []))
        assert connected.thrown_out.wait(10)
        assert not other.thrown_out.is_set()
    assert done["accounts"]["removed"] == ["A001"]
    assert brokering.secrets_of(here).get("A001") is None
    assert "R004" not in store.standing(here.coordination).participants
    assert here.history.last(series, clock.now()) is None
    assert here.history.last(here.history.find(power_series("D003")), clock.now()).value == 200.0
    kept = [id for id, name, _ in here.history.names() if name.startswith("ancien ")]
    assert [here.history.last(each, clock.now()).value for each in kept] == ([100.0] if keeps else [])
    machine = next(each for each in queries.machines(here.coordination) if each.appliance.id == 1)
    assert (machine.appliance.mode, machine.power_series) == (Mode.REMOVED, kept[0] if keeps else series)


def test_a_departure_that_was_interrupted_is_taken_up_and_ends(village):
    draws(village, "D003", 100.0)
    elfe("participants", "leave", "R004", "--yes")
    draws(village, "D003", 101.0)                          # what the recorder still heard
    assert "repris" in elfe("participants", "leave", "R004", "--yes")
    assert village.history.last(village.history.find(power_series("D003")), clock.now()) is None
    assert after_visit.sweep(village, clock.now() + timedelta(minutes=3)) == ["R004"]
    assert [dict(each.pending) for each in states.departures(village.coordination)] == [{}]
    assert after_visit.sweep(village, clock.now() + timedelta(minutes=3)) == []


def test_who_moves_is_listed_at_the_other_home(village):
    done = said("participants", "move", "r004", "--to", "r012", "--yes")
    assert done["moved"] == [1]
    assert [each["point"] for each in said("devices", "list", "--home", "R012")] == ["D003"]
    assert store.standing(village.coordination).participants["R012"].email == "anne@example.org"


def test_nobody_is_erased_unasked(village, tmp_path):
    done = program(tmp_path, "participants", "leave", "R004")
    assert (done.returncode, "ajoutez --yes" in done.stderr, "anne" in done.stdout) == (1, True, False)
    assert "R004" in store.standing(village.coordination).participants


# -- firmware --------------------------------------------------------------------------------------------------------------------


def test_firmware_goes_to_the_volunteer_first_and_only_when_nothing_runs(village, mosquitto):  # noqa: F811
    relay = twin(411, "D003")
    with recorder(village) as runs, alive(mosquitto.address, ("D003", relay)):
        elfe("firmware", "volunteer", "R004")
        [status] = said("firmware", "status", "--type", "411", "--ask")
        [running] = status["versions"]
        assert running not in {"", "unknown"}
        runs(lambda: states.states(village.coordination)["D003"].presence == "online")
        draws(village, "D003", 900.0)
        [step] = said("firmware", "advance", "--type", "411")
        assert (step["told"], "draws 900 W" in step["next"]) == ([], True)
        draws(village, "D003", 0.4)
        [step] = said("firmware", "advance", "--type", "411")
        assert step["told"] == ["D003"]
        until(lambda: running not in said("firmware", "status", "--type", "411", "--ask")[0]["versions"], within_s=30)
        [step] = said("firmware", "advance", "--type", "411")
        assert step["next"].startswith("wait: the ring is watched until")
    assert said("firmware", "plan", "--type", "411")["rings"]["volunteers"][0]["unit"] == "D003"


def test_firmware_that_is_stopped_says_so_and_tells_nobody(village, tmp_path, mosquitto):  # noqa: F811
    with alive(mosquitto.address, ("D003", twin(411, "D003"))):
        draws(village, "D003", 0.4)
        elfe("firmware", "advance", "--type", "411")
        elfe("firmware", "stop", "--type", "411", "--reason", "a rumour")
        done = RUNNER.invoke(app, ["firmware", "advance", "--json"])
        assert (done.exit_code, json.loads(done.stdout)[0]["next"]) == (1, "stopped: a rumour")


@pytest.mark.parametrize(("words", "says"), [
    (("advance",), "begin one with --type"),
    (("stop", "--type", "411"), "no firmware is being brought to type 411"),
    (("volunteer", "R999"), "no participant R999"),
])
def test_a_mistake_with_firmware_is_one_sentence(village, words, says):
    refused(says, "firmware", *words)
