"""A new plugin package from nothing: files with holes, filled with a name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from elfe.devices.values import STRANGERS_IDS
from elfe.errors import PluginError

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FILES = {      # the package's file: our text with holes
    "pyproject.toml": "pyproject.txt",
    "README.md": "readme.txt",
    "quality.toml": "quality.txt",
    "elfe_${name}/__init__.py": "plugin.txt",
    "tests/test_conformance.py": "test_conformance.txt",
    "tests/test_messages.py": "test_messages.txt",
}


def render(name: str, type_id: int) -> Mapping[str, str]:
    """The files of a package that drives one plug, by path. Raises `PluginError` for a name that none can have."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise PluginError(f"{name!r} cannot be a plugin's name: lower-case words joined by _, as in acme_plug")
    if type_id not in STRANGERS_IDS:
        raise PluginError(f"{type_id} is not in the reserved range, {STRANGERS_IDS.start} to {STRANGERS_IDS.stop - 1}")
    words = {"name": name, "dashed": name.replace("_", "-"), "title": name.replace("_", " ").capitalize(), "id": str(type_id)}
    return {Template(path).substitute(words): Template(_text(text)).substitute(words) for path, text in FILES.items()}


def write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write them; nothing that stands is overwritten."""
    if folder.exists() and any(folder.iterdir()):
        raise PluginError(f"{folder} is not empty; choose another name, or another place with --into")
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return [folder / path for path in texts]


def free_id(taken: Iterable[int]) -> int:
    """The first free id of those that strangers may take."""
    used = set(taken)
    return next(each for each in STRANGERS_IDS if each not in used)


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
