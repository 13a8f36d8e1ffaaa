"""Table E.1-1: complete, resolved as said, the same as its source."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from services.anonymiser.standard.generate_table import generate
from services.anonymiser.standard.table import TABLE_FILE, Action, Rule, resolved, table

CONTENT = json.loads(TABLE_FILE.read_text())


def test_all_rows_and_columns_are_there():
    assert len(CONTENT["rows"]) == 657
    assert len(CONTENT["columns"]) == 15
    assert len(table().rules) == 657
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
def test_compound_actions_take_the_strictest_valid_code(codes: str, action: Action):
    assert resolved(codes) is action


def test_every_code_of_the_table_is_understood():
    assert Counter(rule.action for rule in table().rules.values()).total() == 657


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        (0x00100010, Rule(Action.EMPTY)),
        (0x00080020, Rule(Action.EMPTY, modified=True)),
        (0x00100030, Rule(Action.EMPTY)),
        (0x00081140, Rule(Action.UID)),
        (0x00091001, Rule(Action.REMOVE)),
        (0x50020010, Rule(Action.REMOVE)),
        (0x60023000, Rule(Action.REMOVE)),
        (0x601E4000, Rule(Action.REMOVE)),
        (0x60020010, None),
        (0x00280010, None),
    ],
)
def test_rows_are_found_by_tag_and_by_pattern(tag: int, rule: Rule | None):
    assert table().rule(tag) == rule


def test_basic_actions_agree_with_dicom_anonymizer():
    databases = pytest.importorskip("dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c")
    names = {"X": "X_TAGS", "Z": "Z_TAGS", "D": "D_TAGS", "U": "U_TAGS", "Z/D": "Z_D_TAGS", "X/Z": "X_Z_TAGS"}
    names |= {"X/D": "X_D_TAGS", "X/Z/D": "X_Z_D_TAGS", "X/Z/U*": "X_Z_U_STAR_TAGS"}
    theirs = {tag[:2]: code for code, name in names.items() for tag in getattr(databases, name) if len(tag) == 2}
    ours = {
        (int(tag[:4], 16), int(tag[4:], 16)): row[3]
        for tag, *row in CONTENT["rows"]
        if "x" not in tag and tag != "private"
    }
    shared = theirs.keys() & ours.keys()
    assert len(shared) > 600
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
