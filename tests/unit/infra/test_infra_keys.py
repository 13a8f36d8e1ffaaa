"""Halves of a ring, and matching: what is behind a pseudonym, for those who hold the key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.keys import files
from infra.keys.matching import Candidate, Match, match, read_candidates, read_pseudonyms, write
from infra.keys.shares import Share, join, split
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Merge, Patients, Person, Rules
from shared.misconfigured import Misconfigured

OLD = KeyRing.new("demo")
RING = OLD.rotated()
PATIENTS = Patients({"site-a": Rules("network", "H1"), "site-b": Rules("network"), "site-c": Rules("site-c")})
BEFORE, NOW = Pseudonyms.of(OLD), Pseudonyms.of(RING)


def code(site: str, patient_id: str, issuer: str = "", pseudonyms: Pseudonyms = NOW) -> str:
    return pseudonyms.code_of(PATIENTS.person(site, issuer, patient_id), "").code


def matches(pseudonym: str, *candidates: Candidate, patients: Patients = PATIENTS) -> list[Match]:
    return list(match(read_pseudonyms([pseudonym]), candidates, RING, patients))


# --- halves


@given(st.text(max_size=300))
def test_two_halves_are_the_whole(text: str):
    one, other = (Share.parse(share.dumps()) for share in split(text, ("A", "B")))
    assert join(one, other) == join(other, one) == text


def test_a_half_alone_says_nothing():
    text = RING.dumps()
    for share in split(text, ("A", "B")):
        for word in (*text.split(), RING.project or "", RING.active.id, RING.active.secret.hex()):
            assert len(word) < 5 or word.strip('",') not in share.dumps()
        assert share.data.hex() not in repr(share)
    # Each byte of either half takes every value, whatever it hides.
    firsts = [[share.data[-1] for share in split("x", ("", ""))] for _ in range(6000)]
    for half in zip(*firsts, strict=True):
        assert len(set(half)) == 256


def test_halves_that_do_not_belong_together_are_refused():
    one, other = split(RING.dumps(), ("A", "B"))
    third, _ = split(RING.dumps(), ("A", "B"))
    for pair in ((one, one), (one, third), (third, other)):
        with pytest.raises(Misconfigured, match="two halves of one"):
            join(*pair)


def test_an_altered_half_is_seen():
    one, other = split(RING.dumps(), ("A", "B"))
    altered = Share(other.pair, 2, "B", bytes([other.data[0] ^ 1]) + other.data[1:])
    with pytest.raises(Misconfigured, match="altered"):
        join(one, altered)


@pytest.mark.parametrize("text", ["", "[]", "{}", RING.dumps(), '{"kind": "isocentre key share", "data": "00"}'])
def test_what_is_no_half_is_refused(text: str):
    with pytest.raises(Misconfigured, match="no share"):
        Share.parse(text)


# --- matching


def test_a_patient_is_found_among_candidates():
    (found,) = matches(code("site-a", "4711"), Candidate("site-a", "", "4712"), Candidate("site-a", "", "4711"))
    assert found == Match(code("site-a", "4711"), RING.active.id, Candidate("site-a", "", "4711"))


def test_domains_and_issuers_of_the_sites_file_apply():
    pseudonym = code("site-a", "4711")
    assert matches(pseudonym, Candidate("site-b", "H1", "4711"))
    assert not matches(pseudonym, Candidate("site-b", "", "4711"))
    assert not matches(pseudonym, Candidate("site-c", "H1", "4711"))


def test_a_retired_key_s_pseudonyms_are_found_and_named():
    (found,) = matches(code("site-a", "4711", pseudonyms=BEFORE), Candidate("site-a", "", "4711"))
    assert found.key == OLD.active.id


def test_uids_are_found():
    assert matches(NOW.uid("1.2.3"), Candidate(uid="1.2.4"), Candidate(uid="1.2.3")) == [
        Match(NOW.uid("1.2.3"), RING.active.id, Candidate(uid="1.2.3"))
    ]


def test_a_patient_without_an_id_is_found_by_the_study():
    pseudonym = NOW.code_of(PATIENTS.person("site-a", "", ""), "1.2.3").code
    assert matches(pseudonym, Candidate(site="site-a", uid="1.2.3"))
    assert not matches(pseudonym, Candidate(uid="1.2.3"))


def test_a_merged_patient_is_found_by_the_old_id_and_by_the_code_from_before():
    merge = Merge(Person("network", "H1", "old"), Person("network", "H1", "new"), "alias 1")
    merged = Patients({"site-a": Rules("network", "H1")}, [merge])
    assert matches(code("site-a", "new"), Candidate("site-a", "", "old"), patients=merged)
    assert matches(code("site-a", "old"), Candidate("site-a", "", "old"), patients=merged)


def test_any_prefix_of_a_profile_matches():
    pseudonym = Pseudonyms.of(RING, prefix="EUCAIM").code_of(PATIENTS.person("site-a", "", "4711"), "").code
    assert pseudonym.startswith("EUCAIM-")
    assert matches(pseudonym, Candidate("site-a", "", "4711"))


def test_candidates_are_read_from_csv_in_any_order_of_columns():
    text = '\ufeffpatient_id,site,issuer\n"47,11",site-a,H1\n 0042 ,site-b,\n'
    assert read_candidates(text) == (Candidate("site-a", "H1", "47,11"), Candidate("site-b", "", "0042"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "head line"),
        ("site-a,SECRET\n", "head line"),
        ("site,issuer\nsite-a,H\n", "head line"),
        ("site,patient_id,name\nsite-a,SECRET,SECRET\n", "head line"),
        ("site,patient_id\nsite-a,SECRET,SECRET\n", "line 2 .* more fields"),
        ("site,patient_id\nsite-a,SECRET\nsite-a,\n", "line 3 .* neither"),
        ("site,patient_id\n,SECRET\n", "line 2 .* without a site"),
        ('site,patient_id\nsite-a,"SECRET\n', "no CSV"),
    ],
)
def test_candidates_that_cannot_be_read_are_not_quoted(text: str, says: str):
    with pytest.raises(Misconfigured, match=says) as refused:
        read_candidates(text)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("line", ["4711", "1.2.3", "IC-SHORT", "2.25."])
def test_what_is_no_pseudonym_is_refused(line: str):
    with pytest.raises(Misconfigured, match="pseudonym 2 is neither"):
        read_pseudonyms([NOW.uid("1.2.3"), line])


def test_matches_are_written_as_csv():
    assert write([Match("IC-X", "00112233", Candidate("site-a", "", "47,11"))]) == (
        'pseudonym,key,site,issuer,patient_id,uid\nIC-X,00112233,site-a,,"47,11",\n'
    )


# --- files


def test_a_file_that_cannot_be_changed_stays_as_it_was(tmp_path: Path):
    file = tmp_path / "key"
    files.write_new(file, "before")

    def fail(text: str) -> str:
        raise Misconfigured("no")

    with pytest.raises(Misconfigured, match="no"):
        files.change(file, fail)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert file.read_text() == "before"


def test_two_changes_at_a_time_are_refused(tmp_path: Path):
    file = tmp_path / "key"
    files.write_new(file, "before")

    def another(text: str) -> str:
        with pytest.raises(Misconfigured, match="being changed"):
            files.change(file, lambda _: "other")
        return "after"

    files.change(file, another)
    assert file.read_text() == "after"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
