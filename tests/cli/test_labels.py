"""Labels: what their QR codes hold, where they stand on the sheet, and that the file is what its name says."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import segno

from elfe.app.labels import A4, LABEL, QR, Label, html, modules, pdf, sheets, svg

WASHER = Label("D003", "Lave-linge (cave) <b>", "A8032AB12345", "Relais mesureur encastré")


def drawn(text: str) -> list[list[bool]]:
    """The matrix that the rectangles of a QR code draw, read off at the middle of each module."""
    boxes = list(modules(text))
    size = min(height for *_, height in boxes)
    return [[any(left <= (x + 0.5) * size < left + width and top <= (y + 0.5) * size < top + height
                 for left, top, width, height in boxes) for x in range(round(QR / size))] for y in range(round(QR / size))]


def test_the_rectangles_are_the_code() -> None:
    for text in ("elfe:D003", "https://portail.example.org/e/D003"):
        matrix = segno.make(text, error="m", micro=False).matrix_iter(border=4)
        assert drawn(text) == [[bool(each) for each in row] for row in matrix]


def test_a_label_holds_the_point_and_no_more() -> None:
    assert WASHER.holds == "elfe:D003"
    assert Label("D003", "Four", "", "", "https://portail.example/e/").holds == "https://portail.example/e/D003"


def test_twenty_four_on_a_page_and_none_over_its_edge() -> None:
    pages = sheets([Label(f"D{number:03}", "Four", "") for number in range(50)])
    assert [len(page) for page in pages] == [24, 24, 2]
    for x, y, _ in pages[0]:
        assert 0 <= x <= A4[0] - LABEL[0] + 1e-9
        assert 0 <= y <= A4[1] - LABEL[1] + 1e-9


def test_the_names_that_people_give_are_text_in_every_format() -> None:
    ElementTree.fromstring(svg(sheets([WASHER])[0]))
    assert "<b>" not in html([WASHER])
    assert rb"(S\350che-linge \(\))".replace(rb"\350", b"\xe8") in pdf([Label("D003", "Sèche-linge ()", "")])


def test_the_pdfs_objects_stand_where_its_table_says() -> None:
    file = pdf([Label(f"D{number:03}", "Sèche-linge", "A8BC25") for number in range(30)])
    start = int(file.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert file[start:start + 4] == b"xref"
    places = [int(each) for each in re.findall(rb"(\d{10}) 00000 n ", file[start:])]
    assert [file[place:place + 10].split(b" ")[0] for place in places] == [str(n).encode() for n in range(1, len(places) + 1)]
    assert file.count(b"/Type /Page ") == 2
    for content in re.finditer(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", file, re.DOTALL):
        assert len(content[2]) == int(content[1])
