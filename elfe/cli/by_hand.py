"""`elfe devices watch` and `elfe devices send`: one device, looked at and driven by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from attrs import asdict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from elfe import clock
from elfe.app.by_hand import ByHand, Outcome
from elfe.app.context import Context, context
from elfe.broker.client import MqttSession
from elfe.broker.session import Arrival, Disconnected, Message
from elfe.cli import show
from elfe.command import by_hand
from elfe.command.values import Installed
from elfe.coordination import queries
from elfe.coordination.devices import device_values
from elfe.coordination.values import InstalledDevice, Mode
from elfe.devices.routing import Router, commanded
from elfe.devices.spoken import Line, in_words, lines
from elfe.devices.values import Command, Device, Press, Query, Switch
from elfe.errors import CommandRefused, ElfeError
from elfe.history.values import power_series

COMMANDS: dict[str, Command] = {"on": Switch(True), "off": Switch(False), "press": Press(), "query": Query()}
RECENT = timedelta(minutes=10)
"""An older power says nothing of whether an appliance runs."""
NOBODY = 75      # EX_TEMPFAIL: it did not answer, another time it may

Points = Annotated[list[str], typer.Argument(help="Installation points, D003; none: every device.")]


def watch(
    ctx: typer.Context,
    points: Points = [],  # noqa: B006 - typer reads it, nobody changes it
    seconds: Annotated[float, typer.Option("--for", help="Stop after so many seconds; 0: until Ctrl-C.")] = 0,
    as_json: show.AsJson = False,
) -> None:
    """Show live what devices say, raw and decoded side by side, and what they are told."""
    here = context(ctx)
    devices = tuple(device for _, device in _installed(here, points))
    router, told = Router(here.drivers, devices), commanded(here.drivers, devices)
    session = MqttSession(here.broker_as("elfe-watch"), f"elfe-watch-{os.getpid()}")
    session.listen((*router.filters, *(topic for topic in told if topic)))
    until = clock.now() + timedelta(seconds=seconds) if seconds else None
    console, zone = Console(highlight=False), ZoneInfo(here.settings.timezone)
    try:
        while until is None or clock.now() < until:
            for arrival in session.arrivals():
                for line in _lines(arrival, router, told):
                    if as_json:
                        typer.echo(json.dumps({"at": clock.now().isoformat(), **asdict(line)}, ensure_ascii=False))
                    else:
                        console.print(_row(line, clock.now().astimezone(zone)))
            session.wait(timedelta(milliseconds=200))
    except KeyboardInterrupt:
        pass
    finally:
        session.close()


def send(
    ctx: typer.Context,
    point: Annotated[str, typer.Argument(help="The installation point, D003.")],
    what: Annotated[str, typer.Argument(help="on, off, press or query.")],
    cut: Annotated[bool, typer.Option("--cut-a-running-cycle", help="Its participant asks for it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be said, say nothing.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Drive one device by hand: guarded as every order is, recorded in the ledger, and waited for."""
    here = context(ctx)
    if what not in COMMANDS:
        raise ElfeError(f"no such command: {what}; one of {', '.join(COMMANDS)}")
    [(installed, device)] = _installed(here, [point])
    one = Installed(installed, device, here.drivers[device.type_id])
    appliance = next(each for each in queries.appliances(here.coordination) if each.id == installed.appliance_id)
    refused = by_hand.refusal(one, appliance, COMMANDS[what], _drawn_w(here, point), cut)
    if refused:
        raise CommandRefused(refused)
    if dry_run:
        assert one.driver.encode_command is not None
        for message in one.driver.encode_command(device, COMMANDS[what]).publishes:
            typer.echo(f"{message.topic}  {message.payload.decode()}")
        return
    if appliance.mode == Mode.PILOTED and what in {"on", "off", "press"} and not yes:
        typer.confirm(f"{appliance.name} of {appliance.participant} is piloted; its plan gives way to you. Go on?",
                      abort=True, err=True)
    session = MqttSession(here.broker_as("elfe-hand"), f"elfe-hand-{os.getpid()}")
    try:
        outcome = ByHand(session, here.coordination, here.drivers, one, appliance, clock.now).give(COMMANDS[what])
    finally:
        session.close()
    _tell(point, what, outcome, as_json)


def _tell(point: str, what: str, outcome: Outcome, as_json: bool) -> None:
    order = outcome.order
    if as_json:
        show.as_json({"device": point, "command": what, "answered": outcome.answered, "order": order and order.id,
                      "stage": order and order.stage, "cause": order.cause if order else "",
                      "heard": [in_words(each) for each in outcome.heard]})
    else:
        for event in outcome.heard:
            typer.echo(f"  {in_words(event)}")
        ended = f"{order.stage}: {order.cause} (order {order.id[:8]})" if order else "answered" if outcome.answered else "silent"
        typer.echo(f"{point} {what}: {ended}")
    if order and order.cause.startswith("the device refused"):
        raise typer.Exit(1)
    if not outcome.answered:
        raise typer.Exit(NOBODY)


def _installed(here: Context, points: list[str]) -> list[tuple[InstalledDevice, Device]]:
    """The devices of these points. Those who ask by hand have answers sent to a topic of their own."""
    found, problems = device_values(queries.installed_devices(here.coordination), here.drivers, "hand")
    wanted = [(row, device) for row, device in found if not points or row.id in points]
    missing = sorted(set(points) - {row.id for row, _ in wanted})
    if missing:
        said = [problem for problem in problems if any(f"device {each}:" in problem for each in missing)]
        raise ElfeError("; ".join(said) or f"no such installation point: {', '.join(missing)}; `elfe devices list` shows them")
    if not wanted:
        raise ElfeError("no device is installed; `elfe devices provision` installs some")
    return wanted


def _drawn_w(here: Context, point: str) -> float | None:
    """What its own meter last said, when that is not too old."""
    series = here.history.find(power_series(point))
    last = here.history.last(series, clock.now()) if series is not None else None
    return last.value if last and clock.now() - last.at <= RECENT else None


# -- one message, as people and machines read it -----------------------------------------------------------------------

WAYS = {"says": "[green]→[/]", "kept": "[dim]→[/]", "told": "[yellow]←[/]"}


def _lines(arrival: Arrival, router: Router, told: Mapping[str, Device]) -> Iterator[Line]:
    match arrival:
        case Message(topic, payload, retained):
            yield from lines(topic, payload, retained, router, told)
        case Disconnected(reason):
            typer.echo(f"the broker is out of reach: {reason}", err=True)


def _row(line: Line, at: datetime) -> Table:
    """One message: whose on the left, raw in the middle, decoded on the right."""
    table = Table.grid(padding=(0, 1), expand=True)
    for width, ratio in ((8, None), (6, None), (1, None), (None, 3), (None, 2)):
        table.add_column(width=width, ratio=ratio, overflow="fold", no_wrap=width is not None)
    decoded = "\n".join(f"[red]{escape(each)}[/]" if each.startswith("cannot") else escape(each) for each in line.says)
    table.add_row(f"{at:%H:%M:%S}", f"[bold]{line.device}[/]", WAYS[line.way],
                  f"[dim]{escape(line.topic)}[/] {escape(line.payload)}", decoded)
    return table
