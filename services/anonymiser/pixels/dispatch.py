"""One object's frames on their way to a worker process and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.pixels import examining, frames, residue
from services.anonymiser.pixels.blanking import Unblankable
from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.description import Description
from services.anonymiser.pixels.encoding import NotEncodable
from services.anonymiser.pixels.examining import FindsText, Written
from services.anonymiser.pixels.margins import doubtful, roomy
from services.anonymiser.pixels.source import Source
from services.anonymiser.pixels.workers import Examiner
from shared.isolation import WorkerFailed
from shared.outcome import Reason

T = TypeVar("T")

FIRST, SECOND = 1, 2
_ROUNDS = 3
"""How often a frame is blanked before what is still found makes its object held."""


class MustHold(Exception):
    """The object must not go on; `reason` is the verdict."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NoEncoder(Exception):
    """A frame cannot be written in its own syntax."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The frames of `source`, the worker for them, and the ultrasound `regions` in them.

    All of it raises MustHold, BeyondLimits when `deadline` is over, and what Examiner.run raises.
    """

    described: Description
    source: Source
    examiner: Examiner | None
    detector: Callable[[], FindsText]
    regions: tuple[Box, ...] = ()
    deadline: Deadline = UNHURRIED

    def read(self, masks: tuple[Box, ...]) -> dict[int, tuple[Box, ...]]:
        """Where there is text beside `masks`, with margins, in each frame that had to be read: the others have none
        but that of the nearest ones."""
        d = self.described
        parts = frames.groups(d.frames, d.rows * d.columns * 3)
        return frames.read(
            parts,
            lambda frame: self._seen(self.source.frame(frame), d, masks, FIRST),
            lambda part, known: self._quiet(part, known, masks),
        )

    def speaking(self) -> list[int]:
        """Frames with something in bits that are no pixels."""
        if not residue.room(self.described):
            return []
        return [frame for frame in self.source.suspects() if self._speaks(self.source.frame(frame))]

    def silent(self, frame: int, boxes: tuple[Box, ...], native: bool) -> tuple[Written, tuple[Box, ...]]:
        """The frame blanked, and looked at again: what is found now is blanked too, a few times. And all boxes.

        Raises NoEncoder, as `write` does.
        """
        for _ in range(_ROUNDS):
            made = self.write(frame, boxes, native)
            more = self._seen(made.frame, made.described, boxes, SECOND) if boxes else ()
            if not more:
                return made, boxes
            boxes = merged((*boxes, *more))
        raise MustHold(Reason.BURNED_IN_TEXT)

    def write(self, frame: int, boxes: tuple[Box, ...], native: bool) -> Written:
        """The frame with `boxes` black, in its own syntax or natively."""
        try:
            return self._run(examining.written, self.source.frame(frame), self.described, boxes, native)
        except WorkerFailed as failed:
            if failed.kind == NotEncodable.__name__ and not native:
                raise NoEncoder from None
            if failed.kind == Unblankable.__name__:
                raise MustHold(Reason.BURNED_IN_TEXT) from None
            raise

    def _seen(
        self, frame: bytes | memoryview, described: Description, blank: tuple[Box, ...], look: int
    ) -> tuple[Box, ...]:
        boxes = self._run(examining.seen, frame, described, blank, look, self.detector)
        if doubtful(boxes, described.rows, described.columns):
            raise MustHold(Reason.BURNED_IN_TEXT)
        return roomy(boxes, self.regions, described.rows, described.columns)

    def _quiet(self, part: range, known: tuple[Box, ...], masks: tuple[Box, ...]) -> bool:
        together = tuple(self.source.frame(frame) for frame in part)
        return self._run(examining.quiet, together, self.described, known, masks, FIRST, self.detector)

    def _speaks(self, frame: bytes | memoryview) -> bool:
        if not self.described.encapsulated:
            return examining.speaks(bytes(frame), self.described)  # no codec has to do with it
        return self._run(examining.speaks, frame, self.described)

    def _run(self, function: Callable[..., T], *payload: object) -> T:
        if self.examiner is None:
            raise MustHold(Reason.NOT_EXAMINED)
        self.deadline.check()
        return self.examiner.run(function, *payload)
