"""Memory for data sets on their way, shared by all associations of a process."""

import threading


class Budget:
    """So many bytes, never more. Whoever holds some does not wait for more, so nothing can lock up."""

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes."""
        return self._size - self._left

    def take(self, size: int, seconds: float = 0.0) -> bool:
        """Whether `size` more bytes may be held; they are counted then. Waits for them for so long at most."""
        with self._changed:
            if not self._changed.wait_for(lambda: size <= self._left, seconds):
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """So many bytes are held no more."""
        with self._changed:
            self._left += size
            self._changed.notify_all()
