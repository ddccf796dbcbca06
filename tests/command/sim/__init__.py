from tests.command.sim.world import Sim, lived

__all__ = ["Sim", "lived"]
