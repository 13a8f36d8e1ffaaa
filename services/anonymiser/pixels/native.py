"""Native pixel data: frames out of the bytes and into them, without loss (PS3.5 Sections 8.1.1 and D)."""

import numpy as np

from services.anonymiser.pixels.description import Array, Description


def straight(value: bytes | memoryview, described: Description) -> bytes | memoryview:
    """`value` with one sample after the other: in big endian, words of two narrow samples stand the wrong way round."""
    if not described.swapped:
        return value
    whole = len(value) - len(value) % 2
    swapped = np.frombuffer(value[:whole], np.uint16).byteswap().tobytes()
    return swapped + bytes(value[whole:])


def cut(value: bytes | memoryview, described: Description, index: int) -> bytes | memoryview:
    """The bytes of frame `index` of a `straight` value. Frames of single bits are moved to begin with a byte."""
    first, last = index * described.bits, (index + 1) * described.bits
    if described.bits % 8 == 0:
        return value[first // 8 : last // 8]
    bits = np.unpackbits(np.frombuffer(value[first // 8 : (last + 7) // 8], np.uint8), bitorder="little")
    return np.packbits(bits[first % 8 :][: described.bits], bitorder="little").tobytes()


def put(value: bytearray, described: Description, index: int, frame: bytes) -> None:
    """Replaces frame `index` in a `straight` value; the reverse of `cut`."""
    first, last = index * described.bits, (index + 1) * described.bits
    if described.bits % 8 == 0:
        value[first // 8 : last // 8] = frame
        return
    covering = slice(first // 8, (last + 7) // 8)
    bits = np.unpackbits(np.frombuffer(value[covering], np.uint8), bitorder="little")
    fresh = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[: described.bits]
    bits[first % 8 : first % 8 + described.bits] = fresh
    value[covering] = np.packbits(bits, bitorder="little").tobytes()


def unpacked(frame: bytes | memoryview, described: Description) -> Array:
    """The stored values of one frame, in its own byte order: (rows, columns) or (rows, columns, samples).

    Raises ValueError when bytes are missing.
    """
    d = described
    if d.allocated == 1:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
        return bits[: d.bits].reshape(d.rows, d.columns)
    values = np.frombuffer(frame, d.dtype, d.bits // d.allocated)
    if d.halved:
        return _doubled(values.reshape(d.rows, d.columns // 2, 4))
    if d.samples == 1:
        return values.reshape(d.rows, d.columns)
    if d.planar:
        return values.reshape(d.samples, d.rows, d.columns).transpose(1, 2, 0)
    return values.reshape(d.rows, d.columns, d.samples)


def packed(array: Array, described: Description) -> bytes:
    """The bytes of a frame; the reverse of `unpacked` if halved colour is the same in both pixels of a pair."""
    d = described
    if d.allocated == 1:
        return np.packbits(array.astype(np.uint8), axis=None, bitorder="little").tobytes()
    if d.halved:
        array = _halved(array)
    elif d.samples > 1 and d.planar:
        array = array.transpose(2, 0, 1)
    return np.ascontiguousarray(array, d.dtype).tobytes()


def _doubled(pairs: Array) -> Array:
    """Y1 Y2 CB CR to a triple for each of the two (PS3.3 Section C.7.6.3.1.2)."""
    rows, half = pairs.shape[:2]
    array = np.empty((rows, half, 2, 3), pairs.dtype)
    array[..., 0] = pairs[..., :2]
    array[..., 1] = pairs[..., 2:3]
    array[..., 2] = pairs[..., 3:4]
    return array.reshape(rows, half * 2, 3)


def _halved(array: Array) -> Array:
    rows, columns = array.shape[:2]
    pairs = array.reshape(rows, columns // 2, 2, 3)
    return np.concatenate((pairs[..., 0], pairs[:, :, 0, 1:]), axis=-1)
