"""Rows as a person reads them: names, coarse times, sizes and the shares of a bar (pure)."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydicom.uid import UID

from services.gateway.sites import SiteBook
from shared.letters import Cause, Letter
from shared.outcome import Reason

MEANINGS = {
    Reason.BURNED_IN_TEXT: "text may be burned into the pixels",
    Reason.ENCAPSULATED_DOCUMENT: "carries a whole document",
    Reason.OVERLAY: "has an overlay that cannot be removed",
    Reason.UNCLEANABLE: "cannot be cleaned safely",
    Reason.RESIDUAL_IDENTITY: "something of the patient may still be in it",
    Reason.HELD_BY_PROFILE: "the profile wants a person to decide",
    Reason.POSSIBLE_FACE: "a face may be rendered from it",
    Reason.NOT_EXAMINED: "its pixels could not be examined",
    Reason.UNREADABLE_PIXELS: "its pixels cannot be read",
    Reason.DROPPED_BY_PROFILE: "the profile drops such objects",
    Reason.DISCARDED: "discarded by a person",
    Reason.EXPIRED: "held too long, and deleted",
    Reason.NOT_DICOM: "not a DICOM data set",
    Reason.UNDECODABLE: "data set cannot be read",
    Reason.MISSING_UID: "no SOP class, study, series or instance UID",
    Reason.MISSING_TYPE_1: "a mandatory attribute is missing",
    Reason.MALFORMED_UID: "a UID is malformed",
    Reason.PIXEL_LENGTH: "pixel data has the wrong length",
    Reason.MODALITY_MISMATCH: "modality does not fit the kind of object",
    Reason.UID_CONFLICT: "its UID belongs to another instance",
    Reason.SAME_CONTENT: "the same content is here already",
    Reason.NO_PIXELS: "has no pixels",
    Reason.NO_DECODER: "no decoder for its pixels",
    Reason.DECODER_FAILED: "its pixels cannot be decoded",
    Reason.DECODER_DIED: "its pixels broke the decoder",
    Reason.UNDECODABLE_EVENT: "the event cannot be read",
    Reason.OUTPUT_TOO_LARGE: "what a stage made of it is too large",
    Reason.WORKER_DIED: "it ended each worker that handled it",
    Reason.WORKER_HUNG: "it took each worker longer than may be",
    Reason.UNEXPECTED: "our fault: a defect in a stage",
}
STEP_NAMES = {
    "anonymiser": "De-identified",
    "validator": "Checked",
    "indexer": "Indexed",
    "thumbnailer": "Pictured",
}
OUTCOME_NAMES = {
    "anonymised": "Identity removed, clean copy stored",
    "validated": "Valid instance",
    "indexed": "Can be found",
    "thumbnailed": "Picture made",
    "no-picture": "No picture",
    "rejected": "Not let in",
}
OUTCOME_TONES = {"rejected": "bad", "no-picture": "plain"}
STAGES = (
    ("anonymised", "De-identified"),
    ("validated", "Checked"),
    ("thumbnailed", "Pictured"),
    ("indexed", "Indexed"),
)
"""In the order in which counts fall: what the index does not let in has a picture already."""
MODALITIES = {
    "CR": "X-ray",
    "CT": "CT scan",
    "DX": "X-ray",
    "ECG": "electrocardiogram",
    "MG": "mammogram",
    "MR": "MR scan",
    "NM": "nuclear medicine",
    "OT": "other images",
    "PT": "PET scan",
    "REG": "registration",
    "RF": "fluoroscopy",
    "RTDOSE": "RT dose",
    "RTIMAGE": "RT image",
    "RTPLAN": "RT plan",
    "RTRECORD": "RT record",
    "RTSTRUCT": "RT structures",
    "SC": "secondary capture",
    "SEG": "segmentation",
    "SM": "slide microscopy",
    "SR": "structured report",
    "US": "ultrasound",
    "XA": "angiography",
}
"""Modalities (PS3.3 C.7.3.1.1.1) in words, for studies whose own description did not survive de-identification."""
SEXES = {"F": "Female", "M": "Male", "O": "Other"}


STOPPED = (
    ("dead-lettered", "Dead in the identified zone"),
    ("quarantined", "Held for a person"),
    ("rejected", "Rejected"),
)
"""Outcomes of instances that have not become clean, as sites are counted by them."""
LETTER_STATES = {"open": "open", "requeued": "requeued", "resolved": "went through", "discarded": "discarded"}
SHOWN_HEADERS = ("ce_type", "ce_id", "ce_subject", "ce_time")
"""Of a dead record's headers those that are ours to tell, whatever else somebody wrote."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many instances ended for one reason, in all and by site."""

    reason: str
    count: int
    sites: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a site's bar: `x` and `width` in thousandths of it."""

    name: str
    label: str
    count: int
    x: float
    width: float


