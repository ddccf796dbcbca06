"""How well the facts prove what moves a home: wrong code is noticed.

    make mutants ARGS="--share 0.2 --seed 3"        (python -m tests.mutants, with cosmic-ray beside it)

Each mutant is one of the `MODULES` of `proof` with one thing changed: a comparison, a bound, a sign, a `not`, a number. Its facts
are run on it until one fails; a mutant that all of them pass is told with its line. All of them take an hour, a share is drawn.
What no fact can tell apart is left out of the count: `EQUAL` says of each why; so is what is no Python, and what changes how a
function may be called and nothing that it does.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import hypothesis  # noqa: F401   what every child needs, and is not ours, is read once
import numpy  # noqa: F401
import paho.mqtt.client  # noqa: F401
import pulp  # noqa: F401
import pytest
import sqlmodel  # noqa: F401
from attrs import define

from tests.proof import FACTS, MODULES, ROOT, Facts

OPERATORS = tuple(f"core/{each}" for each in (
    "AddNot", "ReplaceUnaryOperator_Delete_Not", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "NumberReplacer",
    "ExceptionReplacer",
    *(f"ReplaceComparisonOperator_{each}" for each in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Is_IsNot", "IsNot_Is", "Eq_LtE", "Eq_IsNot", "NotEq_Is")),
    *(f"ReplaceBinaryOperator_{each}" for each in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul"))))
EQUAL = {
    ("memory", "newest_slot: int = -1"): "no slot is before the first of all time",
    ("pace", "at + MINUTE >= now"): "what is a minute old frees its room now, whether it is counted or not",
    ("pressing", 'outcome <= "started"'): "of the two outcomes one is it and the other is behind it",
    ("signature", "Signature( -1,"): "what draws less than `proof_w` is judged by no signature, and no `proof_w` is below 0",
    ("typologies", "if appliance.mode <= Mode.MANUAL:"): "the modes below it have been left alone by then",
    ("typologies", "if len(left) <= 1 and"): "there is one at least",
    ("typologies", "if times <= 1 else"): "there is one at least",
    ("upkeep", "judged: bool = False"): "nothing was asked, so nothing is judged",
}
"""Of a module, what stands there then: nothing tells it apart, and why."""
PATIENCE_S = 120
"""A mutant that hangs for so long is noticed."""


def _source(module: str) -> str:
    return (ROOT / f"{module.replace('.', '/')}.py").read_text()


@define(frozen=True, slots=False)
class Mutant:
    """A module with one thing changed: what, and the how manieth of such things."""

    module: str
    operator: str
    occurrence: int

    @cached_property
    def code(self) -> str:
        """What stands there."""
        from cosmic_ray.mutating import mutate_code  # no dependency: `make mutants` brings it
        from cosmic_ray.plugins import get_operator

        return str(mutate_code(_source(self.module), get_operator(self.operator)(), self.occurrence))

    @cached_property
    def line(self) -> tuple[int, str, str]:
        """Which, as it was, as it is."""
        pairs = enumerate(zip(_source(self.module).splitlines(), self.code.splitlines(), strict=False), 1)
        return next((n, was.strip(), now.strip()) for n, (was, now) in pairs if was != now)

    @property
    def left_out(self) -> str:
        """Why it does not count; empty: it counts."""
        _, _, now = self.line
        if now.startswith("def ") and "BinaryOperator" in self.operator:
            return "a signature's `*` is no product"
        try:
            compile(self.code, self.module, "exec")
        except SyntaxError:
            return "it is no Python"
        return next((why for (module, there), why in EQUAL.items() if self.module.endswith(f".{module}") and there in now), "")

    def __str__(self) -> str:
        n, was, now = self.line
        return f"{self.module}:{n} {self.operator.removeprefix('core/')}\n    - {was}\n    + {now}"


def mutants(module: str) -> Iterator[Mutant]:
    """All of a module."""
    from cosmic_ray.ast import ast_nodes, get_ast  # no dependency: `make mutants` brings it
    from cosmic_ray.plugins import get_operator

    nodes = list(ast_nodes(get_ast(_source(module))))
    for name in OPERATORS:
        operator = get_operator(name)()
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            yield Mutant(module, name, occurrence)


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives the mutant where its module is asked for."""

    def __init__(self, module: str, code: str) -> None:
        self._module, self._code = module, code

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """As of `MetaPathFinder`."""
        return importlib.util.spec_from_loader(name, self) if name == self._module else None

    def get_source(self, _name: str) -> str:
        """As of `InspectLoader`."""
        return self._code


def is_noticed(module: str, code: str) -> bool:
    """Whether a fact fails where a module is this: in a process of its own, which may hang or die."""
    child = os.fork()
    if not child:
        os.setsid()
        signal.alarm(PATIENCE_S)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        sys.meta_path.insert(0, _Instead(module, code))
        failed = 1
        try:
            failed = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *FACTS], plugins=[Facts()]))
        finally:
            os._exit(failed)
    _, status = os.waitpid(child, 0)
    return status != 0


def main() -> int:
    """Draw, try, tell; 1 where the facts do not pass as they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1, help="of all mutants; 1: all")
    parser.add_argument("--seed", type=int, default=1, help="which")
    parser.add_argument("--only", default="", help="of the modules, those whose name has this in it")
    given = parser.parse_args()
    chosen = [each for module in MODULES if given.only in module for each in mutants(module)]
    drawn = random.Random(given.seed).sample(chosen, round(given.share * len(chosen)))
    equal = [each for each in drawn if each.left_out]
    if is_noticed(MODULES[0], _source(MODULES[0])):
        _say("the facts fail on the code as it is")
        return 1
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    began = time.monotonic()
    for each in drawn:
        if each in equal:
            continue
        tried[each.module] += 1
        if is_noticed(each.module, each.code):
            noticed[each.module] += 1
        else:
            _say(each)
    idle = set(EQUAL.values()) - {each.left_out for each in drawn} if given.share == 1 and not given.only else set()
    for why in sorted(idle):
        _say(f"EQUAL names a line that stands nowhere any more: {why}")
    for why, count in Counter(each.left_out for each in equal).items():
        _say(f"left out: {count}, {why}")
    for module in tried:
        _say(f"{module}: {noticed[module]} of {tried[module]} noticed")
    score = noticed.total() / max(1, tried.total())
    took_s = time.monotonic() - began
    _say(f"{noticed.total()} of {tried.total()} noticed ({score:.0%}), of {len(chosen)} that there are, in {took_s:.0f} s")
    return 0


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
