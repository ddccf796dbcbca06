"""A mail server that is slow, or cannot take an address: nobody else's mail waits for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from elfe.app.post import Post, PostError


def letter(to: str) -> tuple[str, EmailMessage]:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "bulletin@example.org", to, "Bonjour"
    made.set_content("Bonjour")
    return to, made


@pytest.fixture
def post() -> Iterator[Post]:
    """A server that knows no addresses but ASCII."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    server.start()
    try:
        yield Post("127.0.0.1", port, "none")
    finally:
        server.stop()


def test_f11_a_slow_server_gets_the_rest_the_next_time(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elfe.app.post.BATCH_S", -1.0)
    waiting = map(letter, ("a@example.org", "b@example.org", "c@example.org"))

    assert list(post.send(waiting)) == [("a@example.org", "")]
    assert [key for key, _ in waiting] == ["b@example.org", "c@example.org"], "what was not sent is not taken"


def test_f11_an_address_that_the_server_cannot_take_is_told_and_the_others_go(post: Post) -> None:
    said = dict(post.send(map(letter, ("hélène@example.org", "b@example.org"))))

    assert said["b@example.org"] == ""
    assert "SMTPUTF8" in said["hélène@example.org"]


def test_f11_a_password_that_cannot_be_read_is_a_server_that_does_not_let_us_in(post: Post) -> None:
    with pytest.raises(PostError, match=r"mail.password_file: /nowhere cannot be read"):
        list(Post(post.host, post.port, "none", username="bulletin", password_file="/nowhere").send([]))
