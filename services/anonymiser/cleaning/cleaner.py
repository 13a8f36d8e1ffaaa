"""Takes the identity out of a tree of elements, at every depth (PS3.15 Section E.1.1)."""

from dataclasses import dataclass, field

from services.anonymiser.cleaning import private, structured
from services.anonymiser.cleaning.acts import Acts
from services.anonymiser.cleaning.memory import Level, Memory, Outcome, Told
from services.anonymiser.dataset import text
from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.profile.decision import Decision, Mode
from services.anonymiser.profile.model import Act
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.rules import Place

# What goes anyway is no dearer than to be remembered, and names need not be.
_WORTH_REMEMBERING = frozenset({Act.KEEP, Act.UID, Act.SHIFT, Act.FIRST_OF_MONTH, Act.AGE, Act.REDACT, Act.CLEAN})


@dataclass(slots=True)
class Cleaner:
    """Cleans the data sets of one subject, that of `acts`. Afterwards it tells what it came across. Raises BeyondLimits
    when `deadline` is over."""

    acts: Acts
    safe_private: bool = False
    little: bool = True
    deadline: Deadline = UNHURRIED
    memory: Memory = field(default_factory=Memory)
    """Of the engine."""
    kept_private: list[private.Staying] = field(default_factory=list)

    @property
    def told(self) -> Told:
        return self.acts.told

    def clean(self, elements: Item, place: Place, names: text.Encodings = text.DEFAULT) -> Item:
        """`elements` without identity; `names` are the character sets of the data set around them."""
        names = text.declared(elements, names)
        elements, said = self._said(elements, place, names)
        level = self._level(place, names, said)
        results: list[Element] = []
        odd: list[Element] = []
        self.deadline.check()
        for element in self.acts.subject.clock.paired(elements):
            if element.tag & 0x10000:
                odd.append(element)
                continue
            found = level.get(element)
            if found is None:
                self.deadline.check()
                decision = _decided(element, place, said)
                if decision.act is Act.REMOVE and not decision.finding:
                    continue
                found = self._observed(element, decision, place, names)
                if decision.act in _WORTH_REMEMBERING:
                    self.memory.remember(level, element, found)
            result, told = found
            if told is not None:
                self.told.add(told)
            if result is not None:
                results.append(result)
        if odd and (self.safe_private or place.names_private):
            results.extend(self._private(odd, place, names))
            results.sort(key=lambda element: element.tag)
        return tuple(results)

    def _level(self, place: Place, names: text.Encodings, said: structured.Decisions) -> Level:
        """Where to remember what becomes of elements: by all that it depends on beside them."""
        subject = self.acts.subject
        key = (place, names, subject.known, subject.code, subject.examined, subject.old)
        return self.memory.level(*key, said=said)

    def _observed(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Outcome:
        """What an element becomes, and what is told of it alone."""
        told, self.acts.told = self.acts.told, Told()
        try:
            return self._element(element, decision, place, names), self.acts.told or None
        finally:
            self.acts.told = told

    def _said(self, elements: Item, place: Place, names: text.Encodings) -> tuple[Item, structured.Decisions]:
        """The elements, and what the code among them or the concept beside them says of some."""
        if place.mode in (Mode.DUMMY, Mode.RETAINED):
            return elements, structured.NOTHING
        if place.mode is Mode.DEVICE:
            return elements, structured.of_device(elements)
        texts = place.mode in (Mode.STRUCTURED, Mode.CLEAN)
        clean = texts or Option.CLEAN_DESCRIPTORS in place.options
        names_somebody = self.acts.subject.known.names
        said = structured.of_code(
            elements, clean=clean, wholly=lambda meaning: self.acts.stays(meaning, names), names=names_somebody
        )
        if said or not texts:
            return elements, said
        said = structured.of_item(elements, place.options)
        return structured.without_numbers(elements, said, self.acts.subject.cap), said

    def _element(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if decision.act is Act.REMOVE:
            if decision.finding:
                self.acts.find(decision.finding, element.tag)
            return None
        if decision.option and (element.value or element.items):
            self.told.carried.add(decision.option)
        if element.vr == "SQ":
            return self._sequence(element, decision, place, names)
        return self.acts.done(element, decision, place, names)

    def _sequence(self, element: Element, decision: Decision, place: Place, names: text.Encodings) -> Element | None:
        if decision.act in (Act.EMPTY, Act.SET, Act.CODE):
            return Element(element.tag, "SQ")
        below = place.below(element.tag, decision.mode)
        return Element(element.tag, "SQ", items=tuple(self.clean(item, below, names) for item in element.items))

    def _private(self, odd: list[Element], place: Place, names: text.Encodings) -> list[Element]:
        """What may stay, each with the element that reserves its block."""
        kept: dict[int, Element] = {}
        found = private.staying(odd, names, little=self.little, safe=self.safe_private, ruled=place.ruled)
        for one in found:
            self.deadline.check()
            if one.element.vr == "SQ":
                result = self._sequence(one.element, one.decision, place, names)
            else:
                result = self.acts.done(one.element, one.decision, place, names)
            if result is not None and (result.value or result.items):
                kept[one.creator.tag] = one.creator
                kept[result.tag] = result
                self.kept_private.append(one)
                if one.decision.option:
                    self.told.carried.add(one.decision.option)
        return list(kept.values())


def _decided(element: Element, place: Place, said: structured.Decisions) -> Decision:
    """What happens to it: what is `said` of it beside it counts more than the table, and less than the profile."""
    decision = place.decide(element.tag, element.vr)
    if said and not decision.ruled and decision.act is not Act.REMOVE:
        return said.get(element.tag, decision)
    return decision
