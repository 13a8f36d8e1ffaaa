"""Under `basic`: the patient's name in every text of PS3.6 and in every character set, and retired attributes."""

import re

import pytest
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom.datadict import keyword_for_tag

from services.anonymiser.engine import Cleaned
from shared.outcome import Reason
from tests.support.probe import ENCAPSULATED_DOCUMENT, SYNTAXES, part10, seen, value
from tests.unit.anonymiser.building import cleaned
from tests.unit.anonymiser.hiding import WORD, gone, identified, nested
from tests.unit.anonymiser.raw import Value

each_syntax = pytest.mark.parametrize("syntax", SYNTAXES)


# --- the whole dictionary


def attributes() -> list[tuple[int, str, bool]]:
    """Tag, VR and whether it is retired, of all that PS3.6 knows from group 0008 on; of repeating groups one."""
    repeating = {int(pattern.replace("x", "2"), 16): entry for pattern, entry in RepeatersDictionary.items()}
    return [
        (tag, entry[0].split(" or ")[0], entry[3] == "Retired")
        for tag, entry in sorted((DicomDictionary | repeating).items())
        if entry[0] not in ("NONE", "SQ") and 0x0008 <= tag >> 16 < 0xFFFE and tag not in NEEDED
    ]


# They decide whether there is an object at all, and which.
NEEDED = {node.tag for node in identified([])} | {0x00080005, ENCAPSULATED_DOCUMENT, 0x00280010, 0x00041220, 0x7FE00010}
WORDS = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})


@each_syntax
def test_the_patients_name_in_any_text_of_the_dictionary_goes(syntax: str):
    texts = [Value(tag, vr, WORD) for tag, vr, _ in attributes() if vr in WORDS]
    assert len(texts) > 700
    assert isinstance(gone(part10(identified(texts), syntax)), Cleaned)
    assert isinstance(gone(part10(identified([nested(*texts)]), syntax)), Cleaned)


@each_syntax
def test_of_retired_attributes_nothing_survives_but_how_pixels_are_written(syntax: str):
    retired = [(tag, vr) for tag, vr, old in attributes() if old and tag >> 16 != 0x0028]
    assert len(retired) > 300
    planted = {tag: value(number, vr).strip(b" \0") for number, (tag, vr) in enumerate(retired)}
    nodes = [Value(tag, vr, value(number, vr)) for number, (tag, vr) in enumerate(retired)]
    for place in (nodes, [nested(*nodes)]):
        result = cleaned(part10(identified(place), syntax), "basic")
        raw = seen(result.part10)
        assert [f"{tag:08X}" for tag, planted_value in planted.items() if planted_value in raw] == []


@each_syntax
def test_every_name_address_uid_and_date_of_the_dictionary_goes(syntax: str):
    telling = [(tag, vr) for tag, vr, _ in attributes() if vr in ("PN", "AE", "UR", "UI", "DA", "DT", "TM")]
    telling = [(tag, vr) for tag, vr in telling if not KINDS.search(keyword_for_tag(tag))]
    assert len(telling) > 300
    nodes = [Value(tag, vr, value(number, vr)) for number, (tag, vr) in enumerate(telling)]
    for place in (nodes, [nested(*nodes)]):
        raw = seen(cleaned(part10(identified(place), syntax), "basic").part10)
        assert [f"{node.tag:08X}" for node in nodes if node.value.strip(b" \0") in raw] == []


# A SOP class, and a transfer syntax, says what an object is, not whose.
KINDS = re.compile("SOPClass|TransferSyntax")


# --- character sets

NAMES = {
    "undeclared Latin-1": (b"", "Schröder^Jürgen", "latin-1"),
    "Latin-1": (b"ISO_IR 100", "Schröder^Jürgen", "latin-1"),
    "Latin-2": (b"ISO_IR 101", "Świątek^Zofia", "iso8859_2"),
    "Cyrillic": (b"ISO_IR 144", "Люксембург", "iso8859_5"),
    "Greek": (b"ISO_IR 126", "Διονυσιος", "iso8859_7"),
    "UTF-8": (b"ISO_IR 192", "Wang^XiaoDong=王^小東", "utf-8"),
    "UTF-8 declared as Latin-1": (b"ISO_IR 100", "Schröder^Jürgen", "utf-8"),
    "GB18030": (b"GB18030 ", "Wang^XiaoDong=王^小东", "gb18030"),
    "GBK": (b"GBK ", "Wang^XiaoDong=王^小东", "gbk"),
    "ISO 2022 JP": (b"\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう", "iso2022_jp"),
    "ISO 2022 JP, undeclared": (b"", "Yamada^Tarou=山田^太郎=やまだ^たろう", "iso2022_jp"),
    "Shift JIS, undeclared": (b"", "山田太郎", "shift_jis"),
    "ISO 2022 KR": (b"\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", "ksc"),
    "ISO 2022 CN": (b"\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东", "gb2312"),
}
_ESCAPES = {"ksc": (b"\x1b$)C", "euc_kr"), "gb2312": (b"\x1b$)A", "gb2312")}


def written(words: str, encoding: str) -> bytes:
    """As senders write it; of even length."""
    escape, codec = _ESCAPES.get(encoding, (b"", encoding))
    made = b"=".join(escape * (not part.isascii()) + part.encode(codec) for part in words.split("="))
    return made + b" " * (len(made) % 2)


# Kept but for what identifies: model name, protocol element, a code meaning, a comment in nested text.
TEXTS = (0x00081090, 0x00181020, 0x00181030, 0x00180010, 0x00204000, 0x00380500)


@each_syntax
@pytest.mark.parametrize("name", NAMES)
def test_a_name_goes_in_every_character_set(name: str, syntax: str):
    declared, words, encoding = NAMES[name]
    raw = written(words, encoding)
    nodes = [Value(0x00080005, "CS", declared + b" " * (len(declared) % 2)), Value(0x00100010, "PN", raw)]
    texts = [Value(tag, "LO", raw) for tag in TEXTS]
    mixed = [Value(tag, "LO", b"T1 " + written(words.replace("^", " "), encoding) + b" ") for tag in TEXTS]
    for planted in (texts, mixed):
        result = gone(part10(identified([*nodes, *planted, nested(*planted)]), syntax))
        if not isinstance(result, Cleaned):
            assert result.reason is Reason.RESIDUAL_IDENTITY
            continue
        out = seen(result.part10)
        for part in parts(words):
            assert written(part, encoding).strip() not in out
            assert part.encode() not in out
            assert part not in str(result.header)


def parts(words: str) -> list[str]:
    """The components of all groups that are long enough not to be there by chance."""
    found = [part for group in words.split("=") for part in group.split("^")]
    return [part for part in found if len(part.encode()) > 4]
