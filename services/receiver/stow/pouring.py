"""Bytes that are there already go where data sets land."""

from services.receiver.stow.limits import TooLarge
from services.receiver.upper.landing import Landing


class Pouring:
    """Of one data set that has begun to land. `most`: bytes that it may have."""

    def __init__(self, landing: Landing, most: int) -> None:
        self._landing, self._most = landing, most
        self.size = 0

    def __call__(self, data: bytes | bytearray | memoryview) -> int:
        """More of it; returns its length. Raises TooLarge."""
        view = memoryview(data)
        self.size += len(view)
        if self.size > self._most:
            raise TooLarge
        while view:
            room = self._landing.room(len(view))
            room[:] = view[: len(room)]
            self._landing.took(len(room))
            view = view[len(room) :]
        return len(data)
