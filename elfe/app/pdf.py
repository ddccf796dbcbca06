"""A PDF of texts and rectangles, written as it stands in ISO 32000-1: so little needs no library. Pure.

Its two fonts are of the fourteen that every reader has; what Windows-1252 has no letter for is shown as « ? ». Lengths are mm, from
the upper left corner of an A4 page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

A4 = (210.0, 297.0)
MM = 72 / 25.4
"""Points of a PDF in a millimetre."""


def show(left: float, base: float, words: str, size: float, bold: bool = False) -> str:
    """The operators that show a line of text on its base line; `Tj` shows it."""
    return f"BT /F{2 if bold else 1} {size * MM:.2f} Tf {left * MM:.2f} {(A4[1] - base) * MM:.2f} Td ({_literal(words)}) Tj ET"


def document(pages: Iterable[str]) -> bytes:
    """The file of these pages, each its operators."""
    contents = [page.encode("cp1252", "replace") for page in pages]
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(contents)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
               *(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()
                 for name in ("Helvetica", "Helvetica-Bold"))]
    for number, content in enumerate(contents):
        objects += [(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {A4[0] * MM:.2f} {A4[1] * MM:.2f}] "
                     f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {6 + 2 * number} 0 R >>").encode(),
                    f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"]
    return _file(objects)


def _literal(words: str) -> str:
    return words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").replace("\r", " ").replace("\n", " ")


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects, numbered from 1, and where each stands."""
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return written + (f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
                      f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n").encode()
