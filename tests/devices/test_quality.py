"""How far a driver is to be trusted is judged by rules, not by its author."""

from __future__ import annotations

import pytest
from attrs import evolve

from elfe.devices import quality
from elfe.devices.drivers import discover, select
from elfe.devices.quality import Level, Looked

from .made import EntryPoint, plugin

README = "\n".join(["# A plug"] * 5)


@pytest.fixture
def looked() -> Looked:
    """The guide's driver, which nobody has finished."""
    return Looked(tuple(select(discover([EntryPoint("brume", plugin())]))), broken=(), readme=README, messages=12)


def kept(looked: Looked) -> set[str]:
    return {verdict.rule.name for verdict in quality.judge(looked) if verdict.kept}


def test_a_level_holds_when_its_rules_and_those_below_do(looked):
    assert quality.reached(quality.judge(looked)) is Level.BRONZE


def test_a_broken_rule_of_the_kit_leaves_no_level(looked):
    assert quality.reached(quality.judge(evolve(looked, broken=("9001-the_twin_is_understood",)))) is Level.NONE


def test_an_exemption_with_its_reason_stands_in_nobodys_way(looked):
    missing = {verdict.rule.name for verdict in quality.judge(looked) if not verdict.kept and verdict.rule.level is Level.SILVER}
    assert quality.reached(quality.judge(evolve(looked, exempt=dict.fromkeys(missing, "it has no such thing")))) is Level.SILVER


@pytest.mark.parametrize(("rule", "without"), [
    ("readme", {"readme": ""}), ("messages", {"messages": 9}), ("conformance", {"broken": ("x",)}), ("twin", {"drivers": ()}),
])
def test_each_rule_is_seen_to_fail(looked, rule, without):
    assert rule in kept(looked)
    assert rule not in kept(evolve(looked, **without))


def test_what_no_machine_sees_needs_a_sentence_with_its_date(looked):
    assert "hardware" not in kept(evolve(looked, proved={"hardware": "tried on three plugs"}))
    assert "hardware" in kept(evolve(looked, proved={"hardware": "three plugs of firmware 1.2, 2026-11-23"}))


@pytest.mark.parametrize(("told", "said"), [
    ({"level": "diamond"}, "one of bronze, silver, gold, platinum"),
    ({"level": "gold", "exempt": {"twinn": "because it has none"}}, "[exempt] twinn: no such rule"),
    ({"level": "gold", "exempt": {"onboard": ""}}, "[exempt] onboard: a sentence, please"),
    ({"level": "gold", "exempt": {"conformance": "it is too strict here"}}, "nobody is exempt"),
    ({"level": "gold", "exempt": {"fuzz": "there was no time for it"}}, "nobody is exempt"),
    ({"level": "gold", "proved": ["fuzz"]}, "[proved] is a table"),
    ({"level": "gold", "extra": 1}, "unknown key extra"),
])
def test_a_mistake_in_quality_toml_is_named(told, said):
    assert any(said in each for each in quality.mistakes(told))


def test_a_sound_quality_toml_has_no_mistake():
    assert quality.mistakes({"level": "silver", "exempt": {"onboard": "it is set up by hand"},
                             "proved": {"fuzz": "1,000,000 payloads, 2026-11-23"}}) == []


def test_every_rule_says_what_to_do():
    assert all(rule.fact and rule.to_do for rule in quality.RULES)
    assert len({rule.name for rule in quality.RULES}) == len(quality.RULES)
