"""Text beside the pixels: what no decoder shows is taken out of a codestream, and nothing is encoded again.

ISO/IEC 10918-1 B.1 (JPEG), 14495-1 C.1 (JPEG-LS), 15444-1 A (JPEG 2000).
"""

import re
from struct import pack, unpack_from

import numpy as np
from pydicom.uid import JPEGLSTransferSyntaxes, JPEGTransferSyntaxes

from services.anonymiser.pixels.description import Array
from shared.dicom.codestream import JPEG_2000

_JPEG_LS = frozenset(JPEGLSTransferSyntaxes)
_JPEG = frozenset(JPEGTransferSyntaxes) | _JPEG_LS
_START, _END, _SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a segment: TEM, RST0 to RST7."""
_HARMLESS = re.compile(
    rb"\xe0(?:JFIF|LJIF)\x00.{6,7}\x00\x00|\xe8mrfx.|\xe8SPIFF\x00.{24}|\xe8\x00\x00\x00\x01\xff\xd8|\xeeAdobe.{0,7}",
    re.DOTALL,
)
"""Application segments of fixed form: JFIF without its small picture, SPIFF's header and end, colour transforms."""
_JFIF, _JFIF_BYTES = b"JFIF\0", 14
_J2K_START, _J2K_TILE, _J2K_DATA, _J2K_END, _J2K_COMMENT = b"\xff\x4f", 0xFF90, 0xFF93, b"\xff\xd9", 0xFF64
_CODESTREAM_BOX = b"jp2c"
_TEXT = b"\0\1"
_MAKERS = re.compile(
    rb"(?:Created by (?:GDCM/)?OpenJPEG version [\d.]{1,9}|Kakadu-v?[\d.]{1,9}|OpenJPH Ver [\d.]{1,9}"
    rb"|Creator: JasPer Version [\d.]{1,9}|Pegasus Imaging Corp|AVLT_\d{1,3}|MITRA_DICOM_STANDARD|Lavc[\d.]{1,12}"
    rb"|LEAD Technologies Inc\. V[\d.]{1,6}|CREATOR: gd-jpeg v[\d.]{1,6} \(using IJG JPEG v\d\d\)"
    rb"|Kdu-Layer-Info: log_2\{Delta-D\([\w-]{1,16}\)/\[[\d^*]{0,6}Delta-L\(bytes\)\]\}, L\(bytes\)\n"
    rb"(?: *-?\d{1,4}\.\d, +\d\.\de\+\d{1,3}\n?)*)\x00?"
)
"""Comments in which an encoder names itself and no more."""


class Unparsed(Exception):
    """The codestream does not follow its own standard, so nobody can tell pixels from what stands beside them."""


def spoken_in(syntax: str) -> bool:
    """Whether codestreams of this syntax have places for text."""
    return syntax in JPEG_2000 or syntax in _JPEG


def plain(frame: bytes, syntax: str) -> bytes:
    """The codestream of one frame with no more than decoding takes; `frame` itself if it has no more. Raises Unparsed.

    What an encoder tells of itself may stay. Syntaxes without such segments are returned as they are.
    """
    if syntax in JPEG_2000:
        kept = _plain_jpeg_2000(frame)
    elif syntax in _JPEG:
        kept = _plain_jpeg(frame, _markers(frame, syntax in _JPEG_LS))
    else:
        return frame
    rest = frame[len(kept) :]
    # Padding behind the image is none of it, and not worth a change.
    return frame if frame.startswith(kept) and len(rest) < 3 and not rest.strip(b"\0 \xff") else kept


def _plain_jpeg(frame: bytes, markers: Array) -> bytes:
    position = _expected(frame, 0, b"\xff\xd8")
    kept = bytearray(frame[:position])
    while True:
        if position + 2 > len(frame) or frame[position] != 0xFF:
            raise Unparsed
        marker = frame[position + 1]
        if marker == 0xFF:  # fill
            position += 1
            continue
        end = position + 2
        if marker == _END:
            return bytes(kept + frame[position:end])
        if marker not in _ALONE:
            end += _length(frame, end)
            if marker == _SCAN:
                following = int(np.searchsorted(markers, end))
                if following == len(markers):
                    # Cut off, as some senders do; decoders show what is there.
                    return bytes(kept + frame[position:])
                end = int(markers[following])
        kept += _segment(marker, frame[position:end])
        position = end


