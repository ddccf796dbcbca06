"""Addresses as messages tell them: without what is secret in them. Pure."""

from __future__ import annotations

import re

HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@\s]+)(:\d*)?")


def told(url: str) -> str:
    """Scheme, host, port and path: « http://me:secret@host/now?key=k » is « http://host/now?… ». Total.

    Where a user and a password cannot be told from the rest (one holds a « / » itself), nothing but the scheme is.
    """
    scheme, parted, rest = url.partition("://") if "://" in url else ("", "", url)
    who, path, asked = re.fullmatch(r"([^/?#]*)([^?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    host = who.rpartition("@")[2]
    if not HOST.fullmatch(host) or (":" in who and "@" in path + asked):
        return f"{scheme}{parted}…"
    return f"{scheme}{parted}{host}{path}{'?…' if asked else ''}"
