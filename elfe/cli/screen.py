"""`elfe screen`: what an installer does with a screen on a cable."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from elfe.app.context import context
from elfe.broker import serial
from elfe.devices.drivers import Driver, Drivers
from elfe.devices.values import Capability, ConfigPush, Network, SerialLine
from elfe.errors import ElfeError

app = typer.Typer(help="Les écrans des foyers, au bout d'un câble USB.", no_args_is_help=True)

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
