"""Workbooks and text files as people keep them, read to the same homes; what cannot be read is a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from io import BytesIO

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.styles import numbers

from elfe.coordination import inventory, sheets
from elfe.coordination.inventory import Inventory
from elfe.coordination.lines import NOWHERE
from elfe.coordination.values import OffPeak
from elfe.devices.drivers import Drivers
from elfe.errors import InventoryError
from tests.coordination.conftest import A_TANK, A_WASHER, HEADER, csv
from tests.coordination.workbooks import Rows, ods, with_part, xlsx

TITLES = HEADER.split(";")
WASHER, TANK = A_WASHER.split(";"), A_TANK.split(";")
RELAY = A_TANK.replace(";190;D001;11;", ";180;D001;12;").split(";")
METER = ["", "", "", "", "", "B001", "21", "211"]
MAKE: dict[str, Callable[..., bytes]] = {"ods": ods, "xlsx": xlsx}
SHEET1 = "xl/worksheets/sheet1.xml"


@pytest.fixture(params=list(MAKE))
def make(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    """Writes a workbook, once in each format."""
    return MAKE[request.param]


def read(content: bytes, drivers: Drivers) -> Inventory:
    """A right inventory."""
    found, problems = inventory.read_sheets(sheets.read(content), drivers)
    assert [str(each) for each in problems] == []
    return found


def told(content: bytes, drivers: Drivers) -> list[str]:
    """What is wrong with a file, or with its lines."""
    try:
        return [str(each) for each in inventory.read_sheets(sheets.read(content), drivers)[1]]
    except InventoryError as error:
        return [str(error)]


def homes(found: Inventory) -> object:
    """What it says, wherever it stands."""
    return found.participants, [evolve(each, where=NOWHERE, devices=tuple(evolve(line, where=NOWHERE) for line in each.devices))
                                for each in found.appliances]


# -- workbooks --------------------------------------------------------------------------------------------------------------


def test_a_workbook_is_the_same_inventory_as_its_text(make: Callable[..., bytes], drivers: Drivers) -> None:
    as_text = read(csv(A_WASHER, A_TANK).encode(), drivers)
    assert homes(read(make({"Foyers": [TITLES, WASHER, TANK]}), drivers)) == homes(as_text)


def test_the_numbers_and_times_of_a_spreadsheet_are_what_its_reader_sees(make: Callable[..., bytes], drivers: Drivers) -> None:
    titles = ["Référence", "Nom de l'appareil", "Type d'appareil", "Typologie", "Point d'installation", "Usage", "Type de matériel",
              "Durée du programme", "Volume", "Puissance (kW)", "HC"]
    rows: Rows = [titles, ["R004", "Lave-linge", 112.0, 120, "A001", 11, 112, timedelta(hours=2, minutes=30)],
                  ["R005", "Sèche-linge", "113", "120.0", "a002", "11", "112", time(1, 15)],
                  ["R006", "Ballon", 131, 190, "D001", 11, 411, None, 200, 2.2, "22h30-6h30 et 12h30-14h30"]]
    washer, dryer, tank = read(make({"Feuille1": rows}), drivers).appliances
    assert (washer.type, washer.cycle, dryer.cycle) == (112, timedelta(hours=2, minutes=30), timedelta(hours=1, minutes=15))
    assert dryer.devices[0].device.id == "A002"
    assert tank.details == {"volume_ballon": 200, "puissance_chauffe": 2200}
    assert tank.windows == (OffPeak(81_000, 23_400), OffPeak(45_000, 52_200))


def test_a_duration_that_excel_keeps_as_a_share_of_a_day_is_a_duration(drivers: Drivers) -> None:
    book = load_workbook(BytesIO(xlsx({"F": [TITLES, [*WASHER[:9], 2.5 / 24, *WASHER[10:]]]})))
    book["F"]["J2"].number_format = numbers.FORMAT_DATE_TIME3
    written = BytesIO()
    book.save(written)
    assert read(written.getvalue(), drivers).appliances[0].cycle == timedelta(hours=2, minutes=30)


def test_titles_above_the_heading_empty_rows_and_a_heading_again_are_skipped(make: Callable[..., bytes], drivers: Drivers) -> None:
    rows: Rows = [["Inventaire du Pays de Vilaine", None, "participant"], [None], ["mis à jour le 11/10/24"],
                  TITLES, WASHER, [None], TITLES, TANK]
    found = read(make({"Feuille1": rows}), drivers)
    assert [each.name for each in found.appliances] == ["Lave-linge", "Ballon"]
    assert found.appliances[1].where.named("point") == "Feuille1!F8"


@pytest.mark.parametrize("content", [
    xlsx({"F": [TITLES, RELAY, METER]}, merged=["A2:A3", "C2:C3"]),
    ods({"F": [TITLES, RELAY, METER]}, down={(1, 0): 2, (1, 2): 2}),
], ids=["xlsx", "ods"])
def test_a_merged_cell_is_said_of_every_line_that_it_covers(content: bytes, drivers: Drivers) -> None:
    tank, = read(content, drivers).appliances
    assert (tank.participant, tank.name, [each.device.id for each in tank.devices]) == ("R005", "Ballon", ["D001", "B001"])


def test_several_sheets_make_one_inventory_and_what_is_not_read_is_named(make: Callable[..., bytes], drivers: Drivers) -> None:
    given = {
        "Participants": [["Référence", "E-mail", "Observateur"], ["R004", "anne@exemple.fr", "oui"]],
        "Appareils": [["Participant", "Appareil", "Type d'appareil", "Typologie"], ["R004", "Lave-linge", "Lave-linge", 120]],
        "Matériel": [["Participant", "Appareil", "Point", "Usage", "Type de matériel", "Hardware ID"],
                     ["R004", "Lave-linge", "A001", 11, 111, "A8BC25"]],
        "Notes": [["à revoir avec Anne"]],
        "Brouillon": [TITLES, TANK],
    }
    found = read(make(given, hidden=("Brouillon",)), drivers)
    assert (found.participants[0].email, found.participants[0].observer) == ("anne@exemple.fr", True)
    assert [each.devices[0].device.id for each in found.appliances] == ["A001"]
    assert found.remarks == (
        "la feuille masquée « Brouillon » n'est pas lue",
        "la feuille « Notes » n'est pas lue : aucune ligne n'y porte les titres d'un inventaire")


def test_every_problem_names_its_cell(make: Callable[..., bytes], drivers: Drivers) -> None:
    rows: Rows = [TITLES, WASHER, A_WASHER.replace("Lave-linge", "Autre").split(";")]
    given = {"Rez-de-chaussée": rows, "L'étage": [TITLES, A_TANK.replace(";2200;", ";beaucoup;").split(";")]}
    assert [each.partition(" :")[0] for each in told(make(given), drivers)] == [
        "'Rez-de-chaussée'!F3, colonne « point »", "'Rez-de-chaussée'!I3, colonne « id_materiel »",
        "'L''étage'!L2, colonne « puissance_w »"]


def test_a_column_twice_is_a_problem_and_one_that_nobody_knows_a_remark(make: Callable[..., bytes], drivers: Drivers) -> None:
    twice = make({"F": [[*TITLES, "Point d'installation"], [*WASHER, "A002"]]})
    assert told(twice, drivers) == ["F!F1, colonne « point » : colonne présente deux fois ; gardez celle qui est juste"]
    extra = read(make({"F": [[*TITLES, "Étage", None], [*WASHER, "2", "volet bleu"]]}), drivers)
    assert extra.remarks == ("feuille « F », colonnes ignorées : Étage", "feuille « F », colonnes sans titre ignorées : P")


def test_an_identifier_that_the_spreadsheet_has_eaten_is_named(make: Callable[..., bytes], drivers: Drivers) -> None:
    as_number: Rows = [TITLES, [*A_WASHER.split(";")[:8], 12e5, *A_WASHER.split(";")[9:]]]
    remark, = read(make({"F": as_number}), drivers).remarks
    assert remark.startswith("identifiants que le tableur a pris pour des nombres : F!I2 ; vérifiez-les")
    assert read(make({"F": [TITLES, A_WASHER.replace("A8BC25", "001200").split(";")]}), drivers).remarks == ()


def test_a_formulas_error_is_seen_as_its_reader_sees_it(drivers: Drivers) -> None:
    right = xlsx({"F": [TITLES, WASHER]})
    of_point = b'<c r="F2" t="inlineStr"><is><t>A001</t></is></c>'
    error = with_part(right, SHEET1, of_point, b'<c r="F2" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    never = with_part(right, SHEET1, of_point, b'<c r="F2"><f>CONCAT("A","001")</f></c>')
    assert [each.partition(" ; accepté")[0] for content in (error, never) for each in told(content, drivers)] == [
        "F!F2, colonne « point » : « #DIV/0! » ne convient pas", 'F!F2, colonne « point » : « =CONCAT("A","001") » ne convient pas']


# -- text -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encode", [
    lambda text: text.encode(), lambda text: text.encode("utf-8-sig"), lambda text: text.encode("cp1252"),
    lambda text: text.encode("utf-16"), lambda text: text.replace(";", "\t").encode("utf-16"),
    lambda text: ("sep=,\r\n" + text.replace(";", ",")).encode(),
    lambda text: text.replace("Ballon", "\u200bBall\u00a0on\ufeff").encode(),
], ids=["UTF-8", "BOM", "Windows-1252", "UTF-16", "Unicode text", "sep=", "what nobody sees"])
def test_a_text_is_read_whoever_wrote_it(encode: Callable[[str], bytes], drivers: Drivers) -> None:
    given = csv(A_WASHER.replace("Lave-linge", "Machine à Élodie"), A_TANK)
    names = [each.name.replace(" on", "on") for each in read(encode(given), drivers).appliances]
    assert names == ["Machine à Élodie", "Ballon"]


@pytest.mark.parametrize(("content", "expected"), [
    (b"", "ligne 1 : aucune ligne de titres"),
    (b"a text, not an inventory\n", "ligne 1 : aucune ligne de titres"),
    (csv(A_WASHER.replace("Lave", "Léve")).encode() + b"R9;\xe9", "ligne 3 : un caractère n'est ni en UTF-8 ni en Windows-1252"),
    (csv(A_WASHER.replace("Lave", '"Lave')).encode(), "ligne 2 : un guillemet ouvert n'est pas fermé"),
    (b"PK\x03\x04 not quite a workbook", "le fichier n'est pas un classeur lisible"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nor this", "le fichier n'est pas un classeur lisible"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "le fichier n'est ni un classeur ni un texte"),
    (b";" * (sheets.LARGEST + 1), "le fichier est trop gros pour un inventaire (50 Mo)"),
    (xlsx({"F": [TITLES, *([[None]] * 20_000), [*[None] * 400, "x"]]}),
     "la feuille « F » va jusqu'à la ligne 20002 et la colonne n° 401"),
], ids=["nothing", "no inventory", "two encodings", "an open quote", "no xlsx", "no xls", "a picture",
        "far too large", "a stray cell far away"])
def test_what_cannot_be_read_is_told_in_a_sentence(content: bytes, expected: str, drivers: Drivers) -> None:
    found = told(content, drivers)
    assert found[0].startswith(expected), found


def test_a_cell_repeated_ten_thousand_million_times_is_refused_at_once(drivers: Drivers) -> None:
    forged = with_part(ods({"F": [TITLES, WASHER]}), "content.xml", b'<table:table-cell office:value-type="string"><text:p>R004',
                       b'<table:table-cell office:value-type="string" table:number-columns-repeated="10000000000"><text:p>R004')
    assert told(forged, drivers)[0].startswith("la feuille « F » va jusqu'à la ligne 2")


@pytest.mark.parametrize("start", [b"", *sheets.WORKBOOKS, HEADER.encode() + b"\n"],
                         ids=["any", "a zip", "an OLE file", "our heading"])
@given(rest=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_make_an_inventory_or_a_sentence(start: bytes, rest: bytes, drivers: Drivers) -> None:
    assert all(told(start + rest, drivers))


MISTAKES = st.sampled_from(["", "#REF!", "+", "{id}", "{0}", "a/b", "1e999", "٤", "²", "-1", "nan", "0", "9" * 20, "\0", "'", "%s",
                            "25:00", "2h-3h", "x=", "=", "topic=a/b", "root=", "R004", "A001", "120"])
RIGHT = st.sampled_from(sorted({*WASHER, *TANK}))


@given(cells=st.lists(RIGHT | MISTAKES | st.text(max_size=9), min_size=len(TITLES), max_size=len(TITLES)),
       kept=st.sets(st.integers(0, len(TITLES) - 1), min_size=7))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_make_an_inventory_or_problems(cells: list[str], kept: set[int], drivers: Drivers) -> None:
    """Some of a right line's cells, and whatever else in the others."""
    cells = [right if at in kept else cell for at, (right, cell) in enumerate(zip(WASHER, cells, strict=True))]
    sheet = sheets.Sheet(((1, tuple(TITLES)), (2, tuple(cells))), "F")
    found, problems = inventory.read_sheets((sheet,), drivers)
    assert problems or found.appliances or not any(map(sheets.as_text, cells))


@pytest.mark.parametrize("id", ["\U00018cd6", "\ue000", "A" * 2000])
def test_an_identifier_that_no_topic_can_hold_is_told(id: str, drivers: Drivers) -> None:
    cells = [id if title == "id_materiel" else cell for title, cell in zip(TITLES, WASHER, strict=True)]
    found, problems = inventory.read_sheets((sheets.Sheet(((1, tuple(TITLES)), (2, tuple(cells))), "F"),), drivers)
    assert [each.column for each in problems] == ["id_materiel"]
    assert not found.appliances


@given(at=st.integers(min_value=0), byte=st.integers(0, 255), part=st.sampled_from(["content.xml", SHEET1]))
@settings(max_examples=80, deadline=None)
def test_a_damaged_workbook_is_read_or_told(at: int, byte: int, part: str, drivers: Drivers) -> None:
    whole = (ods if part == "content.xml" else xlsx)({"F": [TITLES, WASHER]})
    damaged = bytearray(whole)
    damaged[at % len(whole)] = byte
    assert all(told(bytes(damaged), drivers))
