"""`elfe territory`, `elfe weather`, `elfe mail`: the services around the chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from elfe import clock, connectors
from elfe.app import services, unsubscribing
from elfe.app.context import Context, context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.app.watchdog import sign_of_life
from elfe.cli import show
from elfe.connectors import PartlyRead, Source, believed
from elfe.coordination import announced
from elfe.errors import ElfeError, SettingsError, SourceError
from elfe.territory import mail as flash
from elfe.territory import outlook, store
from elfe.territory.balance import Sample
from elfe.territory.outlook import Outlook
from elfe.territory.service import of_another_time

territory = typer.Typer(help="The territory: its production, its balance.", no_args_is_help=True)
weather = typer.Typer(help="La météo énergétique.", no_args_is_help=True)
mail = typer.Typer(help="Le bulletin du matin.", no_args_is_help=True)

MOST_W = 1e12
COHORT = re.compile(r"[\w-]{1,40}")
"""It stands in a topic and in the name of a file."""

Cohort = Annotated[str, typer.Option("--cohort", help="Un groupe de participants ; aucun : tout le monde.")]
Reference = Annotated[str, typer.Argument(help="La référence du participant, R004.")]


@territory.command()
def run(ctx: typer.Context) -> None:
    """Run the territory's services in the foreground."""
    service, sessions = services.territory(context(ctx).settings)
    live(service, sessions, stopped_by_signals(), sign_of_life())


