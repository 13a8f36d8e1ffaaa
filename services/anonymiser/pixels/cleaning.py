"""Cleans the pixels of one object (PS3.15 Section E.3.1): blanks what was found, and looks again at what is left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydicom.uid import ExplicitVRLittleEndian

from services.anonymiser.dataset.tree import Element, Item, Syntax, find
from services.anonymiser.pixels import detecting, examining, residue, segments
from services.anonymiser.pixels.blanking import Unblankable
from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.description import Description, Undescribed, describe, pixels_of
from services.anonymiser.pixels.encoding import NotEncodable, encoder_for
from services.anonymiser.pixels.examining import Detector, Written
from services.anonymiser.pixels.fragments import EXTENDED_LENGTHS, EXTENDED_OFFSETS, Unmapped
from services.anonymiser.pixels.margins import doubtful, roomy
from services.anonymiser.pixels.masks import masked
from services.anonymiser.pixels.policy import PixelPolicy, Unexamined, to_look_at
from services.anonymiser.pixels.regions import outside, regions
from services.anonymiser.pixels.restating import not_burned_in, recoded, restated, stale
from services.anonymiser.pixels.source import Misfit, Source, natively, source_of
from services.anonymiser.pixels.stored import decodable
from services.anonymiser.pixels.workers import Examiner
from shared.isolation import Lost, WorkerFailed
from shared.outcome import Reason

T = TypeVar("T")

FIRST, SECOND = 1, 2
_ROUNDS = 3
"""How often an object is blanked before what is still found makes it held."""
_BURNED_IN_ANNOTATION = 0x00280301


@dataclass(frozen=True, slots=True)
class Untouched:
    """The pixel data stay as they are, bit for bit. `examined`: every frame was looked at, and nothing found."""

    examined: bool


@dataclass(frozen=True, slots=True)
class Blanked:
    """The pixel data have changed: `elements` replace those of the object (None removes one), in `syntax`.

    `boxes`: places that were blanked; 0 when only bytes beside the pixels, or bits that are none, were taken out.
    `examined`: every frame was looked at, and a second look at the changed ones found nothing.
    """

    elements: dict[int, Element | None]
    syntax: Syntax
    examined: bool
    boxes: int


@dataclass(frozen=True, slots=True)
class HeldPixels:
    """The pixels cannot be cleaned here, or not for sure."""

    reason: Reason


class _Held(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class _NoEncoder(Exception):
    """A frame cannot be written in its own syntax."""


def clean_pixels(
    elements: Item,
    syntax: Syntax,
    policy: PixelPolicy,
    examiner: Examiner | None,
    detector: Callable[[], Detector] = detecting.detector,
) -> Untouched | Blanked | HeldPixels:
    """What is to be done with the pixels of an object. Whatever codecs do happens in `examiner`; without one, objects
    that need it are held. `detector` is importable by name. Raises Transient when no worker can be started.
    """
    pixels = pixels_of(elements)
    if pixels is None:
        return Untouched(examined=False)
    try:
        described = describe(elements, syntax)
        source = source_of(pixels, described, elements)
        return _Object(elements, syntax, policy, described, source, examiner, detector).cleaned(len(pixels.value))
    except _Held as held:
        return HeldPixels(held.reason)
    except (Undescribed, Unmapped, segments.Unparsed, Misfit, Lost):
        return HeldPixels(Reason.UNCLEANABLE)


@dataclass(frozen=True, slots=True)
class _Object:
    elements: Item
    syntax: Syntax
    policy: PixelPolicy
    described: Description
    source: Source
    examiner: Examiner | None
    detector: Callable[[], Detector]

    def cleaned(self, length: int) -> Untouched | Blanked:
        if residue.overlay_within(self.elements, self.described, self.syntax):
            raise _Held(Reason.OVERLAY)
        masks = self._masks()
        looked = bool(masks) or to_look_at(self.elements, self.syntax, self.policy)
        if looked and not self.policy.clean:
            raise _Held(Reason.BURNED_IN_TEXT)
        examined = looked and self._can_be_examined(length, masks)
        boxes = self._read(masks) if examined else {}
        boxes |= {frame: () for frame in self._speaking() if frame not in boxes}
        plain = self._plain()
        if boxes:
            return self._blanked(boxes, plain, examined, length)
        if self.source.tidy and not plain:
            return Untouched(examined)
        return self._told(self._replaced(self.source.element(plain)), self.syntax, examined, set())

    def _masks(self) -> tuple[Box, ...]:
        """What is blanked in every frame, text or not."""
        d = self.described
        image = Box(0, 0, d.columns, d.rows)
        stated = masked(self.elements, self.syntax, self.policy.layouts)
        around = outside(self._regions(), d.rows, d.columns) if self.policy.outside_regions else ()
        return merged(box.clipped(image) for box in (*stated, *around))

    def _regions(self) -> tuple[Box, ...]:
        return regions(self.elements, self.syntax, self.described.rows, self.described.columns)

    def _can_be_examined(self, length: int, masks: tuple[Box, ...]) -> bool:
        d, limits = self.described, self.policy
        if (
            self.examiner is not None
            and decodable(d)
            and length <= limits.max_bytes
            and d.frames <= limits.max_frames
            and d.rows * d.columns * d.samples <= limits.max_samples
        ):
            return True
        if masks or limits.unexamined is Unexamined.HOLD:
            raise _Held(Reason.NOT_EXAMINED)
        return False

    def _read(self, masks: tuple[Box, ...]) -> dict[int, tuple[Box, ...]]:
        """The boxes to blank, by frame; only frames that have some."""
        found = {}
        for frame in range(self.described.frames):
            boxes = self._seen(self.source.frame(frame), self.described, masks, FIRST)
            if boxes or masks:
                found[frame] = merged((*masks, *boxes))
        return found

    def _seen(
        self, frame: bytes | memoryview, described: Description, masks: tuple[Box, ...], look: int
    ) -> tuple[Box, ...]:
        boxes = self._run(examining.seen, frame, described, masks, look, self.detector)
        if doubtful(boxes, described.rows, described.columns):
            raise _Held(Reason.BURNED_IN_TEXT)
        return roomy(boxes, self._regions(), described.rows, described.columns)

    def _speaking(self) -> list[int]:
        """Frames with something in bits that are no pixels."""
        if not residue.room(self.described):
            return []
        return [frame for frame in self.source.suspects() if self._speaks(self.source.frame(frame))]

    def _speaks(self, frame: bytes | memoryview) -> bool:
        if not self.described.encapsulated:
            return examining.speaks(bytes(frame), self.described)  # no codec has to do with it
        return self._run(examining.speaks, frame, self.described)

    def _plain(self) -> dict[int, bytes]:
        """Codestreams that had more in them than an image, without that."""
        if not self.described.encapsulated or not segments.spoken_in(self.syntax.uid):
            return {}
        frames = ((number, bytes(self.source.frame(number))) for number in range(self.described.frames))
        made = ((number, frame, segments.plain(frame, self.syntax.uid)) for number, frame in frames)
        return {number: plain for number, frame, plain in made if plain is not frame}

    def _blanked(
        self, boxes: Mapping[int, tuple[Box, ...]], plain: Mapping[int, bytes], examined: bool, length: int
    ) -> Blanked:
        if length > self.policy.max_bytes:
            raise _Held(Reason.UNCLEANABLE)
        if encoder_for(self.described):
            try:
                return self._in_its_syntax(boxes, plain, examined)
            except _NoEncoder:
                pass
        return self._natively(boxes, examined, length)

    def _in_its_syntax(
        self, boxes: Mapping[int, tuple[Box, ...]], plain: Mapping[int, bytes], examined: bool
    ) -> Blanked:
        changes = dict(plain)
        places: set[Box] = set()
        for frame, found in boxes.items():
            made, blanked = self._silent(frame, found, native=False)
            changes[frame] = made.frame
            places.update(blanked)
        elements = self._replaced(self.source.element(changes))
        elements |= recoded(self.described, whole=len(boxes) == self.described.frames)
        return self._told(elements, self.syntax, examined, places)

    def _natively(self, boxes: Mapping[int, tuple[Box, ...]], examined: bool, length: int) -> Blanked:
        places: set[Box] = set()
        frames, now = [], self.described
        for frame in range(self.described.frames):
            made, blanked = self._silent(frame, boxes.get(frame, ()), native=True)
            frames.append(made.frame)
            places.update(blanked)
            if frame and made.described != now:
                raise Misfit
            now = made.described
        if now.length > self.policy.max_bytes:
            raise _Held(Reason.UNCLEANABLE)
        elements = self._replaced(natively(frames, now)) | restated(self.elements, self.described, now, length)
        return self._told(elements, Syntax(str(ExplicitVRLittleEndian)), examined, places)

    def _silent(self, frame: int, boxes: tuple[Box, ...], native: bool) -> tuple[Written, tuple[Box, ...]]:
        """The frame blanked, and looked at again: what is found now is blanked too, a few times. And the boxes."""
        for _ in range(_ROUNDS):
            made = self._write(frame, boxes, native)
            more = self._seen(made.frame, made.described, boxes, SECOND) if boxes else ()
            if not more:
                return made, boxes
            boxes = merged((*boxes, *more))
        raise _Held(Reason.BURNED_IN_TEXT)

    def _write(self, frame: int, boxes: tuple[Box, ...], native: bool) -> Written:
        try:
            return self._run(examining.written, self.source.frame(frame), self.described, boxes, native)
        except WorkerFailed as failed:
            if failed.kind == NotEncodable.__name__ and not native:
                raise _NoEncoder from None
            if failed.kind == Unblankable.__name__:
                raise _Held(Reason.BURNED_IN_TEXT) from None
            raise

    def _run(self, function: Callable[..., T], *payload: object) -> T:
        if self.examiner is None:
            raise _Held(Reason.UNCLEANABLE)
        return self.examiner.run(function, *payload)

    def _replaced(self, pixels: Element) -> dict[int, Element | None]:
        """The pixel data, and no table of the old offsets."""
        tables = (tag for tag in (EXTENDED_OFFSETS, EXTENDED_LENGTHS) if find(self.elements, tag))
        return {pixels.tag: pixels, **dict.fromkeys(tables)}

    def _told(self, elements: dict[int, Element | None], syntax: Syntax, examined: bool, places: set[Box]) -> Blanked:
        clean: dict[int, Element | None] = {_BURNED_IN_ANNOTATION: not_burned_in()} if examined else {}
        return Blanked(elements | stale(self.elements) | clean, syntax, examined, len(places))
