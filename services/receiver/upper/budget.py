"""Memory for what is on its way, shared by all associations of a process."""

import threading


class Budget:
    """So many bytes, never more. Whoever holds some does not wait for more, or not for long: nothing can lock up."""

    def __init__(self, size: int) -> None:
        self.size = self._left = size
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes."""
        return self.size - self._left

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


class Share:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0

    @property
    def most(self) -> int:
        """Bytes of the whole budget."""
        return self._budget.size

    def take(self, size: int, seconds: float) -> bool:
        """Whether it may hold `size` more, which it waits for so long at most."""
        taken = self._budget.take(size, seconds)
        self._held += size if taken else 0
        return taken

    def close(self) -> None:
        """Give back everything."""
        self._budget.give_back(self._held)
        self._held = 0
