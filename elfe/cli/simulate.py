"""`elfe simulate`: devices that are not there, on your own broker."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from elfe.app.context import context
from elfe.app.signals import stopped_by_signals
from elfe.app.simulate import address_of, play, seats_of
from elfe.broker.address import BrokerAddress
from elfe.cli import show
from elfe.errors import SettingsError
from elfe.simulation import cast, series
from elfe.simulation.crowd import Happened

MARKS = {"joins": ("+", "green"), "says": ("→", "green"), "told": ("←", "yellow"), "switches": ("*", "cyan"),
         "presses": ("*", "cyan"), "away": ("!", "red"), "broken": ("!", "red"),
         "leaves": ("-", "red")}
CHATTER = {"says", "told"}
LONGEST = 200
"""So much of a payload is shown to a person."""


def simulate(
    ctx: typer.Context,
    devices: Annotated[Path, typer.Argument(help="The devices to play: see docs/simulation.md.")],
    broker: Annotated[str, typer.Option(help="mqtt://host:1883, mqtts:// for TLS; else the file's, else that of elfe.toml.")] = "",
    ca: Annotated[str, typer.Option(help="The file of the authority of the broker's certificate.")] = "",
    speed: Annotated[float, typer.Option(min=0.01, max=10_000, help="How many times as fast as the clock they live.")] = 1.0,
    lasts: Annotated[str, typer.Option("--for", help="How long they live by their own clock: 90s, 10m, 24h; else until "
                                                     "Ctrl-C.")] = "",
    seed: Annotated[int, typer.Option(help="Other moments, other lies.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what they do, not what they say.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Play simulated devices on a broker, and show live what happens; at Ctrl-C the broker says their last wills."""
    here = context(ctx)
    try:
        text = devices.read_text(encoding="utf-8")
        until = cast.duration(lasts) if lasts else None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{devices} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except ValueError:
        raise typer.BadParameter(f"{lasts!r} is no time: write 90s, 10m or 1h30m", param_hint="--for") from None
    players = cast.read(text, here.drivers, tuple(series.CYCLES), str(devices), seed)
    seats = seats_of(players, devices.parent, here.plugin_settings)
    url = broker or players.broker
    address = address_of(url, ca or _beside(devices, players.ca)) if url else _without_account(here.broker)
    told: Counter[str] = Counter()
    play(seats, address, _teller(told, here.settings.zone, quiet, as_json), stopped_by_signals(), speed, until)
    typer.echo(f"{len(players.parts)} devices on {len(seats)} connections: {told['says']} messages said, {told['told']} heard",
               err=True)


def _beside(devices: Path, name: str) -> str:
    """A file that the file of devices names."""
    return str(devices.parent / name) if name else ""


def _without_account(ours: BrokerAddress) -> BrokerAddress:
    """The broker of elfe's own settings, as a device reaches it: elfe's own account is not a device's."""
    return attrs.evolve(ours, protocol="3.1.1", username="", password="")


def _teller(told: Counter[str], zone: Any, quiet: bool, as_json: bool) -> Callable[[Happened], None]:
    """Counts what happens, and shows it: a line each."""
    def tell(happened: Happened) -> None:
        told[happened.what] += 1
        if quiet and happened.what in CHATTER:
            return
        payload = happened.payload.decode("utf-8", "backslashreplace")
        if as_json:
            shown = {"at": happened.at.isoformat(), "device": happened.who, "what": happened.what, "topic": happened.topic,
                     "payload": payload, "text": happened.text}
            typer.echo(json.dumps({key: value for key, value in shown.items() if value or key == "payload"}, ensure_ascii=False))
            return
        mark, color = MARKS[happened.what]
        words = f"{happened.topic} {payload[:LONGEST]}" if happened.topic else f"{happened.what} {happened.text}".strip()
        typer.echo(f"{happened.at.astimezone(zone):%H:%M:%S} {happened.who:<8} {typer.style(mark, fg=color)} {words}")

    return tell
