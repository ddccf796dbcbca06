"""Series and readings stand in the schema public, whatever the role is called that made them."""

from elfe.migrations import bring_home

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """They are moved with their rows."""
    bring_home("series", "reading")
