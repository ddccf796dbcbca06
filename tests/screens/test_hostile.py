"""A participant who means harm: their screen says whatever it can under the topics that are its own. Nobody else is touched."""

from __future__ import annotations

import json
from datetime import timedelta

from elfe.coordination import queries
from elfe.coordination.values import Mode
from elfe.devices.drivers import load
from elfe.devices.values import Publish
from elfe.screens.service import NOT_OURS
from tests.screens.test_service import ELSEWHERE, LAVE_LINGE, PARIS, PILOT, STATUS, WASHER, Flat, flat

__all__ = ["flat"]

NONSENSE = [
    b"", b"\x00", b"\xff\xfe\xfd", b"{", b"[" * 100_000, b'{"event":' * 50_000, b"x" * 1_000_000,
    b'{"event":"up","val":1' + b" " * 1_000_000 + b"}", b'{"event":"up","val":1e999}', b'{"event":"up","val":-1}',
    b'{"event":"changed","val":99,"text":"99:99"}', b'{"event":"changed","val":25,"text":"25 h"}',
    b'{"event":"up","val":"1; DROP TABLE"}', '{"event":"up","text":"\u202e\U0001f525"}'.encode(),
    b'{"event":"up","event":"down","val":1,"val":0}', b"null", b"7",
    b'{"event":{"event":{"event":"up"}}}',
]


def says(flat: Flat, name: str, *payloads: bytes) -> None:
    flat.say([Publish(f"{flat.screen.node}/state/{name}", each) for each in payloads])


def everything(flat: Flat) -> tuple[object, ...]:
    return queries.appliances(flat.coordination), queries.open_flexibilities(flat.coordination)


PLACES = ("p3b3", "p3b8", "p3b21", "p0b250", "p12b254", "p99b99", "p1b13", "page", "statusupdate", "p3b3/p4b3")


def test_b13_whatever_bytes_a_screen_says_nothing_breaks_and_nothing_moves(flat):
    before = everything(flat)
    for place in PLACES:
        says(flat, place, *NONSENSE)
    flat.live(seconds=6)

    assert everything(flat) == before
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=6)
    assert flat.appliance(WASHER).mode == Mode.PILOTED          # and it still hears a person


def test_a_screen_moves_only_what_is_in_its_own_home(flat):
    before = flat.appliance(ELSEWHERE)
    for page in range(13):
        for item in range(1, 30):
            says(flat, f"p{page}b{item}", b'{"event":"up","val":1}', b'{"event":"changed","val":3,"text":"03 h"}')
    flat.live(seconds=6)
    flat.live(seconds=6)

    assert flat.appliance(ELSEWHERE) == before
    assert {each.appliance_id for each in queries.open_flexibilities(flat.coordination)} <= {WASHER, 2, 3}


def test_500_declarations_in_a_row_are_a_few_and_the_neighbour_is_heard_meanwhile(flat):
    other = flat.twins["G003"]
    for turn in range(500):
        says(flat, "p3b3", json.dumps({"event": "up", "val": turn % 2}).encode())
        if turn == 250:
            for each in other[0].tap(6, PILOT, flat.now):
                other[1].send(each)
        flat.now += timedelta(milliseconds=20)
        flat.screens.step(flat.now)
    assert flat.appliance(3).mode == Mode.PILOTED                # while the other still taps

    flat.live(seconds=6)
    assert flat.screens.counters["Lend"] + flat.screens.counters["TakeBack"] <= 8
    assert len(queries.open_flexibilities(flat.coordination)) <= 2
    assert flat.appliance(WASHER).mode == Mode.PILOTED           # the last one counts
    assert flat.shows(LAVE_LINGE, PILOT, "val") == 1


def test_pages_turned_without_end_are_drawn_once_when_it_rests(flat):
    told = len(flat.broker.log)
    for turn in range(1000):
        says(flat, "page", str(turn % 7 + 2).encode())
        flat.now += timedelta(milliseconds=10)
        flat.screens.step(flat.now)
    flat.live(seconds=1)
    drawn = [each for each in flat.broker.log[told:] if each.topic == f"{flat.screen.node}/command/jsonl"]
    assert len(drawn) < 30


def test_what_is_refused_is_said_on_the_screen_in_french(flat):
    with flat.coordination.begin() as connection:
        queries.write_appliance(connection, WASHER, only_if_modes=Mode, mode=Mode.DISABLED)
    flat.live(seconds=6)
    says(flat, "p3b3", b'{"event":"up","val":1}')
    flat.live(seconds=1)
    assert flat.shows(LAVE_LINGE, STATUS) == NOT_OURS


def test_an_hour_that_does_not_exist_is_refused_on_the_screen_and_the_next_one_proposed(flat):
    flat.now = flat.now.replace(year=2026, month=3, day=28, hour=22, minute=10)      # the clocks go forward this night
    flat.live(seconds=6)
    flat.choose(LAVE_LINGE, 8, 2)
    flat.choose(LAVE_LINGE, 9, 2)
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)

    assert flat.shows(LAVE_LINGE, STATUS) == "02:30 n'existe pas cette nuit-là : choisissez 03:00"
    assert flat.appliance(WASHER).mode == Mode.MANUAL
    assert (flat.shows(LAVE_LINGE, PILOT, "val"), flat.shows(LAVE_LINGE, 8, "val")) == (0, 0)


def test_an_hour_that_comes_twice_is_the_first_one(flat):
    flat.now = flat.now.replace(year=2026, month=10, day=24, hour=20)
    flat.live(seconds=6)
    flat.choose(LAVE_LINGE, 8, 2)
    flat.choose(LAVE_LINGE, 9, 2)
    flat.touch(LAVE_LINGE, PILOT)
    flat.live(seconds=1)
    flat.live(seconds=6)
    flat.live(seconds=6)

    (lent,) = queries.open_flexibilities(flat.coordination)
    assert f"{lent.deadline.astimezone(PARIS):%H:%M %z}" == "02:30 +0200"
    assert "02:30 (été)" in flat.shows(LAVE_LINGE, STATUS)


def test_a_screen_may_say_nothing_under_another_screens_topics():
    driver = load()[711]
    own, other = (driver.build_topics(driver.device(id)) for id in ("G002", "G009"))

    assert not set(own.writes) & set(other.writes)
    assert all(each.startswith("hasp/g002/") for each in own.writes)
    assert not any(each.startswith("hasp/broadcast") for each in own.writes)
