"""As version 0.1.0 made it."""

revision, down_revision = "0001", None


def upgrade() -> None:
    """Nothing: every base has these tables."""
