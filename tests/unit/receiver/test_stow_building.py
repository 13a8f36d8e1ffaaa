"""Data sets put together from metadata and bulk data, beside the files that these were made of."""

import errno
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.encaps import generate_frames

from services.receiver.stow import native
from services.receiver.stow.building import NotBuilt, build, uids
from services.receiver.stow.bulk import Bulk, NoRoom
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Spool
from shared import media
from shared.dicom import part10
from tests.support.stow import Part, apart, xml

EXPLICIT = "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FEW: dict[str, Any] = {"00080016": {"vr": "UI", "Value": [CT]}, "00080018": {"vr": "UI", "Value": ["1.2.3"]}}


@pytest.fixture
def bulk(tmp_path: Path) -> Iterator[Bulk]:
    made = Bulk(Spool(tmp_path, Disk(tmp_path, 0)))
    yield made
    made.close()


def file_of(name: str) -> bytes:
    found = get_charset_files(name)[0] if name.startswith("chr") else get_testdata_file(name, download=False)
    return Path(str(found)).read_bytes()


def take(bulk: Bulk, parts: list[Part]) -> None:
    for headers, content in parts:
        kind = media.read(headers["Content-Type"])
        bulk.take(memoryview(content))
        bulk.end(headers["Content-Location"], kind.type, kind.parameters.get("transfer-syntax", ""))


def built(model: dict[str, Any], bulk: Bulk) -> tuple[bytes, str]:
    """The Part 10 object, and its transfer syntax."""
    made = build(model, bulk)
    written = bytearray()

    def write(data: bytes) -> int:
        written.extend(data)
        return len(data)

    made.write(write)
    front = part10.front(made.transfer_syntax_uid, made.sop_class_uid, made.sop_instance_uid)
    return front + bytes(written), made.transfer_syntax_uid


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "waveform_ecg.dcm", "reportsi.dcm", "chrH31.dcm"]
)
def test_metadata_with_bulk_data_make_the_same_data_set(name: str, form: str, bulk: Bulk) -> None:
    file = file_of(name)
    model, parts = apart(file)
    take(bulk, parts)
    made, syntax = built(model if form == "json" else native.read(xml(model)), bulk)
    assert syntax == EXPLICIT
    sent, kept = dcmread(BytesIO(file)), dcmread(BytesIO(made))
    assert kept.get("PixelData") == sent.get("PixelData")
    # The character set changes on purpose; a name of carets alone is none in XML.
    but = {"00080005": None, "00080090": None}
    assert kept.to_json_dict() | but == sent.to_json_dict() | but


