"""The complete configuration of a mosquitto for a territory, as text: settings, accounts, rights. Pure.

For mosquitto 2.0.11 (Debian 12) and later. https://mosquitto.org/man/mosquitto-conf-5.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping

from attrs import frozen

from elfe.broker.rights import Account

ITERATIONS = 101
"""Of PBKDF2-SHA512, mosquitto's own; the secrets are random and 160 bits long, so that no more is needed."""
SALT_BYTES = 12

SETTINGS = """\
# Rendered by `elfe broker write`: change elfe.toml and write it again, not this.
per_listener_settings false
allow_anonymous false

# A message is small: what is larger is dropped, a packet that is larger ends its connection. Who reads more slowly than is said
# loses nothing for ten seconds of 5,000 devices; what is dropped then is counted, and the broker's memory is bounded.
message_size_limit 16384
max_packet_size 32768
max_queued_messages 10000
max_queued_bytes 8388608
max_inflight_messages 20
max_keepalive 300

# Sessions and retained messages are kept for restarts; the database is the only truth.
persistence true
persistence_location {folder}/
autosave_interval 30
persistent_client_expiration 1d
set_tcp_nodelay true
connection_messages true
log_dest {log}
log_type error
log_type warning
log_type notice
"""
FILES = """\
password_file {folder}/passwords
acl_file {folder}/rights
"""
LIVE = """\
plugin {plugin}
plugin_opt_config_file {folder}/dynamic-security.json
"""
OPEN_LISTENER = """\
listener {port} {address}
use_username_as_clientid true
"""
TLS = """\
cafile {ca}
certfile {certificate}
keyfile {key}
tls_version tlsv1.2
"""


@frozen
class Listener:
    """Where it listens: plain on the loopback interface for the services, TLS for the homes."""

    port: int
    address: str = "0.0.0.0"
    ca: str = ""                   # files; empty: no TLS
    certificate: str = ""
    key: str = ""


def configuration(folder: str, listeners: Iterable[Listener], live: str = "", log: str = "syslog") -> str:
    """mosquitto.conf. `live`: the path of the dynamic security plugin, empty for a broker without."""
    accounts = LIVE.format(plugin=live, folder=folder) if live else FILES.format(folder=folder)
    return "\n".join((SETTINGS.format(folder=folder, log=log), accounts, *(_listener(each) for each in listeners)))


def _listener(listener: Listener) -> str:
    said = OPEN_LISTENER.format(port=listener.port, address=listener.address)
    if listener.certificate:
        said += TLS.format(ca=listener.ca, certificate=listener.certificate, key=listener.key)
    return said


def rights(accounts: Iterable[Account]) -> str:
    """The ACL file."""
    return "\n".join(_rights(each) for each in accounts)


def _rights(account: Account) -> str:
    lines = [f"# {account.group}", f"user {account.username}",
             *(f"topic read {each}" for each in account.reads), *(f"topic write {each}" for each in account.writes)]
    return "\n".join(lines) + "\n"


def passwords(secrets: Mapping[str, str], salts: Mapping[str, bytes]) -> str:
    """The password file: username → secret, each hashed with its own salt."""
    return "".join(f"{name}:{hashed(secret, salts[name])}\n" for name, secret in sorted(secrets.items()))


def hashed(secret: str, salt: bytes) -> str:
    """As mosquitto_passwd writes it: $7$ is PBKDF2-SHA512."""
    key = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
