"""Several engines share the homes of a territory: each home is driven by one of them, whatever is added, dies or is set wrongly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from elfe.app import brokering
from elfe.app.context import Context
from elfe.broker import rights
from elfe.cli.doctor import examine
from elfe.command.fleet import Share
from elfe.command.leadership import Leadership, led
from elfe.command.service import CommandService
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.devices.drivers import load
from elfe.devices.testing import MockBroker
from elfe.ems import store as sortie
from elfe.errors import SettingsError
from elfe.settings import parse
from tests.brokers import until
from tests.command.test_service import NOW
from tests.coordination.conftest import MemoryHistory, csv

POSTGRESQL = pytest.mark.postgresql


def a_washer(number: int) -> str:
    return f"R{number:03};r{number:03}@example.org;Lave-linge;lave_linge;120;A{number:03};11;111;{number:06X};2h30;;;;;;;;;"


@pytest.fixture
def territory(coordination_url: str, tmp_path: Path):
    """Homes that are added, and engines that share them, on a mocked broker."""
    output = sortie.open_sortie(f"sqlite:///{tmp_path}/sortie.db")
    sortie.create_sortie(output)
    return Territory(coordination_url, output)


class Territory:
    def __init__(self, url: str, output) -> None:
        self.url, self.output, self.now = url, output, NOW
        self.coordination = queries.open_coordination(url)
        self.broker, self.engines = MockBroker(), []

    def add(self, *numbers: int) -> None:
        made, history = load(), MemoryHistory()
        asked, problems = inventory.read(csv(*map(a_washer, numbers)), made)
        provisioning.apply(self.coordination, provisioning.prepare(self.coordination, asked, problems, history), made, history, NOW)

    def engine(self, worker: int, workers: int) -> CommandService:
        service = CommandService(self.broker.session(), queries.open_coordination(self.url), self.output, load(),
                                 instance=f"engine-{worker}", share=Share(worker, workers), poll_every=timedelta(seconds=5))
        self.engines.append(service)
        return service

    def step(self) -> None:
        self.now += timedelta(seconds=10)
        for each in self.engines:
            each.step(self.now)

    def driven(self) -> list[str]:
        """The home of each appliance, once for each engine that would order it."""
        return sorted(pilot.appliance.participant for each in self.engines for pilot in each.engine.pilots.values())

    def die(self, engine: CommandService) -> None:
        engine._leadership.release()
        self.engines.remove(engine)


def homes(count: int) -> list[str]:
    return [f"R{number:03}" for number in range(1, count + 1)]


def test_every_home_has_one_engine_also_one_that_was_added_or_whose_engine_has_died(territory: Territory) -> None:
    territory.add(*range(1, 13))
    first, second = territory.engine(1, 2), territory.engine(2, 2)
    territory.step()
    assert territory.driven() == homes(12)
    assert first.engine.pilots
    assert second.engine.pilots

    territory.add(13, 14, 15)
    territory.step()
    assert territory.driven() == homes(15)

    standby = territory.engine(2, 2)
    territory.step()
    assert not standby.engine.pilots
    territory.die(second)
    territory.step()
    assert territory.driven() == homes(15)


def test_two_engines_with_one_number_drive_no_home_twice(territory: Territory) -> None:
    territory.add(*range(1, 13))
    territory.engine(1, 2), territory.engine(1, 2)
    territory.step()
    assert len(territory.driven()) == len(set(territory.driven())) < 12
    assert led(territory.coordination, 2) == {1}


@POSTGRESQL
@pytest.mark.parametrize("coordination_url", ["postgresql"], indirect=True)
def test_an_engine_that_counts_otherwise_stands_by_until_the_others_have_gone(
        territory: Territory, caplog: pytest.LogCaptureFixture) -> None:
    territory.add(*range(1, 13))
    first, second, third = territory.engine(1, 2), territory.engine(2, 2), territory.engine(3, 3)
    territory.step()
    territory.step()
    assert territory.driven() == homes(12)
    assert not third.engine.pilots
    told = [each.getMessage() for each in caplog.records if "command.workers" in each.getMessage()]
    assert told == ["the homes are shared among 3 engines here, and among 2 by an engine that leads: this one stands by; "
                    "command.workers must be the same for all"]

    territory.die(first)
    territory.die(second)
    territory.step()
    assert third.engine.pilots


def test_it_is_known_which_shares_are_led(coordination_url: str) -> None:
    engine = queries.open_coordination(coordination_url)
    one, three = (Leadership(queries.open_coordination(coordination_url), share, 3) for share in (1, 3))
    assert led(engine, 3) == set()
    assert one.held()
    assert three.held()
    assert led(engine, 3) == {1, 3}
    one.release()
    until(lambda: led(engine, 3) == {3})         # the server notices a broken connection a moment later
    three.release()


def test_the_doctor_tells_which_homes_nobody_drives_and_how_to_have_them_driven(territory: Territory, tmp_path: Path) -> None:
    territory.add(*range(1, 13))
    here = Context(parse(f"""\
data_dir = "{tmp_path}"
[databases]
coordination = "{territory.url}"
[command]
workers = 2
""", {}))
    assert told(here) == ("warn", "no command engine runs: no order is made; start `elfe up` or `elfe command run`")
    territory.engine(1, 2)
    territory.step()
    lost = 12 - len(territory.driven())
    assert told(here) == ("fail", f"nobody drives share 2 of 2: {lost} of 12 homes get no order; start `elfe command run` with "
                                  "command.worker = 2 (two with one number: the second only stands by)")
    territory.engine(2, 2)
    territory.step()
    assert told(here) == ("ok", "2 of 2 shares of the homes are driven")
    alone = Context(parse(f'data_dir = "{tmp_path}"\n[databases]\ncoordination = "{territory.url}"\n', {}))
    if territory.coordination.dialect.name == "postgresql":      # beside SQLite only the files that it knows of are looked at
        assert told(alone)[0] == "fail"


def told(here: Context) -> tuple[str, str]:
    return next((each.state, each.says) for each in examine(here) if each.what == "engines")


def test_a_share_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match=r"command.worker: there is no share 3 of 2 \(accepted: from 1 to command.workers\)"):
        parse("[command]\nworkers = 2\nworker = 3\n", {})


def test_each_engine_that_shares_the_homes_speaks_as_itself_and_any_of_their_settings_knows_them_all(tmp_path: Path) -> None:
    one, two = (parse(f"data_dir = '{tmp_path}'\n[command]\nworkers = 2\nworker = {n}\n", {}) for n in (1, 2))
    assert (one.command.own_instance, two.command.own_instance) == ("engine-1", "engine-2")
    accounts = [{each.username for each in brokering.wanted(Context(each)).accounts} for each in (one, two)]
    assert accounts[0] == accounts[1]
    assert {"elfe-command-engine-1", "elfe-command-engine-2", "elfe-recorder-engine"} <= accounts[0]


def test_the_account_of_an_engine_hears_what_its_own_questions_are_answered() -> None:
    made = {each.name: each for each in rights.services("engine", ("engine-1", "engine-2"))}
    assert [made[f"elfe-command-engine-{n}"].asks for n in (1, 2)] == ["engine-1", "engine-2"]
