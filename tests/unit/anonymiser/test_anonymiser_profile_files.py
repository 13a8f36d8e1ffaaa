"""Profiles as files: what may be written, what is refused and how it is told, what comes out of a base."""

import subprocess
import sys
from importlib import import_module

import pytest

from services.anonymiser.profile.load import SHIPPED, BadProfile, load, shipped, texts
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.paths import parsed, shown
from services.anonymiser.profile.revision import engine_digest, profile_text, revision

BASIC = {"basic": "name: basic\ntitle: Basic"}


def own(**files: str) -> dict[str, str]:
    return BASIC | files


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_every_shipped_profile_loads(name: str):
    assert load(name).name == name


def test_the_profiles_of_the_issue_are_shipped():
    assert set(shipped()) == {"basic", "research", "eucaim", "eucaim-compatible"}


def test_a_profile_inherits_from_its_base_and_replaces_what_it_says_itself():
    available = own(
        a="name: a\nbase: basic\ntitle: A\noptions: [clean-descriptors]\ndates: {whole_weeks: true}\n"
        "attributes: [{path: PatientSex, action: remove, why: w}]",
        b="name: b\nbase: a\ntitle: B\ndates: {time_of_day: hour}\n"
        "attributes: [{path: PatientSize, action: keep, why: w}]",
    )
    profile = load("b", available)
    assert profile.options == {Option.CLEAN_DESCRIPTORS}
    assert (profile.dates.whole_weeks, profile.dates.time_of_day) == (True, "hour")
    assert [rule.path for rule in profile.attributes] == ["PatientSex", "PatientSize"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\ntitle: X\noptions: [clean-everything]", "options"),
        ("name: x\ntitle: X\noptions: [clean-recognizable-visual-features]", "recognizable visual features"),
        ("name: x\ntitle: X\noptions: [retain-longitudinal-full-dates, retain-longitudinal-modified-dates]", "either"),
        ("name: x\ntitle: X\nrules: [{when: {'(0018,xxxx)': {equals: [a]}}, hold: true, why: w}]", "no x"),
        ("name: x\ntitle: X\nattributes: [{path: PatientNam, action: keep, why: w}]", "PatientNam"),
        ("name: x\ntitle: X\nattributes: [{path: PatientName, action: keep}]", "why"),
        ("name: x\ntitle: X\nattributes: [{path: PatientName, action: set, why: w}]", "value"),
        ("name: x\ntitle: X\nrules: [{when: {Modality: {}}, why: w}]", "condition"),
        ("name: x\ntitle: X\nkeep: everything", "keep"),
        ("name: x\ntitle: X\nbase: y", "no profile 'y'"),
        ("name: y\ntitle: X", "must agree"),
        ("- a list", "mapping"),
        ("name: [", "not YAML"),
    ],
)
def test_a_bad_profile_is_refused_and_says_where(text: str, told: str):
    with pytest.raises(BadProfile, match=told):
        load("x", own(x=text))


def test_a_circle_of_bases_is_refused():
    with pytest.raises(BadProfile, match="its own base"):
        load("a", {"a": "name: a\nbase: b\ntitle: A", "b": "name: b\nbase: a\ntitle: B"})


def test_a_sites_own_profile_cannot_take_the_name_of_a_shipped_one(tmp_path):
    (tmp_path / "research.yaml").write_text("name: research\ntitle: Mine")
    with pytest.raises(BadProfile, match="shipped"):
        texts(tmp_path)


def test_paths_match_at_the_end_and_anchored_ones_as_a_whole():
    text_value = parsed("(0040,A730)/(0040,A160)")
    assert text_value.matches((0x0040A730, 0x0040A160))
    assert text_value.matches((0x0040A730, 0x0040A730, 0x0040A160))
    assert not text_value.matches((0x0040A160,))
    assert not parsed("/PatientName").matches((0x00101002, 0x00100010))
    assert parsed("(60xx,3000)").matches((0x60023000,))
    assert shown((0x0040A730, 0x0040A160)) == "(0040,A730)/(0040,A160) TextValue"


def test_the_revision_names_everything_that_decides():
    basic, research = load("basic"), load("research")
    assert revision(basic) == revision(load("basic"))
    assert revision(basic, "key-1") != revision(basic, "key-2")
    assert revision(basic).startswith("basic-")
    assert revision(research).split("-")[1] != revision(basic).split("-")[1]


BESIDE = {
    "a network": ("services.anonymiser.pixels.models.digest", lambda: "0" * 64),
    "no networks": ("services.anonymiser.pixels.models.digest", lambda: import_module("rapidocr.not_there")),
    "zlib": ("zlib.ZLIB_RUNTIME_VERSION", "1.0"),
    "Python": ("platform.python_version", lambda: "4.0.0"),
}


@pytest.mark.parametrize(("name", "other"), BESIDE.values(), ids=BESIDE)
def test_what_decides_beside_our_own_code_is_in_the_revision(name: str, other: object, monkeypatch: pytest.MonkeyPatch):
    ours = engine_digest.__wrapped__()
    monkeypatch.setattr(name, other)
    assert engine_digest.__wrapped__() != ours


def test_the_text_of_a_profile_is_the_same_in_every_process():
    code = "from services.anonymiser.profile.load import load; from services.anonymiser.profile.revision import *; "
    code += "print(profile_text(load('research')))"
    texts_seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }
    assert texts_seen == {profile_text(load("research"))}
