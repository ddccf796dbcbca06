"""`elfe devices provision --walk` and `elfe visits`: a home led through its visit, on a phone's width."""

from __future__ import annotations

import getpass
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Annotated

import typer
from attrs import define, evolve, field

from elfe import clock
from elfe.app import visit as visits
from elfe.app import visit_journal, visit_report
from elfe.app.context import Context, context
from elfe.app.on_site import checked
from elfe.app.visit_report import SIGNS, line
from elfe.app.visit_walk import Patience, Sheet, Walk
from elfe.cli import show
from elfe.cli.device_care import Yes, confirmed
from elfe.errors import VisitError
from elfe.visit.steps import owed
from elfe.visit.values import Spot, Stage, Step, Tick, Visit

WIDTH = 40
"""Columns of a phone held upright."""
OWED = 75      # EX_TEMPFAIL: a proof is still owed, another time it may come
RESUMES = "La même commande reprend la visite où elle en est ; `elfe visits undo {home}` l'annule."

app = typer.Typer(help="Les visites : ce qui reste à prouver, chez qui.", invoke_without_command=True)

Home = Annotated[str, typer.Argument(help="Le foyer, R004.", callback=show.capitals)]
Who = Annotated[str, typer.Option("--who", help="Qui mène la visite ; sans elle, le compte de la machine.")]
At = Annotated[list[str], typer.Option("--at", help="L'adresse d'un équipement, D003=192.168.1.50, ou son port ; répétable.")]
Wifi = Annotated[str, typer.Option("--wifi", help="Le Wi-Fi du foyer, s'il faut le donner ; son mot de passe est demandé.")]
Wait = Annotated[float, typer.Option("--wait", help="Combien de secondes attendre un équipement.")]
Only = Annotated[list[str], typer.Option("--point", help="Seulement cet équipement, D003 ; répétable.")]
Prepare = Annotated[bool, typer.Option("--prepare", help="Préparer seulement : la visite se fera sans le centre.")]
NOTHING: list[str] = []


# -- a person at a terminal, or a program -------------------------------------------------------------------------------------


def say(text: str, indent: str = "") -> None:
    """A paragraph of a phone's width."""
    for each in textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent)) or [""]:
        typer.echo(each)


@define
class Terminal:
    """Whoever types; with `yes` or `silent` a program, which answers nothing and is there for nobody."""

    addresses: dict[str, str]
    assents: bool
    silent: bool
    is_there: bool = field(init=False)
    _shown: str = field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        self.is_there = sys.stdin.isatty() and not self.assents and not self.silent

    def yes(self, question: str) -> bool:
        if not self.is_there:
            return self.assents
        say(question)
        return self._confirms("Oui")

    def address(self, spot: Spot) -> str:
        given = self.addresses.get(spot.point) or self.addresses.get(spot.account)
        if given is not None or not self.is_there:
            return checked(given) if given else ""
        self._about(spot)
        while True:
            typed = self._prompts("Adresse (vide : à la main)")
            try:
                return checked(typed) if typed.strip() else ""
            except VisitError as error:
                say(str(error))

    def port(self, spot: Spot) -> str:
        return self.addresses.get(spot.point, "")

    def wifi_password(self) -> str:
        """Never an argument: arguments are seen by everyone on the machine, and kept by the shell."""
        if sys.stdin.isatty():
            return self._prompts("Mot de passe du Wi-Fi", hidden=True)
        return sys.stdin.readline().rstrip("\r\n")

    def types(self, spot: Spot, sheet: Sheet) -> bool:
        """Secrets are shown to a person, and to nobody else."""
        if not self.is_there:
            return False
        self._about(spot)
        if sheet.paths or sheet.lines:
            say("Sur le réseau de l'équipement, ouvrez dans un navigateur :" if sheet.paths else "Sur sa console, tapez :")
            for each in (*(f"http://<adresse>{path}" for path in sheet.paths), *sheet.lines):
                typer.echo(each)
        else:
            for name, value in (("Broker", f"{sheet.host}:{sheet.port}"), ("TLS", "oui" if sheet.tls else "non"),
                                ("Compte", sheet.account), ("Secret", sheet.secret)):
                typer.echo(f"{name:<7} {value}")
        return self._confirms("Est-ce fait")

    def waits(self, spot: Spot, says: str) -> None:
        if not self.silent:
            self._about(spot)
            say(says, "  ")

    def ticked(self, spot: Spot, step: Step, tick: Tick) -> None:
        if not self.silent:
            self._about(spot)
            say(line(step, tick), f"  {SIGNS[tick.how]} ")

    def _confirms(self, question: str) -> bool:
        return show.assents(self._prompts(f"{question} ? [o/N]"))

    @staticmethod
    def _prompts(question: str, hidden: bool = False) -> str:
        """What is typed. Who stops at a question stops the walk."""
        try:
            typed: str = typer.prompt(question, default="", show_default=False, hide_input=hidden)
        except typer.Abort:
            raise KeyboardInterrupt from None
        return typed

    def _about(self, spot: Spot) -> None:
        """The device, once."""
        if self._shown != spot.point:
            self._shown = spot.point
            typer.echo("")
            say(f"{spot.appliance} ({spot.point})")
            say(visit_report.about(spot), "  ")


