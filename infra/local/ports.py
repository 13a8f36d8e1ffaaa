"""Free ports on loopback, the same again at the next start of the same home."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

# Below the kernel's ephemeral range: no outgoing connection takes the port before its server does.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int, taken: Iterable[int] = ()) -> list[int]:
    """Some free ports; chosen at random, since another stack may be choosing at this moment."""
    refused = set(taken)
    chosen: list[int] = []
    for port in random.sample(range(FIRST, LAST), LAST - FIRST):
        if len(chosen) == count:
            break
        if port not in refused and is_free(port):
            chosen.append(port)
    return chosen


def assign(names: Iterable[str], earlier: Mapping[str, int]) -> dict[str, int]:
    """A port for each name: the earlier one while it is free, else a new one."""
    wanted = list(names)
    kept = {name: earlier[name] for name in wanted if name in earlier and is_free(earlier[name])}
    missing = [name for name in wanted if name not in kept]
    fresh = free_ports(len(missing), {*kept.values(), *earlier.values()})
    return {**kept, **dict(zip(missing, fresh, strict=True))}
