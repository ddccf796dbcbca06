"""Who goes first where nothing is lost by it: an account for each household, and plans that are evened by it."""

from elfe.ems.fairness.accounts import NEW, Account, booked, gave, weights
from elfe.ems.fairness.evening import EPSILON, evened

__all__ = ["EPSILON", "NEW", "Account", "booked", "evened", "gave", "weights"]
