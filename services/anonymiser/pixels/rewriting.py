"""Frames written anew: those that were read are looked at again, the others go by the nearest of them."""

from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.dispatch import Dispatch
from services.anonymiser.pixels.examining import Written


@dataclass(frozen=True, slots=True)
class Found:
    """`boxes` to blank in each frame that was read; `speaking`: frames with something in bits that are no pixels."""

    boxes: Mapping[int, tuple[Box, ...]] = field(default_factory=dict)
    speaking: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything must be written anew."""
        return any(self.boxes.values()) or bool(self.speaking)


@dataclass(frozen=True, slots=True)
class Anew:
    """A frame as it is now, and where it was blanked."""

    written: Written
    boxes: tuple[Box, ...]


def written_anew(dispatch: Dispatch, found: Found, native: bool) -> Iterator[tuple[int, Anew]]:
    """The frames that change, by number; all of them if `native`. Raises what the dispatch raises."""
    final: dict[int, tuple[Box, ...]] = {}
    for frame, boxes in found.boxes.items():
        final[frame] = boxes
        if boxes or native or frame in found.speaking:
            made, final[frame] = dispatch.silent(frame, boxes, native)
            yield frame, Anew(made, final[frame])
    for frame in range(dispatch.described.frames):
        boxes = () if frame in final else _nearest(final, frame)
        if frame not in final and (boxes or native or frame in found.speaking):
            yield frame, Anew(dispatch.write(frame, boxes, native), boxes)


def _nearest(final: Mapping[int, tuple[Box, ...]], frame: int) -> tuple[Box, ...]:
    """What was blanked in the read frames before and after."""
    read = sorted(final)
    at = bisect(read, frame)
    return merged(box for other in read[max(at - 1, 0) : at + 1] for box in final[other])
