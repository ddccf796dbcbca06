"""`elfe devices` after the visit: found, configured, adopted, replaced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Annotated

import typer

from elfe import clock
from elfe.app import after_visit
from elfe.app.after_visit import Put
from elfe.app.brokering import Done
from elfe.app.conditions import conditions
from elfe.app.context import context
from elfe.cli import show
from elfe.cli.labels import Home, Points, chosen
from elfe.coordination import inventory, leaving, lifecycle, states
from elfe.coordination.lifecycle import Found, Place
from elfe.errors import LifecycleError
from elfe.slots import instant

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ne pas demander de confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Montrer ce qui changerait, ne rien écrire.")]
Hardware = Annotated[str, typer.Option("--hardware", help="L'identifiant inscrit sur le matériel, A8BC26.")]
Topics = Annotated[list[str], typer.Option("--topics", help="Donnée de topic, root=maison/prise1 ; répétable.")]
NONE: list[str] = []


def confirmed(question: str, yes: bool) -> None:
    """Ask. Where nobody can answer, what cannot be undone wants --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise LifecycleError("personne ne peut confirmer ici : ajoutez --yes, ou --dry-run pour voir seulement")
    show.agreed(question)


# -- a device's whole line -----------------------------------------------------------------------------------------------------


def plain(place: Place) -> dict[str, object]:
    """A device in its place, for machines."""
    topics = place.topics
    return {
        "point": place.point, "type": place.row.type_id, "product": place.product, "usage": place.row.usage,
        "hardware_id": place.row.hardware_id, "channel": place.row.channel, "participant": place.row.participant,
        "appliance": {"id": place.appliance.id, "name": place.appliance.name, "mode": place.appliance.mode},
        "topics": {"command": topics.command, "listen": sorted(topics.listen)} if topics else None,
    }


def find(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="Identifiant matériel, topic, point, foyer, nom d'appareil, texte d'un QR code.")],
    as_json: show.AsJson = False,
) -> None:
    """Retrouver un équipement par ce que l'on en connaît."""
    here = context(ctx)
    retired = leaving.retired(here.coordination)
    found = lifecycle.find(text, after_visit.places(here), retired)
    if as_json:
        show.as_json([{"by": each.by, **plain(each.place)} for each in found])
    elif found:
        show.table(("trouvé par", "point", "équipement", "id matériel", "appareil", "foyer", "topic"),
                   [_row(each) for each in found], "")
        _tell_retired(text, found, retired)
    if not found:
        raise LifecycleError(f"rien ne correspond à « {text} » ; `elfe devices unknown` écoute les inconnus du broker")


def _row(found: Found) -> tuple[str, ...]:
    place, topics = found.place, found.place.topics
    shown = (topics.command or next(iter(topics.listen), "")) if topics else "illisible"
    return (found.by, place.point, place.product, place.row.hardware_id, f"{place.appliance.name} (n° {place.appliance.id})",
            place.row.participant, shown)


def _tell_retired(text: str, found: Iterable[Found], retired: Iterable[lifecycle.Retired]) -> None:
    points = {each.place.point for each in found}
    for each in retired:
        if each.point in points and lifecycle.same_hardware(text, each.hardware_id):
            why = f" : {each.reason}" if each.reason else ""
            typer.echo(f"{each.hardware_id} a quitté le point {each.point} le {instant(each.until):%d/%m/%Y}{why}")


# -- set as they should be -----------------------------------------------------------------------------------------------------


