"""Verdicts on headers, whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.validator.checks import MOST_FINDINGS
from shared.outcome import Reason
from tests.unit.validator.headers import COLOR_PALETTE, CR, CT, SC, SR, header, native, told, verdict


def test_a_correct_image_is_validated_without_findings() -> None:
    found = verdict(header())
    assert found.reason is None
    assert found.findings == ()


@pytest.mark.parametrize("tag", ["00080016", "00080018", "0020000D", "0020000E", "00080060"])
@pytest.mark.parametrize(
    "element",
    [None, {}, {"vr": "UI"}, {"vr": "UI", "Value": []}, {"vr": "UI", "Value": [None]}, {"vr": "UI", "Value": [""]}],
)
def test_type_1_without_a_value_rejects(tag: str, element: object) -> None:
    made = header(**{f"t{tag}": element})
    found = verdict(made, sop_class=CT)
    assert found.reason is Reason.MISSING_TYPE_1
    assert ("missing-type-1", tag) in told(found)


def test_type_2_may_be_empty_and_its_absence_is_a_finding() -> None:
    assert verdict(header(t00100030={"vr": "DA"})).findings == ()
    found = verdict(header(t00100030=None, t00200013=None))
    assert found.reason is None
    assert told(found) == {("missing-type-2", "00100030"), ("missing-type-2", "00200013")}


def test_an_image_without_pixel_data_is_rejected_unless_a_provider_has_them() -> None:
    found = verdict(header(), bulk=())
    assert found.reason is Reason.MISSING_TYPE_1
    assert ("missing-type-1", "7FE00010") in told(found)
    elsewhere = header(t00287FE0={"vr": "UR", "Value": ["https://example.org/pixels"]})
    assert verdict(elsewhere, bulk=()).reason is None


def test_an_object_that_is_no_image_needs_no_pixels() -> None:
    made = header(t00080016=SR, t00080060="SR", t00280010=None, t00200013=None)
    assert verdict(made, bulk=()).findings == ()


def test_a_palette_belongs_to_no_patient() -> None:
    made = {"00080016": {"vr": "UI", "Value": [COLOR_PALETTE]}, "00080018": {"vr": "UI", "Value": ["2.25.3"]}}
    assert verdict(made, bulk=()).findings == ()


@pytest.mark.parametrize("uid", ["1.02.3", "1..2", "1", ".1.2", "1.2.", "1.2.a", "1." + "2" * 63, "1.2 .3", "²⁵.1", 17])
def test_malformed_uid_of_the_object_rejects(uid: object) -> None:
    found = verdict(header(t00080018=uid))
    assert found.reason in (Reason.MALFORMED_UID, Reason.MISSING_TYPE_1)
    assert ("malformed-uid", "00080018") in told(found)


@pytest.mark.parametrize("uid", ["2.25.0", "1.2.3\0", "1.2.3 ", "1." + "2" * 62])
def test_well_formed_uids_pass(uid: str) -> None:
    assert verdict(header(t00200052=uid)).findings == ()


def test_malformed_uid_that_refers_elsewhere_is_a_finding_at_any_depth() -> None:
    inner = {"00081155": {"vr": "UI", "Value": ["1.02"]}}
    middle = {"00081199": {"vr": "SQ", "Value": [inner, None, 3]}}
    found = verdict(header(t00081115={"vr": "SQ", "Value": [middle, {}]}))
    assert found.reason is None
    assert told(found) == {("malformed-uid", "00081155")}


@pytest.mark.parametrize("tag", ["00080018", "0020000D", "0020000E"])
def test_header_and_event_name_the_same_object(tag: str) -> None:
    found = verdict(header(**{f"t{tag}": "2.25.999"}))
    assert found.reason is Reason.MALFORMED_UID
    assert told(found) == {("disagrees-with-event", tag)}


def test_sop_class_of_header_and_event_agree() -> None:
    assert verdict(header(), sop_class=CR).reason is Reason.MALFORMED_UID


def test_a_modality_that_the_class_fixes_rejects() -> None:
    found = verdict(header(t00080060="MR"))
    assert found.reason is Reason.MODALITY_MISMATCH
    assert told(found) == {("modality-mismatch", "00080060")}


def test_a_modality_at_the_border_is_a_finding() -> None:
    found = verdict(header(t00080016=CR, t00080060="CT"))
    assert found.reason is None
    assert told(found) == {("modality-mismatch", "00080060")}
    assert verdict(header(t00080016=CR, t00080060="DX")).findings == ()


def test_secondary_capture_takes_any_modality() -> None:
    assert verdict(header(t00080016=SC, t00080060="XYZ")).findings == ()


def test_a_private_class_is_a_finding() -> None:
    found = verdict(header(t00080016="1.3.12.2.1107.5.9.1"), bulk=())
    assert found.reason is None
    assert told(found) == {("unknown-sop-class", "00080016")}


def test_all_defects_are_told_and_the_first_reason_counts() -> None:
    found = verdict(header(t00080060="MR", t0020000D="1.02", t0020000E=None), bulk=native(2))
    assert found.reason is Reason.MISSING_TYPE_1
    assert [finding.code for finding in found.findings] == [
        "missing-type-1",
        "malformed-uid",
        "disagrees-with-event",
        "modality-mismatch",
        "pixels-short",
    ]


def test_findings_are_limited() -> None:
    many = {f"t0040{number:04X}": {"vr": "UI", "Value": ["1.02"]} for number in range(300)}
    found = verdict(header(**many))
    assert len(found.findings) == MOST_FINDINGS
    assert found.findings[-1].code == "findings-truncated"


def test_deep_nesting_is_walked_without_recursion() -> None:
    deepest: dict[str, object] = {"00081155": {"vr": "UI", "Value": ["1.02"]}}
    for _ in range(5000):
        deepest = {"0040A730": {"vr": "SQ", "Value": [deepest]}}
    assert told(verdict(header(t0040A730=deepest["0040A730"]))) == {("malformed-uid", "00081155")}


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["vr", "Value", "00080018"]), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(header())), _ODD, max_size=6), st.sets(st.sampled_from(sorted(header()))))
def test_odd_json_never_crashes(odd: dict[str, object], gone: set[str]) -> None:
    made = {tag: element for tag, element in header().items() if tag not in gone} | odd
    assert verdict(made, sop_class=CT).reason in (None, *Reason)


@pytest.mark.parametrize("made", [None, [], "text", 3, {}])
def test_a_header_that_is_none_is_rejected(made: object) -> None:
    assert verdict(made if isinstance(made, dict) else {}, sop_class=CT).reason is Reason.MISSING_TYPE_1
