"""`elfe plugins`: what was discovered."""

from __future__ import annotations

import typer

from elfe.app.context import context
from elfe.cli import show
from elfe.coordination.inventory import letter
from elfe.devices.drivers import Plugin, discover, select
from elfe.devices.values import DeviceType


def plugins(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """List the plugins found on this machine, their versions and device types."""
    here = context(ctx).settings.plugins
    found = discover()
    listed = [(each, _state(each, here.enabled, here.disabled)) for each in found]
    if as_json:
        show.as_json([{"name": each.name, "version": each.version, "state": state, "problem": each.problem,
                       "device_types": [{"id": type_.id, "name": type_.name, "product": type_.product,
                                         "letter": letter(type_.id, type_.letter)}
                                        for type_ in each.types]} for each, state in listed])
    else:
        show.table(
            ("plugin", "version", "state", "device types, their points"),
            [(each.name, each.version, state, "\n".join(_told(type_) for type_ in each.types)
              or each.problem) for each, state in listed],
            "No plugin is installed: install one, for example with the extra elfe[all].")
    driven = select(found, here.enabled, here.disabled)       # refuses by name what cannot start
    if driven.set_aside:
        raise typer.Exit(1)


def _told(type_: DeviceType) -> str:
    begins = letter(type_.id, type_.letter)
    return f"{type_.id} {type_.product}" + (f", {begins}003" if begins else "")


def _state(plugin: Plugin, enabled: tuple[str, ...] | None, disabled: tuple[str, ...]) -> str:
    if plugin.name in disabled or (enabled is not None and plugin.name not in enabled):
        return "disabled"
    return "set aside" if plugin.problem else "enabled"
