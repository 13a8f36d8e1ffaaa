"""Content negotiation (PS3.18 8.7): the Accept header read, and the answer chosen from what we can give."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JPEG = "image/jpeg"
MULTIPART = "multipart/related"
ANY_SYNTAX = "*"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header, in lower case but for the parameters' values."""

    type: str
    parameters: dict[str, str] = field(default_factory=dict)
    quality: float = 1.0

    def admits(self, media_type: str) -> bool:
        """Whether `media_type` (without parameters) lies in this range."""
        kind, _, name = self.type.partition("/")
        return self.type in ("*/*", media_type) or (name == "*" and media_type.startswith(f"{kind}/"))


@dataclass(frozen=True, slots=True)
class DicomAnswer:
    """How to send DICOM objects: in parts or as one, and in which transfer syntax (`*`: as stored)."""

    multipart: bool
    transfer_syntax: str


def parse(header: str) -> tuple[MediaRange, ...]:
    """The ranges of an Accept header (RFC 9110 12.5.1), best first; an empty header accepts everything."""
    ranges = [_media_range(part) for part in _split(header, ",") if part.strip()]
    acceptable = [item for item in ranges if item.quality > 0]
    if not ranges:
        return (MediaRange("*/*"),)
    return tuple(sorted(acceptable, key=lambda item: -item.quality))


def choose(header: str, offered: Sequence[str]) -> str | None:
    """The first of `offered` that the best matching range admits; None: 406."""
    for wanted in parse(header):
        for media_type in offered:
            if wanted.admits(media_type):
                return media_type
    return None


def choose_dicom(header: str, single: bool) -> tuple[DicomAnswer, ...]:
    """The acceptable ways to send DICOM objects, best first; none: 406.

    `single` is said of an instance, which may also go out without multipart (PS3.18 10.4.1.3, CP-2040).
    Without a transfer-syntax parameter the object goes out as it is stored: we never transcode.
    """
    return tuple(answer for wanted in parse(header) if (answer := _dicom_answer(wanted, single)) is not None)


def _dicom_answer(wanted: MediaRange, single: bool) -> DicomAnswer | None:
    syntax = wanted.parameters.get("transfer-syntax", ANY_SYNTAX)
    if wanted.type == DICOM:
        return DicomAnswer(False, syntax) if single else None
    if not wanted.admits(MULTIPART):
        return None
    inner = MediaRange(wanted.parameters.get("type", "*/*").lower())
    return DicomAnswer(True, syntax) if inner.admits(DICOM) else None


def _media_range(text: str) -> MediaRange:
    kind, *pairs = _split(text, ";")
    parameters: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        parameters[name.strip().lower()] = _unquoted(value.strip())
    return MediaRange(kind.strip().lower(), parameters, _quality(parameters.pop("q", "1")))


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value


def _split(text: str, separator: str) -> Iterable[str]:
    """`text` cut at separators that stand outside quotes."""
    start, quoted = 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:position]
            start = position + 1
    yield text[start:]
