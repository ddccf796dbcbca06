"""The command line: `elfe`. Commands compose and print; what they do stands in the rooms.

A mistake of the user's or of the set-up is one sentence on standard error and an exit code: 1; 75 when the
database could not do it now; 78 when nothing can start.
"""

from __future__ import annotations

import logging
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from elfe import database, settings
from elfe.app.context import Context
from elfe.cli.backtest import backtest
from elfe.cli.broker import app as broker
from elfe.cli.by_hand import send, watch
from elfe.cli.command import command
from elfe.cli.cycles import cycles
from elfe.cli.db import app as db
from elfe.cli.declare import declare
from elfe.cli.demo import demo
from elfe.cli.device_care import adopt, configure, find, replace, tasks, unknown
from elfe.cli.devices import app as devices
from elfe.cli.doctor import doctor
from elfe.cli.ems import ems
from elfe.cli.firmware import firmware
from elfe.cli.history import history
from elfe.cli.hold import hold, release
from elfe.cli.indicators import indicators
from elfe.cli.labels import labels
from elfe.cli.loads import loads
from elfe.cli.orders import orders
from elfe.cli.participants import participants
from elfe.cli.plan import plan
from elfe.cli.plugin import app as plugin
from elfe.cli.plugins import plugins
from elfe.cli.screen import app as screen
from elfe.cli.simulate import simulate
from elfe.cli.territory import mail, territory, weather
from elfe.cli.up import up
from elfe.cli.visit import app as visits
from elfe.cli.zabbix import zabbix
from elfe.errors import ElfeError, SetupError

EX_TEMPFAIL, EX_CONFIG = 75, 78
WAITS = timedelta(seconds=10)
"""A person before a command waits so long for what another program holds in a database."""
NARROW = 70
"""Columns below which help stands without boxes, which would cut the names of options on a phone."""


app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
                  help="Places the flexibility of homes where the territory has energy to spare, and proves every order.")


@app.callback()
def _root(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(help="The settings file; elfe.toml here by default.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Read the settings; nothing runs when they are wrong."""
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
    for chatty in ("httpx", "asyncio", "amqtt", "transitions"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    ctx.obj = Context(settings.load(config), WAITS)


for name, function in (("demo", demo), ("up", up), ("declare", declare), ("release", release), ("backtest", backtest),
                       ("doctor", doctor), ("plugins", plugins),
                       ("simulate", simulate)):
    app.command(name)(function)
devices.command("watch")(watch)
devices.command("send")(send)
for care in (find, labels, configure, tasks, unknown, adopt, replace):
    devices.command(care.__name__)(care)
for name, group in (("devices", devices), ("plan", plan), ("orders", orders), ("hold", hold), ("ems", ems), ("loads", loads),
                    ("cycles", cycles), ("command", command), ("history", history), ("db", db), ("broker", broker),
                    ("plugin", plugin), ("screen", screen),
                    ("participants", participants), ("firmware", firmware), ("visits", visits),
                    ("territory", territory), ("weather", weather), ("mail", mail), ("indicators", indicators), ("zabbix", zabbix)):
    app.add_typer(group, name=name)


def main() -> None:
    """The program: what went wrong is told in one sentence, and by the exit code."""
    columns = shutil.get_terminal_size().columns
    if columns < NARROW:
        app.rich_markup_mode = None
    try:
        app(terminal_width=columns if columns < NARROW else None)
    except (ElfeError, DBAPIError) as error:
        if "--debug" in sys.argv:
            raise
        Console(stderr=True).print("[bold red]elfe:[/]", end=" ")
        typer.echo(database.unable(error) if isinstance(error, DBAPIError) else str(error), err=True)
        sys.exit(EX_TEMPFAIL if isinstance(error, DBAPIError) else EX_CONFIG if isinstance(error, SetupError) else 1)
