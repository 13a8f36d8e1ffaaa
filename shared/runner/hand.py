"""What this worker has in hand, and whom it suspects since those before it have ended."""

from collections.abc import Sequence

from shared.kafka.log import Record
from shared.runner.journal import Journal
from shared.runner.report import Report
from shared.runner.suspects import Noted, Place, Suspicion, apart, place_of, suspects_after

LASTS = 1000
"""Times that something is taken in hand, after which suspects that never came are somebody else's, with their
partition."""

INNOCENT = Suspicion()


class Hand:
    """Keeps the journal, if there is one. In hand is what is being handled: not what waits, nor what is settled."""

    def __init__(self, journal: Journal | None, report: Report) -> None:
        self._journal = journal
        self._report = report
        self._in_hand: tuple[Place, ...] = ()
        self._suspects: dict[Place, Suspicion] = {}
        self._taken = 0
        self._forgotten = False
        if journal is not None:
            before = journal.read()
            self._suspects = suspects_after(before)
            report.began(before, len(self._suspects))
            self._note()

    def parts(self, batch: Sequence[Record]) -> list[list[Record]]:
        """`batch` as it is to be handled: each suspect is one part, and alone in hand."""
        return apart(batch, self._suspects)

    def suspicion(self, record: Record) -> Suspicion:
        """What speaks against it."""
        return self._suspects.get(place_of(record), INNOCENT)

    def take(self, places: Sequence[Place]) -> None:
        """These are about to be handled."""
        if self._in_hand == (taken := tuple(places)):
            return
        self._in_hand = taken
        self._taken += 1
        if (suspicion := self._suspects.get(taken[0])) is not None and not suspicion.is_enough:
            self._report.suspected(taken[0], suspicion.ends)
        if self._suspects and self._taken > LASTS:
            self.clear(list(self._suspects))
        self._note()

    def put_down(self) -> None:
        """Nothing is being handled: a worker that ends now ends for another reason."""
        if self._in_hand:
            self._in_hand = ()
            self._note()

    def clear(self, places: Sequence[Place]) -> None:
        """These are no suspects any more."""
        if self._suspects:
            for place in places:
                self._suspects.pop(place, None)
            self._report.suspects(len(self._suspects))

    def hung(self, late: Sequence[Place]) -> None:
        """These have taken too long, and this worker is about to end."""
        self._note(tuple(late))

    def forget(self) -> None:
        """Told to stop: whatever ends this worker from now on, no record has."""
        if not self._forgotten:
            self._in_hand = ()
            self._suspects.clear()
            self._note()
            self._forgotten = True

    def _note(self, hung: tuple[Place, ...] = ()) -> None:
        if self._journal is not None and not self._forgotten:
            self._journal.write(Noted(self._in_hand, hung, self._suspects))
