"""What is typed on a screen's serial console: https://www.openhasp.com/latest/commands/configuration/

A line that parses as a JSON array is a list of commands; its Wi-Fi and broker are stored by the `reboot` that ends it. The
firmware copies each value into a buffer of its own without a word when it is too long: what would be cut is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from elfe.devices import ConfigPush, Network, SerialLine, Setting
from elfe_openhasp.jsonl import grouped

LINE = 254                  # HASP_CONSOLE_BUFFER of the ESP32 builds is 256, its editor keeps 2; what is beyond is not read
LONGEST = {                 # bytes that fit, from 0.6.3: MAX_…_LENGTH of hasp_conf.h, without the closing NUL
    "hostname": 17,         # mqttNodeTopic[24] must hold hasp/<hostname>/
    "mqtthost": 127,
    "mqttuser": 31,
    "mqttpass": 63,
    "ssid": 31,             # one less than Wi-Fi allows
    "pass": 63,
}
MASK = "********"           # D_PASSWORD_MASK: a password that reads so is taken for "as it is"
BOOTED = "Home Automation Switch Plate"     # in the banner that every boot prints, in every language of the firmware


def onboard(node: str, network: Network) -> ConfigPush:
    """What leads the screen `node` to the Wi-Fi and the broker of `network`.

    Without a broker only the Wi-Fi is set, and forgotten when it is not named either; without a Wi-Fi only the broker is.
    The screen reboots at the end, and its banner, expected as the setting `console`, proves that it was heard.
    """
    lines = grouped([*_broker(node, network), *_wifi(network), "reboot"], json.dumps, LINE)
    steps = tuple(SerialLine(each) for each in lines)
    if any(len(each.text) > LINE for each in steps):
        raise ValueError(f"trop long pour la console de l'écran : {LINE} caractères, un accent en prend six")
    return ConfigPush(steps, expects=(Setting("console", BOOTED),))


def _broker(node: str, network: Network) -> Iterator[str]:
    if not network.host:
        return
    if network.tls:
        raise ValueError("openHASP ne parle pas TLS : donnez à l'écran un port du broker sans TLS")
    prefix, _, hostname = node.partition("/")
    if prefix != "hasp" or not hostname or "/" in hostname:
        raise ValueError(f"le topic de l'écran est toujours hasp/<nom>, jamais {node}")
    yield _command("hostname", hostname)
    yield _command("mqtthost", network.host)
    yield f"mqttport={network.port}"
    yield _command("mqttuser", network.username)
    yield _command("mqttpass", network.password)


def _wifi(network: Network) -> Iterator[str]:
    if network.wifi or not network.host:
        yield _command("ssid", network.wifi)
        yield _command("pass", network.wifi_password)


def _command(name: str, value: str) -> str:
    """`name=value`; what is refused is not told, it may be a secret. An installer reads this, in French."""
    if len(value.encode()) > LONGEST[name]:
        raise ValueError(f"{name} : l'écran n'en retient que {LONGEST[name]} octets, en voici {len(value.encode())}")
    if not value.isprintable() or value == MASK:
        raise ValueError(f"{name} : un caractère qui ne peut être tapé, ou {MASK}, que l'écran prend pour « inchangé »")
    return f"{name}={value}"
