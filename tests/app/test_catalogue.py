"""The committed catalogue is what the installed drivers say now; `python -m elfe.app.catalogue` rewrites it."""

from __future__ import annotations

import pytest

from elfe.app import catalogue, catalogue_ods
from elfe.app.catalogue_words import WORDS
from elfe.devices.drivers import load

AGAIN = "the drivers have changed: run `python -m elfe.app.catalogue` and commit docs/"


@pytest.mark.parametrize("name", ["catalogue.md", "catalogue.fr.md"])
def test_the_pages_are_what_the_drivers_say(name):
    assert (catalogue.DOCS / name).read_text(encoding="utf-8") == catalogue.pages()[name], AGAIN


def test_the_workbook_holds_the_annexs_tables_in_both_languages():
    sheets = {name: [list(row) for row in rows] for name, rows in catalogue.workbook().items()}
    assert catalogue_ods.read(catalogue.DOCS / "topics_et_ordres_mqtt.ods") == sheets, AGAIN
    assert len(sheets) == 12


@pytest.mark.parametrize("driver", list(load()), ids=lambda driver: str(driver.type.id))
def test_every_type_stands_in_both_languages_with_its_caveats(driver):
    english, french = catalogue.pages()["catalogue.md"], catalogue.pages()["catalogue.fr.md"]
    assert driver.type.human_name
    assert driver.type.caveats
    for page, name in ((english, driver.type.product), (french, driver.type.human_name)):
        assert f"| {driver.type.id} | {name} |" in page
    assert all(each.english in english and each.french in french and each.link in english for each in driver.type.caveats)


def test_both_languages_have_the_same_words():
    assert WORDS["en"].keys() == WORDS["fr"].keys()


def test_what_is_said_where_comes_from_the_twin():
    entry = next(each for each in catalogue.entries() if each.driver.type.id == 411)
    said = {each.topic: each for each in entry.said}
    assert "power (W)" in said["D003/events/rpc"].what
    assert "energy (Wh)" in said["D003/events/rpc"].what
    assert 1 < entry.month_mb < 500
