"""What the pages tell people to type exists: every command and every option of every page."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from elfe.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^\s*```[^\n]*\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(elfe [^`]*)`")


def commands(page: Path) -> Iterator[str]:
    """What the page tells to type: the lines of its blocks, and what stands between backquotes."""
    text = page.read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        yield from re.findall(r"^(?:\$ )?(elfe .*)", block, re.MULTILINE)
    yield from (each.replace("\n", " ") for each in INLINE.findall(FENCED.sub("", text)))


def typed(line: str) -> list[list[str]]:
    """The words of a line; `on|off` and `find, replace` are shortcuts for two commands."""
    words = shlex.split(line.partition(" #")[0].replace("…", ""), comments=True)
    many = next((each for each in words if re.fullmatch(r"[a-z]+(\|[a-z]+)+", each)), "")
    return [[each if word == many else word for word in words] for each in many.split("|")] if many else [words]


def unknown(words: list[str]) -> str:
    """What of a line does not exist; nothing when all does."""
    here = typer.main.get_command(app)
    rest = words[1:]
    while rest and hasattr(here, "commands") and not rest[0].startswith(("-", "<")):
        if rest[0] not in here.commands:
            return rest[0]
        here, rest = here.commands[rest[0]], rest[1:]
    options = {name for each in here.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    return next((name for each in rest if (name := each.partition("=")[0]).startswith("--") and name not in options), "")


@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.name)
def test_every_command_of_a_page_exists(page: Path) -> None:
    assert [(line, wrong) for line in commands(page) for words in typed(line) if (wrong := unknown(words))] == []


COMPUTING = [each for each in PAGES if "```pycon" in each.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", COMPUTING, ids=lambda each: each.name)
def test_what_a_page_computes_is_so(page: Path) -> None:
    text = "\n".join(re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    told = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    said: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(told, out=said.append).failed == 0, "".join(said)


def test_a_command_that_does_not_exist_is_found() -> None:
    assert unknown(["elfe", "devices", "provsion"]) == "provsion"
    assert unknown(["elfe", "devices", "list", "--nowhere"]) == "--nowhere"
