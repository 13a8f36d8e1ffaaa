"""Which rules of a profile can be carried out, and where: no rule may make an object that is none.

An act has a meaning for some VRs only, and PS3.6 tells which VR an attribute has. A rule that fits nowhere is refused
when the profile is read; where a pattern meets an attribute that it does not fit, Table E.1-1 decides.
"""

from collections.abc import Iterator

from services.anonymiser.dataset.tags import OWN_UIDS
from services.anonymiser.dataset.text import CHARACTER_SET
from services.anonymiser.dataset.tree import PUBLIC_VRS, known_vr
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, DATE_VRS, TEXT_VRS, VRS
from services.anonymiser.profile.beyond import TYPED_CODES, misplaced
from services.anonymiser.profile.model import Act, AttributeRule, Profile
from services.anonymiser.profile.paths import PathPattern, parsed
from services.anonymiser.profile.written import proper

_SEQUENCE = frozenset({"SQ"})
_FITTING: dict[Act, tuple[frozenset[str], str]] = {
    Act.UID: (_SEQUENCE | {"UI"}, "UIDs"),
    # A code has 21 letters, an AE room for 16; no code is an address.
    Act.CODE: ((TEXT_VRS | {"CS"}) - {"AE", "UR"}, "text"),
    Act.SET: (TEXT_VRS | CODE_VRS, "what is written as text"),
    Act.FIRST_OF_MONTH: (DATE_VRS - {"TM"}, "dates"),
    Act.SHIFT: (DATE_VRS, "dates and times"),
    Act.CLEAN: (_SEQUENCE | TEXT_VRS - {"PN", "AE"}, "text"),
    Act.AGE: (frozenset({"AS"}), "ages"),
    Act.REDACT: (VRS - BYTES_VRS - DATE_VRS - {"UI"}, "text, codes and numbers"),
}
"""Of which VRs, and of what in words. Acts that are not named fit everything."""


def means(pattern: PathPattern, rule: AttributeRule, path: tuple[int, ...]) -> bool:
    """Whether `rule` is about the attribute at `path`.

    An x stands for what PS3.6 knows, and for private elements where the digit that makes a group private is written:
    nobody who writes (0018,xxxx) has seen what else may stand there. To remove it, he need not have.
    """
    tag = path[-1]
    if not pattern.matches(path):
        return False
    return not pattern.several or rule.action is Act.REMOVE or _written(pattern, tag) or known_vr(tag) is not None


def _written(pattern: PathPattern, tag: int) -> bool:
    return bool(tag & 0x10000) and pattern.steps[-1][3] != "x"


def fits(rule: AttributeRule, path: tuple[int, ...], vr: str) -> bool:
    """Whether `rule` can be carried out on an element of `vr` at `path`."""
    if rule.action not in _possible(path):
        return False
    if rule.action is Act.CLEAN and path[-1] in TYPED_CODES:
        return True
    return vr in _vrs_of(rule.action) and (rule.value is None or proper(vr, rule.value))


def _vrs_of(act: Act) -> frozenset[str]:
    return _FITTING[act][0] if act in _FITTING else VRS


def _possible(path: tuple[int, ...]) -> tuple[Act, ...]:
    """Without its character set an object cannot be read, without its own UIDs it is none (PS3.3 Section C.12.1)."""
    if path[-1] == CHARACTER_SET:
        return (Act.KEEP,)
    return (Act.UID, Act.KEEP) if len(path) == 1 and path[0] in OWN_UIDS else tuple(Act)


def vrs(tag: int, rule: AttributeRule, *, several: bool) -> frozenset[str]:
    """The VRs of `tag` for which `rule`, which may mean `several` tags, is looked at: those of PS3.6 if it has some."""
    known = known_vr(tag)
    usual = frozenset(known.split(" or ")) if known else VRS
    if several:
        return rule.vr & usual if rule.vr else usual
    return rule.vr or usual


def refusals(profile: Profile) -> Iterator[str]:
    """The rules of `profile` that cannot be carried out, with their places and why, one line each."""
    placed = [(f"attributes.{n}", rule) for n, rule in enumerate(profile.attributes)]
    for number, conditional in enumerate(profile.rules):
        placed += [(f"rules.{number}.attributes.{n}", rule) for n, rule in enumerate(conditional.attributes)]
    for place, rule in placed:
        if why := _refusal(rule):
            yield f"{place}: {rule.path}, {rule.action} ({rule.why}): {why}"


def _refusal(rule: AttributeRule) -> str | None:
    if unknown := rule.vr - VRS:
        return f"{_listed(unknown)} is no VR"
    pattern = parsed(rule.path)
    paths = list(_paths(pattern))
    if not paths:
        return None if rule.action is Act.REMOVE else "it means no attribute of PS3.6, and no private group"
    meant = [path for path in paths if not misplaced(path[-1], len(path))]
    if not meant:
        gone = misplaced(paths[0][-1], len(paths[0]))
        return None if rule.action is Act.REMOVE else f"that goes whatever a profile says: {gone}"
    possible = [path for path in meant if rule.action in _possible(path)]
    if not possible:
        return f"an object is held together by it, so it can have only {' and '.join(_possible(meant[0]))}"
    return _misfit(rule, possible, several=pattern.several)


def _misfit(rule: AttributeRule, paths: list[tuple[int, ...]], *, several: bool) -> str | None:
    """Why `rule` fits no element at `paths`; None if it fits one."""
    found = {(path, vr) for path in paths for vr in vrs(path[-1], rule, several=several)}
    if any(fits(rule, path, vr) for path, vr in found):
        return None
    there, wanted = {vr for _, vr in found}, _vrs_of(rule.action)
    if rule.value is not None and there & wanted:
        return f"{rule.value!r} is no value of {_listed(there & wanted)} (PS3.5 Section 6.2)"
    if not there:
        return f"PS3.6 gives no attribute that it means the VR {_listed(rule.vr)}"
    return f"`{rule.action}` is for {_FITTING[rule.action][1]}, and here is {_listed(there)}"


def _listed(some: set[str] | frozenset[str]) -> str:
    return " or ".join(sorted(some))


def _paths(pattern: PathPattern) -> Iterator[tuple[int, ...]]:
    """What `pattern` may mean, as near to the top as it can be; one private tag stands for all of its group."""
    above = tuple(int(step.replace("x", "0"), 16) for step in pattern.steps[:-1])
    last = pattern.steps[-1]
    if not pattern.several:
        yield (*above, int(last, 16))
        return
    first = int(last.replace("x", "0"), 16)
    repeating = {first} if known_vr(first) else set[int]()
    private = {int(last.replace("x", "1"), 16)} if last[3] in "13579BDF" else set[int]()
    for tag in sorted(repeating | private | {tag for tag in PUBLIC_VRS if pattern.ends(tag)}):
        yield (*above, tag)