def configure(
    ctx: typer.Context,
    points: Points = NONE,
    home: Home = "",
    all_drifted: Annotated[bool, typer.Option("--all-drifted", help="Tous ceux dont les réglages diffèrent.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Relire et comparer, ne rien régler.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Relire les réglages, sécurité comprise, et rétablir ceux qui diffèrent ; ce qui demande une visite devient une tâche."""
    here = context(ctx)
    every = after_visit.places(here)
    if not points and not home and not all_drifted:
        raise LifecycleError("dites lesquels : un point (D003), --home R004 ou --all-drifted")
    wanted = chosen(every, points, home)
    if all_drifted:
        how = conditions(here, clock.now())
        wanted = [each for each in wanted if how[each.point].differs]
    done = []
    for each in after_visit.configure(here, wanted, not dry_run, clock.now):
        done.append(each)
        if not as_json:
            typer.echo(f"{each.place.point:<6} {each.how}")
            for name, value, read in each.differs:
                typer.echo(f"       {name} : {value} attendu, {read or 'rien'} lu")
    if as_json:
        show.as_json([{"point": each.place.point, "how": each.how, "differs": [
            {"name": name, "wanted": value, "read": read} for name, value, read in each.differs]} for each in done])
    elif not done:
        typer.echo("Rien à faire : aucun réglage relu ne diffère.")
    if any(each.how in {"diffère", "ne répond pas"} for each in done):
        raise typer.Exit(1)


def tasks(
    ctx: typer.Context,
    home: Home = "",
    done: Annotated[list[int], typer.Option("--done", help="Cette tâche est faite ; répétable.")] = [],  # noqa: B006
    as_json: show.AsJson = False,
) -> None:
    """Lister ce que seule une visite peut faire."""
    here = context(ctx)
    for number in done:
        if not states.close_task(here.coordination, clock.now(), id=number):
            raise LifecycleError(f"aucune tâche ouverte n° {number} ; `elfe devices tasks` les montre")
    by_point = {each.point: each for each in after_visit.places(here)}
    found = [(each, by_point[each.device_id]) for each in states.open_tasks(here.coordination) if each.device_id in by_point]
    found = [(task, place) for task, place in found if home in ("", place.row.participant)]
    if as_json:
        show.as_json([{"id": task.id, "kind": task.kind, "says": task.says, "since": task.opened_at.isoformat(), **plain(place)}
                      for task, place in found])
        return
    show.table(("n°", "foyer", "point", "appareil", "à faire", "depuis"),
               [(str(task.id), place.row.participant, task.device_id, place.appliance.name, task.says,
                 f"{task.opened_at.astimezone(here.settings.zone):%d/%m/%Y}") for task, place in found],
               "Aucune visite à faire.")


# -- unknown, adopted, replaced --------------------------------------------------------------------------------------------------


def unknown(
    ctx: typer.Context,
    seconds: Annotated[float, typer.Option("--for", help="Combien de secondes écouter.")] = 30,
    everything: Annotated[bool, typer.Option("--all", help="Écouter tout, pas seulement ce que nos plugins lisent.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Écouter le broker et lister les matériels que personne ne connaît, avec les types qui sauraient les lire."""
    here = context(ctx)
    found = after_visit.unknown(here, clock.now() + timedelta(seconds=seconds), everything, clock.now)
    units = sorted(found.found.values(), key=lambda each: each.name)
    if as_json:
        show.as_json({"units": [
            {"name": each.name, "hardware_id": each.hardware_id, "topics": dict(each.said), "messages": each.said.total(),
             "kept_only": each.kept == each.said.total(),
             "types": [{"type": one.type_id, "product": one.product, "events": one.events, "hardware_id": one.hardware_id,
                        "topics": dict(one.topics)} for one in each.candidates(here.drivers)]}
            for each in units], "elsewhere": dict(found.elsewhere)})
        return
    rows = []
    for each in units:
        able = each.candidates(here.drivers)
        kept = " (gardés par le broker)" if each.kept == each.said.total() else ""
        rows.append((each.name, able[0].hardware_id if able else each.hardware_id, f"{each.said.total()}{kept}",
                     ", ".join(f"{one.type_id} {one.product}" for one in able[:3]) + (" …" if len(able) > 3 else "")))
    show.table(("matériel", "id matériel", "messages", "types qui le liraient"), rows,
               "Aucun inconnu : tout ce qui parle est installé.")
    able = next((every for each in units if (every := each.candidates(here.drivers))), [])
    if able:
        topics = "".join(f" --topics {name}={value}" for name, value in able[0].topics.items())
        typer.echo(f"Pour l'adopter : elfe devices adopt POINT --type {able[0].type_id} --hardware {able[0].hardware_id}{topics} "
                   "--home R004 --appliance « Lave-linge » --appliance-type lave_linge")
    for root, count in sorted(found.elsewhere.items()):
        typer.echo(f"aucun plugin : {root}/… ({count} messages)")


def adopt(
    ctx: typer.Context,
    point: Annotated[str, typer.Argument(help="Le point d'installation qu'il prend, D009.", callback=show.capitals)],
    type_: Annotated[str, typer.Option("--type", help="Son type, par son numéro ou son nom ; `elfe plugins` les montre.")],
    home: Annotated[str, typer.Option("--home", help="Le foyer, R004.", callback=show.capitals)],
    appliance: Annotated[str, typer.Option("--appliance", help="L'appareil, « Lave-linge ».")],
    hardware: Hardware = "",
    appliance_type: Annotated[str, typer.Option("--appliance-type", help="Son type s'il est nouveau, lave_linge.")] = "",
    typology: Annotated[str, typer.Option("--typology", help="Par quoi il est piloté, s'il est nouveau.")] = "120",
    usage: Annotated[str, typer.Option("--usage", help="Ce que le matériel fait pour l'appareil.")] = "11",
    channel: Annotated[str, typer.Option("--channel", help="Quelle sortie du matériel, à partir de 0.")] = "",
    volume_l: Annotated[str, typer.Option("--volume-l", help="D'un ballon, litres.")] = "",
    power_w: Annotated[str, typer.Option("--power-w", help="D'un ballon, W.")] = "",
    off_peak: Annotated[str, typer.Option("--off-peak", help="D'un ballon, 22:30-06:30.")] = "",
    topics: Topics = NONE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: show.AsJson = False,
) -> None:
    """Installer un matériel qui parle déjà, comme le ferait un inventaire d'une ligne."""
    here = context(ctx)
    row = {"participant": home, "appareil": appliance, "type_appareil": appliance_type, "typologie": typology, "point": point,
           "usage": usage, "type_materiel": type_, "id_materiel": hardware, "canal": channel, "volume_l": volume_l,
           "puissance_w": power_w, "heures_creuses": off_peak, "topics": " ".join(topics)}

    def perform(only_look: bool) -> Put:
        return after_visit.adopt(here, row, only_look, clock.now())

    _put(perform, dry_run, yes, as_json)


def replace(
    ctx: typer.Context,
    point: Annotated[str, typer.Argument(help="Le point d'installation, D003.", callback=show.capitals)],
    hardware: Hardware,
    type_: Annotated[str, typer.Option("--type", help="Le type du nouveau matériel, s'il change ; son numéro ou son nom.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Pourquoi l'ancien s'en va.")] = "panne",
    topics: Topics = NONE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: show.AsJson = False,
) -> None:
    """Remplacer un matériel : le point, ses mesures, sa planification et son étiquette restent."""
    here = context(ctx)
    given = _pairs(topics)
    type_id = inventory.hardware_type(type_, here.drivers) if type_ else None

    def perform(only_look: bool) -> Put:
        return after_visit.replace(here, point, hardware, type_id, given, reason, only_look, clock.now())

    _put(perform, dry_run, yes, as_json)


def _pairs(topics: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in topics]
    wrong = [name for name, _, value in pairs if not name or not value or set("+#") & set(value)]
    if wrong:
        raise LifecycleError(f"--topics {wrong[0]} : écrivez nom=valeur, sans « + » ni « # »")
    return {name: value for name, _, value in pairs}


def _put(perform: Callable[[bool], Put], dry_run: bool, yes: bool, as_json: bool) -> None:
    """Show what changes, ask, do it, say what is left to do. `perform` takes whether only to look."""
    seen = perform(True)
    if not as_json:
        for change in seen.changes.appliances:
            told = " ; ".join(change.differs) or f"{change.what.value} avec {', '.join(seen.points)}"
            typer.echo(f"{change.after.participant}  {change.after.name}  {told}")
    if not dry_run:
        confirmed("Appliquer ?", yes or as_json or not sys.stdin.isatty())
        seen = perform(False)
    if as_json:
        show.as_json({
            "points": seen.points, "applied": not dry_run, "differs": [each for change in seen.changes.appliances
                                                                       for each in change.differs],
            "appliances": [{"id": each.appliance_id, "name": each.name, "power_series": each.power_series}
                           for each in seen.provisioned],
            "accounts": plain_accounts(seen.accounts), "open": seen.open})
        return
    if not dry_run:
        tell_accounts(seen.accounts, seen.open)
        home = seen.changes.appliances[0].after.participant
        typer.echo(f"Fait : {', '.join(seen.points)}. Ensuite, chez {home} : "
                   f"`elfe devices provision --home {home} --walk` lui donne son compte et ses réglages.")


def plain_accounts(done: Done | None) -> dict[str, object] | None:
    """What became of the broker's accounts, for machines; None: it has none."""
    return {"created": done.created, "changed": done.changed, "removed": done.removed} if done else None


def tell_accounts(done: Done | None, still_open: str) -> None:
    """What became of the broker's accounts, for people."""
    if done:
        for words, names in (("compte créé", done.created), ("compte changé", done.changed), ("compte révoqué", done.removed)):
            for name in names:
                typer.echo(f"{words} : {name}")
    if still_open:
        typer.echo(still_open, err=True)