@territory.command()
def sources(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Ask every source of the settings once, and show what it says."""
    sections = context(ctx).settings.sources
    with ThreadPoolExecutor(max(1, len(sections))) as together:
        rows = list(together.map(_tried, sections.keys(), sections.values()))
    if as_json:
        show.as_json(rows)
    else:
        show.table(("source", "kind", "value", "at", "problem"),
                   [tuple("" if each[key] is None else str(each[key]) for key in ("name", "kind", "value", "at", "problem"))
                    for each in rows], "No source: name one under [sources.<name>], see docs/territory.md.")
    if any(each["problem"] for each in rows):
        raise typer.Exit(1)


def _tried(name: str, section: Any) -> dict[str, object]:
    """A source's row, whatever becomes of it."""
    said: dict[str, object] = {"name": name, "kind": "", "value": None, "at": None, "problem": ""}
    try:
        [source] = connectors.opened({name: section})
        said["kind"] = source.kind
        return said | _asked(source)
    except (SettingsError, SourceError) as error:
        return said | {"problem": str(error)}
    except Exception as error:  # noqa: BLE001 - a stranger's connector may raise anything; the others have their rows
        return said | {"problem": f"{type(error).__name__}: {error}"}


def _asked(source: Source) -> dict[str, object]:
    if not hasattr(source.connector, "read"):
        return {"at": f"heard on {', '.join(source.connector.topics)}"}
    problem, now = "", clock.now()
    try:
        found: Sequence[Any] = source.connector.read(now - timedelta(days=1), now)
    except PartlyRead as error:
        found, problem = error.read, str(error)
    if source.kind == "weather":
        return _weather_of(found)
    problem = problem or of_another_time(source, found, now)
    found = believed(found, now)
    last = next((each for each in reversed(found) if each.at is None or each.at <= now), found[-1] if found else None)
    if last is None:
        return {"problem": problem or "it says nothing of the last 24 hours"}
    if source.kind == "production" and last.at is not None and not Sample(last.at, last.value).stands(now):
        problem = problem or "its newest value is older than a quarter of an hour, or to come: it counts for nothing"
    return {"value": last.value, "at": last.at, "problem": problem}


def _weather_of(found: Sequence[Any]) -> dict[str, object]:
    coming = next((each for each in found if each.at > clock.now() - timedelta(hours=1)), None)
    if coming is None:
        return {"problem": "it says nothing of the hours to come"}
    return {"value": f"{coming.temperature_c:.0f} °C, {coming.radiation_w_m2:.0f} W/m², {coming.wind_m_s:.0f} m/s", "at": coming.at}


# -- the weather ---------------------------------------------------------------------------------------------------------------


@weather.command("show")
def show_weather(ctx: typer.Context, cohort: Cohort = "", as_json: show.AsJson = False) -> None:
    """Montrer la météo : maintenant, les bons moments des 24 heures, et si nos annonces se vérifient."""
    here = context(ctx)
    found = _outlook(here, _known_group(here, cohort))
    if as_json:
        typer.echo(outlook.as_json(found).decode())
        return
    typer.echo(f"Maintenant : {found.level.words if found.level is not None else 'inconnu'}")
    for each in found.good:
        typer.echo(f"  {each.level.sign:>2}  {outlook.window_words(each, here.settings.zone, found.made_at)}")
    if not found.good:
        typer.echo(outlook.without_window(found, here.settings.zone, found.made_at))
    typer.echo(outlook.kept_words(found.hit))
    if not found.balance_w:
        typer.echo("`elfe ems run` calcule une prévision.", err=True)


def _outlook(here: Context, cohort: str) -> Outlook:
    found = store.outlook(here.coordination, here.sortie, here.history, cohort, clock.now(), here.settings.zone)
    if found is None:
        raise ElfeError("aucun seuil en vigueur : `elfe weather thresholds --propose` en propose dès qu'une semaine est mesurée")
    return found


@weather.command()
def thresholds(
    ctx: typer.Context,
    cohort: Cohort = "",
    propose: Annotated[bool, typer.Option("--propose", help="Proposer des seuils d'après l'historique.")] = False,
    put: Annotated[str, typer.Option("--set", help="Quatre seuils croissants en W : \"-40000 -10000 20000 60000\".")] = "",
    from_day: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="À partir de ce jour.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Montrer les seuils, en proposer, ou en fixer à partir d'un jour."""
    here = context(ctx)
    now = clock.now()
    valid_from = from_day.replace(tzinfo=here.settings.zone).astimezone(UTC) if from_day else now
    if put:
        announced.set_thresholds(here.coordination, _group(cohort), valid_from, _four(put))
    if propose:
        found = store.proposal(here.history, now, cohort)
        if found is None:
            raise ElfeError("moins d'une semaine d'équilibre est mesurée : il est trop tôt pour proposer des seuils")
        typer.echo(f'Proposés : --set "{found.very_low:g} {found.low:g} {found.high:g} {found.very_high:g}"')
        return
    rows = announced.thresholds(here.coordination)
    if as_json:
        show.as_json([{"cohort": name, "valid_from": at.isoformat(), "thresholds_w": four} for name, at, four in rows])
    else:
        show.table(("groupe", "depuis", "-- < ", "- <", "0 <", "+ <"),
                   [(name or "tous", f"{at.astimezone(here.settings.zone):%d/%m/%Y %H:%M}", *(f"{each:g} W" for each in four))
                    for name, at, four in rows], "Aucun seuil.")


def _four(text: str) -> tuple[float, float, float, float]:
    try:
        very_low, low, high, very_high = (float(each.replace(",", ".")) for each in text.replace(";", " ").split())
    except ValueError:
        raise ElfeError(f"« {text} » : quatre nombres sont attendus, en W, du plus petit au plus grand") from None
    if not -MOST_W <= very_low <= low <= high <= very_high <= MOST_W:
        raise ElfeError(f"« {text} » : les seuils doivent croître, et être des watts")
    return very_low, low, high, very_high


@weather.command()
def cohort(
    ctx: typer.Context,
    reference: Reference,
    name: Annotated[str, typer.Argument(help="Le groupe ; vide : celui de tout le monde.")] = "",
) -> None:
    """Choisir le groupe dont un participant voit la météo."""
    here = context(ctx)
    reference, name = _participant(here, reference), _group(name)
    new = bool(name) and name not in _groups(here)
    announced.join_cohort(here.coordination, reference, name)
    typer.echo(f"{reference} voit la météo de {name or 'tout le monde'}.")
    if new:
        typer.echo(f"{name} est un nouveau groupe : les seuils de tout le monde y valent, jusqu'à "
                   f"`elfe weather thresholds --cohort {name} --set`.", err=True)


def _groups(here: Context) -> set[str]:
    """The groups that have a participant or thresholds."""
    with_thresholds = (name for name, _, _ in announced.thresholds(here.coordination))
    return {*announced.cohorts(here.coordination).values(), *with_thresholds} - {""}


def _known_group(here: Context, name: str) -> str:
    """A group that there is; everybody is nobody's group. Raises where there is none of the name."""
    known = _groups(here)
    if name and name != outlook.EVERYBODY and name not in known:
        raise ElfeError(f"aucun groupe « {name} » (connus : {', '.join(sorted(known)) or 'aucun'})")
    return "" if name == outlook.EVERYBODY else name


def _group(name: str) -> str:
    """A group's name as it may stand in a topic."""
    if name and (not COHORT.fullmatch(name) or name == "general"):
        raise ElfeError(f"« {name} » : un groupe se nomme de lettres, chiffres, « - » et « _ », et « general » est tout le monde")
    return name


def _participant(here: Context, given: str) -> str:
    """The reference of a participant, as the database writes it. Raises where there is none."""
    known = store.participants(here.coordination)
    found = given if given in known else next((each for each in known if each.casefold() == given.casefold()), None)
    if found is None:
        some = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
        raise ElfeError(f"aucun participant « {given} » (connus : {some or 'aucun'})")
    return found


# -- the mail ------------------------------------------------------------------------------------------------------------------


@mail.command()
def preview(
    ctx: typer.Context,
    reference: Reference,
    as_html: Annotated[bool, typer.Option("--html", help="La version HTML.")] = False,
) -> None:
    """Montrer le bulletin d'aujourd'hui d'un participant, sans l'envoyer."""
    here = context(ctx)
    reference = _participant(here, reference)
    now, zone = clock.now(), here.settings.zone
    day = now.astimezone(zone).date()
    cohort = announced.cohorts(here.coordination).get(reference, "")
    made = flash.Flash(
        day, reference, store.addresses(here.coordination).get(reference, ""), store.yesterday(here.history, day, zone),
        store.done(here.history, here.coordination, store.appliances(here.coordination).get(reference, ()), day, zone),
        store.outlook(here.coordination, here.sortie, here.history, cohort, now, zone),
        here.settings.mail.unsubscribe or here.settings.mail.sender, unsubscribing.coded(here.settings)(reference))
    text = f"{flash.subject(made, zone, now)}\n\n{flash.as_text(made, zone, now)}"
    typer.echo(flash.as_html(made, zone, now) if as_html else text)


@mail.command()
def status(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(help="Depuis combien de jours.")] = 7,
    as_json: show.AsJson = False,
) -> None:
    """Montrer ce que sont devenus les bulletins."""
    here = context(ctx)
    since: date = clock.now().astimezone(here.settings.zone).date() - timedelta(days=days)
    found = announced.mails(here.coordination, since)
    if as_json:
        show.as_json([{"day": each.day, "reference": each.reference, "status": each.status, "at": each.at, "tries": each.tries,
                       "problem": each.problem} for each in found])
        return
    words = {announced.SENT: "envoyé", announced.SENDING: "peut-être envoyé", announced.REFUSED: "refusé"}
    show.table(("jour", "participant", "état", "à", "essais", "problème"),
               [(f"{each.day:%d/%m}", each.reference, words[each.status],
                 f"{each.at.astimezone(here.settings.zone):%H:%M}", str(each.tries), each.problem)
                for each in found], "Aucun bulletin.")


@mail.command()
def unsubscribe(ctx: typer.Context, reference: Reference) -> None:
    """Ne plus envoyer le bulletin à un participant."""
    here = context(ctx)
    reference = _participant(here, reference)
    announced.subscribe(here.coordination, reference, False, clock.now())
    typer.echo(f"{reference} ne recevra plus le bulletin.")


@mail.command()
def subscribe(ctx: typer.Context, reference: Reference) -> None:
    """Envoyer de nouveau le bulletin à un participant."""
    here = context(ctx)
    reference = _participant(here, reference)
    announced.subscribe(here.coordination, reference, True, clock.now())
    typer.echo(f"{reference} recevra de nouveau le bulletin.")
