"""Table E.1-1: complete, resolved as said, the same as its source."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c

from services.anonymiser.standard.generate_table import generate
from services.anonymiser.standard.table import TABLE_FILE, Action, Row, compound, table

CONTENT = json.loads(TABLE_FILE.read_text())


def test_all_rows_and_columns_are_there():
    assert len(CONTENT["rows"]) == 657
    assert len(CONTENT["columns"]) == 15
    assert len(table().rows) == 657
    assert table().edition == CONTENT["edition"] == "2026d"
    assert "NEMA" in CONTENT["notice"]


@pytest.mark.parametrize(
    ("codes", "action"),
    [
        ("X", Action.REMOVE),
        ("Z", Action.EMPTY),
        ("D", Action.DUMMY),
        ("U", Action.UID),
        ("Z/D", Action.DUMMY),
        ("X/Z", Action.EMPTY),
        ("X/D", Action.DUMMY),
        ("X/Z/D", Action.DUMMY),
        ("X/Z/U*", Action.UID),
    ],
)
def test_without_a_type_compound_actions_take_the_strictest_valid_code(codes: str, action: Action):
    assert compound(codes, None) is action


@pytest.mark.parametrize(
    ("tag", "pattern"),
    [
        (0x00100010, "00100010"),
        (0x00091001, "private"),
        (0x50020010, "50xxxxxx"),
        (0x60023000, "60xx3000"),
        (0x601E4000, "60xx4000"),
        (0x60020010, None),
        (0x00280010, None),
    ],
)
def test_rows_are_found_by_tag_and_by_pattern(tag: int, pattern: str | None):
    row = table().row(tag)
    assert (row.tag_pattern if row else None) == pattern


@pytest.mark.parametrize(
    ("codes", "type_1", "type_2", "type_3"),
    [
        # Table E.1-1a: "Z unless D is required to maintain IOD conformance (Type 2 versus Type 1)"
        ("Z/D", Action.DUMMY, Action.EMPTY, Action.EMPTY),
        # "X unless Z is required to maintain IOD conformance (Type 3 versus Type 2)"
        ("X/Z", Action.EMPTY, Action.EMPTY, Action.REMOVE),
        # "X unless D is required to maintain IOD conformance (Type 3 versus Type 1)"
        ("X/D", Action.DUMMY, Action.DUMMY, Action.REMOVE),
        # "X unless Z or D is required to maintain IOD conformance (Type 3 versus Type 2 versus Type 1)"
        ("X/Z/D", Action.DUMMY, Action.EMPTY, Action.REMOVE),
        # "X unless Z or replacement of contained instance UIDs (U) is required to maintain IOD conformance"
        ("X/Z/U*", Action.UID, Action.EMPTY, Action.REMOVE),
        ("X", Action.REMOVE, Action.REMOVE, Action.REMOVE),
        ("Z", Action.EMPTY, Action.EMPTY, Action.EMPTY),
        ("D", Action.DUMMY, Action.DUMMY, Action.DUMMY),
        ("U", Action.UID, Action.UID, Action.UID),
    ],
)
def test_compound_actions_follow_the_type_of_the_attribute(codes: str, type_1: Action, type_2: Action, type_3: Action):
    assert compound(codes, "1") is compound(codes, "1C") is type_1
    assert compound(codes, "2") is compound(codes, "2C") is type_2
    assert compound(codes, "3") is type_3


def test_every_code_of_the_table_has_an_action_for_every_type_and_only_one_that_it_offers():
    for row in table().rows.values():
        for attribute_type in ("1", "1C", "2", "2C", "3", None):
            assert compound(row.basic, attribute_type) in row.basic.rstrip("*").split("/")


def test_a_row_holds_what_each_option_says_and_nothing_for_the_others():
    assert table().row(0x00101010) == Row("00101010", "Patient's Age", "X", {"retain_patient_characteristics": "K"})
    assert table().row(0x00091001).options == {"retain_safe_private": "C"}


def test_all_cells_of_the_file_are_in_the_rows():
    options = CONTENT["columns"][5:]
    for tag, name, _, _, basic, *codes in CONTENT["rows"]:
        said = {option: code for option, code in zip(options, codes, strict=True) if code}
        assert table().rows[tag] == Row(tag, name, basic, said)
    assert len(options) == 10
    assert {code for row in table().rows.values() for code in row.options.values()} == {"K", "C"}


def test_basic_actions_agree_with_dicom_anonymizer():
    names = {"X": "X_TAGS", "Z": "Z_TAGS", "D": "D_TAGS", "U": "U_TAGS", "Z/D": "Z_D_TAGS", "X/Z": "X_Z_TAGS"}
    names |= {"X/D": "X_D_TAGS", "X/Z/D": "X_Z_D_TAGS", "X/Z/U*": "X_Z_U_STAR_TAGS"}
    theirs = {
        tag[:2]: code for code, name in names.items() for tag in getattr(dicomfields_2026c, name) if len(tag) == 2
    }
    ours = {
        (int(tag[:4], 16), int(tag[4:], 16)): row[3]
        for tag, *row in CONTENT["rows"]
        if "x" not in tag and tag != "private"
    }
    shared = theirs.keys() & ours.keys()
    assert len(shared) == 652
    assert {tag: (theirs[tag], ours[tag]) for tag in shared if theirs[tag] != ours[tag]} == {}


def test_the_file_is_what_the_generator_makes():
    folder = os.environ.get("ISOCENTRE_STANDARD_DIR")
    if not folder:
        pytest.skip("ISOCENTRE_STANDARD_DIR is not set: no CSV of PS3.15 Table E.1-1 to generate from")
    source = (Path(folder) / f"ps3.15_table_E.1-1_{CONTENT['edition']}.csv").read_bytes()
    assert hashlib.sha256(source).hexdigest() == CONTENT["sha256"]
    assert generate(source, CONTENT["edition"]) == TABLE_FILE.read_text(encoding="utf-8")


def test_the_generator_refuses_what_it_does_not_understand():
    with pytest.raises(ValueError, match="columns"):
        generate(b"tag,name\n", "2026d")
