"""What can be moved, and how: one module per kind of load, over a few mathematical shapes. Pure."""

from elfe.ems.loads.base import Fleet, Load
from elfe.ems.loads.machines import CycleLoad
from elfe.ems.loads.tanks import TankLoad

__all__ = ["CycleLoad", "Fleet", "Load", "TankLoad"]
