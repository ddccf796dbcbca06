"""What is noted of devices: soon when it changes, once a minute when only time passes, and how it looks to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from elfe.coordination import states
from elfe.coordination.noticing import EVERY, SOON, Notebook, State, drift, presence
from elfe.devices.drivers import Drivers
from elfe.devices.values import Firmware, Measure, Presence, Quantity, Setting
from tests.coordination.conftest import NOW

SECOND = timedelta(seconds=1)
POWER = Measure(Quantity.POWER, 12.0)


def test_a_device_that_talks_without_end_is_noted_once_a_minute() -> None:
    book, written = Notebook(), 0
    for second in range(600):
        now = NOW + second * SECOND
        book.hear("D003", POWER, now)
        written += len(book.due(now)[0])
    assert written == 10


def test_g12_one_that_flaps_costs_a_write_in_five_seconds_at_most() -> None:
    book, written = Notebook(), 0
    for second in range(60):
        now = NOW + second * SECOND
        book.hear("D003", Presence.OFFLINE if second % 2 else Presence.ONLINE, now)
        written += len(book.due(now)[0])
    assert written <= 60 // 5 + 1


def test_a_change_is_noted_soon_and_says_when_it_is_due() -> None:
    book = Notebook({"D003": State("D003", "online", NOW, NOW)})
    book.due(NOW)
    book.hear("D003", Presence.OFFLINE, NOW + SECOND)
    assert book.due_at == NOW + SECOND + SOON
    assert book.due(NOW + SECOND) == ([], {})
    [noted], _ = book.due(NOW + SECOND + SOON)
    assert (noted.presence, noted.presence_at, noted.heard_at) == ("offline", NOW + SECOND, NOW)


def test_b3_what_the_broker_kept_is_no_last_word() -> None:
    book = Notebook()
    book.hear("D003", Presence.ONLINE, NOW, retained=True)
    [noted] = book.due(NOW + SOON)[0]
    assert (noted.presence, noted.heard_at) == ("online", None)


def test_a_last_will_is_the_brokers_word() -> None:
    book = Notebook({"D003": State("D003", "online", NOW, NOW)})
    book.hear("D003", Presence.OFFLINE, NOW + EVERY)
    assert book.due(NOW + 2 * EVERY)[0][0].heard_at == NOW


def test_a_version_and_the_newer_one_may_come_in_two_answers() -> None:
    book = Notebook()
    for said in (Firmware("1.4.4"), Firmware("", "1.7.1")):
        book.hear("D003", said, NOW)
    assert [(each.firmware, each.newer) for each in book.due(NOW)[0]] == [("1.4.4", "1.7.1")]
    book.hear("D003", Firmware("1.7.1"), NOW + EVERY)
    assert [(each.firmware, each.newer) for each in book.due(NOW + 2 * EVERY)[0]] == [("1.7.1", "")]


def test_what_could_not_be_written_is_due_again() -> None:
    book = Notebook()
    book.hear("D003", Setting("PowerOnState", "1"), NOW)
    noted, read = book.due(NOW + SOON)
    book.again(noted, read, NOW + SOON)
    assert book.due(NOW + 2 * SOON) == (noted, {"D003": [Setting("PowerOnState", "1")]})


def test_of_hardware_that_was_replaced_nothing_is_known() -> None:
    book = Notebook({"D003": State("D003", firmware="1.4.4"), "D004": State("D004", firmware="1.4.4")})
    book.keep(frozenset({"D004"}))
    for each in ("D003", "D004"):
        book.hear(each, POWER, NOW)
    assert [(each.device_id, each.firmware) for each in book.due(NOW)[0]] == [("D003", ""), ("D004", "1.4.4")]


@pytest.mark.parametrize(("state", "type_id", "told"), [
    (None, 411, "unknown"),
    (State("D003", "online", NOW, NOW - 10 * SECOND), 411, "online"),
    (State("D003", "online", NOW - timedelta(days=3), NOW - timedelta(hours=1)), 411, "silent"),      # finding 5: kept, a lie
    (State("D003", "offline", NOW - 5 * SECOND, NOW - 90 * SECOND), 411, "offline"),
    (State("D003", "offline", NOW - 90 * SECOND, NOW - 5 * SECOND), 411, "online"),
    (State("D003", "", None, NOW - 10 * SECOND), 811, "online"),                                     # no last will at all
    (State("D003", "", None, NOW - timedelta(minutes=5)), 811, "silent"),
    (State("D003", "asleep", NOW, NOW - timedelta(hours=5)), 611, "asleep"),
    (State("D003", "asleep", NOW - timedelta(hours=20), NOW - timedelta(hours=20)), 611, "silent"),
])
def test_presence_is_a_last_will_that_a_last_word_agrees_with(state: State | None, type_id: int, told: str,
                                                              drivers: Drivers) -> None:
    assert presence(state, drivers[type_id].type, NOW) == told


def test_what_was_not_read_back_is_not_known_to_differ() -> None:
    expects = (Setting("a", "1"), Setting("b", "2"), Setting("c", "3"))
    assert drift(expects, {}) is None
    assert drift(expects, {"a": "1"}) == []
    assert drift(expects, {"a": "1", "b": "9"}) == [("b", "2", "9")]


# -- where it is noted -----------------------------------------------------------------------------------------------------


def test_a_state_that_tells_less_takes_nothing_away(engine) -> None:
    known = State("D003", "online", NOW, NOW, "1.4.4", "1.7.1", NOW)
    states.note(engine, [known, State("D004", heard_at=NOW)])
    states.note(engine, [State("D003", heard_at=NOW + SECOND)])

    assert states.states(engine) == {"D003": State("D003", "online", NOW, NOW + SECOND, "1.4.4", "1.7.1", NOW),
                                     "D004": State("D004", heard_at=NOW)}


def test_settings_are_those_that_were_read_last(engine) -> None:
    states.note_settings(engine, "D003", [Setting("a", "1"), Setting("b", "2"), Setting("b", "3")], NOW)
    states.note_settings(engine, "D003", [Setting("a", "4")], NOW + SECOND)

    assert states.settings(engine) == {"D003": {"a": "4", "b": "3"}}


def test_a_task_is_taken_down_once_and_says_the_newer_words(engine) -> None:
    for says in ("régler", "régler autrement"):
        states.open_task(engine, "A001", states.Kind.CONFIGURE, says, NOW)
    states.open_task(engine, "A001", states.Kind.FIRMWARE, "mettre à jour", NOW)
    assert [(each.kind, each.says) for each in states.open_tasks(engine)] == [
        ("configure", "régler autrement"), ("firmware", "mettre à jour")]
    assert states.close_task(engine, NOW, device_id="A001", kind=states.Kind.CONFIGURE) == 1
    assert states.close_task(engine, NOW, id=states.open_tasks(engine)[0].id) == 1
    assert states.open_tasks(engine) == []


def test_five_thousand_devices_are_noted_in_a_moment(engine) -> None:
    import time

    many = [State(f"D{number}", "online", NOW, NOW, "1.4.4") for number in range(5000)]
    states.note(engine, many)
    began = time.perf_counter()
    states.note(engine, [State(each.device_id, heard_at=datetime(2025, 1, 1, tzinfo=UTC)) for each in many])
    assert time.perf_counter() - began < 5
