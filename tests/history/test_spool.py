"""What waits on disk while the history is away: bounded, counted, and there again after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field

from elfe.errors import SettingsError
from elfe.history import keeper
from elfe.history.recorder import BALANCE_TOPIC
from elfe.history.spool import Spool
from elfe.history.values import PartlyKept, Reading
from tests.history.test_recorder import Bench, bench, memory  # noqa: F401 - fixtures

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def rows(*values: float) -> list[tuple[str, str, int, float]]:
    return [("D101 puissance", "W", int(value), value) for value in values]


def test_the_oldest_go_first_and_every_one_is_counted():
    spool = Spool(room=3)
    assert [spool.put(rows(each)) for each in (1.0, 2.0, 3.0, 4.0, 5.0)] == [0, 0, 0, 1, 1]
    assert [each.value for each in spool.take(9)] == [3.0, 4.0, 5.0]
    assert spool.counted() == {"lost": 2}


def test_more_than_there_is_room_for_at_once_keeps_the_newest():
    spool = Spool(room=2)
    assert spool.put(rows(1.0, 2.0, 3.0)) == 1
    assert [each.value for each in spool.take(9)] == [2.0, 3.0]


def test_what_is_refused_stands_behind_what_was_not_and_goes_in_the_end():
    spool = Spool()
    spool.put(rows(1.0, 2.0))
    first = spool.take(1)[0]
    assert spool.refuse([first.id], most=1) == 0
    assert [each.value for each in spool.take(9)] == [2.0, 1.0]
    assert spool.refuse([first.id], most=1) == 1
    assert (spool.count, spool.counted()) == (1, {"refused": 1})


def test_e3_what_waits_survives_a_killed_process(tmp_path):
    file = tmp_path / "data" / "spool.db"
    killed = subprocess.run([sys.executable, "-c", f"""
