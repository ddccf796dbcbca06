"""A history on each of the two databases, and the broker of this room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from elfe.history.store import SqlHistory, open_history
from tests.brokers import mosquitto

__all__ = ["mosquitto"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def history_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a history may be opened."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return url
    return f"sqlite:///{tmp_path}/history.db"


@pytest.fixture
def history(history_url: str) -> Iterator[SqlHistory]:
    """A blank history."""
    history = open_history(history_url)
    yield history
    history.engine.dispose()
