"""The serial edge, on real pseudo-terminals: a thread types and prints as a screen does."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import serial as pyserial

from elfe.broker.serial import CableError, Patience, pick, type_until

QUICK = Patience(attempts=3, quiet_s=0.1, settles_s=1.0, answers_s=0.5)
BOOTED = "Home Automation"


@contextmanager
def console(answer: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    """A console that says `answer` to each line: its port, and the lines that it heard."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    heard: list[str] = []

    def live() -> None:
        with open(ours, "rb", buffering=0, closefd=False) as listening:
            try:
                for line in iter(listening.readline, b""):
                    heard.append(line.decode().rstrip("\n"))
                    for character in answer(heard[-1]).encode():      # one by one: what it says comes in pieces
                        os.write(ours, bytes([character]))
            except OSError:      # the other end is closed
                return

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs), heard
    finally:
        os.close(theirs)
        thread.join(timeout=5)
        os.close(ours)


def test_the_lines_are_typed_in_their_order_behind_an_empty_one():
    with console(lambda line: BOOTED if line == "reboot" else f"> {line}\r\n") as (port, heard):
        assert type_until(port, ["one", "reboot"], BOOTED, QUICK) == 1

    assert heard == ["", "one", "reboot"]


def test_lines_that_are_lost_are_typed_again():
    lost = iter([False, False])
    with console(lambda line: BOOTED if line == "reboot" and next(lost, True) else "") as (port, heard):
        told: list[int] = []
        assert type_until(port, ["reboot"], BOOTED, QUICK, tell=told.append) == 3

    assert told == [1, 2, 3]
    assert heard == ["", "reboot"] * 3


def test_a_console_that_never_answers_is_given_up():
    with console(lambda line: "something else\r\n") as (port, heard), \
            pytest.raises(CableError, match="n'a pas redémarré après 3 envois"):
        type_until(port, ["reboot"], BOOTED, QUICK)

    assert heard.count("reboot") == 3


def test_what_it_said_before_is_no_answer():
    """A screen that happens to start prints its banner too, and loses what is typed meanwhile."""
    lost = iter([False])
    with console(lambda line: BOOTED if line == "" or next(lost, True) else "") as (port, heard):
        assert type_until(port, ["reboot"], BOOTED, QUICK) == 2

    assert heard == ["", "reboot"] * 2


@pytest.mark.parametrize(("ports", "picked"), [
    (["/dev/ttyUSB0"], "/dev/ttyUSB0"),
    (["/dev/ttyS0", "/dev/ttyACM0", "/dev/serial0", "/dev/ttyAMA0"], "/dev/ttyACM0"),
])
def test_the_one_usb_console_is_picked(ports, picked):
    assert pick(ports) == picked


@pytest.mark.parametrize(("ports", "said"), [
    ([], "aucun écran trouvé"),
    (["/dev/ttyS0", "/dev/ttyAMA0", "/dev/serial0"], "aucun écran trouvé"),
    (["/dev/ttyUSB1", "/dev/ttyACM0"], r"plusieurs appareils sont branchés \(/dev/ttyACM0, /dev/ttyUSB1\)"),
])
def test_what_is_no_single_usb_console_is_told_in_french(ports, said):
    with pytest.raises(CableError, match=said):
        pick(ports)


def test_a_port_that_is_not_there_is_told():
    with pytest.raises(CableError, match="/dev/ttyUSB97 n'existe pas"):
        type_until("/dev/ttyUSB97", ["reboot"], BOOTED, QUICK)


def test_a_port_that_somebody_else_has_open_is_told():
    with console(lambda line: "") as (port, _), closing(pyserial.Serial(port, exclusive=True)), \
            pytest.raises(CableError, match="est déjà ouvert"):
        type_until(port, ["reboot"], BOOTED, QUICK)
