"""Whether one command by hand may be given (`elfe devices send`). Pure; `elfe.app.by_hand` gives it.

It is a person's will, as a button pressed on the device is: in mode 30 the engine takes it for one and gives way. What the
mode forbids stays forbidden, whoever asks.
"""

from __future__ import annotations

from elfe.command.typologies import TYPOLOGIES
from elfe.command.values import Installed
from elfe.coordination.values import Appliance, Mode
from elfe.devices.values import Capability, Command, Press, Switch

RUNS_W = 10.0
"""An appliance that draws this much is running."""
MODES = {Mode.MEASURED: "only measured", Mode.INSTALLING: "being installed", Mode.DISABLED: "disabled",
         Mode.REMOVED: "removed"}


def refusal(installed: Installed, appliance: Appliance, command: Command, drawn_w: float | None, cut: bool) -> str:
    """Why the command may not be given, and what to do; empty: it may. `cut`: a running cycle may be cut, a person said so."""
    type_ = installed.driver.type
    wanted = {Switch: Capability.SWITCH, Press: Capability.PRESS}.get(type(command))
    if installed.driver.encode_command is None or (wanted and not type_.can(wanted)):
        can = ", ".join(sorted(each.value for each in type_.capabilities))
        return f"{installed.device.id} is a {type_.product}, which cannot do it (it can: {can})"
    if wanted and appliance.mode in MODES:
        return (f"{appliance.name} of {appliance.participant} is {MODES[Mode(appliance.mode)]} (mode {appliance.mode}): "
                f"nobody switches it; set it to manual (20) first, with its participant's consent")
    if isinstance(command, Switch) and drawn_w is not None and drawn_w >= RUNS_W and not cut \
            and not appliance.continuous and not powers(appliance, command):
        return (f"{appliance.name} of {appliance.participant} draws {drawn_w:.0f} W: a running cycle is never cut; "
                f"`--cut-a-running-cycle` if its participant asks for it")
    return ""


def powers(appliance: Appliance, command: Switch) -> bool:
    """Whether the appliance has its supply after the command, as far as its typology tells."""
    typology = TYPOLOGIES.get(appliance.typology)
    return command.on != (typology.inverted if typology else False)
