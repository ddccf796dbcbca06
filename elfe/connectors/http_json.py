"""A value that a web address answers as JSON: one number, or a list of rows with their times.

    [sources.Prod_solaire]
    connector = "http_json"
    url = "https://example.org/api/now"
    path = "data.0.power"          # to the number, or to the list of rows when `value` is given
    value = "price"                # in each row, the path to its number
    time = "start"                 # in each row, the path to its instant: ISO 8601, or Unix seconds
    scale = 1000
    token_file = "secrets/solar"   # sent as Authorization: Bearer

Ten seconds at most, two tries, one megabyte; a page of HTML, whatever its status, is an error that says so. A row whose number is
null is a gap.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
from attrs import field, frozen

from elfe.addresses import told
from elfe.connectors import Sampled, number, options, rows
from elfe.connectors.instants import when
from elfe.connectors.paths import follow, steps
from elfe.errors import SourceError

logging.getLogger("httpx").setLevel(logging.WARNING)      # it would tell every address that is asked, with the key in it

TIMEOUT_S = 10.0
LARGEST = 1_000_000


@frozen
class HttpJson:
    """See the module."""

    url: str
    path: tuple[str | int, ...] = field(default="", converter=steps)
    value: tuple[str | int, ...] = field(default="", converter=steps)
    time: tuple[str | int, ...] = field(default="", converter=steps)
    scale: float = 1.0
    token_file: str = ""
    timeout_s: float = TIMEOUT_S

    def __attrs_post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: {told(self.url)!r} cannot be (accepted: http://... or https://...)")
        if not 0 < self.timeout_s <= 60:
            raise ValueError(f"timeout_s: {self.timeout_s!r} cannot be (accepted: seconds, up to 60)")

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """What it answers now."""
        found = follow(self._answer(), self.path)
        if not self.value:
            return (Sampled(number(found, told(self.url), self.scale)),)
        if not isinstance(found, list):
            raise SourceError(f"{told(self.url)}: a list of rows is expected at `path`")
        return rows(found, self._row)

    def _row(self, row: Any) -> Sampled | None:
        value = follow(row, self.value)
        if value is None:
            return None
        return Sampled(number(value, told(self.url), self.scale),
                       when(follow(row, self.time), told(self.url)) if self.time else None)

    def _answer(self) -> Any:
        return answered(self.url, self.timeout_s, {"Authorization": f"Bearer {secret(self.token_file)}"} if self.token_file else {})


def answered(url: str, timeout_s: float = TIMEOUT_S, headers: Mapping[str, str] | None = None) -> Any:
    """What an address answers as JSON. Raises `SourceError`, which tells nothing that is secret in the address."""
    try:
        status, content = asyncio.run(asyncio.wait_for(_fetched(url, headers), timeout_s))
    except TimeoutError:
        raise SourceError(f"{told(url)}: has not answered in time") from None
    except (httpx.InvalidURL, httpx.LocalProtocolError):      # their words hold pieces of the address, or the header with the token
        raise SourceError(f"{told(url)}: cannot be asked: is the address right, and the token one line?") from None
    except httpx.HTTPError as error:
        raise SourceError(f"{told(url)}: {str(error) or type(error).__name__}") from None
    if status >= 400:
        raise SourceError(f"{told(url)}: answers {status}")
    return _parsed(content, url)


async def _fetched(url: str, headers: Mapping[str, str] | None) -> tuple[int, bytes]:
    """Status and content. In an event loop of its own: that alone can be called off whatever a server drips, headers too."""
    content = b""
    transport = httpx.AsyncHTTPTransport(verify=_trusted(), retries=1)
    async with httpx.AsyncClient(timeout=None, transport=transport, follow_redirects=True) as client, \
            client.stream("GET", url, headers=headers) as answer:
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > LARGEST:
                raise SourceError(f"{told(url)}: more than a megabyte is answered; ask for less")
    return answer.status_code, content


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust: read once, for it takes longer than most answers."""
    return httpx.create_ssl_context()


def _parsed(content: bytes, url: str) -> Any:
    try:
        return orjson.loads(content.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError:
        what = "a page of HTML" if content.lstrip()[:1] == b"<" else repr(content[:40])
        raise SourceError(f"{told(url)}: JSON is expected, {what} is answered") from None


def secret(path: str) -> str:
    """What a file holds. Raises `SourceError`."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SourceError(f"token_file: {path} cannot be read: {error.strerror}") from None


def connect(given: Mapping[str, Any]) -> HttpJson:
    """The source of a section."""
    made: HttpJson = options(HttpJson, given)
    return made
