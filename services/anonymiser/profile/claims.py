"""What a cleaned object says of its own de-identification, and that it says no more than was done.

PS3.15 Section E.1.1, PS3.3 Sections C.7.1.1 and C.12.1; codes of PS3.16 CID 7050.
"""

from collections.abc import Collection
from functools import cache

from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.profile.decision import Decision, weaker
from services.anonymiser.profile.options import BASIC_PROFILE, Option
from services.anonymiser.profile.rules import Rules

_LO = 64
"""Characters (PS3.5 Table 6.2-1)."""
_IDENTITY_REMOVED, _METHOD, _METHOD_CODES, _LONGITUDINAL = 0x00120062, 0x00120063, 0x00120064, 0x00280303
_ANY_VR = ("LO", "SH", "LT", "CS", "DA", "DT", "TM", "UI", "PN", "SQ", "OB", "DS", "AS", "US")
_MOST_DEPARTURES = 40


@cache
def departures(rules: Rules) -> tuple[str, ...]:
    """Where these rules may leave more than Table E.1-1 with the profile's options does, one short text each.

    Rules below sequences count as if they stood everywhere: an override has to be read, not excused.
    """
    found = [f"{rule.path} {rule.action.value}" for pattern, rule in rules.overrides if _departs(rules, pattern.steps)]
    if rules.profile.dates.style == "first-of-month" and Option.RETAIN_MODIFIED_DATES in rules.profile.options:
        found.append("dates keep year and month")
    return tuple(dict.fromkeys(found))


def _departs(rules: Rules, steps: tuple[str, ...]) -> bool:
    """Whether what decides at the end of `steps` is weaker than the table, for any tag and VR that they may mean."""
    return any(_weaker_at(rules, tag) for tag in _listed(rules, steps[-1]))


def _weaker_at(rules: Rules, tag: int) -> bool:
    for vr in _ANY_VR:
        said: Decision | None = rules.override((tag,), vr) or rules.override(_somewhere(rules, tag), vr)
        if said is not None and weaker(said, rules.by_table("", (tag,), vr)):
            return True
    return False


def _somewhere(rules: Rules, tag: int) -> tuple[int, ...]:
    """A path below sequences that some override means, for `tag`; only the tag when none does."""
    for pattern, _ in rules.overrides:
        if len(pattern.steps) > 1 and "x" not in "".join(pattern.steps) and int(pattern.steps[-1], 16) == tag:
            return tuple(int(step, 16) for step in pattern.steps)
    return (tag,)


def _listed(rules: Rules, step: str) -> list[int]:
    """The attributes of Table E.1-1 that `step` may mean; one private tag stands for all of them."""
    listed = (name.replace("x", "0") if name != "private" else "00091001" for name in rules.table.rows)
    return [int(tag, 16) for tag in listed if all(a in ("x", b) for a, b in zip(step, tag, strict=True))]


def marks(rules: Rules, carried: Collection[Option], *, edition: str, revision: str, released: str = "") -> Item:
    """The elements that tell what was done. `carried`: the options that decided about this object; `revision` names
    everything that decides; `released`: for which reason it had been held when a person let it through."""
    departs = departures(rules)
    options = sorted((option for option in carried if not _spoiled(option, rules)), key=lambda option: option.code)
    codes = [] if departs or released else [BASIC_PROFILE]
    codes += [(option.code, option.meaning) for option in options]
    told = ["Isocentre", f"PS3.15 {edition} Table E.1-1", f"profile {revision}"]
    told += [f"departs: {one}" for one in departs[:_MOST_DEPARTURES]]
    told += ["departs: and more"] * (len(departs) > _MOST_DEPARTURES)
    told += [f"released by a person: {released}"] if released else []
    coded = (Element(_METHOD_CODES, "SQ", items=tuple(_code(*code) for code in codes)),) if codes else ()
    return (
        _ascii(_IDENTITY_REMOVED, "CS", "YES"),
        _ascii(_METHOD, "LO", "\\".join(one[:_LO] for one in told)),
        *coded,
        _ascii(_LONGITUDINAL, "CS", _longitudinal(rules)),
    )


def _spoiled(option: Option, rules: Rules) -> bool:
    return option is Option.RETAIN_MODIFIED_DATES and rules.profile.dates.style != "shift"


def _longitudinal(rules: Rules) -> str:
    """Longitudinal Temporal Information Modified (PS3.3 Section C.12.1)."""
    if Option.RETAIN_FULL_DATES in rules.profile.options:
        return "UNMODIFIED"
    return "MODIFIED" if Option.RETAIN_MODIFIED_DATES in rules.profile.options else "REMOVED"


def _code(value: str, meaning: str) -> Item:
    return (
        _ascii(0x00080100, "SH", value),
        _ascii(0x00080102, "SH", "DCM"),
        _ascii(0x00080104, "LO", meaning),
    )


def _ascii(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("ascii", "replace"))