def addresses(given: Iterable[str]) -> dict[str, str]:
    """`D003=192.168.1.50`, `G001=/dev/ttyUSB0` as typed. Raises `VisitError`."""
    pairs = [each.partition("=") for each in given]
    wrong = next((point for point, _, address in pairs if not point or not address), None)
    if wrong is not None:
        raise VisitError("--at : écrivez POINT=ADRESSE, D003=192.168.1.50")
    return {point: address if address.startswith("/dev/") else checked(address) for point, _, address in pairs}


# -- the walk -----------------------------------------------------------------------------------------------------------------


def walk(here: Context, home: str, *, who: str, at: Sequence[str], wifi: str, wait: float, points: Sequence[str], prepare: bool,
         yes: bool, as_json: bool) -> None:
    """Lead a home through its visit, from where it stands."""
    person = Terminal(addresses(at), yes, as_json)
    try:
        with visits.journal(here).alone(home):
            visit = visits.begin(here, home, who or getpass.getuser(), clock.now(), points)
            if not as_json:
                say(f"Visite de {home} par {visit.who} : {visit_report.stage(visit)}")
            if not prepare:
                patience = evolve(Patience(), seen=timedelta(seconds=wait))
                visit = Walk(here, visit, person, clock.now, wifi, patience).walk()
    except KeyboardInterrupt:
        typer.echo("", err=True)
        typer.echo(RESUMES.format(home=home), err=True)
        raise typer.Exit(130) from None
    _tell(here, visit, prepare, as_json)


def _tell(here: Context, visit: Visit, prepare: bool, as_json: bool) -> None:
    """How it ended, its report, what is owed."""
    written = () if prepare else _reports(here, visit)
    if as_json:
        show.as_json({**plain(visit), "report": [str(each) for each in written]})
    else:
        typer.echo("")
        say(_ending(visit, prepare))
        for each in written:
            typer.echo(str(each))
    if not prepare and not visit.is_over:
        raise typer.Exit(OWED)


def _ending(visit: Visit, prepare: bool) -> str:
    if prepare:
        return f"Visite préparée : chez {visit.home}, la même commande sans --prepare, même si le centre est hors d'atteinte."
    if visit.is_over:
        return f"Visite de {visit.home} terminée. Son rapport :"
    if not owed(visit):
        return "Tout est prouvé ; la visite se terminera quand la base du centre répondra. " + RESUMES.format(home=visit.home)
    return f"{visit_report.stage(visit).capitalize()} : `elfe visits` les montre. {RESUMES.format(home=visit.home)} Son rapport :"


def _reports(here: Context, visit: Visit) -> tuple[Path, ...]:
    zone = here.settings.zone
    stem = f"{visit.home}-{visit.opened_at.astimezone(zone):%Y%m%d-%H%M}"
    folder = visits.journal(here).folder
    files = (folder / f"{stem}.html", folder / f"{stem}.pdf")
    write_report(visit, files, zone)
    return files


def write_report(visit: Visit, files: Iterable[Path], zone: tzinfo) -> None:
    """The report, in the form that each name asks for. Raises `VisitError`."""
    forms = {".html": lambda: visit_report.html(visit, zone).encode(), ".pdf": lambda: visit_report.pdf(visit, zone)}
    for each in files:
        if each.suffix not in forms:
            raise VisitError(f"« {each.name} » : le nom du fichier doit finir par .pdf ou .html")
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(forms[each.suffix]())


