"""`elfe plugin new` and `check`, and the tutorial that they belong to, followed word for word."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from elfe.app import new_plugin, plugin_check
from elfe.devices import quality
from elfe.errors import PluginError

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "driver-in-an-hour.md").read_text(encoding="utf-8")
OURS = sorted(each.name for each in (ROOT / "plugins").iterdir() if (each / "pyproject.toml").exists())


def elfe(folder: Path, *words: str, path: Path | None = None, code: int = 0) -> str:
    """The program as its user types it, with a plugin on the path as an installation would put it there."""
    paths = os.pathsep.join(filter(None, [str(path) if path else "", os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run([sys.executable, "-m", "elfe", *words], cwd=folder, env={**os.environ, "PYTHONPATH": paths},
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def installed(package: Path) -> Path:
    """What an installation leaves beside a package: its entry point."""
    info = package / f"{package.name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(exist_ok=True)
    name = re.search(r"\[project.entry-points.elfe]\n(\w+) = \"(\w+)\"", (package / "pyproject.toml").read_text())
    (info / "entry_points.txt").write_text(f"[elfe]\n{name[1]} = {name[2]}\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.name}\nVersion: 0.1.0\n")
    return package


def test_a_new_plugin_works_at_once(tmp_path):
    made = json.loads(elfe(tmp_path, "plugin", "new", "acme_plug", "--json"))
    package = tmp_path / made["folder"]
    checked = json.loads(elfe(tmp_path, "plugin", "check", made["folder"], "--json"))
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=package,
                           env={**os.environ, "PYTHONPATH": str(package)}, capture_output=True, text=True, check=False)

    assert (checked["level"], checked["broken"], checked["mistakes"]) == ("bronze", [], [])
    assert tests.returncode == 0, tests.stdout
    assert "acme_plug" in elfe(tmp_path, "plugins", path=installed(package))


def test_nothing_that_stands_is_overwritten(tmp_path):
    elfe(tmp_path, "plugin", "new", "acme_plug")
    before = (tmp_path / "elfe-acme-plug" / "elfe_acme_plug" / "__init__.py").read_bytes()
    elfe(tmp_path, "plugin", "new", "acme_plug", "--type-id", "2345", code=78)
    assert (tmp_path / "elfe-acme-plug" / "elfe_acme_plug" / "__init__.py").read_bytes() == before


@pytest.mark.parametrize("name", ["Acme", "acme-plug", "2acme", "class", "../acme", ""])
def test_a_name_that_no_package_can_have_is_refused(name):
    with pytest.raises(PluginError, match="cannot be a plugin's name"):
        new_plugin.render(name, 2000)


def test_an_id_outside_the_reserved_range_is_refused():
    with pytest.raises(PluginError, match="2000 to 9999"):
        new_plugin.render("acme_plug", 111)


def test_the_first_free_id_is_given():
    assert new_plugin.free_id([111, 2000, 2001, 2003]) == 2002


def test_a_rule_that_is_broken_is_named_and_the_exit_code_tells(tmp_path):
    elfe(tmp_path, "plugin", "new", "acme_plug")
    source = tmp_path / "elfe-acme-plug" / "elfe_acme_plug" / "__init__.py"
    source.write_text(source.read_text().replace("silent_after=timedelta(seconds=90)", "silent_after=timedelta(seconds=31)"))
    checked = json.loads(elfe(tmp_path, "plugin", "check", "elfe-acme-plug", "--json", code=1))

    assert checked["level"] == "none"
    assert any("the_type_says_how_long_its_silence_may_last" in each for each in checked["broken"])


def test_a_level_that_is_claimed_and_not_reached_is_refused(tmp_path):
    elfe(tmp_path, "plugin", "new", "acme_plug")
    (tmp_path / "elfe-acme-plug" / "quality.toml").write_text('level = "gold"\n')
    assert json.loads(elfe(tmp_path, "plugin", "check", "elfe-acme-plug", "--json", code=1))["claims"] == "gold"


def test_what_is_no_plugin_is_told(tmp_path):
    elfe(tmp_path, "plugin", "check", ".", code=78)
    elfe(tmp_path, "plugin", "check", "nowhere", code=78)


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_plugins_reaches_the_level_that_it_claims(name):
    package = plugin_check.find(str(ROOT / "plugins" / name))
    looked, mistakes = plugin_check.look(package, kit=False)      # its own tests run the kit
    assert mistakes == []
    assert quality.reached(quality.judge(looked)) is looked.claims > quality.Level.BRONZE


# -- the tutorial ----------------------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL)


def test_the_tutorial_leads_from_nothing_to_a_plug_that_is_watched(tmp_path):
    package, files = tmp_path / "elfe-lumo-plug", iter(blocks("python"))
    for command in (line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")):
        words = command.split("  #")[0].split()
        if words[:2] == ["pip", "install"]:
            installed(package)
        elif words[0] == "edit":
            (package / words[1]).write_text(next(files))
        elif words[0] == "write":
            (tmp_path / words[1]).write_text(blocks("csv")[0])
        elif words[0] == "elfe":
            said = elfe(tmp_path, *words[1:], path=package)
            expected = TUTORIAL.split(f"$ {command}\n", 1)[1].split("```", 1)[0].split("$ ", 1)[0].strip().splitlines()
            for line in expected:
                assert line in said, said
    assert next(files, None) is None
