"""How surprising a share is (pure)."""

from math import log

UNLIKELY = 20.7
"""Of a window: one chance in a thousand million, in nats. Windows overlap and there are many sites and reasons."""
DOUBTFUL = 3.0
"""Of a few probes: one chance in twenty."""


def surprise(share: float, of: int, ordinary: float) -> float:
    """Minus the natural logarithm of the chance that of `of` trials, each of which fails with probability `ordinary`,
    a `share` or more fail. Chernoff's bound, so the chance is that at most; 0 when so many were to be expected."""
    if share <= ordinary:
        return 0.0
    if ordinary <= 0.0:
        return float("inf")
    good = 0.0 if share >= 1.0 else (1.0 - share) * log((1.0 - share) / (1.0 - ordinary))
    return of * (share * log(share / ordinary) + good)
