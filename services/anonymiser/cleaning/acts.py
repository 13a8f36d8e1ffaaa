"""What becomes of one value: the acts that a decision may ask for (PS3.15 Section E.1.1)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from services.anonymiser.cleaning import structured, uids
from services.anonymiser.cleaning.clock import apart, proper
from services.anonymiser.cleaning.memory import Told
from services.anonymiser.cleaning.subject import Subject
from services.anonymiser.cleaning.values import capped, dummy, each, proper_number
from services.anonymiser.dataset import text
from services.anonymiser.dataset.tags import OWN_UIDS, PATIENT_BIRTH_DATE, PATIENT_ID, PATIENT_NAME
from services.anonymiser.dataset.tree import Element
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, DATE_VRS, NUMBER_VRS, TEXT_VRS
from services.anonymiser.descriptors.attributes import MAKERS
from services.anonymiser.descriptors.cleaning import clean
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import Vocabulary
from services.anonymiser.findings import Code, finding
from services.anonymiser.profile.beyond import TYPED_CODES, enumerated
from services.anonymiser.profile.decision import Decision
from services.anonymiser.profile.model import Act
from services.anonymiser.profile.rules import Place
from services.anonymiser.standard.concepts import SCHEME
from shared.dicom.identity import Pseudonyms

_WITHOUT_WORDS = BYTES_VRS | NUMBER_VRS
_SHORT_WORD, _LONGEST_TEXT = 3, 64 * 1024
_DATE, _SHORTEST_TELLING = len("YYYYMMDD"), 7
"""Characters of a date, and of a number that may tell whose it is."""
# Long after the study it is the day on which somebody converted or sent the images of many patients: moved, that day
# would tell all their shifts as soon as one is known.
_INSTANCE_CREATION_DATE, _CREATION_DAYS = 0x00080012, 7
# Sentences are about one patient; labels, names of protocols and what machines write about themselves are of many, and
# a day that only they tell is one that others know: moved, it would tell the shift.
_SENTENCES, _OF_MACHINES = frozenset({"LT", "ST", "UT", "UC"}), frozenset({0x00082111})
_GRAPHIC_LAYER, _IMAGE = 0x00700002, 0x0028
_SHORT_CODE = 16
"""Characters of an SH or a CS (PS3.5 Table 6.2-1)."""


@dataclass(slots=True)
class Acts:
    """Carries out decisions about the values of one subject, and tells what it came across."""

    subject: Subject
    pseudonyms: Pseudonyms
    vocabulary: Vocabulary
    told: Told = field(default_factory=Told)

    def done(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        """What an element that is no sequence becomes; None if nothing. `names`: the character sets of its text."""
        if not element.value or (decision.act is Act.KEEP and element.vr in _WITHOUT_WORDS):
            return element
        return _ACTS[decision.act](self, element, decision, place, names)

    def stays(self, element: Element | None, names: text.Encodings) -> bool:
        """Whether cleaning leaves all of a text."""
        readable = text.decoded(element.content, names) if element else None
        if not readable:
            return False
        result = clean(readable, self.subject.known, self.vocabulary, self.subject.own_day)
        return not result.dropped and result.text == readable

    def _keep(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        """What stays must be what its VR says that it is."""
        tag, vr = element.tag, element.vr
        if vr in _WITHOUT_WORDS:
            return element
        if tag == text.CHARACTER_SET:
            return None if names == text.UNKNOWN else element
        if vr == "UI":
            return self._mended(element)
        if unfit := _unfit(element, names):
            return self._emptied(element, unfit, place)
        if tag == PATIENT_BIRTH_DATE and self.subject.old:
            return Element(tag, vr)
        if enumerated(tag, element.content):
            return element
        if vr == "CS":
            return self._codes(element, place)
        if decision.option is not None:
            return element
        if vr in ("DS", "IS") and self._tells(element, place):
            return self._emptied(element, Code.REDACTED, place)
        return element

    def _mended(self, element: Element) -> Element:
        value = uids.mended(element.tag, element.content, self.pseudonyms)
        if value == element.content:
            return element
        self.find(Code.MALFORMED_UID, element.tag)
        return Element(element.tag, "UI", value)

    def _codes(self, element: Element, place: Place) -> Element:
        """Without those that are a name, a number or a date of somebody; the others stay where they are."""
        known, value = self.subject.known, element.content.decode("ascii")
        left = known.remember("codes", value, lambda: _silent(value, known))
        if left == value:
            return element
        if not left.strip("\\ \0"):
            return self._emptied(element, Code.REDACTED, place)
        self.find(Code.REDACTED, element.tag)
        return Element(element.tag, "CS", left.encode("ascii"))

    def _tells(self, element: Element, place: Place) -> bool:
        """Whether a number is a date or a number that the object knows of its patient.

        For a number of his that the IOD needs, or that describes pixels, the gate holds the object.
        """
        if len(element.value) < _SHORTEST_TELLING:
            return False
        known = self.subject.known
        value = element.content.decode("ascii", "replace")
        words = [word.strip() for word in value.split("\\")]
        if any(known.has_date(word) for word in words if len(word) == _DATE):
            return True
        return known.has_number(value) and element.group != _IMAGE and not place.required(element.tag)

    def _empty(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        return Element(element.tag, element.vr)

    def _dummy(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if enumerated(element.tag, element.content):
            return element
        if element.vr == "UI":
            return self._uid(element, decision, place, names)
        return Element(element.tag, element.vr, dummy(element.vr, element.tag))

    def _uid(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if element.vr != "UI" and element.tag not in OWN_UIDS:
            return self._dummy(element, decision, place, names) if element.vr != "UN" else None
        value = uids.replaced(element.tag, element.content, decision.named, self.pseudonyms)
        return Element(element.tag, "UI", value)

    def _code(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if element.tag in (PATIENT_NAME, PATIENT_ID):
            vr = "PN" if element.tag == PATIENT_NAME else "LO"
            return Element(element.tag, vr, self.subject.code.encode("ascii"))
        readable = text.decoded(element.content, names) or element.content.decode("latin-1")
        code = self.pseudonyms.value(f"{element.tag:08X}", readable)
        if element.tag == SCHEME:
            code = f"99{code[2 - _SHORT_CODE :]}"  # what a private scheme has to begin with (PS3.16 Section 8)
        short = code[-_SHORT_CODE:] if element.vr in ("SH", "CS") else code
        return Element(element.tag, element.vr, short.encode("ascii"))

    def _set(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        value = text.encoded(decision.value, names) or decision.value.encode("ascii", "replace")
        return Element(element.tag, element.vr, value)

    def _shift(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if element.tag == PATIENT_BIRTH_DATE and self.subject.old:
            return Element(element.tag, element.vr)
        clock = self.subject.clock
        if decision.act is Act.FIRST_OF_MONTH:
            clock = replace(clock, first_of_month=True)
        value = clock.moved(element.vr, element.content)
        shared = (
            element.tag == _INSTANCE_CREATION_DATE and apart(element.content, self.subject.examined) > _CREATION_DAYS
        )
        if value is not None and not shared:
            return Element(element.tag, element.vr, value)
        if not shared:
            self.find(Code.MALFORMED_DATE, element.tag)
        basic = place.basic(element.tag)
        if basic.act is Act.REMOVE:
            return None
        return _ACTS[basic.act if basic.act is Act.DUMMY else Act.EMPTY](self, element, basic, place, names)

    def _age(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if not proper_number("AS", element.content):
            return self._emptied(element, Code.MALFORMED_NUMBER, place)
        cap = self.subject.cap
        return element if cap is None else Element(element.tag, "AS", capped(element.content, cap))

    def _redact(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if element.vr not in TEXT_VRS and element.tag not in TYPED_CODES:
            return self._keep(element, decision, place, names)
        readable = self._readable(element, names)
        if readable is None:
            return self._emptied(element, Code.UNDECODABLE_TEXT, place)
        known, day, maker = self.subject.known, self.subject.own_day, element.tag in MAKERS
        results = [known.redact(one, day, maker=maker) for one in each(element.vr, readable)]
        if not any(hits for _, hits in results):
            return element
        self.find(Code.REDACTED, element.tag)
        return self._reworded(element, [left for left, _ in results], decision, place, names)

    def _clean(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        """Text by its words; whatever else an option for text stands at is left by what the table says without it."""
        if (element.vr not in TEXT_VRS and element.tag not in TYPED_CODES) or element.vr in ("PN", "AE"):
            basic = place.basic(element.tag)
            return None if basic.act is Act.REMOVE else _ACTS[basic.act](self, element, basic, place, names)
        readable = self._readable(element, names)
        if readable is None:
            return self._emptied(element, Code.UNDECODABLE_TEXT, place)
        known, about_one = self.subject.known, element.vr in _SENTENCES and element.tag not in _OF_MACHINES
        day = self.subject.clock.day if about_one else self.subject.own_day
        before = each(element.vr, readable)
        results = [clean(one, known, self.vocabulary, day) for one in before]
        self.told.words[element.tag, "kept"] += sum(result.kept for result in results)
        self.told.words[element.tag, "dropped"] += sum(result.dropped for result in results)
        left = [result.text for result in results]
        return element if left == before else self._reworded(element, left, decision, place, names)

    def _readable(self, element: Element, names: text.Encodings) -> str | None:
        """The text, if it can be read and is not so long that nobody can look through it in time."""
        return text.decoded(element.content, names) if len(element.value) <= _LONGEST_TEXT else None

    def _reworded(
        self, element: Element, left: list[str], decision: Decision, place: Place, names: text.Encodings
    ) -> Element | None:
        """`element` with what is left of its values."""
        if element.tag == _GRAPHIC_LAYER:
            return self._code(element, decision, place, names)  # two layers must not become one
        value = text.encoded("\\".join(left), names) if any(left) else b""
        if not value and (element.tag in structured.FILLED or place.required(element.tag)):
            value = dummy(element.vr)
        return Element(element.tag, element.vr, value or b"")

    def _emptied(self, element: Element, code: Code, place: Place) -> Element:
        self.find(code, element.tag)
        filled = element.vr in TEXT_VRS | DATE_VRS
        needed = element.tag in structured.FILLED or (filled and place.required(element.tag))
        return Element(element.tag, element.vr, dummy(element.vr) if needed else b"")

    def find(self, code: Code, tag: int) -> None:
        """Tell that it was come across."""
        self.told.findings.append(finding(code, tag))


def _unfit(element: Element, names: text.Encodings) -> Code | None:
    """Why a value is not what its VR says that it is (PS3.5 Section 6.2)."""
    vr, value = element.vr, element.content
    if vr in ("DS", "IS", "AS") and not proper_number(vr, value):
        return Code.MALFORMED_NUMBER
    if vr in DATE_VRS and not proper(vr, value):
        return Code.MALFORMED_DATE
    if value.isascii():
        return None
    unreadable = vr in CODE_VRS or (vr in TEXT_VRS and text.decoded(value, names) is None)
    return Code.UNDECODABLE_TEXT if unreadable else None


def _silent(codes: str, known: Known) -> str:
    return "\\".join("" if _speaks(code.strip(" \0"), known) else code for code in codes.split("\\"))


def _speaks(code: str, known: Known) -> bool:
    if len(code) <= _SHORT_WORD:
        return known.has_short_number(code)
    return (len(code) == _DATE and known.has_date(code)) or known.redact(code)[1] > 0


_Handler = Callable[[Acts, Element, Decision, Place, text.Encodings], Element | None]
_ACTS: dict[Act, _Handler] = {
    Act.KEEP: Acts._keep,
    Act.EMPTY: Acts._empty,
    Act.DUMMY: Acts._dummy,
    Act.UID: Acts._uid,
    Act.CODE: Acts._code,
    Act.SET: Acts._set,
    Act.SHIFT: Acts._shift,
    Act.FIRST_OF_MONTH: Acts._shift,
    Act.AGE: Acts._age,
    Act.REDACT: Acts._redact,
    Act.CLEAN: Acts._clean,
}
