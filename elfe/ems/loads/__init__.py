"""What can be moved, and how: one module per kind of load, over a few mathematical shapes. Pure.

    machines, vehicles   shifts      one profile, never cut, shifted to a start
    tanks                chains      so many slots one after the other among those that it may use
    charges, duties      fills       so much energy, in as many pieces as it likes
    heatings             comforts    comfort hours, of which some quarters are saved
    rooms, batteries     stores      a temperature or a charge that is kept in its band
"""

from elfe.ems.loads.base import Fleet, Load
from elfe.ems.loads.batteries import BatteryLoad
from elfe.ems.loads.charges import ChargeLoad
from elfe.ems.loads.duties import DutyLoad
from elfe.ems.loads.heatings import HeatingLoad
from elfe.ems.loads.machines import CycleLoad
from elfe.ems.loads.rooms import RoomLoad
from elfe.ems.loads.tanks import TankLoad
from elfe.ems.loads.vehicles import VehicleLoad

__all__ = ["BatteryLoad", "ChargeLoad", "CycleLoad", "DutyLoad", "Fleet", "HeatingLoad", "Load", "RoomLoad", "TankLoad",
           "VehicleLoad"]
