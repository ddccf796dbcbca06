"""The secrets of the broker's accounts: one file each, readable by their owner alone. Nowhere else are they written.

The coordination database knows accounts by name; the broker knows hashes; a visit reads a secret here once.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from elfe.errors import SetupError

BYTES = 20
"""160 random bits, 27 characters without any that a device's form would not take."""


class Secrets:
    """A folder of secrets, by account name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> str | None:
        """The secret of an account, or None."""
        try:
            return self._file(name).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SetupError(f"the secret of {name} cannot be read: {error.strerror} ({self._file(name)})") from error

    def ensure(self, name: str) -> str:
        """The secret of an account; a new one when it has none."""
        return self.get(name) or self.renew(name)

    def renew(self, name: str) -> str:
        """A new secret in the place of the old one. Written whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = secrets.token_urlsafe(BYTES)
        draft = self._file(f".{name}.new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file(name))
        return secret

    def forget(self, name: str) -> None:
        """The account is gone."""
        self._file(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The accounts that have a secret."""
        if not self.folder.is_dir():
            return []
        return sorted(each.name for each in self.folder.iterdir() if each.is_file() and not each.name.startswith("."))

    def salt(self, name: str, length: int) -> bytes:
        """A salt that changes with the secret and only with it, so that the same accounts are written as the same file."""
        return hashlib.sha256(f"{name}:{self.get(name)}:salt".encode()).digest()[:length]

    def _file(self, name: str) -> Path:
        return self.folder / name
