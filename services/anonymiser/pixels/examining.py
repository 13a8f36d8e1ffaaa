"""What runs in a worker process: one frame in, boxes or new bytes out. Nothing here knows the object it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.anonymiser.pixels import residue
from services.anonymiser.pixels.blanking import blanked
from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.description import Array, Description
from services.anonymiser.pixels.encoding import encoded, native_of
from services.anonymiser.pixels.filling import filled
from services.anonymiser.pixels.frames import alike
from services.anonymiser.pixels.native import packed
from services.anonymiser.pixels.showing import pictures
from services.anonymiser.pixels.stored import Stored, decoded


class FindsText(Protocol):
    """Finds text in a picture."""

    def find(self, image: Array, look: int) -> tuple[Box, ...]:
        """Boxes around text in (rows, columns) or (rows, columns, 3) of 8 bits. Another `look` looks in another way."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A frame's bytes, and the description that they are in now."""

    frame: bytes
    described: Description


def seen(
    frame: bytes, described: Description, blank: tuple[Box, ...], look: int, detector: Callable[[], FindsText]
) -> tuple[Box, ...]:
    """Where there is text in the frame, beside `blank`, which is or will be black. Raises NoDecoder or Undecodable."""
    shown = pictures(decoded(frame, described), described)
    found = [box for picture in shown for box in detector().find(filled(picture, blank), look)]
    image = Box(0, 0, described.columns, described.rows)
    return merged(box.clipped(image) for box in found)


def quiet(
    together: tuple[bytes, ...],
    described: Description,
    known: tuple[Box, ...],
    blank: tuple[Box, ...],
    look: int,
    detector: Callable[[], FindsText],
) -> bool:
    """Whether no other of these frames has text beside `blank` that the first has not in its `known` boxes, by a cheap
    look at all of them. Raises NoDecoder or Undecodable."""
    shown = (pictures(decoded(frame, described), described) for frame in together)
    covered = (tuple(filled(picture, blank) for picture in frame) for frame in shown)
    return alike(covered, known, lambda picture: detector().find(picture, look))


def speaks(frame: bytes, described: Description) -> bool:
    """Whether something stands in the unused bits of the frame. Raises NoDecoder or Undecodable."""
    return residue.in_frame(decoded(frame, described).values, described)


def written(frame: bytes, described: Description, boxes: tuple[Box, ...], native: bool) -> Written:
    """The frame with nothing but pixels, `boxes` black; in its own syntax, or `native` in Explicit VR Little Endian.

    Raises NoDecoder, Undecodable, Unblankable or NotEncodable.
    """
    stored = decoded(frame, described)
    if residue.room(described) and residue.in_frame(stored.values, described):
        stored = Stored(residue.without(stored.values, described), stored.photometric)
    stated = described
    if native:
        stored, stated = native_of(stored, described)
    if boxes:
        stored = Stored(blanked(stored.values, boxes, stated, stored.photometric), stored.photometric)
    made = packed(stored.values, stated) if native else encoded(stored, stated)
    return Written(made, stated)
