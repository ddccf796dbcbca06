"""`elfe orders`: what was ordered, and what came of it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

import typer

from elfe import clock
from elfe.app.context import Context, context
from elfe.cli import show
from elfe.command import store
from elfe.command.orders import Order, Stage
from elfe.coordination import holds, queries
from elfe.errors import ElfeError
from elfe.slots import slot_of, slot_start

orders = typer.Typer(help="What was ordered, and what came of it.", no_args_is_help=True)

COLOURS = {Stage.DONE: "green", Stage.EXPIRED: "red", Stage.OFFLINE: "red", Stage.FAILED: "red",
           Stage.SUPERSEDED: "dim", Stage.OVERRIDDEN: "yellow"}


@orders.command("list")
def list_orders(
    ctx: typer.Context,
    hours: Annotated[float, typer.Option(help="How far back.")] = 24,
    device: Annotated[str, typer.Option(help="Only this installation point.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Only those that are not over.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """List orders, the newest last."""
    here = context(ctx)
    since = slot_of(clock.now() - timedelta(hours=hours))
    found = [each for each in store.orders(here.coordination, live=live, since_slot=since)
             if device in ("", each.device_id)]
    if as_json:
        show.as_json([_plain(each) for each in found])
        return
    zone = here.settings.zone
    show.table(
        ("order", "slot", "device", "", "for", "stage", "sent", "heard", "proved", "times", "cause"),
        [(each.id[:8], _local(slot_start(each.slot), zone), each.device_id, _asked(each), each.why,
          f"[{COLOURS.get(each.stage, 'cyan')}]{each.stage}", _clock(each.sent_at, zone), _clock(each.acknowledged_at, zone),
          _clock(each.proved_at, zone), str(each.attempts), each.cause) for each in found],
        f"No order in the last {hours:g} hours.")


OrderId = Annotated[str, typer.Argument(help="An order's id, or the first characters of it.")]


@orders.command("show")
def show_order(ctx: typer.Context, order_id: OrderId, as_json: show.AsJson = False) -> None:
    """Show one order: whose appliance, what was asked and why, each proof with its time, and its verdict."""
    here = context(ctx)
    found = _the_one(here, order_id)
    appliances = queries.appliances(here.coordination, {found.appliance_id})
    named = {"name": appliances[0].name, "participant": appliances[0].participant} if appliances else {}
    if as_json:
        show.as_json({**_plain(found), **named})
        return
    for name, value in _told(found, named, here.settings.zone):
        typer.echo(f"{name:<12}  {value}")


@orders.command()
def why(ctx: typer.Context, order_id: OrderId, as_json: show.AsJson = False) -> None:
    """Tell the whole life of one order."""
    here = context(ctx)
    found = _the_one(here, order_id)
    lines = store.history(here.coordination, found.id)
    if as_json:
        told = [{"at": each.at.isoformat(), "what": each.what, "stage": each.stage, "detail": each.detail}
                for each in lines]
        show.as_json({**_plain(found), "history": told})
        return
    zone = here.settings.zone
    for each in lines:
        typer.echo(f"{_clock(each.at, zone)}  {each.what:<14} {each.stage:<13} {each.detail}")


@orders.command()
def cancel(ctx: typer.Context, order_id: OrderId, as_json: show.AsJson = False) -> None:
    """Leave an order's appliance alone until the order's slot ends: what is not yet done is not done any more."""
    here, now = context(ctx), clock.now()
    found = _the_one(here, order_id)
    if not found.live or found.valid_until <= now:
        raise ElfeError(f"order {found.id[:8]} has ended ({found.stage}{f': {found.cause}' if found.cause else ''}): "
                        f"there is nothing to cancel; `elfe hold on {found.appliance_id}` keeps its appliance from being ordered")
    with here.coordination.begin() as connection:
        holds.put(connection, found.appliance_id, None, now, found.valid_until, holds.Origin.CENTRE, getpass.getuser())
    if as_json:
        show.as_json({"id": found.id, "appliance_id": found.appliance_id, "until": found.valid_until.isoformat()})
    else:
        typer.echo(f"{found.device_id} is left alone until {_local(found.valid_until, here.settings.zone)}"
                   + (": its device has done it already, and keeps its state." if found.heard else "."))


def _asked(order: Order) -> str:
    return "PRESS" if order.press else "ON" if order.on else "OFF"


def _told(order: Order, named: Mapping[str, str], zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What is known of an order, a line each."""
    yield "order", order.id
    yield "appliance", " ".join((*named.values(), f"(number {order.appliance_id})"))
    yield "device", order.device_id
    yield "asked", f"{_asked(order)}, for: {order.why}"
    yield "valid", f"{_local(slot_start(order.slot), zone)} to {_local(order.valid_until, zone)}"
    yield "status", f"{order.status} (stage: {order.stage})"
    if order.cause:
        yield "verdict", order.cause
    for name, at in (("wanted", order.wanted_at), ("sent", order.sent_at), ("acknowledged", order.acknowledged_at),
                     ("proved", order.proved_at), ("ended", order.ended_at)):
        if at:
            yield name, _clock(at, zone)
    yield "said", {0: "not yet", 1: "once"}.get(order.attempts, f"{order.attempts} times")
    if order.seen_w is not None:
        yield "power", f"{order.seen_w:.0f} W measured behind it since"


def _the_one(here: Context, order_id: str) -> Order:
    found = [each for each in store.orders(here.coordination) if each.id.startswith(order_id)]
    if len(found) != 1:
        raise ElfeError(f"{len(found)} orders begin with {order_id!r}; `elfe orders list --json` shows their ids")
    return found[0]


def _plain(order: Order) -> dict[str, object]:
    stages = {"wanted": order.wanted_at, "recorded": order.recorded_at, "sent": order.sent_at,
              "acknowledged": order.acknowledged_at, "proved": order.proved_at, "ended": order.ended_at}
    return {
        "id": order.id, "device": order.device_id, "appliance": order.appliance_id, "why": order.why, "on": order.on,
        "press": order.press,
        "supplies": order.powers, "slot": slot_start(order.slot).isoformat(), "status": order.status,
        "stage": order.stage, "cause": order.cause, "attempts": order.attempts,
        "at": {name: at.isoformat() if at else None for name, at in stages.items()},
    }


def _local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%d/%m %H:%M")


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S") if at else ""
