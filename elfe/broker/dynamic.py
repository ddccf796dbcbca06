"""Accounts and rights of mosquitto's dynamic security plugin: its file for a whole territory at once, its commands live.

https://mosquitto.org/documentation/dynamic-security/ (commands are JSON on `$CONTROL/dynamic-security/v1`; an answer per command
comes on `.../response`). A client's last will counts as something that it says. What an account may hear is granted twice, when
it subscribes and when it is delivered to: a grant that is taken back takes effect on subscriptions that stand.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from elfe import clock
from elfe.broker.mosquitto import ITERATIONS
from elfe.broker.rights import Account
from elfe.broker.session import Message, Session
from elfe.devices.values import Publish
from elfe.errors import BrokerError

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = f"{CONTROL}/response"
ADMIN = "elfe-admin"
CLOSED = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}
ANSWERS_WITHIN = timedelta(seconds=10)
AT_ONCE = 20
"""Commands in one message: it must stay below the broker's own largest packet."""
EVERYTHING = Account(ADMIN, "elfe", ("#", "$SYS/#", f"{CONTROL}/#", "$CONTROL/#"), ("#", CONTROL))
"""Whoever keeps the accounts, looks for what is retained and clears it."""


# -- the file ----------------------------------------------------------------------------------------------------------------


def file(accounts: Iterable[Account], secrets: Mapping[str, str], salts: Mapping[str, bytes]) -> str:
    """dynamic-security.json with these accounts and no others, but the administrator, who must be among the secrets."""
    everyone = (EVERYTHING, *accounts)
    return json.dumps({
        "defaultACLAccess": CLOSED,
        "clients": [_client(each, secrets[each.username], salts[each.username]) for each in everyone],
        "groups": [],
        "roles": [_role(each) for each in everyone],
    }, indent=1) + "\n"


def _client(account: Account, secret: str, salt: bytes) -> dict[str, Any]:
    key = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, ITERATIONS)
    return {"username": account.username, "clientid": account.username, "textname": account.group,
            "roles": [{"rolename": account.username}], "password": base64.b64encode(key).decode(),
            "salt": base64.b64encode(salt).decode(), "iterations": ITERATIONS}


def _role(account: Account) -> dict[str, Any]:
    return {"rolename": account.username, "acls": list(_acls(account))}


def _acls(account: Account) -> Iterator[dict[str, Any]]:
    for topic in account.reads:
        for kind in ("subscribeLiteral" if "+" not in topic and "#" not in topic else "subscribePattern",
                     "publishClientReceive"):
            yield {"acltype": kind, "topic": topic, "allow": True}
    for topic in account.writes:
        yield {"acltype": "publishClientSend", "topic": topic, "allow": True}


# -- live ---------------------------------------------------------------------------------------------------------------------


class Live:
    """The accounts of a running broker, changed as an administrator's session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        session.listen((RESPONSE,))

    def accounts(self) -> dict[str, Account]:
        """The accounts that the broker knows, by name."""
        clients = self._ask([{"command": "listClients", "verbose": True, "count": -1}])[0]["data"]["clients"]
        roles = self._ask([{"command": "listRoles", "verbose": True, "count": -1}])[0]["data"]["roles"]
        rights = {each["rolename"]: each.get("acls", []) for each in roles}
        return {each["username"]: _account(each, rights) for each in clients}

    def put(self, account: Account, secret: str | None, known: Account | None) -> None:
        """Create an account, or bring its rights up to date; `secret` None leaves its secret."""
        name = account.username
        role = {"rolename": name, "acls": list(_acls(account))}
        if known is None:
            client = {"command": "createClient", "username": name, "clientid": name, "password": secret,
                      "textname": account.group, "roles": [{"rolename": name}]}
            self._ask([{"command": "createRole", **role}, client])
            return
        if known != account:
            self._ask([{"command": "modifyRole", **role},
                       {"command": "modifyClient", "username": name, "textname": account.group}])
        if secret is not None:
            self._ask([{"command": "setClientPassword", "username": name, "password": secret}])

    def remove(self, names: Iterable[str]) -> None:
        """Revoke accounts: whoever is connected with one is thrown out at once."""
        wanted = [command for name in names for command in (
            {"command": "deleteClient", "username": name}, {"command": "deleteRole", "rolename": name})]
        for start in range(0, len(wanted), AT_ONCE):
            self._ask(wanted[start:start + AT_ONCE])

    def _ask(self, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
        token = str(uuid4())
        marked = [{**each, "correlationData": token} for each in commands]
        until = clock.now() + ANSWERS_WITHIN
        self._ready(until)
        self._session.send(Publish(CONTROL, json.dumps({"commands": marked}).encode()))
        answers: list[dict[str, Any]] = []
        while len(answers) < len(commands):
            if clock.now() >= until:
                raise BrokerError("the broker does not answer as one with dynamic security: is the plugin loaded, and is "
                                  f"{ADMIN} its administrator?")
            answers += [each for each in self._answers() if each.get("correlationData") == token]
            self._session.wait(timedelta(milliseconds=200))
        for each in answers:
            if "error" in each:
                raise BrokerError(f"the broker refuses {each['command']}: {each['error']}")
        return answers

    def _ready(self, until: datetime) -> None:
        while not self._session.ready:
            if clock.now() >= until:
                raise BrokerError(f"the broker does not let {ADMIN} in: wrong secret, or out of reach")
            self._session.wait(timedelta(milliseconds=50))

    def _answers(self) -> Iterator[dict[str, Any]]:
        for arrival in self._session.arrivals():
            if isinstance(arrival, Message) and arrival.topic == RESPONSE:
                yield from json.loads(arrival.payload)["responses"]


def _account(client: Mapping[str, Any], rights: Mapping[str, list[Mapping[str, Any]]]) -> Account:
    granted = [acl for role in client.get("roles", []) for acl in rights.get(role["rolename"], []) if acl.get("allow")]
    return Account(client["username"], client.get("textname", ""),
                   tuple(sorted({acl["topic"] for acl in granted if acl["acltype"] == "publishClientReceive"})),
                   tuple(sorted({acl["topic"] for acl in granted if acl["acltype"] == "publishClientSend"})))