def _markers(frame: bytes, jpeg_ls: bool) -> Array:
    """Where markers could stand in entropy-coded data: FF and a byte that is neither stuffed nor fill nor a restart.
    After FF, JPEG stuffs a byte of zero, and JPEG-LS one bit."""
    values = np.frombuffer(frame, np.uint8)
    starts = np.flatnonzero(values[:-1] == 0xFF)
    following = values[starts + 1]
    lowest = 0x80 if jpeg_ls else 0x01
    restart = (following & 0xF8) == 0xD0
    found: Array = starts[(following >= lowest) & (following != 0xFF) & ~restart]
    return found


def _segment(marker: int, segment: bytes) -> bytes:
    """What may stay of a segment, its marker and length included."""
    content = segment[4:]
    if marker == _COMMENT:
        return segment if _MAKERS.fullmatch(content) else b""
    if not 0xE0 <= marker <= 0xEF:
        return segment
    if _HARMLESS.fullmatch(segment[1:2] + content):
        return segment
    if marker == 0xE0 and content.startswith(_JFIF) and len(content) >= _JFIF_BYTES:
        return segment[:2] + pack(">H", 16) + content[:12] + b"\0\0"
    return b""


def _plain_jpeg_2000(frame: bytes) -> bytes:
    if not frame.startswith(_J2K_START):
        frame = _unboxed(frame)
    position = _expected(frame, 0, _J2K_START)
    kept = bytearray(_J2K_START)
    header, position = _header(frame, position, _J2K_TILE)
    kept += header
    while frame[position : position + 2] not in (_J2K_END, b""):
        part, position = _tile_part(frame, position)
        kept += part
    return bytes(kept + frame[position : position + 2])


def _header(frame: bytes, position: int, until: int) -> tuple[bytes, int]:
    """The segments up to the marker `until`, without comments, and where that marker stands."""
    kept = bytearray()
    while True:
        if position + 2 > len(frame):
            raise Unparsed
        (marker,) = unpack_from(">H", frame, position)
        if marker == until:
            return bytes(kept), position
        if not 0xFF4F < marker < 0xFF90:
            raise Unparsed
        end = position + 2 + _length(frame, position + 2)
        comment = marker == _J2K_COMMENT
        if not comment or (
            frame[position + 4 : position + 6] == _TEXT and _MAKERS.fullmatch(frame[position + 6 : end])
        ):
            kept += frame[position:end]
        position = end


def _tile_part(frame: bytes, position: int) -> tuple[bytes, int]:
    """A tile-part (A.4.2) and the place after it. Its length is told in SOT, and 0 means up to the end."""
    if len(frame) < position + 12 or unpack_from(">HH", frame, position) != (_J2K_TILE, 10):
        raise Unparsed
    (length,) = unpack_from(">L", frame, position + 6)
    end = position + length if length else max(frame.rfind(_J2K_END), position + 12)
    header, data = _header(frame, position + 12, _J2K_DATA)
    if data > end:
        raise Unparsed
    dropped = data - (position + 12) - len(header)
    start = frame[position : position + 6] + pack(">L", length - dropped if length else 0) + frame[position + 10 :][:2]
    return start + header + frame[data:end], min(end, len(frame))


def _unboxed(frame: bytes) -> bytes:
    """The codestream out of a JP2 file (ISO/IEC 15444-1 Annex I), which DICOM does not want, but gets."""
    position = 0
    while position + 8 <= len(frame):
        (length,) = unpack_from(">L", frame, position)
        head = 8
        if length == 1 and position + 16 <= len(frame):
            (length,) = unpack_from(">Q", frame, position + 8)
            head = 16
        end = position + length if length else len(frame)
        if frame[position + 4 : position + 8] == _CODESTREAM_BOX:
            return frame[position + head : end]
        if end <= position + head - 1:
            break
        position = end
    raise Unparsed


def _expected(frame: bytes, position: int, wanted: bytes) -> int:
    if not frame.startswith(wanted, position):
        raise Unparsed
    return position + len(wanted)


def _length(frame: bytes, position: int) -> int:
    """The length that a segment tells at `position`, two bytes for itself included."""
    if position + 2 > len(frame):
        raise Unparsed
    length = int(unpack_from(">H", frame, position)[0])
    if length < 2 or position + length > len(frame):
        raise Unparsed
    return length
