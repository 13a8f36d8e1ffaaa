"""A profile as decisions: what happens to this attribute, here, in an object of this kind?"""

from collections.abc import Iterable

from services.anonymiser.dataset.tags import PATIENT_AGE, PATIENT_ID, PATIENT_NAME
from services.anonymiser.dataset.text import CHARACTER_SET
from services.anonymiser.dataset.vrs import DATE_VRS, NUMBER_VRS, TEXT_VRS
from services.anonymiser.descriptors.attributes import FREE_TEXT_ATTRIBUTES
from services.anonymiser.findings import Code
from services.anonymiser.profile import beyond
from services.anonymiser.profile.decision import Decision, Mode
from services.anonymiser.profile.fitting import fits, means
from services.anonymiser.profile.model import Act, AttributeRule, Profile
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.paths import PathPattern, parsed
from services.anonymiser.standard.concepts import CODE_MEANING
from services.anonymiser.standard.table import Action, Row, Table, compound
from services.anonymiser.standard.types import attribute_type

_FRAME_NUMBER = 0x00081160
_BASIC = {
    Action.REMOVE: Act.REMOVE,
    Action.EMPTY: Act.EMPTY,
    Action.DUMMY: Act.DUMMY,
    Action.UID: Act.UID,
}
# What is done instead, by the attribute's type: of type 1 there is a value, of type 2 the attribute, maybe empty.
_VALID: dict[tuple[Act, str | None], Act] = {
    **{(act, kind): Act.DUMMY for act in (Act.REMOVE, Act.EMPTY) for kind in ("1", "1C")},
    **{(Act.REMOVE, kind): Act.EMPTY for kind in ("2", "2C")},
}
# What a rule for a sequence says of its items.
_ITEMS = {Act.DUMMY: Mode.DUMMY, Act.CLEAN: Mode.CLEAN}
_CLEANS_TEXT = (Option.CLEAN_DESCRIPTORS, Option.RETAIN_PATIENT_CHARACTERISTICS)
_RETAINS = (
    Option.RETAIN_FULL_DATES,
    Option.RETAIN_UIDS,
    Option.RETAIN_DEVICE_IDENTITY,
    Option.RETAIN_INSTITUTION_IDENTITY,
    Option.RETAIN_PATIENT_CHARACTERISTICS,
)
_RETAINED_CODES = {
    Option.RETAIN_DEVICE_IDENTITY: Mode.DEVICE,
    Option.RETAIN_INSTITUTION_IDENTITY: Mode.RETAINED,
    Option.RETAIN_PATIENT_CHARACTERISTICS: Mode.RETAINED,
}
"""Codes of references, which Retain UIDs keeps, say nothing of what it retains."""
# Code Value, Coding Scheme Designator, its version, Code Meaning, Long and URN Code Value (PS3.3 Table 8.8-1).
CODES = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080119, 0x00080120})
_MOST_CLASSES = 500
_MOST_REMEMBERED = 50_000
_REMOVED = Decision(Act.REMOVE, "not in Table E.1-1")


