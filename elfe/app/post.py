"""Mails through the territory's own mail server."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from attrs import frozen

from elfe.coordination.announced import UNHANDED

TIMEOUT_S = 10.0
LONGEST_S = 30.0
"""Of a whole conversation, however slowly each word of it drips."""
BATCH_S = 15.0
"""What is not sent by then goes the next time: who sends has a loop to turn, and is killed if it does not."""


@frozen
class Post:
    """A mail server. `security`: starttls (587), tls (465), or none, for a relay on this machine alone."""

    host: str
    port: int = 587
    security: str = "starttls"
    username: str = ""
    password_file: str = ""
    ca: str = ""                       # of a server with a certificate of its own

    def send(self, mails: Iterable[tuple[str, EmailMessage]]) -> Iterator[tuple[str, str]]:
        """Send mails over one connection; each key comes back with what was said against it, or nothing.

        A mail is taken only when the connection stands, so that what is not sent is not claimed either. A connection that is lost
        or slow leaves the rest for the next time; of a mail that was not handed over yet it is said so.
        """
        try:
            with self._connected() as server:
                until = time.monotonic() + BATCH_S
                for key, mail in mails:
                    server.handed = False
                    try:
                        said = _sent(server, mail)
                    except (OSError, smtplib.SMTPException):
                        if not server.handed:
                            yield key, UNHANDED
                        raise
                    yield key, said
                    if time.monotonic() > until:
                        return
        except PostError:
            raise
        except (OSError, smtplib.SMTPException) as error:
            raise PostError(f"{self.host}:{self.port}: {error}") from error

    @contextmanager
    def _connected(self) -> Iterator[_Server]:
        context = ssl.create_default_context(cafile=self.ca or None)
        if self.security == "tls":
            server: _Server = _TlsServer(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = _Server(self.host, self.port, timeout=TIMEOUT_S)
        with server:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.username:
                server.login(self.username, self._password())
            yield server

    def _password(self) -> str:
        try:
            return Path(self.password_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PostError(f"mail.password_file: {self.password_file} cannot be read: {error.strerror}") from error


class _Server(smtplib.SMTP):
    """Knows whether a mail was handed over: once its text is under way, nobody can say whether it has gone."""

    handed = False
    hangs_up: threading.Timer | None = None

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect, and begin to count the time."""
        self.hangs_up = threading.Timer(LONGEST_S, self._hang_up)
        self.hangs_up.daemon = True
        self.hangs_up.start()
        return super().connect(host, port, source_address)

    def close(self) -> None:
        """Let the connection go."""
        if self.hangs_up is not None:
            self.hangs_up.cancel()
        super().close()

    def _hang_up(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):      # it is closed already
                self.sock.shutdown(socket.SHUT_RDWR)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand it over."""
        self.handed = True
        return super().data(msg)


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same, behind TLS."""


class PostError(OSError):
    """The mail server is out of reach, or does not let us in."""


def _sent(server: _Server, mail: EmailMessage) -> str:
    """What was said against a mail; a connection that breaks is raised."""
    try:
        server.send_message(mail)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPResponseException as error:
        return f"{error.smtp_code} {error.smtp_error!r}"
    except smtplib.SMTPRecipientsRefused as error:
        return "; ".join(f"{code} {said!r}" for code, said in error.recipients.values())
    except (smtplib.SMTPNotSupportedError, ValueError) as error:      # an address that this server, or no server, can take
        return str(error)
    return ""
