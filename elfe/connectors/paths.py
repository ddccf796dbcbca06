"""Paths into JSON: `data.0.power`, `meters[1].W`, `$.a.b`. Pure."""

from __future__ import annotations

import re
from typing import Any

from elfe.errors import SourceError

STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def steps(path: str) -> tuple[str | int, ...]:
    """The steps of a path; numbers are places in a list. Raises `ValueError`."""
    bare = path.removeprefix("$").lstrip(".")
    if bare and STEP.sub("", bare).strip("."):
        raise ValueError(f"path: {path!r} cannot be read (accepted: names and places, data.0.power or data[0].power)")
    return tuple(int(place or name) if (place or name).isdigit() else name for place, name in STEP.findall(bare))


def follow(tree: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path. Raises `SourceError` that says how far it leads."""
    for depth, step in enumerate(path):
        try:
            tree = tree[int(step)] if isinstance(tree, list) else tree[str(step)]
        except (KeyError, IndexError, TypeError, ValueError):
            here = ".".join(map(str, path[:depth])) or "the answer"
            raise SourceError(f"{here} holds no {step!r}; look at what the source answers, and mend `path`") from None
    return tree