class Rules:
    """Decisions of a profile for objects to which the same of its conditional rules apply; remembered."""

    def __init__(self, profile: Profile, attributes: Iterable[AttributeRule], table: Table) -> None:
        self.profile = profile
        self.table = table
        self.overrides: tuple[tuple[PathPattern, AttributeRule], ...] = tuple(
            (parsed(rule.path), rule) for rule in attributes
        )
        self.names_private = any(pattern.steps[-1][3] in "x13579BDF" for pattern, _ in self.overrides)
        self._places: dict[str, Place] = {}

    def place(self, sop_class: str) -> "Place":
        """The top level of objects of `sop_class`."""
        found = self._places.get(sop_class)
        if found is None:
            found = Place(self, sop_class, (), Mode.PLAIN)
            if len(self._places) < _MOST_CLASSES:
                self._places[sop_class] = found
        return found

    def decide(self, sop_class: str, path: tuple[int, ...], vr: str, mode: Mode = Mode.PLAIN) -> Decision:
        """What happens to the attribute at `path` (tags of the sequences, then the tag) with this VR."""
        ruled = self.override(path, vr) or self.by_table(sop_class, path, vr)
        return _within(ruled, path[-1], vr, mode)

    def override(self, path: tuple[int, ...], vr: str) -> Decision | None:
        """What the profile itself says of it, where that can be carried out."""
        rule = self.ruling(path, vr)
        if rule is None or not fits(rule, path, vr):
            return None
        said = f"profile {self.profile.name}: {rule.why}"
        mode = _ITEMS.get(rule.action, Mode.PLAIN) if vr == "SQ" else Mode.PLAIN
        return Decision(rule.action, said, value=rule.value or "", mode=mode, ruled=True)

    def ruling(self, path: tuple[int, ...], vr: str) -> AttributeRule | None:
        """The rule of the profile that is about it: the last one that matches. None for what goes anyway."""
        if beyond.misplaced(path[-1], len(path)):
            return None
        for pattern, rule in reversed(self.overrides):
            if means(pattern, rule, path) and (not rule.vr or vr in rule.vr):
                return rule
        return None

    def by_table(self, sop_class: str, path: tuple[int, ...], vr: str) -> Decision:
        """What PS3.15 Table E.1-1 with the options says, and beyond it this software."""
        tag = path[-1]
        if tag in (PATIENT_NAME, PATIENT_ID):
            return Decision(Act.CODE, "the patient's code (PS3.15 E.1.1, D and Z)")
        if why := beyond.misplaced(tag, len(path)):
            return Decision(Act.REMOVE, f"beyond Table E.1-1: {why}")
        row = self.table.row(tag)
        if row is None:
            return self._unlisted(sop_class, path, vr)
        if beyond.wrong_vr(tag, vr):
            return self.basic(row, sop_class, path)
        return self._by_option(row, tag, vr) or self.basic(row, sop_class, path)

    def basic(self, row: Row, sop_class: str, path: tuple[int, ...]) -> Decision:
        """What the basic profile says; of a compound action what the attribute's type in the IOD asks for.

        Where the table's only action would leave an invalid object the value is replaced, which protects as well
        (PS3.15 Section E.1.1: removed, or replaced by another value): README, Valid objects.
        """
        # X/Z/U* leaves the choice: references are mapped whatever their type, so that an image still finds its source.
        kind = None if row.basic.endswith("*") else attribute_type(sop_class, path)
        act = _BASIC[compound(row.basic, kind)]
        act = _VALID.get((act, kind), act)
        said = f"PS3.15 Table E.1-1: {row.basic}" + (f" at type {kind}" if kind else "")
        return Decision(act, said, mode=Mode.DUMMY if act is Act.DUMMY else Mode.PLAIN, named=act is Act.UID)

    def _by_option(self, row: Row, tag: int, vr: str) -> Decision | None:
        chosen = {o: row.options[o.column] for o in self.profile.options if row.options.get(o.column)}
        if not chosen:
            return None
        device = beyond.device_date(tag) and Option.RETAIN_MODIFIED_DATES in self.profile.options
        for option in _CLEANS_TEXT:
            if chosen.get(option) == "C" and vr in TEXT_VRS | {"SQ"}:
                return _carried(Act.CLEAN, option, mode=Mode.CLEAN)
        for option in (Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_GRAPHICS):
            if chosen.get(option) == "C" and vr == "SQ":
                structured = option is Option.CLEAN_STRUCTURED_CONTENT
                return _carried(Act.CLEAN, option, mode=Mode.STRUCTURED if structured else Mode.CLEAN)
        # Before what retains: Beam Hold Transition DateTime counts as device identity, and is a day of the patient's.
        if chosen.get(Option.RETAIN_MODIFIED_DATES) == "C" and vr in DATE_VRS and not device:
            first = self.profile.dates.style == "first-of-month"
            return _carried(Act.FIRST_OF_MONTH if first else Act.SHIFT, Option.RETAIN_MODIFIED_DATES)
        for option in _RETAINS:
            if chosen.get(option) == "K" and not device:
                mode = _RETAINED_CODES.get(option, Mode.PLAIN) if vr == "SQ" else Mode.PLAIN
                return _carried(Act.AGE if tag == PATIENT_AGE else Act.KEEP, option, mode=mode)
        return None

    def _unlisted(self, sop_class: str, path: tuple[int, ...], vr: str) -> Decision:
        tag = path[-1]
        if why := beyond.drops(tag, vr):
            said = f"beyond Table E.1-1: {why}"
            # An item needs what makes it one. At the top level it may be of a module that goes as a whole.
            needed = len(path) > 1 and attribute_type(sop_class, path) == "1" and beyond.replaceable(tag)
            return Decision(Act.DUMMY, f"{said}, of type 1", mode=Mode.DUMMY) if needed else Decision(Act.REMOVE, said)
        if vr == "SQ":
            return Decision(Act.KEEP, "not in Table E.1-1: its items are cleaned")
        if beyond.wrong_vr(tag, vr):
            return Decision(Act.REMOVE, "beyond Table E.1-1: a VR that PS3.6 does not expect", finding=Code.WRONG_VR)
        if vr == "UI":
            return Decision(Act.UID, "beyond Table E.1-1: every UID that DICOM has not registered is replaced")
        if vr in ("PN", "AE"):
            return Decision(Act.DUMMY, f"beyond Table E.1-1: every {vr}")
        if vr in TEXT_VRS or tag in beyond.TYPED_CODES:
            if tag in FREE_TEXT_ATTRIBUTES or vr == "CS":
                chosen = Option.CLEAN_DESCRIPTORS in self.profile.options
                option = Option.CLEAN_DESCRIPTORS if chosen else None
                return Decision(Act.CLEAN, "beyond Table E.1-1: people type here", option)
            return Decision(Act.REDACT, "not in Table E.1-1: kept, but for what identifies")
        return Decision(Act.KEEP, "not in Table E.1-1")


