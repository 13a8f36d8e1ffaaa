"""What a cleaned object says of its own de-identification, and that it says no more than was done.

PS3.15 Section E.1.1, PS3.3 Sections C.7.1.1 and C.12.1; codes of PS3.16 CID 7050.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

from services.anonymiser.dataset.tree import PUBLIC_VRS, Element, Item, known_vr
from services.anonymiser.dataset.vrs import DATE_VRS, VRS
from services.anonymiser.profile.decision import weaker
from services.anonymiser.profile.fitting import vrs
from services.anonymiser.profile.model import Act, AttributeRule
from services.anonymiser.profile.options import BASIC_PROFILE, Option
from services.anonymiser.profile.paths import PathPattern
from services.anonymiser.profile.rules import Rules
from shared.outcome import Reason

_LO = 64
"""Characters (PS3.5 Table 6.2-1)."""
_IDENTITY_REMOVED, _METHOD, _METHOD_CODES, _LONGITUDINAL = 0x00120062, 0x00120063, 0x00120064, 0x00280303
_LEAVES_DATES = frozenset({Act.KEEP, Act.SHIFT, Act.FIRST_OF_MONTH})
_SOMEWHERE = 0
"""Stands for a sequence that no rule names."""
_DEPARTS = "departs: "
_MOST_DEPARTURES = 40


@cache
def departures(rules: Rules) -> tuple[str, ...]:
    """Where these rules may leave more than Table E.1-1 with the profile's options does, one short text each.

    Rules below sequences count as if they stood everywhere: an override has to be read, not excused.
    """
    found = [_shown(rule) for pattern, rule in rules.overrides if _departs(rules, pattern, rule)]
    if rules.profile.dates.style == "first-of-month" and Option.RETAIN_MODIFIED_DATES in rules.profile.options:
        found.append("dates keep year and month")
    return tuple(dict.fromkeys(found))


def _shown(rule: AttributeRule) -> str:
    """As much of the path as a value has room for, its end first, and the action."""
    room = _LO - len(f"{_DEPARTS} {rule.action.value}")
    return f"{rule.path[-room:]} {rule.action.value}"


def _departs(rules: Rules, pattern: PathPattern, rule: AttributeRule) -> bool:
    """Whether `rule` decides somewhere, and is weaker than the table there, for any tag and VR that it may mean."""
    return any(
        _weaker_at(rules, path, rule, vrs(path[-1], rule, several=pattern.several)) for path in _meant(rules, pattern)
    )


def _weaker_at(rules: Rules, path: tuple[int, ...], rule: AttributeRule, found: frozenset[str]) -> bool:
    for vr in found:
        said = rules.override(path, vr) if rules.ruling(path, vr) is rule else None
        if said is not None and weaker(said, rules.by_table("", path, vr)):
            return True
    return False


def _meant(rules: Rules, pattern: PathPattern) -> Iterator[tuple[int, ...]]:
    """The paths at which `pattern` is looked at: at the top and, unless it is anchored, somewhere below."""
    above = tuple(int(step.replace("x", "0"), 16) for step in pattern.steps[:-1])
    for tag in _listed(rules, pattern.steps[-1]):
        yield (*above, tag)
        if not pattern.anchored:
            yield (_SOMEWHERE, *above, tag)


def _listed(rules: Rules, step: str) -> set[int]:
    """The tag that `step` means, or all that it may mean; one private tag stands for the others."""
    if "x" not in step:
        return {int(step, 16)}
    listed = (name.replace("x", "0") for name in rules.table.rows if name != "private")
    # Of "(0019,xxxx)" it is (0019,1111).
    private = step[:3].replace("x", "0") + step[3].replace("x", "9") + step[4:].replace("x", "1")
    named = {*listed, *(f"{tag:08X}" for tag in PUBLIC_VRS), *([private] if int(private[3], 16) & 1 else [])}
    return {int(tag, 16) for tag in named if all(a in ("x", b) for a, b in zip(step, tag, strict=True))}


def _dates_left(rules: Rules) -> bool:
    """Whether rules of the profile leave something of dates that no option retains."""
    return any(
        rule.action in _LEAVES_DATES and (rule.vr or VRS) & DATE_VRS and _names_dates(rules, pattern)
        for pattern, rule in rules.overrides
    )


def _names_dates(rules: Rules, pattern: PathPattern) -> bool:
    return any(known_vr(tag) in DATE_VRS for tag in _listed(rules, pattern.steps[-1]))


@lru_cache(maxsize=256)
def marks(
    rules: Rules, carried: frozenset[Option], *, edition: str, revision: str, released: frozenset[Reason] = frozenset()
) -> Item:
    """The elements that tell what was done. `carried`: the options that decided about this object; `revision` names
    everything that decides; `released`: for which reasons it had been held when a person let it through."""
    departs = departures(rules)
    options = sorted((option for option in carried if not _spoiled(option, rules)), key=lambda option: option.code)
    codes = [] if departs or released else [BASIC_PROFILE]
    codes += [(option.code, option.meaning) for option in options]
    told = ["Isocentre", f"PS3.15 {edition} Table E.1-1", f"profile {revision}"]
    told += [f"{_DEPARTS}{one}" for one in departs[:_MOST_DEPARTURES]]
    told += [f"{_DEPARTS}and more"] * (len(departs) > _MOST_DEPARTURES)
    told += [f"released by a person: {reason}" for reason in sorted(released)]
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
    modified = Option.RETAIN_MODIFIED_DATES in rules.profile.options or _dates_left(rules)
    return "MODIFIED" if modified else "REMOVED"


def _code(value: str, meaning: str) -> Item:
    return (
        _ascii(0x00080100, "SH", value),
        _ascii(0x00080102, "SH", "DCM"),
        _ascii(0x00080104, "LO", meaning),
    )


def _ascii(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("ascii", "replace"))