import os, signal
from elfe.history.spool import Spool
spool = Spool({str(file)!r})
spool.put([("D101 puissance", "W", each, 1.0) for each in range(1000)])
spool.done(each.id for each in spool.take(100))
os.kill(os.getpid(), signal.SIGKILL)
"""], check=False)
    assert killed.returncode == -signal.SIGKILL
    spool = Spool(str(file))
    assert spool.count == 900
    assert spool.take(1)[0].at_ms == 100
    assert os.path.getsize(file) < 1_000_000


@define
class Choosy:
    """A history that does not know some series yet."""

    unknown: set[int] = field(factory=set)
    names: list[str] = field(factory=list)
    taken: list[Reading] = field(factory=list)
    forgets: bool = False

    def series(self, name: str, unit: str = "") -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def all_series(self, wanted: Mapping[str, str]) -> Mapping[str, int]:
        return {name: self.series(name, unit) for name, unit in wanted.items()}

    def append(self, readings: Iterable[Reading]) -> None:
        given = list(readings)
        self.taken += [each for each in given if each.series not in self.unknown]
        refused = [each for each in given if each.series in self.unknown]
        if refused:
            raise PartlyKept(refused)


def test_what_the_history_does_not_know_yet_waits_and_holds_nothing_up(bench: Bench, monkeypatch):  # noqa: F811
    choosy = Choosy()
    choosy.unknown.add(choosy.series("D101 puissance"))
    monkeypatch.setattr(bench.recorder.keeper, "history", choosy)
    bench.hear(("D101/power", b"100"))
    bench.hear((BALANCE_TOPIC, b"200"))
    bench.hear((BALANCE_TOPIC, b"300"), after=keeper.RETRIES_EVERY)
    assert [each.value for each in choosy.taken] == [200.0, 300.0]
    assert bench.recorder.keeper.spool.count == 1
    choosy.unknown.clear()
    bench.hear(after=keeper.RETRIES_EVERY)
    assert [each.value for each in choosy.taken] == [200.0, 300.0, 100.0]
    assert bench.recorder.keeper.spool.count == 0


def test_a_reading_that_is_never_taken_is_given_up_after_an_hour_and_counted(bench: Bench, monkeypatch):  # noqa: F811
    choosy = Choosy()
    choosy.unknown.add(choosy.series("D101 puissance"))
    monkeypatch.setattr(bench.recorder.keeper, "history", choosy)
    monkeypatch.setattr(keeper, "MOST_REFUSED", 3)
    bench.hear(("D101/power", b"100"))
    for _ in range(4):
        bench.hear(after=keeper.RETRIES_EVERY)
    assert bench.recorder.keeper.spool.count == 0
    assert bench.recorder.counters["refused"] == 1


def test_a_long_absence_is_caught_up_in_parts_and_the_inbox_goes_on(bench: Bench, monkeypatch):  # noqa: F811
    monkeypatch.setattr(keeper, "AT_ONCE", 2)
    choosy = Choosy()
    monkeypatch.setattr(bench.recorder.keeper, "history", choosy)
    bench.recorder.keeper.spool.put(rows(1.0, 2.0, 3.0))
    assert bench.recorder.step(bench.now) == bench.now
    bench.hear((BALANCE_TOPIC, b"9"), after=timedelta())
    assert [each.value for each in choosy.taken] == [1.0, 2.0, 9.0, 3.0]


@pytest.mark.parametrize("room", [0, 1])
def test_no_room_is_no_crash(room):
    assert Spool(room=room).put(rows(1.0, 2.0)) == 2 - room


@pytest.mark.parametrize("damage", ["half", "noise"])
def test_a_damaged_file_is_set_aside_told_and_counted_and_those_that_come_wait(tmp_path, caplog, damage):
    file = tmp_path / "spool.db"
    spool = Spool(str(file))
    spool.put(rows(*map(float, range(5000))))
    spool.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:len(whole) // 2] if damage == "half" else b"no database" * 9000)
    with pytest.raises(SettingsError, match="is damaged"):
        Spool(str(file), mends=False)
    again = Spool(str(file))
    assert "was set aside as spool.db.damaged" in caplog.text
    again.put(rows(1.0))
    assert (again.count, [each.value for each in again.take(9)]) == (1, [1.0])
    again.close()
    assert Spool(str(file)).counted() == {"damaged file with all that waited in it": 1}


def test_a_file_that_is_damaged_while_it_is_read_holds_nobody_up(tmp_path):
    file = tmp_path / "spool.db"
    spool = Spool(str(file))
    spool.put(rows(*map(float, range(5000))))
    spool.close()
    whole = file.read_bytes()
    spool = Spool(str(file))
    with file.open("r+b") as into:
        into.seek(4096 * 5)
        into.write(os.urandom(len(whole) - 4096 * 6))
    spool._file.execute("PRAGMA shrink_memory")
    assert list(spool.take(5000)) == []
    spool.put(rows(1.0))
    assert [each.value for each in spool.take(9)] == [1.0]


def test_e3_on_a_full_disk_nothing_waits_and_all_that_cannot_is_counted(tmp_path, caplog):
    file = tmp_path / "spool.db"
    spool = Spool(str(file))
    spool.put(rows(1.0))
    full = spool._file.execute("PRAGMA page_count").fetchone()[0]
    spool._file.execute(f"PRAGMA max_page_count = {full}")
    lost = sum(spool.put(rows(*map(float, range(2000)))) for _ in range(3))
    assert (lost, spool.count, spool.counted()) == (6000, 1, {"lost": 6000})
    assert [each.message for each in caplog.records] == [
        f"readings cannot wait in {file}: database or disk is full; what cannot is counted as lost"]
    spool._file.execute("PRAGMA max_page_count = 1000000")
    assert spool.put(rows(2.0)) == 0
    spool.close()
    assert Spool(str(file)).counted() == {"lost": 6000}


def test_a_folder_that_may_not_be_written_is_told_at_start(tmp_path):
    (tmp_path / "spool.db").mkdir()
    with pytest.raises(SettingsError, match="unable to open"):
        Spool(str(tmp_path / "spool.db"))


def test_a_reading_that_is_no_number_does_not_cost_those_that_wait(tmp_path):
    spool = Spool(str(tmp_path / "s.db"))
    spool.put([("D101 puissance", "W", 1, 5.0)])
    assert spool.put([("D101 puissance", "W", 2, float("nan"))]) == 1
    assert [each.value for each in spool.take(9)] == [5.0]
    spool.close()
