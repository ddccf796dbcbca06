"""Orders that press, and the power that was seen behind an order."""

from sqlalchemy import Boolean, Column, Float, Integer, text

from elfe.migrations import add_column

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """What was ordered before was a level, and nobody kept what was measured behind it."""
    add_column("command_order", Column("press", Boolean, nullable=False, server_default=text("false"),
                                       comment="a press, sent once; otherwise a level"))
    add_column("command_order", Column("step", Integer, nullable=False, server_default=text("0"),
                                       comment="which press of a start's sequence"))
    add_column("command_order", Column("again", Integer, nullable=False, server_default=text("0"),
                                       comment="how many orders were made for that step before"))
    add_column("command_order", Column("seen_w", Float, comment="the last power measured behind it, W"))