class Place:
    """The decisions for one level of nesting, remembered by tag and VR."""

    __slots__ = ("_below", "_decisions", "_path", "_ruled", "_rules", "_sop_class", "mode")

    def __init__(self, rules: Rules, sop_class: str, path: tuple[int, ...], mode: Mode) -> None:
        self._rules = rules
        self._sop_class = sop_class
        self._path = path
        self.mode = mode
        self._decisions: dict[tuple[int, str], Decision] = {}
        self._ruled: dict[tuple[int, str], Decision | None] = {}
        self._below: dict[tuple[int, Mode], Place] = {}

    def decide(self, tag: int, vr: str) -> Decision:
        """What happens to the attribute here."""
        found = self._decisions.get((tag, vr))
        if found is None:
            found = self._rules.decide(self._sop_class, (*self._path, tag), vr, self.mode)
            if len(self._decisions) < _MOST_REMEMBERED:
                self._decisions[tag, vr] = found
        return found

    @property
    def names_private(self) -> bool:
        """Whether a rule of the profile may mean a private element."""
        return self._rules.names_private

    def ruled(self, tag: int, vr: str) -> Decision | None:
        """What the profile itself says of the attribute here."""
        try:
            return self._ruled[tag, vr]
        except KeyError:
            found = self._rules.override((*self._path, tag), vr)
        if len(self._ruled) < _MOST_REMEMBERED:
            self._ruled[tag, vr] = found
        return found

    def basic(self, tag: int) -> Decision:
        """What the Basic Profile says of it without any option, for values that the option's act does not fit."""
        row = self._rules.table.row(tag)
        return self._rules.basic(row, self._sop_class, (*self._path, tag)) if row else _REMOVED

    def required(self, tag: int) -> bool:
        """Whether the attribute must have a value here, or must when it is there (type 1 or 1C)."""
        return attribute_type(self._sop_class, (*self._path, tag)) in ("1", "1C")

    @property
    def options(self) -> frozenset[Option]:
        """The options of the profile."""
        return self._rules.profile.options

    def below(self, tag: int, mode: Mode) -> "Place":
        """The level of the items of the sequence `tag`; what is cleaned or a dummy around stays so inside."""
        if mode is Mode.PLAIN or (mode in _RETAINED_CODES.values() and self.mode is not Mode.PLAIN):
            mode = self.mode
        found = self._below.get((tag, mode))
        if found is None:
            found = Place(self._rules, self._sop_class, (*self._path, tag), mode)
            if len(self._below) < _MOST_REMEMBERED:
                self._below[tag, mode] = found
        return found


def _carried(act: Act, option: Option, mode: Mode = Mode.PLAIN) -> Decision:
    return Decision(act, f"PS3.15 Table E.1-1, {option.meaning} ({option.section})", option, mode=mode)


def _within(decision: Decision, tag: int, vr: str, mode: Mode) -> Decision:
    """`decision` as it is inside a sequence that is treated in `mode`."""
    if mode is Mode.PLAIN or tag == CHARACTER_SET or decision.act is Act.REMOVE:
        return decision
    if mode in _RETAINED_CODES.values():
        if tag not in CODES or decision.act is not Act.REDACT or decision.ruled:
            return decision
        act = Act.CLEAN if mode is Mode.DEVICE and tag == CODE_MEANING else Act.KEEP
        return Decision(act, f"{decision.source}; a code of what is retained")
    if mode is not Mode.DUMMY:
        cleaned = decision.act is Act.REDACT
        return Decision(Act.CLEAN, f"{decision.source}; inside text that is cleaned") if cleaned else decision
    said = "inside a sequence that Table E.1-1 replaces by a dummy"
    if vr == "SQ":
        return Decision(Act.KEEP, said, mode=Mode.DUMMY)
    if vr == "UI":
        return Decision(Act.UID, said)
    # Positions, channels, coordinates and frames: without them the items would not be valid, and they name nobody.
    if vr in NUMBER_VRS or tag == _FRAME_NUMBER:
        return Decision(Act.KEEP, said)
    return decision if decision.act is Act.CODE else Decision(Act.DUMMY, said)
