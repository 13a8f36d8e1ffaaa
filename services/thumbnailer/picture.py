"""What rendering answers."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.outcome import Reason

LONG_SIDE = 256
"""Pixels."""

REVISION = "r1"
"""Of the renderer: whatever changes the bytes of a picture changes this, and with it every key in `derived`."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, its long side LONG_SIDE pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NoPicture:
    """There is none, and why: NO_PIXELS, NO_DECODER, DECODER_FAILED or DECODER_DIED."""

    reason: Reason


Render = Callable[[bytes], Picture | NoPicture]
"""Part 10 bytes to a picture."""
