"""Memory for data sets on their way, shared by all associations of a process."""

import threading


class Budget:
    """So many bytes. Nobody waits for them: who gets none goes on in a file, so nothing can lock up."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether `size` more bytes may be held; they are counted then."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """So many bytes are held no more."""
        with self._lock:
            self._left += size
