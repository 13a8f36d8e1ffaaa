"""What each action asks of one element: MIDI's meanings, made precise. An answer is None, or why it failed."""

from collections.abc import Callable, Iterator

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.bench.deid.normal import PARTICLES, apart, compact, plain, words
from tests.bench.deid.truth import ANYWHERE, Check, locate
from tests.bench.deid.wording import LISTS, lines

STOPWORDS = frozenset(lines(LISTS / "stopwords.txt"))
"""Words that need not stay, as in MIDI's script, in all the phrases' languages. What turns a meaning round stays."""

WRITTEN = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "LT", "OB", "PN", "SH", "ST", "TM", "UC", "UN", "UR", "UT"})
SHORT = 4
LONGEST_BINARY = 1 << 20


def text_of(element: DataElement | None) -> str:
    """All that the element says, sequences with all their items."""
    if element is None or element.value is None:
        return ""
    if element.VR == "SQ":
        return "\n".join(text_of(inner) for item in element.value for inner in item)
    if isinstance(element.value, bytes):
        return _decoded(element.value[:LONGEST_BINARY])
    values = element.value if element.VM > 1 else [element.value]
    return "\\".join(str(value) for value in values)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def said(dataset: Dataset) -> Iterator[str]:
    """The texts of all elements that hold text, nested ones too; pixels, numbers and UIDs are none."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from said(item)
        elif element.VR in WRITTEN and element.tag.group != 0x7FE0:
            yield text_of(element)


def tag_retained(check: Check, output: Dataset) -> str | None:
    """The attribute is there, empty or not."""
    return "the attribute is gone" if locate(output, check.path) is None else None


def text_notnull(check: Check, output: Dataset) -> str | None:
    """It is there and holds something."""
    return None if text_of(locate(output, check.path)).strip() else "no value"


def text_retained(check: Check, output: Dataset) -> str | None:
    """'value': each value is equal, as a number or as text. 'text': each word that is no stopword is there."""
    element = locate(output, check.path)
    if element is None:
        return "the attribute is gone"
    there = text_of(element)
    if check.how == "value":
        return None if _equal(there, check.value) else f"{check.value!r} became {there[:60]!r}"
    if plain(check.value) in plain(there):
        return None
    lost = [word for word in words(check.value) if word not in STOPWORDS and word not in words(there)]
    return f"lost {' '.join(lost)!r}, left {there[:60]!r}" if lost else None


def _equal(there: str, expected: str) -> bool:
    ours, theirs = there.split("\\"), expected.split("\\")
    return len(ours) == len(theirs) and all(_same(one, other) for one, other in zip(ours, theirs, strict=True))


def _same(one: str, other: str) -> bool:
    try:
        return abs(float(one) - float(other)) <= 1e-6 * max(1.0, abs(float(other)))
    except ValueError:
        return one.strip() == other.strip()


def text_removed(check: Check, output: Dataset) -> str | None:
    """'whole': not there in one piece, whatever the separators. 'words': none of its words. Absence is well."""
    if check.path == ANYWHERE:
        found = any(apart(check.value).search(plain(text)) for text in said(output))
        return f"{check.value!r} is somewhere in the object" if found else None
    there = text_of(locate(output, check.path))
    if check.how == "words":
        left = [word for word in words(check.value) if word not in PARTICLES and _contains(there, word)]
        return f"{' '.join(left)!r} is left in {there[:60]!r}" if left else None
    left_whole = apart(check.value).search(plain(there)) if len(compact(check.value)) < SHORT else None
    if left_whole or (len(compact(check.value)) >= SHORT and compact(check.value) in compact(there)):
        return f"{check.value!r} is left in {there[:60]!r}"
    return None


def _contains(there: str, word: str) -> bool:
    """Long words also within others; short ones, and initials, only by themselves."""
    if len(word) < 2:
        return False
    return word in plain(there) if len(word) >= SHORT else word in words(there)


def uid_changed(check: Check, output: Dataset) -> str | None:
    """Absent, or a valid UID that is another one."""
    there = text_of(locate(output, check.path)).strip("\0 ")
    if check.value in there:
        return "unchanged"
    return None if not there or UID(there).is_valid else f"{there[:64]!r} is no UID"


LOCAL: dict[str, Callable[[Check, Dataset], str | None]] = {
    "tag_retained": tag_retained,
    "text_notnull": text_notnull,
    "text_retained": text_retained,
    "text_removed": text_removed,
    "uid_changed": uid_changed,
}
"""Those that one object alone decides."""
