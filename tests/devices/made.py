"""Plugins made for a test: the driver of docs/drivers.md, and what is done to it."""

import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import frozen

GUIDE = Path(__file__).parents[2] / "docs" / "drivers.md"


@cache
def example() -> str:
    """The source of the driver that the guide shows whole."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return max(blocks, key=len)


def plugin(name: str = "brume", **replaced: str) -> ModuleType:
    """The guide's driver as a module; each keyword replaces a text in its source: `plugin(without="@hookimpl")`."""
    source = example()
    for old, new in (tuple(each.split(" => ")) for each in replaced.values()):
        assert old in source, old
        source = source.replace(old, new)
    module = ModuleType(name)
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


@frozen
class Distribution:
    """What a plugin was installed from."""

    version: str = "1.2.3"


@frozen
class EntryPoint:
    """What `importlib.metadata` finds: a name, and something to load."""

    name: str
    value: Any
    dist: Distribution = Distribution()

    def load(self) -> Any:
        """The module, or what happens instead."""
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value
