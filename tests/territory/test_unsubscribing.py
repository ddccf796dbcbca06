"""The link at a mail's end: it asks, its button does, and nobody unsubscribes another."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from sqlalchemy import create_engine

from elfe.app import unsubscribing
from elfe.coordination import announced
from elfe.errors import SettingsError
from elfe.settings import Settings
from elfe.territory import mail
from tests.territory.test_told import FLASH, NOW, PARIS


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Anne's link, and who has unsubscribed."""
    gone: list[str] = []
    code = unsubscribing.coded(Settings(data_dir=str(tmp_path)))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = unsubscribing.serve(address, code, gone.append)
    link = evolve(FLASH, unsubscribe=f"http://{address}/bulletin/{{reference}}/{{code}}", code=code(FLASH.reference))
    [line] = [each for each in mail.as_text(link, PARIS, NOW).splitlines() if "Ne plus recevoir" in each]
    yield line.partition(" : ")[2], gone
    server.shutdown()


def test_to_look_at_the_link_changes_nothing_and_its_button_does(served):
    link, gone = served
    asked = httpx.get(link)
    assert (asked.status_code, gone) == (200, [])
    assert "Ne plus recevoir le bulletin de R004" in asked.text
    assert "C'est fait" in httpx.post(link).text
    assert gone == ["R004"]


@pytest.mark.parametrize("reference", ["L'Île \"d'été\" / <b>", "a\nb", "100 % é?#"])
def test_whatever_a_participant_is_called_their_link_is_theirs(tmp_path, served, reference):
    link, gone = served
    code = unsubscribing.coded(Settings(data_dir=str(tmp_path)))
    begin = link.partition("R004")[0]
    flash = evolve(FLASH, reference=reference, unsubscribe=f"{begin}{{reference}}/{{code}}", code=code(reference))
    made = mail.message(flash, "Énergies <b@example.org>", PARIS, NOW)
    assert made.as_bytes().isascii()
    own = made["List-Unsubscribe"].strip("<>")
    assert "<b>" not in httpx.get(own).text
    httpx.post(own)
    assert gone == [reference]


def test_while_the_database_is_away_the_page_says_that_nothing_is_kept(tmp_path):
    nowhere = create_engine(f"sqlite:///{tmp_path}/none/elfe.db")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    code = unsubscribing.coded(Settings(data_dir=str(tmp_path)))
    server = unsubscribing.serve(address, code, lambda who: announced.subscribe(nowhere, who, False, NOW))
    answer = httpx.post(f"http://{address}/R004/{code('R004')}")
    server.shutdown()
    assert (answer.status_code, "notre base de données ne répond pas" in answer.text) == (503, True)


def test_a_form_of_no_length_is_nothing(served):
    link, gone = served
    host, _, path = link.removeprefix("http://").partition("/")
    with socket.create_connection(host.split(":")) as client:
        client.sendall(f"POST /{path} HTTP/1.0\r\nContent-Length: beaucoup\r\n\r\n".encode())
        assert b"200" in client.recv(4096)
    assert gone == ["R004"]


def test_a_mail_clients_one_click_is_enough(served):
    link, gone = served
    assert httpx.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert gone == ["R004"]


@pytest.mark.parametrize("wrong", ["R005", "R004/x", "", "<b>"])
def test_nobody_unsubscribes_another(served, wrong):
    link, gone = served
    start, _, rest = link.partition("R004")
    for each in (start + wrong + rest, start + wrong, start + wrong + "?" + rest):
        assert (httpx.get(each).status_code, httpx.post(each).status_code) == (404, 404)
    assert gone == []


def test_the_code_is_the_same_after_a_restart_and_another_elsewhere(tmp_path):
    here, again = (unsubscribing.coded(Settings(data_dir=str(tmp_path))) for _ in range(2))
    assert here("R004") == again("R004") != here("R005")
    assert unsubscribing.coded(Settings(data_dir=str(tmp_path / "elsewhere")))("R004") != here("R004")


@pytest.mark.parametrize("address", ["8095", "127.0.0.1:", "127.0.0.1:http"])
def test_an_address_that_cannot_be_is_told(address):
    with pytest.raises(SettingsError, match="host:port"):
        unsubscribing.serve(address, str, lambda who: None)
