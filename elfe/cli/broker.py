"""`elfe broker`: its configuration, its accounts and their rights, and whether they hold."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict
from rich.console import Console

from elfe.app import brokering
from elfe.app.brokering import Done
from elfe.app.context import context
from elfe.broker.check import Ground
from elfe.broker.check import check as find_faults
from elfe.broker.dynamic import ADMIN
from elfe.broker.mosquitto import Listener
from elfe.cli import show
from elfe.errors import BrokerError

app = typer.Typer(help="The broker: its configuration, its accounts and rights, and whether they hold.", no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, change nothing.")]


@app.command()
def write(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where mosquitto reads it: mosquitto -c FOLDER/mosquitto.conf.")],
    live: Annotated[bool, typer.Option("--live", help="Accounts by the dynamic security plugin, changed while it runs.")] = False,
    port: Annotated[int, typer.Option(help="For the services, on this machine only, without TLS; 0: none.")] = 1883,
    tls_port: Annotated[int, typer.Option(help="For the homes.")] = 8883,
    certificate: Annotated[Path | None, typer.Option(help="Of the broker, with its chain; without it, no TLS port.", exists=True,
                                                     dir_okay=False, resolve_path=True)] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key.", exists=True, dir_okay=False,
                                             resolve_path=True)] = None,
    ca: Annotated[Path | None, typer.Option(help="The authority that homes trust.", exists=True, dir_okay=False,
                                            resolve_path=True)] = None,
) -> None:
    """Write a complete mosquitto configuration: settings, accounts and rights of all that is installed."""
    if (certificate is None) != (key is None):
        raise BrokerError("a TLS port needs both --certificate and --key")
    listeners = [Listener(port, "127.0.0.1")] if port else []
    if certificate and key:
        listeners.append(Listener(tls_port, ca=str(ca or certificate), certificate=str(certificate), key=str(key)))
    if not listeners:
        raise BrokerError("it would listen nowhere: give --port, or --certificate and --key")
    for path in brokering.write(context(ctx), folder, listeners, live):
        typer.echo(f"written: {path}")
    for path in filter(None, (certificate, key, ca)):
        closed = brokering.closed_to_mosquitto(path)
        if closed:
            typer.echo(f"mosquitto would not start: its user may not read {path}; open {closed} to the group mosquitto", err=True)
    if certificate is None:
        typer.echo("Without --certificate homes cannot reach it: it listens on this machine only.", err=True)


@app.command()
def accounts(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """List the accounts that there should be, and the rights of each."""
    found = brokering.wanted(context(ctx))
    if as_json:
        show.as_json({"accounts": [asdict(each) for each in found.accounts], "problems": found.problems})
        return
    show.table(("account", "of", "hears", "says"),
               [(each.username, each.group, "\n".join(each.reads), "\n".join(each.writes)) for each in found.accounts], "None.")
    for problem in found.problems:
        typer.echo(f"no account: {problem}", err=True)


@app.command()
def sync(ctx: typer.Context, dry_run: DryRun = False, as_json: show.AsJson = False) -> None:
    """Bring the broker's accounts and rights to what is installed."""
    _tell(brokering.sync(context(ctx), dry_run), as_json)


@app.command()
def rotate(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Accounts that get a new secret.")],
    as_json: show.AsJson = False,
) -> None:
    """Give accounts a new secret; whoever uses the old one is refused from now on."""
    _tell(brokering.sync(context(ctx), renew=names), as_json)


@app.command()
def check(
    ctx: typer.Context,
    only: Annotated[list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Clear the retained commands that are found.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Act as each account and find, by what is delivered, what must not be. Whoever is connected with it comes back by itself."""
    here = context(ctx)
    found, kept = brokering.wanted(here), brokering.secrets_of(here)
    chosen = [each for each in found.accounts if not only or each.username in only]
    secrets = {name: secret for name in (ADMIN, *(each.username for each in chosen)) if (secret := kept.get(name))}
    ground = Ground(here.broker, chosen, secrets, found.commands)
    with Console(stderr=True).status("…") as status, suppress(KeyboardInterrupt):
        faults = list(find_faults(ground, lambda name: status.update(f"as {name}"), clear))
    if as_json:
        show.as_json([asdict(each) for each in faults])
    else:
        for fault in faults:
            Console().print(f"[red]{fault.kind}[/]  {fault.account} {fault.says}", highlight=False)
        typer.echo(f"{len(chosen)} accounts acted as, {len(faults)} faults found.")
    raise typer.Exit(1 if faults else 0)


def _tell(done: Done, as_json: bool) -> None:
    if as_json:
        show.as_json(asdict(done))
        return
    for what, names in asdict(done).items():
        for name in names:
            typer.echo(f"{what}: {name}")
    if done == Done():
        typer.echo("Nothing to do: the broker knows every account that there should be, and no other.")
