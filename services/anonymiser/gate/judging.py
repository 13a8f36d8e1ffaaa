"""How an original value stands in one element, and how much that says: whole or within a word, or among numbers."""

import re
from dataclasses import dataclass
from functools import cached_property

from services.anonymiser.gate.folding import SEPARATORS, squeezed
from services.anonymiser.gate.marks import LONG_PHRASE
from services.anonymiser.gate.residue import Detector, Severity
from services.anonymiser.gate.shown import Spot
from services.anonymiser.gate.sources import Kind
from services.anonymiser.gate.words import public

STRONG, WEAK = Severity.STRONG, Severity.WEAK
SURE_DIGITS, SURE_LETTERS, SURE_BYTES = 7, 8, 6
"""So long, a value is no coincidence, wherever it stands."""
DETECTORS: dict[Kind, Detector] = {
    Kind.NAME: Detector.NAME,
    Kind.IDENTIFIER: Detector.IDENTIFIER,
    Kind.CONTACT: Detector.CONTACT,
    Kind.PLACE: Detector.PLACE,
    Kind.INSTITUTION: Detector.INSTITUTION,
    Kind.DEVICE: Detector.DEVICE,
    Kind.CHARACTERISTIC: Detector.CHARACTERISTIC,
    Kind.PRIVATE: Detector.PRIVATE,
}
_WORDS = frozenset({Kind.NAME, Kind.CONTACT, Kind.PLACE, Kind.INSTITUTION})
_NUMBER_VRS = frozenset({"DS", "IS", "SV", "UV", "FD", "FL", "SL", "SS", "UL", "US", "AT"})
_TIME_VRS = frozenset({"DA", "DT", "TM", "AS"})
_OWN_UIDS = ("2.25.", "1.2.840.10008.")
_BETWEEN = f"[{re.escape(SEPARATORS)}]{{0,2}}"


@dataclass(frozen=True)
class Needle:
    """A form of an original value that is somewhere in the finished object: `form` as `marks` holds it."""

    kind: Kind
    form: str
    short: bool = False

    @property
    def detector(self) -> Detector:
        return DETECTORS[self.kind]

    @cached_property
    def bytes(self) -> bytes:
        return self.form.encode("ascii")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """With separators anywhere, except in numbers that are too short for that."""
        between = "" if self.short or (self.form.isdigit() and len(self.form) < SURE_DIGITS) else _BETWEEN
        body = between.join(map(re.escape, self.form))
        if not self.form.isdigit():
            return re.compile(body)
        begin = "" if self.kind == Kind.CONTACT else r"(?<!\d)(?<!\d\.)0*"  # of a telephone number we know the end
        return re.compile(rf"{begin}{body}(?!\d)")

    def severity(self, spot: Spot, texts: tuple[str, ...]) -> Severity | None:
        """How much its being in `spot` says, of which `texts` are the folded readings; None if it is not there."""
        found = {self._in(spot, text) for text in texts}
        return STRONG if STRONG in found else WEAK if WEAK in found else None

    def _in(self, spot: Spot, text: str) -> Severity | None:
        if self.form.isdigit():
            return self._number(spot, text)
        best: Severity | None = None
        for match in self.pattern.finditer(text):
            before, after = text[: match.start()][-1:], text[match.end() :][:1]
            severity = self._word(spot, text, match, whole=not (self._joins(before) or self._joins(after)))
            if severity == STRONG:
                return STRONG
            best = best or severity
        return best

    def _joins(self, sign: str) -> bool:
        """Whether this neighbour makes it part of a longer word. A name may have a number beside it."""
        return sign.isalpha() or (sign.isdigit() and self.kind not in _WORDS)

    def _word(self, spot: Spot, text: str, match: re.Match[str], whole: bool) -> Severity | None:
        if self.short:
            if not whole or not (spot.is_text or spot.vr == "UN"):
                return None
            sure = self.kind == Kind.NAME and spot.is_text and not spot.standard and self.bytes not in public()
            return STRONG if sure else WEAK
        if self.kind == Kind.PRIVATE or self._excused(spot) or spot.vr == "CS":
            return WEAK if whole else None
        if self.kind == Kind.CHARACTERISTIC and len(self.form) < LONG_PHRASE:
            return WEAK if whole else None
        if whole or len(self.form) >= SURE_LETTERS:
            return STRONG
        return None if self.kind in _WORDS and _around(text, match).encode() in public() else WEAK

    def _excused(self, spot: Spot) -> bool:
        """Whether it may well be a coincidence: the code would be the same without this patient, or the form is short.
        The sender says of which scheme a code is, so the scheme excuses nothing that is longer."""
        return spot.listed or (spot.standard and len(self.form) < SURE_DIGITS)

    def _number(self, spot: Spot, text: str) -> Severity | None:
        sure = len(self.form) >= SURE_DIGITS
        if spot.vr in _TIME_VRS or (spot.vr == "UI" and text.startswith(_OWN_UIDS)):
            return None
        if spot.vr in _NUMBER_VRS:
            same = any(part.strip().lstrip("0") == self.form for part in text.split("\\"))
            return (STRONG if len(self.form) > SURE_DIGITS else WEAK) if same else None
        if not self.pattern.search(text):
            return None
        if self.kind == Kind.PRIVATE or self._excused(spot) or self.short:
            return WEAK if spot.is_text else None
        return STRONG if sure or (self.kind == Kind.IDENTIFIER and spot.is_text) else WEAK


@dataclass(frozen=True, slots=True)
class Bytes:
    """A byte string of an original value in another encoding or script."""

    kind: Kind
    form: bytes

    @property
    def detector(self) -> Detector:
        return DETECTORS[self.kind]

    def severity(self, spot: Spot) -> Severity | None:
        if self.form not in squeezed(spot.value):
            return None
        return STRONG if len(self.form) >= SURE_BYTES or spot.is_text else WEAK


def _around(text: str, match: re.Match[str]) -> str:
    start, end = match.span()
    while start and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isalpha():
        end += 1
    return text[start:end]
