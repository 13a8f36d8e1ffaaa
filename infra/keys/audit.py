"""Who used the keys to look behind a pseudonym, when and why, and on how many; never on whom."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

from infra.keys.files import append_line


def record(file: Path, what: str, reason: str, **facts: object) -> None:
    """One more line of JSON, on disk when this returns. Raises Misconfigured when it cannot be written."""
    when = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    append_line(file, json.dumps({"when": when, "who": who(), "what": what, "reason": reason, **facts}))


def who() -> str:
    """The user, and whoever became this user: as the system knows them, not as the environment calls them."""
    user = _name(os.getuid())
    try:
        login = _name(int(Path("/proc/self/loginuid").read_text()))
    except (OSError, ValueError):
        login = ""
    return user if login in ("", user) else f"{user} ({login})"


def _name(uid: int) -> str:
    """The empty string for the number that stands for nobody."""
    if uid == 0xFFFFFFFF:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
