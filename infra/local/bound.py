"""Ties a child's life to ours, whatever ends us. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Sequence


def bound(argv: Sequence[str], *, user_namespace: bool = False) -> list[str]:
    """The command line of a child that the kernel kills when this process (or thread) ends.

    The shell looks once whether we are still its parent: we may have died before the kernel was told.
    A new user namespace forgets the death signal, so that is set inside.
    """
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if user_namespace else []
    check = ["sh", "-c", 'test "$PPID" = "$0" && exec "$@"', str(os.getpid())]
    return [*namespace, "setpriv", "--pdeathsig", "KILL", *check, *argv]
