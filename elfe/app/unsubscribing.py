"""Where a participant says that they want no more mail: a page behind the link at its end, and the mail client's own button.

The link names who it is for, with a code that only we can make. To look at it changes nothing, for scanners of mails look at
every link; its button does, and so does the one of mail clients (RFC 8058, a POST). Whoever serves the territory's pages passes the
address on to `mail.listen`.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import logging
import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from elfe.broker.secrets import Secrets
from elfe.errors import SettingsError
from elfe.settings import Settings

LARGEST = 4096
"""Bytes of a form; ours is empty, that of mail clients says « List-Unsubscribe=One-Click »."""
SLOWEST_S = 10
PAGE = ('<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Bulletin</title></head><body style=\"font:1.2rem/1.5 sans-serif;max-width:34rem;margin:1rem auto;padding:0 1rem\">"
        "<h1>Votre bulletin du matin</h1>{}</body></html>")
ASK = ('<p>Ne plus recevoir le bulletin de {} ?</p><form method="post"><button style="font-size:1.2rem;padding:.5rem 1rem">'
       "Ne plus le recevoir</button></form>")
DONE = "<p>C'est fait : vous ne recevrez plus le bulletin. Pour le recevoir de nouveau, dites-le à votre coordinateur.</p>"
UNKNOWN = "<p>Ce lien n'est pas valable. Dites à votre coordinateur que vous ne voulez plus du bulletin.</p>"
AWAY = ("<p>Votre demande n'a pas pu être enregistrée : notre base de données ne répond pas. Vous recevez encore le bulletin ; "
        "réessayez dans quelques minutes.</p>")

log = logging.getLogger("elfe.mail")


def coded(settings: Settings) -> Callable[[str], str]:
    """The code of a participant's link; the same as long as the data folder lives."""
    key = Secrets(Path(settings.data_dir) / "mail").ensure("links").encode()
    return lambda reference: hmac.new(key, reference.encode(), hashlib.sha256).hexdigest()[:24]


def serve(address: str, code: Callable[[str], str], unsubscribe: Callable[[str], None]) -> ThreadingHTTPServer:
    """Answer on host:port from now on, in a thread of its own."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise SettingsError(f"mail.listen: {address!r} cannot be (accepted: host:port, 127.0.0.1:8095)")

    class Answers(BaseHTTPRequestHandler):
        """One request."""

        timeout = SLOWEST_S

        def do_GET(self) -> None:
            """Ask; nothing is changed."""
            who = self._who()
            self._say(200 if who else 404, ASK.format(html.escape(who)) if who else UNKNOWN)

        def do_POST(self) -> None:
            """Do it."""
            said = self.headers.get("Content-Length", "")
            self.rfile.read(min(LARGEST, int(said)) if said.isdecimal() else 0)
            who = self._who()
            try:
                if who:
                    unsubscribe(who)
            except SQLAlchemyError as error:
                log.warning("who wants no more mail could not be kept, the database does not answer: %s",
                            error.orig if isinstance(error, DBAPIError) else type(error).__name__)
                self._say(503, AWAY)
                return
            self._say(200 if who else 404, DONE if who else UNKNOWN)

        def _who(self) -> str:
            """Whose link it is, where its code is right."""
            reference, _, given = self.path.partition("?")[0].strip("/").rpartition("/")
            reference = unquote(reference.rpartition("/")[2])
            return reference if hmac.compare_digest(code(reference).encode(), given.encode()) else ""

        def _say(self, status: int, text: str) -> None:
            content = PAGE.format(text).encode()
            self.send_response(status)
            for name, value in (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(content))),
                                ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a link is its reader's alone."""

    try:
        server = ThreadingHTTPServer((host, int(port)), Answers)
    except OSError as error:
        raise SettingsError(f"mail.listen: {address}: {error.strerror}") from error
    server.daemon_threads = True
    threading.Thread(target=_answering, args=(server,), name="unsubscribing", daemon=True).start()
    return server


def _answering(server: ThreadingHTTPServer) -> None:
    with closing(server.socket):
        server.serve_forever()
