"""Takes the identity out of a tree of elements, at every depth (PS3.15 Section E.1.1)."""

import re
from dataclasses import dataclass, field, replace

from services.anonymiser.cleaning.beyond import device_date, drops, enumerated, wrong_vr
from services.anonymiser.cleaning.values import dummy, moved, proper_number, registered
from services.anonymiser.dataset import text
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.vrs import CODE_VRS, DATE_VRS, NUMBER_VRS, TEXT_VRS
from services.anonymiser.findings import Code, finding
from services.anonymiser.standard.table import Action, Table
from shared.dicom.identity import Pseudonyms
from shared.events import Finding

PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020
CHARACTER_SET = 0x00080005
# The UIDs that an object and its references are known by are replaced even where one looks like DICOM's own.
_INSTANCES = frozenset({0x00080018, 0x00081155, 0x0020000D, 0x0020000E})
# SOP classes and transfer syntaxes: also private ones say what an object is, not whose.
_KINDS = frozenset(
    {0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008040E, 0x00081150, 0x0008115A, 0x00083002}
    | {0x04000010, 0x04000510, 0x30100052, 0x30100053}
)
_UID_FORM = re.compile(rb"[0-9.\\]*[ \0]*")


@dataclass(slots=True)
class Cleaner:
    """Cleans the data sets of one patient; what could not be kept for a reason of its own is in `findings`."""

    table: Table
    pseudonyms: Pseudonyms
    patient: str
    days: int
    findings: list[Finding] = field(default_factory=list)

    def clean(self, elements: Item, inherited: text.Encodings = text.DEFAULT, within_dummy: bool = False) -> Item:
        """`elements` without identity. `within_dummy`: inside a sequence whose action is D, where items and their
        structure stay so that the sequence stays valid, and every value in them becomes a dummy."""
        names = inherited
        for element in elements:
            if element.tag == CHARACTER_SET:
                names = text.encodings(element.content)
        results = (self._element(element, names, within_dummy) for element in elements)
        return tuple(result for result in results if result is not None)

    def _element(self, element: Element, names: text.Encodings, within_dummy: bool) -> Element | None:
        tag, vr = element.tag, element.vr
        if drops(element):
            return None
        if tag == CHARACTER_SET:
            return None if names == text.UNKNOWN else element
        if tag in (PATIENT_NAME, PATIENT_ID):
            return replace(element, vr="PN" if tag == PATIENT_NAME else "LO", value=self.patient.encode("ascii"))
        rule = self.table.rule(tag)
        if within_dummy and not (rule and rule.action is Action.REMOVE):
            return self._within_dummy(element, names)
        if rule is None:
            return self._unlisted(element, names)
        if rule.modified and vr in DATE_VRS and not device_date(tag):
            if (value := moved(vr, element.content, self.days)) is not None:
                return replace(element, value=value)
            self._find(Code.MALFORMED_DATE, tag)
        return self._listed(element, rule.action, names)

    def _listed(self, element: Element, action: Action, names: text.Encodings) -> Element | None:
        if action is Action.REMOVE:
            return None
        if action is Action.EMPTY:
            return Element(element.tag, element.vr)
        if element.vr == "SQ":
            items = (self.clean(item, names, within_dummy=action is Action.DUMMY) for item in element.items)
            return replace(element, items=tuple(items))
        if action is Action.UID or element.vr == "UI":
            return self._uid(element)
        return self._dummy(element)

    def _unlisted(self, element: Element, names: text.Encodings) -> Element | None:
        """What the table does not name stays, if it is what its tag and VR say that it is."""
        tag, vr = element.tag, element.vr
        if vr == "SQ":
            return replace(element, items=tuple(self.clean(item, names) for item in element.items))
        if wrong_vr(element):
            self._find(Code.WRONG_VR, tag)
            return None
        if vr == "UI":
            return self._uid(element)
        if vr in ("PN", "AE"):
            return self._dummy(element)
        if vr in ("DS", "IS", "AS") and not proper_number(vr, element.content):
            self._find(Code.MALFORMED_NUMBER, tag)
            return replace(element, value=b"")
        if (vr in TEXT_VRS and text.decoded(element.content, names) is None) or (
            vr in CODE_VRS and not element.content.isascii()
        ):
            self._find(Code.UNDECODABLE_TEXT, tag)
            return replace(element, value=b"")
        return element

    def _within_dummy(self, element: Element, names: text.Encodings) -> Element | None:
        vr = element.vr
        if vr == "SQ":
            return replace(element, items=tuple(self.clean(item, names, within_dummy=True) for item in element.items))
        if vr == "UI":
            return self._uid(element)
        # Positions, channels and coordinates: without them the items would not be valid, and they name nobody.
        if vr in NUMBER_VRS or enumerated(element):
            return element
        return self._dummy(element)

    def _uid(self, element: Element) -> Element:
        if element.tag in _KINDS and _UID_FORM.fullmatch(element.content):
            return element
        words = [word.strip(" \0") for word in element.content.decode("ascii", "backslashreplace").split("\\")]
        uids = [self._new_uid(word, element.tag) if word else "" for word in words]
        return replace(element, value="\\".join(uids).encode("ascii"))

    def _new_uid(self, uid: str, tag: int) -> str:
        return uid if registered(uid) and tag not in _INSTANCES else self.pseudonyms.uid(uid)

    def _dummy(self, element: Element) -> Element:
        """An empty value stays empty: there is nothing to hide, and nothing to invent."""
        return replace(element, value=dummy(element.vr), encapsulated=False) if element.value else element

    def _find(self, code: Code, tag: int) -> None:
        self.findings.append(finding(code, tag))