def plain(visit: Visit) -> dict[str, object]:
    """A visit for machines."""
    return {
        "home": visit.home, "who": visit.who, "stage": visit.stage.value, "opened_at": visit.opened_at.isoformat(),
        "ended_at": visit.ended_at.isoformat() if visit.ended_at else None,
        "devices": [{
            "point": spot.point, "appliance": spot.appliance, "appliance_id": spot.appliance_id, "account": spot.account,
            "hardware_id": spot.hardware_id, "firmware": spot.firmware,
            "steps": [{"step": step.value, "how": tick.how.value, "at": tick.at.isoformat() if tick.at else None,
                       "says": tick.says} for step, tick in spot.ticks.items()]} for spot in visit.spots],
        "owed": [{"point": spot.point, "step": step.value, "says": tick.says} for spot, step, tick in owed(visit)],
    }


# -- elfe visits ------------------------------------------------------------------------------------------------------------


@app.callback()
def list_visits(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Les visites qui ne sont pas terminées, et ce qui reste à y prouver."""
    if ctx.invoked_subcommand is not None:
        return
    here = context(ctx)
    visits.settle(here, clock.now())
    found = visits.open_visits(here)
    if as_json:
        show.as_json([plain(each) for each in found])
        return
    for visit in found:
        say(f"{visit.home} : {visit_report.stage(visit)}, par {visit.who}, le "
            f"{visit.opened_at.astimezone(here.settings.zone):%d/%m/%Y}")
        for spot, step, tick in owed(visit):
            say(f"{spot.point} {line(step, tick)}", f"  {SIGNS[tick.how]} ")
    if not found:
        typer.echo("Aucune visite ouverte.")


@app.command()
def close(ctx: typer.Context, home: Home, at: At = NOTHING, wait: Wait = 120, yes: Yes = False,
          as_json: show.AsJson = False) -> None:
    """Prouver ce qui reste ouvert, et terminer la visite."""
    here = context(ctx)
    visits.settle(here, clock.now())
    visit = visits.find(here, home)
    if visit is None:
        _tell_over(here, home, as_json)
        return
    walk(here, home, who=visit.who, at=at, wifi="", wait=wait, points=(), prepare=False, yes=yes, as_json=as_json)


def _tell_over(here: Context, home: str, as_json: bool) -> None:
    last = _last(here, home)
    if as_json:
        show.as_json(plain(last))
    else:
        say(f"La visite de {home} est {visit_report.stage(last)}.")


def _last(here: Context, home: str) -> Visit:
    """The last visit of a home, over or not. Raises `VisitError`."""
    found = visits.find(here, home) or next(iter(visit_journal.kept(here.coordination, home)[-1:]), None)
    if found is None:
        raise VisitError(f"aucune visite de {home} ; `elfe devices provision --home {home} --walk` en commence une")
    return found


@app.command()
def undo(ctx: typer.Context, home: Home, yes: Yes = False, as_json: show.AsJson = False) -> None:
    """Annuler une visite : tout redevient comme avant elle, les secrets qu'elle a donnés ne valent plus rien."""
    here = context(ctx)
    with visits.journal(here).alone(home):
        visit = visits.find(here, home)
        if visit is None:
            raise VisitError(f"aucune visite de {home} n'est ouverte ; `elfe visits` les montre")
        if visit.stage is not Stage.UNDOING:
            confirmed(f"Annuler la visite de {home} ?", yes or as_json)
        undone = visits.undo(here, visit, clock.now())
    if as_json:
        show.as_json(plain(undone))
    else:
        say(f"Visite de {home} annulée ; secrets révoqués : {', '.join(undone.vouched) or 'aucun'}.")


@app.command()
def report(ctx: typer.Context, home: Home,
           out: Annotated[Path, typer.Option("--out", help="Le fichier à écrire, .pdf ou .html.")] = Path("visite.pdf")) -> None:
    """Écrire le rapport de la dernière visite d'un foyer."""
    here = context(ctx)
    write_report(_last(here, home), (out,), here.settings.zone)
    typer.echo(f"écrit : {out}")
