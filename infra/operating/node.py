"""Where the node is that an operator means."""

from __future__ import annotations

from pathlib import Path

from infra.local import stack as local
from infra.local.state import Stack


class NoNode(Exception):
    """There is no node, or no access to it as an operator. The text says what is missing."""


def attached(home: Path) -> Stack:
    """The stack in `home`. Raises NoNode."""
    try:
        return local.attach(home)
    except local.NotUp as missing:
        raise NoNode(f"{missing}; start one with: isocentre stack up") from None
