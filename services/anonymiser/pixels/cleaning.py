"""Cleans the pixels of one object (PS3.15 Section E.3.1): blanks what was found, and looks again at what is left."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydicom.uid import ExplicitVRLittleEndian

from services.anonymiser.dataset.limits import UNHURRIED, BeyondLimits, Deadline
from services.anonymiser.dataset.tags import BURNED_IN_ANNOTATION
from services.anonymiser.dataset.tree import Element, Item, Syntax, find
from services.anonymiser.pixels import detecting, residue, segments
from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.description import Description, Undescribed, describe, pixels_of
from services.anonymiser.pixels.dispatch import Dispatch, MustHold, NoEncoder
from services.anonymiser.pixels.encoding import encoder_for
from services.anonymiser.pixels.examining import FindsText
from services.anonymiser.pixels.fragments import EXTENDED_LENGTHS, EXTENDED_OFFSETS, Unmapped
from services.anonymiser.pixels.masks import masked
from services.anonymiser.pixels.policy import PixelPolicy, Unexamined, to_look_at
from services.anonymiser.pixels.regions import outside, regions
from services.anonymiser.pixels.restating import not_burned_in, recoded, restated, stale
from services.anonymiser.pixels.rewriting import Anew, Found, written_anew
from services.anonymiser.pixels.source import Misfit, natively, source_of
from services.anonymiser.pixels.stored import decodable
from services.anonymiser.pixels.workers import Examiner, WorkerDied, WorkerFailed, WorkerTimeout
from shared.outcome import Reason


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


def clean_pixels(
    elements: Item,
    syntax: Syntax,
    policy: PixelPolicy,
    examiner: Examiner | None,
    detector: Callable[[], FindsText] = detecting.detector,
    deadline: Deadline = UNHURRIED,
) -> Untouched | Blanked | HeldPixels:
    """What is to be done with the pixels of an object. Whatever codecs do happens in `examiner`; without one, objects
    that need it are held, and so are those that take longer than `deadline`. `detector` is importable by name. Raises
    Transient when no worker can be started.
    """
    pixels = pixels_of(elements)
    if pixels is None:
        return Untouched(examined=False)
    try:
        described = describe(elements, syntax)
        source = source_of(pixels, described, elements)
        around = regions(elements, syntax, described.rows, described.columns)
        dispatch = Dispatch(described, source, examiner, detector, around, deadline)
        return _Object(elements, syntax, policy, dispatch, len(pixels.value)).cleaned()
    except MustHold as held:
        return HeldPixels(held.reason)
    except (WorkerDied, WorkerTimeout, BeyondLimits):
        return HeldPixels(Reason.NOT_EXAMINED)
    except (Undescribed, Unmapped, segments.Unparsed, Misfit, WorkerFailed):
        return HeldPixels(Reason.UNREADABLE_PIXELS)


@dataclass(frozen=True, slots=True)
class _Object:
    elements: Item
    syntax: Syntax
    policy: PixelPolicy
    dispatch: Dispatch
    length: int

    @property
    def described(self) -> Description:
        return self.dispatch.described

    def cleaned(self) -> Untouched | Blanked:
        if residue.overlay_within(self.elements, self.described, self.syntax):
            raise MustHold(Reason.OVERLAY)
        masks = self._masks()
        looked = bool(masks) or to_look_at(self.elements, self.syntax, self.policy)
        if looked and not self.policy.clean:
            raise MustHold(Reason.BURNED_IN_TEXT)
        examined = looked and self._can_be_examined(masks)
        found = Found(self._read(masks) if examined else {}, frozenset(self.dispatch.speaking()))
        plain = self._plain()
        if found:
            return self._blanked(found, plain, examined)
        if self.dispatch.source.tidy and not plain:
            return Untouched(examined)
        return self._told(self._replaced(self.dispatch.source.element(plain)), self.syntax, examined)

    def _masks(self) -> tuple[Box, ...]:
        """What is blanked in every frame, text or not."""
        d = self.described
        image = Box(0, 0, d.columns, d.rows)
        stated = masked(self.elements, self.syntax, self.policy.layouts)
        around = outside(self.dispatch.regions, d.rows, d.columns) if self.policy.outside_regions else ()
        return merged(box.clipped(image) for box in (*stated, *around))

    def _can_be_examined(self, masks: tuple[Box, ...]) -> bool:
        d, limits = self.described, self.policy
        if (
            self.dispatch.examiner is not None
            and decodable(d)
            and self.length <= limits.max_bytes
            and d.frames <= limits.max_frames
            and d.rows * d.columns * d.samples <= limits.max_samples
        ):
            return True
        if masks or limits.unexamined is Unexamined.HOLD:
            raise MustHold(Reason.NOT_EXAMINED)
        return False

    def _read(self, masks: tuple[Box, ...]) -> dict[int, tuple[Box, ...]]:
        return {frame: merged((*masks, *boxes)) for frame, boxes in self.dispatch.read(masks).items()}

    def _plain(self) -> dict[int, bytes]:
        """Codestreams that had more in them than an image, without that."""
        if not self.described.encapsulated or not segments.spoken_in(self.syntax.uid):
            return {}
        frames = ((number, bytes(self.dispatch.source.frame(number))) for number in range(self.described.frames))
        made = ((number, frame, segments.plain(frame, self.syntax.uid)) for number, frame in frames)
        return {number: plain for number, frame, plain in made if plain is not frame}

    def _blanked(self, found: Found, plain: Mapping[int, bytes], examined: bool) -> Blanked:
        if self.length > self.policy.max_bytes:
            raise MustHold(Reason.BURNED_IN_TEXT)
        if encoder_for(self.described):
            try:
                return self._in_its_syntax(found, plain, examined)
            except NoEncoder:
                pass
        return self._natively(found, examined)

    def _in_its_syntax(self, found: Found, plain: Mapping[int, bytes], examined: bool) -> Blanked:
        written = dict(written_anew(self.dispatch, found, native=False))
        changes = {**plain, **{frame: made.written.frame for frame, made in written.items()}}
        elements = self._replaced(self.dispatch.source.element(changes))
        elements |= recoded(self.described, whole=len(written) == self.described.frames)
        return self._told(elements, self.syntax, examined, written.values())

    def _natively(self, found: Found, examined: bool) -> Blanked:
        written: dict[int, Anew] = {}
        now = None
        for frame, made in written_anew(self.dispatch, found, native=True):
            if made.written.described != (now or made.written.described):
                raise Misfit
            now = made.written.described
            if now.length > self.policy.max_bytes:
                raise MustHold(Reason.BURNED_IN_TEXT)
            written[frame] = made
        assert now is not None  # there is one frame at least
        pixels = natively((written[frame].written.frame for frame in sorted(written)), now)
        elements = self._replaced(pixels) | restated(self.elements, self.described, now, self.length)
        return self._told(elements, Syntax(str(ExplicitVRLittleEndian)), examined, written.values())

    def _replaced(self, pixels: Element) -> dict[int, Element | None]:
        """The pixel data, and no table of the old offsets."""
        tables = (tag for tag in (EXTENDED_OFFSETS, EXTENDED_LENGTHS) if find(self.elements, tag))
        return {pixels.tag: pixels, **dict.fromkeys(tables)}

    def _told(
        self, elements: dict[int, Element | None], syntax: Syntax, examined: bool, written: Iterable[Anew] = ()
    ) -> Blanked:
        clean: dict[int, Element | None] = {BURNED_IN_ANNOTATION: not_burned_in()} if examined else {}
        places = {box for made in written for box in made.boxes}
        return Blanked(elements | stale(self.elements) | clean, syntax, examined, len(places))
