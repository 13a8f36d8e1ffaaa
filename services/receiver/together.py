"""What takes long and is the same for all who ask for it: done once for those who wait, and not waited for too long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from shared.outcome import Transient


class Together:
    """Does `work` on a thread of its own, once at a time; thread-safe.

    Who comes while it is being done waits for the next time, since what is under way may have begun before what he
    wants to know of; he shares that with all who wait by then.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._next: Future[object] | None = None
        self._working = False

    def __call__(self, seconds: float) -> object:
        """What the work gives, or raises, that began after this call. Raises Transient when that takes longer; it goes
        on all the same, so that who asks again is sooner served."""
        try:
            return self._joined().result(max(0.0, seconds))
        except TimeoutError:
            raise Transient("no answer in time") from None

    def _joined(self) -> "Future[object]":
        with self._lock:
            if self._next is None:
                self._next = Future()
            if not self._working:
                threading.Thread(target=self._go_on, name="together", daemon=True).start()
                self._working = True  # it waits for our lock
            return self._next

    def _go_on(self) -> None:
        while (asked := self._taken()) is not None:
            try:
                asked.set_result(self._work())
            except BaseException as failed:
                asked.set_exception(failed)

    def _taken(self) -> "Future[object] | None":
        """Those who wait; None, and the end, when nobody does."""
        with self._lock:
            asked, self._next = self._next, None
            self._working = asked is not None
            return asked
