"""Looking at a plugin package: where it is, what its tests hold, what the conformance kit finds. The judging is `quality`'s."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

from attrs import frozen

from elfe.devices import quality
from elfe.devices.drivers import Plugin, problems_of, select
from elfe.devices.hookspecs import GROUP
from elfe.devices.quality import Level, Looked
from elfe.errors import PluginError

KIT = """\
import importlib
from elfe.devices.testing import conformance
test_conformance = conformance(importlib.import_module({module!r}))
"""
LONGEST_S = 600


@frozen
class Package:
    """A plugin package on this disk."""

    name: str              # of its entry point
    module: str
    folder: Path           # where its pyproject.toml stands


def find(what: str) -> Package:
    """A package by its folder, or by the name of an installed plugin. Raises `PluginError`."""
    if Path(what).is_dir():
        return _in_folder(Path(what))
    for point in entry_points(group=GROUP):
        if point.name == what:
            module = importlib.import_module(point.value)
            return Package(point.name, point.value, _root(Path(str(module.__file__)).parent))
    raise PluginError(f"no plugin {what!r}: neither a folder nor an installed plugin (`elfe plugins` lists those)")


def _in_folder(folder: Path) -> Package:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points = project["entry-points"][GROUP]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise PluginError(f"{folder} is no plugin package: its pyproject.toml must name an entry point under "
                          f"[project.entry-points.{GROUP}] ({error})") from error
    name, module = next(iter(points.items()))
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    return Package(name, module, folder.resolve())


def _root(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if (each / "pyproject.toml").exists()), folder)


def look(package: Package, kit: bool = True) -> tuple[Looked, list[str]]:
    """What is looked at, and what is wrong with its `quality.toml`; without `kit` its conformance is taken for granted.

    Raises `PluginError` when it cannot be loaded.
    """
    module = importlib.import_module(package.module)
    problems = problems_of(module)
    if problems:
        raise PluginError(f"plugin {package.name}: {'; '.join(problems)}")
    told, mistakes = _quality(package.folder)
    return Looked(
        drivers=tuple(select([Plugin(package.name, "?", module)])), broken=tuple(conformance(package)) if kit else (),
        readme=_text(package.folder / "README.md"), messages=_messages(package.folder / "tests"),
        proved=told.get("proved", {}), exempt=told.get("exempt", {}),
        claims=Level.__members__.get(str(told.get("level", "none")).upper(), Level.NONE)), mistakes


def conformance(package: Package) -> Iterator[str]:
    """The rules of the kit that it breaks, each with the type and what the rule says."""
    if importlib.util.find_spec("pytest") is None or importlib.util.find_spec("hypothesis") is None:
        raise PluginError("the conformance kit needs pytest and hypothesis: install elfe[kit]")
    with tempfile.TemporaryDirectory() as folder:
        test, report = Path(folder) / "test_kit.py", Path(folder) / "report.xml"
        test.write_text(KIT.format(module=package.module))
        paths = os.pathsep.join([str(package.folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, f"--junitxml={report}",
             str(test)],
            cwd=folder, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False, timeout=LONGEST_S)
        if not report.exists():
            raise PluginError(f"the conformance kit cannot run on {package.name}: {(done.stdout + done.stderr).strip()[-500:]}")
        for case in ElementTree.parse(report).iter("testcase"):
            for failure in (*case.iter("failure"), *case.iter("error")):
                name = str(case.get("name")).removeprefix("test_conformance[").removesuffix("]")
                yield f"{name}: {(failure.get('message') or '').splitlines()[0][:200] if failure.get('message') else 'broken'}"


def _quality(folder: Path) -> tuple[dict, list[str]]:  # type: ignore[type-arg]
    path = folder / "quality.toml"
    if not path.exists():
        return {}, [f"there is no quality.toml in {folder.name}: write one, `level = \"bronze\"` to begin with"]
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        return {}, [f"quality.toml: {error}"]
    return told, quality.mistakes(told)


def _messages(folder: Path) -> int:
    """The payloads in a plugin's own tests: bytes literals outside the kit's one line."""
    return sum(isinstance(node, ast.Constant) and isinstance(node.value, bytes) and len(node.value) > 0
               for path in sorted(folder.glob("test_*.py")) for node in ast.walk(ast.parse(_text(path))))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
