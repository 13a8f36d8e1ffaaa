"""A data set read by pydicom: slow, and lenient with what other writers get wrong. The walker is measured by it.

The two agree on every tree but in this: pydicom cannot take a Specific Character Set that has zeros within or is sent
as a number, and refuses the object; the walker reads it, and its texts count as undecodable.
"""

import logging
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_sequence

from services.anonymiser.dataset.fragments import fragments
from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Limits, Unreadable
from services.anonymiser.dataset.tags import PIXEL_REPRESENTATION
from services.anonymiser.dataset.tree import BULK_BYTES, Element, Item, Syntax
from services.anonymiser.dataset.vrs import BYTES_VRS, LONG_VRS, US_OR_SS, VRS, implied_vr, may_be_bulk
from services.anonymiser.dataset.walking import PIXELS, UNDEFINED_LENGTH
from shared.outcome import Reason

_READS_PER_ELEMENT = 4
_TIMES_READ = 4
"""Sequences within each other are read once per level."""
_HEAD, _LONG_HEAD = 8, 12

# pydicom quotes values in what it logs.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)


def read_elements(body: bytes | memoryview, syntax: Syntax, limits: Limits = LIMITS) -> Item:
    """The data set `body`, inflated already. Raises Unreadable or BeyondLimits."""
    if len(body) > limits.reference_bytes:
        raise BeyondLimits
    deadline = time.monotonic() + limits.seconds
    watch = _Watch(limits.elements * _READS_PER_ELEMENT, len(body) * _TIMES_READ + 2**20, deadline)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = _data_set(bytes(body), syntax, watch)
            elements = _Tree(syntax.little, limits, watch).elements(dataset, 0, signed=False)
    except (RecursionError, MemoryError):
        raise BeyondLimits from None
    except (BeyondLimits, Unreadable):
        raise
    except Exception:  # pydicom lets whatever struct, codecs or its own code raise come through
        if watch.over:
            raise BeyondLimits from None
        raise Unreadable(Reason.UNDECODABLE) from None
    if not elements:
        raise Unreadable(Reason.UNDECODABLE)
    return elements


@dataclass(slots=True)
class _Watch:
    """Counts what pydicom reads, because it knows no limits itself."""

    reads: int
    size: int
    deadline: float
    over: bool = False

    def spend(self, size: int = 0) -> None:
        self.reads -= 1
        self.size -= size
        if min(self.reads, self.size) < 0 or (not self.reads % 1024 and time.monotonic() > self.deadline):
            self.over = True  # pydicom takes some exceptions for its own
            raise BeyondLimits


class _Stream(BytesIO):
    """Bytes that are watched. `head` is where the last head began, `tail` what stood there if it was not whole."""

    def __init__(self, body: bytes, watch: _Watch) -> None:
        super().__init__(body)
        self.size = len(body)
        self.watch = watch
        self.head, self.tail = 0, b""

    def read(self, size: int | None = -1) -> bytes:
        position = self.tell()
        content = super().read(size)
        self.watch.spend(len(content))
        if size == _HEAD:
            self.head, self.tail = position, content if len(content) < _HEAD else b""
        return content


@dataclass(slots=True)
class _Behind:
    """Stops reading where something behind the pixel data is no element, as `walking` does."""

    stream: _Stream
    implicit: bool
    last: int = -1

    def __call__(self, tag: int, vr: str | None, length: int) -> bool:
        if self.last < 0:
            if tag in PIXELS and (self.implicit or vr in LONG_VRS):
                self.last = int(tag)
            return False
        fits = length == UNDEFINED_LENGTH or self.stream.tell() + length <= self.stream.size
        if tag <= self.last or tag >> 16 == 0xFFFE or not (self.implicit or vr in VRS) or not fits:
            return True
        self.last = int(tag)
        return False


