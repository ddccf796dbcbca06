"""Cycles learned by themselves: runs found in a power curve, their profiles, the programmes that these are of."""

from elfe.ems.cycles.profiles import Cycle, last_cycle, usual_cycle

__all__ = ["Cycle", "last_cycle", "usual_cycle"]
