"""What is taken of whom: SOP classes and transfer syntaxes."""

import pytest
from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES

from services.receiver.syntaxes import NOT_TAKEN, TRANSFER_SYNTAXES, taken
from shared.dicom.constants import VERIFICATION
from shared.sites import Site

CT, MR, FIND = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.2.2.1"
PRIVATE = "1.3.12.2.1107.5.9.1"


def site(**fields: frozenset[str]) -> Site:
    return Site(code="site-a", project="demo", **fields)


def test_all_transfer_syntaxes_are_taken_but_those_whose_pixels_are_elsewhere() -> None:
    assert set(map(str, ALL_TRANSFER_SYNTAXES)) - TRANSFER_SYNTAXES == NOT_TAKEN
    names = sorted(UID(uid).name for uid in NOT_TAKEN)
    assert names == [
        "JPIP HTJ2K Referenced",
        "JPIP HTJ2K Referenced Deflate",
        "JPIP Referenced",
        "JPIP Referenced Deflate",
        "SMPTE ST 2110-20 Uncompressed Interlaced Active Video",
        "SMPTE ST 2110-20 Uncompressed Progressive Active Video",
        "SMPTE ST 2110-30 PCM Digital Audio",
    ]


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2.4.52",  # JPEG Extended (Process 3 and 5), retired
        "1.2.840.10008.1.2.1.98",  # Encapsulated Uncompressed Explicit VR Little Endian
        "1.2.840.10008.1.2.8.1",  # Deflated Image Frame Compression
        "1.2.840.10008.1.2.4.112",  # JPEG XL
    ],
)
def test_retired_and_new_ones_too(syntax: str) -> None:
    assert syntax in taken(site())[CT]


def test_by_default_all_storage_classes_and_no_others_are_taken() -> None:
    classes = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    assert taken(site()).keys() == classes | {VERIFICATION}
    assert FIND not in taken(site())


def test_a_site_may_send_less_and_its_private_classes_beside() -> None:
    assert taken(site(sop_classes=frozenset({CT}))).keys() == {CT, VERIFICATION}
    assert taken(site(private_sop_classes=frozenset({PRIVATE}))).keys() >= {CT, MR, PRIVATE}
    both = taken(site(sop_classes=frozenset({CT}), private_sop_classes=frozenset({PRIVATE})))
    assert both.keys() == {CT, PRIVATE, VERIFICATION}
