"""What is asked for, and which answers count."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.fetching.declared import GetSource, MoveSource, WebSource, read_source
from infra.fetching.questions import BadQuestion, Match, Question, by_day
from infra.fetching.tables import read_list, read_table
from shared.misconfigured import Misconfigured

DAY, NEXT = date(2026, 1, 15), date(2026, 1, 16)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "nothing"),
        ({"modality": "CT"}, "nothing"),
        ({"study": "1.2.*"}, "no UID"),
        ({"study": "1." * 33}, "no UID"),
        ({"patient_id": "*"}, "wildcard"),
        ({"patient_id": "A?"}, "wildcard"),
        ({"accession": "1\\2"}, "wildcard"),
        ({"first": NEXT, "last": DAY}, "ends before"),
    ],
)
def test_a_question_that_would_match_what_nobody_meant_is_none(given: dict[str, str], why: str) -> None:
    with pytest.raises(BadQuestion, match=why):
        Question(**given)  # type: ignore[arg-type]


def test_ranges_are_written_as_the_standard_does() -> None:
    assert Question(first=DAY, last=NEXT).range == "20260115-20260116"
    assert Question(first=DAY, last=DAY).range == "20260115"
    assert Question(study="1.2.3").range == ""


@pytest.mark.parametrize(
    ("question", "answer", "meets"),
    [
        (Question(study="1.2"), Match("1.2"), True),
        (Question(study="1.2"), Match("1.3"), False),
        (Question(patient_id="A"), Match("1.2", patient_id="A "), True),
        (Question(patient_id="A"), Match("1.2", patient_id="B"), False),
        (Question(patient_id="A"), Match("1.2"), False),
        (Question(first=DAY, last=DAY), Match("1.2"), False),
        (Question(accession="7"), Match("1.2", accession="8"), False),
        (Question(first=DAY, last=DAY), Match("1.2", day=NEXT), False),
        (Question(first=DAY, last=DAY), Match("1.2", day=DAY), True),
        (Question(first=DAY, last=DAY, modality="CT"), Match("1.2", day=DAY, modalities=frozenset({"MR"})), False),
        (
            Question(first=DAY, last=DAY, modality="CT"),
            Match("1.2", day=DAY, modalities=frozenset({"MR", "CT"})),
            True,
        ),
    ],
)
def test_an_answer_that_nobody_asked_for_does_not_count(question: Question, answer: Match, meets: bool) -> None:
    assert question.meets(answer) is meets


def test_a_range_of_days_is_asked_day_by_day_and_modality_by_modality() -> None:
    asked = list(by_day(DAY, NEXT, ("CT", "MR")))
    assert [(one.range, one.modality) for one in asked] == [
        ("20260115", "CT"),
        ("20260115", "MR"),
        ("20260116", "CT"),
        ("20260116", "MR"),
    ]
    assert [one.range for one in by_day(DAY, DAY, ())] == ["20260115"]
    with pytest.raises(BadQuestion):
        list(by_day(NEXT, DAY, ()))


# --- lists


def _file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "list").write_bytes(text.encode())
    return tmp_path / "list"


def test_a_list_of_studies(tmp_path: Path) -> None:
    table = read_list(_file(tmp_path, "\ufeff1.2.3\n\n# a remark\n 1.2.4  # another\nnonsense\n*\n"))
    assert [(row.number, row.question, row.trouble) for row in table.rows] == [
        (1, Question(study="1.2.3"), ""),
        (4, Question(study="1.2.4"), ""),
        (5, None, "no UID"),
        (6, None, "no UID"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_says_in_its_heading_what_it_holds(tmp_path: Path, delimiter: str) -> None:
    lines = ["Name of it,Patient ID,Study Date,Accession-Number", "x,007,2026-01-15,", ",008,15.01.2026,A1", ",,,"]
    table = read_table(_file(tmp_path, "\r\n".join(lines).replace(",", delimiter)))
    assert table.columns == {"Patient ID": "patient_id", "Study Date": "day", "Accession-Number": "accession"}
    assert [row.question for row in table.rows] == [
        Question(patient_id="007", first=DAY, last=DAY),
        Question(patient_id="008", accession="A1", first=DAY, last=DAY),
    ]


def test_a_studys_uid_says_it_all(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, "StudyInstanceUID,PatientID\n1.2.3,whoever\n"))
    assert [row.question for row in table.rows] == [Question(study="1.2.3")]


def test_lines_that_would_match_too_much_are_told(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, "PatientID,Date\n007,\n*,20260115\n,20260115\n007,next week\n"))
    assert [(row.number, row.trouble) for row in table.rows] == [
        (2, "no day, and no accession number"),
        (3, "a wildcard"),
        (4, ""),
        (5, "a day in no form that we know"),
    ]
    assert "007" not in "".join(row.trouble for row in table.rows)


@pytest.mark.parametrize("text", ["", "Date\n20260115\n", "PatientID,Patient ID\n1,2\n"])
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured):
        read_table(_file(tmp_path, text))


# --- sources


SOURCES = """
sources:
  archive: {mode: move, ae_title: PACS, host: pacs, port: 104, calling: US, destination: BULK}
  other: {mode: get, ae_title: PACS, host: pacs, port: 104, calling: US}
  cloud: {mode: web, url: "https://pacs/dicom-web"}
"""


def test_sources_by_name_and_by_address(tmp_path: Path) -> None:
    file = _file(tmp_path, SOURCES)
    assert isinstance(read_source("archive", file), MoveSource)
    assert isinstance(read_source("other", file), GetSource)
    assert isinstance(read_source("cloud", file), WebSource)
    assert read_source("http://pacs/web", tmp_path / "none") == WebSource(mode="web", url="http://pacs/web")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "sources: {archive: {mode: push}}",
        SOURCES.replace("port: 104", "port: 0"),
        SOURCES.replace("PACS", "TOO LONG TO BE A TITLE"),
        SOURCES.replace("destination: BULK", "target: BULK"),
        "sources: {}",
    ],
)
def test_a_source_that_is_not_there_or_is_wrong_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured):
        read_source("archive", _file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SOURCES.replace("mode: move", "mode: SECRET"), "'mode' should be one of 'move', 'get', 'web'"),
        (SOURCES.replace("port: 104", "SECRET: 104"), "port: Field required"),
        (SOURCES.replace("host: pacs", "host: [SECRET]"), "host: Input should be a valid string"),
        ("SECRET", "all of it: Input should be"),
        ("sources: {a: {mode: 'SECRET", "is no YAML, line 1"),
    ],
)
def test_what_is_wrong_is_told_without_what_was_written(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        read_source("archive", _file(tmp_path, text))
    assert told in str(raised.value)
    assert "SECRET" not in str(raised.value)
