"""`isocentre profile`: what it tells of profiles, and how it refuses what is none."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra.cli import main
from services.anonymiser.profile.load import SHIPPED, shipped

OWN = """
name: own
base: research
title: Ours
attributes:
  - {path: InstitutionName, action: keep, why: our consortium}
rules:
  - when: {Manufacturer: {equals: [ACME]}}
    why: their stations have no names
    attributes:
      - {path: StationName, action: keep, why: w}
      - {path: OperatorsName, action: keep, why: a mistake}
"""
BROKEN = {
    "not YAML": "name: [",
    "no mapping": "- a\n- b",
    "empty": "",
    "another name": "name: other\ntitle: O",
    "no title": "name: own",
    "unknown word": "name: own\ntitle: O\nkeep: all",
    "unknown option": "name: own\ntitle: O\noptions: [clean-everything]",
    "unknown attribute": "name: own\ntitle: O\nattributes: [{path: PatientNam, action: keep, why: w}]",
    "unknown base": "name: own\nbase: nowhere\ntitle: O",
    "own base": "name: own\nbase: own\ntitle: O",
    "attributes as a number": "name: own\nbase: basic\ntitle: O\nattributes: 3",
    "dates as a list": "name: own\nbase: basic\ntitle: O\ndates: [shift]",
    "a date that is none": "name: own\nbase: basic\ntitle: 2024-99-99",
    "deep": "name: own\ntitle: " + "[" * 5000,
    "an object": "name: !!python/object/apply:os.system [ls]",
    "layouts": "name: own\nbase: basic\ntitle: O\npixels: {layouts: 'x: y'}",
}


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["profile", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path


# --- list


def test_list_names_all_profiles_with_their_options(folder: Path):
    result = run("list", "--profiles", folder)
    assert result.exit_code == 0
    for words in (*shipped(), "own", "Ours", "113107", "retain-longitudinal-modified-dates", "none"):
        assert words in result.output
    assert "Ours" not in run("list").output


def test_list_of_a_folder_with_a_bad_profile_says_which(folder: Path):
    (folder / "bad.yaml").write_bytes(b"\xff")
    result = run("list", "--profiles", folder)
    assert result.exit_code == 2
    assert "bad.yaml is no UTF-8 text" in result.output


def test_a_folder_with_the_name_of_a_profile_is_told(folder: Path):
    (folder / "odd.yaml").mkdir()
    result = run("list", "--profiles", folder)
    assert result.exit_code == 2
    assert "odd.yaml cannot be read" in result.output


# --- check


def test_check_says_what_may_be_claimed_and_where_it_departs(folder: Path):
    result = run("check", folder / "own.yaml")
    assert result.exit_code == 0
    assert "does not claim 113100" in result.output
    assert "departs: InstitutionName keep" in result.output
    assert "departs where a rule applies (their stations have no names): OperatorsName keep" in result.output
    assert "StationName" not in result.output, "its option keeps it anyhow"


@pytest.mark.parametrize("name", sorted(shipped()))
def test_check_takes_a_copy_of_every_shipped_profile_under_another_name(name: str, tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(
        (SHIPPED / f"{name}.yaml").read_text().replace(f"name: {name}\n", "name: mine\n")
    )
    result = run("check", tmp_path / "mine.yaml")
    assert result.exit_code == 0
    assert ("claims 113100" in result.output) is (name in ("basic", "research"))


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_check_refuses_what_is_none_and_names_the_file(content: str, tmp_path: Path):
    (tmp_path / "own.yaml").write_text(content)
    result = run("check", tmp_path / "own.yaml")
    assert result.exit_code == 1
    assert "own" in result.output


def test_check_of_several_goes_through_all_of_them(folder: Path):
    (folder / "sub").mkdir()
    (folder / "sub" / "bad.yaml").write_text("name: bad")
    result = run("check", folder / "sub" / "bad.yaml", folder / "own.yaml")
    assert result.exit_code == 1
    assert "Ours" in result.output


@pytest.mark.parametrize("arguments", [("check",), ("check", "nowhere.yaml"), ("check", "."), ("unknown",)])
def test_bad_usage_ends_with_2(arguments: tuple[str, ...]):
    assert run(*arguments).exit_code == 2


# --- diff


def test_diff_shows_rows_and_own_paths_where_two_differ_and_no_other(folder: Path):
    result = run("diff", "research", "own", "--profiles", folder)
    assert result.exit_code == 0
    assert "(0008,0080) InstitutionName" in result.output
    assert "StudyDate" not in result.output
    basic = run("diff", "basic", "research").output
    for words in ("(0008,0020) StudyDate", "(0010,0040) PatientSex", "shift", "keep"):
        assert words in basic
    assert "PatientName" not in basic


def test_diff_of_a_profile_with_itself_is_empty():
    assert "(0" not in run("diff", "basic", "basic").output


@pytest.mark.parametrize("pair", [("basic", "best"), ("best", "basic"), ("basic",), ("basic", "research", "third")])
def test_diff_of_what_is_not_there_ends_with_2(pair: tuple[str, ...]):
    assert run("diff", *pair).exit_code == 2


# --- explain


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("(0010,0010)", ("PatientName", "code", "the patient's code")),
        ("(0010,1010)", ("PatientAge", "age", "E.3.7", "remove")),
        ("PatientAge", ("(0010,1010)",)),
        ("StudyDate", ("shift", "first-of-month", "E.3.6", "Table E.1-1: Z")),
        ("ContentSequence/TextValue", ("(0040,A730)/(0040,A160)", "clean")),
        ("(60xx,3000)", ("overlay or curve",)),
        ("(0009,1001)", ("remove", "Table E.1-1: X")),
        ("(0008,FFF0)", ("no edition of PS3.6 knows it",)),
        ("EthnicGroup", ("GDPR", "profile research")),
        ("(0008,1030)", ("clean", "E.3.5")),
    ],
)
def test_explain_says_what_happens_by_which_rule_and_section(tag: str, words: tuple[str, ...]):
    result = run("explain", tag)
    assert result.exit_code == 0
    flat = " ".join(result.output.replace("│", " ").split())
    for word in words:
        assert word in flat


def test_explain_of_one_profile_one_kind_of_object_and_one_vr():
    of_type_1 = run("explain", "ContentDate", "--profile", "basic", "--sop-class", "1.2.840.10008.5.1.4.1.1.88.11")
    of_type_3 = run("explain", "SeriesDate", "--profile", "basic")
    assert "at type 1" in of_type_1.output
    assert "at type 3" in of_type_3.output
    assert "research" not in of_type_3.output
    assert "VR that PS3.6 does not expect" in run("explain", "Rows", "--vr", "LO", "--profile", "basic").output.replace(
        "\n", " "
    )


@pytest.mark.parametrize("tag", ["PatientNam", "(0010)", "", "/", "(001G,0010)", "a/b/c", "\0", "💉"])
def test_explain_of_what_is_no_attribute_ends_with_2_and_says_so(tag: str):
    result = run("explain", tag)
    assert result.exit_code == 2
    assert "attribute" in result.output.lower() or "tag" in result.output.lower()


def test_explain_with_an_unknown_profile_ends_with_2():
    result = run("explain", "PatientName", "--profile", "best")
    assert result.exit_code == 2
    assert "there is no profile 'best'; there are basic" in result.output
