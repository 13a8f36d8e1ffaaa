"""The canary test can only be believed if its search finds what it looks for, in every form, and nothing else."""

import base64
import hashlib
import json
import random
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.support import surfaces
from tests.support.canaries import AGE, FIRST_DAY, KINDS, Canaries
from tests.support.generated import Item
from tests.support.searching import Searcher
from tests.support.topics import Record

CANARIES = Canaries("unit")
TEXT, UID, DAY = CANARIES.text("a name", "main"), CANARIES.uid("a UID"), CANARIES.day("a date")
INTEGER, DECIMAL = CANARIES.number("an integer", decimal=False), CANARIES.number("a decimal", decimal=True)
ORIGINAL = CANARIES.remember("original", Item("1.2", "1.2.3", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" * 99))
SEARCHER = Searcher(CANARIES)

BYTES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda value: value.encode(),
    "lower case": lambda value: value.lower().encode(),
    "capitals": lambda value: value.capitalize().encode(),
    "utf-16-le": lambda value: value.encode("utf-16-le"),
    "utf-16-be": lambda value: value.lower().encode("utf-16-be"),
    "hexadecimal": lambda value: value.encode().hex().encode(),
    "HEXADECIMAL": lambda value: value.lower().encode().hex().upper().encode(),
    "base64, first": lambda value: base64.b64encode(value.encode()),
    "base64, second": lambda value: base64.b64encode(b"x" + value.encode() + b"xx"),
    "base64, third": lambda value: base64.urlsafe_b64encode(b"\xff\xfe" + value.encode() + b"\xff"),
}


def forms(data: bytes, *, fields: bool = False) -> set[tuple[str, str]]:
    return {(hit.where, hit.form) for hit in SEARCHER.search("here", b"\x00 " + data + b"; \xff", fields=fields)}


def places(data: bytes, *, fields: bool = False) -> set[str]:
    return {where for where, _ in forms(data, fields=fields)}


@pytest.mark.parametrize("form", BYTES)
@pytest.mark.parametrize(("value", "where"), [(TEXT, "a name"), (UID, "a UID"), (DAY, "a date")])
def test_a_value_is_found_in_every_form(value: str, where: str, form: str) -> None:
    assert places(BYTES[form](value)) == {where}


def test_percent_encoding() -> None:
    assert places("".join(f"%{byte:02X}" for byte in TEXT.encode()).encode()) == {"a name"}
    assert places(quote(f"Æ {TEXT}&").encode()) == {"a name"}


@pytest.mark.parametrize("pattern", ["{d}.{m}.{y}", "{y}-{m}-{d}", "{d}/{m}/{y}", "{m}/{d}/{y}", "{d}{m}{y}"])
def test_a_date_is_found_however_it_is_written(pattern: str) -> None:
    assert places(pattern.format(y=DAY[:4], m=DAY[4:6], d=DAY[6:]).encode()) == {"a date"}


def test_a_date_is_found_with_a_time_behind_it_but_not_in_longer_numbers() -> None:
    assert places(f"{DAY}111213.141516".encode()) == {"a date"}
    assert places(f"2.25.39{DAY}471104711047110471104711".encode()) == set()


def test_no_moved_date_is_taken_for_another() -> None:
    days = Canaries("many")
    for _ in range(2000):
        days.day("a date")
    searcher = Searcher(days)
    for shift in (365, 366, 1000, 3650, -365, -366, -1000, -3650):
        moved = (FIRST_DAY + timedelta(days=day + shift) for day in range(364))
        assert not searcher.search("here", " ".join(f"{day:%Y%m%d} {day}" for day in moved).encode())


def test_numbers() -> None:
    assert places(f'"Value":[{INTEGER}]'.encode()) == {"an integer"}
    assert places(f"{DECIMAL} ".encode()) == {"a decimal"}
    assert places(f"1{INTEGER}".encode()) == set()


def test_an_age_is_found_by_itself() -> None:
    assert places(f"AS\x04\x00{AGE}\x10\x00".encode()) == {"an age"}
    assert places(f"x{AGE}".encode()) == set()


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
def test_a_digest_of_an_original_is_found(name: str) -> None:
    digest = hashlib.new(name, ORIGINAL.part10()).digest()
    written = (
        digest,
        digest.hex().encode(),
        digest.hex().upper().encode(),
        digest.hex()[:12].encode(),
        base64.b64encode(digest),
        base64.urlsafe_b64encode(digest),
    )
    for form in written:
        assert forms(form) == {("original: file", f"{name} of it")}
    value = hashlib.new(name, TEXT.encode()).hexdigest()
    assert forms(value.encode()) == {("a name", f"{name} of it")}


def test_a_digest_of_a_data_set_is_found_as_the_receiver_makes_it() -> None:
    digest = hashlib.sha256(ORIGINAL.transfer_syntax_uid.encode() + ORIGINAL.data_set).hexdigest()
    assert places(f"site-a/{digest[:2]}/{digest}.dcm".encode()) == {"original: data set and transfer syntax"}
    as_uuid = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    assert places(as_uuid.encode()) == {"original: data set and transfer syntax"}


def test_the_size_of_an_original_is_found_where_numbers_are_fields() -> None:
    size = len(ORIGINAL.part10())
    assert places(f'{{"size":{size},"x":1}}'.encode(), fields=True) == {"original: file"}
    assert places(f"{size}".encode()) == set()
    assert places(f'"a{size}" 0.{size} {size}0 {size}-1'.encode(), fields=True) == set()


def record(key: bytes | None = None, value: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("clean.topic", 0, 0, key, value, headers)


def dead_letter(value: bytes) -> bytes:
    return json.dumps({"stage": "validator", "record_value": base64.b64encode(value).decode()}).encode()


@pytest.mark.parametrize(
    ("leaking", "surface"),
    [
        (record(key=TEXT.encode()), "topic clean.topic, key"),
        (record(value=json.dumps({"name": TEXT}).encode()), "topic clean.topic, value"),
        (record(headers=(("x", TEXT.encode()),)), "topic clean.topic, header"),
        (record(headers=((TEXT, b""),)), "topic clean.topic, header"),
        (record(value=dead_letter(b"born " + DAY.encode())), "topic clean.topic, value (from base64)"),
        (record(value=dead_letter(dead_letter(b"aged " + AGE.encode()))), "topic clean.topic, value (from base64)"),
    ],
)
def test_a_record_is_searched_from_key_to_headers(leaking: Record, surface: str) -> None:
    hits = surfaces.search(SEARCHER, surfaces.of_record(leaking))
    assert surface in {re.sub(r"( \(from base64\))+$", " (from base64)", hit.surface) for hit in hits}


def test_an_original_on_the_wrong_side() -> None:
    """Its bytes and its size, in a dead letter."""
    canaries = Canaries("other")
    item = canaries.instance("mr", "wrong side")
    letter = {"record_value": base64.b64encode(item.data_set[1:]).decode(), "size": len(item.part10())}
    found = surfaces.search(Searcher(canaries), surfaces.of_record(record(value=json.dumps(letter).encode())))
    assert {"base64", "text", "date", "size"} <= {hit.form for hit in found}
    assert len({hit.where for hit in found}) > 1000


def test_every_kind_of_object_is_full_of_canaries_and_every_one_differs() -> None:
    canaries = Canaries("kinds")
    for kind in KINDS:
        before = len(canaries.planted)
        item = canaries.instance(kind, kind)
        planted = canaries.planted[before:]
        assert len(planted) > 1800
        missing = [c for c in planted if c.value.encode() not in item.data_set and c.kind not in ("main", "text")]
        # What identifies the object itself replaces what was planted in its place.
        assert len(missing) == 0
    values = [canary.value for canary in canaries.planted if canary.kind != "date"]
    assert len(set(values)) == len(values)


def test_a_broken_object_ends_within_a_value() -> None:
    canaries = Canaries("broken")
    item = canaries.broken("broken")
    assert item.data_set.endswith(canaries.planted[-1].value.encode())
    assert Searcher(canaries).search("here", item.data_set[-10:])


def test_nothing_is_found_where_there_is_nothing() -> None:
    chance = random.Random(1)
    uids = " ".join(f"2.25.{chance.getrandbits(122)}" for _ in range(20_000)).encode()
    noise = (uids, chance.randbytes(1 << 20), base64.b64encode(chance.randbytes(1 << 18)), secrets.token_hex().encode())
    assert [hit for data in noise for hit in SEARCHER.search("noise", data, fields=True)] == []


def test_a_hit_tells_where_and_never_what() -> None:
    (hit,) = SEARCHER.search("page /", TEXT.encode())
    assert str(hit) == "a name as text in page /"
    assert TEXT not in repr(hit)
