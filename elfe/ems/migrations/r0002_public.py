"""The contract's tables stand in the schema public, whatever the role is called that made them."""

from elfe.migrations import bring_home

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """They are moved with their rows; the tables themselves stay as they are."""
    bring_home("result", "p_c_with_flexible_consumption", "p_c_without_flexible_consumption", "ems_run_info")
