"""Inventories as people keep them: real .ods and .xlsx files, made by other programs; and files that are none at all."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook
from openpyxl.styles import numbers

from elfe.coordination import inventory, sheets
from elfe.coordination.inventory import Inventory
from elfe.coordination.lines import Problem
from elfe.devices.drivers import Drivers
from elfe.errors import InventoryError
from tests.coordination.conftest import A_TANK, A_WASHER, csv

TITLES = ("Référence", "E-mail", "Observateur", "Appareil", "Type d'appareil", "Typologie d'installation", "Point", "Usage",
          "Type de matériel", "Identifiant du matériel", "Durée du programme", "Volume (litres)", "Puissance (kW)",
          "Heures creuses", "Commentaires")
WASHER = ("R004", "anne@exemple.fr", "oui", "Lave-linge", "Lave-linge", 120, "A001", 11, 111, "A8BC25", time(2, 30), None, None,
          None, "au fond de la cave")
TANK = ("R004", None, None, "Ballon", "Ballon d'eau chaude", "190 - Relais inversé", "D001", 11.0, "411", None, None, 200, 2.2,
        "22h30-6h30 et 12h30 - 14h30", None)


def read(content: bytes, drivers: Drivers) -> tuple[Inventory, list[Problem]]:
    return inventory.read_sheets(sheets.read(content), drivers)


def xlsx(*rows: tuple[object, ...], book: Workbook | None = None) -> bytes:
    made = book or Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def ods(*tables: tuple[str, tuple[tuple[object, ...], ...]]) -> bytes:
    made = OpenDocumentSpreadsheet()
    for name, rows in tables:
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for value in row:
                line.addElement(_cell(value))
            table.addElement(line)
        made.spreadsheet.addElement(table)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _cell(value: object) -> TableCell:
    if value is None:
        return TableCell()
    if isinstance(value, (int, float)):
        return TableCell(valuetype="float", value=value)
    if isinstance(value, time):
        return TableCell(valuetype="time", timevalue=f"PT{value.hour}H{value.minute}M0S")
    cell = TableCell(valuetype="string")
    cell.addElement(P(text=str(value)))
    return cell


BOTH = pytest.mark.parametrize("content", [
    pytest.param(xlsx(("Foyers du Pays de Redon",), (), TITLES, WASHER, TANK), id="xlsx"),
    pytest.param(ods(("Foyers", (("Foyers du Pays de Redon",), (), TITLES, WASHER, TANK))), id="ods"),
])


@BOTH
def test_a_workbook_says_the_same_as_a_text(content: bytes, drivers: Drivers) -> None:
    found, problems = read(content, drivers)
    assert problems == []
    washer, tank = found.appliances
    assert (washer.cycle, found.participants[0].email, found.participants[0].observer) == (
        timedelta(hours=2, minutes=30), "anne@exemple.fr", True)
    assert (tank.typology, tank.details, len(tank.windows)) == (190, {"volume_ballon": 200, "puissance_chauffe": 2200}, 2)
    assert found.remarks == (next(each for each in found.remarks if "Commentaires" in each),)


def test_a_mistake_is_told_with_its_cell(drivers: Drivers) -> None:
    wrong = ("R4", *WASHER[1:6], "A1", 99, *WASHER[8:])
    told = [str(each) for each in read(xlsx(TITLES, wrong, TANK), drivers)[1]]
    assert [each.partition(",")[0] for each in told] == ["Sheet!A2", "Sheet!G2", "Sheet!H2"]


def test_participants_appliances_and_devices_may_stand_on_sheets_of_their_own(drivers: Drivers) -> None:
    found, problems = read(ods(
        ("Participants", (("Référence", "Courriel"), ("R004", "anne@exemple.fr"))),
        ("Appareils", (("Foyer", "Appareil", "Type d'appareil", "Typologie"), ("R004", "Lave-linge", "lave_linge", 120))),
        ("Équipements", (("Foyer", "Appareil", "Point", "Usage", "Type de matériel"), ("R004", "Lave-linge", "A002", 11, 112))),
        ("Notes", (("rappeler Anne",),))), drivers)
    assert problems == []
    assert (found.participants[0].email, found.appliances[0].devices[0].device.id) == ("anne@exemple.fr", "A002")
    assert [each for each in found.remarks if "Notes" in each]


def test_a_hidden_sheet_is_named_and_left_alone(drivers: Drivers) -> None:
    book = Workbook()
    hidden = book.create_sheet("ancien")
    hidden.sheet_state = "hidden"
    hidden.append(TITLES)
    hidden.append(("R999", *WASHER[1:]))
    found, problems = read(xlsx(TITLES, WASHER, book=book), drivers)
    assert problems == []
    assert {each.reference for each in found.participants} == {"R004"}
    assert "la feuille masquée « ancien » n'est pas lue" in found.remarks


def test_a_merged_cell_is_every_cell_that_it_covers(drivers: Drivers) -> None:
    book = Workbook()
    content = (TITLES, WASHER, (None, *TANK[1:]))
    for row in content:
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    assert [each.participant for each in read(xlsx(book=book), drivers)[0].appliances] == ["R004", "R004"]

    made = OpenDocumentSpreadsheet()
    table = Table(name="Foyers")
    for number, row in enumerate(content):
        line = TableRow()
        for at, value in enumerate(row):
            cell = _cell(value)
            if at == 0 and number == 1:
                cell.setAttribute("numberrowsspanned", 2)
            line.addElement(CoveredTableCell() if at == 0 and number == 2 else cell)
        table.addElement(line)
    made.spreadsheet.addElement(table)
    out = io.BytesIO()
    made.save(out)
    assert [each.participant for each in read(out.getvalue(), drivers)[0].appliances] == ["R004", "R004"]


def test_an_identifier_that_the_spreadsheet_took_for_a_number_is_doubted(drivers: Drivers) -> None:
    eaten = (*WASHER[:9], 48259900, *WASHER[10:])
    found, problems = read(xlsx(TITLES, eaten), drivers)
    assert problems == []
    assert [each for each in found.remarks if "Sheet!J2" in each and "zéro en tête" in each]


def test_a_formula_that_nobody_computed_is_not_taken_for_nothing(drivers: Drivers) -> None:
    told = read(xlsx(TITLES, (*WASHER[:6], "=CONCAT(B1;C1)", *WASHER[7:])), drivers)[1]
    assert [str(each).partition(" ne convient")[0] for each in told] == ["Sheet!G2, colonne « point » : « =CONCAT(B1;C1) »"]


def test_a_duration_as_excel_keeps_it_is_a_duration(drivers: Drivers) -> None:
    book = Workbook()
    book.active.append(TITLES)
    book.active.append((*WASHER[:10], 2.5 / 24, *WASHER[11:]))
    book.active["K2"].number_format = numbers.FORMAT_DATE_TIME3
    assert read(xlsx(book=book), drivers)[0].appliances[0].cycle == timedelta(hours=2, minutes=30)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_text_in_any_of_the_usual_encodings_is_read(encoding: str, drivers: Drivers) -> None:
    text = csv(A_WASHER.replace("Lave-linge", "Machine à laver d'été"), A_TANK)
    found, problems = read(text.encode(encoding), drivers)
    assert problems == []
    assert found.appliances[0].name == "Machine à laver d'été"


@pytest.mark.parametrize(("content", "told"), [
    (b"PK\x03\x04 and nothing behind", "n'est pas un classeur lisible"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing", "n'est pas un classeur lisible"),
    ("é\n".encode() + b"\xe9;\xff\xc3\x28", "ni en UTF-8 ni en Windows-1252"),
])
def test_a_file_that_is_no_inventory_is_refused_in_a_sentence(content: bytes, told: str, drivers: Drivers) -> None:
    with pytest.raises(InventoryError, match=told):
        read(content, drivers)


SEEDS = (csv(A_WASHER, A_TANK).encode(), xlsx(TITLES, WASHER, TANK), ods(("Foyers", (TITLES, WASHER, TANK))))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), max_size=6), st.integers(0, 10**6))
def test_whatever_bytes_come_there_are_homes_or_sentences(drivers: Drivers, content, changes, cut) -> None:
    mangled = bytearray(content[:1 + cut % len(content)] if cut % 3 == 0 else content)
    for at, piece in changes:
        where = at % len(mangled)
        mangled[where:where + len(piece)] = piece
    with suppress(InventoryError):
        read(bytes(mangled), drivers)


