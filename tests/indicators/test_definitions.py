"""The indicators' definitions, each with figures that can be checked by hand."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from elfe.indicators import definitions
from elfe.indicators.definitions import INDICATORS, TWELVE, Facts, Indicator, Launch, computed

FACTS = Facts(
    production_w=(1000.0, 3000.0, None, 2000.0), consumption_w=(2000.0, 1000.0, 500.0, 800.0),
    made_w={"Prod_eolienne": (6000.0,), "Prod_solaire": (2000.0,), "Prod_methanisation": ()},
    placed_today_wh=4000.0, placed_ever_wh=120_000.0, drawn_today_w=(1000.0,) * 96, planned=7, started=frozenset({1, 2, 99}),
    movable=frozenset({1, 2, 3, 4}), every=6, launched_today=frozenset({1, 2, 3}),
    launches=(Launch(1, 112, 100), Launch(1, 112, 100), Launch(9, 131, 100), Launch(9, 131, 100), Launch(9, 131, 101)),
    mean_wh={112: 900.0, 131: 3000.0}, made_today_w=(400.0,) * 96,
    ever={"Cumul_energie_deplacee": 12.5, "Cumul_import_evite": 0.5, "Cumul_flex_declaree": 40.0, "Cumul_flex_utile": 9.0},
    month={"Cumul_promesses_echues": 8.0, "Cumul_promesses_tenues": 7.0})
VALUES = {each.indicator.key: each for each in computed(FACTS)}


@pytest.mark.parametrize(("key", "value"), [
    ("Nombre_appareils_connectes", 7),
    ("Pourcentage_app_lances_24h", 50.0),
    ("Cumul_energie_placee", 120.0),
    ("Pourcentage_energie_consommee_placee", 100 * 4000 / 24_000),
    ("Energie_autoconsommee", 200.0),                           # min(2000, 800) W for a quarter of an hour
    ("Pourcentage_autoconsommation", 100 * (1000 + 1000 + 800) / 6000),
    ("Enr_eolienne", 1500.0), ("Enr_solaire", 500.0), ("Enr_methanisation", None),
    ("Part_eolien_prod", 75.0), ("Part_solaire_prod", 25.0), ("Part_metha_prod", None),
    ("Part_energie_locale_24h", 40.0), ("Cumul_energie_deplacee", 12.5), ("Cumul_import_evite", 0.5),
    ("Promesses_tenues_30j", 87.5), ("Cumul_flex_declaree", 40.0), ("Cumul_flex_utile", 9.0),
])
def test_each_indicator_is_what_its_definition_says(key, value):
    assert VALUES[key].value == (None if value is None else pytest.approx(value))


def test_the_first_programs_numbers_stand_beside_ours_with_the_reason():
    assert VALUES["Pourcentage_app_lances_24h"].first == 50.0       # 3 launched of 6, out of use or not
    assert VALUES["Cumul_energie_placee"].first == 2 * 0.9 + 2 * 3.0     # each re-plan again; a tank once a day
    assert all(each.why for each in INDICATORS if each.first)


def test_an_inverter_that_draws_at_night_has_no_share_and_takes_none_from_others():
    facts = evolve(FACTS, made_w={"Prod_eolienne": (4000.0,), "Prod_solaire": (-50.0,)})
    values = {each.indicator.key: each.value for each in computed(facts)}
    assert (values["Part_eolien_prod"], values["Part_solaire_prod"], values["Enr_solaire"]) == (100.0, 0.0, -12.5)


def test_a_source_that_is_silent_just_now_leaves_no_share_to_the_others():
    facts = evolve(FACTS, made_w={"Prod_eolienne": (4000.0,), "Prod_solaire": (None,), "Prod_methanisation": ()})
    values = {each.indicator.key: each.value for each in computed(facts)}
    assert (values["Part_eolien_prod"], values["Part_solaire_prod"], values["Enr_eolienne"]) == (None, None, 1000.0)


def test_they_are_the_twelve_of_the_contract():
    assert [each.key for each in TWELVE] == [
        "Nombre_appareils_connectes", "Pourcentage_app_lances_24h", "Cumul_energie_placee", "Pourcentage_energie_consommee_placee",
        "Energie_autoconsommee", "Pourcentage_autoconsommation", "Enr_eolienne", "Enr_solaire", "Enr_methanisation",
        "Part_eolien_prod", "Part_solaire_prod", "Part_metha_prod"]
    assert [each.label for each in TWELVE[-3:]] == [f"Part {of} dans la production" for of in (
        "de l'éolien", "du solaire", "de la métha")]
    assert len({each.label for each in INDICATORS}) == len({each.key for each in INDICATORS}) == 24


def test_one_that_fails_loses_no_other(monkeypatch):
    def breaks(facts: Facts) -> float:
        raise ZeroDivisionError("by zero")

    broken = Indicator("broken", "", "", breaks, "")
    monkeypatch.setattr(definitions, "INDICATORS", (*INDICATORS[:3], broken, *INDICATORS[3:]))
    values = {each.indicator.key: each for each in computed(FACTS)}
    assert values["broken"].problem == "ZeroDivisionError: by zero"
    assert len([each for each in values.values() if each.value is not None]) == 16


def test_nothing_known_says_nothing_rather_than_zero():
    assert [each.indicator.key for each in computed(Facts()) if each.value is not None] == []


def test_less_than_half_known_says_nothing():
    assert definitions.energy_wh((1000.0, None, None)) is None
    assert definitions.energy_wh((1000.0, 1000.0, None)) == 500.0


POWERS = st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=20)


@given(POWERS, POWERS)
def test_self_consumption_is_a_share(made, drawn):
    count = min(len(made), len(drawn))
    facts = evolve(FACTS, production_w=made[:count], consumption_w=drawn[:count])
    for each in computed(facts):
        assert each.value is None or each.value >= 0
        if each.indicator.key == "Pourcentage_autoconsommation" and each.value is not None:
            assert each.value <= 100 + 1e-9
