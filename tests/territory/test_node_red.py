"""The flow that we give away, in a real Node-RED beside a real mosquitto.

Node-RED is brought once by npm (half a minute) and kept in the user's cache folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from elfe.broker.embedded import Embedded
from elfe.broker.session import Message
from elfe.devices.values import Publish
from elfe.ems.values import Placement, Plan
from elfe.slots import HORIZON, slot_of
from elfe.territory import outlook
from elfe.territory.service import PLAN_TOPIC
from elfe.territory.weather import HitRate, Thresholds
from tests.brokers import connected, heard, mosquitto, until  # noqa: F401 - a fixture
from tests.conftest import free_port
from tests.territory.test_service import NOW

VERSION = "4.1.15"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
FLOW = Path(__file__).parents[2] / "docs" / "node-red" / "elfe-flow.json"
SETTINGS = """module.exports = {{ uiPort: {port}, uiHost: "127.0.0.1", flowFile: "flows.json", userDir: "{folder}",
  credentialSecret: "tests", telemetry: {{ enabled: false, updateNotification: false }}, editorTheme: {{ tours: false }},
  logging: {{ console: {{ level: "warn", metrics: false, audit: false }} }} }};
"""
pytestmark = pytest.mark.mosquitto


@pytest.fixture(scope="module")
def red() -> Path:
    """Where Node-RED is."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed here")
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "elfe-tests" / f"node-red-{VERSION}"
    if not (folder / "node_modules/node-red/red.js").exists():
        folder.mkdir(parents=True, exist_ok=True)
        brought = subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--no-save", "--prefix", folder,
                                  f"node-red@{VERSION}"], env=_trusting(), capture_output=True, text=True, timeout=400, check=False)
        if brought.returncode:
            shutil.rmtree(folder)
            pytest.skip(f"Node-RED cannot be brought here: {brought.stderr.strip()[-200:]}")
    return folder / "node_modules/node-red/red.js"


@pytest.fixture
def running(red: Path, mosquitto: Embedded, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    """The address of a Node-RED that knows the broker."""
    port = free_port()
    (tmp_path / "settings.js").write_text(SETTINGS.format(port=port, folder=tmp_path / "user"))
    told = {**os.environ, "ELFE_BROKER_HOST": mosquitto.address.host, "ELFE_BROKER_PORT": str(mosquitto.address.port)}
    with (tmp_path / "node-red.log").open("wb") as log:
        node = subprocess.Popen(["node", red, "-s", tmp_path / "settings.js"], stdout=log, stderr=log, env=told)
    try:
        until(lambda: _answers(port), within_s=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        node.terminate()
        node.wait(20)


def _trusting() -> dict[str, str]:
    """Node trusts only the authorities that it brings, unless it is told of the machine's own."""
    return {**({"NODE_EXTRA_CA_CERTS": str(AUTHORITIES)} if AUTHORITIES.exists() else {}), **os.environ}


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/flows").status_code == 200
    except httpx.HTTPError:
        return False


def a_plan() -> Plan:
    placed = Placement(1, 112, (1,) + (0,) * (HORIZON - 1), (2000.0,) + (0.0,) * (HORIZON - 1), "", "")
    return Plan(slot_of(NOW), NOW, (placed,), (-500.0,) * HORIZON, "", "optimal", 1.0, 1.0, 3)


def test_the_flow_reads_balance_weather_and_plan(running, mosquitto):  # noqa: F811
    weather = outlook.Outlook(NOW, "", 1500.0, slot_of(NOW), (-500.0,) * HORIZON,
                              Thresholds(-2000.0, -1000.0, 1000.0, 2000.0, NOW), HitRate(0, 0, 0, 0.0))
    with connected(mosquitto.address, "elfe-territory", "INDICATEURS/node-red/#") as here:
        here.send(Publish(outlook.topic(""), outlook.as_json(weather), retain=True))
        here.send(Publish(PLAN_TOPIC, outlook.plan_as_json(a_plan()), retain=True))
        deployed = httpx.post(f"{running}/flows", content=FLOW.read_bytes(), timeout=30,
                              headers={"Content-Type": "application/json", "Node-RED-Deployment-Type": "full"})
        assert deployed.status_code == 204

        def told(wanted: set[str]) -> dict[str, object]:
            arrival = heard(here, lambda each: isinstance(each, Message) and wanted <= json.loads(each.payload).keys())
            assert isinstance(arrival, Message)
            found: dict[str, object] = json.loads(arrival.payload)
            return found

        summary = told({"placed", "level"})
        assert (summary["placed"], summary["lowest_w"], summary["lowest_at"]) == (1, -2500, "2026-03-10T06:00:00.000Z")
        assert summary["level"] == 1
        here.send(Publish("INDICATEURS/general/equilibre2", b"no number"))
        here.send(Publish("INDICATEURS/general/equilibre2", b"90640.24"))
        assert told({"balance_w"})["balance_w"] == 90640.24
