"""Hardware leaves its place with a reason."""

from sqlalchemy import Column, Text, text

from elfe.migrations import add_column

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """What left before nobody asked is left without one."""
    add_column("hardware", Column("reason", Text, nullable=False, server_default=text("''"),
                                  comment="why it left; empty while it is there, or when nobody said"))
