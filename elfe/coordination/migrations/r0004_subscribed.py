"""What a home's loads may draw at once is its own."""

from sqlalchemy import Column, Integer

from elfe.migrations import add_column

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Nobody said it of a home: `[ems] home_w` goes on counting."""
    add_column("participant", Column("subscribed_w", Integer,
                                     comment="W, what its lent loads may draw at once; NULL: [ems] home_w counts"))
