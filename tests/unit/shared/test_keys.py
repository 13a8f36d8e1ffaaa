"""Key rings: one active key, epochs in order, nothing shown, nothing altered unseen."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import Key, KeyRing, key_id
from shared.misconfigured import Misconfigured
from shared.settings import ProjectKeySettings

OLD = bytes(range(32)).hex()
THEN, NOW = datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)


def ring() -> KeyRing:
    return KeyRing.new("demo", THEN)


def altered(**changes: Any) -> str:
    return json.dumps(json.loads(ring().dumps()) | changes)


def key(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(ring().dumps())["keys"][0]
    return made | changes


def test_a_ring_survives_its_file():
    rotated = ring().rotated(NOW)
    assert KeyRing.parse(rotated.dumps()) == rotated


def test_a_file_of_64_digits_is_a_ring_of_one_key():
    old = KeyRing.parse(f"{OLD}\n")
    assert (len(old.keys), old.project, old.group("anonymiser")) == (1, None, "anonymiser")
    before, now = Pseudonyms(bytes.fromhex(OLD)), Pseudonyms.of(old)
    assert now.uid("1.2.3") == before.uid("1.2.3")
    assert now.arrival("s1", "00") == before.arrival("s1", "00")


def test_ids_are_fixed_public_and_follow_from_the_key():
    assert key_id(bytes.fromhex(OLD)) == KeyRing.parse(OLD).active.id == Pseudonyms(bytes.fromhex(OLD)).key_id
    assert key_id(bytes.fromhex(OLD)) == "856ab66f"
    assert ring().active.id != ring().active.id


def test_a_rotation_retires_the_key_and_starts_an_epoch():
    before = ring()
    after = before.rotated(NOW)
    assert [one.epoch for one in after.keys] == [1, 2]
    assert [one.retired for one in after.keys] == [NOW, None]
    assert after.keys[0].secret == before.active.secret != after.active.secret
    assert after.active.created == NOW


def test_a_rotation_changes_every_pseudonym_and_none_of_our_own_ids():
    before, after = Pseudonyms.of(old := ring()), Pseudonyms.of(old.rotated(NOW))
    code, other = before.patient_code("s1", "", "4711", ""), after.patient_code("s1", "", "4711", "")
    assert before.uid("1.2.3") != after.uid("1.2.3")
    assert code != other
    assert before.shift(code) != after.shift(other)
    assert before.key_id != after.key_id
    for own in (
        lambda ids: ids.arrival("s1", "00"),
        lambda ids: ids.partition_key("1.2.3"),
        lambda ids: ids.event_id("held", "a"),
    ):
        assert own(before) == own(after), "a repeat would be taken for something new"


def test_each_epoch_has_a_group_of_its_own_and_the_first_keeps_the_stage_s():
    first = ring()
    second = first.rotated(NOW)
    groups = [first.group("anonymiser"), second.group("anonymiser"), second.rotated(NOW).group("anonymiser")]
    assert groups[0] == "anonymiser"
    assert len(set(groups)) == 3
    assert groups[1] == f"anonymiser-{second.active.id}"


def test_an_old_key_may_be_taken_out_and_the_epoch_stays():
    rotated = ring().rotated(NOW)
    assert KeyRing(rotated.keys[1:], rotated.node).group("anonymiser") == rotated.group("anonymiser")


def test_a_ring_serves_its_project_only():
    ring().serve("demo")
    KeyRing.parse(OLD).serve("anything")
    with pytest.raises(Misconfigured, match="belongs to project demo"):
        ring().serve("other")


def test_two_active_keys_are_refused():
    """Two at a time would give one patient two codes, depending on the worker."""
    one, two = ring().active, ring().active
    with pytest.raises(Misconfigured, match="exactly one key"):
        KeyRing((one, Key(two.secret, 2)), ring().node)


def test_no_active_key_is_refused():
    with pytest.raises(Misconfigured, match="exactly one key"):
        KeyRing((Key(ring().node, 1, THEN, NOW),), ring().node)


def test_the_same_key_again_is_refused():
    one = ring().active
    with pytest.raises(Misconfigured, match="twice"):
        KeyRing((Key(one.secret, 1, THEN, NOW), Key(one.secret, 2, NOW)), ring().node)


@pytest.mark.parametrize("secret", [bytes(32), b"\xde\xad\xbe\xef" * 8, b"short but not the same"])
def test_secrets_that_somebody_made_up_are_refused(secret: bytes):
    with pytest.raises(Misconfigured, match="random"):
        KeyRing((Key(secret),), ring().node)
    with pytest.raises(Misconfigured, match="random"):
        KeyRing(ring().keys, secret)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "64 hexadecimal digits"),
        (OLD[:-1], "64 hexadecimal digits"),
        ("[]", "no JSON object"),
        ("{}", "no list of keys"),
        (altered(keys=[]), "at least one key"),
        (altered(keys=[key(epoch=1), key(epoch=3)]), "follow each other"),
        (altered(keys=[key(id="00000000")]), "altered"),
        (altered(keys=[key(secret="zz" * 32)]), "hexadecimal"),
        (altered(keys=[key(created="yesterday")]), "no time"),
        (altered(keys=[key(created="2026-11-24T10:00:00")]), "time zone"),
        (altered(keys=[key(epoch="1")]), "no epoch"),
        (altered(keys=[key(secrte=1)]), "fields beyond"),
        (altered(keys=["x"]), "no JSON object"),
        (altered(node=None), "node is not"),
        (altered(project="Not A Name"), "no name"),
        (altered(match_requires=3), "one person or two"),
        (altered(match_requires=True), "no number"),
    ],
)
def test_a_file_that_is_no_ring_is_refused_and_not_quoted(text: str, says: str):
    with pytest.raises(Misconfigured, match=says) as refused:
        KeyRing.parse(text)
    assert refused.value.__cause__ is None
    secrets = [part for part in text.split('"') if len(part) >= 32]
    assert not [secret for secret in secrets if secret in str(refused.value)]


def test_a_mistyped_digit_is_seen():
    text = ring().dumps()
    secret = json.loads(text)["keys"][0]["secret"]
    with pytest.raises(Misconfigured, match="altered"):
        KeyRing.parse(text.replace(secret, secret[:-1] + ("0" if secret[-1] != "0" else "1")))


def test_secrets_are_not_shown():
    made = ring()
    shown = repr(made) + str(made) + repr(made.active)
    for secret in (made.active.secret, made.node):
        assert secret.hex() not in shown
        assert repr(secret) not in shown


# --- where services find it


def settings(**told: Any) -> ProjectKeySettings:
    return ProjectKeySettings(**told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "project-key"
    path.write_text(ring().dumps())
    path.chmod(0o600)
    return path


def test_a_ring_comes_from_a_file_or_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch):
    from_file = settings(project_key_file=file).key_ring()
    monkeypatch.setenv("ISOCENTRE_PROJECT_KEY", file.read_text())
    told = settings()
    assert told.key_ring() == from_file
    assert from_file.active.secret.hex() not in repr(told) + told.model_dump_json()


def test_none_or_two_places_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ISOCENTRE_PROJECT_KEY", raising=False)
    monkeypatch.delenv("ISOCENTRE_PROJECT_KEY_FILE", raising=False)
    for told in (settings(), settings(project_key_file=file, project_key_text=OLD)):
        with pytest.raises(Misconfigured, match="either ISOCENTRE_PROJECT_KEY_FILE or"):
            told.key_ring()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(file: Path, mode: int):
    file.chmod(mode)
    with pytest.raises(Misconfigured, match=f"open to others .*{mode:o}.*chmod 600"):
        settings(project_key_file=file).key_ring()
    assert settings(project_key_file=file, accept_open_files=True).key_ring().project == "demo"


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path, file: Path):
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        settings(project_key_file=tmp_path / "none").key_ring()
    with pytest.raises(Misconfigured, match="cannot be read: Is a directory"):
        settings(project_key_file=tmp_path).key_ring()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="UTF-8"):
        settings(project_key_file=file).key_ring()
