"""An item of a Zabbix, ours or another's: what it was told since it was last asked.

    [sources.Prod_solaire]
    connector = "zabbix"
    url = "https://zabbix.example.org"
    item = "Centrale solaire puissance"     # its name; with `host` where several have it
    host = "centrale"
    token_file = "secrets/zabbix"           # or `user` and `password_file`
    scale = 1000
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http.client import InvalidURL
from typing import Any

from attrs import define, field
from zabbix_utils import APIRequestError, ProcessingError, ZabbixAPI

from elfe.addresses import told
from elfe.connectors import Sampled, number, options
from elfe.connectors.http_json import secret
from elfe.errors import SourceError
from elfe.slots import epoch_s, instant

TIMEOUT_S = 10
MOST = 10_000
"""Values of one answer: a source that is asked each minute never has as many."""
NUMBERS = (0, 3)
"""Zabbix' value types that are numbers: decimal, unsigned."""
MS = timedelta(milliseconds=1)

logging.getLogger("zabbix_utils").setLevel(logging.CRITICAL)      # what fails is raised, and told once by who asked

LOGGED_OUT = ("re-login", "not authori", "session terminated", "not logged in", "token expired")
NOT_LET_IN = (*LOGGED_OUT, "incorrect user name", "login name or password", "api token", "temporarily blocked")
"""What Zabbix says, 5 to 7, to a wrong user, password or token."""


@define
class Zabbix:
    """See the module."""

    url: str
    item: str
    host: str = ""
    token_file: str = ""
    user: str = ""
    password_file: str = ""
    scale: float = 1.0
    _session: ZabbixAPI | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: {told(self.url)!r} cannot be (accepted: http://... or https://...)")
        if not self.token_file and not (self.user and self.password_file):
            raise ValueError("a token_file is needed, or a user and a password_file")

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """What the item was told from `since` to `now`, oldest first. Raises `SourceError`."""
        wanted = {"filter": {"name": self.item, **({"host": self.host} if self.host else {})}}
        found = self._ask("item.get", {"output": ["itemid", "value_type"], **wanted})
        if len(found) != 1:
            problem = f"{len(found)} items are called so: name the host" if found else "no item that we may see is called so"
            raise SourceError(f"{told(self.url)}: {self.item!r}: {problem}")
        if int(found[0]["value_type"]) not in NUMBERS:
            raise SourceError(f"{told(self.url)}: {self.item!r} holds no numbers")
        rows = self._ask("history.get", {
            "itemids": [found[0]["itemid"]], "history": int(found[0]["value_type"]), "time_from": epoch_s(since),
            "time_till": epoch_s(now), "sortfield": "clock", "sortorder": "ASC", "limit": MOST, "output": ["clock", "ns", "value"]})
        return [Sampled(number(each["value"], told(self.url), self.scale),
                        instant(int(each["clock"])) + int(each["ns"]) // 10**6 * MS) for each in rows]

    def _ask(self, method: str, params: Mapping[str, Any]) -> list[dict[str, str]]:
        """A session that has ended is opened again the next time."""
        try:
            if self._session is None:
                session = ZabbixAPI(url=self.url, skip_version_check=True, timeout=TIMEOUT_S)
                session.login(token=secret(self.token_file) if self.token_file else None, user=self.user or None,
                              password=secret(self.password_file) if self.password_file else None)
                self._session = session
            answer: list[dict[str, str]] = self._session.send_api_request(method, params)["result"]
        except InvalidURL:      # its words hold a piece of the address
            raise SourceError(f"{told(self.url)}: cannot be asked: write url without a user and a password") from None
        except (APIRequestError, ProcessingError, OSError, ValueError) as error:
            self._session = None
            said = str(error).replace(self.url, told(self.url))
            mend = to_mend(said, "token_file" if self.token_file else "user and password_file")
            raise SourceError(f"{told(self.url)}: {method}: {said or type(error).__name__}{mend}") from None
        return answer


def to_mend(said: str, settings: str) -> str:
    """The settings to look at, where Zabbix does not let us in; nothing where it refuses something else."""
    return f"; look at {settings}" if any(each in said.lower() for each in NOT_LET_IN) else ""


def connect(given: Mapping[str, Any]) -> Zabbix:
    """The source of a section."""
    made: Zabbix = options(Zabbix, given)
    return made
