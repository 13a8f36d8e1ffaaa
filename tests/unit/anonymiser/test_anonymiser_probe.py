"""The probe of Table E.1-1, and every other place where a value may hide: under `basic` nothing survives."""

from dataclasses import replace

import pytest

from services.anonymiser import engine as engine_module
from services.anonymiser.engine import Cleaned, Engine, Held
from services.anonymiser.profile.load import load
from services.anonymiser.standard.table import table
from shared.dicom.patients import Patients
from shared.outcome import Reason
from tests.support.probe import (
    SYNTAXES,
    Probe,
    form_of,
    part10,
    rows,
    seen,
)
from tests.unit.anonymiser.building import PSEUDONYMS, SITE, cleaned, engine
from tests.unit.anonymiser.hiding import HIDING, NOT_CLEANED, NOT_CLEANED_IMPLICIT, WORD, gone, identified, picture
from tests.unit.anonymiser.raw import Value, data_set

REPORTS = "name: own\nbase: basic\ntitle: Own\ngate: report\n"
each_syntax = pytest.mark.parametrize("syntax", SYNTAXES)


# --- the table


@each_syntax
def test_of_every_row_at_both_places_nothing_survives(syntax: str):
    probe = Probe()
    file = probe.file(syntax)
    assert len(probe.left(seen(file))) == len(probe.marks), "every mark is really planted"
    assert {mark.row for mark in probe.marks} == {row.name for row in rows()}
    result = cleaned(file, "basic")
    left = probe.left(seen(result.part10))
    assert [mark for mark in left if mark.place == "top"] == []
    assert [mark for mark in left if mark.place == "functional group"] == []
    told = str(result.header)
    assert [mark for mark in probe.marks if mark.value.isascii() and mark.value.decode().strip(" \0") in told] == []


@pytest.mark.parametrize("name", ["longitudinal", "research", "eucaim"])
def test_with_options_only_what_they_keep_survives(name: str):
    probe = Probe()
    result = cleaned(probe.file("explicit"), name)
    profile = engine(name).profile
    columns = {option.column: option for option in profile.options}
    kept = {
        (row.name, row.vr)
        for row in rows()
        # A date that is moved is another one; a time of day is not, and an age below 90 neither.
        if any(row.cells.get(column) == "K" for column in columns)
        or (row.vr == "TM" and row.cells[MODIFIED] == "C" and MODIFIED in columns)
    }
    vrs = {row.name: row.vr for row in rows()}
    left = probe.left(seen(result.part10))
    assert left
    assert [mark for mark in left if (mark.row, vrs[mark.row]) not in kept] == []


MODIFIED = "retain_longitudinal_modified_dates"


def test_the_row_that_is_not_planted_at_the_top_has_the_object_held():
    held = engine("basic").anonymise(Probe(apart=frozenset()).file("explicit"), SITE)
    assert held == Held(Reason.ENCAPSULATED_DOCUMENT)


def test_the_probe_sees_a_row_that_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    patient_sex = "00100040"
    rest = {name: row for name, row in table().rows.items() if name != patient_sex}
    monkeypatch.setattr(engine_module, "table", lambda: replace(table(), rows=rest))
    forgetful = Engine(load("own", {"own": REPORTS, "basic": "name: basic\ntitle: B"}), PSEUDONYMS, Patients.of(SITE))
    probe = Probe()
    result = forgetful.anonymise(probe.file("explicit"), SITE)
    assert isinstance(result, Cleaned)
    left = probe.left(seen(result.part10))
    assert [(mark.row, mark.place) for mark in left] == [
        ("Patient's Sex", "top"),
        ("Patient's Sex", "functional group"),
    ]


def test_the_gate_would_hold_what_a_forgotten_row_leaves(monkeypatch: pytest.MonkeyPatch):
    rest = {name: row for name, row in table().rows.items() if name != "00081048"}  # Physician(s) of Record
    monkeypatch.setattr(engine_module, "table", lambda: replace(table(), rows=rest))
    forgetful = Engine(load("basic"), PSEUDONYMS, Patients.of(SITE))
    name = [Value(0x00081048, "PN", b"Quaddlebacher^Zo"), Value(0x00081090, "LO", b"Quaddlebacher")]
    redact = "services.anonymiser.descriptors.known.Known.redact"
    monkeypatch.setattr(redact, lambda self, text, move=None, **_: (text, 0))
    result = forgetful.anonymise(part10(identified(name), "explicit"), SITE)
    assert isinstance(result, Held)
    assert result.reason is Reason.RESIDUAL_IDENTITY


# --- places that no row names


@each_syntax
@pytest.mark.parametrize("place", HIDING)
def test_nothing_hides_where_no_row_looks(place: str, syntax: str):
    nodes = HIDING[place]
    assert WORD in data_set(nodes, form_of(syntax))
    result = gone(part10(identified(nodes), syntax))
    expected = NOT_CLEANED | (NOT_CLEANED_IMPLICIT if syntax == "implicit" else {})
    if isinstance(result, Cleaned):
        assert place not in expected or syntax == "big"
    else:
        assert result.reason is expected[place]


@each_syntax
def test_file_meta_preamble_and_tail_are_written_anew(syntax: str):
    group2 = (
        Value(0x00020013, "SH", WORD),
        Value(0x00020016, "AE", WORD),
        Value(0x00020017, "AE", WORD),
        Value(0x00020018, "AE", WORD),
        Value(0x00020026, "UR", WORD),
        Value(0x00020031, "OB", WORD),
        Value(0x00020035, "OB", WORD),
        Value(0x00020100, "UI", b"2.77.9.100"),
        Value(0x00020102, "OB", WORD),
    )
    file = part10(identified([]), syntax, preamble=WORD * 16, extra=group2)
    assert isinstance(gone(file), Cleaned)


@each_syntax
@pytest.mark.parametrize("behind", ["pixels", "text"])
def test_what_follows_the_data_set_is_not_let_through(behind: str, syntax: str):
    last = Value(0x7FE00010, "OW", bytes(8)) if behind == "pixels" else Value(0x40080040, "SH", b"1 ")
    nodes = identified([*picture(syntax), last]) if behind == "pixels" else identified([last])
    for tail in (WORD, b"\0" * 64 + WORD * 4, WORD[:7]):
        result = gone(part10(nodes, syntax, tail=tail))
        assert isinstance(result, Cleaned) or result.reason is Reason.UNDECODABLE