def _data_set(body: bytes, syntax: Syntax, watch: _Watch) -> Dataset:
    stream = _Stream(body, watch)
    behind = _Behind(stream, implicit=not (body[4:5].isupper() and body[5:6].isupper()))  # as pydicom finds it out
    try:
        dataset = read_dataset(stream, syntax.implicit, syntax.little, stop_when=behind)
    except Exception:
        if behind.last < 0 or not _HEAD <= stream.size - stream.head < _LONG_HEAD:
            raise
        return _data_set(body[: stream.head], syntax, watch)
    position = stream.tell()
    if position > stream.size or (behind.last < 0 and (stream.tail.strip(b"\0") or position < stream.size)):
        raise Unreadable(Reason.UNDECODABLE)
    return dataset


@dataclass(frozen=True, slots=True)
class _Tree:
    """Makes elements of what pydicom read."""

    little: bool
    limits: Limits
    watch: _Watch

    def elements(self, dataset: Dataset, depth: int, *, signed: bool) -> Item:
        if depth > self.limits.depth:
            raise BeyondLimits
        signed = self._signed(dataset) if PIXEL_REPRESENTATION in dataset else signed
        return tuple(self._element(dataset, int(tag), depth, signed) for tag in sorted(dataset.keys()))

    def _signed(self, dataset: Dataset) -> bool:
        raw = dataset.get_item(PIXEL_REPRESENTATION, keep_deferred=True)
        order = "little" if self.little else "big"
        return isinstance(raw, RawDataElement) and int.from_bytes(raw.value or b"", order) == 1

    def _element(self, dataset: Dataset, tag: int, depth: int, signed: bool) -> Element:
        raw = dataset.get_item(tag, keep_deferred=True)  # pydicom takes every empty number for deferred
        if tag >> 16 == 0xFFFE:
            raise Unreadable(Reason.UNDECODABLE)
        if not isinstance(raw, RawDataElement):
            return Element(tag, "SQ", b"", self._items(raw.value, depth, signed))
        vr, value = self._vr(raw, tag, signed), raw.value or b""
        if raw.length == UNDEFINED_LENGTH:
            return self._undefined(tag, raw.VR, vr, value)
        if raw.length != len(value):
            raise Unreadable(Reason.UNDECODABLE)
        return self._sequence(raw, tag, value, depth, signed) if vr == "SQ" else self._valued(tag, vr, value)

    def _items(self, items: Iterable[Dataset], depth: int, signed: bool) -> tuple[Item, ...]:
        return tuple(self.elements(item, depth + 1, signed=signed) for item in items)

    def _vr(self, raw: RawDataElement, tag: int, signed: bool) -> str:
        if raw.VR in VRS and (raw.VR != "UN" or not self.little):  # UN is little endian within big endian
            return str(raw.VR)
        vr = implied_vr(tag)
        return ("SS" if signed else "US") if vr == US_OR_SS else vr

    def _undefined(self, tag: int, written: str | None, vr: str, value: bytes) -> Element:
        if written is None and vr == "UN" and not value:
            return Element(tag, "SQ")
        if vr in BYTES_VRS and vr != "UN":
            for _ in fragments(value):  # ValueError if it is none
                self.watch.spend()
            return self._valued(tag, vr, value, encapsulated=True)
        if tag & 0x10000:
            return self._valued(tag, "UN", value)
        raise Unreadable(Reason.UNDECODABLE)

    def _sequence(self, raw: RawDataElement, tag: int, value: bytes, depth: int, signed: bool) -> Element:
        # A sequence that was sent as UN is in implicit VR, whatever the rest is in (PS3.5 Section 6.2.2).
        implicit = raw.is_implicit_VR or raw.VR == "UN"
        try:
            items = read_sequence(_Stream(value, self.watch), implicit, self.little, len(value), "iso8859")
            return Element(tag, "SQ", b"", self._items(items, depth, signed))
        except BeyondLimits:
            raise
        except Exception:
            # What vendors put into elements of their own need not be well formed.
            if self.watch.over or not tag & 0x10000:
                raise
            return self._valued(tag, "UN", value)

    def _valued(self, tag: int, vr: str, value: bytes, encapsulated: bool = False) -> Element:
        if len(value) > BULK_BYTES and vr in BYTES_VRS and may_be_bulk(tag):
            return Element(tag, vr, memoryview(value), encapsulated=encapsulated)
        if len(value) > self.limits.value_bytes:
            raise BeyondLimits
        return Element(tag, vr, value, encapsulated=encapsulated)
