"""Zabbix's API: one session, time-outs, sentences instead of tracebacks. Edge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from http.client import InvalidURL
from typing import Any

from attrs import define, field, frozen
from zabbix_utils import APIRequestError, ProcessingError, ZabbixAPI

from elfe.addresses import told
from elfe.connectors.zabbix import LOGGED_OUT, to_mend
from elfe.errors import HistoryAway, HistoryRefuses

logging.getLogger("zabbix_utils").setLevel(logging.CRITICAL)      # what fails is raised, and told once by who asked


@frozen
class Access:
    """Where Zabbix is and how it is asked: by a token (Zabbix 5.4 and later), or by a name and a password."""

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    trapper_host: str = "127.0.0.1"
    trapper_port: int = 10051
    general_host: str = "Zabbix server"
    timeout_s: int = 30
    renewed: Callable[[], tuple[str, str]] | None = field(default=None, repr=False, eq=False)
    """The token and the password as they are when a session is opened: somebody may have replaced them."""


@define
class Api:
    """Calls, over a session that is opened when it is first needed and again when Zabbix has forgotten it."""

    access: Access
    _session: ZabbixAPI | None = None

    def __call__(self, method: str, params: Mapping[str, Any] | Sequence[Any]) -> Any:
        """The result of a method. Raises `HistoryAway`, or `HistoryRefuses` where Zabbix answers and does not want to."""
        for attempt in (1, 2):
            try:
                return self._open().send_api_request(method, params)["result"]
            except APIRequestError as error:
                said = str(error)
                if attempt == 2 or not any(each in said.lower() for each in LOGGED_OUT):
                    mend = to_mend(said, "zabbix.token_file" if self.access.token else "zabbix.user and zabbix.password_file")
                    raise HistoryRefuses(f"Zabbix refuses {method}: {said}{mend}") from None
                self._session = None
            except (ProcessingError, OSError) as error:
                self._session = None
                url = self.access.url
                raise HistoryAway(f"Zabbix does not answer at {told(url)}: {str(error).replace(url, told(url))}") from None
            except InvalidURL:      # its words hold a piece of the address
                raise HistoryAway(f"Zabbix cannot be asked at {told(self.access.url)}: write zabbix.url without a user and "
                                  "a password") from None
        raise AssertionError("unreachable")

    def _open(self) -> ZabbixAPI:
        if self._session is None:
            here = self.access
            session = ZabbixAPI(url=here.url, skip_version_check=True, timeout=here.timeout_s)
            token, password = here.renewed() if here.renewed else (here.token, here.password)
            session.login(token=token or None, user=here.user or None, password=password or None)
            self._session = session
        return self._session
