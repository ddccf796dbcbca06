"""The rules of the house, read from the source: who may touch the world, who may import whom, where a family's name may stand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "elfe").rglob("*.py"))
PLUGINS = [path for path in sorted((ROOT / "plugins").rglob("*.py")) if "tests" not in path.parts]
FAMILIES = re.compile(r"shelly|tasmota|nous_a1t|\bnous\b|switchbot|openhasp|m5stack|socorel|xky|cofybox", re.IGNORECASE)

EDGE_NAMES = {"service.py", "run.py", "store.py"}
EDGE_ROOMS = {"broker", "app", "cli", "connectors", "portal"}
REVISIONS = "migrations"       # the rooms' folders of revisions
EDGE_FILES = {"clock.py", "settings.py", "database.py", "migrations.py", "coordination/tables.py", "coordination/queries.py",
              "coordination/types.py", "coordination/ledger.py", "coordination/announced.py", "coordination/states.py",
              "coordination/abilities.py", "coordination/holds.py",
              "coordination/leaving.py", "coordination/locks.py", "coordination/visits.py", "coordination/as_sql.py",
              "ems/tables.py", "history/spool.py", "history/keeper.py", "command/leadership.py",
              "command/reading.py", "command/writing.py", "history/zabbix/api.py",
              "ems/solve.py", "ems/sources.py", "ems/wanted.py", "simulation/series.py", "simulation/conductor.py",
              "devices/testing.py", "devices/drivers.py", "__main__.py"}
"""Beside the rule: the solver's child process, real series read from disk, the conductor's pipes, the tests' kit, and the
discovery of plugins, which reads what is installed."""
WORLD = {"sqlalchemy", "sqlmodel", "subprocess", "socket", "os", "time", "threading", "multiprocessing", "pathlib", "tempfile",
         "urllib", "http", "shutil", "signal", "fcntl", "elfe.clock", "elfe.settings", "elfe.database"}
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter"}


def is_edge(path: Path) -> bool:
    inside = path.relative_to(ROOT / "elfe")
    return (path.name in EDGE_NAMES or inside.parts[0] in EDGE_ROOMS or inside.as_posix() in EDGE_FILES
            or inside.parent.name == REVISIONS)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    return found


@pytest.mark.parametrize("path", [path for path in CORE if not is_edge(path)],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pure_module_touches_nothing_of_the_world(path):
    used = imports(path)
    touched = {each for each in used if each in WORLD or each.split(".")[0] in WORLD}
    touched |= {each for each in used if each.startswith("paho") and not each.startswith("paho.mqtt.matcher")}
    calls = {node.func.attr for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}

    assert touched == set()
    assert calls & CLOCKS == set()


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_plugin_uses_nothing_of_elfe_but_its_driver_framework(path):
    own = path.relative_to(ROOT / "plugins").parts[1]
    foreign = {each for each in imports(path) if each.split(".")[0] in {"paho", "sqlalchemy", "sqlmodel"}
               or (each.startswith("elfe") and each.split(".")[0] not in {"elfe", own})
               or (each.split(".")[0] == "elfe" and not each.startswith("elfe.devices") and each != "elfe")}

    assert foreign == set()


@pytest.mark.parametrize("path", [path for path in CORE if path.name != "reference.py"],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_familys_name_stands_in_the_core(path):
    lines = [line for line in path.read_text().splitlines() if FAMILIES.search(line)]

    assert lines == []


def test_the_pins_carry_no_address():
    pins = (ROOT / "requirements.lock").read_text()

    assert "://" not in pins
    assert pins.count("--hash=sha256:") > 100


def test_ci_runs_what_a_newcomer_runs():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
