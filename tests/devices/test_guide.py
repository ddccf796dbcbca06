"""The guide for those who write a driver: docs/drivers.md has every hook, word for word."""

import inspect

import pytest

from elfe.devices import hookspecs
from elfe.devices.drivers import HOOKS, REQUIRED

from .made import GUIDE

TEXT = GUIDE.read_text(encoding="utf-8")


def heading(name):
    return f"### `{name}{HOOKS[name]}`".replace("'", "")


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_stands_in_the_guide_with_its_exact_signature(name):
    assert heading(name) in TEXT


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_says_what_it_answers(name):
    assert inspect.getdoc(getattr(hookspecs, name))


def test_the_guide_names_no_hook_that_is_gone():
    assert {line for line in TEXT.splitlines() if line.startswith("### `")} == {heading(name) for name in HOOKS}


def test_the_hooks_that_are_asked_of_everyone_come_first():
    headings = [line for line in TEXT.splitlines() if line.startswith("### `")]
    assert set(headings[:len(REQUIRED)]) == {heading(name) for name in REQUIRED}
