"""Text in every character set of the standard: its own examples, both ways, and what senders declare wrongly."""

from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_charset_files

from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.text import DEFAULT, UNKNOWN, decoded, encoded, encodings, readable, readings
from services.anonymiser.dataset.tree import find

NAMED = sorted(Path(name) for name in get_charset_files("chr*.dcm") if "SQ" not in name)
# (0008,0005), the bytes, the text: PS3.5 Annexes H to K and one for each other set of PS3.3 C.12.1.1.2.
EXAMPLES = {
    "japanese": (
        b"\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "japanese half-width": (
        b"ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "korean": (
        b"\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "chinese utf-8": (
        b"ISO_IR 192",
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
        "Wang^XiaoDong=王^小東=",
    ),
    "chinese gb18030": (b"GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    "chinese gbk": (b"GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    "chinese gb2312": (
        b"\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    "latin 1": (b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    "latin 2": (b"ISO_IR 101", b"Wa\xb3\xeasa", "Wałęsa"),
    "latin 3": (b"ISO_IR 109", b"\xc6imi", "Ĉimi"),
    "latin 4": (b"ISO_IR 110", b"J\xb9nis", "Jšnis"),
    "latin 5": (b"ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
    "latin 9": (b"ISO_IR 203", b"B\xbduf", "Bœuf"),
    "greek": (b"ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    "russian": (b"ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1yp\xd3", "Люкceмбypг"),  # noqa: RUF001 (four letters are Latin)
    "arabic": (b"ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    "hebrew": (b"ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    "thai": (b"ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
    "two alphabets": (
        b"ISO 2022 IR 100\\ISO 2022 IR 126",
        b"J\xe9r\xf4me \x1b-F\xc4\xe9\xef\xed\x1b-A^\xe9",
        "Jérôme Διον^é",
    ),
    "supplementary kanji": (b"\\ISO 2022 IR 87\\ISO 2022 IR 159", b"\x1b$B;3\x1b$(D0!\x1b(B", "山丂"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_the_standard(name: str):
    declared, value, text = EXAMPLES[name]
    names = encodings(declared)
    assert decoded(value, names) == text
    assert decoded(memoryview(value + b" "), names) == text
    assert encoded(text, names) == value
    assert readings(value, names)[0] == text


@pytest.mark.parametrize("name", EXAMPLES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_was_written_is_read_again(name: str, data: st.DataObject):
    declared, _, example = EXAMPLES[name]
    names = encodings(declared)
    text = data.draw(st.text(alphabet=sorted({*example, *"aZ19 ^=\\\r\n\t-"}), max_size=20))
    value = encoded(text, names)
    assert value is not None
    assert decoded(value, names) == text.rstrip(" \0")


@pytest.mark.parametrize("delimiter", ["^", "=", "\\", "\r\n", "\t", "\f"])
def test_the_first_set_is_in_force_before_every_delimiter(delimiter: str):
    wanted = delimiter.encode()
    assert encoded(f"山{delimiter}田", encodings(b"\\ISO 2022 IR 87")) == (
        b"\x1b$B;3\x1b(B" + wanted + b"\x1b$BED\x1b(B"
    )
    assert encoded(f"홍{delimiter}길", encodings(b"\\ISO 2022 IR 149")) == (
        b"\x1b$)C\xc8\xab" + wanted + b"\x1b$)C\xb1\xe6"
    )
    assert encoded(f"Д{delimiter}é", encodings(b"ISO 2022 IR 100\\ISO 2022 IR 144")) == (
        b"\x1b-L\xb4\x1b-A" + wanted + b"\xe9"
    )


def test_the_first_set_is_in_force_after_every_delimiter():
    names = encodings(b"ISO 2022 IR 100\\ISO 2022 IR 144")
    assert decoded(b"\x1b-L\xb4\\\xe9", names) == "Д\\é"
    assert decoded(b"\x1b$B;3\r\nab", encodings(b"\\ISO 2022 IR 87")) == "山\r\nab"


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (b"", "Jérôme"),
        (b"ISO_IR 100", "Łódź"),
        (b"ISO_IR 100", "山田"),
        (b"ISO_IR 13", "山田"),
        (b"\\ISO 2022 IR 87", "홍"),
        (b"\\ISO 2022 IR 149", "Jérôme"),
        (b"\\ISO 2022 IR 58", "東"),
        (b"GBK", "홍\U0001f600"),
        (b"NONSENSE", "é"),
        (b"ISO_IR 192", "a\x1b$Bé"),
        (b"", "a\x1b$B"),
    ],
)
def test_what_has_no_place_in_the_declared_sets_is_not_written(declared: bytes, text: str):
    assert encoded(text, encodings(declared)) is None


def test_ascii_has_its_place_in_all():
    for names in (DEFAULT, UNKNOWN, *(encodings(declared) for declared, _, _ in EXAMPLES.values())):
        assert encoded("Doe^Jane\\17", names) == b"Doe^Jane\\17"
        assert decoded(b"Doe^Jane\\17 \0", names) == "Doe^Jane\\17"


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (b"", b"J\xe9r\xf4me"),
        (b"NONSENSE", b"J\xe9r\xf4me"),
        (b"ISO_IR 192", b"J\xe9r\xf4me"),
        (b"ISO_IR 100", b"\x1b$B;3ED\x1b(B"),
        (b"ISO_IR 126", b"\xd2\xff"),
        (b"ISO_IR 13", b"\x8eR\x93c"),
        (b"\\ISO 2022 IR 87", b"\x1b$B;3E\x1b(B"),
        (b"\\ISO 2022 IR 87", b"\x1b$Z;3"),
        (b"\\ISO 2022 IR 87", b"\xd4\xcf"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xfb"),
        (b"\\ISO 2022 IR 149", b"\x1b"),
    ],
)
def test_what_is_no_text_in_the_declared_sets_is_not_read(declared: bytes, value: bytes):
    assert decoded(value, encodings(declared)) is None


def test_sets_that_were_not_named_again_stay():
    assert decoded(b"\x1b$)C\xc8\xab^\xb1\xe6\xb5\xbf", encodings(b"\\ISO 2022 IR 149")) == "홍^길동"
    assert decoded(b"\xc8\xab^\xb1\xe6\xb5\xbf", encodings(b"ISO 2022 IR 149")) == "홍^길동"


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        (b"", DEFAULT),
        (b"ISO_IR 6 ", DEFAULT),
        (b"\\", ("ISO 2022 IR 6", "ISO 2022 IR 6")),
        (b"ISO_IR 100\\ISO_IR 144", ("ISO 2022 IR 100", "ISO 2022 IR 144")),
        (b"iso-ir 100", ("ISO_IR 100",)),
        (b"ISO 2022 IR100", ("ISO 2022 IR 100",)),
        (b"UTF-8", ("ISO_IR 192",)),
        (b"ISO_IR 192\\ISO 2022 IR 87", ("ISO_IR 192",)),
        (b"ISO 2022 IR 100\\GB18030", ("ISO 2022 IR 100",)),
        (b"ISO_IR 999", UNKNOWN),
        (b"ISO_IR 100\\NONSENSE", UNKNOWN),
        (b"\xff\xfe", UNKNOWN),
    ],
)
def test_declarations(declared: bytes, names: tuple[str, ...]):
    assert encodings(declared) == names


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        (b"ISO_IR 100", "Müller".encode(), "Müller"),
        (b"", "Müller".encode("latin-1"), "Müller"),
        (b"", "Müller".encode(), "Müller"),
        (b"ISO_IR 192", "Müller".encode("latin-1"), "Müller"),
        (b"ISO_IR 192", "Müller".encode().decode("latin-1").encode(), "Müller"),
        (b"ISO_IR 100", "Ľudovít".encode("cp1250"), "Ľudovít"),
        (b"ISO_IR 100", "Иванов".encode("cp1251"), "Иванов"),
        (b"ISO_IR 100", "Иванов".encode("koi8_r"), "Иванов"),
        (b"ISO_IR 13", "山田".encode("shift_jis"), "山田"),
        (b"ISO_IR 100", "山田".encode("euc_jp"), "山田"),
        (b"", b"\x1b$B;3ED\x1b(B", "山田"),
        (b"ISO_IR 100", b"\x1b$)C\xc8\xab", "홍"),
        (b"ISO_IR 100", "홍길동".encode("euc_kr"), "홍길동"),
        (b"ISO_IR 100", "王小东".encode("gb18030"), "王小东"),
        (b"ISO_IR 100", "王小東".encode("big5"), "王小東"),
        (b"NONSENSE", "Διονύσιος".encode("iso8859_7"), "Διονύσιος"),
    ],
)
def test_a_wrong_declaration_hides_no_name(declared: bytes, value: bytes, text: str):
    found = readings(value, encodings(declared))
    assert len(found) == len(set(found)) < 20
    assert text in found


def test_what_is_ascii_has_one_reading():
    assert readings(b"Doe^Jane ", encodings(b"ISO_IR 192")) == ("Doe^Jane",)
    assert readings(b"", DEFAULT) == ("",)


@settings(max_examples=300, deadline=None)
@given(value=st.binary(max_size=60), declared=st.sampled_from([declared for declared, _, _ in EXAMPLES.values()]))
def test_any_bytes_have_a_reading_and_what_can_be_read_can_be_written(value: bytes, declared: bytes):
    names = encodings(declared)
    assert readings(value, names)
    text = decoded(value, names)
    if text is not None:
        again = encoded(text, names)
        assert again is None or decoded(again, names) == text.rstrip(" \0")


@pytest.mark.parametrize("path", NAMED, ids=lambda path: path.name)
def test_names_of_real_files_are_read_as_pydicom_reads_them(path: Path):
    _, elements = read(path.read_bytes())
    declared, name = find(elements, 0x00080005), find(elements, 0x00100010)
    assert declared is not None
    assert name is not None
    text = decoded(name.value, encodings(declared.content))
    assert text is not None
    assert text.rstrip("=") == str(pydicom.dcmread(path).PatientName)


def test_readable_is_utf_8_or_latin_1():
    assert (readable("Jérôme ".encode()), readable(memoryview(b"J\xe9r\xf4me"))) == ("Jérôme", "Jérôme")