def segments(book: SiteBook) -> tuple[Segment, ...]:
    """The bar of a site. Every count above nothing is at least a sliver wide, so that none disappears."""
    parts = (
        ("clean", "clean", book.clean),
        ("moving", "on the way", book.on_the_way),
        ("held", "held for a person", book.held),
        ("bad", "rejected", book.rejected),
        ("dead", "dead letters", book.dead_lettered),
    )
    shares = [max(12.0, 1000 * count / book.known) if count else 0.0 for _, _, count in parts]
    total = sum(shares) or 1.0
    found: list[Segment] = []
    x = 0.0
    for (name, label, count), share in zip(parts, shares, strict=True):
        width = 1000 * share / total
        found.append(Segment(name, label, count, round(x, 1), round(width, 1)))
        x += width
    return tuple(found)


def stopped(books: Iterable[SiteBook], outcome: str) -> tuple[Stopped, ...]:
    """What ended like that, by reason; the most first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for book in books:
        for item in book.reasons:
            if item.outcome == outcome:
                found.setdefault(item.reason, []).append((book.site, item.count))
    rows = (
        Stopped(reason, sum(count for _, count in sites), tuple(sorted(sites, key=lambda one: (-one[1], one[0]))))
        for reason, sites in found.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.count, row.reason)))


def letter_state(letter: Letter) -> str:
    """What became of a dead letter, in words."""
    return "died again" if letter.died_again else LETTER_STATES[letter.state]


def headers_shown(letter: Letter) -> tuple[tuple[str, str], ...]:
    """Names and values of the record's headers that a page may tell."""
    found = letter.event.record_headers
    return tuple((name, found[name]) for name in SHOWN_HEADERS if name in found)


def requeue_command(cause: Cause) -> str:
    """What requeues all open letters of one cause, for a shell."""
    options = {
        "zone": cause.zone,
        "service": cause.stage,
        "reason": cause.reason,
        "error": cause.error,
        "release": cause.release,
    }
    told = (f"--{name} {shlex.quote(value)}" for name, value in options.items() if value)
    return f"isocentre dlq requeue {' '.join(told)}"


def title(study: Mapping[str, Any]) -> str:
    """What to call a study: its description or, where de-identification has left none, what it is made of."""
    described = str(study["study_description"] or "").strip()
    if described:
        return described
    names: list[str] = [MODALITIES.get(modality, modality) for modality in study["modalities"]]
    if not names:
        return "Study"
    first = names[0][0].upper() + names[0][1:]
    if len(names) == 1:
        return first
    return f"{first} and {names[1]}" if len(names) == 2 else f"{first} and {len(names) - 1} more"


def things(count: int, pictures: int) -> str:
    """So many images or, where none of them can be looked at, objects."""
    noun = "image" if pictures else "object"
    return f"{number(count)} {noun if count == 1 else noun + 's'}"


def coarse(at: datetime | None, now: datetime) -> str:
    """How long ago, no finer than an hour: beside a shifted date a fine time would tell the shift."""
    if at is None:
        return "some time ago"
    hours = int((now - at) / timedelta(hours=1))
    days = hours // 24
    if hours < 1:
        return "within the hour"
    if hours < 24:
        return "1 hour ago" if hours == 1 else f"{hours} hours ago"
    return "yesterday" if days < 2 else f"{days} days ago" if days < 60 else f"{at:%B %Y}"


def hour(at: datetime) -> str:
    """The hour in which a time lies, and no more of it."""
    utc = at.astimezone(UTC)
    return f"{utc:%-d %b %Y, %H}\N{EN DASH}{utc.hour + 1:02d} h UTC"


def after(seconds: float) -> str:
    """Seconds since the first step, as a person says it."""
    if seconds < 0.001:
        return "start"
    if seconds < 120:
        return f"+{seconds:.1f} s" if seconds >= 0.1 else f"+{1000 * seconds:.0f} ms"
    return f"+{seconds / 60:.0f} min" if seconds < 7200 else f"+{seconds / 3600:.0f} h"


def day(value: date | None) -> str:
    """A (shifted) date of the data set."""
    return f"{value:%-d %b %Y}" if value else "no date"


def clock(value: str | None) -> str:
    """A DICOM time as hours and minutes."""
    return f"{value[:2]}:{value[2:4]}" if value and len(value) >= 4 else ""


def size(octets: int) -> str:
    """Bytes in the unit that suits them."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def number(value: int | None) -> str:
    """A count with thin spaces between thousands."""
    return "\u2013" if value is None else f"{value:,}".replace(",", "\u2009")


def uid_name(uid: str) -> str:
    """The name that PS3.6 gives to a UID; the UID itself when it gives none."""
    return UID(uid).name


def short(uid: str) -> str:
    """The beginning and the end of a long UID."""
    return uid if len(uid) <= 24 else f"{uid[:10]}…{uid[-8:]}"


def meaning(reason: str | None) -> str:
    """A reason code in words."""
    return MEANINGS.get(Reason(reason), reason) if reason in set(Reason) else reason or ""


def by_series(series: Iterable[Mapping[str, Any]], instances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The series of a study, each with its instances."""
    found = [{**row, "instances": []} for row in series]
    places = {row["series_instance_uid"]: row["instances"] for row in found}
    for instance in instances:
        places[instance["series_instance_uid"]].append(instance)
    return found
