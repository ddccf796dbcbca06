"""`elfe screen`: the screens in homes: set one up on a cable, draw them all, look at one from afar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from elfe import clock
from elfe.app import services
from elfe.app.context import context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.app.watchdog import sign_of_life
from elfe.broker import serial
from elfe.cli import show
from elfe.devices.drivers import Driver, Drivers
from elfe.devices.values import Capability, ConfigPush, Network, Render, SerialLine
from elfe.errors import ElfeError
from elfe.screens import layout as layouts
from elfe.screens import store, words
from elfe.screens.drawing import by_page, drawn
from elfe.screens.service import Screen

app = typer.Typer(help="Les écrans des foyers.", no_args_is_help=True)

HIDDEN = "(mot de passe)"
CONSOLE = "console"
"""The setting whose value a device's console says when it has heard what was typed."""


@app.command()
def wifi(
    ctx: typer.Context,
    ssid: Annotated[str, typer.Option(help="Le nom du réseau, exactement.")] = "",
    port: Annotated[str, typer.Option(help="Le port de l'écran ; sans lui, il est cherché.")] = "",
    reset: Annotated[bool, typer.Option("--reset", help="Faire oublier son réseau à l'écran.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Montrer ce qui serait tapé, ne rien envoyer.")] = False,
) -> None:
    """Donner à un écran le Wi-Fi du foyer, par son câble USB. Le mot de passe est demandé, ou lu sur l'entrée standard."""
    if bool(ssid) == reset:
        raise typer.BadParameter("--ssid avec le nom du réseau, ou --reset pour le faire oublier")
    driver = _driver_of_screens(context(ctx).drivers)
    password = "" if reset else HIDDEN if dry_run else _password()
    try:
        push = _push(driver, ssid, password)
    except ValueError as refused:
        raise ElfeError(str(refused)) from refused
    lines = [step.text for step in push.steps if isinstance(step, SerialLine)]
    if dry_run:
        typer.echo("\n".join(lines))
        return
    attempts = serial.type_until(port or serial.find_port(), lines, _proof(push), serial.PATIENCE, tell=_tell)
    network = "sans réseau" if reset else f"avec le réseau {ssid}"
    typer.echo(f"L'écran a redémarré {network} ({attempts} envoi{'s' if attempts > 1 else ''}).")


@app.command()
def run(ctx: typer.Context) -> None:
    """Run the screens' service in the foreground."""
    service, sessions = services.screens(context(ctx).settings)
    live(service, sessions, stopped_by_signals(), sign_of_life())


@app.command()
def layout(ctx: typer.Context) -> None:
    """Print the layout in force, as TOML: a copy of it, changed, is named under [screens] in elfe.toml."""
    typer.echo(layouts.written(services.screen_layout(context(ctx).settings)), nl=False)


@app.command("show")
def show_screen(
    ctx: typer.Context,
    home: Annotated[str, typer.Argument(help="La référence du participant, R004.")],
    page: Annotated[int, typer.Option(help="La page dont --svg fait l'image.")] = 8,
    svg: Annotated[Path | None, typer.Option("--svg", help="Écrire l'image de la page dans ce fichier.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Montrer ce que l'écran d'un foyer affiche en ce moment, page par page ; --svg le dessine."""
    here, now = context(ctx), clock.now()
    found = next((each for each in services.screens_of(here) if each.participant.casefold() == home.casefold()), None)
    if found is None:
        raise ElfeError(f"{home} n'a pas d'écran installé ; `elfe devices list` montre les appareils")
    form, participant = services.screen_layout(here.settings), found.participant
    undriven = services.undriven(here)([participant])
    known = store.known(here.coordination, store.plan(here.sortie, now), [participant], now, undriven)[participant]
    pages = by_page(form, known, {}, {})
    if svg is not None:
        svg.write_text(_drawn_page(found, drawn(form, pages, now, here.settings.zone), page), encoding="utf-8")
    told = [{"page": number, "name": each.known.appliance.name, "lent": each.known.lent,
             "status": words.status(each.known, now, here.settings.zone), "of": each.of} for number, each in sorted(pages.items())]
    if as_json:
        show.as_json({"screen": found.device.id, "home": found.participant, "pages": told})
    else:
        show.table(("page", "appareil", "piloté", "affiché"),
                   [(str(each["page"]), str(each["name"]), "oui" if each["lent"] else "non", str(each["status"])) for each in told],
                   f"{found.participant} n'a pas d'appareil à montrer.")


def _drawn_page(screen: Screen, whole: Any, page: int) -> str:
    """What its twin looks like when it is told everything."""
    driver = screen.driver
    twin: Any = driver.simulate(screen.device, 1) if driver.simulate else None
    if driver.encode_command is None or not hasattr(twin, "picture"):
        raise ElfeError(f"le plugin {driver.plugin} ne sait pas dessiner ses écrans")
    for message in driver.encode_command(screen.device, Render(tuple(whole.values()))).publishes:
        twin.receive(message.topic, message.payload, clock.now())
    picture: str = twin.picture(page)
    return picture


def _driver_of_screens(drivers: Drivers) -> Driver:
    """The one driver of screens that are set up over a cable."""
    found = [driver for driver in drivers if driver.type.can(Capability.SCREEN) and driver.onboard is not None]
    if len(found) != 1:
        told = ", ".join(f"{driver.plugin} ({driver.type.id})" for driver in found) or "aucun"
        raise ElfeError(f"il faut un plugin d'écrans, et un seul ; trouvé : {told} (`elfe plugins`)")
    return found[0]


def _push(driver: Driver, ssid: str, password: str) -> ConfigPush:
    """The steps for the Wi-Fi alone: without a broker in it, a network leaves the screen's own as it is."""
    assert driver.onboard is not None
    network = Network(host="", port=0, username="", password="", wifi=ssid, wifi_password=password)
    return driver.onboard(driver.device("ecran"), network)


def _proof(push: ConfigPush) -> str:
    """What the console says when it was heard."""
    return next(setting.value for setting in push.expects if setting.name == CONSOLE)


def _tell(attempt: int) -> None:
    typer.echo(f"Envoi {attempt} : l'écran doit redémarrer…", err=True)


def _password() -> str:
    """Never an argument: arguments are seen by everyone on the machine, and kept by the shell."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Mot de passe du Wi-Fi", hide_input=True, default="", show_default=False)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
