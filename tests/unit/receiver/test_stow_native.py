"""The Native DICOM Model: read into JSON, written from it, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from services.receiver.stow.native import DEEPEST, NotNative, read, write
from services.receiver.stow.report import Entry, Report

HEAD = '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'


def model(body: str) -> dict[str, object]:
    return read(f"{HEAD}{body}</NativeDicomModel>".encode())


def test_reads_values_names_items_and_bulk_data() -> None:
    found = model(
        '<DicomAttribute tag="00080060" vr="CS" keyword="Modality"><Value number="1">CT</Value></DicomAttribute>'
        '<DicomAttribute tag="00080008" vr="CS"><Value number="1">A</Value><Value number="2"/></DicomAttribute>'
        '<DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>Y</FamilyName>'
        "<GivenName>T</GivenName></Alphabetic><Ideographic><FamilyName>山</FamilyName></Ideographic></PersonName>"
        "</DicomAttribute>"
        '<DicomAttribute tag="00081140" vr="SQ"><Item number="1"><DicomAttribute tag="00081155" vr="UI">'
        '<Value number="1">1.2</Value></DicomAttribute></Item></DicomAttribute>'
        '<DicomAttribute tag="7fe00010" vr="OW"><BulkData uri="b1"/></DicomAttribute>'
        '<DicomAttribute tag="00420011" vr="OB"><InlineBinary>AAE=</InlineBinary></DicomAttribute>'
        '<DicomAttribute tag="00100020" vr="LO"/>'
    )
    assert found == {
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00080008": {"vr": "CS", "Value": ["A", None]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Y^T", "Ideographic": "山"}]},
        "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]}}]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "b1"},
        "00420011": {"vr": "OB", "InlineBinary": "AAE="},
        "00100020": {"vr": "LO"},
    }


@pytest.mark.parametrize(("tag", "block"), [("00090001", "10"), ("00091201", "12")])
def test_private_elements_get_their_creators_block(tag: str, block: str) -> None:
    attribute = (
        f'<DicomAttribute tag="{tag}" vr="LO" privateCreator="ACME"><Value number="1">x</Value></DicomAttribute>'
    )
    assert model(attribute) == {
        f"0009{block}01": {"vr": "LO", "Value": ["x"]},
        f"000900{block}": {"vr": "LO", "Value": ["ACME"]},
    }


def test_what_is_written_is_read_again() -> None:
    report = Report(
        [Entry("1.2.840.10008.5.1.4.1.1.2", "1.2.3", 0), Entry("1.2.3.4", "1.2.5", 0x0122), Entry("", "", 0xC000)]
    )
    numbers = Dataset.from_json(report.dataset())
    again = Dataset.from_json(read(write(report.dataset())))
    assert again == numbers
    assert again.FailedSOPSequence[0].FailureReason == 0x0122
    assert b'keyword="FailedSOPSequence"' in write(report.dataset())


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
DEEP = "<a>" * (DEEPEST + 2) + "</a>" * (DEEPEST + 2)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<",
        "<x/>",
        ENTITIES,
        OUTSIDE,
        DEEP,
        HEAD,
        f"{HEAD}<DicomAttribute/></NativeDicomModel>",
        f'{HEAD}<DicomAttribute tag="00080060" vr="OB"><BulkData/></DicomAttribute></NativeDicomModel>',
        f"{HEAD}{'<a/>' * 600_000}</NativeDicomModel>",
        f'<?xml version="1.0" encoding="nonsense"?>{HEAD}</NativeDicomModel>',
    ],
    ids=["empty", "broken", "another", "entities", "outside", "deep", "open", "no-tag", "no-uri", "many", "encoding"],
)
def test_anything_else_is_refused(xml: str) -> None:
    with pytest.raises(NotNative):
        read(xml.encode())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                '<DicomAttribute tag="00080060" vr="SQ">',
                "<Item>",
                "</Item>",
                "</DicomAttribute>",
                '<DicomAttribute tag="0009" vr="CS" privateCreator="x">',
                "<Value>",
                "</Value>",
                "<PersonName>",
                "&amp;",
                "&x;",
                "é",
                "<BulkData uri='x'/>",
                "\0",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_never_fails_otherwise(body: str) -> None:
    try:
        model(body)
    except NotNative:
        return
