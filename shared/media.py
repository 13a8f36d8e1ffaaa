"""Media types and their negotiation (RFC 9110 Sections 8.3 and 12.5.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
MULTIPART = "multipart/related"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, or a range of them in an Accept header; in lower case but for the parameters' values."""

    type: str
    parameters: dict[str, str] = field(default_factory=dict)
    quality: float = 1.0

    def admits(self, media_type: str) -> bool:
        """Whether `media_type` (without parameters) lies in this range."""
        kind, _, name = self.type.partition("/")
        return self.type in ("*/*", media_type) or (name == "*" and media_type.startswith(f"{kind}/"))


def read(text: str) -> MediaType:
    """A media type with its parameters, whatever it is: '' where there is none."""
    kind, *pairs = _split(text, ";")
    parameters: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        parameters[name.strip().lower()] = _unquoted(value.strip())
    return MediaType(kind.strip().lower(), parameters, _quality(parameters.pop("q", "1")))


def parse(header: str) -> tuple[MediaType, ...]:
    """The ranges of an Accept header, best first; an empty header accepts everything."""
    ranges = [read(part) for part in _split(header, ",") if part.strip()]
    acceptable = [item for item in ranges if item.quality > 0]
    if not ranges:
        return (MediaType("*/*"),)
    return tuple(sorted(acceptable, key=lambda item: -item.quality))


def choose(header: str, offered: Sequence[str]) -> str | None:
    """The first of `offered` that the best matching range admits; None: 406."""
    for wanted in parse(header):
        for media_type in offered:
            if wanted.admits(media_type):
                return media_type
    return None


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value


def _split(text: str, separator: str) -> Iterator[str]:
    """`text` cut at separators that stand outside quotes."""
    start, quoted = 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:position]
            start = position + 1
    yield text[start:]
