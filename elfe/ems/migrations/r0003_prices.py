"""A run's prices, and the bound that they prove."""

from sqlalchemy import Column, Float, Text, text

from elfe.migrations import add_column

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Nobody kept the prices of the runs before."""
    add_column("plan", Column("prices", Text, nullable=False, server_default=text("'[]'"),
                              comment="JSON: of a watt per slot, in watts of import; they prove priced_bound_wh"))
    add_column("plan", Column("priced_bound_wh", Float(53), comment="what of bound_wh the prices alone prove"))
