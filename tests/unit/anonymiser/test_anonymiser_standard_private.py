"""Safe private elements: all that the standard lists, nothing that nobody vouches for, text only where reviewed."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anonymiser.standard.generate_private import TCIA_COLUMNS, TCIA_VRS, knowledge_base, main, safe_table
from services.anonymiser.standard.private import (
    KNOWLEDGE_BASE_FILE,
    NUMBERS,
    REVIEWED_FILE,
    SAFE_FILE,
    TEXTS,
    Private,
    disposition,
)

SAFE = json.loads(SAFE_FILE.read_text())
TCIA = json.loads(KNOWLEDGE_BASE_FILE.read_text())
REVIEWED = list(csv.DictReader(REVIEWED_FILE.read_text().splitlines()))
STANDARD, CURATORS, OURS = "PS3.15 E.3.10", "TCIA", "reviewed"


def ask(creator: str, group: str, element: str, vr: str = "UN") -> Private | None:
    return disposition(creator, int(group, 16), int(element, 16), vr)


def test_all_rows_of_the_standard_are_there():
    assert len(SAFE["rows"]) == 479
    assert SAFE["edition"] == "2026d"
    assert "NEMA" in SAFE["notice"]
    assert sum(1 for row in SAFE["rows"] if not row[3]) == 5
    assert sum(1 for row in SAFE["rows"] if row[3] == "OW OB") == 2


@pytest.mark.parametrize("row", SAFE["rows"], ids=lambda row: f"{row[0]} {row[1]}{row[2]}")
def test_every_row_of_the_standard_is_kept_in_any_block_of_its_creator(row: list[str]):
    creator, group, element, vrs, *_ = row
    vr = vrs.split()[0] if vrs else "FD"
    for block in (0x10, 0x11, 0xFF):
        found = disposition(creator, int(group, 16), block << 8 | int(element, 16), vr)
        assert found is not None
        assert found == disposition(creator, int(group, 16), int(element, 16), vr)
        assert (found.source, found.vr) == (STANDARD, vr)
        assert found.action == {"UI": "uid"}.get(vr, "keep")
        assert found.text == (vr in TEXTS or vr == "CS")


def test_an_object_without_vrs_gets_those_of_the_table():
    assert ask("SIEMENS MR HEADER", "0019", "0C") == Private("keep", "IS", STANDARD)
    assert ask("Philips Imaging DD 001", "2001", "03").vr == "FL"
    assert ask("Philips Imaging DD 001", "2001", "7D").vr == "OW"
    assert ask("Philips Imaging DD 001", "2001", "7D", "OB").vr == "OB"
    assert ask("GEMS_PARM_01", "0043", "39").vr == "IS"
    assert ask("GEMS_PETD_01", "0009", "9D").vr == "SL"  # of two that are known, the dictionary's


def test_a_row_of_the_standard_without_vr_needs_one_that_can_be_read():
    creator = "SIEMENS Ultrasound SC2000"
    assert ask(creator, "0119", "11", "UN") is None
    assert ask(creator, "0119", "11", "OB") is None
    assert ask(creator, "0119", "11", "PN") is None
    assert ask(creator, "0119", "11", "DT").action == "date"
    assert ask(creator, "0119", "11", "LO").text


@pytest.mark.parametrize(
    "creator",
    ["SIEMENS MR HEADER", "siemens mr header", "  Siemens MR  Header ", "SIEMENS MR HEADER\0", "SIEMENS MR HEADER \0"],
)
def test_case_and_padding_of_a_creator_do_not_matter(creator: str):
    assert ask(creator, "0019", "0C", "IS") is not None


@given(st.text(max_size=64), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.text(max_size=2))
def test_what_nobody_knows_is_not_kept_and_nothing_fails(creator: str, group: int, element: int, vr: str):
    assert disposition(f"{creator} nobody", group, element, vr) is None
    assert disposition("", group, element, vr) is None


@pytest.mark.parametrize(
    ("creator", "group", "element", "vr"),
    [
        ("SIEMENS MR HEADER", "0019", "FF", "IS"),
        ("SIEMENS CSA HEADER", "0029", "10", "OB"),
        ("SIEMENS CSA HEADER", "0029", "20", "OB"),
        ("SIEMENS MR SDS 01", "0021", "19", "OB"),
        ("GEMS_SERS_01", "0025", "1B", "OB"),
        ("GEMS_IDEN_01", "0009", "02", "SH"),
        ("GEMS_GENIE_1", "0009", "40", "LO"),
        ("ELSCINT1", "07A1", "40", "CS"),
        ("Unnamed Private Block - 10", "0019", "0B", "DS"),
    ],
)
def test_headers_within_headers_names_and_the_unknown_are_refused(creator: str, group: str, element: str, vr: str):
    assert ask(creator, group, element, vr) is None
    assert ask(creator, group, element, "UN") is None


@pytest.mark.parametrize(
    ("creator", "group", "element", "vr"),
    [
        ("SIEMENS MEDCOM HEADER2", "0029", "60", "LO"),  # Series Workflow Status: k
        ("GEMS_FUNCTOOL_01", "0051", "06", "LT"),  # Store Parameters String: k
        ("GEMS_PETD_01", "0009", "7A", "SH"),  # Image Set Software Version: k
    ],
)
def test_text_is_not_kept_because_the_knowledge_base_keeps_it(creator: str, group: str, element: str, vr: str):
    assert ask(creator, group, element, vr) is None


def test_of_the_knowledge_base_only_numbers_and_codes_are_taken():
    for creator, group, element, vrs, name in TCIA["rows"]:
        assert set(vrs.split()) <= TCIA_VRS
        assert int(group, 16) & 1
        assert creator
        assert name not in ("", "Unknown")
        found = ask(creator, group, element, vrs.split()[0])
        refused = any((creator, group, element) == (r["creator"], r["group"], r["element"]) for r in REVIEWED)
        assert refused or found is not None
    assert TCIA["rows_read"] == 8787
    assert sum(TCIA["rows_left_out"].values()) + len(TCIA["rows"]) < 8787  # one element may have rows for several VRs
    assert "Apache" in TCIA["notice"]


def test_words_are_kept_only_where_the_standard_or_a_review_says_so():
    everything = [(*row[:3], vr) for row in TCIA["rows"] + SAFE["rows"] for vr in ("LO", "SH", "ST", "LT", "UT", "UC")]
    everything += [(*row[:3], vr) for row in TCIA["rows"] for vr in ("PN", "AE", "UI", "TM", "DA", "DT", "UR", "OW")]
    for creator, group, element, vr in everything:
        found = ask(creator, group, element, vr)
        assert found is None or (found.source in (STANDARD, OURS) and found.text)


def test_what_a_review_keeps_has_a_reason_a_source_and_for_words_a_form():
    for row in REVIEWED:
        assert row["decision"] in ("keep", "refuse")
        assert row["why"]
        assert row["source"]
        assert re.fullmatch("[0-9A-F]{4}[0-9A-F]{2}", row["group"] + row["element"])
        for vr in row["vr"].split():
            found = ask(row["creator"], row["group"], row["element"], vr)
            if row["decision"] == "refuse":
                assert found is None
            else:
                assert (found.source, found.vr, found.form) == (OURS, vr, row["form"])
                assert found.form or vr in NUMBERS | {"DT", "SQ"}


def test_dates_are_moved_and_sequences_kept_for_what_is_in_them():
    assert ask("GEMS_PETD_01", "0009", "0D", "DT") == Private("date", "DT", OURS)
    assert ask("SIEMENS MR SDS 01", "0021", "FE", "SQ") == Private("keep", "SQ", OURS)
    assert ask("NQHeader", "0099", "02", "UI") == Private("uid", "UI", STANDARD)


def test_a_vr_of_another_kind_is_not_what_the_tables_call_safe():
    b_value = ("SIEMENS MR HEADER", "0019", "0C")
    assert ask(*b_value, "DS").vr == "DS"
    assert ask(*b_value, "OB").vr == "IS"  # nobody on the way could read it
    for vr in ("LO", "PN", "CS", "SQ", "OW", "UI"):
        assert ask(*b_value, vr) is None


@pytest.mark.parametrize(
    ("vr", "form", "value", "fits"),
    [
        ("DS", "", b"1.5e-3 \\-2. ", True),
        ("DS", "", b"Doe", False),
        ("DS", "", b"1\\Doe", False),
        ("IS", "", b"1000", True),
        ("IS", "", b"\xe8\x03", False),
        ("US", "", b"\xe8\x03", True),
        ("US", "", b"\xe8", False),
        ("FD", "", b"DOE^JANE", True),  # eight bytes are a number: only the residual gate can tell
        ("FL", "", b"DOE^JOHNNY", False),
        ("CS", "", b"NONE\\FAT_SAT", True),
        ("CS", "", b"Jane Doe", False),
        ("UI", "", b"1.2.3\0", True),
        ("UI", "", b"Jane Doe", False),
        ("LO", "", b"anything", True),
        ("SH", r"\d+\*\d+", b"64*64 ", True),
        ("SH", r"\d+\*\d+", b"64*64 Doe", False),
        ("SH", r"\d+\*\d+", b"64*64\\Doe", False),
        ("LO", "Yes|No", b"", True),
        ("SQ", "", b"", True),
    ],
)
def test_a_value_fits_only_when_it_is_what_is_expected(vr: str, form: str, value: bytes, fits: bool):
    assert Private("keep", vr, OURS, form=form).fits(value) is fits
    assert Private("keep", vr, OURS, form=form).fits(memoryview(value)) is fits


def test_forms_let_no_name_through():
    for row in REVIEWED:
        if row["form"]:
            found = ask(row["creator"], row["group"], row["element"], row["vr"].split()[0])
            assert not found.fits(b"DOE^JANE")
            assert not found.fits(b"Jane Doe")


def test_the_files_are_what_the_generator_makes(tmp_path: Path):
    folder = os.environ.get("ISOCENTRE_STANDARD_DIR")
    if not folder:
        pytest.skip("ISOCENTRE_STANDARD_DIR is not set: no tables of private elements to generate from")
    safe = Path(folder) / f"ps3.15_table_E.3.10-1_{SAFE['edition']}.csv"
    tcia = Path(folder) / f"tcia_private_tag_kb_{TCIA['edition']}.csv"
    assert main([str(safe), SAFE["edition"], str(tcia), TCIA["edition"], str(tmp_path)]) == 0
    for made in (SAFE_FILE, KNOWLEDGE_BASE_FILE):
        assert (tmp_path / made.name).read_bytes() == made.read_bytes()


def knowledge(*rows: str) -> dict:
    return json.loads(knowledge_base("\n".join([",".join(TCIA_COLUMNS), *rows]).encode(), "today"))


@pytest.mark.parametrize(
    "pattern",
    [
        '"(0019,""ACME, Inc."",0c)"',  # both quotes
        '"(0019,ACME, Inc."",0c)"',  # the first is missing
        '"(0019, acme,  INC. ,0c)"',
        '"(0008,1111)[<0>](0019,ACME, Inc."",0c)"',
        '"(0019,OTHER"",0f)[<0>](0019,""ACME, Inc."",0C)"',
    ],
)
def test_irregular_quoting_and_nesting_are_understood(pattern: str):
    assert knowledge(f"{pattern},Sequence:Gain,DS, k")["rows"] == [["ACME, INC.", "0019", "0C", "DS", "Gain"]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"(0019,ACME"",0c)",Name,LO,k', "neither number nor code"),
        ('"(0019,ACME"",0c)",Number,UN,k', "neither number nor code"),
        ('"(0019,ACME"",0c)",Gain,DS,d', "not k"),
        ('"(0019,ACME"",0c)",Gain,DS,K', "not k"),
        ('"(0019,ACME"",0c)",Gain,DS,', "not k"),
        ('"(0019,ACME"",0c)",Gain,DS,oi', "not k"),
        ('"(0019,,0c)",Gain,DS,k', "no creator"),
        ('"(0019,Unnamed Private Block - 10"",0c)",Gain,DS,k', "no creator"),
        ('"(0021,0021,1000,0c)",Gain,DS,k', "no creator"),
        ('"(0019,ACME"",0c)",Sequence:Unknown,DS,k', "no name"),
        ('"(0019,ACME"",0c)[<0>](0018,9030)",Sequence:Tag Spacing,FD,k', "standard attribute"),
        ('"(0019,ACME"",0c",Gain,DS,k', "not understood"),
        ('"(0019,0c)",Gain,DS,k', "not understood"),
        ('"(0019,ACME"",0c)",Gain,DS', "not understood"),
    ],
)
def test_rows_are_left_out_for_a_stated_reason(row: str, reason: str):
    made = knowledge(row)
    assert made["rows"] == []
    assert made["rows_left_out"] == {reason: 1}


def test_an_element_that_is_deleted_somewhere_is_kept_nowhere():
    kept, deleted = '"(0019,ACME"",0c)",Gain,DS,k', '"(0008,1111)[<0>](0019,ACME"",0c)",Sequence:Gain,DS,d'
    assert knowledge(kept, deleted)["rows_left_out"] == {"contradicted": 1, "not k": 1}
    unread = '"(0019,ACME"",0c)",Unknown,UN,d'  # says only that nobody could read it
    assert len(knowledge(kept, unread)["rows"]) == 1


def test_the_generator_refuses_what_it_does_not_understand(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(ValueError, match="columns"):
        safe_table(b"tag,vr\n", "today")
    with pytest.raises(ValueError, match="columns"):
        knowledge_base(b"tag,vr\n", "today")
    with pytest.raises(ValueError, match="not a row"):
        safe_table(b'tag,private_creator,vr,vm,meaning\n"(0019,100C)",ACME,IS,1,B value\n', "today")
    assert main([]) == 2
    assert "generate_private" in capsys.readouterr().err
