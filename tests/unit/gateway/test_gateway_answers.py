"""DICOM JSON, content negotiation and multipart: how answers are put together."""

from collections.abc import Iterator
from datetime import date

import pytest

from services.gateway import accept, dicomjson, multipart, wado
from services.gateway.accept import DicomAnswer
from services.gateway.attributes import INSTANCE, STUDY, Attribute
from services.gateway.multipart import Part
from services.gateway.problems import Problem

DICOM, MULTIPART = "application/dicom", 'multipart/related; type="application/dicom"'


def attribute(keyword: str) -> Attribute:
    return next(item for item in STUDY + INSTANCE if item.keyword == keyword)


@pytest.mark.parametrize(
    ("vr", "value", "element"),
    [
        ("LO", "text", {"vr": "LO", "Value": ["text"]}),
        ("LO", None, {"vr": "LO"}),
        ("CS", [], {"vr": "CS"}),
        ("CS", ["CT", "SEG"], {"vr": "CS", "Value": ["CT", "SEG"]}),
        ("PN", "IC-1", {"vr": "PN", "Value": [{"Alphabetic": "IC-1"}]}),
        ("DA", date(795, 3, 1), {"vr": "DA", "Value": ["07950301"]}),
        ("DA", date(2020, 2, 29), {"vr": "DA", "Value": ["20200229"]}),
        ("IS", 0, {"vr": "IS", "Value": [0]}),
    ],
)
def test_elements(vr: str, value: object, element: dict[str, object]) -> None:
    assert dicomjson.element(vr, value) == element


def test_a_result_keeps_required_ones_empty_and_leaves_conditional_ones_out() -> None:
    attributes = [attribute(name) for name in ("StudyInstanceUID", "StudyDate", "TimezoneOffsetFromUTC")]
    assert dicomjson.result(attributes, ["1.2", None, None, None], "http://here") == {
        "00080020": {"vr": "DA"},
        "00081190": {"vr": "UR", "Value": ["http://here/studies/1.2"]},
        "0020000D": {"vr": "UI", "Value": ["1.2"]},
    }


def test_what_the_index_says_goes_before_what_the_header_says() -> None:
    header = {"0020000D": {"vr": "UI", "Value": ["9.9"]}, "00280030": {"vr": "DS", "Value": [1, 1]}}
    found = dicomjson.result([attribute("StudyInstanceUID")], ["1.2", header], "")
    assert list(found) == sorted(found)
    assert found["0020000D"]["Value"] == ["1.2"]
    assert found["00280030"]["Value"] == [1, 1]


@pytest.mark.parametrize(
    ("header", "offered", "chosen"),
    [
        ("", ("a/b", "c/d"), "a/b"),
        ("*/*", ("a/b", "c/d"), "a/b"),
        ("c/d", ("a/b", "c/d"), "c/d"),
        ("C/D", ("a/b", "c/d"), "c/d"),
        ("c/*", ("a/b", "c/d"), "c/d"),
        ("a/b;q=0.1, c/d;q=0.2", ("a/b", "c/d"), "c/d"),
        ("a/b;q=0", ("a/b",), None),
        ("a/b;q=x", ("a/b",), None),
        ("x/y, z/*", ("a/b",), None),
        (",", ("a/b",), "a/b"),
        ('x/y;p="a/b, c/d"', ("a/b", "c/d"), None),
    ],
)
def test_choice(header: str, offered: tuple[str, ...], chosen: str | None) -> None:
    assert accept.choose(header, offered) == chosen


@pytest.mark.parametrize(
    ("header", "single", "answers"),
    [
        ("", True, (DicomAnswer(True, "*"),)),
        (DICOM, True, (DicomAnswer(False, "*"),)),
        (DICOM, False, ()),
        (MULTIPART, False, (DicomAnswer(True, "*"),)),
        ("multipart/related", False, (DicomAnswer(True, "*"),)),
        ("multipart/related; type=application/dicom; transfer-syntax=1.2", False, (DicomAnswer(True, "1.2"),)),
        (f"{DICOM};q=0.5, {MULTIPART}", True, (DicomAnswer(True, "*"), DicomAnswer(False, "*"))),
        ('multipart/related; type="image/jpeg"', True, ()),
        ("text/html", True, ()),
    ],
)
def test_ways_to_send_objects(header: str, single: bool, answers: tuple[DicomAnswer, ...]) -> None:
    assert accept.choose_dicom(header, single) == answers


def test_only_what_is_stored_in_that_transfer_syntax_is_suitable() -> None:
    rows = [{"transfer_syntax_uid": "1.2"}, {"transfer_syntax_uid": "1.3"}]
    assert wado.suitable(rows, [DicomAnswer(True, "9"), DicomAnswer(True, "1.3")])[1] == rows[1:]
    assert wado.suitable(rows, [DicomAnswer(True, "*")])[1] == rows
    with pytest.raises(Problem) as refused:
        wado.suitable(rows, [DicomAnswer(True, "9")])
    assert refused.value.status == 406


def test_multipart_as_rfc_2387_writes_it() -> None:
    parts = [Part("application/dicom", "http://x/1", b"ab"), Part("application/dicom", "http://x/2", b"")]
    assert b"".join(multipart.write(parts, "B")) == (
        b"--B\r\nContent-Type: application/dicom\r\nContent-Length: 2\r\nContent-Location: http://x/1\r\n\r\nab\r\n"
        b"--B\r\nContent-Type: application/dicom\r\nContent-Length: 0\r\nContent-Location: http://x/2\r\n\r\n\r\n"
        b"--B--\r\n"
    )
    assert multipart.content_type("B", "application/dicom") == 'multipart/related; type="application/dicom"; boundary=B'


def test_a_part_is_fetched_when_the_one_before_has_gone_out() -> None:
    fetched: list[int] = []

    def parts() -> Iterator[Part]:
        for number in range(3):
            fetched.append(number)
            yield Part("a/b", "", b"x" * (multipart.CHUNK + 1))

    body = multipart.write(parts(), "B")
    next(body)
    assert fetched == [0]
    assert [len(next(body)) for _ in range(3)] == [multipart.CHUNK, 1, 2]
    assert fetched == [0]
    next(body)
    assert fetched == [0, 1]
