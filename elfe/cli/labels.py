"""`elfe devices labels`: a sheet of labels to print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from elfe.app import after_visit
from elfe.app.context import context
from elfe.app.labels import Label, html, pdf, sheets, svg
from elfe.cli import show
from elfe.coordination.lifecycle import Place
from elfe.errors import LifecycleError

Points = Annotated[list[str], typer.Argument(help="Des points, D003 ; aucun : tous.")]
Home = Annotated[str, typer.Option("--home", help="Seulement ce foyer, R004.", callback=show.capitals)]


def labels(
    ctx: typer.Context,
    points: Points = [],  # noqa: B006 - typer reads it, nobody changes it
    home: Home = "",
    out: Annotated[Path, typer.Option("--out", help="Le fichier à écrire, .pdf, .html ou .svg.")] = Path("labels.pdf"),
    url: Annotated[str, typer.Option("--url", help="L'adresse qui précède le point dans le QR code ; sans elle, elfe:D003.")] = "",
) -> None:
    """Écrire une planche d'étiquettes avec QR code : 24 par page A4, 70 mm × 37 mm."""
    every = chosen(after_visit.places(context(ctx)), points, home)
    base = f"{url.rstrip('/')}/" if url else "elfe:"
    made = [Label(each.point, each.appliance.name, each.row.hardware_id, each.product, base) for each in every]
    for path, content in _files(out, made):
        path.write_bytes(content)
        typer.echo(f"écrit : {path}")
    typer.echo(f"{len(made)} étiquettes, {len(sheets(made))} page(s) : imprimez à 100 %, sans ajuster à la page.")


def _files(out: Path, made: Sequence[Label]) -> list[tuple[Path, bytes]]:
    match out.suffix.lower():
        case ".pdf":
            return [(out, pdf(made))]
        case ".html":
            return [(out, html(made).encode())]
        case ".svg":
            pages = [svg(page).encode() for page in sheets(made)]
            return [(out if number == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}"), page)
                    for number, page in enumerate(pages, 1)]
    raise LifecycleError(f"« {out.name} » : le nom du fichier doit finir par .pdf, .html ou .svg")


def chosen(every: Sequence[Place], points: Sequence[str], home: str = "") -> list[Place]:
    """The devices of these points, or of a home, or all. Raises `LifecycleError`."""
    points = [show.capitals(each) for each in points]
    missing = sorted(set(points) - {each.point for each in every})
    if missing:
        raise LifecycleError(f"aucun équipement au point {', '.join(missing)} ; `elfe devices list` les montre")
    found = [each for each in every if (not points or each.point in points) and home in ("", each.row.participant)]
    if not found:
        raise LifecycleError(f"aucun équipement chez {home}" if home else "aucun équipement n'est installé ; "
                             "`elfe devices provision` en installe")
    return found