@pytest.mark.parametrize(
    ("name", "media_type", "syntax", "becomes"),
    [
        ("JPEG2000.dcm", "image/jp2", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.91"),
        ("JPEG2000.dcm", "image/jp2", "", "1.2.840.10008.1.2.4.90"),
        ("SC_rgb_rle_2frame.dcm", "image/dicom-rle", "", "1.2.840.10008.1.2.5"),
        ("examples_ybr_color.dcm", "image/jpeg", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.50"),
    ],
)
def test_compressed_frames_are_encapsulated(name: str, media_type: str, syntax: str, becomes: str, bulk: Bulk) -> None:
    file = file_of(name)
    model, parts = apart(file, media_type, syntax)
    take(bulk, parts)
    made, transfer_syntax = built(model, bulk)
    assert transfer_syntax == becomes
    kept = dcmread(BytesIO(made))
    frames = list(generate_frames(kept.PixelData, number_of_frames=int(kept.get("NumberOfFrames", 1))))
    assert [frame.rstrip(b"\0") for frame in frames] == [content.rstrip(b"\0") for _, content in parts]


def test_values_of_odd_length_are_padded(bulk: Bulk) -> None:
    bulk.take(memoryview(b"abc"))
    bulk.end("b", "application/octet-stream", "")
    made, _ = built(FEW | {"00420011": {"vr": "OB", "BulkDataURI": "b"}}, bulk)
    assert dcmread(BytesIO(made)).EncapsulatedDocument == b"abc\0"


def test_bulk_data_may_be_text_or_within_a_sequence(bulk: Bulk) -> None:
    bulk.take(memoryview("naïve ".encode()))
    bulk.end("b", "application/octet-stream", "")
    item = {"0040A160": {"vr": "UT", "BulkDataURI": "b"}, "60003000": {"vr": "OB", "BulkDataURI": "b"}}
    made, _ = built(
        FEW | {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0040A730": {"vr": "SQ", "Value": [item]}}, bulk
    )
    kept = dcmread(BytesIO(made)).ContentSequence[0]
    assert (kept.TextValue, kept[0x60003000].value) == ("naïve", "naïve ".encode() + b"\0")


def test_characters_become_utf_8(bulk: Bulk) -> None:
    item = {"00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}, "00081030": {"vr": "LO", "Value": ["山"]}}
    name = {"vr": "PN", "Value": [{"Alphabetic": "Müller", "Ideographic": "山"}]}
    made, _ = built(FEW | {"00100010": name, "00081140": {"vr": "SQ", "Value": [item]}}, bulk)
    kept = dcmread(BytesIO(made))
    assert kept.SpecificCharacterSet == "ISO_IR 192"
    assert kept.PatientName == "Müller=山"
    assert kept.ReferencedImageSequence[0].StudyDescription == "山"


def test_file_meta_information_in_the_metadata_is_ours_to_make(bulk: Bulk) -> None:
    made, _ = built(FEW | {"00020013": {"vr": "SH", "Value": ["OTHER"]}}, bulk)
    assert dcmread(BytesIO(made)).file_meta.ImplementationVersionName != "OTHER"


def nested(depth: int) -> dict[str, Any]:
    model = dict(FEW)
    for _ in range(depth):
        model = {"00081140": {"vr": "SQ", "Value": [model]}}
    return FEW | model


@pytest.mark.parametrize(
    "model",
    [
        None,
        [],
        {"00080016": None},
        {"00080016": {"vr": "UI", "Value": [CT]}},
        FEW | {"00080018": {"vr": "UI", "Value": ["../1.2.3"]}},
        FEW | {"00080018": {"vr": "UI", "Value": ["1" * 65]}},
        FEW | {"7FE00010": {"vr": "OW", "BulkDataURI": "nowhere"}},
        FEW | {"7FE00010": {"vr": "OW", "BulkDataURI": ["http://elsewhere/"]}},
        FEW | {"00420011": {"vr": "OB", "BulkDataURI": "frames"}},
        FEW | {"7FE00010": {"vr": "OB", "BulkDataURI": "frames"}},
        FEW | {"00280008": {"vr": "IS", "Value": ["3"]}, "7FE00010": {"vr": "OB", "BulkDataURI": "frames"}},
        FEW | {"00081140": {"vr": "SQ", "Value": [{"00420011": {"vr": "OB", "BulkDataURI": "large"}}]}},
        FEW | {"00281052": {"vr": "ZZ", "Value": ["x"]}},
        FEW | {"00280010": {"vr": "US", "Value": [70_000]}},
        nested(200),
        nested(40),
    ],
)
def test_what_makes_no_data_set_is_not_built(model: Any, bulk: Bulk) -> None:
    for content in (b"one", b"two"):
        bulk.take(memoryview(content))
        bulk.end("frames", "image/jls", "")
    bulk.take(memoryview(bytes(17 * 2**20)))
    bulk.end("large", "application/octet-stream", "")
    with pytest.raises(NotBuilt):
        built(model, bulk)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["SQ", "PN", "b", "OB"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vr", "Value", "BulkDataURI", "InlineBinary", "00080018", "0040A730", "7FE00010", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_never_fails_otherwise(bulk: Bulk, model: Any) -> None:
    assert len(uids(model)) == 2
    try:
        built(FEW | model if isinstance(model, dict) else model, bulk)
    except NotBuilt:
        return


@pytest.mark.parametrize("trouble", [OSError(errno.EIO, "no"), OSError(errno.EMFILE, "no"), MemoryError(), NoRoom()])
@pytest.mark.parametrize(("tag", "vr"), [("00420011", "OB"), ("0040A160", "UT")])
def test_trouble_that_passes_is_no_fault_of_the_data(
    bulk: Bulk, monkeypatch: pytest.MonkeyPatch, trouble: Exception, tag: str, vr: str
) -> None:
    bulk.take(memoryview(b"abc"))
    bulk.end("b", "application/octet-stream", "")
    model = FEW | {tag: {"vr": vr, "BulkDataURI": "b"}}

    def fail(*_: object) -> bytes:
        raise trouble

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", fail)
        with pytest.raises(NoRoom):
            built(model, bulk)
    assert built(model, bulk)


def test_a_value_that_does_not_fit_is_a_fault_of_the_data(bulk: Bulk) -> None:
    with pytest.raises(NotBuilt):
        built(FEW | {"00280010": {"vr": "US", "Value": ["text"]}}, bulk)
